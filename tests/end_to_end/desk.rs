//! A folder with a model and pictures, in which `moead-edge` runs.

use std::path::PathBuf;

use moead_tests::command::{Ended, Program};
use moead_tests::golden::Case;
use moead_tests::synthetic_checkpoint::{Checkpoint, Form};
use serde_json::Value;

/// Where a test works; snapshots taken while it lives have times replaced.
pub(crate) struct Desk {
    pub(crate) case: Case,
    folder: tempfile::TempDir,
    _filters: insta::internals::SettingsBindDropGuard,
}

impl Desk {
    /// With `model.onnx` and `part.png` of the smallest golden case.
    pub(crate) fn new() -> Self {
        let mut settings = insta::Settings::clone_current();
        settings.add_filter(r"\(\d+ ms\)", "([TIME])");
        settings.add_filter(r"in \d+\.\d s:", "in [TIME]:");
        settings.add_filter(r"made \S+ by", "made [TIME] by");
        settings.add_filter(r#""time":"[^"]+""#, r#""time":"[TIME]""#);
        settings.add_filter(r#""(seconds|age|preprocess|inference|postprocess|p50|p99|max)":\d+\.\d+"#, r#""$1":[N]"#);
        // The last digits are the machine's own.
        settings.add_filter(r#""score":(\d+\.\d{2})\d*"#, r#""score":$1[N]"#);
        let case = Case::small("tiny");
        let desk = Self { case, folder: tempfile::tempdir().unwrap(), _filters: settings.bind_to_scope() };
        Checkpoint::of(&desk.case).write(Form::Safetensors, &desk.path("model.safetensors"));
        let export = Program::new("moead-export").args(["model.safetensors"]);
        export.in_folder(desk.folder.path()).run().success();
        desk.copy("part.png");
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self, name: &str) {
        std::fs::create_dir_all(self.path(name)).unwrap();
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Puts the case's picture there.
    pub(crate) fn copy(&self, name: &str) {
        std::fs::copy(self.case.picture(), self.path(name)).unwrap();
    }

    /// What is in a folder.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// `moead-edge` with the model and these arguments, separated by spaces.
    pub(crate) fn program(&self, arguments: &str) -> Program {
        self.bare_program("--model model.onnx").args(arguments.split_whitespace())
    }

    /// `moead-edge` with these arguments alone.
    pub(crate) fn bare_program(&self, arguments: &str) -> Program {
        self.program_of("moead-edge", arguments)
    }

    /// One of our programs with these arguments alone.
    pub(crate) fn program_of(&self, name: &str, arguments: &str) -> Program {
        Program::new(name).args(arguments.split_whitespace()).in_folder(self.folder.path())
    }

    pub(crate) fn run(&self, arguments: &str) -> Ended {
        self.program(arguments).run()
    }

    /// What a user sees.
    pub(crate) fn says(&self, arguments: &str) -> String {
        self.run(arguments).transcript()
    }
}

/// Stdout as JSON lines.
pub(crate) fn lines(ended: &Ended) -> Vec<Value> {
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

/// The last line, a summary whose numbers add up.
pub(crate) fn summary(lines: &[Value]) -> &Value {
    let summary = lines.last().unwrap();
    assert_eq!(summary["event"], "summary", "{summary}");
    let frames = &summary["frames"];
    let number = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("{summary}"));
    let received = number(&frames["judged"]) + number(&frames["dropped"]["policy"]) + number(&frames["corrupt"]);
    assert_eq!(number(&frames["received"]), received, "{summary}");
    let verdicts: u64 = ["ok", "defect", "null"].map(|verdict| number(&summary["verdicts"][verdict])).iter().sum();
    assert_eq!(number(&frames["judged"]), verdicts, "{summary}");
    summary
}
