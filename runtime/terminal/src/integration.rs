//! What shells and `man` know about a program, made from the program's own command line.
//!
//! Every program has two subcommands for that, `completions SHELL` and `man`; packages call them while they are built.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command, Subcommand};
use clap_complete::Shell;

use crate::exit::Exit;
use crate::failure::At as _;
use crate::printer::Printer;

/// The subcommands, to be flattened into a program's own.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Integration {
    /// Print a script that completes this program's arguments in a shell
    Completions(CompletionsArguments),
    /// Print this program's manual page
    Man(ManualArguments),
}

impl Integration {
    /// Prints or writes what is asked for.
    ///
    /// * `command`: the program's command line.
    ///
    /// # Errors
    /// Standard output's, or those of the folder that pages go into.
    pub fn run(&self, mut command: Command, printer: &Printer) -> anyhow::Result<Exit> {
        match self {
            Self::Completions(shell) => shell.write(&mut command, &mut printer.data())?,
            Self::Man(manual) => {
                let written = manual.write(command, &mut printer.data());
                match &manual.output {
                    Some(folder) => written.at(folder.display())?,
                    None => written?,
                }
            }
        }
        Ok(Exit::Fine)
    }
}

/// Arguments of `completions`: prints a script for one shell.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct CompletionsArguments {
    /// The shell to complete in
    #[arg(value_enum)]
    pub shell: Shell,
}

impl CompletionsArguments {
    /// Writes the script, to be sourced by the shell or put where it looks for completions.
    ///
    /// # Errors
    /// As `write` on `output`.
    pub fn write(&self, command: &mut Command, output: &mut impl Write) -> io::Result<()> {
        let name = command.get_name().to_owned();
        // The generator panics when its output fails, so it writes to memory.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, command, name, &mut script);
        output.write_all(&script)
    }
}

/// Arguments of `man`: the manual page on stdout, or all pages into a folder.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ManualArguments {
    /// Write the program's page and one page per subcommand into this folder, instead of the program's page to stdout
    #[arg(long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
}

impl ManualArguments {
    /// Writes the page or pages.
    ///
    /// # Errors
    /// As `write` on `output`, or on the files in the folder, which must exist.
    pub fn write(&self, command: Command, output: &mut impl Write) -> io::Result<()> {
        match &self.output {
            Some(folder) => write_pages(command, folder),
            None => {
                let mut page = Vec::new();
                clap_mangen::Man::new(command).render(&mut page)?;
                output.write_all(&page)
            }
        }
    }
}

/// `moead-edge.1`, `moead-edge-verify.1`, …: hidden subcommands have no page.
fn write_pages(command: Command, folder: &Path) -> io::Result<()> {
    clap_mangen::generate_to(command, folder)
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    fn command() -> Command {
        Command::new("greet")
            .version("1.0.0")
            .about("Greets")
            .arg(Arg::new("loud").long("loud").action(clap::ArgAction::SetTrue).help("Greets loudly"))
            .subcommand(Command::new("wave").about("Greets without words"))
    }

    #[test]
    fn a_completion_script_knows_the_flags() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut script = Vec::new();
            CompletionsArguments { shell }.write(&mut command(), &mut script).unwrap();
            assert!(String::from_utf8(script).unwrap().contains("loud"), "{shell}");
        }
    }

    #[test]
    fn the_manual_page_knows_the_flags() {
        let mut page = Vec::new();
        ManualArguments { output: None }.write(command(), &mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        assert!(page.contains(".TH greet 1"), "{page}");
        assert!(page.contains("Greets loudly"), "{page}");
    }

    #[test]
    fn a_missing_folder_is_an_error_and_not_a_panic() {
        let arguments = ManualArguments { output: Some("/nonexistent/folder".into()) };
        assert!(arguments.write(command(), &mut Vec::new()).is_err());
    }
}
