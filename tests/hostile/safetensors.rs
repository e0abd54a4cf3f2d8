//! Safetensors: headers that lie about what follows them.

use serde_json::{Value, json};

use crate::opcodes::six;
use crate::subject::{assert_refused, contents, open};

/// The header as it is, and six numbers.
fn file(header: &str) -> Vec<u8> {
    raw(header.len() as u64, header.as_bytes())
}

fn raw(length: u64, header: &[u8]) -> Vec<u8> {
    [&length.to_le_bytes()[..], header, &six()].concat()
}

fn tensor(dtype: &str, shape: &Value, offsets: [u64; 2]) -> Value {
    json!({ "dtype": dtype, "shape": shape, "data_offsets": offsets })
}

/// One tensor `w`.
fn one(dtype: &str, shape: &Value, offsets: [u64; 2]) -> Vec<u8> {
    file(&json!({ "w": tensor(dtype, shape, offsets) }).to_string())
}

#[test]
fn the_file_is_sound_before_it_lies() {
    let numbers = vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
    let found = contents(&one("F32", &json!([2, 3]), [0, 24]));
    assert_eq!(found, Ok(vec![("w".to_owned(), vec![2, 3], Ok(numbers))]));
}

#[test]
fn the_header_s_length_is_believed_up_to_the_file_s() {
    for (length, telling) in [
        (1_000, "expected 1000 bytes, found 26: the file is cut short"),
        (4 << 20, "the file is cut short"),
        (20 << 20, "expected at most 16777216 bytes, found 20971520"),
        (0xffff_ffff, "expected at most 16777216 bytes, found 4294967295"),
    ] {
        assert_refused("length", &raw(length, b"{}"), &["safetensors header:", telling]);
    }
    for length in [1 << 32, 1 << 40, u64::MAX] {
        assert_refused(
            "not even plausible",
            &raw(length, b"{}"),
            &["expected a torch file or safetensors, found 34 bytes"],
        );
    }
    for length in [0, 1] {
        assert_refused("short", &raw(length, b"{}"), &["safetensors header: EOF while parsing"]);
    }
}

#[test]
fn tensors_fill_the_file_without_gaps_or_overlaps() {
    for offsets in [
        [0, 20],
        [0, 28],
        [4, 24],
        [4, 28],
        [24, 0],
        [0, u64::MAX],
        [u64::MAX - 24, u64::MAX],
        [1 << 40, (1 << 40) + 24],
    ] {
        assert_refused(&format!("{offsets:?}"), &one("F32", &json!([6]), offsets), &["safetensors header:"]);
    }
    assert_refused(
        "4 GB",
        &one("F32", &json!([1 << 30]), [0, 1 << 32]),
        &["expected 4294967296 bytes of numbers after the header, found 24"],
    );
    let two = |a: [u64; 2], b: [u64; 2]| {
        let sides = |[start, end]: [u64; 2]| json!([(end - start) / 4]);
        let header = json!({ "a": tensor("F32", &sides(a), a), "b": tensor("F32", &sides(b), b) });
        file(&header.to_string())
    };
    assert_eq!(contents(&two([12, 24], [0, 12])).unwrap().len(), 2);
    for (a, b) in [([0, 16], [8, 24]), ([0, 8], [16, 24]), ([0, 24], [0, 24]), ([0, 24], [4, 8]), ([0, 12], [12, 36])] {
        assert_refused(&format!("{a:?} {b:?}"), &two(a, b), &["safetensors header:"]);
    }
    let nothing = file("{}");
    assert_refused(
        "nothing",
        &nothing,
        &["safetensors header: expected 0 bytes of numbers after the header, found 24"],
    );
}

#[test]
fn shapes_are_those_of_the_bytes() {
    let most = u64::MAX;
    for shape in
        [json!([5]), json!([7]), json!([most, most]), json!([1_u64 << 62, 4]), json!([1_u64 << 63, 2, 0]), json!([])]
    {
        assert_refused(&shape.to_string(), &one("F32", &shape, [0, 24]), &["safetensors header:"]);
    }
    for shape in [json!([-1]), json!([6.0]), json!("6"), json!([[6]]), json!(null), json!([1e300])] {
        assert_refused(&shape.to_string(), &one("F32", &shape, [0, 24]), &["safetensors header: invalid"]);
    }
    assert_refused(
        "nine sides",
        &one("F32", &json!([6, 1, 1, 1, 1, 1, 1, 1, 1]), [0, 24]),
        &["tensor w: expected at most 8 sides, found 9"],
    );
    let many = json!(vec![1; 300_000]);
    let many = json!({ "w": tensor("F32", &many, [0, 4]), "v": tensor("F32", &json!([5]), [4, 24]) });
    assert_refused("many sides", &file(&many.to_string()), &["tensor w: expected at most 8 sides, found 300000"]);
    for dtype in ["F33", "", "f32", "O"] {
        assert_refused(dtype, &one(dtype, &json!([6]), [0, 24]), &["safetensors header: unknown variant"]);
    }
    assert_refused(
        "a long type",
        &one(&"F".repeat(100_000), &json!([6]), [0, 24]),
        &["safetensors header: unknown variant"],
    );
}

#[test]
fn keys_are_there_once() {
    let half = |start: u64| tensor("F32", &json!([3]), [start, start + 12]);
    let twice = file(&format!(r#"{{"w":{},"w":{}}}"#, half(0), half(12)));
    assert_refused("tensor", &twice, &["safetensors header: the key \"w\" occurs twice"]);
    let escaped = file(&format!(r#"{{"w":{},"\u0077":{}}}"#, half(0), half(12)));
    assert_refused("in other letters", &escaped, &["the key \"w\" occurs twice"]);
    let module = file(&format!(r#"{{"w":{},"module.w":{}}}"#, half(0), half(12)));
    assert_refused("module.", &module, &["tensor w: occurs twice, with and without module. in front"]);
    let metadata = file(r#"{"__metadata__":{"a":"1","a":"2"}}"#);
    assert_refused("metadata", &metadata, &["the key \"a\" occurs twice"]);
    let metadata = file(r#"{"__metadata__":{},"__metadata__":{}}"#);
    assert_refused("two metadata", &metadata, &["the key \"__metadata__\" occurs twice"]);
    let inner = r#"{"w":{"dtype":"F32","dtype":"F16","shape":[6],"data_offsets":[0,24]}}"#;
    assert_refused("in a tensor", &file(inner), &["duplicate field `dtype`"]);
}

fn with_architecture(text: &str) -> Vec<u8> {
    let metadata = json!({ "moead.architecture": text });
    file(&json!({ "__metadata__": metadata, "w": tensor("F32", &json!([6]), [0, 24]) }).to_string())
}

#[test]
fn the_architecture_is_strict_and_short() {
    assert!(open(&with_architecture("[]")).is_ok());
    let telling = "metadata moead.architecture: ";
    assert_refused("twice", &with_architecture(r#"[{"a":1,"a":2}]"#), &[telling, "the key \"a\" occurs twice"]);
    assert_refused("no JSON", &with_architecture("{"), &[telling, "EOF"]);
    assert_refused("two", &with_architecture("1 2"), &[telling, "trailing characters"]);
    assert_refused("NaN", &with_architecture("[NaN]"), &[telling]);
    assert_refused("1e999", &with_architecture("[1e999]"), &[telling, "number out of range"]);
    assert_refused("deep", &with_architecture(&"[".repeat(200_000)), &[telling, "recursion limit"]);
    for text in [format!("[{}0]", "0,".repeat(1_000_000)), format!("[{}0]", r#"{"a":0},"#.repeat(200_000))] {
        assert_refused("long", &with_architecture(&text), &[telling, "expected at most 262144 bytes, found"]);
    }
}

#[test]
fn what_is_no_header_is_said() {
    for (header, telling) in [
        (&b"{\"\xff\":1}"[..], "safetensors header: "),
        (b"{\"w\":", "EOF while parsing"),
        (b"{]", "key must be a string"),
        (b"{\"w\":1}", "invalid type: integer `1`"),
        (b"{\"w\":{}}", "missing field"),
        (b"{\"__metadata__\":[]}", "expected an object of strings"),
        (b"{\"__metadata__\":{\"a\":1}}", "expected a string"),
        (b"{} {}", "trailing characters"),
    ] {
        assert_refused(telling, &raw(header.len() as u64, header), &["safetensors header:", telling]);
    }
    let nested = format!(r#"{{"w":{{"x":{}"#, "[".repeat(1_000_000));
    assert_refused("nested", &file(&nested), &["safetensors header:"]);
    let long = file(&json!({ "n".repeat(100_000): tensor("F32", &json!([6]), [0, 24]) }).to_string());
    assert_refused(
        "a long name",
        &long,
        &["safetensors header: expected names of at most 1024 bytes, found one of 100000"],
    );
    let empty: String =
        (0..20_000).map(|number| format!(r#""{number}":{},"#, tensor("F32", &json!([0]), [0, 0]))).collect();
    let bytes = file(&format!(r#"{{{empty}"w":{}}}"#, tensor("F32", &json!([6]), [0, 24])));
    assert_eq!(contents(&bytes).unwrap().len(), 20_001);
}
