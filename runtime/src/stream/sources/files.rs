//! Pictures in files: one, a folder with everything below it, or a pattern.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use walkdir::WalkDir;

use super::{Mode, Next, Opener, Order, Source, SourceError};
use crate::stream::frame::{Arrival, Content};
use crate::stream::uri::UriError;

/// Endings of picture files. In folders only these are read; a file that is named itself may have any name.
pub const EXTENSIONS: [&str; 8] = ["png", "jpg", "jpeg", "bmp", "tif", "tiff", "webp", "jfif"];

/// The pictures of one source, in a stable order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileList {
    /// Sorted by path.
    pub files: Vec<PictureFile>,
}

/// One picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureFile {
    /// To open it.
    pub path: PathBuf,
    /// Relative path for what is written about it (a heatmap), without an ending; no two pictures of a list share one, and
    /// none leaves the folder that it is joined to.
    pub output: PathBuf,
}

/// Why a source has no pictures.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// The path cannot be read.
    #[error("{}: {source}", .path.display())]
    Read {
        /// As given.
        path: PathBuf,
        /// By the file system.
        source: io::Error,
    },
    /// There is none.
    #[error("{place}: expected pictures ({}), found none", EXTENSIONS.join(", "))]
    Empty {
        /// Folder or pattern.
        place: String,
    },
    /// Neither a file nor a folder.
    #[error("{}: expected a file or a folder, found a device or a pipe", .path.display())]
    Kind {
        /// As given.
        path: PathBuf,
    },
    /// The pattern cannot be read.
    #[error(transparent)]
    Uri(#[from] UriError),
}

impl FileList {
    /// Lists the pictures of a file or a folder.
    ///
    /// # Errors
    /// [`ListError`]; a folder that cannot be read is an error, not an empty folder.
    pub fn of_path(path: &Path) -> Result<Self, ListError> {
        let metadata = std::fs::metadata(path).map_err(|source| ListError::Read { path: path.to_owned(), source })?;
        let pairs = if metadata.is_dir() {
            folder(path)?
        } else if metadata.is_file() {
            vec![(path.to_owned(), path.file_name().map_or_else(PathBuf::new, PathBuf::from))]
        } else {
            return Err(ListError::Kind { path: path.to_owned() });
        };
        Self::of_pairs(pairs, || path.display().to_string())
    }

    /// Lists the pictures that a pattern finds.
    ///
    /// # Errors
    /// [`ListError`]
    pub fn of_pattern(pattern: &str) -> Result<Self, ListError> {
        Self::of_pairs(matches(pattern)?, || pattern.to_owned())
    }

    fn of_pairs(pairs: Vec<(PathBuf, PathBuf)>, place: impl FnOnce() -> String) -> Result<Self, ListError> {
        if pairs.is_empty() {
            Err(ListError::Empty { place: place() })
        } else {
            Ok(Self { files: with_outputs(pairs) })
        }
    }
}

impl Opener for FileList {
    fn open(&self) -> Result<Box<dyn Source>, SourceError> {
        Ok(Box::new(Files { files: self.files.clone(), next: 0, mode: Mode::default() }))
    }
}

/// A list that is being read.
#[derive(Debug)]
struct Files {
    files: Vec<PictureFile>,
    next: usize,
    mode: Mode,
}

impl Source for Files {
    fn mode(&self) -> &Mode {
        &self.mode
    }

    fn next(&mut self, _patience: Duration, _order: Order) -> Result<Next<'_>, SourceError> {
        let Some(file) = self.files.get(self.next) else { return Ok(Next::End) };
        self.next += 1;
        let content = Content::File(file);
        Ok(Next::Frame(Arrival { content, sequence: None, captured: None, passed_over: 0, truth: None }))
    }
}

/// Without the path, which stands in front of it.
fn cause(error: walkdir::Error) -> io::Error {
    error.into_io_error().unwrap_or_else(|| io::Error::other("a link that leads back to a folder around it"))
}

/// Paths, and the same relative to the folder.
fn folder(root: &Path) -> Result<Vec<(PathBuf, PathBuf)>, ListError> {
    let mut pairs = Vec::new();
    for entry in WalkDir::new(root).follow_links(true).sort_by_file_name() {
        let path = match entry {
            Ok(entry) if entry.file_type().is_file() => entry.into_path(),
            Ok(_) => continue,
            // One picture that cannot be read, as others are.
            Err(error) if error.path().is_some_and(leads_nowhere) => error.path().unwrap_or(root).to_owned(),
            Err(error) => {
                return Err(ListError::Read { path: error.path().unwrap_or(root).to_owned(), source: cause(error) });
            }
        };
        if is_picture(&path) {
            let relative = path.strip_prefix(root).unwrap_or(&path).to_owned();
            pairs.push((path, relative));
        }
    }
    Ok(pairs)
}

fn matches(pattern: &str) -> Result<Vec<(PathBuf, PathBuf)>, ListError> {
    let refused = |problem: String| UriError::Pattern { pattern: pattern.to_owned(), problem };
    let found = glob::glob(pattern).map_err(|error| refused(error.to_string()))?;
    let mut pairs = Vec::new();
    // The folders in front of the first wildcard are the same for all.
    let fixed = &pattern[..pattern.find(['*', '?', '[']).unwrap_or(0)];
    let root = fixed.rfind('/').map_or("", |slash| &fixed[..=slash]);
    for path in found {
        let path = path.map_err(|error| ListError::Read { path: error.path().to_owned(), source: error.into() })?;
        if path.is_file() || leads_nowhere(&path) {
            let relative = path.strip_prefix(root).unwrap_or(&path).to_owned();
            pairs.push((path, relative));
        }
    }
    pairs.sort();
    Ok(pairs)
}

/// A link to what is not there.
fn leads_nowhere(path: &Path) -> bool {
    let target = || std::fs::metadata(path).map_err(|error| error.kind());
    path.is_symlink() && target().is_err_and(|kind| kind == io::ErrorKind::NotFound)
}

/// Whether a file in a folder is read: by its name's ending, whatever its case.
pub fn is_picture(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension))
}

/// `a/bolt.png` writes to `a/bolt`, unless there is an `a/bolt.jpg` as well: then both keep their endings, and so does an
/// `a/bolt.png.jpg`. What is the same all the same has numbers behind it.
fn with_outputs(pairs: Vec<(PathBuf, PathBuf)>) -> Vec<PictureFile> {
    let plain = |relative: &Path| {
        // Only what cannot leave a folder: a pattern may have found `../x.png`.
        relative.components().filter(|part| matches!(part, std::path::Component::Normal(_))).collect::<PathBuf>()
    };
    let wholes: Vec<PathBuf> = pairs.iter().map(|(_, relative)| plain(relative)).collect();
    let mut outputs: Vec<PathBuf> = wholes.iter().map(|whole| whole.with_extension("")).collect();
    loop {
        let mut counts: HashMap<&Path, usize> = HashMap::new();
        outputs.iter().for_each(|output| *counts.entry(output).or_default() += 1);
        let is_shared = |&index: &usize| counts[&*outputs[index]] > 1 && outputs[index] != wholes[index];
        let shared: Vec<usize> = (0..outputs.len()).filter(is_shared).collect();
        if shared.is_empty() {
            break;
        }
        shared.into_iter().for_each(|index| outputs[index].clone_from(&wholes[index]));
    }
    let mut taken: HashSet<PathBuf> = outputs.iter().cloned().collect();
    let mut seen = HashSet::new();
    let numbered = |output: PathBuf| {
        if seen.insert(output.clone()) {
            return output;
        }
        let name = output.file_name().map(ToOwned::to_owned).unwrap_or_default();
        let mut others = (2_u64..).map(|number| {
            let mut name = name.clone();
            name.push(format!(".{number}"));
            output.with_file_name(name)
        });
        others.find(|other| taken.insert(other.clone())).unwrap_or(output)
    };
    let outputs: Vec<PathBuf> = outputs.into_iter().map(numbered).collect();
    pairs.into_iter().zip(outputs).map(|((path, _), output)| PictureFile { path, output }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"").unwrap();
        }
        root
    }

    fn listed(place: &str) -> Result<FileList, ListError> {
        if place.contains('*') { FileList::of_pattern(place) } else { FileList::of_path(Path::new(place)) }
    }

    fn list(uri: &str) -> Vec<(String, String)> {
        let list = listed(uri).unwrap();
        let shown = |path: &Path| path.display().to_string();
        list.files.iter().map(|file| (shown(file.path.file_name().unwrap().as_ref()), shown(&file.output))).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|&(a, b)| (a.to_owned(), b.to_owned())).collect()
    }

    #[test]
    fn a_folder_lists_pictures_below_it_in_order() {
        let root = tree(&["b.PNG", "a.jpg", "notes.txt", "deep/er/c.webp"]);
        let uri = root.path().display().to_string();
        assert_eq!(list(&uri), pairs(&[("a.jpg", "a"), ("b.PNG", "b"), ("c.webp", "deep/er/c")]));
    }

    #[test]
    fn pictures_that_differ_by_their_ending_keep_it_in_outputs() {
        let root = tree(&["a.jpg", "a.png", "b.png"]);
        let uri = format!("{}/*", root.path().display());
        assert_eq!(list(&uri), pairs(&[("a.jpg", "a.jpg"), ("a.png", "a.png"), ("b.png", "b")]));
    }

    #[test]
    fn no_two_pictures_share_an_output() {
        let root = tree(&["a.jpg", "a.png", "a.png.jpg", "b.jpg.png", "b.jpg", "in/x.png", "x.png"]);
        let uri = root.path().display().to_string();
        let expected = [
            ("a.jpg", "a.jpg"),
            ("a.png", "a.png"),
            ("a.png.jpg", "a.png.jpg"),
            ("b.jpg", "b"),
            ("b.jpg.png", "b.jpg"),
            ("x.png", "in/x"),
            ("x.png", "x"),
        ];
        assert_eq!(list(&uri), pairs(&expected));
        // Above the folder of the pattern there is none to be written to.
        let uri = format!("{uri}/i*/../*/../x.png");
        assert_eq!(list(&uri), pairs(&[("x.png", "in/in/x")]));
        let uri = format!("{}/*n/../[i.]*/x.png", root.path().display());
        let outputs: Vec<_> = list(&uri).into_iter().map(|(_, output)| output).collect();
        assert_eq!(outputs.len(), outputs.iter().collect::<HashSet<_>>().len(), "{outputs:?}");
    }

    #[test]
    fn a_named_file_may_have_any_ending() {
        let root = tree(&["picture.raw"]);
        assert_eq!(list(&root.path().join("picture.raw").display().to_string()), pairs(&[("picture.raw", "picture")]));
    }

    #[test]
    fn nothing_to_read_is_an_error() {
        let root = tree(&["notes.txt"]);
        for uri in [root.path().display().to_string(), format!("{}/*.png", root.path().display())] {
            let error = listed(&uri).unwrap_err();
            assert!(matches!(error, ListError::Empty { .. }), "{error}");
        }
        let error = listed("no/such/file.png").unwrap_err();
        assert!(matches!(error, ListError::Read { .. }), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_nothing_is_a_picture_that_cannot_be_read() {
        let root = tree(&["a.png", "c.png"]);
        for name in ["b.png", "notes.txt"] {
            std::os::unix::fs::symlink("nowhere", root.path().join(name)).unwrap();
        }
        let expected = pairs(&[("a.png", "a"), ("b.png", "b"), ("c.png", "c")]);
        assert_eq!(list(&root.path().display().to_string()), expected);
        assert_eq!(list(&format!("{}/*.png", root.path().display())), expected);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_contains_itself_is_an_error_and_no_endless_walk() {
        let root = tree(&["a.png"]);
        std::os::unix::fs::symlink(root.path(), root.path().join("again")).unwrap();
        assert!(matches!(FileList::of_path(root.path()), Err(ListError::Read { .. })));
    }
}
