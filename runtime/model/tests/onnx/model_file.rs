//! What a model file must be, one broken rule at a time, with the message that the user reads.

use crate::small_model::{ANY, changed, constant, floats, info, integers, node, small_model, tensor, writer};
use bytes::Bytes;
use moead_model::onnx::messages::tensor_proto::DataType;
use moead_model::onnx::messages::{AttributeProto, GraphProto, ModelProto, OperatorSetIdProto, TensorProto};
use moead_model::onnx::model_file::{ModelFile, ModelFileError};
use prost::Message;

#[track_caller]
fn refused(bytes: impl Into<Bytes>, message: &str) {
    let error = ModelFile::from_bytes(bytes.into()).expect_err("such a file is refused");
    assert_eq!(error.to_string(), message);
}

#[track_caller]
fn refused_graph(change: impl FnOnce(&mut GraphProto), message: &str) {
    refused(changed(change), message);
}

#[track_caller]
fn refused_model(change: impl FnOnce(&mut ModelProto), message: &str) {
    let mut model = small_model();
    change(&mut model);
    refused(model.encode_to_vec(), message);
}

/// A field that the reduced messages do not have, appended to encoded bytes.
fn with_field(mut bytes: Vec<u8>, number: u32, content: &[u8]) -> Vec<u8> {
    prost::encoding::bytes::encode(number, &content.to_vec(), &mut bytes);
    bytes
}

#[test]
fn the_small_model_is_accepted_for_any_batch_and_for_a_fixed_one() {
    let file = ModelFile::from_bytes(changed(|_| {})).unwrap();
    assert_eq!(file.manifest().name, "small");
    for batch in [1, 3] {
        let fixed = changed(|graph| {
            graph.input = vec![info("image", &[batch, 3, 8, 8])];
            graph.output = vec![
                info("anomaly_map", &[batch, 1, 8, 8]),
                info("pred_score", &[batch]),
                info("anomaly_grid", &[batch, 1, 4, 4]),
                info("embedding", &[batch, 4]),
            ];
        });
        ModelFile::from_bytes(fixed).unwrap();
    }
}

#[test]
fn a_file_opened_from_disk_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.onnx");
    let bytes = changed(|_| {});
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(ModelFile::open(&path).unwrap().bytes(), &bytes);
    assert!(matches!(ModelFile::open(&folder.path().join("none.onnx")), Err(ModelFileError::Read(_))));
    assert!(matches!(ModelFile::open(folder.path()), Err(ModelFileError::Read(_))));
}

#[test]
fn what_is_no_onnx_file_is_called_so() {
    for (bytes, found) in [
        (&b""[..], "nothing"),
        (b"PK\x03\x04", "a zip archive, as checkpoints of torch are"),
        (b"\x80\x02\x8a\n", "a pickle, as old checkpoints of torch are"),
        (b"\x10\0\0\0\0\0\0\0{\"a\"", "a safetensors file"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"hello", "a text"),
        (b"\x7fELF\x02", "a program"),
        (b"\x08\x08", "something else"),
        (b"\0\0\0\0", "something else"),
    ] {
        refused(bytes, &format!("expected an ONNX file, found {found}"));
    }
}

#[test]
fn a_file_cut_short_is_called_so() {
    let bytes = changed(|_| {});
    for length in [100, bytes.len() / 2, bytes.len() - 1] {
        let message = ModelFile::from_bytes(bytes.slice(..length)).unwrap_err().to_string();
        assert!(message.starts_with("cut short: a field at byte "), "{message}");
    }
}

#[test]
fn an_onnx_file_of_someone_else_is_called_so() {
    refused_model(|m| m.metadata_props.clear(), "not a MoEAD model file: it has no metadata moead.manifest");
}

#[test]
fn another_operator_set_or_domain_is_refused() {
    let expected = "operator sets: expected 18 of the standard domain and no other, found ";
    let set = |domain: &str, version| OperatorSetIdProto { domain: Some(domain.into()), version: Some(version) };
    refused_model(|m| m.opset_import = vec![set("", 17)], &format!("{expected}17 of the standard domain"));
    refused_model(|m| m.opset_import.clear(), &format!("{expected}none"));
    let two = format!("{expected}18 of the standard domain, 1 of com.microsoft");
    refused_model(|m| m.opset_import.push(set("com.microsoft", 1)), &two);
}

#[test]
fn another_file_format_is_refused() {
    refused_model(|m| m.ir_version = Some(7), "ir_version 7, expected 8 to 10");
    refused_model(|m| m.ir_version = Some(14), "ir_version 14, expected 8 to 10");
}

#[test]
fn functions_and_training_are_refused() {
    let model = small_model().encode_to_vec();
    let at = model.len();
    for (number, name) in [(20, "training_info"), (25, "functions"), (26, "configuration")] {
        refused(
            with_field(model.clone(), number, b""),
            &format!("model at byte {at}: {name} is not part of a model file"),
        );
    }
    refused(with_field(model, 99, b""), &format!("model at byte {at}: unknown field 99"));
}

#[test]
fn a_second_graph_is_refused() {
    let model = small_model().encode_to_vec();
    let at = model.len();
    refused(with_field(model, 7, b""), &format!("model at byte {at}: more than 1 of graph"));
}

#[test]
fn metadata_twice_is_refused() {
    refused_model(
        |m| m.metadata_props.push(m.metadata_props[0].clone()),
        "metadata: \"moead.manifest\" is there twice",
    );
}

/// The file around an encoded graph.
fn around(graph: &[u8]) -> Vec<u8> {
    let model = ModelProto { graph: None, ..small_model() };
    with_field(model.encode_to_vec(), 7, graph)
}

#[test]
fn parts_of_the_standard_that_graphs_do_not_need_are_refused() {
    let graph = small_model().graph.unwrap().encode_to_vec();
    let at = graph.len();
    for (number, name) in [(13, "value_info"), (15, "sparse_initializer"), (14, "quantization_annotation")] {
        let message = format!("graph at byte {at}: {name} is not part of a model file");
        refused(around(&with_field(graph.clone(), number, b"")), &message);
    }
    let node = with_field(graph.clone(), 1, &with_field(vec![], 5, &with_field(vec![], 6, b"")));
    refused(around(&node), &format!("attribute at byte {}: g is not part of a model file", at + 4));
    let tensor = with_field(graph, 5, &with_field(vec![], 13, b""));
    refused(around(&tensor), &format!("initializer at byte {}: external_data is not part of a model file", at + 2));
}

#[test]
fn nesting_is_no_deeper_than_the_schema() {
    let mut deep = vec![];
    for _ in 0..2000 {
        deep = with_field(vec![], 6, &deep);
    }
    let graph = with_field(vec![], 1, &with_field(vec![], 5, &deep));
    let message = ModelFile::from_bytes(around(&graph).into()).unwrap_err().to_string();
    assert!(message.ends_with("g is not part of a model file"), "{message}");
}

#[test]
fn operators_outside_the_list_are_refused() {
    for op in ["If", "Loop", "Expand", "Constant", "Shape", "RandomNormal", "conv", ""] {
        refused_graph(
            |g| writer(g, "gate").op_type = Some(op.into()),
            &format!("node gate.node: operator {op} of domain \"\" is not one that model files have"),
        );
    }
    refused_graph(
        |g| writer(g, "gate").domain = Some("ai.onnx.ml".into()),
        "node gate.node: operator Sigmoid of domain \"ai.onnx.ml\" is not one that model files have",
    );
}

#[test]
fn attributes_are_known_single_and_of_their_type() {
    refused_graph(
        |g| writer(g, "gate").attribute.push(AttributeProto::int("axis", 1)),
        "node gate.node: attribute axis is not one that the operator may have",
    );
    refused_graph(
        |g| writer(g, "stem").attribute.push(AttributeProto::int("group", 1)),
        "node stem.node: attribute group is there twice",
    );
    let value = "does not hold a value of its type, and nothing else";
    refused_graph(
        |g| writer(g, "stem").attribute[3] = AttributeProto::text("group", "1"),
        &format!("node stem.node: attribute group {value}"),
    );
    refused_graph(
        |g| writer(g, "stem").attribute[3] = AttributeProto { f: Some(1.0), ..AttributeProto::int("group", 1) },
        &format!("node stem.node: attribute group {value}"),
    );
}

#[test]
fn names_are_there_once() {
    refused_graph(|g| writer(g, "gate").name = Some(String::new()), "node 1 has no name");
    refused_graph(|g| writer(g, "gate").name = Some("stem.node".into()), "node stem.node is there twice");
    refused_graph(|g| writer(g, "gate").output[0] = "stem".into(), "value stem is there twice");
    refused_graph(|g| writer(g, "gate").output[0] = "bias".into(), "value bias is there twice");
    refused_graph(|g| writer(g, "gate").output[0] = "image".into(), "value image is there twice");
    refused_graph(|g| g.initializer.push(floats("image", &[1, 3, 8, 8])), "value image is there twice");
    refused_graph(|g| g.initializer.push(floats("bias", &[4])), "value bias is there twice");
    refused_graph(|g| constant(g, "bias").name = None, "initializer 1 has no name");
}

#[test]
fn values_are_defined_before_they_are_used() {
    refused_graph(
        |g| writer(g, "gate").input[0] = "features".into(),
        "node gate.node: input features is not defined before it",
    );
    refused_graph(|g| writer(g, "gate").input[0] = String::new(), "node gate.node (Sigmoid): input 0 is missing");
    refused_graph(|g| g.node.swap(0, 1), "node gate.node: input stem is not defined before it");
}

#[test]
fn constants_agree_with_their_bytes() {
    let bytes = "initializer bias: 4 of f32 does not take ";
    refused_graph(|g| constant(g, "bias").raw_data = Some(vec![0; 15].into()), &format!("{bytes}15 bytes"));
    refused_graph(|g| constant(g, "bias").raw_data = None, &format!("{bytes}0 bytes"));
    refused_graph(
        |g| constant(g, "bias").dims = vec![-4],
        "initializer bias: dimensions [-4] are not between 0 and 268435456",
    );
    refused_graph(
        |g| constant(g, "bias").dims = vec![1 << 28; 8],
        "initializer bias: 268435456x268435456x268435456x268435456x268435456x268435456x268435456x268435456 of f32 \
         does not take 16 bytes",
    );
    refused_graph(
        |g| constant(g, "bias").data_type = Some(DataType::Double.into()),
        "initializer bias: element type 11 is not one of f32, f16, i64, i32, bool, u8, i8",
    );
    refused_graph(
        |g| g.initializer.push(tensor("truth", DataType::Bool, &[1], vec![2])),
        "initializer truth: a truth value is neither 0 nor 1",
    );
}

#[test]
fn the_input_is_the_manifests() {
    let expected = "input: expected image, N x 3 x 8 x 8 of f32, found ";
    refused_graph(|g| g.input.clear(), &format!("{expected}0 inputs"));
    refused_graph(|g| g.input = vec![info("data", &[ANY, 3, 8, 8])], &format!("{expected}data, N x 3 x 8 x 8 of f32"));
    refused_graph(
        |g| g.input = vec![info("image", &[ANY, 3, 8, 9])],
        &format!("{expected}image, N x 3 x 8 x 9 of f32"),
    );
    refused_graph(|g| g.input = vec![info("image", &[0, 3, 8, 8])], &format!("{expected}image, 0 x 3 x 8 x 8 of f32"));
    refused_graph(|g| g.input[0].r#type = None, &format!("{expected}image, no tensor type"));
    let huge = 1 << 40;
    refused_graph(
        |g| g.input = vec![info("image", &[huge, 3, 8, 8])],
        &format!("{expected}image, {huge} x 3 x 8 x 8 of f32"),
    );
}

#[test]
fn the_results_are_all_there_and_as_declared() {
    for (index, name) in ["anomaly_map", "pred_score", "anomaly_grid", "embedding"].into_iter().enumerate() {
        refused_graph(|g| drop(g.output.remove(index)), &format!("output {name} is missing"));
    }
    refused_graph(
        |g| g.output[3] = info("embedding", &[ANY, 5]),
        "output embedding: expected 1x4 of f32, found embedding, N x 5 of f32",
    );
    refused_graph(
        |g| g.output[1] = info("pred_score", &[1]),
        "output pred_score: expected 2 of f32, found pred_score, 1 of f32",
    );
    refused_graph(|g| g.output.push(info("embedding", &[ANY, 4])), "output embedding is there twice");
    refused_graph(
        |g| g.output.push(info("nothing", &[1])),
        "output nothing: expected a value that a node computes, found none",
    );
    // The map is declared as it is computed, and both are not the picture's size.
    refused_graph(
        |g| {
            *constant(g, "scales") = TensorProto::of_floats("scales", vec![4], &[1.0; 4]);
            g.output[0] = info("anomaly_map", &[ANY, 1, 4, 4]);
        },
        "output anomaly_map: expected 1x1x8x8 of f32, found 1x1x4x4 of f32",
    );
}

#[test]
fn a_graph_for_any_batch_that_is_right_for_one_picture_only_is_refused() {
    refused_graph(
        |g| *constant(g, "grid_shape") = integers("grid_shape", &[4], &[1, 1, 4, 4]),
        "node anomaly_grid.node (Reshape): 32 and 1x1x4x4 do not fit: as many elements",
    );
}

#[test]
fn a_self_test_with_what_the_interface_asks_for_is_enough() {
    let mut model = small_model();
    let grid = vec!["1.0"; 16].join(",");
    let test = format!(r#""self_test":{{"seed":1,"pred_score":1.0,"anomaly_grid":[{grid}],"tolerance":0.1}}"#);
    let value = model.metadata_props[0].value.as_mut().unwrap();
    *value = value.replace(r#""self_test":null"#, &test);
    let file = ModelFile::from_bytes(model.encode_to_vec().into()).unwrap();
    assert_eq!(file.manifest().self_test.as_ref().unwrap().worst_relative_error, None);
}

#[test]
fn a_self_test_of_another_grid_is_refused() {
    refused_model(
        |m| {
            let test = r#""self_test":{"seed":1,"pred_score":1.0,"anomaly_grid":[1.0,2.0],"tolerance":0.1,
                "worst_relative_error":0.0}"#;
            let value = m.metadata_props[0].value.as_mut().unwrap();
            *value = value.replace(r#""self_test":null"#, test);
        },
        "output anomaly_grid: expected 2 cells, as the manifest's self-test has, found 16 cells",
    );
}

/// An engine that keeps steps in 32 bits would take all of them.
#[test]
fn a_step_longer_than_any_side_is_refused() {
    let slice = |graph: &mut GraphProto, step| {
        let numbers = [("from", 0), ("to", 8), ("along", 3), ("step", step)];
        graph.initializer.extend(numbers.map(|(name, number)| integers(name, &[1], &[number])));
        graph.node.push(node("Slice", &["image", "from", "to", "along", "step"], &["thin"], vec![]));
    };
    ModelFile::from_bytes(changed(|g| slice(g, 7))).unwrap();
    for step in [0, -1, (1 << 32) + 1, i64::MAX] {
        let message =
            "node thin.node (Slice): input 4: expected a constant with steps forward, no longer than a tensor";
        refused_graph(|g| slice(g, step), message);
    }
}

#[test]
fn a_mean_of_nothing_is_refused() {
    refused_graph(
        |g| {
            let numbers = [("from", 8), ("to", 8), ("along", 3)];
            g.initializer.extend(numbers.map(|(name, number)| integers(name, &[1], &[number])));
            g.node.push(node("Slice", &["image", "from", "to", "along"], &["nothing"], vec![]));
            g.node.push(node("ReduceMean", &["nothing", "along"], &["mean"], vec![]));
        },
        "node mean.node (ReduceMean): input 0: expected something to reduce, found 1x3x8x0",
    );
}

#[test]
fn a_column_times_a_row_is_refused_before_anything_computes_it() {
    refused_graph(
        |g| {
            g.initializer.extend([floats("column", &[100_000, 1]), floats("row", &[1, 100_000])]);
            g.node.push(node("MatMul", &["column", "row"], &["square100k"], vec![]));
        },
        "node square100k.node (MatMul): an output of 100000x100000 elements, expected at most 268435456",
    );
}

#[test]
fn a_chain_of_enlargements_is_refused() {
    let chain = |op: &'static str| {
        move |g: &mut GraphProto| {
            let mut last = "features".to_owned();
            for step in 0..40 {
                let next = format!("step{step}");
                let new = match op {
                    "Concat" => node(op, &[&last, &last], &[&next], vec![AttributeProto::int("axis", 1)]),
                    _ => node(op, &[&last, "", "scales"], &[&next], vec![AttributeProto::text("mode", "linear")]),
                };
                g.node.push(new);
                last = next;
            }
        }
    };
    for (op, step, shape) in [("Concat", 22, "1x33554432x4x4"), ("Resize", 11, "1x4x16384x16384")] {
        let message = format!("node step{step}.node ({op}): an output of {shape} elements, expected at most 268435456");
        refused_graph(chain(op), &message);
    }
}

#[test]
fn many_large_tensors_at_once_are_refused() {
    refused_graph(
        |g| {
            g.initializer.push(floats("c", &[16_000, 1]));
            g.initializer.push(floats("r", &[1, 16_000]));
            let names: Vec<String> = (0..3).map(|index| format!("large{index}")).collect();
            g.node.extend(names.iter().map(|name| node("MatMul", &["c", "r"], &[name], vec![])));
            let inputs: Vec<&str> = names.iter().map(String::as_str).collect();
            g.node.push(node("Concat", &inputs, &["together"], vec![AttributeProto::int("axis", 0)]));
        },
        "node large2.node (MatMul): more than 536870912 elements are alive at once",
    );
}

#[test]
fn arithmetic_for_hours_is_refused() {
    refused_graph(
        |g| {
            g.initializer.push(floats("left", &[16_000, 100]));
            g.initializer.push(floats("right", &[100, 16_000]));
            for index in 0..200 {
                g.node.push(node("MatMul", &["left", "right"], &[&format!("product{index}")], vec![]));
            }
        },
        "node product85.node (MatMul): more than 2199023255552 multiply-accumulates up to here",
    );
}

#[test]
fn windows_are_not_huge_and_not_all_padding() {
    let attribute =
        |position: usize, new: AttributeProto| move |g: &mut GraphProto| writer(g, "stem").attribute[position] = new;
    refused_graph(
        attribute(1, AttributeProto::ints("pads", &[3, 0, 0, 0])),
        "node stem.node (Conv): attribute pads: expected less than the kernel",
    );
    let sane = "expected one number per side, none of them huge";
    for pads in [[1 << 40, 0, 0, 0], [-1, 0, 0, 0], [i64::MIN, i64::MAX, 0, 0]] {
        refused_graph(
            attribute(1, AttributeProto::ints("pads", &pads)),
            &format!("node stem.node (Conv): attribute pads: {sane}"),
        );
    }
    refused_graph(
        attribute(2, AttributeProto::ints("strides", &[0, 1])),
        &format!("node stem.node (Conv): attribute strides: {sane}"),
    );
    refused_graph(
        attribute(3, AttributeProto::int("group", 0)),
        "node stem.node (Conv): attribute group: expected at least 1",
    );
    refused_graph(
        attribute(3, AttributeProto::int("group", i64::MAX)),
        "node stem.node (Conv): 1x3x8x8 and 4x3x3x3 do not fit: channels are those of the weights times groups",
    );
}

#[test]
fn indices_that_may_point_outside_are_refused() {
    refused_graph(
        |g| *constant(g, "first") = integers("first", &[1], &[2]),
        "node expert0.rows.node (Gather): input 1 may point outside of 2",
    );
    refused_graph(
        |g| *constant(g, "first") = integers("first", &[1], &[-3]),
        "node expert0.rows.node (Gather): input 1 may point outside of 2",
    );
    // Column 1 counts choices, not tokens; and choices are fewer than tokens: this one is wrong but inside.
    ModelFile::from_bytes(changed(|g| *constant(g, "first") = integers("first", &[1], &[1]))).unwrap();
    refused_graph(
        |g| writer(g, "expert0.weight").input[0] = "routing".into(),
        "node expert0.weight.node (GatherND): input 1 may point outside of 4x3",
    );
    refused_graph(
        |g| {
            g.initializer.push(integers("far", &[1, 1], &[1 << 40]));
            g.node.push(node("GatherND", &["tokens", "far"], &["beyond"], vec![]));
        },
        "node beyond.node (GatherND): input 1 may point outside of 16",
    );
}

#[test]
fn shapes_that_do_not_fit_name_the_node() {
    refused_graph(
        |g| *constant(g, "routing") = floats("routing", &[5, 3]),
        "node logits.node (MatMul): 16x4 and 5x3 do not fit: columns of the first are rows of the second",
    );
    refused_graph(
        |g| writer(g, "features").input[1] = "routing".into(),
        "node features.node (Mul): 1x4x4x4 and 4x3 do not fit: sides are equal or one",
    );
    refused_graph(
        |g| writer(g, "flattened").input[1] = "bias".into(),
        "node flattened.node (Reshape): input 1: expected a constant with a few integers",
    );
    refused_graph(
        |g| writer(g, "gate").input[0] = "flat".into(),
        "node gate.node (Sigmoid): input 0: expected elements of f32, found i64",
    );
    refused_graph(
        |g| *constant(g, "two") = integers("two", &[1], &[4]),
        "node chosen_logits.node (TopK): input 1: expected a constant with one number, from 1 to the side",
    );
}

#[test]
fn bounds_of_a_clip_are_constant_and_in_order() {
    let clip = |least: f32, most: f32| {
        move |g: &mut GraphProto| {
            for (name, value) in [("least", least), ("most", most)] {
                g.initializer.push(TensorProto::of_floats(name, vec![], &[value]));
            }
            g.node.push(node("Clip", &["stem", "least", "most"], &["clipped"], vec![]));
        }
    };
    ModelFile::from_bytes(changed(clip(0.0, 6.0))).unwrap();
    refused_graph(
        clip(6.0, 0.0),
        "node clipped.node (Clip): input 2: expected a constant with a number that is not below the least",
    );
    refused_graph(clip(f32::NAN, 0.0), "node clipped.node (Clip): input 1: expected a constant with one number");
}
