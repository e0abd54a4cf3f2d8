//! Why a checkpoint is not a network.

use moead_model::architecture::{ArchitectureError, Backbone};

use super::question::{Assumed, Origin};
use crate::checkpoint::TensorError;

/// Why a checkpoint is not a network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// Two answers to one question.
    #[error("{setting}: {first} according to {first_origin}, but {second} according to {second_origin}")]
    Conflict {
        /// Name in `arch`.
        setting: &'static str,
        /// One answer.
        first: String,
        /// Whose.
        first_origin: Origin,
        /// The other answer.
        second: String,
        /// Whose.
        second_origin: Origin,
    },
    /// `arch` is not what the published code writes.
    #[error("arch: {}expected {expected}, found {found}", if .path.is_empty() { String::new() } else { format!("{path}: ") })]
    Arch {
        /// Path of the key; empty for the whole.
        path: String,
        /// In words.
        expected: String,
        /// In words.
        found: String,
    },
    /// The file holds no reconstruction at all.
    #[error("no tensor under `reconstruction.`: expected a MoEAD or UniAD checkpoint, found {found}")]
    NotOurs {
        /// In words: how many tensors, and the first names.
        found: String,
    },
    /// The file holds no backbone, and none was given.
    #[error("no tensor under `backbone.`: expected the weights of {expected}, found none")]
    NoBackbone {
        /// The backbone's name, or "a backbone".
        expected: String,
    },
    /// A second backbone beside the one in the checkpoint.
    #[error("the checkpoint holds a backbone ({tensors} tensors under `backbone.`) and a second one was given")]
    TwoBackbones {
        /// How many.
        tensors: usize,
    },
    /// The tensors under `backbone.` are those of no known backbone, or of several.
    #[error("backbone: expected the tensors of one of {expected}, found tensors that fit {found}")]
    UnknownBackbone {
        /// Known names.
        expected: String,
        /// "none of them", or names.
        found: String,
    },
    /// Nothing says which layers make the aligned channels.
    #[error("layers: expected layers of {backbone} whose channels sum to {channels}, found {found}")]
    Layers {
        /// The backbone.
        backbone: Backbone,
        /// C, from `input_proj`.
        channels: usize,
        /// "none", or the candidates.
        found: String,
    },
    /// Nothing says how many rows and columns the tokens have.
    #[error("input size: {tokens} tokens are no square grid, and neither arch nor learned positions give its sides")]
    UnknownGrid {
        /// T.
        tokens: usize,
    },
    /// Tensors that are needed and not there.
    #[error("tensor {first}: missing{}", others(*.count))]
    Missing {
        /// The first one.
        first: String,
        /// How many in all.
        count: usize,
    },
    /// Tensors that no part of the network owns.
    #[error("tensor {first}: surplus: no part of {network} has it{}", others(*.count))]
    Surplus {
        /// The first one.
        first: String,
        /// How many in all.
        count: usize,
        /// The network's name.
        network: String,
    },
    /// A network that no model file holds, however little of it a checkpoint stores: tensors may share their numbers.
    #[error("the tensors of {network} have {found} numbers in all, expected at most {limit}")]
    TooLarge {
        /// The network's name.
        network: String,
        /// Of numbers.
        found: usize,
        /// Of numbers.
        limit: usize,
    },
    /// A tensor's shape.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// Values that contradict each other.
    #[error("{source}{}", assumed_ones(.assumed))]
    Architecture {
        /// Which.
        source: ArchitectureError,
        /// Settings that were not given and took the official value.
        assumed: Vec<Assumed>,
    },
}

fn assumed_ones(assumed: &[Assumed]) -> String {
    if assumed.is_empty() {
        return String::new();
    }
    let list: Vec<String> = assumed.iter().map(Assumed::to_string).collect();
    format!(" (not given, so assumed as published: {})", list.join(", "))
}

fn others(count: usize) -> String {
    if count > 1 { format!(" (and {} more like it)", count - 1) } else { String::new() }
}
