//! The trained network as a checkpoint that `moead-export` reads: safetensors, backbone and all, with `moead.architecture` in its metadata.

use std::collections::HashMap;
use std::path::Path;

use moead_exporter::checkpoint::{ARCHITECTURE, TensorError};
use moead_exporter::resolve::{self, expected_tensors};
use moead_exporter::weights::Weights;
use moead_model::architecture::Architecture;
use moead_model::atomic_file;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use crate::normalization::Normalization;
use crate::parameters::Layout;
use crate::statistics::Statistics;

/// In front of every name of the decoder.
const PREFIX: &str = "reconstruction.";

/// The decoder's tensors, by their names in a checkpoint.
#[derive(Debug, Clone, Copy)]
pub struct Trained<'a> {
    /// Which tensor stands where.
    pub layout: &'a Layout,
    /// The numbers.
    pub parameters: &'a [f32],
    /// Where features are normalised.
    pub normalization: Option<&'a Normalization>,
    /// Where the distance has any.
    pub statistics: Option<&'a Statistics>,
}

/// Names of the normalisation.
const MEAN: &str = "reconstruction.features.mean";
const SCALE: &str = "reconstruction.features.scale";

/// A decoder's tensors with their shapes, as [`Weights`] wants them.
pub struct Head<'a> {
    order: Vec<String>,
    tensors: HashMap<String, (Vec<usize>, &'a [f32])>,
}

impl<'a> Trained<'a> {
    /// As a view of named tensors.
    pub fn head(self) -> Head<'a> {
        let mut order = Vec::new();
        let mut tensors = HashMap::new();
        let mut add = |name: String, shape: Vec<usize>, numbers: &'a [f32]| {
            order.push(name.clone());
            tensors.insert(name, (shape, numbers));
        };
        for entry in self.layout.entries() {
            add(format!("{PREFIX}{}", entry.name), entry.shape.clone(), &self.parameters[entry.place.clone()]);
        }
        if let Some(Normalization { mean, scale }) = self.normalization {
            add(MEAN.into(), vec![mean.len() / scale.len(), scale.len()], mean);
            add(SCALE.into(), vec![scale.len()], scale);
        }
        for (name, shape, numbers) in self.statistics.into_iter().flat_map(Statistics::tensors) {
            add(format!("{PREFIX}distance.{name}"), shape.to_vec(), numbers);
        }
        Head { order, tensors }
    }
}

impl Weights for Head<'_> {
    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.order.iter().map(String::as_str))
    }

    fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|(shape, _)| &shape[..])
    }

    fn read(&self, name: &str) -> Result<Vec<f32>, TensorError> {
        let found = self.tensors.get(name).ok_or_else(|| TensorError::Missing { name: name.to_owned() });
        found.map(|(_, numbers)| numbers.to_vec())
    }
}

/// Why a checkpoint was not written. What was there before still is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A tensor of the backbone cannot be read.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// The header cannot be made.
    #[error("the checkpoint cannot be put together: {0}")]
    Encode(#[from] safetensors::SafeTensorError),
    /// The file system.
    #[error(transparent)]
    Write(#[from] std::io::Error),
}

/// Little-endian.
pub(crate) fn bytes_of(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// Tensors of 32-bit floats and metadata as one file, written whole or not at all.
pub(crate) fn write_tensors(
    path: &Path,
    tensors: &[(String, Vec<usize>, Vec<u8>)],
    (key, text): (&str, String),
) -> Result<(), WriteError> {
    let views = tensors.iter().map(|(name, shape, bytes)| {
        TensorView::new(Dtype::F32, shape.clone(), bytes).map(|view| (name.as_str(), view))
    });
    let views = views.collect::<Result<Vec<_>, _>>()?;
    let file = safetensors::serialize(views, Some([(key.to_owned(), text)].into()))?;
    Ok(atomic_file::write::<std::io::Error>(path, |out| out.write_all(&file))?)
}

/// Writes the whole network.
///
/// * `weights`: the decoder's and the backbone's; classifiers and whatever else the network does not use are left out.
///
/// # Errors
/// [`WriteError`]
pub fn write(path: &Path, architecture: &Architecture, weights: &dyn Weights) -> Result<(), WriteError> {
    let mut tensors = Vec::new();
    let needed = expected_tensors(architecture);
    let backbone = needed.into_iter().map(|(name, _)| name).filter(|name| name.starts_with("backbone."));
    let decoder = weights.names().filter(|name| name.starts_with(PREFIX)).map(str::to_owned);
    for name in backbone.chain(decoder) {
        let shape = weights.shape(&name).ok_or_else(|| TensorError::Missing { name: name.clone() })?.to_vec();
        let bytes = bytes_of(&weights.read(&name)?);
        tensors.push((name, shape, bytes));
    }
    write_tensors(path, &tensors, (ARCHITECTURE, resolve::entries(architecture).to_string()))
}
