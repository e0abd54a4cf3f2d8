//! Which kind of board is emulated, and how programs for it come about. The names are Debian's.

use std::path::{Path, PathBuf};
use std::process::Command;

use moead_tests::command::Program;
use moead_tests::golden;

/// `MOEAD_BOARD_MACHINE`, as for `vm.sh`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Machine {
    /// The host's kind: what was just built runs there.
    Amd64,
    /// 64-bit ARM: what `boards/dist/build.sh --arm` made.
    Arm64,
}

impl Machine {
    pub(crate) fn asked() -> Self {
        match std::env::var("MOEAD_BOARD_MACHINE").as_deref() {
            Err(_) | Ok("amd64") => Self::Amd64,
            Ok("arm64") => Self::Arm64,
            Ok(other) => panic!("MOEAD_BOARD_MACHINE: there is no machine {other:?}: expected amd64 or arm64"),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// Of `moead-board`, for such boards in general.
    pub(crate) fn profile(self) -> &'static str {
        match self {
            Self::Amd64 => "pc",
            Self::Arm64 => "aarch64",
        }
    }

    /// `moead-edge` for that machine.
    pub(crate) fn program(self) -> PathBuf {
        match self {
            Self::Amd64 => Program::new("moead-edge").command().get_program().into(),
            Self::Arm64 => {
                let shipped = "dist/aarch64-unknown-linux-gnu/moead-edge";
                let program = std::env::var_os("MOEAD_BOARD_PROGRAM").map_or(golden::root().join(shipped), Into::into);
                assert!(
                    program.is_file(),
                    "{}: build it with boards/dist/build.sh --arm, or name it by MOEAD_BOARD_PROGRAM",
                    program.display()
                );
                program
            }
        }
    }

    /// Without what debuggers read. What ships has nothing of that.
    pub(crate) fn strip(self, program: &Path, output: &Path) {
        match self {
            Self::Amd64 => run(Command::new("strip").arg(program).arg("-o").arg(output)),
            Self::Arm64 => drop(std::fs::copy(program, output).unwrap()),
        }
    }

    /// A C compiler whose programs run there.
    pub(crate) fn compile(self, source: &Path, definition: &str, output: &Path) {
        let mut compiler = match self {
            Self::Amd64 => Command::new("gcc"),
            Self::Arm64 => {
                let cache = std::env::home_dir().unwrap().join(".cache/moead-edge");
                let mut python = Command::new(cache.join("zig/bin/python"));
                python.args(["-m", "ziglang", "cc", "-target", "aarch64-linux-gnu.2.31"]);
                python
            }
        };
        run(compiler.args(["-Os", &format!("-D{definition}"), "-o"]).arg(output).arg(source));
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
