//! A model file: ONNX with a manifest, checked from the bytes up before any engine sees it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use bytes::Bytes;
use prost::Message;

use super::contract::{self, GraphError, Traits};
use super::envelope::{Envelope, EnvelopeError};
use super::fields::{FieldsError, GRAPH, Scan};
use super::limits;
use super::messages::GraphProto;
use crate::atomic_file;
use crate::manifest::{self, Manifest, ManifestError};

/// The operator set of the standard's own domain that model files import, and nothing beside it.
pub const OPERATOR_SET: i64 = 18;
/// The oldest file format that has operator set 18.
pub const MIN_IR_VERSION: i64 = 8;
/// The newest file format whose fields this reader knows.
pub const MAX_IR_VERSION: i64 = 10;

/// A file that keeps the contract.
#[derive(Debug, Clone)]
pub struct ModelFile {
    bytes: Bytes,
    envelope: Envelope,
    manifest: Manifest,
    traits: Traits,
}

/// Why a file is not a model file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelFileError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// Larger than any honest one.
    #[error("more than {limit} bytes")]
    TooLarge {
        /// Bytes.
        limit: u64,
    },
    /// Not ONNX, cut short, or with fields that break a rule.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// An ONNX file of someone else.
    #[error("not a MoEAD model file: it has no metadata {}", manifest::KEY)]
    NoManifest,
    /// The manifest breaks a rule.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Another file format.
    #[error("ir_version {found}, expected {MIN_IR_VERSION} to {MAX_IR_VERSION}")]
    IrVersion {
        /// As written in the file.
        found: i64,
    },
    /// Another operator set, or more than one.
    #[error("operator sets: expected {OPERATOR_SET} of the standard domain and no other, found {found}")]
    OperatorSets {
        /// Versions and domains.
        found: String,
    },
    /// A field of the graph that breaks a rule. Offsets count from the graph's first byte.
    #[error(transparent)]
    Fields(#[from] FieldsError),
    /// The graph cannot be decoded, for a reason that the fields do not show.
    #[error("graph: {0}")]
    Decode(#[from] prost::DecodeError),
    /// The graph breaks the contract.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

impl ModelFile {
    /// Reads a file whole and checks it.
    ///
    /// # Errors
    /// [`ModelFileError`]; what it says holds for the file at `path`, which it does not name.
    pub fn open(path: &Path) -> Result<Self, ModelFileError> {
        let file = opened(path)?;
        // A hint only: a file may grow while it is read.
        let length = file.metadata()?.len();
        if length > limits::FILE_BYTES {
            return Err(ModelFileError::TooLarge { limit: limits::FILE_BYTES });
        }
        // One more than the length, or the end would be looked for in twice the memory.
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
        file.take(limits::FILE_BYTES + 1).read_to_end(&mut bytes)?;
        Self::from_bytes(bytes.into())
    }

    /// Checks a file's bytes.
    ///
    /// # Errors
    /// [`ModelFileError`]
    pub fn from_bytes(bytes: Bytes) -> Result<Self, ModelFileError> {
        if bytes.len() as u64 > limits::FILE_BYTES {
            return Err(ModelFileError::TooLarge { limit: limits::FILE_BYTES });
        }
        let envelope = Envelope::read(bytes.clone())?;
        let manifest = Manifest::parse(envelope.metadata(manifest::KEY).ok_or(ModelFileError::NoManifest)?)?;
        check_versions(&envelope)?;
        Scan::default().check(&GRAPH, envelope.graph(), 0)?;
        let traits = contract::check(&GraphProto::decode(envelope.graph().clone())?, &manifest)?;
        Ok(Self { bytes, envelope, manifest, traits })
    }

    /// The graph, decoded once more: it is not kept, for it is needed seldom. Constants share the file's bytes.
    ///
    /// # Errors
    /// None that checking the file did not have.
    pub fn graph(&self) -> Result<GraphProto, prost::DecodeError> {
        GraphProto::decode(self.envelope.graph().clone())
    }

    /// What the file says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What an engine may want to know of the graph before it reads it.
    pub fn traits(&self) -> &Traits {
        &self.traits
    }

    /// The whole file, for an engine with a reader of its own.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The parts around the graph, for a rewrite.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }
}

/// A file to be read whole. A pipe could block for ever, and a device has no end.
///
/// # Errors
/// By the system; also for what is neither a file nor a folder, which cannot be read and says so itself.
pub(super) fn opened(path: &Path) -> io::Result<File> {
    let kind = std::fs::metadata(path)?.file_type();
    if kind.is_file() || kind.is_dir() {
        return File::open(path);
    }
    Err(atomic_file::no_file())
}

fn check_versions(envelope: &Envelope) -> Result<(), ModelFileError> {
    let found = envelope.ir_version();
    if !(MIN_IR_VERSION..=MAX_IR_VERSION).contains(&found) {
        return Err(ModelFileError::IrVersion { found });
    }
    if envelope.operator_sets().eq([("", OPERATOR_SET)]) {
        return Ok(());
    }
    let domain = |domain: &str| if domain.is_empty() { "the standard domain".into() } else { domain.to_owned() };
    let sets: Vec<_> =
        envelope.operator_sets().map(|(name, version)| format!("{version} of {}", domain(name))).collect();
    let found = if sets.is_empty() { "none".into() } else { sets.join(", ") };
    Err(ModelFileError::OperatorSets { found })
}
