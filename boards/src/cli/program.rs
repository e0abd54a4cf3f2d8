//! `moead-board program PROFILE FILE…`, and where a program is that nobody named.

use std::io;
use std::path::{Path, PathBuf};

use moead_bundle::release::PROGRAM;
use moead_terminal::exit::Exit;
use moead_terminal::failure::At as _;
use moead_terminal::printer::Printer;

use super::arguments::ProgramArguments;
use super::profiles;
use super::say::Say as _;
use crate::input;
use crate::profile::Profile;
use crate::program::Program;

pub(super) fn run(arguments: &ProgramArguments, printer: &Printer) -> anyhow::Result<Exit> {
    let profile = profiles::find(&arguments.profile)?;
    for path in &arguments.files {
        let (bytes, program) = read(path, &profile)?;
        let glibc = program.glibc.map_or("no glibc".to_owned(), |version| format!("glibc {version}"));
        let libraries = if program.libraries.is_empty() { "none".to_owned() } else { program.libraries.join(", ") };
        printer.say(format_args!(
            "{}: {:.1} MB, {}, {glibc}{}, libraries: {libraries}",
            path.display(),
            bytes.len() as f64 / 1e6,
            program.triple.name(),
            program.for_what(),
        ))?;
    }
    Ok(Exit::Fine)
}

/// A program that starts on boards of that profile, and its bytes.
pub(super) fn read(path: &Path, profile: &Profile) -> anyhow::Result<(Vec<u8>, Program)> {
    let bytes = input::bytes(path, input::PROGRAM_BYTES).at(path.display())?;
    let program = Program::read(&bytes).at(path.display())?;
    program.check(profile).at(path.display())?;
    Ok((bytes, program))
}

/// Where moead-edge for that profile is. `boards/dist/build.sh` puts programs into a folder for each machine, side by side; elsewhere there is
/// one beside this program, or none.
pub(super) fn find(profile: &Profile) -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let released = own.ancestors().nth(2).map(|folder| folder.join(profile.target.triple.name()).join(PROGRAM));
    Ok(released.filter(|path| path.is_file()).unwrap_or_else(|| own.with_file_name(PROGRAM)))
}
