//! The file: a plain tar archive that `tar -t` lists and `zstd -d` opens.
//!
//! In this order, and nothing else:
//!
//! 1. `manifest.json`, as it was signed ([`crate::manifest`])
//! 2. `manifest.json.minisig`, minisign's signature of exactly those bytes
//! 3. `PATH.zst` for each member of the manifest, in its order: a zstd frame each
//! 4. two blocks of zeros
//!
//! Every header is that of [`header`]: name and size are all that differs from one to the next (mode 0644, owner 0, time 0).
//! A reader knows each header before it reads it, so links, devices, extensions, sparse files and paths out of the folder are
//! not filtered out: they cannot be expressed.
//!
//! Members are compressed one by one, not the archive: the signature is checked before a decompressor sees a byte, and a board
//! that has a member already can leave it out.

use std::io::{self, Write};

/// Name of the first file.
pub const MANIFEST: &str = "manifest.json";
/// Name of the second file.
pub const SIGNATURE: &str = "manifest.json.minisig";
/// Bytes of a header, and what content is padded to.
pub const BLOCK: u64 = 512;
/// Bytes of zeros at the end.
pub const END: u64 = 2 * BLOCK;

/// The name of a stored member.
pub(crate) fn stored_name(path: &crate::member_path::MemberPath) -> String {
    format!("{path}.zst")
}

/// The only header that a file of this name and size has.
///
/// # Panics
/// When the name does not fit into 100 bytes; names of members do.
#[must_use]
pub fn header(name: &str, size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_path(name).expect("a short relative path");
    header.set_size(size);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    header
}

/// Bytes of zeros behind content of that size.
#[must_use]
pub fn padding(size: u64) -> u64 {
    size.next_multiple_of(BLOCK) - size
}

/// Writes one file.
pub(crate) fn write(out: &mut dyn Write, name: &str, content: &[u8]) -> io::Result<()> {
    let size = content.len() as u64;
    out.write_all(header(name, size).as_bytes())?;
    out.write_all(content)?;
    out.write_all(&vec![0; usize::try_from(padding(size)).unwrap_or(0)])
}

/// What a header is about, for people: `../../etc/passwd, a symbolic link`.
pub(crate) fn described(block: &[u8; BLOCK as usize]) -> String {
    if block.iter().all(|&byte| byte == 0) {
        return "the end of the archive".into();
    }
    let header = tar::Header::from_byte_slice(block);
    let name = String::from_utf8_lossy(&header.path_bytes()).into_owned();
    let kind = match header.entry_type() {
        tar::EntryType::Regular => match header.entry_size() {
            Ok(size) => format!("a file of {size} bytes"),
            Err(_) => "a file without a size".to_owned(),
        },
        tar::EntryType::Symlink => "a symbolic link".into(),
        tar::EntryType::Link => "a hard link".into(),
        tar::EntryType::Directory => "a folder".into(),
        tar::EntryType::Char | tar::EntryType::Block | tar::EntryType::Fifo => "a device or a pipe".into(),
        tar::EntryType::GNULongName | tar::EntryType::GNULongLink | tar::EntryType::XHeader => "a long name".into(),
        _ => "something else".into(),
    };
    format!("{name}, {kind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_what_tar_would_write() {
        let header = header("systemd/moead-edge.service.zst", 1234);
        assert_eq!(header.path_bytes().as_ref(), b"systemd/moead-edge.service.zst");
        assert_eq!((header.entry_size().unwrap(), header.mode().unwrap(), header.mtime().unwrap()), (1234, 0o644, 0));
        assert_eq!(described(header.as_bytes()), "systemd/moead-edge.service.zst, a file of 1234 bytes");
    }

    #[test]
    fn content_ends_on_a_block() {
        assert_eq!([0, 1, 511, 512, 513].map(padding), [0, 511, 1, 0, 511]);
    }
}
