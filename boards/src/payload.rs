//! What is brought to a board that unpacks it by itself: the release's files as a plain tar, their checksums, the key, and the script. Nothing but `sh`, `tar`
//! and `sha256sum` is needed there.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use moead_bundle::archive;
use moead_bundle::digest::Digest;
use moead_bundle::manifest::Kind;
use moead_bundle::reader::{Bundle, BundleError};

/// Why it cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// The file system's own.
    #[error(transparent)]
    File(#[from] io::Error),
    /// The bundle is damaged.
    #[error("bundle: {0}")]
    Bundle(#[from] BundleError),
}

/// What is run on the board.
pub(crate) const SCRIPT: &str = include_str!("../templates/install/install.sh");

/// In the order in which they are copied.
pub(crate) const FILES: [&str; 4] = ["install.sh", "moead.pub", "SHA256SUMS", "release.tar"];

/// Writes all of [`FILES`] into a folder of this machine.
pub(crate) fn write(bundle: &mut Bundle, public_key: &str, folder: &Path) -> Result<(), PayloadError> {
    std::fs::write(folder.join("install.sh"), SCRIPT)?;
    std::fs::write(folder.join("moead.pub"), public_key)?;
    let mut sums = String::new();
    let mut tar = tar::Builder::new(BufWriter::new(File::create(folder.join("release.tar"))?));
    for member in bundle.manifest().members.clone() {
        let staged = folder.join("member");
        bundle.unpack(&member, &mut File::create(&staged)?)?;
        append(&mut tar, member.path.as_str(), member.kind, member.size, &mut File::open(&staged)?)?;
        sums.push_str(&format!("{}  {}\n", member.sha256, member.path));
        std::fs::remove_file(staged)?;
    }
    let signature = bundle.signature_text().to_owned();
    let texts = [(archive::MANIFEST, bundle.manifest_text().to_vec()), (archive::SIGNATURE, signature.into_bytes())];
    for (name, text) in texts {
        append(&mut tar, name, Kind::File, text.len() as u64, &mut text.as_slice())?;
        sums.push_str(&format!("{}  {name}\n", Digest::of(&text)));
    }
    tar.into_inner()?.flush()?;
    std::fs::write(folder.join("SHA256SUMS"), sums)?;
    Ok(())
}

fn append<W: io::Write>(
    tar: &mut tar::Builder<W>,
    path: &str,
    kind: Kind,
    size: u64,
    content: &mut dyn io::Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(size);
    header.set_mode(kind.mode());
    header.set_mtime(0);
    tar.append_data(&mut header, path, content)
}
