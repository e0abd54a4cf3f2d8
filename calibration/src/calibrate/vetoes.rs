//! Lists of pictures that are not to be used.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::dataset::limits;

/// Names of pictures that are not to be used, with where each was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vetoes {
    pub(super) list: PathBuf,
    pub(super) names: Vec<(usize, PathBuf)>,
}

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// It cannot be read.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// No file: what a device or a pipe gives need not end.
    #[error("expected a file, found {0}")]
    Kind(&'static str),
    /// Larger than any honest one.
    #[error("expected at most {} bytes", limits::VETO_BYTES)]
    TooLarge,
    /// Not a text.
    #[error("expected UTF-8")]
    Encoding,
}

impl Vetoes {
    /// Reads a list, of the form that [`Self::parse`] says.
    ///
    /// # Errors
    /// [`ListError`]
    pub fn read(list: &Path) -> Result<Self, ListError> {
        let metadata = list.metadata()?;
        if metadata.is_dir() {
            return Err(ListError::Kind("a folder"));
        }
        if !metadata.is_file() {
            return Err(ListError::Kind("a device or a pipe"));
        }
        let mut bytes = Vec::new();
        // It may grow while it is read.
        File::open(list)?.take(limits::VETO_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limits::VETO_BYTES {
            return Err(ListError::TooLarge);
        }
        let text = String::from_utf8(bytes).map_err(|_| ListError::Encoding)?;
        Ok(Self::parse(list, &text))
    }

    /// One name in a line: the end of a path, from a folder's or the file's name on. Empty lines and those that begin with # say nothing.
    pub fn parse(list: &Path, text: &str) -> Self {
        let lines = text.lines().map(str::trim).enumerate();
        let named = lines.filter(|(_, name)| !name.is_empty() && !name.starts_with('#'));
        Self { list: list.to_owned(), names: named.map(|(at, name)| (at + 1, PathBuf::from(name))).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_a_file_of_names() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("veto.txt");
        std::fs::write(&list, "# blurred\n\n good/a.png \n").unwrap();
        assert_eq!(Vetoes::read(&list).unwrap().names, [(3, PathBuf::from("good/a.png"))]);
    }

    #[test]
    fn what_need_not_end_or_is_no_text_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("veto.txt");
        let said = |path: &Path| Vetoes::read(path).unwrap_err().to_string();
        assert_eq!(said(Path::new("/dev/zero")), "expected a file, found a device or a pipe");
        assert_eq!(said(folder.path()), "expected a file, found a folder");
        File::create(&list).unwrap().set_len(limits::VETO_BYTES + 1).unwrap();
        assert_eq!(said(&list), "expected at most 16777216 bytes");
        std::fs::write(&list, b"a\xff.png").unwrap();
        assert_eq!(said(&list), "expected UTF-8");
    }
}
