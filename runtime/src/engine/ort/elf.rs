//! What the file of a shared library says about itself, read before the dynamic linker is let loose on it: a linker maps a file
//! that was cut short without complaint, and the program dies when the missing part is touched.
//!
//! Only what is needed of the ELF format (System V gABI, chapters 4 and 5; symbol versions as in the LSB, section 10.7): header,
//! program headers, the dynamic section, version definitions.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// Segments that are looked at. Real libraries have about ten; a header can claim 65 535.
const MAX_SEGMENTS: u16 = 128;
/// Entries of the dynamic section that are looked at. Real libraries have about forty.
const MAX_ENTRIES: u64 = 1024;
/// Version definitions that are looked at; ONNX Runtime has two. They are a chain, which a file can make as long as it likes.
const MAX_DEFINITIONS: u64 = 64;
/// Bytes of a definition's name.
const MAX_NAME: usize = 64;

const HEADER_BYTES: usize = 64;
const SEGMENT_BYTES: usize = 56;
const LOADED: u32 = 1;
const DYNAMIC: u32 = 2;
const SHARED_OBJECT: u16 = 3;

/// A processor architecture, as ELF numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine(pub u16);

impl Machine {
    /// What this program was built for; `None` where that is no ELF architecture known here.
    pub const OWN: Option<Self> = if cfg!(target_arch = "x86_64") {
        Some(Self(62))
    } else if cfg!(target_arch = "aarch64") {
        Some(Self(183))
    } else if cfg!(target_arch = "riscv64") {
        Some(Self(243))
    } else {
        None
    };
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            3 => f.write_str("x86 (32 bit)"),
            40 => f.write_str("arm (32 bit)"),
            62 => f.write_str("x86_64"),
            183 => f.write_str("aarch64"),
            243 => f.write_str("riscv64"),
            other => write!(f, "machine {other}"),
        }
    }
}

/// A library's version: `1.32.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// 1 for all that there are.
    pub major: u32,
    /// Grows with every release.
    pub minor: u32,
    /// Repairs.
    pub patch: u32,
}

impl Version {
    /// Reads `1.32.0`, also with something behind it: `1.32.0-dev`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let mut number = || {
            let part = parts.next()?;
            let end = part.find(|character: char| !character.is_ascii_digit()).unwrap_or(part.len());
            part[..end].parse().ok()
        };
        Some(Self { major: number()?, minor: number()?, patch: number().unwrap_or(0) })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// A shared library's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedObject {
    /// What it runs on.
    pub machine: Machine,
    /// What it calls itself: `libonnxruntime.so.1`, whatever the file is called.
    pub name: Option<String>,
    /// From the version that its symbols carry, `VERS_1.32.0`; `None` for a library without such.
    pub version: Option<Version>,
}

/// Why a file is no shared library that could be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ElfError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// Another kind of file.
    #[error("not a shared library: {0}")]
    Kind(&'static str),
    /// Of a machine with 32 bits or the other byte order, or of another processor.
    #[error("a library for {found}, and this program is for {expected}")]
    Machine {
        /// The library's.
        found: String,
        /// This program's.
        expected: String,
    },
    /// Something lies behind the end of the file.
    #[error("damaged: {part} lies at {start} to {end}, and the file has {length} bytes")]
    Cut {
        /// Which part.
        part: &'static str,
        /// First byte.
        start: u64,
        /// First byte behind it.
        end: u64,
        /// Of the file.
        length: u64,
    },
    /// A number that makes no sense.
    #[error("damaged: {0}")]
    Damaged(&'static str),
}

/// A part of the file that is mapped somewhere.
#[derive(Debug, Clone, Copy)]
struct Segment {
    kind: u32,
    offset: u64,
    address: u64,
    file_bytes: u64,
}

impl SharedObject {
    /// Reads the headers of a file; a few kilobytes, however large it is.
    ///
    /// # Errors
    /// [`ElfError`] when the file is no shared library for `expected`, or not whole.
    pub fn read(path: &Path, expected: Option<Machine>) -> Result<Self, ElfError> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(ElfError::Kind("a folder or a device"));
        }
        let reader = Reader { file, length: metadata.len() };
        let machine = reader.machine(expected)?;
        let segments = reader.segments()?;
        let section = reader.dynamic(&segments)?;
        let name = section.name.map(|at| reader.name(at)).transpose()?;
        Ok(Self { machine, name, version: reader.version(&section)? })
    }
}

/// What the dynamic section points to, as offsets in the file.
#[derive(Default)]
struct Section {
    strings: u64,
    name: Option<u64>,
    definitions: Option<u64>,
    count: u64,
}

const FAR: &str = "an offset beyond 64 bits";

struct Reader {
    file: File,
    length: u64,
}

impl Reader {
    fn bytes<const N: usize>(&self, part: &'static str, start: u64) -> Result<[u8; N], ElfError> {
        let mut bytes = [0; N];
        self.check(part, start, N as u64)?;
        self.file.read_exact_at(&mut bytes, start)?;
        Ok(bytes)
    }

    fn check(&self, part: &'static str, start: u64, bytes: u64) -> Result<(), ElfError> {
        let end = start.checked_add(bytes).ok_or(ElfError::Damaged(FAR))?;
        if end > self.length {
            return Err(ElfError::Cut { part, start, end, length: self.length });
        }
        Ok(())
    }

    fn machine(&self, expected: Option<Machine>) -> Result<Machine, ElfError> {
        if self.length < 16 {
            return Err(ElfError::Kind("it has fewer than 16 bytes"));
        }
        let identity: [u8; 16] = self.bytes("the identity", 0)?;
        if &identity[..4] != b"\x7fELF" {
            return Err(ElfError::Kind("it does not begin as ELF files do"));
        }
        let wanted = expected.map_or("another one".into(), |machine| machine.to_string());
        let refused = |found: &str| ElfError::Machine { found: found.into(), expected: wanted.clone() };
        match (identity[4], identity[5]) {
            (2, 1) => {}
            (1, _) => return Err(refused("32 bits")),
            (_, 2) => return Err(refused("the other byte order")),
            _ => return Err(ElfError::Damaged("the identity names no known class and byte order")),
        }
        let header: [u8; HEADER_BYTES] = self.bytes("the header", 0)?;
        let machine = Machine(u16_at(&header, 18));
        if expected.is_some_and(|expected| expected != machine) {
            return Err(refused(&machine.to_string()));
        }
        if u16_at(&header, 16) != SHARED_OBJECT {
            return Err(ElfError::Kind("an ELF file of another type"));
        }
        Ok(machine)
    }

    /// The program headers; all of what they describe lies inside of the file.
    fn segments(&self) -> Result<Vec<Segment>, ElfError> {
        let header: [u8; HEADER_BYTES] = self.bytes("the header", 0)?;
        let (start, size, count) = (u64_at(&header, 32), u16_at(&header, 54), u16_at(&header, 56));
        if usize::from(size) != SEGMENT_BYTES || count == 0 || count > MAX_SEGMENTS {
            return Err(ElfError::Damaged("the number or the size of its segments"));
        }
        let mut segments = Vec::with_capacity(count.into());
        for index in 0..u64::from(count) {
            let at = index
                .checked_mul(SEGMENT_BYTES as u64)
                .and_then(|offset| offset.checked_add(start))
                .ok_or(ElfError::Damaged(FAR))?;
            let bytes: [u8; SEGMENT_BYTES] = self.bytes("a segment's description", at)?;
            let segment = Segment {
                kind: u32_at(&bytes, 0),
                offset: u64_at(&bytes, 8),
                address: u64_at(&bytes, 16),
                file_bytes: u64_at(&bytes, 32),
            };
            if [LOADED, DYNAMIC].contains(&segment.kind) {
                self.check("a segment", segment.offset, segment.file_bytes)?;
            }
            segments.push(segment);
        }
        if !segments.iter().any(|segment| segment.kind == LOADED) {
            return Err(ElfError::Damaged("nothing of it would be loaded"));
        }
        Ok(segments)
    }

    /// Where the library's name, strings and versions lie.
    fn dynamic(&self, segments: &[Segment]) -> Result<Section, ElfError> {
        const STRINGS: u64 = 5;
        const NAME: u64 = 14;
        const DEFINITIONS: u64 = 0x6fff_fffc;
        const DEFINITION_COUNT: u64 = 0x6fff_fffd;
        let dynamic = segments.iter().find(|segment| segment.kind == DYNAMIC);
        let dynamic = dynamic.ok_or(ElfError::Damaged("it has no dynamic section"))?;
        let (mut strings, mut name, mut definitions, mut count) = (None, None, None, 0);
        for index in 0..(dynamic.file_bytes / 16).min(MAX_ENTRIES) {
            let entry: [u8; 16] = self.bytes("the dynamic section", dynamic.offset + index * 16)?;
            match (u64_at(&entry, 0), u64_at(&entry, 8)) {
                (0, _) => break,
                (STRINGS, address) => strings = Some(address),
                (NAME, offset) => name = Some(offset),
                (DEFINITIONS, address) => definitions = Some(address),
                (DEFINITION_COUNT, number) => count = number,
                _ => {}
            }
        }
        let Some(strings) = strings else { return Ok(Section::default()) };
        let strings = offset_of(segments, strings)?;
        let name = name.map(|offset| strings.checked_add(offset).ok_or(ElfError::Damaged(FAR))).transpose()?;
        let definitions = definitions.map(|address| offset_of(segments, address)).transpose()?;
        Ok(Section { strings, name, definitions, count })
    }

    /// The number in the symbols' version `VERS_…`.
    fn version(&self, section: &Section) -> Result<Option<Version>, ElfError> {
        let Section { strings, definitions: Some(mut at), count, .. } = *section else { return Ok(None) };
        for _ in 0..count.min(MAX_DEFINITIONS) {
            let definition: [u8; 20] = self.bytes("a version", at)?;
            let (auxiliary, next) = (u32_at(&definition, 12), u32_at(&definition, 16));
            let auxiliary: [u8; 8] = self.bytes("a version", add(at, auxiliary)?)?;
            let name = self.name(add(strings, u32_at(&auxiliary, 0))?)?;
            if let Some(version) = name.strip_prefix("VERS_").and_then(Version::parse) {
                return Ok(Some(version));
            }
            if next == 0 {
                break;
            }
            at = add(at, next)?;
        }
        Ok(None)
    }

    /// A name that ends with a zero; a longer one is cut.
    fn name(&self, start: u64) -> Result<String, ElfError> {
        let mut bytes = [0; MAX_NAME];
        self.check("a name", start, 1)?;
        let mut filled = 0;
        while filled < bytes.len() {
            match self.file.read_at(&mut bytes[filled..], start + filled as u64)? {
                0 => break,
                count => filled += count,
            }
        }
        let name = bytes[..filled].split(|&byte| byte == 0).next().unwrap_or_default();
        Ok(String::from_utf8_lossy(name).into_owned())
    }
}

fn offset_of(segments: &[Segment], address: u64) -> Result<u64, ElfError> {
    let inside = |segment: &&Segment| {
        segment.kind == LOADED && address >= segment.address && address - segment.address < segment.file_bytes
    };
    let segment = segments.iter().find(inside).ok_or(ElfError::Damaged("an address that nothing is loaded at"))?;
    (address - segment.address).checked_add(segment.offset).ok_or(ElfError::Damaged(FAR))
}

fn add(start: u64, offset: u32) -> Result<u64, ElfError> {
    start.checked_add(offset.into()).ok_or(ElfError::Damaged(FAR))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().copied().map_or(0, u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk().copied().map_or(0, u64::from_le_bytes)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A library with one segment, made by hand: header, two program headers, dynamic section, one version, its name.
    pub(crate) fn library(machine: u16, version: &str) -> Vec<u8> {
        with_versions(machine, &[version])
    }

    fn with_versions(machine: u16, versions: &[&str]) -> Vec<u8> {
        /// It is mapped so much behind its offset, so that an address is no offset.
        const SHIFT: u64 = 4096;
        const DYNAMIC_AT: u64 = 64 + 2 * 56;
        const DEFINITIONS_AT: u64 = DYNAMIC_AT + 5 * 16;
        let names_at = DEFINITIONS_AT + 28 * versions.len() as u64;
        let mut bytes = vec![0; 64 + 2 * 56];
        bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        bytes[16..18].copy_from_slice(&3_u16.to_le_bytes());
        bytes[18..20].copy_from_slice(&machine.to_le_bytes());
        bytes[32..40].copy_from_slice(&64_u64.to_le_bytes());
        bytes[54..56].copy_from_slice(&56_u16.to_le_bytes());
        bytes[56..58].copy_from_slice(&2_u16.to_le_bytes());
        let name_offset: usize = versions.iter().map(|version| version.len() + 1).sum();
        let entries = [
            (14, name_offset as u64),
            (5, names_at + SHIFT),
            (0x6fff_fffc, DEFINITIONS_AT + SHIFT),
            (0x6fff_fffd, versions.len() as u64),
            (0, 0),
        ];
        for (tag, value) in entries {
            bytes.extend(u64::to_le_bytes(tag));
            bytes.extend(value.to_le_bytes());
        }
        let mut name_at = 0;
        for (index, version) in versions.iter().enumerate() {
            // vd_version, vd_flags, vd_ndx, vd_cnt, vd_hash, vd_aux, vd_next; vda_name, vda_next.
            for half in [1_u16, 0, 2, 1] {
                bytes.extend(half.to_le_bytes());
            }
            let next = if index + 1 < versions.len() { 28 } else { 0 };
            for word in [0_u32, 20, next, name_at, 0] {
                bytes.extend(word.to_le_bytes());
            }
            name_at += version.len() as u32 + 1;
        }
        for text in versions.iter().chain(&["libonnxruntime.so.1"]) {
            bytes.extend(text.as_bytes());
            bytes.push(0);
        }
        let whole = bytes.len() as u64;
        for (index, kind, offset, length) in [(0, LOADED, 0, whole), (1, DYNAMIC, DYNAMIC_AT, 80)] {
            let at = 64 + index * 56;
            bytes[at..at + 4].copy_from_slice(&kind.to_le_bytes());
            for (field, value) in [(8, offset), (16, offset + SHIFT), (32, length), (40, length)] {
                bytes[at + field..at + field + 8].copy_from_slice(&value.to_le_bytes());
            }
        }
        bytes
    }

    fn read(bytes: &[u8]) -> Result<SharedObject, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lib.so");
        std::fs::write(&path, bytes).unwrap();
        SharedObject::read(&path, Some(Machine(62))).map_err(|error| error.to_string())
    }

    #[test]
    fn a_library_names_its_version() {
        let version = Version { major: 1, minor: 32, patch: 0 };
        let name = Some("libonnxruntime.so.1".into());
        let expected = SharedObject { machine: Machine(62), name, version: Some(version) };
        assert_eq!(read(&library(62, "VERS_1.32.0")), Ok(expected));
        assert_eq!(read(&library(62, "other")).unwrap().version, None);
    }

    #[test]
    fn versions_are_ordered_by_number() {
        let version = |text| Version::parse(text).unwrap();
        assert!(version("1.9.1") < version("1.17.0"));
        assert_eq!(version("1.20.1-dev").to_string(), "1.20.1");
        assert_eq!((Version::parse("x"), Version::parse("1"), Version::parse("")), (None, None, None));
    }

    #[test]
    fn another_architecture_is_named() {
        let arm = read(&library(183, "VERS_1.32.0")).unwrap_err();
        assert_eq!(arm, "a library for aarch64, and this program is for x86_64");
        let mut short = library(62, "VERS_1.32.0");
        short[4] = 1;
        assert_eq!(read(&short).unwrap_err(), "a library for 32 bits, and this program is for x86_64");
        short[4] = 2;
        short[5] = 2;
        assert_eq!(read(&short).unwrap_err(), "a library for the other byte order, and this program is for x86_64");
    }

    #[test]
    fn other_files_are_no_libraries() {
        assert_eq!(read(b"").unwrap_err(), "not a shared library: it has fewer than 16 bytes");
        let script = read(b"INPUT ( libonnxruntime.so.1 )").unwrap_err();
        assert_eq!(script, "not a shared library: it does not begin as ELF files do");
        let mut program = library(62, "VERS_1.32.0");
        program[16] = 2;
        assert_eq!(read(&program).unwrap_err(), "not a shared library: an ELF file of another type");
    }

    #[test]
    fn a_library_that_was_cut_anywhere_is_refused() {
        let whole = library(62, "VERS_1.32.0");
        for length in 0..whole.len() {
            let error = read(&whole[..length]).unwrap_err();
            let expected = if length < 16 { "not a shared library: " } else { "damaged: " };
            assert!(error.starts_with(expected), "{length}: {error}");
        }
    }

    #[test]
    fn no_single_changed_byte_makes_the_reader_panic_or_run_for_ever() {
        let whole = library(62, "VERS_1.32.0");
        for at in 0..whole.len() {
            for value in [1, 0xff] {
                let mut changed = whole.clone();
                changed[at] = value;
                // Whatever it says, it says it.
                let _ = read(&changed);
            }
        }
    }

    #[test]
    fn a_chain_of_versions_is_followed_so_far_and_no_further() {
        let mut versions = vec!["libonnxruntime.so.1"; MAX_DEFINITIONS as usize - 1];
        versions.push("VERS_1.32.0");
        assert!(read(&with_versions(62, &versions)).unwrap().version.is_some());
        versions.insert(0, "one more");
        assert_eq!(read(&with_versions(62, &versions)).unwrap().version, None);
    }
}
