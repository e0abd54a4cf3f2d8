//! The program `moead-calibrate`: parses its arguments and calls [`moead_calibration::cli::calibrate`].

use std::process::ExitCode;

fn main() -> ExitCode {
    moead_calibration::cli::calibrate::main()
}
