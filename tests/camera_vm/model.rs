//! A model file that is quick under emulation: what every model file has, in seven nodes. Its score depends on each pixel.
//!
//! `|features|` of 4 x 4 pixels is the distance of a token, and the mean of all distances is the score.

use moead_model::onnx::messages::tensor_proto::DataType;
use moead_model::onnx::messages::tensor_shape_proto::Dimension;
use moead_model::onnx::messages::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto, TensorProto,
    ValueInfoProto,
};
use moead_tests::golden::Rule;
use moead_tests::synthetic_checkpoint::draw;
use prost::Message as _;

const MANIFEST: &str = r#"{"schema":1,"name":"quick","created_by":"the camera tests",
    "source":{"file":"none","sha256":"00"},"architecture":[],"precision":"f32","moe":"sparse",
    "input":{"height":64,"width":64,"mean":[0.485,0.456,0.406],"std":[0.229,0.224,0.225],"resize":"pil-bilinear"},
    "self_test":null,"calibration":null}"#;

/// The file's bytes.
pub(crate) fn quick() -> Vec<u8> {
    let node = |op: &str, inputs: &[&str], output: &str, attributes: Vec<AttributeProto>| {
        let inputs = inputs.iter().map(|&name| name.to_owned()).collect();
        NodeProto::new(op, &format!("{output}.node"), inputs, vec![output.to_owned()]).with(attributes)
    };
    let linear = vec![
        AttributeProto::text("mode", "linear"),
        AttributeProto::text("coordinate_transformation_mode", "align_corners"),
    ];
    let graph = GraphProto {
        name: Some("quick".into()),
        input: vec![value("image", &[1, 3, 64, 64])],
        output: vec![
            value("anomaly_map", &[1, 1, 64, 64]),
            value("pred_score", &[1]),
            value("anomaly_grid", &[1, 1, 16, 16]),
            value("embedding", &[1, 4]),
        ],
        node: vec![
            node(
                "Conv",
                &["image", "kernel"],
                "features",
                vec![AttributeProto::ints("kernel_shape", &[4, 4]), AttributeProto::ints("strides", &[4, 4])],
            ),
            node("ReduceMean", &["features", "places"], "embedding", vec![AttributeProto::int("keepdims", 0)]),
            node("Mul", &["features", "features"], "squares", vec![]),
            node("ReduceSum", &["squares", "channels"], "sums", vec![AttributeProto::int("keepdims", 1)]),
            node("Sqrt", &["sums"], "anomaly_grid", vec![]),
            node("Resize", &["anomaly_grid", "", "scales"], "anomaly_map", linear),
            node("ReduceMean", &["anomaly_grid", "picture"], "pred_score", vec![AttributeProto::int("keepdims", 0)]),
        ],
        initializer: vec![
            kernel(),
            TensorProto::of_floats("scales", vec![4], &[1.0, 1.0, 4.0, 4.0]),
            axes("places", &[2, 3]),
            axes("channels", &[1]),
            axes("picture", &[1, 2, 3]),
        ],
        ..GraphProto::default()
    };
    let model = ModelProto {
        ir_version: Some(8),
        opset_import: vec![OperatorSetIdProto { domain: Some(String::new()), version: Some(18) }],
        metadata_props: vec![StringStringEntryProto {
            key: Some("moead.manifest".into()),
            value: Some(MANIFEST.into()),
        }],
        graph: Some(graph),
        ..ModelProto::default()
    };
    model.encode_to_vec()
}

fn kernel() -> TensorProto {
    let shape = vec![4, 3, 4, 4];
    let rule = Rule { name: "kernel".into(), dtype: "F32".into(), shape, offset: 0.0, scale: 0.5, value: 0 };
    TensorProto::of_bytes("kernel", DataType::Float, vec![4, 3, 4, 4], draw("1", &rule).bytes)
}

fn axes(name: &str, values: &[i64]) -> TensorProto {
    TensorProto::of_integers(name, vec![values.len() as i64], values)
}

fn value(name: &str, dims: &[i64]) -> ValueInfoProto {
    ValueInfoProto::of_floats(name, dims.iter().map(|&side| Dimension::known(side)).collect())
}
