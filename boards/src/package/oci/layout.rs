//! The folder: `oci-layout`, `index.json`, and blobs named after their SHA-256.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use moead_bundle::digest::Digest;
use serde_json::{Value, json};

use super::OciError;

/// Media type of an image for one machine.
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Of a list of images.
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Bytes of a JSON document. Honest ones have a few kilobytes; each is read whole.
const DOCUMENT_BYTES: u64 = 4 << 20;

/// An image layout.
#[derive(Debug)]
pub(super) struct Layout {
    folder: PathBuf,
}

/// A blob as others refer to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Descriptor {
    pub(super) media_type: String,
    pub(super) digest: Digest,
    pub(super) size: u64,
}

impl Descriptor {
    /// Reads one; other algorithms than SHA-256 are not in use.
    pub(super) fn parse(value: &Value) -> Result<Self, OciError> {
        let form = |what: &str| OciError::Form(format!("a descriptor without {what}"));
        let digest = value["digest"].as_str().and_then(|text| Digest::parse(text.strip_prefix("sha256:")?));
        Ok(Self {
            media_type: value["mediaType"].as_str().ok_or_else(|| form("mediaType"))?.to_owned(),
            digest: digest.ok_or_else(|| form("a SHA-256"))?,
            size: value["size"].as_u64().ok_or_else(|| form("a size"))?,
        })
    }

    pub(super) fn to_json(&self) -> Value {
        json!({"mediaType": self.media_type, "digest": format!("sha256:{}", self.digest), "size": self.size})
    }
}

impl Layout {
    /// One that is there.
    pub(super) fn open(folder: &Path) -> Result<Self, OciError> {
        let layout = Self::at(folder);
        let text = document(&layout.path("oci-layout")).map_err(|error| match error {
            OciError::File(error) if error.kind() == io::ErrorKind::NotFound && folder.is_dir() => {
                OciError::Form("it has no file oci-layout".into())
            }
            other => other,
        })?;
        match text["imageLayoutVersion"].as_str() {
            Some("1.0.0") => Ok(layout),
            found => Err(OciError::Form(format!("imageLayoutVersion {}, expected 1.0.0", found.unwrap_or("none")))),
        }
    }

    /// One that is being made there.
    pub(super) fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// A file of it that is no blob.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(super) fn index(&self) -> Result<Value, OciError> {
        document(&self.path("index.json"))
    }

    /// Where a blob is.
    pub(super) fn blob(&self, digest: Digest) -> PathBuf {
        self.path("blobs/sha256").join(digest.to_string())
    }

    /// A blob that others refer to.
    pub(super) fn open_blob(&self, digest: Digest) -> Result<File, OciError> {
        File::open(self.blob(digest)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => OciError::Blob { expected: digest.to_string(), found: "nothing".into() },
            _ => error.into(),
        })
    }

    /// A JSON document among the blobs, compared with its digest.
    pub(super) fn read(&self, descriptor: &Descriptor) -> Result<Value, OciError> {
        let bytes = bounded(self.open_blob(descriptor.digest)?, &descriptor.digest.to_string())?;
        let found = Digest::of(&bytes);
        if found != descriptor.digest {
            return Err(OciError::Blob { expected: descriptor.digest.to_string(), found: found.to_string() });
        }
        parse(&bytes, "a document")
    }

    /// Compares a blob with what others say about it.
    pub(super) fn check(&self, descriptor: &Descriptor) -> Result<(), OciError> {
        check(self.open_blob(descriptor.digest)?, descriptor)
    }
}

/// Compares a file with what others say about a blob.
pub(super) fn check(mut file: File, descriptor: &Descriptor) -> Result<(), OciError> {
    let (found, size) = Digest::of_reader(&mut file)?;
    if (found, size) == (descriptor.digest, descriptor.size) {
        return Ok(());
    }
    let found = format!("{size} bytes with SHA-256 {found}");
    Err(OciError::Blob { expected: descriptor.digest.to_string(), found })
}

fn document(path: &Path) -> Result<Value, OciError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    parse(&bounded(File::open(path)?, &name)?, &name)
}

fn bounded(file: File, name: &str) -> Result<Vec<u8>, OciError> {
    let mut bytes = Vec::new();
    file.take(DOCUMENT_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > DOCUMENT_BYTES {
        return Err(OciError::TooLarge { part: name.to_owned(), found: bytes.len() as u64, limit: DOCUMENT_BYTES });
    }
    Ok(bytes)
}

fn parse(bytes: &[u8], name: &str) -> Result<Value, OciError> {
    serde_json::from_slice(bytes).map_err(|error| OciError::Form(format!("{name}: {error}")))
}
