//! The system inside of the image, read without e2fsprogs: what it is, and whether the release runs on it.

use std::error::Error;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use ext4_view::{Ext4, Ext4Read};
use moead_bundle::admission::Refusal;
use moead_bundle::manifest::Target;
use moead_bundle::version::Version;

use super::error::ImageError;
use super::table::Partition;
use crate::program::Program;

/// Bytes of a file that is read whole. The largest one that is looked at is the C library, with 2 MB.
const FILE_BYTES: u64 = 32 << 20;

/// A root file system.
pub(super) struct Root {
    files: Ext4,
    partition: String,
}

/// The image from the partition's beginning on.
struct Window {
    image: File,
    start: u64,
    length: u64,
}

impl Ext4Read for Window {
    fn read(&mut self, start: u64, bytes: &mut [u8]) -> Result<(), Box<dyn Error + Send + Sync + 'static>> {
        let end = start.checked_add(bytes.len() as u64).filter(|&end| end <= self.length);
        end.ok_or("behind the partition's end")?;
        Ok(self.image.read_exact_at(bytes, self.start + start)?)
    }
}

impl Root {
    pub(super) fn open(image: &Path, partition: &Partition) -> Result<Self, ImageError> {
        let window = Window { image: File::open(image)?, start: partition.start, length: partition.length };
        let system = |reason: String| ImageError::System { partition: partition.to_string(), reason };
        let files = Ext4::load(Box::new(window)).map_err(|error| system(error.to_string()))?;
        Ok(Self { files, partition: partition.to_string() })
    }

    pub(super) fn files(&self) -> &Ext4 {
        &self.files
    }

    /// A file, if it is there and not larger than any that is looked at.
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.files.metadata(path).ok().filter(|metadata| metadata.len() <= FILE_BYTES)?;
        self.files.read(path).ok()
    }

    /// The system's own name.
    pub(super) fn system(&self) -> String {
        let text = self.read("/etc/os-release").or_else(|| self.read("/usr/lib/os-release")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
        name.map_or("a system without a name".into(), |name| name.trim_matches('"').to_owned())
    }

    /// As the C library's own text says.
    pub(super) fn glibc(&self) -> Option<Version> {
        const MARK: &[u8] = b"stable release version ";
        let folders = [
            "/usr/lib/aarch64-linux-gnu",
            "/usr/lib/x86_64-linux-gnu",
            "/lib/aarch64-linux-gnu",
            "/lib/x86_64-linux-gnu",
            "/usr/lib64",
            "/usr/lib",
        ];
        let library = folders.iter().find_map(|folder| self.read(&format!("{folder}/libc.so.6")))?;
        let at = library.windows(MARK.len()).position(|bytes| bytes == MARK)? + MARK.len();
        let number = library.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.');
        let number: Vec<u8> = number.copied().collect();
        Version::parse(std::str::from_utf8(&number).ok()?.trim_end_matches('.'))
    }

    /// Whether a release for that target starts here.
    pub(super) fn check(&self, target: &Target) -> Result<(), ImageError> {
        let system = |reason: String| ImageError::System { partition: self.partition.clone(), reason };
        let shell = self.read("/bin/sh").ok_or_else(|| system("it has no /bin/sh".into()))?;
        let shell = Program::read(&shell).map_err(|error| system(format!("/bin/sh: {error}")))?;
        if shell.triple.name() != target.triple {
            let found = shell.triple.name().to_owned();
            return Err(Refusal::Triple { expected: target.triple.clone(), found }.into());
        }
        let systemd = ["/lib/systemd/systemd", "/usr/lib/systemd/systemd"];
        if !systemd.iter().any(|path| self.files.exists(*path).unwrap_or(false)) {
            return Err(system("it has no systemd".into()));
        }
        if let Some(found) = self.glibc().filter(|&found| found < target.glibc) {
            return Err(Refusal::Glibc { expected: target.glibc, found }.into());
        }
        Ok(())
    }
}
