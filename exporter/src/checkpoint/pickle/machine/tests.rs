//! Pickles byte by byte: what is read, what is refused and in which words.

use super::*;

fn load_bytes(bytes: &[u8]) -> Result<Pickled, PickleError> {
    load(bytes, bytes.len() as u64)
}

fn refused(bytes: &[u8]) -> String {
    load_bytes(bytes).unwrap_err().to_string()
}

#[test]
fn a_call_is_named_and_not_made() {
    let pickle = b"\x80\x02cposix\nsystem\nX\x04\0\0\0echo\x85R.";
    assert_eq!(refused(pickle), "pickle, byte 2: the global posix.system is none that weights need");
}

#[test]
fn a_dict_of_plain_values_is_read() {
    let pickled = load_bytes(b"\x80\x02}q\0(U\x01aK\x07U\x01bh\0u.").unwrap();
    let Value::Dict(items) = pickled.get(pickled.root()) else { panic!("a dict") };
    assert_eq!(pickled.str(items[0].0), Some("a"));
    assert_eq!(pickled.get(items[0].1), &Value::Int(7));
    // The dict contains itself; nobody walks in circles unless asked.
    assert_eq!(items[1].1, pickled.root());
    assert_eq!(pickled.length, 18);
}

/// `pickle.dumps(OrderedDict(a=7, b=b"\xff", c="xxx"), protocol)`, as Python 3.11 writes it.
#[test]
fn later_protocols_say_the_same() {
    let third = b"\x80\x03ccollections\nOrderedDict\nq\x00)Rq\x01(X\x01\x00\x00\x00aq\x02K\x07X\x01\x00\x00\x00bq\x03C\x01\xffq\x04\
        X\x01\x00\x00\x00cq\x05X\x03\x00\x00\x00xxxq\x06u.";
    let fourth =
        b"\x80\x04\x95<\x00\x00\x00\x00\x00\x00\x00\x8c\x0bcollections\x94\x8c\x0bOrderedDict\x94\x93\x94)R\x94(\
        \x8c\x01a\x94K\x07\x8c\x01b\x94C\x01\xff\x94\x8c\x01c\x94\x8c\x03xxx\x94u.";
    let fifth = [&b"\x80\x05"[..], &fourth[2..]].concat();
    for pickle in [&third[..], fourth, &fifth] {
        let pickled = load_bytes(pickle).unwrap();
        let Value::Dict(items) = pickled.get(pickled.root()) else { panic!("a dict") };
        let keys: Vec<_> = items.iter().map(|&(key, _)| pickled.str(key)).collect();
        assert_eq!(keys, [Some("a"), Some("b"), Some("c")]);
        assert_eq!(pickled.get(items[0].1), &Value::Int(7));
        assert_eq!(pickled.get(items[1].1), &Value::Opaque("bytes"));
        assert_eq!(pickled.str(items[2].1), Some("xxx"));
    }
}

#[test]
fn numbers_of_every_width_are_read() {
    let cases: [(&[u8], Value); 8] = [
        (b"K\xff.", Value::Int(255)),
        (b"M\xff\xff.", Value::Int(65535)),
        (b"J\xff\xff\xff\xff.", Value::Int(-1)),
        (b"\x8a\0.", Value::Int(0)),
        (b"\x8a\x01\xff.", Value::Int(-1)),
        (b"\x8a\x02\xff\0.", Value::Int(255)),
        (b"\x8b\x01\0\0\0\x05.", Value::Int(5)),
        (b"G\x3f\xf8\0\0\0\0\0\0.", Value::Float(1.5)),
    ];
    for (pickle, expected) in cases {
        let pickled = load_bytes(pickle).unwrap();
        assert_eq!(pickled.get(pickled.root()), &expected);
    }
}

#[test]
fn a_string_longer_than_the_pickle_takes_no_memory() {
    assert_eq!(refused(b"X\0\0\x0f\0abc."), "pickle, byte 0: cut short: 983040 more bytes wanted, 4 left");
    assert_eq!(
        refused(b"X\xff\xff\xff\xff."),
        "pickle, byte 0: expected at most 1048576 bytes in a string, found 4294967295"
    );
}

#[test]
fn copies_from_the_memo_are_paid_for() {
    // A list of 1,000 numbers, made into an OrderedDict over and over.
    let mut pickle = b"ccollections\nOrderedDict\nq\0](".to_vec();
    for _ in 0..1000 {
        pickle.extend(b"K\x01K\x01\x86");
    }
    pickle.extend(b"e\x85q\x01");
    for _ in 0..10_000 {
        pickle.extend(b"h\0h\x01R0");
    }
    pickle.push(b'.');
    let error = refused(&pickle);
    assert!(error.contains(&format!("expected at most {} copied elements", pickle.len())), "{error}");
}

#[test]
fn opcodes_that_do_not_fit_are_errors() {
    for pickle in [
        &b"."[..],
        b"0",
        b"t.",
        b"(0.",
        b"h\x05.",
        b"K\x01K\x02a.",
        b"}K\x01s.",
        b"](K\x01u.",
        b"K\x01K\x01R.",
        b"ctorch\nFloatStorage\n)R.",
        b"K\x01Q.",
        b")Q.",
        b"N}b.",
        b"\x80\x06.",
        b"\x8c\x02a.",
        b"K\x01\x8c\x01a\x93.",
        b"\x94.",
        b"P1\n.",
        b"",
        b"ctorch._utils\n_rebuild_tensor_v2\n(K\x01K\x01K\x01K\x01tR.",
        b"(K\x01d.",
        b"q\0.",
    ] {
        assert!(load_bytes(pickle).is_err(), "{:?}", String::from_utf8_lossy(pickle));
    }
}

#[test]
fn marks_are_bounded() {
    assert!(refused(&[b'('; 2000]).contains("expected at most 1000 open marks"));
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = load_bytes(&bytes);
    }
}
