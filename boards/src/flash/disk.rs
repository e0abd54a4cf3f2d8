//! What the kernel says about a disk, and whether it may be written: `/sys/class/block`, `/proc/self/mountinfo`, `/proc/swaps`,
//! `/run/udev/data`, below a root that tests choose.

use std::path::{Path, PathBuf};

/// Bytes in the kernel's sectors, whatever the disk's own are.
const SECTOR: u64 = 512;

/// A disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// The kernel's: `sdb`.
    pub name: String,
    /// Maker's words, if there are any.
    pub model: Option<String>,
    /// Maker's number, if there is one.
    pub serial: Option<String>,
    /// Bytes.
    pub size: u64,
    /// It can be taken out, or hangs on USB.
    pub is_removable: bool,
    is_read_only: bool,
    /// What uses it: mount points, swap, encryption, RAID.
    uses: Vec<String>,
}

/// Why a disk must not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Not known to the kernel.
    #[error("{name} is no disk")]
    NoDisk {
        /// As the kernel would call it.
        name: String,
    },
    /// A part of one.
    #[error("{name} is a partition, expected the whole disk {disk}")]
    Partition {
        /// As the kernel calls it.
        name: String,
        /// Which disk.
        disk: String,
    },
    /// A switch on the card, or a disk that has given up.
    #[error("{name} can only be read")]
    ReadOnly {
        /// As the kernel calls it.
        name: String,
    },
    /// Something of it is in use.
    #[error("{name} is in use: {}", uses.join(", "))]
    InUse {
        /// As the kernel calls it.
        name: String,
        /// Mount points and the like.
        uses: Vec<String>,
    },
    /// The image does not fit.
    #[error("{name} has {found} bytes, and the image {needed}")]
    TooSmall {
        /// As the kernel calls it.
        name: String,
        /// Bytes.
        found: u64,
        /// Bytes.
        needed: u64,
    },
    /// A disk that is part of the machine.
    #[error("{name} cannot be taken out: {}", described(model.as_deref(), serial.as_deref()))]
    NotRemovable {
        /// As the kernel calls it.
        name: String,
        /// Maker's words.
        model: Option<String>,
        /// Maker's number.
        serial: Option<String>,
    },
    /// Another one than was meant.
    #[error("{name} has the serial number {}, expected {expected}", found.as_deref().unwrap_or("none"))]
    OtherSerial {
        /// As the kernel calls it.
        name: String,
        /// As asked for.
        expected: String,
        /// Of the disk.
        found: Option<String>,
    },
}

fn described(model: Option<&str>, serial: Option<&str>) -> String {
    format!("{}, serial number {}", model.unwrap_or("a disk without a name"), serial.unwrap_or("none"))
}

impl Disk {
    /// Reads what the kernel says about the device `name`.
    ///
    /// # Errors
    /// [`Refusal::NoDisk`], [`Refusal::Partition`]
    pub fn examine(root: &Path, name: &str) -> Result<Self, Refusal> {
        let class = root.join("sys/class/block");
        let folder = class.join(name);
        let no_disk = || Refusal::NoDisk { name: name.to_owned() };
        if name.is_empty() || name.contains(['/', '.']) || !folder.is_dir() {
            return Err(no_disk());
        }
        if folder.join("partition").exists() {
            let disks = folders(&class).into_iter().filter(|disk| class.join(disk).join(name).is_dir());
            let disk = disks.into_iter().next().unwrap_or_else(|| "that it belongs to".into());
            return Err(Refusal::Partition { name: name.to_owned(), disk });
        }
        let sectors: u64 = line(&folder.join("size")).and_then(|text| text.parse().ok()).ok_or_else(no_disk)?;
        // The path of the device behind the link tells the bus.
        let place = std::fs::read_link(&folder).unwrap_or_default().to_string_lossy().into_owned();
        let is = |file: &str| line(&folder.join(file)).is_some_and(|text| text == "1");
        Ok(Self {
            name: name.to_owned(),
            model: line(&folder.join("device/model")).or_else(|| line(&folder.join("device/name"))),
            serial: serial(root, &folder),
            size: sectors.saturating_mul(SECTOR),
            is_removable: is("removable") || place.contains("/usb") || is_card(&folder, name),
            is_read_only: is("ro"),
            uses: uses(root, &folder, name),
        })
    }

    /// Whether an image of that size may be written. A disk that is part of the machine only when its serial number is named; one that is in
    /// use never.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn admit(&self, needed: u64, serial: Option<&str>) -> Result<(), Refusal> {
        let name = self.name.clone();
        if !self.uses.is_empty() {
            return Err(Refusal::InUse { name, uses: self.uses.clone() });
        }
        if self.is_read_only {
            return Err(Refusal::ReadOnly { name });
        }
        if let Some(expected) = serial
            && self.serial.as_deref() != Some(expected)
        {
            return Err(Refusal::OtherSerial { name, expected: expected.to_owned(), found: self.serial.clone() });
        }
        if !self.is_removable && serial.is_none() {
            return Err(Refusal::NotRemovable { name, model: self.model.clone(), serial: self.serial.clone() });
        }
        if self.size < needed {
            return Err(Refusal::TooSmall { name, found: self.size, needed });
        }
        Ok(())
    }
}

impl std::fmt::Display for Disk {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let described = described(self.model.as_deref(), self.serial.as_deref());
        write!(formatter, "{}: {described}, {:.1} GB", self.name, self.size as f64 / 1e9)
    }
}

/// Whether that is a card behind the kernel's driver for cards, which serves memory that is soldered to the board, too (`MMC`), and its parts
/// for boot loaders (`mmcblk0boot0`), which are disks of their own.
fn is_card(folder: &Path, name: &str) -> bool {
    let number = name.strip_prefix("mmcblk").unwrap_or_default();
    let is_whole = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_whole && line(&folder.join("device/type")).as_deref() == Some("SD")
}

fn line(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn folders(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn serial(root: &Path, folder: &Path) -> Option<String> {
    if let Some(serial) = line(&folder.join("device/serial")) {
        return Some(serial);
    }
    let number = line(&folder.join("dev"))?;
    let text = std::fs::read_to_string(root.join("run/udev/data").join(format!("b{number}"))).ok()?;
    text.lines().find_map(|line| line.strip_prefix("E:ID_SERIAL_SHORT=")).map(str::to_owned)
}

/// Everything that would lose something: of the disk, and of each of its partitions.
fn uses(root: &Path, folder: &Path, name: &str) -> Vec<String> {
    let partitions = folders(folder).into_iter().filter(|part| folder.join(part).join("partition").exists());
    let mut pieces: Vec<(String, PathBuf)> = vec![(name.to_owned(), folder.to_owned())];
    pieces.extend(partitions.map(|part| (part.clone(), folder.join(part))));
    let mounts = std::fs::read_to_string(root.join("proc/self/mountinfo")).unwrap_or_default();
    let swaps = std::fs::read_to_string(root.join("proc/swaps")).unwrap_or_default();
    let mut uses = Vec::new();
    for (piece, folder) in pieces {
        let device = format!("/dev/{piece}");
        let number = line(&folder.join("dev")).unwrap_or_default();
        for mount in mounts.lines() {
            // By number, and by name for file systems that have numbers of their own.
            let fields: Vec<&str> = mount.split(' ').collect();
            let source = fields.iter().position(|field| *field == "-").and_then(|dash| fields.get(dash + 2));
            let is_ours = fields.get(2).is_some_and(|found| *found == number) || source == Some(&device.as_str());
            uses.extend(is_ours.then(|| format!("{piece} is mounted at {}", fields.get(4).unwrap_or(&"?"))));
        }
        if swaps.lines().any(|line| line.split_whitespace().next() == Some(&device)) {
            uses.push(format!("{piece} is swap"));
        }
        uses.extend(
            folders_and_links(&folder.join("holders")).into_iter().map(|holder| format!("{piece} is part of {holder}")),
        );
    }
    uses
}

fn folders_and_links(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine: its disk `sda`, a card reader with a card `sdb`, an encrypted stick `sdc`.
    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new() -> Self {
            let machine = Self(tempfile::tempdir().unwrap());
            machine.disk("sda", "8:0", "1000000000", "SSD 9000", "S1");
            machine.disk("sdb", "8:16", "62333952", "SD Reader", "C7");
            machine.disk("sdc", "8:32", "62333952", "Stick", "U3");
            for (disk, part, number) in [("sda", "sda1", "8:1"), ("sdb", "sdb1", "8:17"), ("sdc", "sdc1", "8:33")] {
                machine.write(&format!("sys/class/block/{disk}/{part}/partition"), "1");
                machine.write(&format!("sys/class/block/{disk}/{part}/dev"), number);
                machine.write(&format!("sys/class/block/{part}/partition"), "1");
            }
            machine.write("sys/class/block/sdb/removable", "1\n");
            machine.write("sys/class/block/sdc/removable", "1\n");
            machine.write("sys/class/block/sdc/sdc1/holders/dm-0", "");
            machine.mounted("");
            machine
        }

        fn disk(&self, name: &str, number: &str, sectors: &str, model: &str, serial: &str) {
            for (file, text) in
                [("dev", number), ("size", sectors), ("removable", "0"), ("ro", "0"), ("device/model", model)]
            {
                self.write(&format!("sys/class/block/{name}/{file}"), text);
            }
            self.write(&format!("run/udev/data/b{number}"), &format!("S:disk/by-id/x\nE:ID_SERIAL_SHORT={serial}\n"));
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.0.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }

        fn mounted(&self, more: &str) {
            let system = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw\n23 22 0:5 / /proc rw - proc proc rw\n";
            self.write("proc/self/mountinfo", &format!("{system}{more}"));
        }

        fn admit(&self, name: &str, needed: u64, serial: Option<&str>) -> Result<(), String> {
            let disk = Disk::examine(self.0.path(), name).map_err(|refusal| refusal.to_string())?;
            disk.admit(needed, serial).map_err(|refusal| refusal.to_string())
        }
    }

    #[test]
    fn a_card_that_nothing_uses_is_written() {
        let machine = Machine::new();
        assert_eq!(machine.admit("sdb", 1 << 30, None), Ok(()));
        assert_eq!(machine.admit("sdb", 1 << 30, Some("C7")), Ok(()));
        let disk = Disk::examine(machine.0.path(), "sdb").unwrap();
        assert_eq!(disk.to_string(), "sdb: SD Reader, serial number C7, 31.9 GB");
    }

    #[test]
    fn the_systems_disk_is_refused_whatever_is_said() {
        let machine = Machine::new();
        let refusal = Err("sda is in use: sda1 is mounted at /".to_owned());
        assert_eq!(machine.admit("sda", 1, None), refusal);
        assert_eq!(machine.admit("sda", 1, Some("S1")), refusal);
    }

    #[test]
    fn what_is_mounted_swapped_to_or_part_of_something_is_refused() {
        let machine = Machine::new();
        machine.mounted("40 22 8:17 / /media/card rw - vfat /dev/sdb1 rw\n");
        assert_eq!(machine.admit("sdb", 1, None), Err("sdb is in use: sdb1 is mounted at /media/card".into()));
        // A file system with numbers of its own.
        machine.mounted("40 22 0:44 / /media/card rw - btrfs /dev/sdb1 rw\n");
        assert_eq!(machine.admit("sdb", 1, None), Err("sdb is in use: sdb1 is mounted at /media/card".into()));
        machine.mounted("");
        machine.write("proc/swaps", "Filename Type Size Used Priority\n/dev/sdb1 partition 1 0 -2\n");
        assert_eq!(machine.admit("sdb", 1, None), Err("sdb is in use: sdb1 is swap".into()));
        assert_eq!(machine.admit("sdc", 1, None), Err("sdc is in use: sdc1 is part of dm-0".into()));
    }

    #[test]
    fn a_disk_of_the_machine_has_to_be_named_by_its_number() {
        let machine = Machine::new();
        machine.disk("sdd", "8:48", "62333952", "Second", "D4");
        assert_eq!(machine.admit("sdd", 1, None), Err("sdd cannot be taken out: Second, serial number D4".into()));
        assert_eq!(machine.admit("sdd", 1, Some("C7")), Err("sdd has the serial number D4, expected C7".into()));
        assert_eq!(machine.admit("sdd", 1, Some("D4")), Ok(()));
    }

    #[test]
    fn soldered_memory_is_no_card() {
        let machine = Machine::new();
        for name in ["mmcblk0", "mmcblk0boot0", "mmcblk1", "mmcblk2"] {
            machine.disk(name, "179:0", "62333952", "", "M1");
            machine.write(&format!("sys/class/block/{name}/device/name"), "DG4032");
        }
        machine.write("sys/class/block/mmcblk0/device/type", "MMC\n");
        machine.write("sys/class/block/mmcblk0boot0/device/type", "SD\n");
        machine.write("sys/class/block/mmcblk1/device/type", "SD\n");
        let soldered = |name: &str| Err(format!("{name} cannot be taken out: DG4032, serial number M1"));
        for name in ["mmcblk0", "mmcblk0boot0", "mmcblk2"] {
            assert_eq!(machine.admit(name, 1, None), soldered(name));
        }
        assert_eq!(machine.admit("mmcblk0", 1, Some("M1")), Ok(()));
        assert_eq!(machine.admit("mmcblk1", 1, None), Ok(()));
    }

    #[test]
    fn other_things_are_refused() {
        let machine = Machine::new();
        assert_eq!(
            machine.admit("sdb", 1 << 40, None),
            Err("sdb has 31914983424 bytes, and the image 1099511627776".into())
        );
        machine.write("sys/class/block/sdb/ro", "1\n");
        assert_eq!(machine.admit("sdb", 1, None), Err("sdb can only be read".into()));
        assert_eq!(machine.admit("sdb1", 1, None), Err("sdb1 is a partition, expected the whole disk sdb".into()));
        for name in ["sdz", "", "../block/sdb"] {
            assert_eq!(machine.admit(name, 1, None), Err(format!("{name} is no disk")));
        }
    }
}
