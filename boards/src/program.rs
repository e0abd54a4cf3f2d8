//! The program that goes onto a board, looked at from outside: for which machine it is, and what it asks of the system there.

use moead_bundle::version::Version;
use object::Endianness;
use object::elf::{self, FileHeader64};
use object::read::elf::{Dyn as _, FileHeader as _, SectionTable, Sym as _};

use crate::profile::{EngineName, Profile, Triple};

/// What an executable says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// For which machine.
    pub triple: Triple,
    /// The newest version of glibc that it asks for; none: it asks for none.
    pub glibc: Option<Version>,
    /// What it wants of that version: functions by name, in the program's order.
    pub newest: Vec<String>,
    /// Shared libraries that it needs, by name.
    pub libraries: Vec<String>,
}

/// Why a file is no program for a board.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// Not an executable.
    #[error("not a program: {0}")]
    Kind(&'static str),
    /// An executable whose structure makes no sense.
    #[error("damaged: {0}")]
    Damaged(String),
    /// For another machine.
    #[error("a program for {found}, expected {expected}")]
    Machine {
        /// Of the profile.
        expected: &'static str,
        /// As its header says.
        found: String,
    },
    /// It would not start on the board.
    #[error("asks for glibc {found}{}, and the board has {expected}", for_what(.newest))]
    Glibc {
        /// Of the profile.
        expected: Version,
        /// Of what is newest in it.
        found: Version,
        /// What that is, by name.
        newest: Vec<String>,
    },
    /// It would not start on the board.
    #[error("needs the libraries {}, which a board need not have", found.join(", "))]
    Libraries {
        /// Names.
        found: Vec<String>,
    },
    /// It cannot load ONNX Runtime.
    #[error("is linked statically and can load no library, and the profile's engine is one")]
    Static,
}

/// Versions that are no numbers: abilities of the program loader, and the glibc that first had them.
const ABILITIES: [(&str, &str); 1] = [("GLIBC_ABI_DT_RELR", "2.36")];

/// What every system with glibc has.
const EVERYWHERE: [&str; 8] = [
    "libc.so.6",
    "libm.so.6",
    "libgcc_s.so.1",
    "libpthread.so.0",
    "libdl.so.2",
    "librt.so.1",
    "ld-linux-aarch64.so.1",
    "ld-linux-x86-64.so.2",
];

impl Program {
    /// Reads an executable's headers.
    ///
    /// # Errors
    /// [`ProgramError::Kind`], [`ProgramError::Damaged`], and [`ProgramError::Machine`] for a machine that no profile is for.
    pub fn read(bytes: &[u8]) -> Result<Self, ProgramError> {
        let damaged = |error: object::read::Error| ProgramError::Damaged(error.to_string().to_lowercase());
        if !bytes.starts_with(b"\x7fELF") {
            return Err(ProgramError::Kind("it does not begin as ELF files do"));
        }
        match (bytes.get(4), bytes.get(5)) {
            (Some(2), Some(1)) => {}
            _ => return Err(ProgramError::Kind("it is not for 64 bits and little-endian")),
        }
        let header = FileHeader64::<Endianness>::parse(bytes).map_err(damaged)?;
        let endian = header.endian().map_err(damaged)?;
        let triple = match header.e_machine(endian) {
            elf::EM_AARCH64 => Triple::Aarch64,
            elf::EM_X86_64 => Triple::X86_64,
            other => {
                let found = format!("machine number {}", other.0);
                return Err(ProgramError::Machine { expected: "64-bit ARM or x86-64", found });
            }
        };
        let segments = header.program_headers(endian, bytes).map_err(damaged)?;
        let has = |kind| segments.iter().any(|segment| segment.p_type.get(endian) == kind);
        match header.e_type(endian) {
            elf::ET_EXEC => {}
            elf::ET_DYN if has(elf::PT_INTERP) || !has(elf::PT_DYNAMIC) => {}
            // Static and position-independent: entered by itself.
            elf::ET_DYN if header.e_entry.get(endian) != 0 => {}
            elf::ET_DYN => return Err(ProgramError::Kind("it is a library")),
            _ => return Err(ProgramError::Kind("it is an ELF file of another type")),
        }
        // Everything that would be loaded is there.
        for segment in segments {
            let end = segment.p_offset.get(endian).checked_add(segment.p_filesz.get(endian));
            if segment.p_type.get(endian) == elf::PT_LOAD && end.is_none_or(|end| end > bytes.len() as u64) {
                return Err(ProgramError::Damaged("a segment ends behind the file".into()));
            }
        }
        let sections = header.sections(endian, bytes).map_err(damaged)?;
        let mut libraries = Vec::new();
        if let Some((entries, link)) = sections.dynamic(endian, bytes).map_err(damaged)? {
            let strings = sections.strings(endian, bytes, link).map_err(damaged)?;
            for entry in entries.iter().filter(|entry| entry.tag(endian) == elf::DT_NEEDED) {
                let name = entry.string(endian, strings).map_err(damaged)?;
                libraries.push(String::from_utf8_lossy(name).into_owned());
            }
        } else if has(elf::PT_DYNAMIC) {
            return Err(ProgramError::Damaged("its dynamic section has no section header".into()));
        }
        let (glibc, newest) = needs(&sections, endian, bytes).map_err(damaged)?;
        Ok(Self { triple, glibc, newest, libraries })
    }

    /// What it wants the newest glibc for, in words that follow its number: ` for hypot, hypotf and 3 more`.
    #[must_use]
    pub fn for_what(&self) -> String {
        for_what(&self.newest)
    }

    /// Whether it starts on a board of that profile.
    ///
    /// # Errors
    /// [`ProgramError`]
    pub fn check(&self, profile: &Profile) -> Result<(), ProgramError> {
        let expected = profile.target.triple;
        if self.triple != expected {
            return Err(ProgramError::Machine { expected: expected.name(), found: self.triple.name().into() });
        }
        if let Some(found) = self.glibc.filter(|&found| found > profile.target.glibc) {
            let newest = self.newest.clone();
            return Err(ProgramError::Glibc { expected: profile.target.glibc, found, newest });
        }
        let is_foreign = |name: &&String| !EVERYWHERE.contains(&name.as_str());
        let found: Vec<String> = self.libraries.iter().filter(is_foreign).cloned().collect();
        if !found.is_empty() {
            return Err(ProgramError::Libraries { found });
        }
        if self.libraries.is_empty() && profile.engine.name == EngineName::Ort {
            return Err(ProgramError::Static);
        }
        Ok(())
    }
}

type Sections<'a> = SectionTable<'a, FileHeader64<Endianness>>;

/// The newest version of glibc, and the functions that are wanted of it.
fn needs(
    sections: &Sections<'_>,
    endian: Endianness,
    bytes: &[u8],
) -> object::read::Result<(Option<Version>, Vec<String>)> {
    let Some((mut files, link)) = sections.gnu_verneed(endian, bytes)? else { return Ok((None, Vec::new())) };
    let strings = sections.strings(endian, bytes, link)?;
    let (mut newest, mut numbers, mut names) = (None, Vec::new(), Vec::new());
    while let Some((_, mut versions)) = files.next()? {
        while let Some(version) = versions.next()? {
            let name = std::str::from_utf8(version.name(endian, strings)?).unwrap_or_default();
            let ability = ABILITIES.iter().find(|(ability, _)| *ability == name);
            let number = ability.map(|(_, number)| *number).or_else(|| name.strip_prefix("GLIBC_"));
            let Some(number) = number.and_then(Version::parse) else { continue };
            if Some(number) > newest {
                (newest, numbers, names) = (Some(number), Vec::new(), Vec::new());
            }
            if Some(number) == newest {
                numbers.push(version.vna_other(endian).index());
                names.extend(ability.map(|(ability, _)| (*ability).to_owned()));
            }
        }
    }
    // Each symbol has the number of the version that it is wanted of.
    let symbols = sections.symbols(endian, bytes, elf::SHT_DYNSYM)?;
    let versions = sections.gnu_versym(endian, bytes)?.map(|(versions, _)| versions).unwrap_or_default();
    for (symbol, version) in symbols.iter().zip(versions) {
        if numbers.contains(&version.0.get(endian).index()) && symbol.is_undefined(endian) {
            let name = symbol.name(endian, symbols.strings())?;
            names.push(String::from_utf8_lossy(name).into_owned());
        }
    }
    Ok((newest, names))
}

/// ` for hypot, hypotf and 3 more`; nothing where it is not known.
fn for_what(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => String::new(),
        count if count <= SHOWN => format!(" for {shown}"),
        count => format!(" for {shown} and {} more", count - SHOWN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::catalogue;

    const AARCH64: &[u8] = include_bytes!("../tests/programs/aarch64");
    const X86_64: &[u8] = include_bytes!("../tests/programs/x86_64");
    const PACKED: &[u8] = include_bytes!("../tests/programs/x86_64-packed");

    /// With another text of the same length in place of every one.
    fn with(bytes: &[u8], old: &str, new: &str) -> Vec<u8> {
        assert_eq!(old.len(), new.len());
        let mut bytes = bytes.to_vec();
        let places: Vec<usize> = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(old.as_bytes())).collect();
        assert!(!places.is_empty(), "{old}");
        for at in places {
            bytes[at..at + new.len()].copy_from_slice(new.as_bytes());
        }
        bytes
    }

    fn refused(bytes: &[u8], profile: &str) -> String {
        let profile = catalogue::profile(profile).unwrap();
        Program::read(bytes).and_then(|program| program.check(&profile)).unwrap_err().to_string()
    }

    #[test]
    fn a_program_says_what_it_needs() {
        let libraries = vec!["libc.so.6".to_owned()];
        let glibc = Version::parse("2.17");
        let newest = vec!["_exit".to_owned(), "getpid".to_owned()];
        let (again, others) = (newest.clone(), libraries.clone());
        assert_eq!(
            Program::read(AARCH64).unwrap(),
            Program { triple: Triple::Aarch64, glibc, newest: again, libraries: others }
        );
        let glibc = Version::parse("2.2.5");
        assert_eq!(Program::read(X86_64).unwrap(), Program { triple: Triple::X86_64, glibc, newest, libraries });
        Program::read(AARCH64).unwrap().check(&catalogue::profile("jetson-orin-nano").unwrap()).unwrap();
        Program::read(X86_64).unwrap().check(&catalogue::profile("pc").unwrap()).unwrap();
    }

    #[test]
    fn a_program_that_would_not_start_is_refused() {
        assert_eq!(
            refused(X86_64, "raspberry-pi-5"),
            "a program for x86_64-unknown-linux-gnu, expected aarch64-unknown-linux-gnu"
        );
        let newer = with(AARCH64, "GLIBC_2.17", "GLIBC_2.37");
        assert_eq!(refused(&newer, "raspberry-pi-5"), "asks for glibc 2.37 for _exit, getpid, and the board has 2.36");
        // A program whose own addresses are packed; older loaders give up on it, whatever its functions ask for.
        assert_eq!(refused(PACKED, "pc"), "asks for glibc 2.36 for GLIBC_ABI_DT_RELR, and the board has 2.31");
        let foreign = with(AARCH64, "libc.so.6", "libz.so.6");
        assert_eq!(refused(&foreign, "aarch64"), "needs the libraries libz.so.6, which a board need not have");
    }

    #[test]
    fn what_asks_for_the_newest_glibc_is_named_as_far_as_it_fits() {
        let said = |names: &[&str]| for_what(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        assert_eq!(said(&[]), "");
        assert_eq!(said(&["hypot", "hypotf", "gettid"]), " for hypot, hypotf, gettid");
        assert_eq!(said(&["hypot", "hypotf", "gettid", "fstat"]), " for hypot, hypotf, gettid and 1 more");
    }

    #[test]
    fn other_files_are_no_programs() {
        assert_eq!(refused(b"#!/bin/sh\n", "pc"), "not a program: it does not begin as ELF files do");
        assert_eq!(refused(b"\x7fELF\x01\x01", "pc"), "not a program: it is not for 64 bits and little-endian");
        let mut other = X86_64.to_vec();
        other[18] = 243;
        assert_eq!(refused(&other, "pc"), "a program for machine number 243, expected 64-bit ARM or x86-64");
        other = X86_64.to_vec();
        other[16] = 1;
        assert_eq!(refused(&other, "pc"), "not a program: it is an ELF file of another type");
    }

    #[test]
    fn a_program_that_was_cut_anywhere_is_refused() {
        for length in 0..X86_64.len() {
            assert!(Program::read(&X86_64[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn no_single_changed_byte_makes_the_reader_panic() {
        for (sample, at) in
            [AARCH64, PACKED].into_iter().flat_map(|sample| (0..sample.len()).map(move |at| (sample, at)))
        {
            for value in [1, 0x7f, 0xff] {
                let mut changed = sample.to_vec();
                changed[at] = value;
                // Whatever it says, it says it.
                let _ = Program::read(&changed);
            }
        }
    }
}
