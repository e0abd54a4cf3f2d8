//! `tar` as packages have it: files and the folders above them, the same bytes each time.

use std::collections::BTreeSet;
use std::io::{self, Write};

/// 2026-01-01: a package has to be from somewhen, and the same inputs must give the same bytes.
pub(super) const TIME: u64 = 1_767_225_600;

/// A file of an archive.
pub(super) struct File {
    /// Without a leading slash.
    pub(super) path: String,
    mode: u32,
    pub(super) bytes: Vec<u8>,
}

impl File {
    pub(super) fn plain(path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.trim_start_matches('/').to_owned(), mode: 0o644, bytes: bytes.into() }
    }

    pub(super) fn program(path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { mode: 0o755, ..Self::plain(path, bytes) }
    }
}

/// Files and the folders above them, owned by root.
pub(super) fn tar<W: Write>(files: &[File], out: W) -> io::Result<W> {
    let mut tar = tar::Builder::new(out);
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
    tar.into_inner()
}

fn append<W: Write>(
    tar: &mut tar::Builder<W>,
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

/// Without a time, as `gzip -9n` writes it.
pub(super) fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::GzBuilder::new().mtime(0).write(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}
