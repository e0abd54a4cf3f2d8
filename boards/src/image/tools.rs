//! The programs of e2fsprogs: found, run in plain English, and their words kept.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use moead_model::atomic_file;

use super::error::ImageError;
use super::superblock::Superblock;
use super::table::Partition;
use crate::temporaries::Temporaries;

/// Changes files inside of an image.
const DEBUGFS: &str = "debugfs";
/// Checks and repairs.
const E2FSCK: &str = "e2fsck";
/// Where administrators' programs are, whatever PATH says.
const FOLDERS: [&str; 3] = ["/usr/sbin", "/sbin", "/usr/local/sbin"];
/// Of a program's words, in a message.
const MOST_WORDS: usize = 400;

/// Whether both are on this machine.
pub(super) fn check() -> Result<(), ImageError> {
    for program in [DEBUGFS, E2FSCK] {
        find(program)?;
    }
    Ok(())
}

fn find(program: &'static str) -> Result<PathBuf, ImageError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(FOLDERS.map(PathBuf::from));
    let found = folders.map(|folder| folder.join(program)).find(|file| file.is_file());
    found.ok_or(ImageError::Tool { program })
}

/// The image's file system as e2fsprogs name it. They read a `?` in a path as the beginning of options, so the path is the bare name,
/// and they run in its folder.
fn device(image: &Path, partition: &Partition) -> (PathBuf, String) {
    let name = image.file_name().unwrap_or_default().to_string_lossy();
    (atomic_file::folder_of(image).to_owned(), format!("{name}?offset={}", partition.start))
}

fn run(program: &'static str, folder: &Path, arguments: &[&str]) -> Result<Output, ImageError> {
    let mut command = Command::new(find(program)?);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).env("LC_ALL", "C");
    Ok(command.output()?)
}

fn words(output: &Output) -> String {
    let text = [output.stderr.as_slice(), &output.stdout].concat();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("e2fsck 1.") && !line.is_empty()).collect();
    let mut words = lines.join("; ");
    if let Some((end, _)) = words.char_indices().nth(MOST_WORDS) {
        words.truncate(end);
        words.push('…');
    }
    words
}

/// Runs debugfs on a list of commands. What it says is of no use, and its status neither: the caller reads everything back.
pub(super) fn debugfs(image: &Path, partition: &Partition, commands: &Path) -> Result<(), ImageError> {
    let (folder, device) = device(image, partition);
    let commands = commands.canonicalize()?;
    let output = run(DEBUGFS, &folder, &["-w", "-f", &commands.to_string_lossy(), &device])?;
    if output.status.success() { Ok(()) } else { Err(ImageError::Failed { program: DEBUGFS, said: words(&output) }) }
}

/// Whether the file system is whole; changes nothing.
fn is_clean(image: &Path, partition: &Partition) -> Result<(bool, String), ImageError> {
    let (folder, device) = device(image, partition);
    let output = run(E2FSCK, &folder, &["-fn", &device])?;
    Ok((output.status.code() == Some(0), words(&output)))
}

/// An error unless the file system is whole.
pub(super) fn check_clean(image: &Path, partition: &Partition) -> Result<(), ImageError> {
    match is_clean(image, partition)? {
        (true, _) => Ok(()),
        (false, said) => Err(ImageError::Damaged { partition: partition.to_string(), said }),
    }
}

/// Counts anew what each owner has, where the file system keeps that: debugfs does not. What is more than that to decide is left, and is seen when
/// the file system is checked afterwards.
pub(super) fn count_quotas(image: &Path, partition: &Partition) -> Result<(), ImageError> {
    let superblock = Superblock::read(&File::open(image)?, partition.start)?;
    if superblock.is_none_or(|superblock| !superblock.has_quotas) {
        return Ok(());
    }
    let (folder, device) = device(image, partition);
    run(E2FSCK, &folder, &["-fp", &device]).map(drop)
}

/// Repairs the copy's file system if that needs no decisions, as a boot would: an unclean journal is replayed. Says whether it
/// did.
pub(super) fn make_clean(image: &Path, partition: &Partition, temporaries: &Temporaries) -> Result<bool, ImageError> {
    let superblock = Superblock::read(&File::open(image)?, partition.start)?;
    if superblock.is_some_and(|superblock| superblock.is_clean) && is_clean(image, partition)?.0 {
        return Ok(false);
    }
    // e2fsck cannot replay a journal at an offset, so the partition is cut out and put back.
    let folder = atomic_file::folder_of(image);
    let cut = temporaries.file_in(folder)?;
    let mut whole = File::options().read(true).write(true).open(image)?;
    whole.seek(SeekFrom::Start(partition.start))?;
    copy_different(&mut (&whole).take(partition.length), cut.as_file(), 0)?;
    cut.as_file().set_len(partition.length)?;
    let name = cut.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    let output = run(E2FSCK, folder, &["-fp", &name])?;
    // 1: repaired; 2: a running system would have to be restarted. From 4 on something is left to decide.
    if !matches!(output.status.code(), Some(0..=3)) {
        return Err(ImageError::Damaged { partition: partition.to_string(), said: words(&output) });
    }
    let mut repaired = cut.as_file();
    repaired.seek(SeekFrom::Start(0))?;
    copy_different(&mut repaired, &whole, partition.start)?;
    check_clean(image, partition)?;
    Ok(true)
}

/// Copies what differs from what is there: zeros over a hole are no difference.
fn copy_different(reader: &mut dyn io::Read, mut target: &File, start: u64) -> io::Result<()> {
    use std::os::unix::fs::FileExt as _;
    let mut piece = vec![0; 1 << 20];
    let mut there = vec![0; 1 << 20];
    let mut at = start;
    loop {
        let count = reader.read(&mut piece)?;
        let Some(bytes) = piece.get(..count).filter(|bytes| !bytes.is_empty()) else { return Ok(()) };
        let known = there.get_mut(..count).unwrap_or_default();
        known.fill(0);
        // Behind its end a file is zero.
        let _ = target.read_at(known, at)?;
        if known != bytes {
            target.seek(SeekFrom::Start(at))?;
            target.write_all(bytes)?;
        }
        at += count as u64;
    }
}
