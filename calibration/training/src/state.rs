//! A run as it stands, so that it can be taken up again: parameters, the optimizer's memory, and what the run is of.
//!
//! Safetensors. Tensors `reconstruction.NAME` (parameters), `mean.NAME`, `square.NAME` (the optimizer's), `features.mean`, `features.scale`;
//! metadata `moead.training`, JSON:
//!
//! ```text
//! {"schema": 1, "steps": 640, "identity": {…as given by the caller…},
//!  "epochs": [{"steps": 120, "loss": 0.81, "auroc": 0.93}, …], "running": {"loss": 31.2, "steps": 40}}
//! ```
//!
//! Random numbers need no state ([`crate::random`]). The file is written whole or not at all, so an interrupted write leaves the last complete one.

use std::io;
use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::checkpoint::{WriteError, bytes_of, write_tensors};
use crate::normalization::Normalization;
use crate::optimizer::Moments;
use crate::parameters::Layout;

/// Metadata key.
const KEY: &str = "moead.training";
const SCHEMA: u64 = 1;
const FAMILIES: [&str; 3] = ["reconstruction", "mean", "square"];
const MEAN: &str = "features.mean";
const SCALE: &str = "features.scale";
/// Besides numbers: names, shapes, the curve. Half a megabyte is enough for a hundred thousand epochs' worth of both.
const MOST_HEADER: u64 = 1 << 25;

/// What was found out at the end of a pass over all pictures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Epoch {
    /// Made until then.
    pub steps: u64,
    /// Mean over the epoch's steps.
    pub loss: f64,
    /// Image AUROC on drawn defects, where there were any.
    pub auroc: Option<f64>,
}

/// Steps of an epoch that is not over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Running {
    /// Sum over the steps.
    pub loss: f64,
    /// So far.
    pub steps: u64,
}

/// A run as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// What the run is of: settings, pictures, backbone. A run is taken up with the same ones only.
    pub identity: Value,
    /// The decoder's numbers.
    pub parameters: Vec<f32>,
    /// The optimizer's.
    pub moments: Moments,
    /// Where features are normalised.
    pub normalization: Option<Normalization>,
    /// So far.
    pub epochs: Vec<Epoch>,
    /// The one that was begun.
    pub running: Running,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: u64,
    steps: u64,
    identity: Value,
    epochs: Vec<Epoch>,
    running: Running,
}

/// Why a run cannot be taken up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The file system.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// Larger than this run's could be.
    #[error("expected at most {expected} bytes, found {found}")]
    TooLarge {
        /// Numbers and a header.
        expected: u64,
        /// As it is.
        found: u64,
    },
    /// No safetensors file, or a part of one.
    #[error("not a complete safetensors file: {0}")]
    Damaged(#[from] safetensors::SafeTensorError),
    /// Safetensors of something else.
    #[error("not the state of a run: {0}")]
    Foreign(String),
    /// Of another run.
    #[error("{key}: the run was begun with {begun}, expected {wanted}")]
    Another {
        /// Of the identity.
        key: String,
        /// In the file.
        begun: Value,
        /// Now.
        wanted: Value,
    },
    /// A tensor is missing or not as expected.
    #[error("tensor {name}: expected {expected} numbers of 32 bits, found {found}")]
    Tensor {
        /// As in the file.
        name: String,
        /// As the layout has them.
        expected: usize,
        /// In words.
        found: String,
    },
    /// A number that is none.
    #[error("tensor {name}: expected finite numbers, found {found}")]
    NotFinite {
        /// As in the file.
        name: String,
        /// The first.
        found: f32,
    },
}

impl State {
    /// Writes it whole or not at all.
    ///
    /// # Errors
    /// [`WriteError`]
    pub fn write(&self, path: &Path, layout: &Layout) -> Result<(), WriteError> {
        let mut tensors = Vec::new();
        for (family, numbers) in FAMILIES.iter().zip([&self.parameters, &self.moments.mean, &self.moments.square]) {
            for entry in layout.entries() {
                let bytes = bytes_of(&numbers[entry.place.clone()]);
                tensors.push((format!("{family}.{}", entry.name), entry.shape.clone(), bytes));
            }
        }
        if let Some(Normalization { mean, scale }) = &self.normalization {
            tensors.push((MEAN.into(), vec![mean.len() / scale.len(), scale.len()], bytes_of(mean)));
            tensors.push((SCALE.into(), vec![scale.len()], bytes_of(scale)));
        }
        let document = Document {
            schema: SCHEMA,
            steps: self.moments.steps,
            identity: self.identity.clone(),
            epochs: self.epochs.clone(),
            running: self.running,
        };
        let text = serde_json::to_string(&document).map_err(io::Error::from)?;
        write_tensors(path, &tensors, (KEY, text))
    }

    /// Reads it.
    ///
    /// * `identity`: of the run that wants to go on.
    /// * `later`: keys of it that are not known yet; [`State::compare`] looks at them.
    /// * `sides`: tokens and channels.
    ///
    /// # Errors
    /// [`StateError`]
    pub fn read(
        path: &Path,
        layout: &Layout,
        sides: [usize; 2],
        identity: &Value,
        later: &[&str],
    ) -> Result<Self, StateError> {
        let most = 4 * (3 * layout.length() + sides[0] * sides[1] + sides[1]) as u64 + MOST_HEADER;
        let found = std::fs::metadata(path)?.len();
        if found > most {
            return Err(StateError::TooLarge { expected: most, found });
        }
        Self::parse(&std::fs::read(path)?, layout, sides, identity, later)
    }

    /// Whether it is of the run that wants to go on; `later` as for [`State::read`].
    ///
    /// # Errors
    /// [`StateError::Another`] with the first key that differs.
    pub fn compare(&self, identity: &Value, later: &[&str]) -> Result<(), StateError> {
        compare(&self.identity, identity, later)
    }

    fn parse(
        bytes: &[u8],
        layout: &Layout,
        sides: [usize; 2],
        identity: &Value,
        later: &[&str],
    ) -> Result<Self, StateError> {
        let tensors = SafeTensors::deserialize(bytes)?;
        let (_, metadata) = SafeTensors::read_metadata(bytes)?;
        let text = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
        let text = text.ok_or_else(|| StateError::Foreign(format!("expected metadata {KEY}, found none")))?;
        let document: Document = serde_json::from_str(text).map_err(|error| StateError::Foreign(error.to_string()))?;
        if document.schema != SCHEMA {
            return Err(StateError::Foreign(format!("expected schema {SCHEMA}, found {}", document.schema)));
        }
        compare(&document.identity, identity, later)?;
        let family = |family: &str| {
            let mut numbers = Vec::with_capacity(layout.length());
            for entry in layout.entries() {
                numbers.extend(numbers_of(&tensors, &format!("{family}.{}", entry.name), entry.place.len())?);
            }
            Ok::<_, StateError>(numbers)
        };
        let [parameters, mean, square] = [family(FAMILIES[0])?, family(FAMILIES[1])?, family(FAMILIES[2])?];
        let normalization = match tensors.names().contains(&MEAN) {
            false => None,
            true => Some(Normalization {
                mean: numbers_of(&tensors, MEAN, sides[0] * sides[1])?,
                scale: numbers_of(&tensors, SCALE, sides[1])?,
            }),
        };
        let moments = Moments { steps: document.steps, mean, square };
        let Document { identity, epochs, running, .. } = document;
        Ok(Self { identity, parameters, moments, normalization, epochs, running })
    }
}

/// The first key that differs, of those that are not looked at later.
fn compare(begun: &Value, wanted: &Value, later: &[&str]) -> Result<(), StateError> {
    if let (Value::Object(begun), Value::Object(wanted)) = (begun, wanted) {
        let keys = begun.keys().chain(wanted.keys()).filter(|key| !later.contains(&key.as_str()));
        let of = |map: &serde_json::Map<String, Value>, key: &String| map.get(key).cloned().unwrap_or(Value::Null);
        for key in keys {
            let (begun, wanted) = (of(begun, key), of(wanted, key));
            if begun != wanted {
                return Err(StateError::Another { key: key.clone(), begun, wanted });
            }
        }
        return Ok(());
    }
    match begun == wanted {
        true => Ok(()),
        false => {
            let key = "identity".to_owned();
            Err(StateError::Another { key, begun: begun.clone(), wanted: wanted.clone() })
        }
    }
}

fn numbers_of(tensors: &SafeTensors<'_>, name: &str, expected: usize) -> Result<Vec<f32>, StateError> {
    let wrong = |found: String| StateError::Tensor { name: name.to_owned(), expected, found };
    let tensor = tensors.tensor(name).map_err(|_| wrong("none".into()))?;
    let count = tensor.shape().iter().product::<usize>();
    if tensor.dtype() != Dtype::F32 || count != expected {
        return Err(wrong(format!("{count} of type {:?}", tensor.dtype())));
    }
    let numbers: Vec<f32> = tensor.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    match numbers.iter().find(|number| !number.is_finite()) {
        None => Ok(numbers),
        Some(found) => Err(StateError::NotFinite { name: name.to_owned(), found: *found }),
    }
}

#[cfg(test)]
mod tests;
