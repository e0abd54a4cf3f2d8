//! `--engine` and `--provider`: what runs the model, and what is said when it cannot.

use moead_tests::command::Program;
use moead_tests::golden::Case;
use moead_tests::python;
use moead_tests::synthetic_checkpoint::{Checkpoint, Form};

use crate::desk::{Desk, lines};

/// A desk on which the tests' ONNX Runtime is called `[ORT]` and its version `[V]`, and the desk's own folder `[DESK]`.
struct Bench {
    desk: Desk,
    library: String,
    _filters: insta::internals::SettingsBindDropGuard,
}

impl Bench {
    fn new() -> Self {
        let desk = Desk::new();
        let library = python::onnxruntime_library().canonicalize().unwrap().display().to_string();
        let mut settings = insta::Settings::clone_current();
        settings.add_filter(&regex_of(&library), "[ORT]");
        settings.add_filter(&regex_of(library.rsplit_once('/').unwrap().0), "[ORT FOLDER]");
        settings.add_filter(&regex_of(&desk.path("").canonicalize().unwrap().display().to_string()), "[DESK]");
        settings.add_filter(r"ONNX Runtime \d+\.\d+\.\d+", "ONNX Runtime [V]");
        Self { desk, library, _filters: settings.bind_to_scope() }
    }

    fn program(&self, arguments: &str) -> Program {
        self.desk.program("--source part.png --threshold 10").args(arguments.split_whitespace())
    }

    /// What a user sees on stderr; the status is the error's.
    fn refused(&self, arguments: &str) -> String {
        let ended = self.program(arguments).run();
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""), "{}", ended.stderr);
        ended.stderr
    }

    /// The model with dense experts.
    fn export_dense(&self) {
        let path = self.desk.path("dense.safetensors");
        Checkpoint::of(&Case::small("tiny")).write(Form::Safetensors, &path);
        let export = Program::new("moead-export").args(["dense.safetensors", "--no-check", "--moe", "dense"]);
        export.in_folder(&self.desk.path("")).run().success();
    }
}

fn regex_of(path: &str) -> String {
    path.replace('.', r"\.").replace('+', r"\+")
}

#[test]
fn both_engines_say_the_same() {
    let bench = Bench::new();
    let tract = bench.program("--engine tract").run().success();
    let ort =
        bench.program("--engine ort --provider cpu --threads 2").env("MOEAD_ORT_LIB", &bench.library).run().success();
    let [tract_line, ort_line] = [&tract, &ort].map(|ended| lines(ended).remove(0));
    assert_eq!(tract_line["verdict"], ort_line["verdict"]);
    let scores = [&tract_line, &ort_line].map(|line| line["score"].as_f64().unwrap());
    assert!((scores[0] - scores[1]).abs() <= 1e-5 * scores[0], "{scores:?}");
    assert_eq!(tract.stderr, "");
    insta::assert_snapshot!(ort.stderr, @"note: engine: ort cpu (ONNX Runtime [V], [ORT])");
}

#[test]
fn a_choice_is_told_with_its_reasons() {
    let bench = Bench::new();
    let ended = bench.program("--provider auto").env("MOEAD_ORT_LIB", &bench.library).run().success();
    insta::assert_snapshot!(ended.stderr, @r"
    note: engine: ort cpu (ONNX Runtime [V], [ORT])
    note: not ort tensorrt, ort cuda: the model gathers tokens per expert: their numbers depend on the picture, and the GPU would wait for each
    ");
    let ended = bench.program("--provider auto").env("ORT_DYLIB_PATH", &bench.library).run().success();
    insta::assert_snapshot!(ended.stderr, @r"
    note: engine: tract (tract 0.23.9)
    note: not ort tensorrt, ort cuda: the model gathers tokens per expert: their numbers depend on the picture, and the GPU would wait for each
    ");
}

#[test]
fn tract_with_what_only_ort_has_is_a_wrong_command_line() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.program("--engine tract --provider cuda").run().transcript(), @r"
    status: 2
    ----- stderr
    error: `--engine tract` computes on the processor and has no `--provider cuda`: leave one of them out
    ");
    insta::assert_snapshot!(bench.program("--engine tract --ort-lib missing.so").run().transcript(), @r"
    status: 2
    ----- stderr
    error: `--engine tract` loads no library: leave it or `--ort-lib` out
    ");
    for command in ["bench --model model.onnx", "verify --model model.onnx", "doctor"] {
        let program = bench.desk.bare_program(&format!("{command} --engine tract --ort-lib missing.so"));
        let ended = program.run();
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{command}: {}", ended.stderr);
    }
    // A variable is this machine's, and not this command's.
    bench.program("--engine tract").env("MOEAD_ORT_LIB", "missing.so").run().success();
}

#[test]
fn providers_that_cannot_be_had() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.refused("--provider tensorrt"), @r"
    error: model.onnx: ort tensorrt: the model gathers tokens per expert: their numbers depend on the picture, and the GPU would wait for each
    hint: write the model file for GPUs: `moead-export CKPT --moe dense`
    ");
    bench.export_dense();
    let refused = |provider: &str| {
        let program = bench.desk.bare_program("--model dense.onnx --source part.png --threshold 10 --provider");
        program.args([provider, "--ort-lib", &bench.library]).run().transcript()
    };
    insta::assert_snapshot!(refused("cuda"), @r"
    status: 1
    ----- stderr
    error: ort cuda: ONNX Runtime [V] ([ORT]) was built without CUDAExecutionProvider: it has CPUExecutionProvider
    hint: a library with it: `pip install onnxruntime-gpu` on a PC, NVIDIA's wheel for your JetPack on a Jetson; then `--ort-lib`
    hint: `--provider cpu` works with this one
    ");
    insta::assert_snapshot!(refused("tensorrt"), @r"
    status: 1
    ----- stderr
    error: ort tensorrt: ONNX Runtime [V] ([ORT]) was built without TensorrtExecutionProvider: it has CPUExecutionProvider
    hint: a library with it: `pip install onnxruntime-gpu` on a PC, NVIDIA's wheel for your JetPack on a Jetson; then `--ort-lib`
    hint: `--provider cpu` works with this one
    ");
}

#[test]
fn libraries_that_cannot_be_used() {
    let bench = Bench::new();
    let whole = std::fs::read(&bench.library).unwrap();
    let refused = |name: &str, content: &[u8]| {
        bench.desk.write(name, content);
        bench.refused(&format!("--ort-lib {name}"))
    };
    let patched = |from: &[u8], to: &[u8]| {
        let at = whole.windows(from.len()).position(|bytes| bytes == from).unwrap();
        [&whole[..at], to, &whole[at + from.len()..]].concat()
    };
    const GIVE: &str = "hint: give libonnxruntime.so itself, whole and for this machine, as `--ort-lib` (or ORT_DYLIB_PATH); \
                        without either it is looked for\n";
    assert_eq!(
        refused("text.so", b"INPUT ( libonnxruntime.so.1 )"),
        format!(
            "error: ort cpu: {}: not a shared library: it does not begin as ELF files do\n{GIVE}",
            real(&bench, "text.so")
        )
    );
    let cut = refused("cut.so", &whole[..whole.len() / 2]);
    assert!(cut.starts_with(&format!("error: ort cpu: {}: damaged: ", real(&bench, "cut.so"))), "{cut}");
    assert!(cut.ends_with(GIVE), "{cut}");
    // The machine's number is the 19th byte.
    let foreign = [&whole[..18], &[0xf3, 0], &whole[20..]].concat();
    let foreign = refused("foreign.so", &foreign);
    assert!(foreign.contains("foreign.so: a library for riscv64, and this program is for "), "{foreign}");
    let version = whole.windows(5).position(|bytes| bytes == b"VERS_").unwrap() + 5;
    let version = &whole[version..version + 4];
    let old = refused("old.so", &patched(&[b"VERS_", version].concat(), b"VERS_1.11"));
    assert!(old.contains("old.so: version 1.11."), "{old}");
    assert!(old.contains(", expected at least 1.17.0\nhint: any Linux, processor only: "), "{old}");
    insta::assert_snapshot!(bench.refused("--ort-lib missing.so"), @r"
    error: ort cpu: missing.so: No such file or directory (os error 2)
    hint: give libonnxruntime.so itself, whole and for this machine, as `--ort-lib` (or ORT_DYLIB_PATH); without either it is looked for
    ");
    let ended = bench.program("--engine ort").env("ORT_DYLIB_PATH", "/nowhere/libonnxruntime.so").run();
    insta::assert_snapshot!(ended.transcript(), @r"
    status: 1
    ----- stderr
    error: ort cpu: /nowhere/libonnxruntime.so: No such file or directory (os error 2)
    hint: give libonnxruntime.so itself, whole and for this machine, as `--ort-lib` (or ORT_DYLIB_PATH); without either it is looked for
    ");
}

fn real(bench: &Bench, name: &str) -> String {
    bench.desk.path(name).canonicalize().unwrap_or_else(|_| bench.desk.path(name)).display().to_string()
}

/// Another library that is whole and for this machine.
#[test]
fn another_library_is_not_taken_for_it() {
    let bench = Bench::new();
    let folder = bench.library.rsplit_once('/').unwrap().0.to_owned();
    let refused = bench.refused(&format!("--ort-lib {folder}/libonnxruntime_providers_shared.so"));
    insta::assert_snapshot!(refused, @r"
    error: ort cpu: [ORT FOLDER]/libonnxruntime_providers_shared.so: not ONNX Runtime: it calls itself libonnxruntime_providers_shared.so
    hint: give libonnxruntime.so itself, whole and for this machine, as `--ort-lib` (or ORT_DYLIB_PATH); without either it is looked for
    ");
}

/// An active Python environment is a place where the library is looked for.
#[test]
fn the_library_of_a_python_environment_is_found() {
    let bench = Bench::new();
    let root = bench.library.split("/lib/python").next().unwrap();
    let ended = bench.program("--engine ort --provider cpu").env("VIRTUAL_ENV", root).run().success();
    assert!(ended.stderr.starts_with("note: engine: ort cpu (ONNX Runtime "), "{}", ended.stderr);
}
