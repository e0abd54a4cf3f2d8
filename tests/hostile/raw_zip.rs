//! Zip archives with every field as the test wants it, lies included. Reference: PKWARE APPNOTE.TXT, 4.3.

/// One entry; what it says about itself is derived from its content unless the test says otherwise.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) content: Vec<u8>,
    /// In front of the content, where it differs from the directory's.
    pub(crate) local_name: Option<Vec<u8>>,
    pub(crate) method: u16,
    pub(crate) flags: u16,
    /// Compressed and uncompressed, in the directory.
    pub(crate) sizes: Option<[u32; 2]>,
    /// Of the local header, in the directory.
    pub(crate) offset: Option<u32>,
    /// In the directory.
    pub(crate) extra: Vec<u8>,
    /// Behind the content.
    pub(crate) descriptor: Vec<u8>,
}

impl Entry {
    /// A stored entry that tells the truth.
    pub(crate) fn new(name: &str, content: &[u8]) -> Self {
        Self { name: name.into(), content: content.to_vec(), ..Self::default() }
    }
}

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn size(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap()
}

/// Header and content.
pub(crate) fn local(entry: &Entry) -> Vec<u8> {
    let name = entry.local_name.as_ref().unwrap_or(&entry.name);
    let length = size(&entry.content).to_le_bytes();
    let mut bytes = b"PK\x03\x04".to_vec();
    bytes.extend(words(&[20, entry.flags, entry.method, 0, 0]));
    bytes.extend([0; 4]);
    bytes.extend([length, length].concat());
    bytes.extend(words(&[name.len() as u16, 0]));
    bytes.extend(name);
    bytes.extend(&entry.content);
    bytes.extend(&entry.descriptor);
    bytes
}

/// The archive; `count` is how many entries it claims.
pub(crate) fn write(entries: &[Entry], count: Option<u16>) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let offset = entry.offset.unwrap_or(size(&bytes));
        let [compressed, uncompressed] = entry.sizes.unwrap_or([size(&entry.content); 2]);
        directory.extend(b"PK\x01\x02");
        directory.extend(words(&[20, 20, entry.flags, entry.method, 0, 0]));
        directory.extend([0; 4]);
        directory.extend([compressed.to_le_bytes(), uncompressed.to_le_bytes()].concat());
        directory.extend(words(&[entry.name.len() as u16, entry.extra.len() as u16, 0, 0, 0, 0, 0]));
        directory.extend(offset.to_le_bytes());
        directory.extend(&entry.name);
        directory.extend(&entry.extra);
        bytes.extend(local(entry));
    }
    let start = size(&bytes);
    bytes.extend(&directory);
    let count = count.unwrap_or(u16::try_from(entries.len()).unwrap_or(u16::MAX));
    bytes.extend(b"PK\x05\x06");
    bytes.extend(words(&[0, 0, count, count]));
    bytes.extend([size(&directory).to_le_bytes(), start.to_le_bytes()].concat());
    bytes.extend(words(&[0]));
    bytes
}

/// The same archive, its numbers in the records of zip64: entries, and where the directory is and how long.
pub(crate) fn with_zip64(mut archive: Vec<u8>, count: u64, directory_size: u64, directory_offset: u64) -> Vec<u8> {
    let end = archive.split_off(archive.len() - 22);
    let record = archive.len() as u64;
    archive.extend(b"PK\x06\x06");
    archive.extend(44_u64.to_le_bytes());
    archive.extend(words(&[45, 45]));
    archive.extend([0; 8]);
    for number in [count, count, directory_size, directory_offset] {
        archive.extend(number.to_le_bytes());
    }
    archive.extend(b"PK\x06\x07\0\0\0\0");
    archive.extend(record.to_le_bytes());
    archive.extend(1_u32.to_le_bytes());
    archive.extend(&end[..8]);
    archive.extend([0xff; 12]);
    archive.extend(&end[20..]);
    archive
}

/// The extra field of zip64.
pub(crate) fn zip64_extra(numbers: &[u64]) -> Vec<u8> {
    let mut extra = words(&[1, 8 * numbers.len() as u16]);
    extra.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    extra
}
