//! What is in no file of the machine and has to be asked for: free space, the user, devices, the clock, cameras, engines.
//!
//! A recorded tree has the answers of its machine in the folder `answers`, as `tests/machines/record.sh` writes them:
//!
//! | file | lines |
//! | --- | --- |
//! | `storage` | total bytes, free bytes, `rw` or `ro`, then the path |
//! | `identity` | the user's number; then the names of the user's groups, between spaces |
//! | `devices` | a node's rights in octal, group, path |
//! | `clock` | `yes` or `no`: whether the kernel's clock is set by another one |
//! | `cameras.json` | what `moead-edge devices --json` prints |

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::StatVfsMountFlags;

use super::cameras::CameraFact;
use super::engines::EngineFact;
use super::limits;
use super::root::{Root, cut};

/// What is not read from files. None or empty: was not asked, or cannot be known.
#[derive(Debug, Default)]
pub struct Answers {
    /// Folders that results go to.
    pub storage: Vec<Storage>,
    /// Who runs the program.
    pub identity: Option<Identity>,
    /// Device nodes that the program may have to open.
    pub devices: Vec<DeviceNode>,
    /// Whether the clock is set by another one.
    pub clock: Option<Clock>,
    /// Video nodes.
    pub cameras: Option<Vec<CameraFact>>,
    /// What can run a model.
    pub engines: Option<Vec<EngineFact>>,
}

/// A folder's file system.
#[derive(Debug)]
pub struct Storage {
    /// The folder.
    pub path: PathBuf,
    /// How much it has, or why that cannot be known.
    pub space: Result<Space, io::Error>,
}

/// How much a file system holds.
#[derive(Debug, Clone, Copy)]
pub struct Space {
    /// Bytes in all.
    pub total: u64,
    /// Bytes that a user can still write.
    pub free: u64,
    /// Whether it can be written at all.
    pub access: Access,
}

/// Whether a file system can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It can.
    ReadWrite,
    /// It cannot.
    ReadOnly,
}

/// Who runs the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user's number; root's is 0.
    pub user: u32,
    /// The names of the user's groups; a number where a group has no name.
    pub groups: BTreeSet<String>,
}

/// A device node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceNode {
    /// `/dev/video0`
    pub path: String,
    /// Rights: nine bits.
    pub mode: u32,
    /// Its group's name, or number.
    pub group: String,
}

/// Whether the kernel's clock is set by another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// It is.
    Synchronized,
    /// It is not.
    Free,
}

/// Folders of device nodes that a model or a camera may need, and how their names begin.
const DEVICES: [(&str, &str); 5] =
    [("dev", "video"), ("dev", "media"), ("dev", "nvhost"), ("dev", "nvmap"), ("dev/dri", "render")];

impl Answers {
    /// Asks this machine. `folders` are where results go. Cameras and engines are for the caller to fill in.
    pub fn of_this_machine(folders: &[PathBuf]) -> Self {
        let groups = Groups::of(&Root::of_this_machine());
        let storage = folders.iter().map(|path| Storage { path: path.clone(), space: space(path) });
        let devices = DEVICES.iter().flat_map(|(folder, prefix)| {
            let names = Root::of_this_machine().names(folder, prefix);
            names.into_iter().map(move |name| format!("/{folder}/{name}"))
        });
        let devices = devices.filter_map(|path| {
            let metadata = std::fs::metadata(&path).ok()?;
            Some(DeviceNode { mode: metadata.mode() & 0o777, group: groups.name(metadata.gid()), path })
        });
        let own = rustix::process::getgroups().unwrap_or_default().into_iter();
        let own = own.chain([rustix::process::getegid()]).map(|group| groups.name(group.as_raw()));
        Self {
            storage: storage.collect(),
            identity: Some(Identity { user: rustix::process::geteuid().as_raw(), groups: own.collect() }),
            devices: devices.collect(),
            ..Self::default()
        }
    }

    /// Reads a recorded tree's answers.
    pub fn recorded(root: &Root) -> Self {
        let lines = |name: &str| -> Vec<String> {
            let text = root.text(format!("answers/{name}")).unwrap_or_default();
            text.lines().take(limits::PARTS).map(cut).collect()
        };
        let clock = root.line("answers/clock").and_then(|line| match line.as_str() {
            "yes" => Some(Clock::Synchronized),
            "no" => Some(Clock::Free),
            _ => None,
        });
        let identity = lines("identity");
        let user = identity.first().and_then(|line| line.trim().parse().ok());
        let groups = identity.get(1).into_iter().flat_map(|line| line.split_whitespace()).map(str::to_owned).collect();
        Self {
            storage: lines("storage").iter().filter_map(|line| recorded_storage(line)).collect(),
            identity: user.map(|user| Identity { user, groups }),
            devices: lines("devices").iter().filter_map(|line| recorded_device(line)).collect(),
            clock,
            cameras: super::cameras::recorded(root),
            engines: None,
        }
    }
}

fn space(path: &Path) -> Result<Space, io::Error> {
    let answer = rustix::fs::statvfs(path)?;
    let is_fixed = answer.f_flag.contains(StatVfsMountFlags::RDONLY);
    Ok(Space {
        total: answer.f_blocks.saturating_mul(answer.f_frsize),
        free: answer.f_bavail.saturating_mul(answer.f_frsize),
        access: if is_fixed { Access::ReadOnly } else { Access::ReadWrite },
    })
}

/// `30000000000 12000000000 rw /`
fn recorded_storage(line: &str) -> Option<Storage> {
    let mut fields = line.splitn(4, ' ');
    let (total, free) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let access = match fields.next()? {
        "rw" => Access::ReadWrite,
        "ro" => Access::ReadOnly,
        _ => return None,
    };
    Some(Storage { path: PathBuf::from(fields.next()?), space: Ok(Space { total, free, access }) })
}

/// `660 video /dev/video0`
fn recorded_device(line: &str) -> Option<DeviceNode> {
    let mut fields = line.splitn(3, ' ');
    let mode = u32::from_str_radix(fields.next()?, 8).ok()?;
    Some(DeviceNode { mode: mode & 0o777, group: fields.next()?.to_owned(), path: fields.next()?.to_owned() })
}

/// Names of groups by number, from `/etc/group`.
struct Groups(Vec<(u32, String)>);

impl Groups {
    fn of(root: &Root) -> Self {
        let text = root.text("etc/group").unwrap_or_default();
        // `video:x:44:pi`
        let group = |line: &str| {
            let mut fields = line.split(':');
            let name = fields.next()?.to_owned();
            Some((fields.nth(1)?.parse().ok()?, name))
        };
        Self(text.lines().filter_map(group).collect())
    }

    fn name(&self, number: u32) -> String {
        let known = self.0.iter().find(|(known, _)| *known == number);
        known.map_or_else(|| number.to_string(), |(_, name)| name.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_answers() {
        let folder = tempfile::tempdir().unwrap();
        let answers = Answers::of_this_machine(&[folder.path().to_owned(), folder.path().join("none")]);
        let space = answers.storage[0].space.as_ref().unwrap();
        assert!(space.total >= space.free && space.total > 0 && space.access == Access::ReadWrite);
        assert_eq!(answers.storage[1].space.as_ref().unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(!answers.identity.unwrap().groups.is_empty());
    }

    #[test]
    fn damaged_lines_are_no_answers() {
        for line in ["", "1", "1 2", "1 2 rw", "1 2 x /", "-1 2 rw /", "1 99999999999999999999999 rw /"] {
            assert!(recorded_storage(line).is_none(), "{line}");
        }
        assert_eq!(recorded_storage("1 2 ro /a b").unwrap().path, PathBuf::from("/a b"));
        for line in ["", "660", "660 video", "9 video /dev/video0", "rw video /dev/video0"] {
            assert!(recorded_device(line).is_none(), "{line}");
        }
    }
}
