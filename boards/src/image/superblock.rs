//! What an ext4 file system says about itself, 1024 bytes behind its beginning: the kernel's `Documentation/filesystems/ext4/super.rst`.

use std::fs::File;
use std::io;

use super::table::{read, u32_at};

/// As far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Superblock {
    pub(super) label: String,
    /// Closed properly, without errors, with an empty journal.
    pub(super) is_clean: bool,
    /// Bytes that nothing uses.
    pub(super) free: u64,
    /// Bytes.
    pub(super) block: u64,
    /// Files, folders and links that could still be made, however small.
    pub(super) free_inodes: u64,
    /// It keeps count of what each owner has.
    pub(super) has_quotas: bool,
}

const AT: u64 = 1024;
const MAGIC: u16 = 0xef53;
/// Closed properly; errors would be 2 more.
const VALID: u16 = 1;
/// The journal has to be replayed first.
const RECOVER: u32 = 4;
/// Block numbers have 64 bits.
const WIDE: u32 = 0x80;
/// Of those that a reader need not know.
const QUOTA: u32 = 0x100;

impl Superblock {
    /// None: it is no ext4.
    pub(super) fn read(image: &File, start: u64) -> io::Result<Option<Self>> {
        let Some(bytes) = read(image, start.saturating_add(AT), 1024) else { return Ok(None) };
        let u16_at = |at: usize| u32_at(&bytes, at) as u16;
        if u16_at(0x38) != MAGIC {
            return Ok(None);
        }
        let features = u32_at(&bytes, 0x60);
        let high = if features & WIDE != 0 { u64::from(u32_at(&bytes, 0x158)) } else { 0 };
        let block = 1024_u64.checked_shl(u32_at(&bytes, 0x18)).unwrap_or(0);
        let label = bytes.get(0x78..0x88).unwrap_or_default().split(|&byte| byte == 0).next().unwrap_or_default();
        Ok(Some(Self {
            label: String::from_utf8_lossy(label).into_owned(),
            is_clean: u16_at(0x3a) == VALID && features & RECOVER == 0,
            free: (high << 32 | u64::from(u32_at(&bytes, 0x0c))).saturating_mul(block),
            block,
            free_inodes: u64::from(u32_at(&bytes, 0x10)),
            has_quotas: u32_at(&bytes, 0x64) & QUOTA != 0,
        }))
    }
}
