//! The program `moead-edge` as its users meet it before it has a model: usage, and what cannot be opened.
//!
//! What it says about pictures is tested in `tests/end_to_end`, with a model that `moead-export` writes there.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

use moead_tests::command::{Ended, Program};

mod config;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
mod nothing_to_run;
#[cfg(feature = "update")]
mod update;
mod usage;
#[cfg(feature = "tract")]
mod weight;

/// An empty folder in which the program runs; snapshots taken while it lives have run-dependent parts replaced.
struct Desk {
    folder: tempfile::TempDir,
    _filters: insta::internals::SettingsBindDropGuard,
}

impl Desk {
    fn empty() -> Self {
        let mut settings = insta::Settings::clone_current();
        settings.add_filter(r"commit: \S+", "commit: [COMMIT]");
        settings.add_filter(r"target: \S+", "target: [TARGET]");
        Self { folder: tempfile::tempdir().unwrap(), _filters: settings.bind_to_scope() }
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.folder.path().join(name), content).unwrap();
    }

    fn folder(&self, name: &str) {
        std::fs::create_dir(self.folder.path().join(name)).unwrap();
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The program with these arguments, separated by spaces, ready to run here.
    fn program(&self, arguments: &str) -> Program {
        Program::new("moead-edge").args(arguments.split_whitespace()).in_folder(self.folder.path())
    }

    fn run(&self, arguments: &str) -> Ended {
        self.program(arguments).run()
    }

    /// What a user sees.
    fn says(&self, arguments: &str) -> String {
        self.run(arguments).transcript()
    }
}
