//! Bundles as a site makes them, with the program that was just built: good ones, and all kinds that a board must not keep.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use moead_bundle::digest::Digest;
use moead_bundle::reader::Sealed;
use moead_bundle::release;
use moead_tests::command::Program;
use moead_tests::golden::{self, Case};
use moead_tests::synthetic_checkpoint::{Checkpoint, Form};

use crate::machine::Machine;

/// Small frames, and few of them: each one is judged by an emulated processor.
const CAMERA: &str = "--source=v4l2:///dev/video0?size=320x180&fps=2";
/// What takes half a minute to compress, and is the same for all tests.
const KEPT: [&str; 7] =
    ["site", "site.pub", "stranger", "model.onnx", "wrong.onnx", "bundles/1.moead", "bundles/2.moead"];

/// A folder with keys, programs, models and `bundles/NAME.moead`.
pub(crate) struct Releases {
    folder: PathBuf,
    machine: Machine,
}

/// What a bundle is made of.
#[derive(Clone, Copy)]
struct Recipe<'a> {
    name: &'a str,
    version: &'a str,
    program: &'a str,
    model: &'a str,
    profile: &'a str,
    key: &'a str,
    source: &'a str,
    label: Option<&'a str>,
}

const GOOD: Recipe<'_> = Recipe {
    name: "1",
    version: "1",
    program: "moead-edge",
    model: "model.onnx",
    profile: "board.toml",
    key: "site",
    source: CAMERA,
    label: None,
};

impl Releases {
    /// Releases 1 and 2, both with the whole program.
    pub(crate) fn in_folder(folder: &Path, machine: Machine) -> Self {
        let releases = Self { folder: folder.to_owned(), machine };
        let ready = ready(machine);
        fs::create_dir(folder.join("bundles")).unwrap();
        for name in KEPT {
            fs::hard_link(ready.join(name), folder.join(name)).unwrap();
        }
        releases
    }

    /// Those that a board must refuse, or get rid of; and a small one that is good.
    pub(crate) fn small_ones(&self) {
        let second = fs::read(self.path("2")).unwrap();
        self.write("cut", second.get(..second.len() * 6 / 10).unwrap());
        let mut altered = second;
        let middle = altered.len() / 2;
        altered[middle] ^= 1;
        self.write("altered", &altered);

        for program in ["CRASHES", "HANGS", "STARTS"] {
            let source = golden::root().join("tests/board_vm/stand_in.c");
            self.machine.compile(&source, program, &self.folder.join(program.to_lowercase()));
        }
        self.profile("board.toml", "");
        self.profile("elsewhere.toml", "[board]\nnames = [\"Raspberry Pi 5\"]\n");
        self.profile("quick.toml", "[service]\nwatchdog = 10\n");
        let small = Recipe { version: "2", program: "starts", ..GOOD };
        for recipe in [
            Recipe { name: "small", ..small },
            Recipe { name: "foreign", key: "stranger", ..small },
            Recipe { name: "older", version: "0.9", ..small },
            Recipe { name: "elsewhere", profile: "elsewhere.toml", ..small },
            Recipe { name: "expiring", label: Some("--expires=2999-01-01"), ..small },
            Recipe { name: "wrong", version: "3", model: "wrong.onnx", ..small },
            Recipe { name: "crashes", version: "4", program: "crashes", ..small },
            Recipe { name: "hangs", version: "5", program: "hangs", profile: "quick.toml", ..small },
            Recipe { name: "blind", version: "6", source: "--source=v4l2:///dev/video9", ..small },
        ] {
            self.build(recipe);
        }
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

    /// Such a board with the C library of this machine, whose release of Debian is the guest's.
    fn profile(&self, name: &str, more: &str) {
        let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let glibc = said.split_whitespace().nth(1).unwrap();
        let text = format!(
            "title = \"a virtual board\"\ninherits = [\"{}\"]\n[target]\nglibc = \"{glibc}\"\n[engine]\nthreads = 2\n\
             [tested]\nhow = \"emulated\"\n{more}",
            self.machine.profile()
        );
        fs::write(self.folder.join(name), text).unwrap();
    }

    fn build(&self, recipe: Recipe<'_>) {
        let output = self.path(recipe.name);
        let mut words =
            vec!["build", recipe.profile, "--no-check", "--model", recipe.model, "--binary", recipe.program];
        words.extend(["--release", recipe.version, "--key", recipe.key, "--output", output.to_str().unwrap()]);
        words.extend(recipe.label);
        words.extend(["--", recipe.source]);
        self.board(&words);
    }

    fn board(&self, words: &[&str]) {
        Program::new("moead-board").args(words).in_folder(&self.folder).run().success();
    }
}

/// A folder with [`KEPT`], made by the first test of a build. The second release's program and settings are others.
fn ready(machine: Machine) -> PathBuf {
    let program = machine.program();
    let digest = Digest::of(&fs::read(&program).unwrap()).to_string();
    let places = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let name = format!("board_vm_releases.{}.", machine.name());
    let ready = places.join(format!("{name}{}", &digest[..12]));
    if ready.is_dir() {
        return ready;
    }
    for old in fs::read_dir(places).unwrap().map(Result::unwrap) {
        if old.file_name().to_string_lossy().starts_with(&name) {
            fs::remove_dir_all(old.path()).unwrap();
        }
    }
    let folder = tempfile::tempdir_in(places).unwrap();
    let releases = Releases { folder: folder.path().to_owned(), machine };
    fs::create_dir(folder.path().join("bundles")).unwrap();
    for key in ["site", "stranger"] {
        releases.board(&["key", "new", key, "--no-passphrase"]);
    }
    machine.strip(&program, &folder.path().join("moead-edge"));
    let mut second = fs::read(folder.path().join("moead-edge")).unwrap();
    // Behind its end nothing of a program is looked at.
    second.extend(b"the second one".repeat(1000));
    fs::write(folder.path().join("moead-edge.2"), second).unwrap();
    releases.models();
    releases.profile("board.toml", "");
    // The highest compression of two large programs, on two processors.
    std::thread::scope(|scope| {
        scope.spawn(|| releases.build(GOOD));
        releases.build(Recipe { name: "2", version: "2", program: "moead-edge.2", ..GOOD });
    });
    fs::rename(folder.keep(), &ready).unwrap();
    ready
}
