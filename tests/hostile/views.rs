//! Tensors as views of storages: what is honest is read right, what claims more than its storage is refused.

use moead_tests::synthetic_checkpoint::{Checkpoint, Form, NamedTensor};
use moead_tests::torch_file::Element;

use crate::opcodes::{View, archive, dict, six};
use crate::subject::{assert_refused, contents, only_tensor};

fn file(view: &View) -> Vec<u8> {
    archive(&dict(&[("w", view.opcodes())]), &[("0", six())])
}

#[test]
fn honest_views_are_read_right() {
    let cases: [(&[i64], &[i64], i64, &[f32]); 8] = [
        (&[2, 3], &[3, 1], 0, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
        (&[3, 2], &[1, 3], 0, &[0.0, 3.0, 1.0, 4.0, 2.0, 5.0]),
        (&[2, 2], &[2, 1], 2, &[2.0, 3.0, 4.0, 5.0]),
        (&[3], &[2], 1, &[1.0, 3.0, 5.0]),
        // A row that is repeated, and windows that overlap, as long as they are not more than the storage.
        (&[2, 3], &[0, 1], 1, &[1.0, 2.0, 3.0, 1.0, 2.0, 3.0]),
        (&[3, 2], &[1, 1], 0, &[0.0, 1.0, 1.0, 2.0, 2.0, 3.0]),
        (&[], &[], 4, &[4.0]),
        (&[0, 5], &[5, 1], 6, &[]),
    ];
    for (shape, strides, first, expected) in cases {
        let found = only_tensor(&file(&View { first, ..View::new(shape, strides) }));
        let shape: Vec<usize> = shape.iter().map(|&side| side as usize).collect();
        assert_eq!(found, (shape, Ok(expected.to_vec())));
    }
}

#[test]
fn tensors_may_share_a_storage() {
    let whole = View::new(&[6], &[1]);
    let columns = View { first: 1, ..View::new(&[2, 2], &[3, 1]) };
    let bytes = archive(&dict(&[("a", whole.opcodes()), ("b", columns.opcodes())]), &[("0", six())]);
    let found: Vec<_> = contents(&bytes).unwrap().into_iter().map(|(_, _, numbers)| numbers.unwrap()).collect();
    assert_eq!(found, [vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0], vec![1.0, 2.0, 4.0, 5.0]]);
}

#[test]
fn claims_beyond_the_storage_are_refused() {
    let most = i64::MAX;
    let cases: [(&[i64], &[i64], i64); 16] = [
        (&[7], &[1], 0),
        (&[6], &[1], 1),
        (&[2, 3], &[4, 1], 0),
        (&[1 << 40], &[0], 0),
        (&[1 << 32, 1 << 32], &[0, 0], 0),
        (&[most, most], &[1, 1], 0),
        (&[most, 2, 0], &[1, 1, 1], most),
        (&[2, 2], &[most, 1], 0),
        (&[2, 2], &[most, most], most),
        (&[1], &[1], most),
        (&[1], &[1], 6),
        // One number may stand for many, and not for more than that.
        (&[4097, 4096], &[0, 0], 0),
        (&[2, 3], &[1], 0),
        (&[2], &[1, 1], 0),
        (&[1; 9], &[1; 9], 0),
        (&[1; 100], &[1; 100], 0),
    ];
    for (shape, strides, first) in cases {
        // A side of 0 makes any shape empty, and an empty one may be anywhere.
        if shape.contains(&0) {
            let found = contents(&file(&View { first, ..View::new(shape, strides) }));
            assert!(found.is_err() || found.unwrap()[0].2 == Ok(vec![]));
            continue;
        }
        let what = format!("{shape:?} {strides:?} {first}");
        assert_refused(&what, &file(&View { first, ..View::new(shape, strides) }), &["expected"]);
    }
    for (shape, strides, first) in
        [(&[-1][..], &[1][..], 0), (&[6], &[-1], 0), (&[2, 3], &[3, -1], 2), (&[6], &[1], -1)]
    {
        let bytes = file(&View { first, ..View::new(shape, strides) });
        assert_refused("negative", &bytes, &["pickle, byte", "found the number -1"]);
    }
}

#[test]
fn a_storage_has_the_length_that_it_says() {
    for numbers in [0, 5, 7, 1 << 40, 1 << 62, i64::MAX] {
        let bytes = file(&View { numbers, ..View::new(&[6], &[1]) });
        let found = format!("expected {numbers} numbers of type f32, found 24 bytes");
        assert_refused("length", &bytes, &["tensor w: archive entry archive/data/0", &found]);
    }
    let doubles = file(&View { class: "DoubleStorage", ..View::new(&[6], &[1]) });
    assert_refused("another type", &doubles, &["expected 6 numbers of type f64, found 24 bytes"]);
}

#[test]
fn whole_numbers_are_no_weights() {
    for (class, name, numbers) in [
        ("LongStorage", "i64", 3),
        ("IntStorage", "i32", 6),
        ("ShortStorage", "i16", 12),
        ("CharStorage", "i8", 24),
        ("ByteStorage", "u8", 24),
        ("BoolStorage", "bool", 24),
        ("ComplexFloatStorage", "complex64", 3),
        ("QInt8Storage", "qint8", 24),
    ] {
        let bytes = file(&View { class, numbers, ..View::new(&[numbers], &[1]) });
        let error = only_tensor(&bytes).1.unwrap_err();
        assert_eq!(error, format!("tensor w: expected a floating point type, found {name}"));
    }
    assert_refused(
        "a new type",
        &file(&View { class: "Float8_e5m2Storage", ..View::new(&[6], &[1]) }),
        &["the global torch.Float8_e5m2Storage is none that weights need"],
    );
}

/// One tensor in each form.
fn forms(tensor: NamedTensor) -> Vec<Vec<u8>> {
    let checkpoint = Checkpoint { tensors: vec![tensor], arch: None, prefix: "" };
    Form::ALL.into_iter().map(|form| checkpoint.encode(form)).collect()
}

#[test]
fn what_is_no_number_is_named_with_its_place() {
    for (value, name) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (f32::NEG_INFINITY, "-inf")] {
        let mut numbers = vec![1.0; 1000];
        numbers[777] = value;
        for bytes in forms(NamedTensor::new("w", &[10, 100], &numbers)) {
            let error = only_tensor(&bytes).1.unwrap_err();
            assert_eq!(error, format!("tensor w: expected finite numbers, found {name} at index 777"));
        }
    }
    // Finite as it is stored, and beyond what 32 bits hold.
    let bytes = 1e300_f64.to_le_bytes().to_vec();
    for bytes in forms(NamedTensor { name: "w".into(), shape: vec![1], element: Element::F64, bytes }) {
        assert_eq!(only_tensor(&bytes).1.unwrap_err(), "tensor w: expected finite numbers, found inf at index 0");
    }
}

#[test]
fn floats_of_every_width_are_read_right() {
    // 1.5, -0.25, the smallest normal half, 0.
    let cases: [(Element, Vec<u8>); 4] = [
        (Element::F64, [1.5_f64, -0.25, 2_f64.powi(-14), 0.0].iter().flat_map(|number| number.to_le_bytes()).collect()),
        (Element::F32, [1.5_f32, -0.25, 2_f32.powi(-14), 0.0].iter().flat_map(|number| number.to_le_bytes()).collect()),
        (Element::F16, [0x3e00_u16, 0xb400, 0x0400, 0].iter().flat_map(|number| number.to_le_bytes()).collect()),
        (Element::Bf16, [0x3fc0_u16, 0xbe80, 0x3880, 0].iter().flat_map(|number| number.to_le_bytes()).collect()),
    ];
    for (element, bytes) in cases {
        for bytes in forms(NamedTensor { name: "w".into(), shape: vec![2, 2], element, bytes }) {
            assert_eq!(only_tensor(&bytes), (vec![2, 2], Ok(vec![1.5, -0.25, 2_f32.powi(-14), 0.0])), "{element:?}");
        }
    }
}
