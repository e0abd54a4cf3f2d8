//! Torch files from before 1.6: pickles in a row, then storages.

use moead_tests::torch_file::{Item, legacy};

use crate::opcodes::{View, dict, int, six, text, tuple};
use crate::subject::{assert_refused, contents};

/// The parts, each as it should be until a test changes it.
struct Parts {
    magic: Vec<u8>,
    version: Vec<u8>,
    machine: Vec<u8>,
    object: Vec<u8>,
    keys: Vec<u8>,
    storages: Vec<u8>,
}

fn pickle(opcodes: &[u8]) -> Vec<u8> {
    [b"\x80\x02", opcodes, b"."].concat()
}

fn list(keys: &[&str]) -> Vec<u8> {
    pickle(&[&b"]("[..], &keys.iter().flat_map(|key| text(key)).collect::<Vec<_>>(), b"e"].concat())
}

/// A storage: its length, and six numbers.
fn storage(length: i64) -> Vec<u8> {
    [&length.to_le_bytes()[..], &six()].concat()
}

fn object() -> Vec<u8> {
    pickle(&dict(&[("w", View::new(&[6], &[1]).opcodes())]))
}

fn file(change: impl FnOnce(&mut Parts)) -> Vec<u8> {
    let mut parts = Parts {
        magic: pickle(b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"),
        version: pickle(&int(1001)),
        machine: pickle(&dict(&[("little_endian", b"\x88".to_vec())])),
        object: object(),
        keys: list(&["0"]),
        storages: storage(6),
    };
    change(&mut parts);
    [parts.magic, parts.version, parts.machine, parts.object, parts.keys, parts.storages].concat()
}

#[test]
fn the_file_is_sound_before_it_lies() {
    let numbers = vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
    assert_eq!(contents(&file(|_| {})), Ok(vec![("w".to_owned(), vec![6], Ok(numbers))]));
}

#[test]
fn the_front_is_torch_s() {
    let magic = |opcodes: &[u8]| file(|parts| parts.magic = pickle(opcodes));
    for opcodes in [&b"N"[..], b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x18", b"\x8a\x04l\xfc\x9cF", b"}"] {
        assert_refused("magic", &magic(opcodes), &["torch file (before 1.6): expected torch's magic number in front"]);
    }
    let call = magic(b"cposix\nsystem\nX\x02\0\0\0id\x85R");
    assert_refused("a call", &call, &["magic number (from byte 0): pickle, byte 2: the global posix.system is none"]);
    assert_refused("version", &file(|parts| parts.version = pickle(&int(1002))), &["expected version 1001"]);
    let big = file(|parts| parts.machine = pickle(&dict(&[("little_endian", b"\x89".to_vec())])));
    assert_refused("big", &big, &["expected little-endian numbers, found big-endian ones"]);
}

#[test]
fn a_call_is_named_with_the_part_that_it_is_in() {
    let call = || pickle(b"cbuiltins\neval\nX\x01\0\0\x001\x85R");
    let cases: [(&str, fn(&mut Parts, Vec<u8>)); 4] = [
        ("version (from byte 15)", |parts, call| parts.version = call),
        ("machine (from byte 28)", |parts, call| parts.machine = call),
        ("object (from byte", |parts, call| parts.object = call),
        ("storage keys (from byte", |parts, call| parts.keys = call),
    ];
    for (place, change) in cases {
        let bytes = file(|parts| change(parts, call()));
        assert_refused(place, &bytes, &[place, "pickle, byte 2: the global builtins.eval is none that weights need"]);
    }
}

#[test]
fn storages_are_those_of_the_tensors() {
    let keys = |keys: &[&str]| file(|parts| parts.keys = list(keys));
    assert_refused("missing", &keys(&[]), &["tensor w: expected the storage 0 after the pickles, found none"]);
    assert_refused("unknown", &keys(&["0", "1"]), &["storage 1: no tensor uses it"]);
    let twice = file(|parts| {
        parts.keys = list(&["0", "0"]);
        parts.storages = [storage(6), storage(6)].concat();
    });
    assert_refused("twice", &twice, &["torch file (before 1.6): storage 0 at byte", "the key occurs twice"]);
    assert_refused("cut", &keys(&["0", "0"]), &["storage 0 at byte", "the file ends here"]);
    assert_refused("no list", &file(|parts| parts.keys = pickle(b"N")), &["expected a list of storage keys"]);
    assert_refused("numbers", &file(|parts| parts.keys = pickle(b"]K\x00a")), &["expected storage keys as strings"]);
    let types = dict(&[
        ("w", View::new(&[6], &[1]).opcodes()),
        ("v", View { class: "IntStorage", ..View::new(&[6], &[1]) }.opcodes()),
    ]);
    let types = file(|parts| parts.object = pickle(&types));
    assert_refused("two types", &types, &["storage 0: expected one type, found"]);
}

#[test]
fn lengths_are_compared_with_the_bytes() {
    for length in [0, 5, 7, -1, i64::MIN, i64::MAX, 1 << 40] {
        let found = format!("expected 6 numbers, found {length}");
        assert_refused("length", &file(|parts| parts.storages = storage(length)), &["storage 0 at byte", &found]);
    }
    for length in [1 << 33, 1 << 61, i64::MAX] {
        let view = View { numbers: length, ..View::new(&[6], &[1]) };
        let bytes = file(|parts| {
            parts.object = pickle(&dict(&[("w", view.opcodes())]));
            parts.storages = storage(length);
        });
        let found = format!("expected {length} numbers, found 24 bytes");
        assert_refused("a claim that agrees with itself", &bytes, &["storage 0 at byte", &found]);
    }
    for left in 0..32 {
        let bytes = file(|parts| parts.storages.truncate(left));
        assert_refused("cut", &bytes, &["torch file (before 1.6): storage 0 at byte"]);
    }
}

#[test]
fn views_of_views_add_their_offsets_without_wrapping() {
    // The sixth part of an identity, before torch 0.4: a view's key, offset and size.
    let identity = |offset: i64| {
        let class = crate::opcodes::global("torch", "FloatStorage");
        let view = tuple(&[text("0"), int(offset), int(2)]);
        [&tuple(&[text("storage"), class, text("0"), text("cpu"), int(6), view])[..], b"Q"].concat()
    };
    let tensor = |offset: i64, first: i64| {
        let rebuild = crate::opcodes::global("torch._utils", "_rebuild_tensor");
        let sides = |side| tuple(&[int(side)]);
        let arguments = tuple(&[identity(offset), int(first), sides(2), sides(1)]);
        let opcodes = [rebuild, arguments, b"R".to_vec()].concat();
        file(|parts| parts.object = pickle(&dict(&[("w", opcodes)])))
    };
    assert_eq!(contents(&tensor(3, 1)), Ok(vec![("w".to_owned(), vec![2], Ok(vec![4.0, 5.0]))]));
    assert_refused("one too far", &tensor(3, 2), &["tensor w: expected a view inside its storage of 6 numbers"]);
    for (offset, first) in [(i64::MAX, i64::MAX), (i64::MAX, 1), (1, i64::MAX)] {
        assert_refused("far", &tensor(offset, first), &["tensor w: expected a view inside its storage"]);
    }
}

#[test]
fn other_pickles_are_no_checkpoints() {
    for bytes in [&b"\x80\x02N."[..], b"\x80\x02", b"\x80", b"\x80\x04\x95", b"\x80\x02}q\x00."] {
        assert_refused("a plain pickle", bytes, &["magic number"]);
    }
    assert_refused("a list", &legacy(&Item::List(vec![])), &["expected a state dict", "found a list"]);
}
