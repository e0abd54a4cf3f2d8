//! The way that needs no reader of ext4: a release in a Raspberry Pi card's FAT partition, and a first boot that installs from there.
//!
//! The kernel's command line lies on that partition, and systemd runs what it names once everything of the basic system is there
//! (systemd-run-generator(8)): the way on which Raspberry Pi's own Imager sets boards up.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fatfs::{FileSystem, FsOptions};
use moead_bundle::reader::Bundle;
use moead_bundle::release;

use super::error::ImageError;
use super::plan::Extras;
use super::source::fill;
use super::table::{self, Partition};
use super::{Report, Request, slice::Slice};
use crate::payload::{self, StagingError};

/// Of all that is ours there.
const FOLDER: &str = "moead";
const COMMAND_LINE: &str = "cmdline.txt";
/// The kernel takes less than that.
const MOST_COMMAND_LINE: u64 = 4096;
const SCRIPT: (&str, &str) = ("first-boot.sh", include_str!("../../templates/install/first-boot.sh"));
/// Where Raspberry Pi OS on Debian 12 and later mounts the partition.
const HOOK: &str = " systemd.run=/boot/firmware/moead/first-boot.sh systemd.run_success_action=reboot \
                    systemd.unit=kernel-command-line.target";
/// What runs at the first boot already, if anything does.
const TAKEN: &str = "systemd.run=";
/// Left free, for logs.
const RESERVE: u64 = 4 << 20;

type Fat = FileSystem<Slice>;

/// Writes release and script into the image's FAT partition, and reads them back.
pub(super) fn write(
    image: &Path,
    bundle: &mut Bundle,
    request: &Request<'_>,
    step: &mut dyn FnMut(&str),
) -> Result<Report, ImageError> {
    step("looking for the boot partition");
    let (partition, line) = find(image)?;
    if let Some(found) = line.split_whitespace().find(|word| word.starts_with(TAKEN)) {
        return Err(ImageError::Hooked { path: COMMAND_LINE, found: found.to_owned() });
    }
    step("unpacking the bundle");
    let staging = request.temporaries.folder()?;
    let files = stage(bundle, &request.extras, staging.path())?;
    let at = Place { image, partition: &partition };
    step("writing files");
    at.write(&files, &format!("{}{HOOK}\n", line.trim_end()))?;
    step("reading everything back");
    at.check(&files, &format!("{}{HOOK}\n", line.trim_end()))?;
    // The folder and the command line are ours too.
    let written = files.len() + 2;
    Ok(Report { partition: partition.to_string(), system: None, glibc: None, was_repaired: false, written })
}

/// The partition with the kernel's command line, and that.
fn find(image: &Path) -> Result<(Partition, String), ImageError> {
    let (candidates, found) = table::find_fat(&File::open(image)?)?;
    for partition in candidates {
        let system = Place { image, partition: &partition }.open()?;
        let root = system.root_dir();
        let file = match root.open_file(COMMAND_LINE) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(broken(&partition, &error)),
        };
        let mut line = Vec::new();
        file.take(MOST_COMMAND_LINE + 1).read_to_end(&mut line).map_err(|error| broken(&partition, &error))?;
        let text = String::from_utf8(line).ok().filter(|text| text.len() as u64 <= MOST_COMMAND_LINE);
        let is_one = |text: &String| text.trim_end().lines().count() == 1;
        let Some(text) = text.filter(is_one) else {
            let reason = format!("{COMMAND_LINE}: expected one line of at most {MOST_COMMAND_LINE} bytes");
            return Err(ImageError::Fat { partition: partition.to_string(), reason });
        };
        return Ok((partition, text));
    }
    Err(ImageError::NoBoot { found })
}

/// Everything that goes into [`FOLDER`]: name and content.
fn stage(bundle: &mut Bundle, extras: &Extras, staging: &Path) -> Result<Vec<(String, PathBuf)>, ImageError> {
    payload::write(bundle, extras.public_key.as_deref().unwrap_or_default(), staging)?;
    let folder = release::folder_name(bundle.manifest().version, bundle.digest());
    let texts = [
        (SCRIPT.0, Some(SCRIPT.1.to_owned())),
        ("release", Some(folder)),
        ("hostname", extras.host_name.as_ref().map(|name| format!("{name}\n"))),
        ("edge.env", extras.settings.clone()),
        ("authorized_keys", extras.root_keys.clone()),
    ];
    let mut files: Vec<_> = payload::FILES.iter().map(|name| ((*name).to_owned(), staging.join(name))).collect();
    for (name, text) in texts {
        let Some(text) = text else { continue };
        std::fs::write(staging.join(name), text).map_err(StagingError::at(staging))?;
        files.push((name.to_owned(), staging.join(name)));
    }
    Ok(files)
}

/// A partition of an image.
struct Place<'a> {
    image: &'a Path,
    partition: &'a Partition,
}

impl Place<'_> {
    fn open(&self) -> Result<Fat, ImageError> {
        let file = OpenOptions::new().read(true).write(true).open(self.image)?;
        let slice = Slice::new(file, self.partition.start, self.partition.length);
        FileSystem::new(slice, FsOptions::new()).map_err(|error| broken(self.partition, &error))
    }

    fn write(&self, files: &[(String, PathBuf)], line: &str) -> Result<(), ImageError> {
        let broken = |error: io::Error| broken(self.partition, &error);
        let system = self.open()?;
        let cluster = u64::from(system.cluster_size());
        let free = u64::from(system.stats().map_err(broken)?.free_clusters()) * cluster;
        let mut needed = RESERVE;
        for (_, path) in files {
            needed += std::fs::metadata(path)?.len().next_multiple_of(cluster.max(1)) + cluster;
        }
        if needed > free {
            return Err(ImageError::NoRoom { partition: self.partition.to_string(), needed, free });
        }
        {
            let root = system.root_dir();
            // Of an earlier release.
            let old = match root.open_dir(FOLDER) {
                Ok(old) => Some(old),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(broken(error)),
            };
            if let Some(old) = old {
                let names: Result<Vec<_>, _> = old.iter().map(|entry| entry.map(|entry| entry.file_name())).collect();
                for name in names.map_err(broken)?.iter().filter(|name| !matches!(name.as_str(), "." | "..")) {
                    old.remove(name).map_err(broken)?;
                }
            }
            let folder = root.create_dir(FOLDER).map_err(broken)?;
            for (name, path) in files {
                let mut target = folder.create_file(name).map_err(broken)?;
                target.truncate().map_err(broken)?;
                io::copy(&mut File::open(path)?, &mut target).map_err(broken)?;
                target.flush().map_err(broken)?;
            }
            let mut target = root.open_file(COMMAND_LINE).map_err(broken)?;
            target.seek(SeekFrom::Start(0)).map_err(broken)?;
            target.truncate().map_err(broken)?;
            target.write_all(line.as_bytes()).map_err(broken)?;
        }
        system.unmount().map_err(broken)
    }

    /// What another look at the partition finds is what was to be written.
    fn check(&self, files: &[(String, PathBuf)], line: &str) -> Result<(), ImageError> {
        let system = self.open()?;
        let root = system.root_dir();
        let other = |path: String| ImageError::ReadBack { path, found: "something else".into() };
        for (name, staged) in files {
            let path = format!("{FOLDER}/{name}");
            let written = root.open_file(&path).map_err(|error| broken(self.partition, &error))?;
            if !same(written, File::open(staged)?)? {
                return Err(other(path));
            }
        }
        let written = root.open_file(COMMAND_LINE).map_err(|error| broken(self.partition, &error))?;
        if same(written, line.as_bytes())? { Ok(()) } else { Err(other(COMMAND_LINE.into())) }
    }
}

fn broken(partition: &Partition, error: &io::Error) -> ImageError {
    ImageError::Fat { partition: partition.to_string(), reason: error.to_string() }
}

/// Whether both have the same bytes.
fn same(mut one: impl Read, mut other: impl Read) -> io::Result<bool> {
    let (mut a, mut b) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let (x, y) = (fill(&mut one, &mut a)?, fill(&mut other, &mut b)?);
        if a.get(..x) != b.get(..y) {
            return Ok(false);
        }
        if x == 0 {
            return Ok(true);
        }
    }
}
