//! The smallest model file with all parts of a real one: features, routed experts, distance, map, score, embedding.
//!
//! 8 x 8 pixels, 4 x 4 tokens of 4 channels, 3 experts of which each token visits 2. Tests change one thing in it.

use bytes::Bytes;
use moead_model::onnx::messages::tensor_proto::DataType;
use moead_model::onnx::messages::tensor_shape_proto::Dimension;
use moead_model::onnx::messages::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto, TensorProto,
    ValueInfoProto,
};
use prost::Message;

pub(crate) const MANIFEST: &str = r#"{"schema":1,"name":"small","created_by":"a test",
    "source":{"file":"none","sha256":"00"},"architecture":[],"precision":"f32","moe":"sparse",
    "input":{"height":8,"width":8,"mean":[0.5,0.5,0.5],"std":[0.5,0.5,0.5],"resize":"pil-bilinear"},
    "self_test":null,"calibration":null}"#;

/// The batch by name, or a number.
pub(crate) const ANY: i64 = -1;

pub(crate) fn small_model() -> ModelProto {
    let mut graph = GraphProto {
        name: Some("small".into()),
        input: vec![info("image", &[ANY, 3, 8, 8])],
        output: vec![
            info("anomaly_map", &[ANY, 1, 8, 8]),
            info("pred_score", &[ANY]),
            info("anomaly_grid", &[ANY, 1, 4, 4]),
            info("embedding", &[ANY, 4]),
        ],
        ..GraphProto::default()
    };
    let mut add = |op: &str, inputs: &[&str], outputs: &[&str], attributes: Vec<AttributeProto>| {
        graph.node.push(node(op, inputs, outputs, attributes));
    };
    add(
        "Conv",
        &["image", "kernel", "bias"],
        &["stem"],
        vec![
            AttributeProto::ints("kernel_shape", &[3, 3]),
            AttributeProto::ints("pads", &[0, 0, 1, 1]),
            AttributeProto::ints("strides", &[2, 2]),
            AttributeProto::int("group", 1),
        ],
    );
    add("Sigmoid", &["stem"], &["gate"], vec![]);
    add("Mul", &["stem", "gate"], &["features"], vec![]);
    add("ReduceMean", &["features", "rows_columns"], &["embedding"], vec![AttributeProto::int("keepdims", 0)]);
    add("Reshape", &["features", "flat"], &["flattened"], vec![]);
    add("Transpose", &["flattened"], &["transposed"], vec![AttributeProto::ints("perm", &[0, 2, 1])]);
    add("Reshape", &["transposed", "tokens_shape"], &["tokens"], vec![]);
    add("MatMul", &["tokens", "routing"], &["logits"], vec![]);
    add("TopK", &["logits", "two"], &["chosen_logits", "chosen"], vec![AttributeProto::int("axis", -1)]);
    add("Softmax", &["chosen_logits"], &["gates"], vec![AttributeProto::int("axis", -1)]);
    let mut sum = "tokens".to_owned();
    for expert in 0..3 {
        let local = |name: &str| format!("expert{expert}.{name}");
        let index = if expert == 0 { "zero".to_owned() } else { local("index") };
        let mut add = |op: &str, inputs: &[&str], output: &str, attributes: Vec<AttributeProto>| {
            let inputs: Vec<String> =
                inputs.iter().map(|name| name.strip_prefix('.').map_or_else(|| (*name).to_owned(), &local)).collect();
            let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
            graph.node.push(node(op, &inputs, &[&local(output)], attributes));
        };
        add("Equal", &["chosen", &index], "on", vec![]);
        add("NonZero", &[".on"], "places", vec![]);
        add("Transpose", &[".places"], "pairs", vec![]);
        add("Gather", &[".pairs", "first"], "rows", vec![AttributeProto::int("axis", 1)]);
        add("GatherND", &["tokens", ".rows"], "input", vec![]);
        add("MatMul", &[".input", "expert_weight"], "product", vec![]);
        add("Relu", &[".product"], "hidden", vec![]);
        add("GatherND", &["gates", ".pairs"], "weight", vec![]);
        add("Unsqueeze", &[".weight", "one"], "column", vec![]);
        add("Mul", &[".hidden", ".column"], "weighted", vec![]);
        add("ScatterND", &[&sum, ".rows", ".weighted"], "sum", vec![AttributeProto::text("reduction", "add")]);
        sum = local("sum");
    }
    let mut add = |op: &str, inputs: &[&str], output: &str, attributes: Vec<AttributeProto>| {
        graph.node.push(node(op, inputs, &[output], attributes));
    };
    add("Sub", &["tokens", &sum], "difference", vec![]);
    add("Mul", &["difference", "difference"], "square", vec![]);
    add("ReduceSum", &["square", "last"], "squares", vec![AttributeProto::int("keepdims", 0)]);
    add("Sqrt", &["squares"], "distance", vec![]);
    add("Reshape", &["distance", "grid_shape"], "anomaly_grid", vec![]);
    add(
        "Resize",
        &["anomaly_grid", "", "scales"],
        "anomaly_map",
        vec![
            AttributeProto::text("mode", "linear"),
            AttributeProto::text("coordinate_transformation_mode", "align_corners"),
        ],
    );
    add(
        "AveragePool",
        &["anomaly_map"],
        "pooled",
        vec![AttributeProto::ints("kernel_shape", &[2, 2]), AttributeProto::ints("strides", &[1, 1])],
    );
    add("ReduceMax", &["pooled", "picture"], "pred_score", vec![AttributeProto::int("keepdims", 0)]);
    graph.initializer = vec![
        floats("kernel", &[4, 3, 3, 3]),
        floats("bias", &[4]),
        floats("routing", &[4, 3]),
        floats("expert_weight", &[4, 4]),
        integers("rows_columns", &[2], &[2, 3]),
        integers("flat", &[3], &[0, 4, 16]),
        integers("tokens_shape", &[2], &[-1, 4]),
        integers("two", &[1], &[2]),
        integers("zero", &[], &[0]),
        integers("expert1.index", &[], &[1]),
        integers("expert2.index", &[], &[2]),
        integers("first", &[1], &[0]),
        integers("one", &[1], &[1]),
        integers("last", &[1], &[-1]),
        integers("grid_shape", &[4], &[-1, 1, 4, 4]),
        integers("picture", &[3], &[1, 2, 3]),
        TensorProto::of_floats("scales", vec![4], &[1.0, 1.0, 2.0, 2.0]),
    ];
    ModelProto {
        ir_version: Some(8),
        producer_name: Some("a test".into()),
        opset_import: vec![OperatorSetIdProto { domain: Some(String::new()), version: Some(18) }],
        metadata_props: vec![StringStringEntryProto {
            key: Some("moead.manifest".into()),
            value: Some(MANIFEST.into()),
        }],
        graph: Some(graph),
        ..ModelProto::default()
    }
}

/// The file after `change` was made to the graph.
pub(crate) fn changed(change: impl FnOnce(&mut GraphProto)) -> Bytes {
    let mut model = small_model();
    change(model.graph.as_mut().expect("the small model has a graph"));
    model.encode_to_vec().into()
}

/// The node that writes `output`.
pub(crate) fn writer<'g>(graph: &'g mut GraphProto, output: &str) -> &'g mut NodeProto {
    graph.node.iter_mut().find(|node| node.output[0] == output).expect("a node of the small model")
}

/// The constant of that name.
pub(crate) fn constant<'g>(graph: &'g mut GraphProto, name: &str) -> &'g mut TensorProto {
    graph.initializer.iter_mut().find(|tensor| tensor.name() == name).expect("a constant of the small model")
}

/// A node named after its first output.
pub(crate) fn node(op: &str, inputs: &[&str], outputs: &[&str], attributes: Vec<AttributeProto>) -> NodeProto {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    NodeProto::new(op, &format!("{}.node", outputs[0]), names(inputs), names(outputs)).with(attributes)
}

/// Zeros.
pub(crate) fn floats(name: &str, dims: &[i64]) -> TensorProto {
    let count: i64 = dims.iter().product();
    TensorProto::of_floats(name, dims.to_vec(), &vec![0.0; count as usize])
}

pub(crate) fn integers(name: &str, dims: &[i64], values: &[i64]) -> TensorProto {
    TensorProto::of_integers(name, dims.to_vec(), values)
}

pub(crate) fn tensor(name: &str, kind: DataType, dims: &[i64], data: Vec<u8>) -> TensorProto {
    TensorProto::of_bytes(name, kind, dims.to_vec(), data)
}

/// A declared tensor of 32-bit floats.
pub(crate) fn info(name: &str, dims: &[i64]) -> ValueInfoProto {
    let side = |&side: &i64| if side == ANY { Dimension::named("N") } else { Dimension::known(side) };
    ValueInfoProto::of_floats(name, dims.iter().map(side).collect())
}
