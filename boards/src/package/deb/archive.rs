//! The containers: `ar` around, `tar` inside.

use std::collections::BTreeSet;
use std::io::{self, Write as _};

use super::File;

/// 2026-01-01: a package has to be from somewhen, and the same inputs must give the same bytes.
pub(super) const TIME: u64 = 1_767_225_600;

/// Small packages matter more than seconds on the PC.
const LEVEL: u32 = 6;

/// Files and the folders above them, owned by root.
pub(super) fn tar_xz(files: &[File]) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(liblzma::write::XzEncoder::new(Vec::new(), LEVEL));
    let mut folders = BTreeSet::new();
    folders.insert(String::new());
    for file in files {
        for (end, _) in file.path.match_indices('/') {
            folders.insert(file.path[..=end].to_owned());
        }
    }
    for folder in folders {
        append(&mut tar, &format!("./{folder}"), tar::EntryType::Directory, 0o755, &[])?;
    }
    for file in files {
        append(&mut tar, &format!("./{}", file.path), tar::EntryType::Regular, file.mode, &file.bytes)?;
    }
    tar.into_inner()?.finish()
}

fn append(
    tar: &mut tar::Builder<liblzma::write::XzEncoder<Vec<u8>>>,
    path: &str,
    kind: tar::EntryType,
    mode: u32,
    bytes: &[u8],
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    // Not `set_path`, which drops the leading `./` that dpkg writes.
    let name = &mut header.as_old_mut().name;
    name.get_mut(..path.len()).ok_or(io::ErrorKind::InvalidFilename)?.copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(bytes.len() as u64);
    header.set_mtime(TIME);
    header.set_uid(0);
    header.set_gid(0);
    header.set_username("root")?;
    header.set_groupname("root")?;
    header.set_cksum();
    tar.append(&header, bytes)
}

/// `ar(5)` in its common form: a line of 60 bytes before each member, which begins at an even byte.
pub(super) fn ar(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = b"!<arch>\n".to_vec();
    for (name, bytes) in members {
        let header = format!("{name:<16}{TIME:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, "100644", bytes.len());
        archive.write_all(header.as_bytes()).expect("a vector grows");
        archive.extend(bytes);
        archive.resize(archive.len().next_multiple_of(2), b'\n');
    }
    archive
}
