//! The program `moead-edge`.

use std::process::ExitCode;

fn main() -> ExitCode {
    moead_runtime::cli::main()
}
