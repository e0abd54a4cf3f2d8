//! The program that goes onto a board, looked at from outside: for which machine it is, and what it asks of the system there.

use moead_bundle::version::Version;
use object::Endianness;
use object::elf::{self, FileHeader64};
use object::read::elf::{Dyn as _, FileHeader as _};

use crate::profile::{EngineName, Profile, Triple};

/// What an executable says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// For which machine.
    pub triple: Triple,
    /// The newest version of glibc that one of its symbols asks for; none: it asks for none.
    pub glibc: Option<Version>,
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
    #[error("asks for glibc {found}, and the board has {expected}")]
    Glibc {
        /// Of the profile.
        expected: Version,
        /// Of its newest symbol.
        found: Version,
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
        let mut glibc: Option<Version> = None;
        if let Some((mut needs, link)) = sections.gnu_verneed(endian, bytes).map_err(damaged)? {
            let strings = sections.strings(endian, bytes, link).map_err(damaged)?;
            while let Some((_, mut versions)) = needs.next().map_err(damaged)? {
                while let Some(version) = versions.next().map_err(damaged)? {
                    let name = version.name(endian, strings).map_err(damaged)?;
                    let name = std::str::from_utf8(name).unwrap_or_default();
                    glibc = glibc.max(name.strip_prefix("GLIBC_").and_then(Version::parse));
                }
            }
        }
        Ok(Self { triple, glibc, libraries })
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
            return Err(ProgramError::Glibc { expected: profile.target.glibc, found });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::catalogue;

    const AARCH64: &[u8] = include_bytes!("../tests/programs/aarch64");
    const X86_64: &[u8] = include_bytes!("../tests/programs/x86_64");

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
        assert_eq!(
            Program::read(AARCH64).unwrap(),
            Program { triple: Triple::Aarch64, glibc, libraries: libraries.clone() }
        );
        let glibc = Version::parse("2.2.5");
        assert_eq!(Program::read(X86_64).unwrap(), Program { triple: Triple::X86_64, glibc, libraries });
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
        assert_eq!(refused(&newer, "raspberry-pi-5"), "asks for glibc 2.37, and the board has 2.36");
        let foreign = with(AARCH64, "libc.so.6", "libz.so.6");
        assert_eq!(refused(&foreign, "aarch64"), "needs the libraries libz.so.6, which a board need not have");
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
        for at in 0..AARCH64.len() {
            for value in [1, 0x7f, 0xff] {
                let mut changed = AARCH64.to_vec();
                changed[at] = value;
                // Whatever it says, it says it.
                let _ = Program::read(&changed);
            }
        }
    }
}
