//! Disks as vendors make them, in small: a partition table, a boot partition, a root with what matters of a system.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Command;

use crate::desk::Desk;

pub(crate) const MIB: u64 = 1 << 20;
const SECTOR: u64 = 512;
const BOOT_START: u64 = MIB;
const ROOT_START: u64 = 4 * MIB;

#[derive(Clone, Copy, PartialEq)]
enum Table {
    Gpt,
    Mbr,
    None,
}

pub(crate) struct Disk {
    table: Table,
    root_bytes: u64,
    files: BTreeMap<String, Vec<u8>>,
    /// Path and target.
    links: Vec<(&'static str, &'static str)>,
    /// What mke2fs is told besides.
    options: &'static [&'static str],
    label: &'static str,
    /// Name in a GPT.
    name: &'static str,
    /// A second ext4 in the boot partition's place, with that label.
    second: Option<&'static str>,
    is_encrypted: bool,
}

impl Disk {
    fn new(table: Table) -> Self {
        let files = [
            ("bin/sh", include_bytes!("../../programs/aarch64").to_vec()),
            ("lib/systemd/systemd", b"systemd".to_vec()),
            ("usr/lib/aarch64-linux-gnu/libc.so.6", b"GNU C Library (Debian) stable release version 2.36.\n".to_vec()),
            ("etc/os-release", b"PRETTY_NAME=\"Sample GNU/Linux 12\"\n".to_vec()),
            ("etc/hostname", b"sample\n".to_vec()),
        ];
        let files = files.into_iter().map(|(path, content)| (path.to_owned(), content)).collect();
        Self {
            table,
            root_bytes: 48 * MIB,
            files,
            links: Vec::new(),
            options: &[],
            label: "rootfs",
            name: "APP",
            second: None,
            is_encrypted: false,
        }
    }

    pub(crate) fn gpt() -> Self {
        Self::new(Table::Gpt)
    }

    pub(crate) fn mbr() -> Self {
        Self::new(Table::Mbr)
    }

    pub(crate) fn bare() -> Self {
        Self::new(Table::None)
    }

    pub(crate) fn encrypted(self) -> Self {
        Self { is_encrypted: true, ..self }
    }

    /// Two file systems, neither named as roots are.
    pub(crate) fn with_two_systems(self, root: &'static str, other: &'static str) -> Self {
        Self { label: root, name: "", second: Some(other), ..self }
    }

    pub(crate) fn root_of(self, root_bytes: u64) -> Self {
        Self { root_bytes, ..self }
    }

    pub(crate) fn with(mut self, path: &str, content: &[u8]) -> Self {
        self.files.insert(path.to_owned(), content.to_vec());
        self
    }

    pub(crate) fn with_link(mut self, path: &'static str, target: &'static str) -> Self {
        self.links.push((path, target));
        self
    }

    pub(crate) fn made_with(self, options: &'static [&'static str]) -> Self {
        Self { options, ..self }
    }

    pub(crate) fn without(mut self, path: &str) -> Self {
        self.files.remove(path).unwrap();
        self
    }

    pub(crate) fn root_start(&self) -> u64 {
        if self.table == Table::None { 0 } else { ROOT_START }
    }

    pub(crate) fn bytes(&self, desk: &Desk) -> Vec<u8> {
        let root =
            if self.is_encrypted { b"LUKS\xba\xbe".to_vec() } else { self.ext4(desk, self.label, self.root_bytes) };
        if self.table == Table::None {
            return root;
        }
        let end = ROOT_START + self.root_bytes;
        let mut disk = vec![0; (end + MIB) as usize];
        disk[ROOT_START as usize..][..root.len()].copy_from_slice(&root);
        if let Some(label) = self.second {
            let second = self.ext4(desk, label, ROOT_START - BOOT_START);
            disk[BOOT_START as usize..][..second.len()].copy_from_slice(&second);
        }
        let partitions = [(BOOT_START, ROOT_START, "boot"), (ROOT_START, end, self.name)];
        disk[510..512].copy_from_slice(&[0x55, 0xaa]);
        match self.table {
            Table::Mbr => {
                for (index, (start, end, _)) in partitions.into_iter().enumerate() {
                    mbr_entry(&mut disk, index, 0x83, start / SECTOR, (end - start) / SECTOR);
                }
            }
            _ => write_gpt(&mut disk, &partitions),
        }
        disk
    }

    fn ext4(&self, desk: &Desk, label: &str, bytes: u64) -> Vec<u8> {
        let folder = tempfile::tempdir_in(desk.path("")).unwrap();
        for (path, content) in &self.files {
            let path = folder.path().join("tree").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        for (path, target) in &self.links {
            std::os::unix::fs::symlink(target, folder.path().join("tree").join(path)).unwrap();
        }
        let image = folder.path().join("root.ext4");
        let status = Command::new("/sbin/mke2fs")
            .args(["-q", "-t", "ext4", "-b", "1024"])
            .args(self.options)
            .args(["-L", label, "-d"])
            .arg(folder.path().join("tree"))
            .arg(&image)
            .arg(format!("{}k", bytes / 1024))
            .status();
        assert!(status.unwrap().success());
        // mke2fs does not count what owners have after it has filled the tree in.
        let status = Command::new("/sbin/e2fsck").arg("-fp").arg(&image).output().unwrap().status;
        assert!(matches!(status.code(), Some(0 | 1)), "{status}");
        std::fs::read(image).unwrap()
    }
}

fn mbr_entry(disk: &mut [u8], index: usize, kind: u8, first: u64, sectors: u64) {
    let entry = &mut disk[446 + index * 16..][..16];
    entry[4] = kind;
    entry[8..12].copy_from_slice(&(first as u32).to_le_bytes());
    entry[12..16].copy_from_slice(&(sectors as u32).to_le_bytes());
}

/// The first copy alone; readers of images look at no other.
fn write_gpt(disk: &mut [u8], partitions: &[(u64, u64, &str)]) {
    let sectors = disk.len() as u64 / SECTOR - 1;
    mbr_entry(disk, 0, 0xee, 1, sectors);
    let mut entries = vec![0; 128 * 128];
    for (entry, (start, end, name)) in entries.chunks_exact_mut(128).zip(partitions) {
        entry[..16].fill(0x42);
        entry[32..40].copy_from_slice(&(start / SECTOR).to_le_bytes());
        entry[40..48].copy_from_slice(&(end / SECTOR - 1).to_le_bytes());
        for (unit, place) in name.encode_utf16().zip(entry[56..128].chunks_exact_mut(2)) {
            place.copy_from_slice(&unit.to_le_bytes());
        }
    }
    let sum = |bytes: &[u8]| {
        let mut sum = flate2::Crc::new();
        sum.update(bytes);
        sum.sum().to_le_bytes()
    };
    let mut header = [0; 92];
    header[..8].copy_from_slice(b"EFI PART");
    header[8..12].copy_from_slice(&[0, 0, 1, 0]);
    header[12..16].copy_from_slice(&92_u32.to_le_bytes());
    header[24..32].copy_from_slice(&1_u64.to_le_bytes());
    header[72..80].copy_from_slice(&2_u64.to_le_bytes());
    header[80..84].copy_from_slice(&128_u32.to_le_bytes());
    header[84..88].copy_from_slice(&128_u32.to_le_bytes());
    header[88..92].copy_from_slice(&sum(&entries));
    let own = sum(&header);
    header[16..20].copy_from_slice(&own);
    disk[512..][..92].copy_from_slice(&header);
    disk[1024..][..entries.len()].copy_from_slice(&entries);
}

pub(crate) fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zip(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut output);
    let (mut entry, config) =
        archive.new_file(name).compression_method(rawzip::CompressionMethod::DEFLATE).start().unwrap();
    let mut writer = config.wrap(flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::fast()));
    writer.write_all(bytes).unwrap();
    let (encoder, descriptor) = writer.finish().unwrap();
    encoder.finish().unwrap();
    entry.finish(descriptor).unwrap();
    archive.finish().unwrap();
    output
}
