//! A folder with a checkpoint, in which the program runs; names in messages are then the same everywhere.

use std::collections::BTreeMap;
use std::path::PathBuf;

use moead_tests::command::{Ended, Program};
use moead_tests::golden::Case;
use moead_tests::synthetic_checkpoint::{Checkpoint, Form};
use serde_json::Value;

/// Where a test works; snapshots taken while it lives have run-dependent parts replaced.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
    _filters: insta::internals::SettingsBindDropGuard,
}

impl Desk {
    pub(crate) fn empty() -> Self {
        let mut settings = insta::Settings::clone_current();
        settings.add_filter(r"worst relative error \d\.\de-\d+", "worst relative error [ERROR]");
        settings.add_filter(r"commit: \S+", "commit: [COMMIT]");
        settings.add_filter(r"target: \S+", "target: [TARGET]");
        let folder = tempfile::tempdir().unwrap();
        Self { folder, _filters: settings.bind_to_scope() }
    }

    /// With `ckpt.pth.tar`.
    pub(crate) fn with(checkpoint: &Checkpoint) -> Self {
        let desk = Self::empty();
        desk.save("ckpt.pth.tar", checkpoint, Form::Zip);
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn save(&self, name: &str, checkpoint: &Checkpoint, form: Form) {
        checkpoint.write(form, &self.path(name));
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// A model file's bytes without the hash of the checkpoint that it was made from.
    pub(crate) fn model(&self, name: &str) -> Vec<u8> {
        let model = std::fs::read(self.path(name)).unwrap();
        let key = b"\"sha256\":\"";
        let start = key.len() + model.windows(key.len()).position(|bytes| bytes == key).unwrap();
        [&model[..start], &model[start + 64..]].concat()
    }

    /// The program with these arguments, separated by spaces, ready to run here.
    pub(crate) fn program(&self, arguments: &str) -> Program {
        Program::new("moead-export").args(arguments.split_whitespace()).in_folder(self.folder.path())
    }

    pub(crate) fn run(&self, arguments: &str) -> Ended {
        self.program(arguments).run()
    }

    /// What a user sees.
    pub(crate) fn says(&self, arguments: &str) -> String {
        self.run(arguments).transcript()
    }

    /// The same, of a command that must not write, change or remove anything.
    #[track_caller]
    pub(crate) fn refuses(&self, arguments: &str) -> String {
        self.refuses_program(&self.program(arguments))
    }

    #[track_caller]
    pub(crate) fn refuses_program(&self, program: &Program) -> String {
        let before = self.files();
        let ended = program.run();
        assert!(self.files() == before, "files changed: {:?}\n{}", self.names(), ended.transcript());
        ended.transcript()
    }

    /// What is in the folder; folders without content.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap().map(Result::unwrap);
        let content = |path: PathBuf| if path.is_file() { std::fs::read(path).unwrap() } else { Vec::new() };
        entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), content(entry.path()))).collect()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.files().into_keys().collect()
    }
}

pub(crate) fn tiny() -> Checkpoint {
    Checkpoint::of(&Case::small("tiny"))
}

/// The small checkpoint with another value at a JSON pointer into its `arch`.
pub(crate) fn tiny_with(pointer: &str, value: Value) -> Checkpoint {
    let mut checkpoint = tiny();
    let arch = checkpoint.arch.as_mut().unwrap();
    *arch.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
    checkpoint
}
