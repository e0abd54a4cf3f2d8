//! A folder in which the program runs; names in messages are then the same everywhere.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use moead_tests::command::{Ended, Program};
use prost::Message as _;

/// Where a test works; snapshots taken while it lives have run-dependent parts replaced.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
    _filters: insta::internals::SettingsBindDropGuard,
}

impl Desk {
    pub(crate) fn empty() -> Self {
        let mut settings = insta::Settings::clone_current();
        settings.add_filter(r"[0-9A-F]{16}", "[KEY]");
        settings.add_filter(r"[0-9a-f]{64}", "[SHA256]");
        settings.add_filter(r"needs? \d+ bytes", "need [BYTES] bytes");
        settings.add_filter(r"and \d+ are free", "and [BYTES] are free");
        Self { folder: tempfile::tempdir().unwrap(), _filters: settings.bind_to_scope() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// The program with these arguments, separated by spaces, ready to run here.
    pub(crate) fn program(&self, arguments: &str) -> Program {
        Program::new("moead-board").args(arguments.split_whitespace()).in_folder(self.folder.path())
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
        assert_ne!(ended.status, Some(0), "{}", ended.transcript());
        ended.transcript()
    }

    /// What is in the folder and below; paths from there.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(self.folder.path(), self.folder.path(), &mut files);
        files
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.files().into_keys().collect()
    }
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            files.insert(name, std::fs::read(&path).unwrap());
        }
    }
}

/// The secret half of a pair that was made once; its public half follows.
pub(crate) const KEY: &str = include_str!("keys/moead.key");
pub(crate) const PUBLIC: &str = include_str!("keys/moead.pub");

impl Desk {
    /// With everything that a bundle needs: `model.onnx`, `moead-edge` for 64-bit ARM, a key.
    pub(crate) fn ready() -> Self {
        let desk = Self::empty();
        desk.write("model.onnx", crate::small_model::small_model().encode_to_vec());
        desk.write("moead-edge", include_bytes!("../programs/aarch64"));
        desk.write("moead.key", KEY);
        desk.write("moead.pub", PUBLIC);
        std::fs::set_permissions(desk.path("moead.key"), Permissions::from_mode(0o600)).unwrap();
        desk
    }

    /// A bundle of all that, `bolt.moead`.
    pub(crate) fn with_bundle() -> Self {
        let desk = Self::ready();
        desk.run(&format!("{BUILD} -o bolt.moead")).success();
        desk
    }
}

/// A command that works on a desk that is ready.
pub(crate) const BUILD: &str = "build raspberry-pi-5 --model model.onnx --binary moead-edge --key moead.key --no-check";
