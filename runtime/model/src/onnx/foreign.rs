//! ONNX files of others, to be measured beside ours.
//!
//! They keep no contract: their operators are not looked at and their shapes not inferred, so an engine meets what it meets, and what it takes while
//! it runs is bounded by nothing. What holds before that: the file's fields were counted and checked before anything was decoded (what exporters
//! write beside what ours does is let through); nothing lies outside of the file; no tensor claims more elements than it has data for, so memory for
//! loading is in proportion to the file; no node holds a graph of its own; there is one picture to put in; and [`ANOMALY_MAP`] and [`PRED_SCORE`]
//! come out, the names that anomalib's exports have.

use std::collections::HashSet;
use std::io::{self, Read as _};
use std::path::Path;

use bytes::Bytes;
use prost::Message as _;

use super::contract::{ANOMALY_MAP, PRED_SCORE};
use super::envelope::{Envelope, EnvelopeError};
use super::fields::{FOREIGN_GRAPH, FieldsError, Scan};
use super::limits;
use super::messages::tensor_shape_proto::dimension::Value as Declared;
use super::messages::{GraphProto, TensorProto, ValueInfoProto, type_proto};
use super::model_file;
use crate::architecture::{ImageSize, Normalization};
use crate::manifest::{Input, Resize};

/// Inputs or outputs that an error names.
const MOST_NAMED: usize = 8;

/// Names of the results that are asked for.
const OUTPUTS: [&str; 2] = [ANOMALY_MAP, PRED_SCORE];

/// A file that can be asked for a map and a score.
#[derive(Debug, Clone)]
pub struct ForeignModel {
    bytes: Bytes,
    input: Input,
    batch: Option<String>,
}

/// Why a file of somebody else cannot be measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForeignModelError {
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
    /// A field of the graph that breaks a rule.
    #[error(transparent)]
    Fields(#[from] FieldsError),
    /// The graph cannot be decoded.
    #[error("graph: {0}")]
    Decode(#[from] prost::DecodeError),
    /// Not one picture.
    #[error("input: expected one of N x 3 x H x W, found {found}")]
    Input {
        /// Names and shapes.
        found: String,
    },
    /// The graph takes pictures of one size, and another was asked for.
    #[error("input: expected {asked}, as was asked for, found {found}")]
    Size {
        /// By the caller.
        asked: ImageSize,
        /// In the file.
        found: ImageSize,
    },
    /// The graph takes pictures of any size, and nobody says which.
    #[error("input: the file does not say for pictures of what size it is")]
    AnySize,
    /// A size of no or too many pixels.
    #[error("input: expected sides of 1 to {} pixels, found {found}", limits::SIDE)]
    Sides {
        /// As asked for, or in the file.
        found: ImageSize,
    },
    /// A result that the graph does not have.
    #[error("output {name} is missing; there are: {found}")]
    MissingOutput {
        /// The name.
        name: &'static str,
        /// Those that there are.
        found: String,
    },
}

impl ForeignModel {
    /// Reads a file and looks at what goes in and comes out.
    ///
    /// * `size`: of the pictures, where the file leaves it open.
    /// * `normalization`: what the network expects; no file says.
    ///
    /// # Errors
    /// [`ForeignModelError`]
    pub fn open(path: &Path, size: Option<ImageSize>, normalization: Normalization) -> Result<Self, ForeignModelError> {
        let mut bytes = Vec::new();
        model_file::opened(path)?.take(limits::FILE_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limits::FILE_BYTES {
            return Err(ForeignModelError::TooLarge { limit: limits::FILE_BYTES });
        }
        Self::from_bytes(bytes.into(), size, normalization)
    }

    /// The same for a file's bytes.
    ///
    /// # Errors
    /// [`ForeignModelError`]
    pub fn from_bytes(
        bytes: Bytes,
        size: Option<ImageSize>,
        normalization: Normalization,
    ) -> Result<Self, ForeignModelError> {
        let envelope = Envelope::read(bytes.clone())?;
        Scan::default().check(&FOREIGN_GRAPH, envelope.graph(), 0)?;
        let graph = GraphProto::decode(envelope.graph().clone())?;
        let (batch, declared) = picture(&graph)?;
        let ImageSize { height, width } = match (size, declared) {
            (Some(asked), Some(found)) if asked != found => return Err(ForeignModelError::Size { asked, found }),
            (Some(size), _) | (None, Some(size)) => size,
            (None, None) => return Err(ForeignModelError::AnySize),
        };
        if ![height, width].iter().all(|side| (1..=limits::SIDE).contains(side)) {
            return Err(ForeignModelError::Sides { found: ImageSize { height, width } });
        }
        for name in OUTPUTS {
            if graph.output.iter().all(|output| output.name() != name) {
                let found =
                    graph.output.iter().take(MOST_NAMED).map(ValueInfoProto::name).collect::<Vec<_>>().join(", ");
                return Err(ForeignModelError::MissingOutput { name, found });
            }
        }
        let Normalization { mean, std } = normalization;
        let input = Input { height, width, mean, std, resize: Resize::PilBilinear, extra: serde_json::Map::new() };
        Ok(Self { bytes, input, batch })
    }

    /// How pictures become the network's input.
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// The name of the dimension that is the number of pictures; `None` where that number is fixed.
    pub fn batch(&self) -> Option<&str> {
        self.batch.as_deref()
    }

    /// The whole file, for an engine.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

/// The one input that is no constant: the name of its batch, and its size where that is fixed.
fn picture(graph: &GraphProto) -> Result<(Option<String>, Option<ImageSize>), ForeignModelError> {
    // Files of old versions list their constants among the inputs: as many of one as of the other.
    let constants: HashSet<&str> = graph.initializer.iter().map(TensorProto::name).collect();
    let is_constant = |input: &ValueInfoProto| constants.contains(input.name());
    let inputs: Vec<_> = graph.input.iter().filter(|input| !is_constant(input)).collect();
    let refused = || {
        let side = |side: &Option<Declared>| match side {
            Some(Declared::DimValue(side)) => side.to_string(),
            Some(Declared::DimParam(name)) => name.clone(),
            None => "?".into(),
        };
        let of = |input: &&ValueInfoProto| {
            let sides: Vec<_> = dimensions(input).iter().map(side).collect();
            format!(
                "{} of {}",
                input.name(),
                if sides.is_empty() { "no known shape".into() } else { sides.join(" x ") }
            )
        };
        // Enough to see what is wrong; a hostile file has thousands.
        let found = inputs.iter().take(MOST_NAMED).map(of).collect::<Vec<_>>().join(", ");
        ForeignModelError::Input { found: if found.is_empty() { "none".into() } else { found } }
    };
    let [input] = inputs[..] else { return Err(refused()) };
    let dimensions = dimensions(input);
    let [batch, channels, height, width] = &dimensions[..] else { return Err(refused()) };
    let is_one_of = |dimension: &Option<Declared>, wanted| match dimension {
        Some(Declared::DimValue(side)) => *side == wanted,
        Some(Declared::DimParam(_)) | None => true,
    };
    if !is_one_of(channels, 3) || !is_one_of(batch, 1) {
        return Err(refused());
    }
    let batch = match batch {
        Some(Declared::DimParam(name)) => Some(name.clone()),
        _ => None,
    };
    let side = |dimension: &Option<Declared>| match dimension {
        Some(Declared::DimValue(side)) => usize::try_from(*side).ok(),
        _ => None,
    };
    let size = side(height).zip(side(width)).map(|(height, width)| ImageSize { height, width });
    Ok((batch, size))
}

fn dimensions(input: &ValueInfoProto) -> Vec<Option<Declared>> {
    let declared = input.r#type.as_ref().and_then(|declared| declared.value.as_ref());
    let Some(type_proto::Value::TensorType(tensor)) = declared else { return Vec::new() };
    let dimensions = tensor.shape.as_ref().map(|shape| &shape.dim[..]).unwrap_or_default();
    dimensions.iter().map(|dimension| dimension.value.clone()).collect()
}
