//! The program `moead-eval`: parses its arguments and calls [`moead_calibration::cli::eval`].

use std::process::ExitCode;

fn main() -> ExitCode {
    moead_calibration::cli::eval::main()
}
