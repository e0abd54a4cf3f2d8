//! The Python that `tests/run.sh` sets up: a second judge for what we write.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

/// The interpreter with onnxruntime, numpy and Pillow.
///
/// # Panics
/// Without `MOEAD_PYTHON`: the tests that ask for it would otherwise pass without having judged anything.
pub fn interpreter() -> PathBuf {
    let python = std::env::var_os("MOEAD_PYTHON");
    python.expect("MOEAD_PYTHON names a Python with tests/requirements.txt: run `tests/run.sh`").into()
}

/// The interpreter itself, behind virtual environments and scripts that choose one: Python's own library, started at once.
pub fn executable() -> PathBuf {
    let ask = "import os, sys; print(os.path.realpath(sys.executable))";
    let output = Command::new(interpreter()).args(["-c", ask]).output().expect("Python starts");
    String::from_utf8(output.stdout).expect("a path in UTF-8").trim_end().into()
}

/// ONNX Runtime's library, as the wheel has it.
///
/// # Panics
/// When the interpreter has no onnxruntime, or its wheel no such library.
pub fn onnxruntime_library() -> PathBuf {
    let ask = "import glob, os, onnxruntime\n\
               print(*glob.glob(os.path.join(os.path.dirname(onnxruntime.__file__), 'capi', 'libonnxruntime.so*')))";
    let output = Command::new(interpreter()).args(["-c", ask]).output().expect("Python starts");
    let text = String::from_utf8(output.stdout).expect("a path in UTF-8");
    let path = text.trim_end();
    assert!(!path.is_empty(), "no onnxruntime: {}", String::from_utf8_lossy(&output.stderr));
    path.into()
}

/// Runs a script and returns its standard output.
///
/// # Panics
/// When it fails, with what it said.
pub fn run(script: &OsStr, arguments: &[&OsStr]) -> String {
    let output = Command::new(interpreter()).arg(script).args(arguments).output().expect("Python starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}: {}", script.to_string_lossy(), text(&output.stderr));
    text(&output.stdout)
}
