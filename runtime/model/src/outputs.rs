//! Files that a run writes: each is one of its own, and none is a file that the run reads.
//!
//! Files are the same where device and inode are, whatever their names and however many links lead there; of those that do not exist yet,
//! where folder and name are, behind links that lead to them.

use std::path::{Path, PathBuf};

use crate::atomic_file;

/// A file that a run writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output<'a> {
    /// In words: "the report".
    pub what: &'static str,
    /// As given.
    pub path: &'a Path,
}

/// What a run writes. No two are the same file.
#[derive(Debug)]
pub struct Outputs(Vec<(&'static str, PathBuf)>);

/// Two files of a run are one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Clash {
    /// Something is written where something is read.
    #[error("{what} {} would replace {}, which is read", .path.display(), .input.display())]
    Read {
        /// That is written, in words.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// That is read.
        input: PathBuf,
    },
    /// Two things are written into one file.
    #[error("{what} {} and {other} {} are the same file", .path.display(), .other_path.display())]
    Written {
        /// One, in words.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// The other.
        other: &'static str,
        /// Where.
        other_path: PathBuf,
    },
}

/// By what a file is known.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Identity {
    #[cfg(unix)]
    Existing { device: u64, inode: u64 },
    /// Where it will be.
    Place(PathBuf),
}

impl Output<'_> {
    /// As [`Outputs::spare`], for a run that writes nothing else.
    ///
    /// # Errors
    /// [`Clash::Read`]
    pub fn spare(self, inputs: impl IntoIterator<Item = impl AsRef<Path>>) -> Result<(), Clash> {
        Outputs(vec![(self.what, self.path.to_owned())]).spare(inputs)
    }
}

impl Outputs {
    /// # Errors
    /// [`Clash::Written`]
    pub fn new<'a>(outputs: impl IntoIterator<Item = Output<'a>>) -> Result<Self, Clash> {
        let mut all: Vec<(&'static str, PathBuf, Identity)> = Vec::new();
        for Output { what, path } in outputs {
            let identity = Identity::of(path);
            if let Some((other, other_path, _)) = all.iter().find(|(_, _, known)| *known == identity) {
                let (other, other_path) = (*other, other_path.clone());
                return Err(Clash::Written { what: other, path: other_path, other: what, other_path: path.to_owned() });
            }
            all.push((what, path.to_owned(), identity));
        }
        Ok(Self(all.into_iter().map(|(what, path, _)| (what, path)).collect()))
    }

    /// Looks whether they leave files alone that are read, as all of them are now: where one was replaced meanwhile, its old inode may be another
    /// file's.
    ///
    /// # Errors
    /// [`Clash::Read`] for the first that one of them would replace.
    pub fn spare(&self, inputs: impl IntoIterator<Item = impl AsRef<Path>>) -> Result<(), Clash> {
        let outputs: Vec<_> = self.0.iter().map(|(what, path)| (*what, path, Identity::of(path))).collect();
        for input in inputs {
            let input = input.as_ref();
            let identity = Identity::of(input);
            if let Some((what, path, _)) = outputs.iter().find(|(_, _, known)| *known == identity) {
                return Err(Clash::Read { what, path: PathBuf::from(path), input: input.to_owned() });
            }
        }
        Ok(())
    }
}

impl Identity {
    fn of(path: &Path) -> Self {
        #[cfg(unix)]
        if let Ok(metadata) = path.metadata() {
            use std::os::unix::fs::MetadataExt as _;
            return Self::Existing { device: metadata.dev(), inode: metadata.ino() };
        }
        // What is written by the name of a link is written where that leads; where it leads nowhere, nothing is.
        Self::Place(match atomic_file::followed(path) {
            Ok(target) => place(&target),
            Err(_) => place(path),
        })
    }
}

/// Folder and name. A folder that is not there has no files that could be taken for another.
fn place(path: &Path) -> PathBuf {
    let folder = atomic_file::folder_of(path);
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    folder.join(path.file_name().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn outputs(paths: [&Path; 2]) -> Result<Outputs, Clash> {
        let whats = ["the checkpoint", "the report"];
        Outputs::new(whats.into_iter().zip(paths).map(|(what, path)| Output { what, path }))
    }

    /// A folder with two files and a link to it.
    fn desk() -> tempfile::TempDir {
        let desk = tempfile::tempdir().unwrap();
        let at = |name: &str| desk.path().join(name);
        fs::create_dir(at("data")).unwrap();
        for name in ["data/a.png", "data/b.png"] {
            fs::write(at(name), name).unwrap();
        }
        symlink(at("data"), at("again")).unwrap();
        desk
    }

    #[test]
    fn what_is_read_is_spared_by_whatever_name() {
        let desk = desk();
        let at = |name: &str| desk.path().join(name);
        fs::hard_link(at("data/a.png"), at("hard.png")).unwrap();
        symlink(at("data/a.png"), at("soft.png")).unwrap();
        let read = at("data/a.png");
        for name in ["data/a.png", "data/../data/a.png", "again/a.png", "hard.png", "soft.png"] {
            let (output, new) = (at(name), at("new.html"));
            let error = outputs([&output, &new]).unwrap().spare([at("data/b.png"), read.clone()]).unwrap_err();
            let expected = Clash::Read { what: "the checkpoint", path: output, input: read.clone() };
            assert_eq!(error, expected);
        }
        outputs([&at("data/b.png"), &at("new.html")]).unwrap().spare([read]).unwrap();
        let error = outputs([Path::new("x"), Path::new("no/y")]).unwrap().spare(["./x"]).unwrap_err();
        assert_eq!(error.to_string(), "the checkpoint x would replace ./x, which is read");
    }

    #[test]
    fn an_output_that_was_replaced_meanwhile_is_known_as_it_is_now() {
        let desk = desk();
        let at = |name: &str| desk.path().join(name);
        let (output, new) = (at("data/a.png"), at("new"));
        let outputs = outputs([&output, &new]).unwrap();
        // Its inode goes to a file that is read.
        fs::rename(&output, at("kept.png")).unwrap();
        fs::write(&output, "new").unwrap();
        outputs.spare([at("kept.png")]).unwrap();
        assert!(outputs.spare([at("data/../data/a.png")]).is_err());
    }

    #[test]
    fn each_output_is_a_file_of_its_own() {
        let desk = desk();
        let at = |name: &str| desk.path().join(name);
        for (first, second) in [("data/new", "again/new"), ("data/a.png", "again/a.png"), ("data/./new", "data/new")] {
            let (path, other_path) = (at(first), at(second));
            let error = outputs([&path, &other_path]).unwrap_err();
            assert_eq!(error, Clash::Written { what: "the checkpoint", path, other: "the report", other_path });
        }
        symlink("data/coming", at("link")).unwrap();
        symlink("circle", at("circle")).unwrap();
        assert!(outputs([&at("link"), &at("data/coming")]).is_err());
        outputs([&at("link"), &at("data/new")]).unwrap();
        outputs([&at("circle"), &at("new")]).unwrap();
        outputs([&at("data/new"), &at("new")]).unwrap();
        outputs([Path::new("no/x"), Path::new("nowhere/x")]).unwrap();
        let error = outputs([Path::new("x"), Path::new("./x")]).unwrap_err();
        assert_eq!(error.to_string(), "the checkpoint x and the report ./x are the same file");
    }
}
