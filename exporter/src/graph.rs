//! The ONNX graph of a network: opset 18, standard domain only, symbolic batch `N`.
//!
//! Every node and tensor is named after the part it belongs to (`round2.moe_ffn.expert1.fc1`). Weights of the shared block
//! are stored once, whatever the number of rounds. What depends on positions alone is computed here, not on the device.
//! The file holds no `value_info`: an engine that fixes N would trip over it.
//! Why each part has the form it has: `docs/design/graph.md`.

use moead_model::architecture::{Architecture, Decoder};
use moead_model::manifest::{Moe, Precision};
use moead_model::onnx::messages::{ModelProto, OperatorSetIdProto, StringStringEntryProto};

use crate::backbone::Network;
use crate::checkpoint::TensorError;
use crate::weights::Weights;

mod attention;
mod backbone;
mod builder;
mod distance;
mod eight_bit;
mod feed_forward;
mod head;
mod interpolation;
mod moe;
mod moead;
mod neck;
mod position;
mod uniad;

use builder::GraphBuilder;

/// The operator set of the file.
pub const OPSET: i64 = 18;
/// The ONNX file format that goes with it.
const IR_VERSION: i64 = 8;

/// How the graph is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// How weights are stored.
    pub precision: Precision,
    /// How experts are routed.
    pub moe: Moe,
}

/// Why a graph cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// A tensor is missing or unusable.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// A weight is too large for half precision.
    #[error("tensor {name}: {value} does not fit half precision, whose largest number is 65504")]
    HalfOverflow {
        /// Name in the graph.
        name: String,
        /// The value.
        value: f32,
    },
    /// Eight bits are for experts that are gathered.
    #[error("eight-bit weights: expected sparse experts, found {found}")]
    NoSparseExperts {
        /// What the network or the wished form has.
        found: &'static str,
    },
}

/// Builds the whole model, without its manifest.
///
/// # Errors
/// [`GraphError`] names the tensor.
pub fn build(architecture: &Architecture, weights: &dyn Weights, form: Form) -> Result<ModelProto, GraphError> {
    if form.precision == Precision::Int8 {
        match (&architecture.reconstruction().decoder, form.moe) {
            (Decoder::Stacked(_), _) => return Err(GraphError::NoSparseExperts { found: "a network without experts" }),
            (Decoder::Shared(_), Moe::Dense) => return Err(GraphError::NoSparseExperts { found: "dense ones" }),
            (Decoder::Shared(_), Moe::Sparse) => {}
        }
    }
    let mut graph = GraphBuilder::new(form.precision);
    let last_layer = architecture.layers().last().copied().unwrap_or(1);
    let network = Network::new(architecture.backbone(), last_layer);
    let image = graph.input("image", architecture.input());
    let layers = backbone::build(&mut graph, weights, &network, architecture.layers(), image)?;
    let aligned = neck::build(&mut graph, architecture, layers);
    let tokens = neck::tokens(&mut graph, weights, architecture, &aligned)?;
    let rebuilt = match &architecture.reconstruction().decoder {
        Decoder::Shared(rounds) => moead::build(&mut graph, weights, architecture, rounds, form, &tokens)?,
        Decoder::Stacked(stacked) => uniad::build(&mut graph, weights, architecture, stacked, &tokens)?,
    };
    let distances = distance::build(&mut graph, weights, architecture, &tokens, &rebuilt)?;
    head::build(&mut graph, architecture, &aligned, &distances);
    Ok(ModelProto {
        ir_version: Some(IR_VERSION),
        opset_import: vec![OperatorSetIdProto { domain: Some(String::new()), version: Some(OPSET) }],
        producer_name: Some("moead-export".into()),
        producer_version: Some(env!("CARGO_PKG_VERSION").into()),
        graph: Some(graph.finish()),
        ..ModelProto::default()
    })
}

/// Adds one metadata entry.
pub fn with_metadata(mut model: ModelProto, key: &str, value: String) -> ModelProto {
    model.metadata_props.push(StringStringEntryProto { key: Some(key.into()), value: Some(value) });
    model
}
