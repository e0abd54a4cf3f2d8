//! The program `moead-train`: parses its arguments and calls [`moead_training::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    moead_training::cli::main()
}
