//! The program `moead-board`: parses its arguments and calls [`moead_boards::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    moead_boards::cli::main()
}
