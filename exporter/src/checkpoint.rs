//! The files that hold trained weights, read as data: nothing in them is executed, imported or mapped.
//!
//! Every reader follows one order: sizes first, compared with the bytes that are there, then memory. A tensor's numbers
//! are read when somebody asks for that tensor, so what nobody needs (a classifier, an optimizer's state) is never touched.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::weights::Weights;

mod element;
mod error;
mod file;
mod legacy_torch;
mod limits;
mod pickle;
mod safetensors;
mod saved_object;
mod stored;
pub mod strict_json;
mod torch_zip;

pub use error::{CheckpointError, TensorError};
pub use safetensors::ARCHITECTURE;

use file::PositionedFile;
use stored::StoredTensor;

/// An opened checkpoint: what it holds is known, no weight has been read yet.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    file: PositionedFile,
    format: Format,
    contents: Contents,
    index: HashMap<String, usize>,
}

/// How a checkpoint is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `torch.save` since 1.6: a zip archive.
    TorchZip,
    /// `torch.save` before 1.6: pickles in a row.
    TorchLegacy,
    /// A JSON header and the numbers.
    Safetensors,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TorchZip => "torch (zip)",
            Self::TorchLegacy => "torch (before 1.6)",
            Self::Safetensors => "safetensors",
        })
    }
}

/// Something in the file beside the weights, which is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its key: `optimizer`, …
    pub name: String,
    /// Tensors below it.
    pub tensors: usize,
    /// Bytes of these tensors.
    pub bytes: u64,
}

/// What the readers of all formats deliver.
#[derive(Debug, Default)]
struct Contents {
    /// In the order of the file, names without `module.`.
    tensors: Vec<(String, StoredTensor)>,
    architecture: Option<Value>,
    epoch: Option<i64>,
    skipped: Vec<Skipped>,
}

impl Checkpoint {
    /// Opens a file and reads what it says about itself.
    ///
    /// # Errors
    /// [`CheckpointError`]
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let file = PositionedFile::open(path)?;
        let (format, contents) = match file.head::<9>()? {
            [b'P', b'K', 3 | 5, 4 | 6, ..] => (Format::TorchZip, torch_zip::read(&file)?),
            // Before pickles: a header's length may well begin with a pickle's first byte.
            head if safetensors::is_plausible(head) => (Format::Safetensors, safetensors::read(&file)?),
            [0x80, ..] => (Format::TorchLegacy, legacy_torch::read(&file)?),
            head => return Err(CheckpointError::Unrecognised { head, length: file.length() }),
        };
        let mut index = HashMap::with_capacity(contents.tensors.len());
        for (position, (name, _)) in contents.tensors.iter().enumerate() {
            if index.insert(name.clone(), position).is_some() {
                return Err(CheckpointError::DuplicateTensor { name: name.clone() });
            }
        }
        if index.is_empty() {
            return Err(CheckpointError::NoTensors { keys: contents.skipped.into_iter().map(|it| it.name).collect() });
        }
        Ok(Self { path: path.to_owned(), file, format, contents, index })
    }

    /// How it is stored.
    pub fn format(&self) -> Format {
        self.format
    }

    /// As given to [`Checkpoint::open`].
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file's own description of the network: the three net entries.
    pub fn architecture(&self) -> Option<&Value> {
        self.contents.architecture.as_ref()
    }

    /// How long it was trained.
    pub fn epoch(&self) -> Option<i64> {
        self.contents.epoch
    }

    /// What is in the file beside the weights.
    pub fn skipped(&self) -> &[Skipped] {
        &self.contents.skipped
    }

    /// SHA-256 of the whole file, in hexadecimal. Reads the file once, in pieces.
    ///
    /// # Errors
    /// [`CheckpointError::Read`]
    pub fn sha256(&self) -> Result<String, CheckpointError> {
        Ok(self.file.sha256()?)
    }

    fn tensor(&self, name: &str) -> Option<&StoredTensor> {
        self.index.get(name).map(|&position| &self.contents.tensors[position].1)
    }
}

impl Weights for Checkpoint {
    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.contents.tensors.iter().map(|(name, _)| name.as_str()))
    }

    fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensor(name).map(StoredTensor::shape)
    }

    fn read(&self, name: &str) -> Result<Vec<f32>, TensorError> {
        let tensor = self.tensor(name).ok_or_else(|| TensorError::Missing { name: name.to_owned() })?;
        let values = tensor.read(&self.file, name)?;
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(values),
            Some(index) => Err(TensorError::NotFinite { name: name.to_owned(), index, value: values[index] }),
        }
    }
}

/// What wrappers put in front of everything: `DataParallel` and `DistributedDataParallel`, `torch.compile`.
const WRAPPERS: [&str; 2] = ["module.", "_orig_mod."];

/// The name as the network knows it, however often it was wrapped.
fn network_name(mut name: &str) -> &str {
    while let Some(inner) = WRAPPERS.iter().find_map(|wrapper| name.strip_prefix(wrapper)) {
        name = inner;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_leave_no_trace_in_names() {
        for name in ["a.weight", "module.a.weight", "_orig_mod.a.weight", "module._orig_mod.module.a.weight"] {
            assert_eq!(network_name(name), "a.weight", "{name}");
        }
        assert_eq!(network_name("a.module.weight"), "a.module.weight");
        assert_eq!(network_name("modules.a"), "modules.a");
    }
}
