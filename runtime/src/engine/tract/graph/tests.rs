//! Every operator that a model file may have, and each of its forms, against tract's own reader: the same numbers, bit for bit.

use moead_model::onnx::messages::tensor_proto::DataType;
use moead_model::onnx::messages::tensor_shape_proto::Dimension;
use moead_model::onnx::messages::{
    AttributeProto as Attribute, ModelProto, NodeProto, OperatorSetIdProto, ValueInfoProto,
};
use moead_model::onnx::operators;
use prost::Message as _;

use super::*;

const SIZE: ImageSize = ImageSize { height: 6, width: 8 };

fn node(operator: &str, inputs: &[&str], attributes: Vec<Attribute>) -> NodeProto {
    let inputs = inputs.iter().map(|&input| input.into()).collect();
    NodeProto::new(operator, "result", inputs, vec!["result".into()]).with(attributes)
}

fn tensor(name: &str, kind: DataType, dims: &[i64], bytes: Vec<u8>) -> TensorProto {
    TensorProto::of_bytes(name, kind, dims.to_vec(), bytes)
}

fn integers(name: &str, dims: &[i64], values: &[i64]) -> TensorProto {
    TensorProto::of_integers(name, dims.to_vec(), values)
}

fn floats(name: &str, dims: &[i64], value: impl Fn(usize) -> f32) -> TensorProto {
    let values: Vec<f32> = (0..dims.iter().product::<i64>() as usize).map(value).collect();
    TensorProto::of_floats(name, dims.to_vec(), &values)
}

/// Constants that the cases name.
fn constants() -> Vec<TensorProto> {
    let wave = |index: usize| (index as f32 * 0.7).sin();
    vec![
        floats("kernel", &[4, 3, 3, 2], wave),
        floats("per channel", &[6, 1, 3, 3], wave),
        floats("four", &[4], wave),
        floats("row", &[8], wave),
        floats("matrix", &[8, 5], wave),
        floats("square", &[5, 8], wave),
        floats("batch of matrices", &[2, 1, 8, 5], wave),
        floats("flat", &[6, 8], wave),
        floats("bias", &[5], wave),
        floats("picture", &[1, 3, 6, 8], |index| 1.0 - wave(index)),
        floats("low", &[], |_| 0.25),
        floats("high", &[], |_| 0.5),
        floats("updates", &[2, 6, 8], wave),
        floats("scales", &[4], |index| [1.0, 1.0, 2.0, 1.5][index]),
        tensor("halves", DataType::Float16, &[4], (0..4_u8).flat_map(|index| [index * 17, 0x38 + index]).collect()),
        tensor("bytes", DataType::Uint8, &[6, 8], (0..48).map(|index| index * 5).collect()),
        tensor("weights", DataType::Int8, &[8, 5], (0..40).map(|index| index * 6).collect()),
        tensor("zero point", DataType::Uint8, &[], vec![7]),
        tensor("zero points", DataType::Int8, &[1], vec![0xFD]),
        tensor("truths", DataType::Bool, &[8], vec![0, 1, 1, 0, 1, 0, 0, 1]),
        tensor("rows", DataType::Int32, &[2], [2_i32, 0].iter().flat_map(|value| value.to_le_bytes()).collect()),
        integers("sizes", &[2], &[9, 4]),
        integers("last", &[1], &[-1]),
        integers("inner", &[2], &[-1, 2]),
        integers("first", &[1], &[0]),
        integers("shape", &[3], &[0, -1, 4]),
        integers("two", &[1], &[2]),
        integers("starts", &[2], &[-5, 1]),
        integers("ends", &[2], &[-1, 1000]),
        integers("axes", &[2], &[3, 2]),
        integers("steps", &[2], &[2, 3]),
        integers("parts", &[2], &[5, 3]),
        integers("places", &[2, 2], &[0, 2, 0, 1]),
    ]
}

/// What both readers make of a graph of these nodes, run on one picture.
fn both(nodes: Vec<NodeProto>) -> [TractResult<Tensor>; 2] {
    let output = nodes.last().expect("a node").output[0].clone();
    let graph = GraphProto {
        node: nodes,
        initializer: constants(),
        input: vec![ValueInfoProto::of_floats(IMAGE, [1, 3, 6, 8].map(Dimension::known).to_vec())],
        output: vec![ValueInfoProto { name: Some(output.clone()), ..ValueInfoProto::default() }],
        ..GraphProto::default()
    };
    let image: Vec<f32> = (0..3 * 6 * 8).map(|index| (index as f32 * 0.37).cos() * 2.0).collect();
    let image = Tensor::from_shape(&[1, 3, 6, 8], &image).expect("a picture");
    let run = |model: TypedModel| -> TractResult<Tensor> {
        let answers = model.into_optimized()?.into_runnable()?.run(tvec!(image.clone().into_tvalue()))?;
        Ok(answers[0].clone().into_tensor())
    };
    let ours = typed(&graph, SIZE, &[&output]).and_then(run);
    let file = ModelProto {
        ir_version: Some(8),
        opset_import: vec![OperatorSetIdProto { domain: Some(String::new()), version: Some(18) }],
        graph: Some(graph),
        ..ModelProto::default()
    };
    let theirs = tract_onnx::onnx()
        .model_for_read(&mut &file.encode_to_vec()[..])
        .and_then(|model| model.with_outputs_by_name([&output])?.into_typed())
        .and_then(run);
    [ours, theirs]
}

#[track_caller]
fn same(nodes: Vec<NodeProto>) {
    let what = format!("{:?}", nodes.last().map(|node| (node.op_type(), &node.input, &node.attribute)));
    let [ours, theirs] = both(nodes);
    let ours = ours.unwrap_or_else(|error| panic!("{what}: {error:#}"));
    let theirs = theirs.unwrap_or_else(|error| panic!("{what}, by tract: {error:#}"));
    assert_eq!(ours, theirs, "{what}");
}

#[test]
fn elementwise() {
    for operator in ["Add", "Sub", "Mul", "Div"] {
        for other in ["picture", "row", "low"] {
            same(vec![node(operator, &["image", other], vec![])]);
        }
    }
    for operator in ["Abs", "Sigmoid", "Relu", "Round", "Sqrt", "Erf"] {
        same(vec![node(operator, &["image"], vec![])]);
    }
    same(vec![node("Equal", &["image", "picture"], vec![])]);
    same(vec![node("Where", &["truths", "image", "low"], vec![])]);
    for bounds in [&["image", "low", "high"][..], &["image", "", "high"], &["image", "low"], &["image"]] {
        same(vec![node("Clip", bounds, vec![])]);
    }
    same(vec![node("Cast", &["halves"], vec![Attribute::int("to", DataType::Float as i64)])]);
    same(vec![node("Cast", &["image"], vec![Attribute::int("to", DataType::Uint8 as i64)])]);
    for axis in [-1, 1] {
        same(vec![node("Softmax", &["image"], vec![Attribute::int("axis", axis)])]);
    }
    same(vec![node("LayerNormalization", &["image", "row"], vec![Attribute::float("epsilon", 1e-3)])]);
    same(vec![node("LayerNormalization", &["image", "flat", "flat"], vec![Attribute::int("axis", 2)])]);
}

#[test]
fn layout() {
    let identity =
        NodeProto { output: vec!["same".into()], name: Some("same".into()), ..node("Identity", &["image"], vec![]) };
    same(vec![identity, node("Abs", &["same"], vec![])]);
    same(vec![node("Concat", &["image", "picture", "image"], vec![Attribute::int("axis", -2)])]);
    same(vec![node("Reshape", &["image", "shape"], vec![])]);
    same(vec![node("Transpose", &["image"], vec![])]);
    same(vec![node("Transpose", &["image"], vec![Attribute::ints("perm", &[0, 2, 3, 1])])]);
    same(vec![node("Squeeze", &["image", "first"], vec![])]);
    same(vec![node("Unsqueeze", &["image", "inner"], vec![])]);
    same(vec![node("Slice", &["image", "starts", "ends", "axes", "steps"], vec![])]);
    same(vec![node("Slice", &["image", "starts", "ends", "axes"], vec![])]);
    same(vec![node("Slice", &["flat", "starts", "ends", "", "steps"], vec![])]);
    for (inputs, attributes) in [
        (&["image", "parts"][..], vec![Attribute::int("axis", -1)]),
        (&["image"][..], vec![Attribute::int("axis", 3), Attribute::int("num_outputs", 2)]),
    ] {
        let outputs = vec!["left".into(), "right".into()];
        let split = NodeProto { output: outputs, name: Some("split".into()), ..node("Split", inputs, attributes) };
        same(vec![split, node("Abs", &["right"], vec![])]);
    }
}

#[test]
fn products_and_sums() {
    for (left, right) in [("image", "matrix"), ("flat", "matrix"), ("image", "batch of matrices"), ("square", "matrix")]
    {
        same(vec![node("MatMul", &[left, right], vec![])]);
    }
    for zeros in [&[][..], &["zero point"], &["zero point", "zero points"], &["", "zero points"]] {
        same(vec![node("MatMulInteger", &[&["bytes", "weights"], zeros].concat(), vec![])]);
    }
    same(vec![node("Gemm", &["flat", "matrix", "bias"], vec![])]);
    same(vec![node("Gemm", &["flat", "matrix"], vec![Attribute::float("alpha", 0.5)])]);
    let all = vec![Attribute::int("transB", 1), Attribute::float("alpha", 2.0), Attribute::float("beta", 0.25)];
    same(vec![node("Gemm", &["flat", "square", "bias"], all)]);
    same(vec![node("Gemm", &["matrix", "square"], vec![Attribute::int("transA", 1), Attribute::int("transB", 1)])]);
    for operator in ["ReduceSum", "ReduceMean", "ReduceMax"] {
        same(vec![node(operator, &["image", "inner"], vec![Attribute::int("keepdims", 0)])]);
        same(vec![node(operator, &["image", "last"], vec![])]);
        same(vec![node(operator, &["image"], vec![Attribute::int("keepdims", 0)])]);
    }
}

#[test]
fn choice() {
    for largest in [0, 1] {
        let outputs = vec!["values".into(), "where".into()];
        let attributes = vec![Attribute::int("axis", 2), Attribute::int("largest", largest)];
        let top =
            NodeProto { output: outputs, name: Some("top".into()), ..node("TopK", &["image", "two"], attributes) };
        same(vec![top.clone(), node("Abs", &["values"], vec![])]);
        same(vec![top, node("Gather", &["row", "where"], vec![])]);
    }
    same(vec![node("NonZero", &["truths"], vec![])]);
    same(vec![node("Gather", &["image", "rows"], vec![Attribute::int("axis", -2)])]);
    same(vec![node("GatherND", &["image", "places"], vec![])]);
    for reduction in ["none", "add"] {
        same(vec![node("ScatterND", &["image", "places", "updates"], vec![Attribute::text("reduction", reduction)])]);
    }
}

#[test]
fn windows() {
    same(vec![node("Conv", &["image", "kernel"], vec![])]);
    let all = vec![
        Attribute::ints("pads", &[1, 0, 2, 1]),
        Attribute::ints("strides", &[2, 1]),
        Attribute::ints("kernel_shape", &[3, 2]),
    ];
    same(vec![node("Conv", &["image", "kernel", "four"], all)]);
    same(vec![node(
        "Conv",
        &["image", "per channel"],
        vec![Attribute::int("group", 3), Attribute::ints("dilations", &[1, 2])],
    )]);
    for operator in ["MaxPool", "AveragePool"] {
        same(vec![node(operator, &["image"], vec![Attribute::ints("kernel_shape", &[2, 3])])]);
        let pads = vec![
            Attribute::ints("kernel_shape", &[3, 3]),
            Attribute::ints("strides", &[2, 2]),
            Attribute::ints("pads", &[1, 1, 1, 1]),
        ];
        same(vec![node(operator, &["image"], pads)]);
    }
    let counted = vec![
        Attribute::ints("kernel_shape", &[3, 3]),
        Attribute::ints("pads", &[1, 1, 1, 1]),
        Attribute::int("count_include_pad", 1),
    ];
    same(vec![node("AveragePool", &["image"], counted)]);
    same(vec![node(
        "MaxPool",
        &["image"],
        vec![Attribute::ints("kernel_shape", &[2, 2]), Attribute::ints("dilations", &[2, 3])],
    )]);
    same(vec![node("GlobalAveragePool", &["image"], vec![])]);
    for mode in ["align_corners", "half_pixel", "pytorch_half_pixel", "asymmetric"] {
        let attributes =
            vec![Attribute::text("mode", "linear"), Attribute::text("coordinate_transformation_mode", mode)];
        same(vec![node("Resize", &["image", "", "scales"], attributes)]);
    }
    for axes in [[2, 3], [-2, -1]] {
        let nearest = vec![Attribute::text("nearest_mode", "floor"), Attribute::ints("axes", &axes)];
        same(vec![node("Resize", &["image", "", "", "sizes"], nearest)]);
    }
}

/// An operator that a file may have and that is not known here would be found on a board.
#[test]
fn every_operator_of_model_files_is_known() {
    let unknown: Vec<_> = operators::names().filter(|operator| wiring(operator).is_none()).collect();
    assert_eq!(unknown, [""; 0]);
}

#[test]
fn an_operator_that_model_files_do_not_have_is_named() {
    let [ours, _] = both(vec![node("LSTM", &["image"], vec![])]);
    let error = ours.expect_err("no such operator");
    assert_eq!(format!("{error:#}"), "node result (LSTM): no operator of model files");
}
