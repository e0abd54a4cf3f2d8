//! The files of the repository as the checks see them: paths from the root, and texts.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a check objects to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    message: String,
}

impl Finding {
    /// About one line of a file, counted from 1.
    pub(crate) fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// The repository, or a sample of one. A file that is not UTF-8 (a picture, weights) has a path and no text.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, Option<String>>,
}

impl Tree {
    /// The repository that this test was built from: what git knows, and new files that it does not ignore.
    pub(crate) fn of_repository() -> Self {
        let root = root();
        let paths = git_files(&root).unwrap_or_else(|| walked_files(&root));
        assert!(paths.iter().any(|path| path == "Cargo.toml"), "no Cargo.toml among the files of {}", root.display());
        let files = paths.into_iter().filter_map(|path| {
            let bytes = fs::read(root.join(&path)).ok()?;
            Some((path, String::from_utf8(bytes).ok()))
        });
        Self { files: files.collect() }
    }

    /// A sample: path and text of each file.
    pub(crate) fn sample(files: &[(&str, &str)]) -> Self {
        Self { files: files.iter().map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned()))).collect() }
    }

    /// All paths, sorted.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Paths and texts of all files that have a text.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)))
    }

    /// Paths and texts of the files with this extension.
    pub(crate) fn with_extension(&self, extension: &str) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(move |(path, _)| Path::new(path).extension().is_some_and(|found| found == extension))
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.as_deref()
    }

    /// Whether a file or a folder stands at `path`; a slash at the end is allowed.
    pub(crate) fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let folder = format!("{path}/");
        path.is_empty() || self.files.contains_key(path) || self.paths().any(|file| file.starts_with(&folder))
    }
}

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in a folder of the repository").to_owned()
}

fn git_files(root: &Path) -> Option<Vec<String>> {
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(arguments).current_dir(root).output().ok()?;
    let listed = String::from_utf8(output.stdout).ok()?;
    let paths: Vec<_> = listed.split_terminator('\0').map(str::to_owned).collect();
    (output.status.success() && !paths.is_empty()).then_some(paths)
}

/// For an unpacked archive, where git knows nothing.
fn walked_files(root: &Path) -> Vec<String> {
    const NOT_OURS: [&str; 5] = [".git", ".venv", "target", "__pycache__", "output"];
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.map(|entry| entry.expect("a folder's entry can be read").path()) {
            if path.is_dir() {
                let is_ours = !NOT_OURS.iter().any(|name| path.ends_with(name));
                folders.extend(is_ours.then_some(path));
            } else if let Some(inside) = path.strip_prefix(root).ok().and_then(Path::to_str) {
                files.push(inside.to_owned());
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_finds_what_git_lists_of_the_sources() {
        let Some(listed) = git_files(&root()) else { return };
        let walked = walked_files(&root());
        for path in listed.iter().filter(|path| path.ends_with(".rs") && root().join(path).exists()) {
            assert!(walked.contains(path), "{path}");
        }
    }

    #[test]
    fn folders_are_known_by_their_files() {
        let tree = Tree::sample(&[("runtime/src/lib.rs", "")]);
        for path in ["runtime", "runtime/", "runtime/src", "runtime/src/lib.rs"] {
            assert!(tree.has(path), "{path}");
        }
        for path in ["run", "runtime/source", "lib.rs"] {
            assert!(!tree.has(path), "{path}");
        }
    }

    #[test]
    fn a_finding_reads_as_a_compiler_message() {
        assert_eq!(Finding::new("a/b.rs", 7, "too long").to_string(), "a/b.rs:7: too long");
    }
}
