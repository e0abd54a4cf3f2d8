//! What is written into an image: folders, files and links, with their content ready on this machine's disk.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use moead_bundle::archive;
use moead_bundle::reader::Bundle;
use moead_bundle::release;

use super::error::ImageError;
use crate::payload::{self, StagingError};

/// The home of root, on every distribution.
const ROOT_HOME: &str = "/root";

/// What the site adds to a release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extras {
    /// The public key that updates must be signed with: a `.pub` file's text.
    pub public_key: Option<String>,
    /// The board's name in the network.
    pub host_name: Option<String>,
    /// Keys that may log in as root by ssh: lines of `authorized_keys`.
    pub root_keys: Option<String>,
    /// The site's settings: lines of `/etc/moead/edge.env`.
    pub settings: Option<String>,
}

/// Everything, with absolute paths.
#[derive(Debug)]
pub(super) struct Plan {
    /// Parents first.
    pub(super) folders: BTreeSet<String>,
    pub(super) files: Vec<PlannedFile>,
    /// Path and target.
    pub(super) links: Vec<(String, String)>,
}

#[derive(Debug)]
pub(super) struct PlannedFile {
    pub(super) path: String,
    /// With the content.
    pub(super) staged: PathBuf,
    pub(super) size: u64,
    pub(super) mode: u32,
}

impl Plan {
    /// Unpacks the bundle into `staging`.
    pub(super) fn new(bundle: &mut Bundle, extras: &Extras, staging: &Path) -> Result<Self, ImageError> {
        let manifest = bundle.manifest().clone();
        let folder = release::folder_name(manifest.version, bundle.digest());
        let root = format!("{}/{}/{folder}", release::ROOT, release::RELEASES);
        let mut plan = Self { folders: BTreeSet::new(), files: Vec::new(), links: Vec::new() };
        for member in &manifest.members {
            let staged = payload::unpack(bundle, member, staging, &plan.files.len().to_string())?;
            plan.push(format!("{root}/{}", member.path), staged, member.size, member.kind.mode());
        }
        let manifest_text = bundle.manifest_text().to_vec();
        let signature = bundle.signature_text().to_owned();
        let host = extras.host_name.as_ref().map(|name| format!("{name}\n"));
        let texts = [
            (format!("{root}/{}", archive::MANIFEST), Some(manifest_text), 0o644),
            (format!("{root}/{}", archive::SIGNATURE), Some(signature.into_bytes()), 0o644),
            (release::PUBLIC_KEY.into(), extras.public_key.clone().map(String::into_bytes), 0o644),
            (release::SITE_SETTINGS.into(), extras.settings.clone().map(String::into_bytes), 0o644),
            ("/etc/hostname".into(), host.map(String::into_bytes), 0o644),
            (format!("{ROOT_HOME}/.ssh/authorized_keys"), extras.root_keys.clone().map(String::into_bytes), 0o600),
        ];
        for (path, text, mode) in texts {
            let Some(text) = text else { continue };
            let staged = staging.join(plan.files.len().to_string());
            write_new(&staged, &text).map_err(StagingError::at(staging))?;
            plan.push(path, staged, text.len() as u64, mode);
        }
        // `current`, and until there is another release, `previous` too: the update unit runs its program.
        for link in [release::CURRENT, release::PREVIOUS] {
            plan.link(format!("{}/{link}", release::ROOT), format!("{}/{folder}", release::RELEASES));
        }
        for (path, target) in release::LINKS {
            plan.link(path.into(), target.into());
        }
        Ok(plan)
    }

    fn push(&mut self, path: String, staged: PathBuf, size: u64, mode: u32) {
        self.parents(&path);
        self.files.push(PlannedFile { path, staged, size, mode });
    }

    fn link(&mut self, path: String, target: String) {
        self.parents(&path);
        self.links.push((path, target));
    }

    fn parents(&mut self, path: &str) {
        let ends = path.match_indices('/').map(|(end, _)| end).filter(|&end| end > 0);
        self.folders.extend(ends.filter_map(|end| path.get(..end)).map(str::to_owned));
    }

    /// Bytes that all of it takes in blocks of that size.
    pub(super) fn room(&self, block: u64) -> u64 {
        let block = block.max(1024);
        let files = self.files.iter().map(|file| file.size.next_multiple_of(block) + block).sum::<u64>();
        // A block for each folder, link and new piece of a folder's list.
        files + (self.folders.len() + self.links.len()) as u64 * 2 * block
    }

    /// One for each thing; those that are there already count, too.
    pub(super) fn inodes(&self) -> u64 {
        (self.folders.len() + self.files.len() + self.links.len()) as u64
    }
}

fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    File::create_new(path)?.write_all(text)
}
