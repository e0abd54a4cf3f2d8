//! Bundles as a site makes them, with the program that was just built: good ones, and all kinds that a board must not keep.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use moead_bundle::reader::Sealed;
use moead_bundle::release;
use moead_tests::command::Program;
use moead_tests::golden::{self, Case};
use moead_tests::synthetic_checkpoint::{Checkpoint, Form};

/// Small frames, and few: each one is judged by an emulated processor.
const CAMERA: &str = "--source=v4l2:///dev/video0?size=320x180&fps=5";

/// A folder with keys, programs, models and `bundles/NAME.moead`.
pub(crate) struct Releases {
    folder: PathBuf,
}

/// What a bundle is made of, where that is not what a good one is made of.
struct Recipe<'a> {
    name: &'a str,
    version: &'a str,
    program: &'a str,
    model: &'a str,
    profile: &'a str,
    key: &'a str,
    arguments: &'a [&'a str],
    labels: &'a [&'a str],
}

const GOOD: Recipe<'_> = Recipe {
    name: "",
    version: "1",
    program: "moead-edge",
    model: "model.onnx",
    profile: "board.toml",
    key: "site",
    arguments: &[CAMERA],
    labels: &[],
};

impl Releases {
    /// Release 1 alone: what a card is made with.
    pub(crate) fn first(folder: &Path) -> Self {
        let releases = Self { folder: folder.to_owned() };
        fs::create_dir(folder.join("bundles")).unwrap();
        for key in ["site", "stranger"] {
            releases.board(&["key", "new", key, "--no-passphrase"]);
        }
        let program = PathBuf::from(Program::new("moead-edge").command().get_program());
        releases.tool(Command::new("strip").arg(&program).arg("-o").arg(folder.join("moead-edge")));
        releases.models();
        releases.profile("board.toml", "");
        releases.build(&Recipe { name: "1", ..GOOD });
        releases
    }

    /// Release 2, whose program and settings are others.
    pub(crate) fn second(&self) {
        let mut program = fs::read(self.folder.join("moead-edge")).unwrap();
        // Behind its end nothing of a program is looked at.
        program.extend(b"the second one".repeat(1000));
        fs::write(self.folder.join("moead-edge.2"), program).unwrap();
        let arguments = [CAMERA, "--threshold=1000"];
        self.build(&Recipe { name: "2", version: "2", program: "moead-edge.2", arguments: &arguments, ..GOOD });
    }

    /// Those that a board must refuse, or get rid of.
    pub(crate) fn bad_ones(&self) {
        let second = self.bytes("2");
        self.write("cut", second.get(..second.len() * 6 / 10).unwrap());
        let mut altered = second;
        let middle = altered.len() / 2;
        altered[middle] ^= 1;
        self.write("altered", &altered);

        for program in ["CRASHES", "HANGS"] {
            let source = golden::root().join("tests/board_vm/stand_in.c");
            let output = self.folder.join(program.to_lowercase());
            self.tool(Command::new("gcc").args(["-Os", &format!("-D{program}"), "-o"]).arg(output).arg(source));
        }
        self.profile("elsewhere.toml", "[board]\nnames = [\"Raspberry Pi 5\"]\n");
        self.profile("quick.toml", "[service]\nwatchdog = 10\n");
        let small = Recipe { program: "crashes", ..GOOD };
        let recipes = [
            Recipe { name: "foreign", version: "2", key: "stranger", ..small },
            Recipe { name: "older", version: "0.9", ..small },
            Recipe { name: "elsewhere", version: "2", profile: "elsewhere.toml", ..small },
            Recipe { name: "expiring", version: "2", labels: &["--expires=2999-01-01"], ..small },
            Recipe { name: "wrong", version: "3", model: "wrong.onnx", ..GOOD },
            Recipe { name: "crashes", version: "4", ..small },
            Recipe { name: "hangs", version: "5", program: "hangs", profile: "quick.toml", ..GOOD },
            Recipe { name: "blind", version: "6", arguments: &["--source=v4l2:///dev/video9"], ..GOOD },
        ];
        recipes.iter().for_each(|recipe| self.build(recipe));
    }

    /// A card with release 1 on the base image.
    pub(crate) fn card(&self, base: &Path, output: &Path) {
        let card = Program::new("moead-board").args(["image", "--bundle", "bundles/1.moead", "--key", "site.pub"]);
        card.args([Path::new("--base"), base, Path::new("-o"), output]).in_folder(&self.folder).run().success();
    }

    /// The name of a bundle's folder on a board.
    pub(crate) fn folder_name(&self, name: &str) -> String {
        let sealed = Sealed::open(&self.path(name)).unwrap();
        release::folder_name(sealed.claims().version, sealed.digest())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join("bundles").join(format!("{name}.moead"))
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// A real export, small, with its self-test; and one whose self-test expects another score.
    fn models(&self) {
        Checkpoint::of(&Case::small("tiny")).write(Form::Safetensors, &self.folder.join("model.safetensors"));
        Program::new("moead-export").args(["model.safetensors"]).in_folder(&self.folder).run().success();
        let mut model = fs::read(self.folder.join("model.onnx")).unwrap();
        let key = b"\"pred_score\":";
        let at = model.windows(key.len()).position(|bytes| bytes == key).unwrap() + key.len();
        let digit = model[at..].iter().position(u8::is_ascii_digit).unwrap() + at;
        model[digit] = if model[digit] == b'9' { b'8' } else { model[digit] + 1 };
        fs::write(self.folder.join("wrong.onnx"), model).unwrap();
    }

    /// A PC with the C library of this machine, which is the guest's.
    fn profile(&self, name: &str, more: &str) {
        let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let glibc = said.split_whitespace().nth(1).unwrap();
        let text = format!(
            "title = \"a virtual board\"\ninherits = [\"pc\"]\n[target]\nglibc = \"{glibc}\"\n[engine]\nthreads = 2\n\
             [tested]\nhow = \"emulated\"\n{more}"
        );
        fs::write(self.folder.join(name), text).unwrap();
    }

    fn build(&self, recipe: &Recipe<'_>) {
        let output = self.path(recipe.name);
        let mut words = vec!["build", recipe.profile, "--no-check", "--model", recipe.model, "--binary", recipe.program];
        words.extend(["--release", recipe.version, "--key", recipe.key, "--output", output.to_str().unwrap()]);
        words.extend(recipe.labels);
        words.push("--");
        words.extend(recipe.arguments);
        self.board(&words);
    }

    fn board(&self, words: &[&str]) {
        Program::new("moead-board").args(words).in_folder(&self.folder).run().success();
    }

    fn tool(&self, command: &mut Command) {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
