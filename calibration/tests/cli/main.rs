//! The programs as their users meet them before they have a model: usage, and folders that hold nothing.
//!
//! What they measure and write is tested in `tests/end_to_end`, with a model that `moead-export` writes there.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

use moead_tests::command::Program;

mod calibrate;
mod eval;

/// An empty folder in which a program runs; snapshots taken while it lives have run-dependent parts replaced.
struct Desk {
    program: &'static str,
    folder: tempfile::TempDir,
    _filters: insta::internals::SettingsBindDropGuard,
}

impl Desk {
    fn of(program: &'static str) -> Self {
        let mut settings = insta::Settings::clone_current();
        settings.add_filter(r"commit: \S+", "commit: [COMMIT]");
        settings.add_filter(r"target: \S+", "target: [TARGET]");
        Self { program, folder: tempfile::tempdir().unwrap(), _filters: settings.bind_to_scope() }
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// What a user sees, given these arguments, separated by spaces.
    fn says(&self, arguments: &str) -> String {
        let program = Program::new(self.program).args(arguments.split_whitespace());
        program.in_folder(self.folder.path()).run().transcript()
    }
}
