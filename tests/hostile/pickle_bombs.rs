//! Small pickles that unfold into much: cycles, shared lists, copies, depth.

use moead_tests::synthetic_checkpoint::NamedTensor;
use moead_tests::torch_file::{Item, legacy, zip};

use crate::opcodes::{View, archive, dict, global, six, text};
use crate::sample::wrapped;
use crate::subject::{assert_refused, open};

fn with_arch(opcodes: Vec<u8>) -> Vec<u8> {
    zip(&wrapped(vec![("arch".into(), Item::Raw(opcodes))]))
}

/// Lists of ten, each of the one before; `depth` levels.
fn billion_laughs(depth: usize) -> Vec<u8> {
    let mut opcodes = b"]q\x00".to_vec();
    for _ in 0..depth {
        opcodes.extend(b"0](h\x00h\x00h\x00h\x00h\x00h\x00h\x00h\x00h\x00h\x00eq\x00");
    }
    opcodes
}

#[test]
fn what_contains_itself_ends() {
    let itself = [b"}q\x00", &text("state_dict")[..], b"h\x00s"].concat();
    assert_refused("a dict as its own state_dict", &archive(&itself, &[]), &["expected weights, found no tensor"]);
    assert_refused("a list", &with_arch(b"]q\x00h\x00a".to_vec()), &["arch[0][0][0]", "expected at most 32 levels"]);
    let dict = [b"}q\x00", &text("kwargs")[..], b"h\x00s"].concat();
    assert_refused("a dict", &with_arch(dict), &["arch.kwargs.kwargs", "expected at most 32 levels"]);
    // Nobody needs it, so it is only weighed.
    let optimizer = Item::Raw(b"]q\x00(h\x00h\x00h\x00e".to_vec());
    for bytes in [zip, legacy].map(|write| write(&wrapped(vec![("optimizer".into(), optimizer.clone())]))) {
        assert_eq!(open(&bytes).unwrap().skipped()[0].name, "optimizer");
    }
}

#[test]
fn a_billion_laughs_are_not_laughed() {
    assert_refused("arch", &with_arch(billion_laughs(20)), &["arch[0][0]", "expected at most 10000 values"]);
    for bytes in [zip, legacy].map(|write| write(&wrapped(vec![("optimizer".into(), Item::Raw(billion_laughs(300)))])))
    {
        assert_eq!(open(&bytes).unwrap().skipped()[0].tensors, 0);
    }
}

#[test]
fn one_text_many_times_is_no_novel() {
    // 200 KB of text, written once and meant 30,000 times: as items, as keys, as a path of keys.
    let long = [&text(&"x".repeat(200_000))[..], b"q\x00"].concat();
    let items = [&long[..], b"0](", &b"h\x00".repeat(30_000), b"e"].concat();
    assert_refused("items", &with_arch(items), &["arch", "expected at most 65536 bytes of text"]);
    let short = [&text(&"x".repeat(1000))[..], b"q\x00"].concat();
    let keys = [&short[..], b"0](", &b"}h\x00Ns".repeat(10_000), b"e"].concat();
    assert_refused("keys", &with_arch(keys), &["arch", "expected at most 65536 bytes of text"]);
    let path = [&short[..], b"0", &b"}h\x00".repeat(40), b"N", &b"s".repeat(40)].concat();
    assert_refused("a path", &with_arch(path), &["arch.xxx", "expected at most 32 levels"]);
}

#[test]
fn a_storage_s_key_is_not_copied_for_each_tensor() {
    let key = "k".repeat(500_000);
    let identity = [b"(", &text("storage")[..], b"ctorch\nFloatStorage\n", &text(&key), &text("cpu"), b"K\x01tq\x00"];
    let opcodes = [&identity.concat()[..], &b"h\x00Q".repeat(20_000), b"]"].concat();
    assert_refused(
        "a long key",
        &archive(&opcodes, &[]),
        &["expected at most 1024 bytes in a storage's key, found 500000"],
    );
    // Keys as long as they may be, ten thousand tensors.
    let key = "k".repeat(1000);
    let identity = [b"(", &text("storage")[..], b"ctorch\nFloatStorage\n", &text(&key), &text("cpu"), b"K\x01tQq\x00"];
    let arguments = [&identity.concat()[..], b"K\x00)))t"].concat();
    let mut opcodes = [&global("torch._utils", "_rebuild_tensor_v2")[..], b"q\x01("].concat();
    opcodes.extend(&arguments);
    opcodes.extend(b"q\x02");
    opcodes.extend(b"h\x01h\x02R".repeat(10_000));
    opcodes.extend(b"]");
    assert_refused("many tensors", &archive(&opcodes, &[]), &["expected a state dict", "found a list"]);
}

#[test]
fn names_have_an_end() {
    let tensor = Item::Tensor(NamedTensor::new("w", &[1], &[1.0]));
    let long = Item::Dict(vec![("n".repeat(100_000), tensor.clone())]);
    assert_refused("a bare state dict", &zip(&long), &["expected keys of at most 1024 bytes, found one of 100000"]);
    assert_refused(
        "a wrapped one",
        &zip(&Item::Dict(vec![("state_dict".into(), long)])),
        &["state_dict: expected keys"],
    );
}

#[test]
fn a_million_levels_are_only_a_long_file() {
    let deep = [b"]".repeat(1_000_000), b"a".repeat(999_999)].concat();
    assert_refused("the object", &archive(&deep, &[]), &["found a list"]);
    assert_refused("arch", &with_arch(deep.clone()), &["expected at most 32 levels"]);
    let bytes = zip(&wrapped(vec![("optimizer".into(), Item::Raw(deep))]));
    assert_eq!(open(&bytes).unwrap().skipped()[0].tensors, 0);
    let tuples = [b")".to_vec(), b"\x85".repeat(1_000_000)].concat();
    assert_refused("tuples", &archive(&tuples, &[]), &["found a tuple"]);
    assert_refused("marks", &archive(&b"(".repeat(1_000_000), &[]), &["expected at most 1000 open marks"]);
}

#[test]
fn values_have_an_end() {
    assert_refused("values", &archive(&b"N".repeat(3_000_000), &[]), &["expected at most 2097152 values"]);
    // One value beyond a power of two: the arena has just doubled.
    assert_refused("arena", &archive(&b"N".repeat((1 << 20) + 1), &[]), &["found None"]);
    let memo: Vec<u8> = (0..500_000_u32).flat_map(|index| [&b"r"[..], &index.to_le_bytes()].concat()).collect();
    assert_refused("a memo", &archive(&[b"N", &memo[..]].concat(), &[]), &["found None"]);
    assert_refused("empty dicts", &archive(&b"}".repeat(1_000_000), &[]), &["found a dict without names"]);
    assert_refused("small lists", &archive(&b"]Na".repeat(500_000), &[]), &["found a list"]);
    assert_refused("small dicts", &archive(&b"}NNs".repeat(400_000), &[]), &["found a dict without names"]);
    assert_refused("a pickle of 17 MB", &archive(&b"N0".repeat(9 << 20), &[]), &["expected at most 16777216 bytes"]);
}

#[test]
fn copies_are_paid_for() {
    let thousand = |item: &[u8]| [b"(", &item.repeat(1000)[..]].concat();
    let again = b"h\x00h\x01R0".repeat(10_000);
    let cases = [
        (
            "OrderedDict",
            [&global("collections", "OrderedDict")[..], b"q\x000", b"]", &thousand(b"NN\x86")[..], b"e"].concat(),
        ),
        ("a dict's dict", [&global("builtins", "dict")[..], b"q\x000", b"}", &thousand(b"NN")[..], b"u"].concat()),
        ("torch.Size", [&global("torch", "Size")[..], b"q\x000", &thousand(b"N")[..], b"t"].concat()),
        ("torch.Size of a list", [&global("torch", "Size")[..], b"q\x000", b"]", &thousand(b"N")[..], b"e"].concat()),
    ];
    for (what, original) in cases {
        let opcodes = [&original[..], b"\x85q\x01", &again[..], b"N"].concat();
        assert_refused(what, &archive(&opcodes, &[]), &["pickle, byte", "copied elements"]);
    }
}

#[test]
fn what_nobody_needs_is_weighed_once() {
    // Fifty thousand keys that all mean one list of half a million values.
    let state = dict(&[("w", View::new(&[6], &[1]).opcodes())]);
    let mut root = [b"]q\x00(", &b"N".repeat(500_000)[..], b"e0}(", &text("state_dict"), &state].concat();
    for key in 0..50_000 {
        root.extend(text(&key.to_string()));
        root.extend(b"h\x00");
    }
    root.push(b'u');
    let bytes = archive(&root, &[("0", six())]);
    assert_eq!(open(&bytes).unwrap().skipped().len(), 50_000);
}

#[test]
fn settings_with_keys_that_are_no_texts_are_not_read_for_ever() {
    // A dict of two hundred thousand numbered keys, fifty thousand times in one list.
    let opcodes = [b"}q\x00(", &b"K\x01N".repeat(200_000)[..], b"u0](", &b"h\x00".repeat(50_000), b"e"].concat();
    assert_refused("numbers as keys", &with_arch(opcodes), &["arch[0]", "expected at most 10000 values"]);
}
