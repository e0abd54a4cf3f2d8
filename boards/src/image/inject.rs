//! A plan carried out by debugfs, and looked at afterwards with another reader.

use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;

use ext4_view::Ext4Error;

use super::error::ImageError;
use super::plan::Plan;
use super::root::Root;
use super::superblock::Superblock;
use super::table::Partition;
use super::tools;
use crate::payload::StagingError;

/// Left free on the board: a journal, a log, the first boot.
const RESERVE: u64 = 16 << 20;
/// Of files, for the same.
const RESERVED_INODES: u64 = 128;

/// Where there is to be a folder, there is one or nothing. debugfs follows no links, and what a link leads to may be another file system on the
/// board, from which nothing would be seen of what was written here.
pub(super) fn check_folders(root: &Root, plan: &Plan) -> Result<(), ImageError> {
    let files = root.files();
    // Parents come first, so there are folders alone above what is looked at.
    for path in &plan.folders {
        let found = match files.symlink_metadata(path.as_str()) {
            Ok(metadata) if metadata.is_dir() => continue,
            Ok(metadata) if metadata.is_symlink() => match files.read_link(path.as_str()) {
                Ok(target) => format!("a link to {}", target.display()),
                Err(error) => error.to_string(),
            },
            Ok(_) => "a file".to_owned(),
            Err(Ext4Error::NotFound) => continue,
            Err(error) => error.to_string(),
        };
        return Err(ImageError::NoFolder { path: path.clone(), found });
    }
    Ok(())
}

/// Counted before anything is written: debugfs leaves a part of a file where the room ends, and none where there are no more inodes.
pub(super) fn check_room(image: &File, partition: &Partition, plan: &Plan) -> Result<(), ImageError> {
    let superblock = Superblock::read(image, partition.start)?;
    let (free, block, inodes) =
        superblock.map_or((0, 4096, 0), |superblock| (superblock.free, superblock.block, superblock.free_inodes));
    let needed = plan.room(block) + RESERVE;
    if needed > free {
        return Err(ImageError::NoRoom { partition: partition.to_string(), needed, free });
    }
    let needed = plan.inodes() + RESERVED_INODES;
    if needed > inodes {
        return Err(ImageError::NoInodes { partition: partition.to_string(), needed, free: inodes });
    }
    Ok(())
}

/// Writes everything. debugfs writes over nothing, so what is there goes first; that it was not there is no error. Its commands lie in the plan's
/// `staging`.
pub(super) fn write(image: &Path, partition: &Partition, plan: &Plan, staging: &Path) -> Result<(), ImageError> {
    let mut commands = String::new();
    let mut line = |words: &[&str]| {
        let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        writeln!(commands, "{}", quoted.join(" ")).expect("a text grows");
    };
    for folder in &plan.folders {
        line(&["mkdir", folder]);
    }
    for file in &plan.files {
        let staged = file.staged.to_string_lossy();
        line(&["rm", &file.path]);
        line(&["write", &staged, &file.path]);
        line(&["set_inode_field", &file.path, "mode", &format!("0100{:03o}", file.mode)]);
        line(&["set_inode_field", &file.path, "uid", "0"]);
        line(&["set_inode_field", &file.path, "gid", "0"]);
    }
    for (path, target) in &plan.links {
        line(&["rm", path]);
        line(&["symlink", path, target]);
    }
    let script = staging.join("commands");
    std::fs::write(&script, commands).map_err(StagingError::at(staging))?;
    tools::debugfs(image, partition, &script)
}

/// debugfs takes quotes apart as a shell would; ours have none inside, and a path of this machine that has is not to be guessed at.
fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('"', "\"\""))
}

/// Compares everything with the plan; says how many things that were.
pub(super) fn check(image: &Path, partition: &Partition, plan: &Plan) -> Result<usize, ImageError> {
    let root = Root::open(image, partition)?;
    let files = root.files();
    let wrong = |path: &str, found: String| ImageError::ReadBack { path: path.to_owned(), found };
    for folder in &plan.folders {
        let metadata = files.metadata(folder.as_str()).map_err(|error| wrong(folder, error.to_string()))?;
        if !metadata.is_dir() {
            return Err(wrong(folder, "something that is no folder".into()));
        }
    }
    for file in &plan.files {
        let path = file.path.as_str();
        let metadata = files.symlink_metadata(path).map_err(|error| wrong(path, error.to_string()))?;
        let found = (metadata.file_type().is_regular_file(), metadata.len(), metadata.mode() & 0o7777, metadata.uid());
        if found != (true, file.size, u16::try_from(file.mode).unwrap_or(0), 0) {
            return Err(wrong(path, format!("a file of {} bytes, mode {:o}, owner {}", found.1, found.2, found.3)));
        }
        let content = files.read(path).map_err(|error| wrong(path, error.to_string()))?;
        if content != std::fs::read(&file.staged)? {
            return Err(wrong(path, "other content".into()));
        }
    }
    for (path, target) in &plan.links {
        let found = files.read_link(path.as_str()).map_err(|error| wrong(path, error.to_string()))?;
        if found.as_ref() as &[u8] != target.as_bytes() {
            return Err(wrong(path, format!("a link to {}", found.display())));
        }
    }
    Ok(plan.folders.len() + plan.files.len() + plan.links.len())
}
