//! The program `moead-calibrate` as its users meet it before it has a model: usage, and folders that hold nothing.
//!
//! What it writes is tested in `tests/end_to_end`, with a model that `moead-export` writes there.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

use moead_tests::command::Program;

mod usage;

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
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// What a user sees, given these arguments, separated by spaces.
    fn says(&self, arguments: &str) -> String {
        let program = Program::new("moead-calibrate").args(arguments.split_whitespace());
        program.in_folder(self.folder.path()).run().transcript()
    }
}
