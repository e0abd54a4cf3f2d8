//! Model files of others: what exporters write beside what ours does is let through, and no part of a file makes a reader or a load take memory that the
//! file does not justify.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};

use moead_model::architecture::{ImageSize, Normalization};
use moead_model::onnx::envelope::Envelope;
use moead_model::onnx::foreign::{ForeignModel, ForeignModelError};
use moead_runtime::engine::Output;
use moead_runtime::engine::tract::Session;
use prost::bytes::Bytes;
use prost::encoding::WireType;

use crate::memory;
use crate::model_file::{next, structural, tiny_model};

#[track_caller]
fn check(bytes: Vec<u8>) -> Result<ForeignModel, ForeignModelError> {
    memory::bounded(bytes.len(), || {
        ForeignModel::from_bytes(Bytes::from(bytes), Some(ImageSize { height: 64, width: 64 }), Normalization::IMAGENET)
    })
}

/// A field of a message: a length and bytes.
fn field(number: u32, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::encode_key(number, WireType::LengthDelimited, &mut bytes);
    prost::encoding::encode_varint(content.len() as u64, &mut bytes);
    [bytes, content.to_vec()].concat()
}

/// A whole number as a field.
fn number(number: u32, value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::encode_key(number, WireType::Varint, &mut bytes);
    prost::encoding::encode_varint(value, &mut bytes);
    bytes
}

/// The tiny model with more fields at its graph's end.
fn with(fields: &[Vec<u8>]) -> Vec<u8> {
    let mut envelope = Envelope::read(Bytes::from(tiny_model())).unwrap();
    let graph = [envelope.graph().to_vec(), fields.concat()].concat();
    envelope.set_graph(Bytes::from(graph));
    let mut bytes = Vec::new();
    envelope.write(&mut bytes).unwrap();
    bytes
}

/// An initializer `x` of two numbers, with more fields.
fn initializer(fields: &[Vec<u8>]) -> Vec<u8> {
    field(5, &[number(1, 2), number(2, 1), field(8, b"x"), fields.concat()].concat())
}

/// A node whose attribute has more fields.
fn node(fields: &[Vec<u8>]) -> Vec<u8> {
    let attribute = field(5, &[field(1, b"value"), fields.concat()].concat());
    field(1, &[field(2, b"made"), field(4, b"Constant"), attribute].concat())
}

fn said(fields: &[Vec<u8>]) -> String {
    let text = check(with(fields)).map_or_else(|error| error.to_string(), |_| "taken".into());
    // Where it lies depends on the model.
    let (before, after) = text.split_once(" at byte ").unwrap_or((&text, ""));
    let after = after.trim_start_matches(|character: char| character.is_ascii_digit());
    format!("{before}{after}")
}

#[test]
fn what_exporters_write_is_taken() {
    let numbers = field(4, &[0; 8]);
    let constant = [number(1, 1), number(2, 7), field(7, &[9])].concat();
    for fields in [
        vec![],
        vec![initializer(&[numbers])],
        vec![initializer(&[field(9, &[0; 8])])],
        vec![node(&[field(5, &constant), number(20, 4)])],
        vec![field(13, &field(1, b"inner"))],
        vec![field(16, &[field(1, b"pkg"), field(2, b"stack trace\n")].concat())],
    ] {
        assert_eq!(said(&fields), "taken");
    }
}

#[test]
fn what_would_lead_elsewhere_or_take_more_than_is_there_is_refused() {
    let whole_graph = node(&[field(6, b"")]);
    let outside = initializer(&[field(13, &[field(1, b"location"), field(2, b"/etc/passwd")].concat()), number(14, 1)]);
    let huge = [number(1, 1 << 40), number(2, 1), field(9, &[0; 8])].concat();
    let packed = field(1, b"\xff\xff\x03\xff\xff\x03\xff\xff\x03");
    let function = [with(&[]), field(25, b"")].concat();
    let found = [
        said(&[whole_graph]),
        said(&[outside]),
        said(&[initializer(&[])]),
        said(&[field(5, &huge)]),
        said(&[node(&[field(5, &[packed, field(9, b"1234")].concat())])]),
        said(&[field(5, &[number(1, u64::MAX), field(9, b"1234")].concat())]),
        said(&[field(15, b"")]),
    ];
    insta::assert_debug_snapshot!(found, @r#"
    [
        "attribute: g is not part of a model file",
        "tensor: external_data is not part of a model file",
        "tensor: 2 elements, but data for at most 0",
        "tensor: 1099511627776 elements, but data for at most 16",
        "tensor: 281462092005375 elements, but data for at most 8",
        "tensor: 18446744073709551615 elements, but data for at most 8",
        "graph: sparse_initializer is not part of a model file",
    ]
    "#);
    assert!(check(function).is_err());
}

#[test]
fn thousands_of_inputs_and_outputs_are_named_in_part() {
    let inputs: Vec<_> = (0..5000).map(|at| field(11, &field(1, format!("input {at}").as_bytes()))).collect();
    let text = said(&inputs);
    assert!(text.starts_with("input: expected one of N x 3 x H x W, found image of") && text.len() < 400, "{text}");
}

#[test]
fn a_damaged_file_is_refused_or_leaves_one_that_loads_or_is_refused() {
    let whole = tiny_model();
    for length in (0..whole.len()).step_by(whole.len() / 200) {
        assert!(check(whole[..length].to_vec()).is_err());
    }
    let (structural, mut state) = (structural(&whole), 9);
    let outputs = [Output::AnomalyMap, Output::PredScore];
    let (mut kept, mut panics) = (0, Vec::new());
    for _ in 0..600 {
        let random = next(&mut state);
        let place = structural[random as usize % structural.len()];
        let mut changed = whole.clone();
        changed[place] ^= 1 << (random >> 60 & 7);
        let Ok(model) = check(changed) else { continue };
        kept += 1;
        if kept % 4 == 0 {
            let load = || drop(Session::load_foreign(&model, &outputs, NonZeroUsize::MIN));
            if catch_unwind(AssertUnwindSafe(load)).is_err() {
                panics.push(place);
            }
        }
    }
    assert!(kept > 100 && panics.is_empty(), "{kept} kept, the engine panics for {panics:?}");
}
