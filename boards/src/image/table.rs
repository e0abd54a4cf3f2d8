//! Partitions of a disk image: GPT, MBR (its four own entries), or none at all.
//!
//! GPT: UEFI specification, chapter 5; sectors of 512 bytes, as images have them. The table's checksums are compared.

use std::fmt;
use std::fs::File;
use std::os::unix::fs::FileExt as _;

use super::error::ImageError;
use super::superblock::Superblock;

const SECTOR: u64 = 512;
/// The specification asks for room for 128; more than this has no honest image.
const MOST_PARTITIONS: u32 = 1024;

/// Names and labels that vendors give to the root: NVIDIA, Raspberry Pi, Debian and Ubuntu images.
const ROOT_NAMES: [&str; 6] = ["APP", "rootfs", "root", "writable", "cloudimg-rootfs", "linux-root"];

/// A piece of the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Partition {
    /// Counted from 1; 0: the whole file.
    pub(super) number: u32,
    /// First byte.
    pub(super) start: u64,
    /// Bytes.
    pub(super) length: u64,
    /// In the table; MBR has none.
    name: String,
    content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Ext4 { label: String },
    Fat,
    Encrypted,
    Other,
}

impl fmt::Display for Partition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.content {
            Content::Ext4 { label } if label.is_empty() => "ext4".to_owned(),
            Content::Ext4 { label } => format!("ext4 {label:?}"),
            Content::Fat => "FAT".to_owned(),
            Content::Encrypted => "encrypted (LUKS)".to_owned(),
            Content::Other => "something else".to_owned(),
        };
        let name = if self.name.is_empty() { String::new() } else { format!(" {:?}", self.name) };
        match self.number {
            0 => write!(formatter, "the whole image: {what}"),
            number => write!(formatter, "partition {number}{name}: {what}"),
        }
    }
}

impl Partition {
    fn is_ext4(&self) -> bool {
        matches!(self.content, Content::Ext4 { .. })
    }

    fn is_named_root(&self) -> bool {
        let label = match &self.content {
            Content::Ext4 { label } => label.as_str(),
            Content::Fat | Content::Encrypted | Content::Other => "",
        };
        ROOT_NAMES.contains(&self.name.as_str()) || ROOT_NAMES.contains(&label)
    }
}

/// The partition with the root file system: the one asked for, or the only ext4, or the only one with a name that roots have.
pub(super) fn find_root(image: &File, asked: Option<u32>) -> Result<Partition, ImageError> {
    let partitions = partitions(image)?;
    let listed = |partitions: &[Partition]| partitions.iter().map(Partition::to_string).collect::<Vec<_>>();
    if let Some(asked) = asked {
        let wanted = partitions.iter().find(|partition| partition.number == asked && partition.is_ext4());
        return wanted.cloned().ok_or_else(|| ImageError::Partition { asked, found: listed(&partitions) });
    }
    let mut candidates: Vec<_> = partitions.iter().filter(|partition| partition.is_ext4()).cloned().collect();
    if candidates.len() > 1 && candidates.iter().any(Partition::is_named_root) {
        candidates.retain(Partition::is_named_root);
    }
    match candidates.as_slice() {
        [] => Err(ImageError::NoRoot { found: listed(&partitions) }),
        [root] => Ok(root.clone()),
        _ => Err(ImageError::Ambiguous { found: listed(&candidates) }),
    }
}

/// Partitions with a FAT file system; the second list is of all, for people.
pub(super) fn find_fat(image: &File) -> Result<(Vec<Partition>, Vec<String>), ImageError> {
    let partitions = partitions(image)?;
    let listed = partitions.iter().map(Partition::to_string).collect();
    Ok((partitions.into_iter().filter(|partition| partition.content == Content::Fat).collect(), listed))
}

fn partitions(image: &File) -> Result<Vec<Partition>, ImageError> {
    let length = image.metadata()?.len();
    let first = read(image, 0, SECTOR).unwrap_or_default();
    let has_signature = first.get(510..512) == Some(&[0x55, 0xaa]);
    let entries: Vec<&[u8]> = first.get(446..510).unwrap_or_default().chunks_exact(16).collect();
    let kind = |entry: &[u8]| entry.get(4).copied().unwrap_or(0);
    let whole = |content| vec![Partition { number: 0, start: 0, length, name: String::new(), content }];
    let content = content(image, 0)?;
    if content != Content::Other && !entries.iter().any(|entry| kind(entry) == 0xee) {
        return Ok(whole(content));
    }
    if !has_signature {
        return Ok(whole(Content::Other));
    }
    if entries.iter().any(|entry| kind(entry) == 0xee) {
        return gpt(image, length);
    }
    let mut found = Vec::new();
    for (number, entry) in (1..).zip(entries) {
        let sector = |at: usize| u64::from(u32_at(entry, at)) * SECTOR;
        if kind(entry) != 0 && sector(12) > 0 {
            found.push(partition(image, length, number, (sector(8), sector(12)), String::new())?);
        }
    }
    Ok(found)
}

fn partition(
    image: &File,
    disk: u64,
    number: u32,
    (start, length): (u64, u64),
    name: String,
) -> Result<Partition, ImageError> {
    if start.checked_add(length).is_none_or(|end| end > disk) {
        let words = format!("partition {number} ends behind the image, which has {disk} bytes");
        return Err(ImageError::Table(words));
    }
    Ok(Partition { number, start, length, name, content: content(image, start)? })
}

fn content(image: &File, start: u64) -> Result<Content, ImageError> {
    if let Some(superblock) = Superblock::read(image, start)? {
        return Ok(Content::Ext4 { label: superblock.label });
    }
    let first = read(image, start, SECTOR).unwrap_or_default();
    // The name in the boot sector, and its last two bytes: Microsoft's FAT specification, section 3.
    let is_fat = first.get(82..87) == Some(b"FAT32") || first.get(54..58) == Some(b"FAT1");
    if is_fat && first.get(510..512) == Some(&[0x55, 0xaa]) {
        return Ok(Content::Fat);
    }
    let is_luks = read(image, start, 6).is_some_and(|magic| magic == b"LUKS\xba\xbe");
    Ok(if is_luks { Content::Encrypted } else { Content::Other })
}

fn gpt(image: &File, disk: u64) -> Result<Vec<Partition>, ImageError> {
    let wrong = |words: &str| ImageError::Table(format!("GPT: {words}"));
    let header = read(image, SECTOR, SECTOR).ok_or_else(|| wrong("no header"))?;
    if !header.starts_with(b"EFI PART") {
        return Err(wrong("no header"));
    }
    let size = u32_at(&header, 12);
    let mut summed =
        header.get(..size as usize).filter(|_| size >= 92).ok_or_else(|| wrong("size of the header"))?.to_vec();
    summed.splice(16..20, [0; 4]);
    if checksum(&summed) != u32_at(&header, 16) {
        return Err(wrong("checksum of the header"));
    }
    let (count, entry_size) = (u32_at(&header, 80), u32_at(&header, 84));
    if count > MOST_PARTITIONS || !(128..=4096).contains(&entry_size) {
        return Err(wrong("number or size of entries"));
    }
    let at = u64_at(&header, 72).checked_mul(SECTOR).ok_or_else(|| wrong("place of the entries"))?;
    let entries = read(image, at, u64::from(count) * u64::from(entry_size)).ok_or_else(|| wrong("cut short"))?;
    if checksum(&entries) != u32_at(&header, 88) {
        return Err(wrong("checksum of the entries"));
    }
    let mut found = Vec::new();
    for (number, entry) in (1..).zip(entries.chunks_exact(entry_size as usize)) {
        let (first, last) = (u64_at(entry, 32), u64_at(entry, 40));
        if entry.iter().take(16).all(|&byte| byte == 0) {
            continue;
        }
        let length = last.checked_sub(first).and_then(|sectors| sectors.checked_add(1)?.checked_mul(SECTOR));
        let place = first.checked_mul(SECTOR).zip(length);
        let place = place.ok_or_else(|| wrong(&format!("place of partition {number}")))?;
        let name = entry.get(56..128).unwrap_or_default().chunks_exact(2);
        let name = name.map(|pair| u16::from_le_bytes([pair[0], pair[1]])).take_while(|&unit| unit != 0);
        let name = String::from_utf16_lossy(&name.collect::<Vec<_>>());
        found.push(partition(image, disk, number, place, name)?);
    }
    Ok(found)
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    sum.sum()
}

/// Bytes of the image; none where it is too short.
pub(super) fn read(image: &File, at: u64, count: u64) -> Option<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(count).ok()?];
    image.read_exact_at(&mut bytes, at).ok()?;
    Some(bytes)
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|bytes| bytes.first_chunk()).copied().map_or(0, u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|bytes| bytes.first_chunk()).copied().map_or(0, u64::from_le_bytes)
}
