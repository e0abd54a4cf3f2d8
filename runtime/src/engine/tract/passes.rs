//! Rewrites a simplified graph: what a pass knows becomes one of our ops, everything else stays.
#![forbid(unsafe_code)]

mod activation;
mod attention;
mod depthwise;
mod experts;
mod layer_norm;
mod look;
mod pattern;
mod places;
mod product;
mod windows;

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{TractErrorContext as _, TypedModelPatch};

/// Looks at a node and, if what it begins is known, says what takes its place.
type Pass = fn(&TypedModel, &TypedNode) -> TractResult<Option<TypedModelPatch>>;

/// In the order in which they run: a later one sees the ops of an earlier one.
const PASSES: [Pass; 8] = [
    depthwise::with_activation,
    depthwise::with_excitation,
    windows::means,
    experts::of_a_round,
    attention::of_heads,
    layer_norm::with_gain_and_shift,
    product::with_constant_weights,
    places::with_constant_matrices,
];

/// Runs every pass until it finds nothing more.
///
/// Takes a graph that tract has decluttered and not yet optimised, with concrete shapes; a node whose shape is a symbol is
/// left alone.
pub(super) fn specialise(mut model: TypedModel) -> TractResult<TypedModel> {
    for pass in PASSES {
        while let Some(patch) = first(&model, pass)? {
            patch.apply(&mut model)?;
        }
    }
    model.into_compact()
}

/// The first change that a pass wants.
fn first(model: &TypedModel, pass: Pass) -> TractResult<Option<TypedModelPatch>> {
    for node in model.eval_order()? {
        let patch = pass(model, model.node(node)).with_context(|| format!("rewriting {}", model.node(node).name))?;
        if patch.is_some() {
            return Ok(patch);
        }
    }
    Ok(None)
}
