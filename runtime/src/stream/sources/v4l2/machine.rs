//! What the machine tells about its cameras apart from the cameras themselves: nodes, links to them, who holds them.
//!
//! All of it lies in files, so tests have a tree of their own.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::error::Holder;
use super::kernel::KernelNode;
use super::limits;
use super::node::Node;

/// A machine with cameras.
pub trait Machine: Send + Sync {
    /// Opens a node.
    ///
    /// # Errors
    /// By the kernel; `ENOTTY` for what is no video device.
    fn open(&self, path: &Path) -> io::Result<Box<dyn Node>>;

    /// The folder below which `/dev`, `/sys`, `/proc` and `/etc` lie.
    fn root(&self) -> &Path;
}

/// The machine that this program runs on.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThisMachine;

impl Machine for ThisMachine {
    fn open(&self, path: &Path) -> io::Result<Box<dyn Node>> {
        Ok(Box::new(KernelNode::open(path)?))
    }

    fn root(&self) -> &Path {
        Path::new("/")
    }
}

/// Folders in which udev keeps links to nodes, the steadiest names first.
const LINKS: [&str; 2] = ["dev/v4l/by-id", "dev/v4l/by-path"];

/// All video nodes by number: `/dev/video0`. What has a number and no node, as for a user without a `/dev`, is left out.
pub(super) fn nodes(machine: &dyn Machine) -> Vec<PathBuf> {
    let mut numbers = BTreeSet::new();
    for folder in ["sys/class/video4linux", "dev"] {
        let Ok(entries) = std::fs::read_dir(machine.root().join(folder)) else { continue };
        let names = entries.flatten().map(|entry| entry.file_name());
        numbers.extend(names.filter_map(|name| number_of(Path::new(&name))).take(limits::NODES));
    }
    let paths = numbers.into_iter().map(|number| PathBuf::from(format!("/dev/video{number}")));
    paths.filter(|path| below(machine, path).exists()).collect()
}

/// The links that point to a node, the steadiest first.
pub(super) fn links(machine: &dyn Machine, node: &Path) -> Vec<PathBuf> {
    let Ok(target) = below(machine, node).canonicalize() else { return Vec::new() };
    let mut links = Vec::new();
    for folder in LINKS {
        let Ok(entries) = std::fs::read_dir(machine.root().join(folder)) else { continue };
        let paths = entries.flatten().map(|entry| entry.path()).take(limits::NODES);
        let mut pointing: Vec<_> = paths.filter(|path| path.canonicalize().is_ok_and(|end| end == target)).collect();
        pointing.sort();
        links.extend(
            pointing.iter().filter_map(|path| Some(Path::new("/").join(path.strip_prefix(machine.root()).ok()?))),
        );
    }
    links
}

/// The node that a path leads to, links followed: `/dev/video0`. The path itself where it leads nowhere.
pub(super) fn followed(machine: &dyn Machine, path: &Path) -> PathBuf {
    let end = below(machine, path).canonicalize().ok();
    let root = machine.root().canonicalize().ok();
    let plain = end.zip(root).and_then(|(end, root)| Some(Path::new("/").join(end.strip_prefix(root).ok()?)));
    plain.unwrap_or_else(|| path.to_owned())
}

/// What the kernel keeps about a node beside its driver's answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Place {
    /// Which of its device's nodes it is.
    pub(super) index: Option<u32>,
    /// Its USB device's maker, product and serial number, if it has all three.
    pub(super) serial: Option<String>,
}

/// Where a node stands in `/sys`.
pub(super) fn place(machine: &dyn Machine, node: &Path) -> Place {
    let Some(number) = number_of(Path::new(node.file_name().unwrap_or_default())) else { return Place::default() };
    let folder = machine.root().join(format!("sys/class/video4linux/video{number}"));
    let line = |path: &str| {
        let text = text_of(&folder.join(path))?;
        let line = text.trim();
        (!line.is_empty()).then(|| line.to_owned())
    };
    // `device` is one interface of the USB device; the device itself is above.
    let serial = || {
        let [vendor, product, serial] =
            ["idVendor", "idProduct", "serial"].map(|name| line(&format!("device/../{name}")));
        Some(format!("{}:{} {}", vendor?, product?, serial?))
    };
    Place { index: line("index").and_then(|index| index.parse().ok()), serial: serial() }
}

/// Programs that hold a node open, as far as this user may know. This one is among them if it has opened the node twice.
pub(super) fn holders(machine: &dyn Machine, node: &Path) -> Vec<Holder> {
    let node = followed(machine, node);
    let Ok(entries) = std::fs::read_dir(machine.root().join("proc")) else { return Vec::new() };
    let processes = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let own = std::process::id();
    let is_holder = |&process: &u32| times_open(machine, process, &node) > usize::from(process == own);
    let mut holders: Vec<_> = processes
        .filter(is_holder)
        .map(|process| {
            let name = text_of(&machine.root().join(format!("proc/{process}/comm")));
            Holder { process, program: name.as_deref().map_or("?", str::trim).to_owned() }
        })
        .collect();
    holders.sort_by_key(|holder| holder.process);
    holders
}

/// How many of a process's open files are the node.
fn times_open(machine: &dyn Machine, process: u32, node: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(machine.root().join(format!("proc/{process}/fd"))) else { return 0 };
    let is_node = |target: io::Result<PathBuf>| target.is_ok_and(|target| target == node);
    entries.flatten().filter(|entry| is_node(std::fs::read_link(entry.path()))).count()
}

/// The group whose members may read and write a node; None where no group may.
pub(super) fn group(machine: &dyn Machine, node: &Path) -> Option<String> {
    /// Read and write for the group.
    const GROUP: u32 = 0o060;
    let metadata = std::fs::metadata(below(machine, node)).ok()?;
    if metadata.mode() & GROUP != GROUP {
        return None;
    }
    let number = metadata.gid();
    let groups = text_of(&machine.root().join("etc/group")).unwrap_or_default();
    // `video:x:44:pi`
    let name = groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(number)).then(|| name.to_owned())
    });
    Some(name.unwrap_or_else(|| number.to_string()))
}

/// Where an absolute path lies in the machine's tree.
fn below(machine: &dyn Machine, path: &Path) -> PathBuf {
    machine.root().join(path.strip_prefix("/").unwrap_or(path))
}

/// 7 of `video7`.
fn number_of(name: &Path) -> Option<u32> {
    name.to_str()?.strip_prefix("video")?.parse().ok()
}

/// A small file's text.
fn text_of(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(limits::TEXT).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::super::recorded::{Desk, Device};
    use super::*;

    #[test]
    fn nodes_are_listed_by_number_and_links_by_steadiness() {
        let desk = Desk::new([]);
        for number in [10, 2, 0] {
            desk.plug(number, Ok(Device::vivid()));
        }
        desk.write("dev/video", "");
        desk.write("dev/videodev", "");
        // The kernel has it, and this user's `/dev` does not.
        desk.write("sys/class/video4linux/video7/index", "0\n");
        assert_eq!(nodes(&*desk), ["/dev/video0", "/dev/video2", "/dev/video10"].map(PathBuf::from));
        desk.link("dev/v4l/by-path/platform-x-video-index0", "../../video2");
        desk.link("dev/v4l/by-id/usb-A-video-index0", "../../video2");
        desk.link("dev/v4l/by-id/usb-B-video-index0", "../../video9");
        let expected = ["/dev/v4l/by-id/usb-A-video-index0", "/dev/v4l/by-path/platform-x-video-index0"];
        assert_eq!(links(&*desk, Path::new("/dev/video2")), expected.map(PathBuf::from));
        assert_eq!(followed(&*desk, Path::new(expected[0])), PathBuf::from("/dev/video2"));
        assert_eq!(followed(&*desk, Path::new("/dev/gone")), PathBuf::from("/dev/gone"));
    }

    #[test]
    fn a_place_is_told_as_far_as_the_kernel_tells_it() {
        let desk = Desk::new([Device::vivid()]);
        assert_eq!(place(&*desk, Path::new("/dev/video0")), Place { index: Some(0), serial: None });
        assert_eq!(place(&*desk, Path::new("/dev/video9")), Place::default());
        assert_eq!(place(&*desk, Path::new("/dev/null")), Place::default());
    }

    #[test]
    fn the_group_is_named_if_it_may_use_the_node() {
        use std::os::unix::fs::PermissionsExt as _;
        let desk = Desk::new([Device::vivid()]);
        let (node, path) = (Path::new("/dev/video0"), desk.path("dev/video0"));
        let own = std::fs::metadata(&path).unwrap().gid();
        let permit = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        permit(0o600);
        assert_eq!(group(&*desk, node), None);
        permit(0o660);
        assert_eq!(group(&*desk, node), Some(own.to_string()));
        desk.write("etc/group", &format!("broken\nother:x:{}:\nvideo:x:{own}:pi,me\n", own + 1));
        assert_eq!(group(&*desk, node), Some("video".into()));
    }

    #[test]
    fn holders_are_named_and_this_program_is_one_if_it_has_two_of_it() {
        let desk = Desk::new([Device::vivid()]);
        let own = std::process::id();
        for (process, target) in [(own, "/dev/video0"), (own + 1, "/dev/video0"), (own + 2, "/dev/video1")] {
            desk.write(&format!("proc/{process}/comm"), "viewer\n");
            desk.link(&format!("proc/{process}/fd/3"), target);
        }
        desk.write("proc/cpuinfo", "");
        let holder = |process| Holder { process, program: "viewer".into() };
        assert_eq!(holders(&*desk, Path::new("/dev/video0")), [holder(own + 1)]);
        desk.link(&format!("proc/{own}/fd/4"), "/dev/video0");
        assert_eq!(holders(&*desk, Path::new("/dev/video0")), [holder(own), holder(own + 1)]);
    }
}
