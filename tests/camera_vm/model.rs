//! A model file that is quick under emulation: what every model file has, in seven nodes. Its score depends on each pixel.
//!
//! `|features|` of 4 x 4 pixels is the distance of a token, and the mean of all distances is the score.

use moead_model::onnx::messages::attribute_proto::AttributeType;
use moead_model::onnx::messages::tensor_proto::DataType;
use moead_model::onnx::messages::tensor_shape_proto::{Dimension, dimension};
use moead_model::onnx::messages::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
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
    let node = |op: &str, inputs: &[&str], output: &str, attribute: Vec<AttributeProto>| NodeProto {
        op_type: Some(op.into()),
        name: Some(format!("{output}.node")),
        input: inputs.iter().map(|&name| name.to_owned()).collect(),
        output: vec![output.to_owned()],
        attribute,
        ..NodeProto::default()
    };
    let linear = vec![text("mode", "linear"), text("coordinate_transformation_mode", "align_corners")];
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
                vec![ints("kernel_shape", &[4, 4]), ints("strides", &[4, 4])],
            ),
            node("ReduceMean", &["features", "places"], "embedding", vec![int("keepdims", 0)]),
            node("Mul", &["features", "features"], "squares", vec![]),
            node("ReduceSum", &["squares", "channels"], "sums", vec![int("keepdims", 1)]),
            node("Sqrt", &["sums"], "anomaly_grid", vec![]),
            node("Resize", &["anomaly_grid", "", "scales"], "anomaly_map", linear),
            node("ReduceMean", &["anomaly_grid", "picture"], "pred_score", vec![int("keepdims", 0)]),
        ],
        initializer: vec![
            kernel(),
            tensor("scales", DataType::Float, &[4], [1_f32, 1.0, 4.0, 4.0].map(f32::to_le_bytes).concat()),
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
    tensor("kernel", DataType::Float, &[4, 3, 4, 4], draw("1", &rule).bytes)
}

fn axes(name: &str, values: &[i64]) -> TensorProto {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    tensor(name, DataType::Int64, &[values.len() as i64], bytes)
}

fn tensor(name: &str, kind: DataType, dims: &[i64], data: Vec<u8>) -> TensorProto {
    TensorProto {
        name: Some(name.into()),
        data_type: Some(kind.into()),
        dims: dims.to_vec(),
        raw_data: Some(data.into()),
        ..TensorProto::default()
    }
}

fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { i: Some(value), ..attribute(name, AttributeType::Int) }
}

fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto { ints: values.to_vec(), ..attribute(name, AttributeType::Ints) }
}

fn text(name: &str, value: &str) -> AttributeProto {
    AttributeProto { s: Some(value.to_owned().into()), ..attribute(name, AttributeType::String) }
}

fn attribute(name: &str, kind: AttributeType) -> AttributeProto {
    AttributeProto { name: Some(name.into()), r#type: Some(kind.into()), ..AttributeProto::default() }
}

fn value(name: &str, dims: &[i64]) -> ValueInfoProto {
    let side = |&side: &i64| Dimension { value: Some(dimension::Value::DimValue(side)), ..Dimension::default() };
    let shape = TensorShapeProto { dim: dims.iter().map(side).collect() };
    let tensor = type_proto::Tensor { elem_type: Some(DataType::Float.into()), shape: Some(shape) };
    let kind = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: Some(name.into()), r#type: Some(kind), ..ValueInfoProto::default() }
}
