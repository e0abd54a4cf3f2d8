//! Recorded machines, examined: as they were, with a fault each, and made by somebody who means harm.

use std::path::{Path, PathBuf};

use super::answers::Answers;
use super::finding::Finding;
use super::root::Root;
use crate::sinks::findings;

mod faults;
mod hostile;
mod machines;

/// A copy of a recorded machine, to be changed.
struct Machine(tempfile::TempDir);

impl Machine {
    /// One of `runtime/tests/machines`.
    fn recorded(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/machines").join(name), folder.path());
        Self(folder)
    }

    /// A machine that has nothing but an empty `/proc`.
    fn empty() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(machine.path("proc")).unwrap();
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    fn remove(&self, path: &str) -> &Self {
        std::fs::remove_file(self.path(path)).unwrap();
        self
    }

    fn findings(&self) -> Vec<Finding> {
        let root = Root::recorded(self.0.path()).unwrap();
        super::examine(&root, &Answers::recorded(&root))
    }

    fn text(&self) -> String {
        findings::text(&self.findings(), |_, word| word.to_owned())
    }

    /// What is told now and was not told of that machine.
    fn differs_from(&self, other: &Self) -> String {
        let before = other.findings();
        let new: Vec<_> = self.findings().into_iter().filter(|finding| !before.contains(finding)).collect();
        findings::text(&new, |_, word| word.to_owned())
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}
