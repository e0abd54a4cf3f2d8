//! Products with constant matrices, with what follows them: convolutions of 1 x 1, linear layers, interpolations.

use fearless_simd::Level;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{AxesMapping, TractErrorContext as _, TypedModelPatch};
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::math::Add;

use super::super::kernels::activation::Activation;
use super::super::kernels::matmul::{Layout, Right, columns};
use super::super::ops::linear::{Linear, Order};
use super::super::ops::pointwise::Pointwise;
use super::super::ops::tail::{Presence, Tail};
use super::activation::behind;
use super::look::{aligned, constant, derived, follower, sides};
use super::pattern::is_binary;

/// Also takes the bias, the residual and the activation behind it.
pub(super) fn with_constant_weights(model: &TypedModel, node: &TypedNode) -> TractResult<Option<TypedModelPatch>> {
    let Some(product) = Product::of(model, node)? else { return Ok(None) };
    let followers = Followers::of(model, node, &product)?;
    let tail = Tail {
        bias: if followers.bias.is_some() { Presence::Given } else { Presence::Absent },
        addend: if followers.addend.is_some() { Presence::Given } else { Presence::Absent },
        activation: followers.activation,
    };
    let mut patch = TypedModelPatch::default();
    let mut inputs = tvec!(patch.tap_model(model, product.input)?, product.packed(model, &mut patch)?);
    if let Some(bias) = followers.bias {
        let flat = |tensor: std::sync::Arc<Tensor>| tensor.into_tensor().into_shape(&[product.count]);
        let tensor = constant(model, bias)?.context("a bias is constant")?;
        inputs.push(derived(model, &mut patch, (bias, "flat"), || flat(tensor))?);
    }
    if let Some(addend) = followers.addend {
        inputs.push(patch.tap_model(model, addend)?);
    }
    let Product { depth, count, inner, outer, order, .. } = product;
    let shape = product.shape.clone();
    let output = match product.form {
        Form::Linear => {
            let op = Linear { rows: outer, depth, count, order, tail, shape };
            patch.wire_node(&node.name, op, &inputs)?
        }
        Form::Pointwise => {
            let op = Pointwise { channels: depth, results: count, pixels: inner, order, tail, shape };
            patch.wire_node(&node.name, op, &inputs)?
        }
    };
    patch.shunt_outside(model, followers.last.id.into(), output[0])?;
    Ok(Some(patch))
}

/// Which op a product becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// outer x depth times depth x count.
    Linear,
    /// For each of `outer`: count x depth times depth x inner.
    Pointwise,
}

/// A product of something with a constant matrix.
struct Product {
    form: Form,
    input: OutletId,
    weights: OutletId,
    /// Whether the weights lie as depth x count; otherwise count x depth.
    weights_are_by_depth: bool,
    depth: usize,
    count: usize,
    outer: usize,
    inner: usize,
    order: Order,
    shape: TVec<usize>,
    /// The axes of the output that `count` is made of.
    counted: std::ops::Range<usize>,
}

impl Product {
    fn of(model: &TypedModel, node: &TypedNode) -> TractResult<Option<Self>> {
        let Some(op) = node.op_as::<EinSum>() else { return Ok(None) };
        let &[first, second] = &node.inputs[..] else { return Ok(None) };
        let (input, weights, slot) = match (constant(model, first)?, constant(model, second)?) {
            (None, Some(_)) => (first, second, 0),
            (Some(_), None) => (second, first, 1),
            _ => return Ok(None),
        };
        let (Some(shape), Some(input_sides), Some(weight_sides)) =
            (sides(model, node.id.into())?, sides(model, input)?, sides(model, weights)?)
        else {
            return Ok(None);
        };
        if op.q_params.is_some() || op.operating_dt != f32::datum_type() {
            return Ok(None);
        }
        let Some(axes) = Axes::of(&op.axes, slot, &input_sides, &shape) else { return Ok(None) };
        let size = |axes: &[char], letters: &[char], sides: &[usize]| -> usize {
            let side = |axis: &char| letters.iter().position(|letter| letter == axis).map_or(1, |place| sides[place]);
            axes.iter().map(side).product()
        };
        let depth = size(&axes.summed, &axes.input, &input_sides);
        let count = size(&axes.free, &axes.weights, &weight_sides);
        let before = size(&axes.before, &axes.input, &input_sides);
        let after = size(&axes.after, &axes.input, &input_sides);
        let (form, order, outer, inner) = match axes.arrangement {
            Arrangement::RowsToRows => (Form::Linear, Order::Rows, before, 1),
            Arrangement::ColumnsToRows => (Form::Linear, Order::Columns, after, 1),
            Arrangement::PlanesToPlanes => (Form::Pointwise, Order::Rows, before, after),
            Arrangement::RowsToPlanes => (Form::Pointwise, Order::Columns, 1, before),
        };
        // A single row is not worth a panel, and nothing at all is not worth an op.
        if outer.max(inner) < 2 || depth == 0 || count == 0 {
            return Ok(None);
        }
        let start = axes.output.iter().position(|axis| axis == &axes.free[0]).unwrap_or_default();
        let counted = start..start + axes.free.len();
        let weights_are_by_depth = axes.weights_are_by_depth;
        Ok(Some(Self { form, input, weights, weights_are_by_depth, depth, count, outer, inner, order, shape, counted }))
    }

    /// The weights in the form that the op wants.
    fn packed(&self, model: &TypedModel, patch: &mut TypedModelPatch) -> TractResult<OutletId> {
        let (depth, count) = (self.depth, self.count);
        let tensor = constant(model, self.weights)?.context("weights are constant")?;
        let cut = columns(Level::new());
        let make = || {
            let numbers = tensor.try_as_plain_ram()?.as_slice::<f32>()?;
            let wants_by_depth = self.form == Form::Linear;
            let turned;
            let numbers = if wants_by_depth == self.weights_are_by_depth {
                numbers
            } else {
                let (rows, columns) = if self.weights_are_by_depth { (depth, count) } else { (count, depth) };
                turned = transposed(numbers, rows, columns);
                &turned
            };
            aligned(&match self.form {
                Form::Linear => Right::pack(cut, (depth, count), numbers),
                Form::Pointwise => Layout { rows: count, depth, height: cut.height() }.pack(numbers),
            })
        };
        let form = match self.form {
            Form::Linear => "right",
            Form::Pointwise => "left",
        };
        derived(model, patch, (self.weights, form), make)
    }
}

fn transposed(numbers: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|column| (0..rows).map(move |row| numbers[row * columns + column])).collect()
}

/// The axes of a product, by letter, without those of length 1 that only one tensor has.
struct Axes {
    input: Vec<char>,
    weights: Vec<char>,
    /// With all its axes.
    output: Vec<char>,
    /// Of input and weights.
    summed: Vec<char>,
    /// Of weights and output.
    free: Vec<char>,
    /// Of the input, before the summed ones.
    before: Vec<char>,
    /// Of the input, after the summed ones.
    after: Vec<char>,
    weights_are_by_depth: bool,
    arrangement: Arrangement,
}

/// How input and output lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrangement {
    /// before x depth to before x count
    RowsToRows,
    /// depth x after to after x count
    ColumnsToRows,
    /// before x depth x after to before x count x after
    PlanesToPlanes,
    /// before x depth to count x before
    RowsToPlanes,
}

impl Axes {
    /// `slot`: of the input that is not constant.
    fn of(mapping: &AxesMapping, slot: usize, input_sides: &[usize], output_sides: &[usize]) -> Option<Self> {
        let (inputs, outputs) = mapping.to_strs();
        let letters = |text: &String| text.chars().collect::<Vec<_>>();
        let (all_input, weights, output) = (letters(&inputs[slot]), letters(&inputs[1 - slot]), letters(&outputs[0]));
        let of_length_1 = |axes: &[char], sides: &[usize], axis: &char| {
            axes.iter().zip(sides).any(|(letter, &side)| letter == axis && side == 1)
        };
        let alone = |axis: &char, others: [&[char]; 2]| others.iter().all(|axes| !axes.contains(axis));
        let kept: Vec<char> = all_input
            .iter()
            .copied()
            .filter(|axis| !(alone(axis, [&weights, &output]) && of_length_1(&all_input, input_sides, axis)))
            .collect();
        let result: Vec<char> = output
            .iter()
            .copied()
            .filter(|axis| !(alone(axis, [&weights, &all_input]) && of_length_1(&output, output_sides, axis)))
            .collect();
        let summed: Vec<char> = weights.iter().copied().filter(|axis| kept.contains(axis)).collect();
        let free: Vec<char> = weights.iter().copied().filter(|axis| result.contains(axis)).collect();
        // No axis is shared by all three, none is of the weights alone, and each group lies together.
        let weights_are_by_depth = weights == [&summed[..], &free].concat();
        let is_plain = summed.iter().all(|axis| !free.contains(axis))
            && (weights_are_by_depth || weights == [&free[..], &summed].concat());
        if !is_plain || summed.is_empty() || free.is_empty() {
            return None;
        }
        let start = kept.windows(summed.len()).position(|axes| axes == summed)?;
        let (before, after) = (kept[..start].to_vec(), kept[start + summed.len()..].to_vec());
        let arrangement = if result == [&before[..], &free, &after].concat() {
            if after.is_empty() { Arrangement::RowsToRows } else { Arrangement::PlanesToPlanes }
        } else if before.is_empty() && result == [&after[..], &free].concat() {
            Arrangement::ColumnsToRows
        } else if after.is_empty() && result == [&free[..], &before].concat() {
            Arrangement::RowsToPlanes
        } else {
            return None;
        };
        Some(Self { input: all_input, weights, output, summed, free, before, after, weights_are_by_depth, arrangement })
    }
}

/// What follows a product and can be done with its tiles.
struct Followers<'a> {
    bias: Option<OutletId>,
    addend: Option<OutletId>,
    activation: Activation,
    /// The node whose output the op computes.
    last: &'a TypedNode,
}

impl<'a> Followers<'a> {
    fn of(model: &'a TypedModel, node: &'a TypedNode, product: &Product) -> TractResult<Self> {
        let mut found = Self { bias: None, addend: None, activation: Activation::Identity, last: node };
        while let Some(next) = follower(model, found.last)? {
            let is_sum = is_binary::<Add>(next) && sides(model, next.id.into())?.as_ref() == Some(&product.shape);
            let other = next.inputs.iter().find(|input| input.node != found.last.id).copied();
            let (true, Some(other)) = (is_sum, other) else { break };
            let Some(sides) = sides(model, other)? else { break };
            let is_constant = constant(model, other)?.is_some();
            if is_constant && found.bias.is_none() && is_bias(&sides, product) {
                found.bias = Some(other);
            } else if found.addend.is_none() && sides == product.shape {
                found.addend = Some(other);
            } else {
                break;
            }
            found.last = next;
        }
        if follower(model, found.last)?.is_some() {
            (found.activation, found.last) = behind(model, found.last)?;
        }
        Ok(found)
    }
}

/// Whether a tensor of these sides has one number for each of the product's `count`.
fn is_bias(sides: &[usize], product: &Product) -> bool {
    sides.len() == product.shape.len()
        && sides
            .iter()
            .zip(&product.shape)
            .enumerate()
            .all(|(axis, (&side, &whole))| side == if product.counted.contains(&axis) { whole } else { 1 })
}
