//! The folder below which `/proc`, `/sys`, `/etc` and the like are read: `/`, or a tree that was recorded on another machine.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use rustix::fs::OFlags;

use super::limits;

/// Where a machine's files are. Reading is forgiving: what is missing, damaged, too large or no file is not there.
#[derive(Debug, Clone)]
pub struct Root(PathBuf);

/// Why a folder is no recorded machine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootError {
    /// It cannot be opened.
    #[error("{}: {source}", .path.display())]
    Read {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It has none of the folders that a machine has.
    #[error("{}: expected a recorded machine, with proc, sys or etc in it; found none of them", .path.display())]
    NoMachine {
        /// The folder.
        path: PathBuf,
    },
}

impl Root {
    /// The machine that this program runs on.
    pub fn of_this_machine() -> Self {
        Self(PathBuf::from("/"))
    }

    /// A recorded tree.
    ///
    /// # Errors
    /// [`RootError`]
    pub fn recorded(folder: &Path) -> Result<Self, RootError> {
        let path = folder.to_owned();
        match folder.canonicalize() {
            Err(source) => Err(RootError::Read { path, source }),
            Ok(root) if ["proc", "sys", "etc"].iter().any(|part| root.join(part).is_dir()) => Ok(Self(root)),
            Ok(_) => Err(RootError::NoMachine { path }),
        }
    }

    /// A file's text; bytes that are no UTF-8 are replaced. `path` is relative: `proc/cpuinfo`.
    pub fn text(&self, path: impl AsRef<Path>) -> Option<String> {
        self.text_up_to(path, limits::TEXT)
    }

    /// A file's text, of at most so many bytes.
    pub fn text_up_to(&self, path: impl AsRef<Path>, limit: u64) -> Option<String> {
        Some(String::from_utf8_lossy(&self.bytes(path, limit)?).into_owned())
    }

    /// A file's bytes, at most so many.
    pub fn bytes(&self, path: impl AsRef<Path>, limit: u64) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file(path.as_ref())?.take(limit).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    /// A file's first line that has something in it, without white space and zeros around it, cut after [`limits::LINE`]
    /// characters.
    pub fn line(&self, path: impl AsRef<Path>) -> Option<String> {
        let text = self.text(path)?;
        let mut lines = text.lines().map(|line| line.trim_matches(|end: char| end.is_whitespace() || end == '\0'));
        lines.find(|line| !line.is_empty()).map(cut)
    }

    /// A file that holds a number alone.
    pub fn number<T: FromStr>(&self, path: impl AsRef<Path>) -> Option<T> {
        self.line(path)?.parse().ok()
    }

    /// Whether something is there.
    pub fn has(&self, path: impl AsRef<Path>) -> bool {
        self.inside(path.as_ref()).is_some()
    }

    /// A folder's entries that begin like that, `policy2` before `policy10`. Names that are no UTF-8 are left out.
    pub fn names(&self, folder: impl AsRef<Path>, prefix: &str) -> Vec<String> {
        let Some(entries) = self.inside(folder.as_ref()).and_then(|folder| folder.read_dir().ok()) else {
            return Vec::new();
        };
        let names = entries.take(limits::ENTRIES).flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<_> = names.filter(|name| name.starts_with(prefix)).collect();
        names.sort_by_cached_key(|name| {
            let stem = name.trim_end_matches(|character: char| character.is_ascii_digit());
            (stem.to_owned(), name[stem.len()..].parse::<u64>().unwrap_or_default(), name.clone())
        });
        names.truncate(limits::PARTS);
        names
    }

    /// A regular file, opened so that a pipe in its place does not hold us.
    fn file(&self, path: &Path) -> Option<File> {
        let path = self.inside(path)?;
        let flags = i32::try_from(OFlags::NONBLOCK.bits()).ok()?;
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
        file.metadata().ok()?.is_file().then_some(file)
    }

    /// Where a path leads, links followed, if that is inside of this root. A path never climbs: the machine's own text is part
    /// of some.
    fn inside(&self, path: &Path) -> Option<PathBuf> {
        if path.components().any(|part| !matches!(part, Component::Normal(_))) {
            return None;
        }
        let end = self.0.join(path).canonicalize().ok()?;
        end.starts_with(&self.0).then_some(end)
    }
}

/// At most [`limits::LINE`] characters of a text.
pub fn cut(text: &str) -> String {
    let end = text.char_indices().nth(limits::LINE).map_or(text.len(), |(end, _)| end);
    let mark = if end < text.len() { "…" } else { "" };
    format!("{}{mark}", &text[..end])
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn tree(write: impl Fn(&Path)) -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("proc")).unwrap();
        write(&folder.path().join("proc"));
        let root = Root::recorded(folder.path()).unwrap();
        (folder, root)
    }

    #[test]
    fn a_line_has_neither_zeros_nor_space_around_it_and_an_end() {
        let (_folder, root) = tree(|proc| {
            std::fs::write(proc.join("model"), "Raspberry Pi 5\0").unwrap();
            std::fs::write(proc.join("late"), "\n \n 12 \n13\n").unwrap();
            std::fs::write(proc.join("long"), "ü".repeat(300)).unwrap();
            std::fs::write(proc.join("empty"), "\0\0").unwrap();
        });
        assert_eq!(root.line("proc/model").unwrap(), "Raspberry Pi 5");
        assert_eq!(root.number::<u64>("proc/late"), Some(12));
        assert_eq!(root.line("proc/long").unwrap(), format!("{}…", "ü".repeat(200)));
        assert_eq!((root.line("proc/empty"), root.line("proc/none"), root.line("proc")), (None, None, None));
    }

    #[test]
    fn names_are_in_the_order_of_their_numbers() {
        let (_folder, root) = tree(|proc| {
            for name in ["policy10", "policy2", "policy", "other1"] {
                std::fs::create_dir(proc.join(name)).unwrap();
            }
        });
        assert_eq!(root.names("proc", "policy"), ["policy", "policy2", "policy10"]);
        assert_eq!(root.names("proc/none", ""), [""; 0]);
    }

    #[test]
    fn nothing_outside_of_the_root_is_read() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), "secret").unwrap();
        let (_folder, root) = tree(|proc| {
            symlink(outside.path().join("secret"), proc.join("link")).unwrap();
            symlink("loop", proc.join("loop")).unwrap();
            symlink("../proc/inner", proc.join("good")).unwrap();
            std::fs::write(proc.join("inner"), "inner").unwrap();
        });
        assert_eq!((root.line("proc/link"), root.line("proc/loop")), (None, None));
        assert_eq!(root.line("proc/good").unwrap(), "inner");
        assert_eq!((root.line("proc/../proc/inner"), root.line("/proc/inner")), (None, None));
        assert!(!root.has("..") && !root.has("proc/link") && root.has("proc/good"));
    }

    #[test]
    fn a_folder_without_a_machine_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Root::recorded(folder.path()), Err(RootError::NoMachine { .. })));
        assert!(matches!(Root::recorded(&folder.path().join("none")), Err(RootError::Read { .. })));
    }
}
