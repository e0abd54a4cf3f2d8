//! What is brought to a board that unpacks it by itself: the release's files as a plain tar, their checksums, the key, and the script. Nothing but `sh`, `tar`
//! and `sha256sum` is needed there.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use moead_bundle::archive;
use moead_bundle::digest::Digest;
use moead_bundle::manifest::{Kind, Member};
use moead_bundle::reader::{Bundle, BundleError};

/// Why it cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// The bundle is damaged.
    #[error("bundle: {0}")]
    Bundle(#[from] BundleError),
    /// A folder of this machine for what is unpacked.
    #[error(transparent)]
    Staging(#[from] StagingError),
}

/// Why nothing can be unpacked for a while.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", .folder.display())]
pub struct StagingError {
    /// Of this machine.
    pub folder: PathBuf,
    /// Why.
    #[source]
    pub error: io::Error,
}

impl StagingError {
    /// In that folder.
    pub(crate) fn at(folder: &Path) -> impl Fn(io::Error) -> Self {
        move |error| Self { folder: folder.to_owned(), error }
    }
}

/// Unpacks a file of the bundle into a folder of this machine.
pub(crate) fn unpack(bundle: &mut Bundle, member: &Member, folder: &Path, name: &str) -> Result<PathBuf, PayloadError> {
    let path = folder.join(name);
    let mut file = File::create(&path).map_err(StagingError::at(folder))?;
    match bundle.unpack(member, &mut file) {
        // Of the file that is written: the bundle was read before.
        Err(BundleError::Read(error)) => Err(StagingError::at(folder)(error).into()),
        other => Ok(other.map(|()| path)?),
    }
}

/// What is run on the board.
pub(crate) const SCRIPT: &str = include_str!("../templates/install/install.sh");

/// In the order in which they are copied.
pub(crate) const FILES: [&str; 4] = ["install.sh", "moead.pub", "SHA256SUMS", "release.tar"];

/// Writes all of [`FILES`] into a folder of this machine.
pub(crate) fn write(bundle: &mut Bundle, public_key: &str, folder: &Path) -> Result<(), PayloadError> {
    let staging = StagingError::at(folder);
    std::fs::write(folder.join("install.sh"), SCRIPT).map_err(&staging)?;
    std::fs::write(folder.join("moead.pub"), public_key).map_err(&staging)?;
    let mut sums = String::new();
    let mut tar = tar::Builder::new(BufWriter::new(File::create(folder.join("release.tar")).map_err(&staging)?));
    for member in bundle.manifest().members.clone() {
        let staged = unpack(bundle, &member, folder, "member")?;
        let appended = File::open(&staged)
            .and_then(|mut file| append(&mut tar, member.path.as_str(), member.kind, member.size, &mut file));
        appended.and_then(|()| std::fs::remove_file(staged)).map_err(&staging)?;
        sums.push_str(&format!("{}  {}\n", member.sha256, member.path));
    }
    let signature = bundle.signature_text().to_owned();
    let texts = [(archive::MANIFEST, bundle.manifest_text().to_vec()), (archive::SIGNATURE, signature.into_bytes())];
    for (name, text) in texts {
        append(&mut tar, name, Kind::File, text.len() as u64, &mut text.as_slice()).map_err(&staging)?;
        sums.push_str(&format!("{}  {name}\n", Digest::of(&text)));
    }
    tar.into_inner().and_then(|mut file| file.flush()).map_err(&staging)?;
    std::fs::write(folder.join("SHA256SUMS"), sums).map_err(&staging)?;
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

#[cfg(test)]
pub(crate) mod tests {
    use moead_bundle::manifest::{Downgrade, Manifest, SCHEMA, Target};
    use moead_bundle::member_path::MemberPath;
    use moead_bundle::reader::Sealed;
    use moead_bundle::version::Version;
    use moead_bundle::writer::{Content, Draft};

    use super::*;
    use crate::key::{self, SecretKey};

    /// A bundle of one file.
    pub(crate) fn bundle_of(path: &str, bytes: &[u8]) -> Bundle {
        let manifest = Manifest {
            schema: SCHEMA,
            name: "bolt".into(),
            version: Version::parse("1").unwrap(),
            created_by: "test".into(),
            target: Target {
                profile: "pc".into(),
                triple: "x86_64-unknown-linux-gnu".into(),
                glibc: Version::parse("2.36").unwrap(),
                boards: Vec::new(),
            },
            expires: None,
            replaces_from: None,
            downgrade: Downgrade::Refused,
            members: Vec::new(),
        };
        let content = Content { path: MemberPath::parse(path).unwrap(), kind: Kind::File, bytes: bytes.to_vec() };
        let key = SecretKey::parse(&key::make(None).unwrap().secret, None).unwrap();
        let draft = Draft::new(manifest, &[content]).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        draft.write(&key.sign(draft.message(), "test"), &mut file.as_file()).unwrap();
        Sealed::open(file.path()).unwrap().verify(key.public()).unwrap()
    }

    #[test]
    fn a_folder_that_is_full_is_named() {
        let mut bundle = bundle_of("model.onnx", b"a model");
        let member = bundle.manifest().member("model.onnx").unwrap().clone();
        // The device that is always full.
        let error = unpack(&mut bundle, &member, Path::new("/dev"), "full").unwrap_err();
        assert_eq!(error.to_string(), "/dev: No space left on device (os error 28)");
        let folder = tempfile::tempdir().unwrap();
        let unpacked = unpack(&mut bundle, &member, folder.path(), "member").unwrap();
        assert_eq!(std::fs::read(unpacked).unwrap(), b"a model");
    }
}
