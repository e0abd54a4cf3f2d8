//! The program `moead-export`: parses its arguments and calls [`moead_exporter::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    moead_exporter::cli::main()
}
