//! The operators that a graph may have, with their arity and attributes, as operator set 18 has them.
//!
//! What they mean for shapes is in `shapes`. An operator is allowed because our graphs need it or may soon; control flow,
//! randomness, strings, shapes as values and everything that makes elements out of nothing are not.

use super::contract::GraphError;
use super::messages::attribute_proto::AttributeType;
use super::messages::{AttributeProto, NodeProto};

/// An operator of the standard domain.
#[derive(Debug)]
struct Operator {
    name: &'static str,
    /// Least and most inputs.
    inputs: (usize, usize),
    /// Most outputs; at least one.
    outputs: usize,
    attributes: &'static [(&'static str, AttributeType)],
}

use AttributeType::{Float, Int, Ints, String as Text};

const fn operator(
    name: &'static str,
    inputs: (usize, usize),
    attributes: &'static [(&'static str, AttributeType)],
) -> Operator {
    Operator { name, inputs, outputs: 1, attributes }
}

const MANY: usize = super::limits::NODE_VALUES;

static OPERATORS: &[Operator] = &[
    operator("Abs", (1, 1), &[]),
    operator("Add", (2, 2), &[]),
    operator(
        "AveragePool",
        (1, 1),
        &[
            ("auto_pad", Text),
            ("ceil_mode", Int),
            ("count_include_pad", Int),
            ("kernel_shape", Ints),
            ("pads", Ints),
            ("strides", Ints),
        ],
    ),
    operator("Cast", (1, 1), &[("to", Int)]),
    operator("Clip", (1, 3), &[]),
    operator("Concat", (1, MANY), &[("axis", Int)]),
    operator(
        "Conv",
        (2, 3),
        &[
            ("auto_pad", Text),
            ("dilations", Ints),
            ("group", Int),
            ("kernel_shape", Ints),
            ("pads", Ints),
            ("strides", Ints),
        ],
    ),
    operator("Div", (2, 2), &[]),
    operator("Equal", (2, 2), &[]),
    operator("Erf", (1, 1), &[]),
    operator("Gather", (2, 2), &[("axis", Int)]),
    operator("GatherND", (2, 2), &[("batch_dims", Int)]),
    operator("Gemm", (2, 3), &[("alpha", Float), ("beta", Float), ("transA", Int), ("transB", Int)]),
    operator("GlobalAveragePool", (1, 1), &[]),
    operator("Identity", (1, 1), &[]),
    operator("LayerNormalization", (2, 3), &[("axis", Int), ("epsilon", Float), ("stash_type", Int)]),
    operator("MatMul", (2, 2), &[]),
    operator("MatMulInteger", (2, 4), &[]),
    operator(
        "MaxPool",
        (1, 1),
        &[
            ("auto_pad", Text),
            ("ceil_mode", Int),
            ("dilations", Ints),
            ("kernel_shape", Ints),
            ("pads", Ints),
            ("storage_order", Int),
            ("strides", Ints),
        ],
    ),
    operator("Mul", (2, 2), &[]),
    operator("NonZero", (1, 1), &[]),
    operator("ReduceMax", (1, 2), &[("keepdims", Int), ("noop_with_empty_axes", Int)]),
    operator("ReduceMean", (1, 2), &[("keepdims", Int), ("noop_with_empty_axes", Int)]),
    operator("ReduceSum", (1, 2), &[("keepdims", Int), ("noop_with_empty_axes", Int)]),
    operator("Relu", (1, 1), &[]),
    operator("Reshape", (2, 2), &[("allowzero", Int)]),
    operator(
        "Resize",
        (3, 4),
        &[
            ("antialias", Int),
            ("axes", Ints),
            ("coordinate_transformation_mode", Text),
            ("cubic_coeff_a", Float),
            ("exclude_outside", Int),
            ("extrapolation_value", Float),
            ("keep_aspect_ratio_policy", Text),
            ("mode", Text),
            ("nearest_mode", Text),
        ],
    ),
    operator("Round", (1, 1), &[]),
    operator("ScatterND", (3, 3), &[("reduction", Text)]),
    operator("Sigmoid", (1, 1), &[]),
    operator("Slice", (3, 5), &[]),
    operator("Softmax", (1, 1), &[("axis", Int)]),
    Operator { name: "Split", inputs: (1, 2), outputs: MANY, attributes: &[("axis", Int), ("num_outputs", Int)] },
    operator("Sqrt", (1, 1), &[]),
    operator("Squeeze", (2, 2), &[]),
    operator("Sub", (2, 2), &[]),
    Operator {
        name: "TopK",
        inputs: (2, 2),
        outputs: 2,
        attributes: &[("axis", Int), ("largest", Int), ("sorted", Int)],
    },
    operator("Transpose", (1, 1), &[("perm", Ints)]),
    operator("Unsqueeze", (2, 2), &[]),
    operator("Where", (3, 3), &[]),
];

/// The operators by name, sorted: what an engine with a reader of its own must know.
pub fn names() -> impl Iterator<Item = &'static str> {
    OPERATORS.iter().map(|operator| operator.name)
}

/// Checks operator, domain, arity and attributes of a node.
pub(super) fn check(node: &NodeProto) -> Result<(), GraphError> {
    let name = || node.name().to_owned();
    let known = OPERATORS.binary_search_by(|operator| operator.name.cmp(node.op_type()));
    let operator = match known {
        Ok(index) if node.domain().is_empty() => &OPERATORS[index],
        _ => {
            let (operator, domain) = (node.op_type().to_owned(), node.domain().to_owned());
            return Err(GraphError::Operator { node: name(), operator, domain });
        }
    };
    let (least, most) = operator.inputs;
    if !(least..=most).contains(&node.input.len()) {
        return Err(GraphError::Arity { node: name(), what: "inputs", least, most, found: node.input.len() });
    }
    if !(1..=operator.outputs).contains(&node.output.len()) {
        let (most, found) = (operator.outputs, node.output.len());
        return Err(GraphError::Arity { node: name(), what: "outputs", least: 1, most, found });
    }
    for (index, attribute) in node.attribute.iter().enumerate() {
        let wrong = |reason| GraphError::Attribute { node: name(), attribute: attribute.name().into(), reason };
        let Some((_, kind)) = operator.attributes.iter().find(|(known, _)| *known == attribute.name()) else {
            return Err(wrong("is not one that the operator may have"));
        };
        if node.attribute.iter().take(index).any(|earlier| earlier.name() == attribute.name()) {
            return Err(wrong("is there twice"));
        }
        if !holds(attribute, *kind) {
            return Err(wrong("does not hold a value of its type, and nothing else"));
        }
    }
    Ok(())
}

/// Whether the attribute says that it is of that type, has the value, and no value of another type.
fn holds(attribute: &AttributeProto, kind: AttributeType) -> bool {
    let present = [
        (Float, attribute.f.is_some()),
        (Int, attribute.i.is_some()),
        (Text, attribute.s.is_some()),
        (Ints, !attribute.ints.is_empty()),
        (AttributeType::Floats, !attribute.floats.is_empty()),
        (AttributeType::Strings, !attribute.strings.is_empty()),
    ];
    attribute.r#type == Some(kind as i32) && present.iter().all(|&(of, there)| there == (of == kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operators_are_sorted_for_the_search() {
        assert!(OPERATORS.is_sorted_by(|a, b| a.name < b.name));
    }
}
