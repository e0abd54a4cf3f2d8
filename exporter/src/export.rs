//! From a resolved checkpoint to the bytes of a model file, and to the file.

use std::io;
use std::path::Path;

use bytes::Bytes;
use moead_model::architecture::Architecture;
use moead_model::atomic_file;
use moead_model::manifest::{self, Input, Manifest, Resize, SelfTest, Source};
use moead_model::onnx::envelope::EnvelopeError;
use moead_model::onnx::model_file::{ModelFile, ModelFileError};
use prost::Message;

use crate::checkpoint::TensorError;
use crate::graph::{self, Form, GraphError};
use crate::resolve;
use crate::weights::Weights;

/// What the manifest says beside what follows from the network.
#[derive(Debug, Clone)]
pub struct Provenance {
    /// For people.
    pub name: String,
    /// The checkpoint's file name and hash.
    pub source: Source,
}

/// Why a model cannot be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// A tensor is unusable.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// The graph cannot be written.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The written file breaks the rules that the runtime asks of every model file.
    #[error("the written model is not one that the runtime accepts: {0}")]
    Unacceptable(#[from] ModelFileError),
    /// The written file cannot be opened again.
    #[error("the written model cannot be read back: {0}")]
    Envelope(#[from] EnvelopeError),
    /// What is on the disk is not what was written.
    #[error("the file on the disk differs from what was written to it")]
    Damaged,
    /// The file system.
    #[error(transparent)]
    Write(#[from] io::Error),
}

/// A model file in memory.
#[derive(Debug)]
pub struct Exported {
    model: ModelFile,
}

/// Builds the model file, still without a self-test.
///
/// # Errors
/// [`ExportError`] names the tensor.
pub fn export(
    architecture: &Architecture,
    weights: &dyn Weights,
    form: Form,
    provenance: Provenance,
) -> Result<Exported, ExportError> {
    let manifest = Manifest {
        schema: manifest::SCHEMA,
        name: provenance.name,
        created_by: concat!("moead-export ", env!("CARGO_PKG_VERSION")).into(),
        source: provenance.source,
        architecture: resolve::entries(architecture),
        precision: form.precision,
        moe: form.moe,
        input: input(architecture),
        self_test: None,
        calibration: None,
        extra: serde_json::Map::default(),
    };
    let model = graph::build(architecture, weights, form)?;
    let model = graph::with_metadata(model, manifest::KEY, manifest.to_json());
    let bytes = Bytes::from(model.encode_to_vec());
    drop(model);
    Ok(Exported { model: ModelFile::from_bytes(bytes)? })
}

/// What the network wants to be fed.
pub fn input(architecture: &Architecture) -> Input {
    let (size, normalization) = (architecture.input(), architecture.backbone().normalization());
    Input {
        height: size.height,
        width: size.width,
        mean: normalization.mean,
        std: normalization.std,
        resize: Resize::PilBilinear,
        extra: serde_json::Map::default(),
    }
}

impl Exported {
    /// The checked model.
    pub fn model(&self) -> &ModelFile {
        &self.model
    }

    /// Writes the file, with `self_test` in its manifest; the graph's bytes stay what they are.
    ///
    /// The file is read back before it takes its place.
    ///
    /// # Errors
    /// [`ExportError`]; then `path` is what it was before.
    pub fn write(self, path: &Path, self_test: Option<SelfTest>) -> Result<u64, ExportError> {
        let manifest = Manifest { self_test, ..self.model.manifest().clone() };
        let mut envelope = self.model.envelope().clone();
        drop(self);
        envelope.set_metadata(manifest::KEY, manifest.to_json());
        let mut size = 0;
        atomic_file::write_checked::<ExportError>(
            path,
            |out| Ok(envelope.write(out)?),
            |written| {
                let model = ModelFile::open(written)?;
                if model.manifest() != &manifest || model.envelope().graph() != envelope.graph() {
                    return Err(ExportError::Damaged);
                }
                size = model.bytes().len() as u64;
                Ok(())
            },
        )?;
        Ok(size)
    }
}
