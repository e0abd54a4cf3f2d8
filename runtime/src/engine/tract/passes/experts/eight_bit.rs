//! Experts of two layers of eight-bit products, with the roundings before each.

use fearless_simd::Level;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{TractErrorContext as _, TypedModelPatch};
use tract_onnx::tract_core::ops::cast::Cast;
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::math::{Abs, Add, Mul, Recip, RoundHalfToEven};
use tract_onnx::tract_core::ops::nn::{Reduce, Reducer};

use super::super::super::kernels::eight_bit::{Grain, Unit};
use super::super::look::{aligned, constant, derived, scalar, with_constant};
use super::super::pattern::{is_binary, is_element_wise};
use super::{gathered_by, is_product, positive_of};

/// Longest row whose products, 127 times 255 at most, have a sum that fits 32 bits.
const LONGEST: usize = 1 << 16;

/// Both layers, and how rows become bytes before each.
pub(super) struct Layers {
    layers: [Layer; 2],
    grains: [Grain; 2],
}

/// A linear layer's constants.
struct Layer {
    weights: OutletId,
    steps: OutletId,
    bias: OutletId,
    /// The byte of its input that means zero.
    zero: u8,
    kind: Kind,
}

/// How weights are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// With a sign.
    Signed,
    /// With 128 added.
    Shifted,
}

impl Kind {
    /// By the byte that means zero.
    fn of(zero: f64) -> Option<Self> {
        match zero {
            0.0 => Some(Self::Signed),
            128.0 => Some(Self::Shifted),
            _ => None,
        }
    }

    fn datum_type(self) -> DatumType {
        match self {
            Self::Signed => i8::datum_type(),
            Self::Shifted => u8::datum_type(),
        }
    }

    fn signed(self, weights: &Tensor) -> TractResult<Vec<i8>> {
        let plain = weights.try_as_plain_ram()?;
        Ok(match self {
            Self::Signed => plain.as_slice::<i8>()?.to_vec(),
            Self::Shifted => plain.as_slice::<u8>()?.iter().map(|&byte| byte.wrapping_sub(128).cast_signed()).collect(),
        })
    }
}

impl Layers {
    /// The layers that end in `output`, and the tokens of which they see `rows`.
    pub(super) fn of(model: &TypedModel, output: OutletId, rows: OutletId) -> TractResult<Option<(OutletId, Self)>> {
        let Some((bytes, steps, second)) = linear(model, output)? else { return Ok(None) };
        let Some((hidden, hidden_grain)) = rounded(model, bytes, steps, &second)? else { return Ok(None) };
        let Some(hidden) = positive_of(model, hidden)? else { return Ok(None) };
        let Some((bytes, steps, first)) = linear(model, hidden)? else { return Ok(None) };
        let (Some(bytes), Some(steps)) = (gathered_by(model, bytes, rows)?, gathered_by(model, steps, rows)?) else {
            return Ok(None);
        };
        let found = rounded(model, bytes, steps, &first)?;
        Ok(found.map(|(tokens, grain)| (tokens, Self { layers: [first, second], grains: [grain, hidden_grain] })))
    }
}

/// How rows become bytes, and the op's inputs for these experts; nothing where shapes do not fit.
pub(super) fn inputs(
    model: &TypedModel,
    patch: &mut TypedModelPatch,
    hidden: usize,
    experts: &[&Layers],
) -> TractResult<Option<([Grain; 2], Vec<OutletId>)>> {
    let grains = experts[0].grains;
    let Some(&[_, inner]) = model.outlet_fact(experts[0].layers[0].weights)?.shape.as_concrete() else {
        return Ok(None);
    };
    if hidden.max(inner) > LONGEST || experts.iter().any(|expert| expert.grains != grains) {
        return Ok(None);
    }
    let unit = Unit::of(Level::new());
    let mut inputs = Vec::new();
    for expert in experts {
        for (layer, sides) in expert.layers.iter().zip([(hidden, inner), (inner, hidden)]) {
            let fits = |outlet, expected: [usize; 2], kind| -> TractResult<bool> {
                let fact = model.outlet_fact(outlet)?;
                Ok(fact.datum_type == kind && fact.shape.as_concrete() == Some(&expected[..]))
            };
            let (row, float) = ([1, sides.1], f32::datum_type());
            if !(fits(layer.weights, sides.into(), layer.kind.datum_type())?
                && fits(layer.steps, row, float)?
                && fits(layer.bias, row, float)?)
            {
                return Ok(None);
            }
            let tensor = constant(model, layer.weights)?.context("weights are constant")?;
            let signed = || layer.kind.signed(&tensor);
            let packed = derived(model, patch, (layer.weights, "words"), || aligned(&unit.pack(sides, &signed()?)))?;
            let sums = derived(model, patch, (layer.weights, "sums"), || aligned(&column_sums(&signed()?, sides.1)))?;
            inputs.extend([packed, sums, patch.tap_model(model, layer.steps)?, patch.tap_model(model, layer.bias)?]);
        }
    }
    Ok(Some((grains, inputs)))
}

fn column_sums(weights: &[i8], columns: usize) -> Vec<i32> {
    let mut sums = vec![0; columns];
    for row in weights.chunks_exact(columns.max(1)) {
        sums.iter_mut().zip(row).for_each(|(sum, &weight)| *sum += i32::from(weight));
    }
    sums
}

/// Bytes, their rows' steps, and the constants of a linear layer.
fn linear(model: &TypedModel, outlet: OutletId) -> TractResult<Option<(OutletId, OutletId, Layer)>> {
    let Some((bias, scaled)) = with_constant::<Add>(model, model.node(outlet.node))? else { return Ok(None) };
    let Some((steps, by_row)) = with_constant::<Mul>(model, model.node(scaled.node))? else { return Ok(None) };
    let by_row = model.node(by_row.node);
    let &[sums, row_steps] = &by_row.inputs[..] else { return Ok(None) };
    let cast = model.node(sums.node);
    if !is_binary::<Mul>(by_row) || cast.op_as::<Cast>().is_none_or(|op| op.to != f32::datum_type()) {
        return Ok(None);
    }
    let product = model.node(cast.inputs[0].node);
    let Some(op) = product.op_as::<EinSum>() else { return Ok(None) };
    let &[bytes, weights, added, zero, a_scale, b_zero, b_scale, c_zero, c_scale] = &product.inputs[..] else {
        return Ok(None);
    };
    for (outlet, neutral) in [(added, 0.0), (a_scale, 1.0), (b_scale, 1.0), (c_zero, 0.0), (c_scale, 1.0)] {
        if scalar(model, outlet)? != Some(neutral) {
            return Ok(None);
        }
    }
    let is_integer = op.q_params == Some(i32::datum_type()) && is_product(op);
    let is_constant = constant(model, weights)?.is_some();
    let zero = scalar(model, zero)?.filter(|_| is_integer && is_constant);
    let kind = scalar(model, b_zero)?.and_then(Kind::of);
    Ok(zero.zip(kind).map(|(zero, kind)| (bytes, row_steps, Layer { weights, steps, bias, zero: zero as u8, kind })))
}

/// What was rounded to `bytes` with these steps, and how; nothing unless `layer` reads the bytes as they were made.
fn rounded(
    model: &TypedModel,
    bytes: OutletId,
    steps: OutletId,
    layer: &Layer,
) -> TractResult<Option<(OutletId, Grain)>> {
    let cast = model.node(bytes.node);
    if cast.op_as::<Cast>().is_none_or(|op| op.to != u8::datum_type()) {
        return Ok(None);
    }
    let (zero, whole) = match with_constant::<Add>(model, model.node(cast.inputs[0].node))? {
        Some((zero, whole)) => (scalar(model, zero)?, whole),
        None => (Some(0.0), cast.inputs[0]),
    };
    if zero != Some(f64::from(layer.zero)) || !is_element_wise::<RoundHalfToEven>(model.node(whole.node)) {
        return Ok(None);
    }
    let numbers = model.node(model.node(whole.node).inputs[0].node);
    let &[x, per_step] = &numbers.inputs[..] else { return Ok(None) };
    let recip = model.node(per_step.node);
    if !is_binary::<Mul>(numbers) || !is_element_wise::<Recip>(recip) || recip.inputs[0] != steps {
        return Ok(None);
    }
    let Some((least, step)) = with_constant::<Add>(model, model.node(steps.node))? else { return Ok(None) };
    let Some((part, largest)) = with_constant::<Mul>(model, model.node(step.node))? else { return Ok(None) };
    let reduce = model.node(largest.node);
    let is_largest = reduce.op_as::<Reduce>().is_some_and(|op| op.reducer == Reducer::Max && op.axes[..] == [1]);
    if !is_largest {
        return Ok(None);
    }
    // Of the absolute values; or of the numbers themselves, where none is negative.
    let size = reduce.inputs[0];
    let is_size = is_element_wise::<Abs>(model.node(size.node)) && model.node(size.node).inputs[0] == x;
    let is_itself = size == x && positive_of(model, x)?.is_some();
    let (Some(least), Some(part)) = (scalar(model, least)?, scalar(model, part)?) else { return Ok(None) };
    Ok((is_size || is_itself).then(|| (x, Grain::new(part as f32, least as f32, layer.zero))))
}
