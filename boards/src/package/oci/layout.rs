//! The folder: `oci-layout`, `index.json`, and blobs named after their SHA-256.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use moead_bundle::digest::Digest;
use moead_model::atomic_file;
use serde_json::{Value, json};

use super::{OciError, to_bytes};

/// Media type of an image for one machine.
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
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
        let text = document(&folder.join("oci-layout")).map_err(|error| match error {
            OciError::File(error) if error.kind() == io::ErrorKind::NotFound && folder.is_dir() => {
                OciError::Form("it has no file oci-layout".into())
            }
            other => other,
        })?;
        match text["imageLayoutVersion"].as_str() {
            Some("1.0.0") => Ok(Self { folder: folder.to_owned() }),
            found => Err(OciError::Form(format!("imageLayoutVersion {}, expected 1.0.0", found.unwrap_or("none")))),
        }
    }

    /// One that is there, or a new one in an empty folder or in none.
    pub(super) fn create(folder: &Path) -> Result<Self, OciError> {
        let is_empty = match std::fs::read_dir(folder) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(error.into()),
        };
        if !is_empty {
            return Self::open(folder);
        }
        std::fs::create_dir_all(folder.join("blobs/sha256"))?;
        let text = to_bytes(&json!({"imageLayoutVersion": "1.0.0"}));
        atomic_file::write::<io::Error>(&folder.join("oci-layout"), |out| out.write_all(&text))?;
        Ok(Self { folder: folder.to_owned() })
    }

    pub(super) fn index(&self) -> Result<Value, OciError> {
        document(&self.folder.join("index.json"))
    }

    fn blob(&self, digest: Digest) -> PathBuf {
        self.folder.join("blobs/sha256").join(digest.to_string())
    }

    /// A JSON document among the blobs, compared with its digest.
    pub(super) fn read(&self, descriptor: &Descriptor) -> Result<Value, OciError> {
        let bytes = bounded(&self.blob(descriptor.digest))?;
        let found = Digest::of(&bytes);
        if found != descriptor.digest {
            return Err(OciError::Blob { expected: descriptor.digest.to_string(), found: found.to_string() });
        }
        parse(&bytes, "a document")
    }

    /// Writes a blob.
    pub(super) fn write(&self, bytes: &[u8], media_type: &str) -> Result<Descriptor, OciError> {
        let digest = Digest::of(bytes);
        atomic_file::write::<io::Error>(&self.blob(digest), |out| out.write_all(bytes))?;
        Ok(Descriptor { media_type: media_type.to_owned(), digest, size: bytes.len() as u64 })
    }

    /// Compares a blob with what others say about it.
    pub(super) fn check(&self, descriptor: &Descriptor) -> Result<(), OciError> {
        check(&self.blob(descriptor.digest), descriptor)
    }

    /// Copies a blob of another layout, and compares the copy.
    pub(super) fn copy(&self, other: &Self, descriptor: &Descriptor) -> Result<(), OciError> {
        let mut source = File::open(other.blob(descriptor.digest))?;
        atomic_file::write_checked::<OciError>(
            &self.blob(descriptor.digest),
            |out| Ok(io::copy(&mut source, &mut &mut *out).map(drop)?),
            |written| check(written, descriptor),
        )
    }

    /// Puts an image into the index, in place of the one for the same machine. Blobs of that one stay.
    pub(super) fn put(&self, manifest: &Descriptor, architecture: &str, version: &str) -> Result<(), OciError> {
        let mut images = match self.index() {
            Ok(index) => index["manifests"].as_array().cloned().unwrap_or_default(),
            Err(OciError::File(error)) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        images.retain(|image| image["platform"]["architecture"] != architecture);
        let mut image = manifest.to_json();
        image["platform"] = json!({"architecture": architecture, "os": "linux"});
        image["annotations"] = json!({"org.opencontainers.image.ref.name": version});
        images.push(image);
        images.sort_by_key(|image| image["platform"]["architecture"].to_string());
        let index = to_bytes(&json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": images}));
        Ok(atomic_file::write::<io::Error>(&self.folder.join("index.json"), |out| out.write_all(&index))?)
    }
}

fn check(path: &Path, descriptor: &Descriptor) -> Result<(), OciError> {
    let (found, size) = Digest::of_reader(&mut File::open(path)?)?;
    if (found, size) == (descriptor.digest, descriptor.size) {
        return Ok(());
    }
    let found = format!("{size} bytes with SHA-256 {found}");
    Err(OciError::Blob { expected: descriptor.digest.to_string(), found })
}

fn document(path: &Path) -> Result<Value, OciError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    parse(&bounded(path)?, &name)
}

fn bounded(path: &Path) -> Result<Vec<u8>, OciError> {
    let mut bytes = Vec::new();
    File::open(path)?.take(DOCUMENT_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > DOCUMENT_BYTES {
        let part = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return Err(OciError::TooLarge { part, found: bytes.len() as u64, limit: DOCUMENT_BYTES });
    }
    Ok(bytes)
}

fn parse(bytes: &[u8], name: &str) -> Result<Value, OciError> {
    serde_json::from_slice(bytes).map_err(|error| OciError::Form(format!("{name}: {error}")))
}
