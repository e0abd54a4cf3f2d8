//! Pickles that call, import, or are otherwise more than data. Offsets count from the pickle's first byte, so the opcodes
//! here begin at byte 2, behind the protocol.

use crate::opcodes::{archive, dict, global, int, text, tuple};
use crate::subject::assert_refused;

/// Names that turn a pickle into a program.
const DANGEROUS: [(&str, &str); 16] = [
    ("os", "system"),
    ("posix", "system"),
    ("nt", "system"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("builtins", "getattr"),
    ("__builtin__", "eval"),
    ("subprocess", "Popen"),
    ("importlib", "import_module"),
    ("runpy", "_run_code"),
    ("functools", "partial"),
    ("operator", "attrgetter"),
    ("torch", "load"),
    ("torch.storage", "_load_from_bytes"),
    ("numpy", "load"),
    ("collections", "OrderedDict.__init__"),
];

#[test]
fn whoever_is_named_is_never_called() {
    for (module, name) in DANGEROUS {
        let global = global(module, name);
        let arguments = tuple(&[text("touch hacked")]);
        let places: [(&str, Vec<u8>, usize); 6] = [
            ("REDUCE", [&global[..], &arguments, b"R"].concat(), 2),
            ("NEWOBJ", [&global[..], &arguments, b"\x81"].concat(), 2),
            ("BUILD", [b"}", &global[..], &arguments, b"Rb"].concat(), 3),
            ("OBJ", [b"(", &global[..], &text("touch hacked"), b"o"].concat(), 3),
            ("a value nobody wants", [b"K\x01", &global[..], b"0"].concat(), 4),
            ("a dict's value, in a list", [b"]}", &text("k")[..], &global, &arguments, b"Rsa"].concat(), 10),
        ];
        for (place, opcodes, offset) in places {
            let telling = format!("archive/data.pkl: pickle, byte {offset}: the global {module}.{name} is none");
            assert_refused(place, &archive(&opcodes, &[]), &[&telling]);
        }
    }
}

#[test]
fn opcodes_without_a_use_are_named() {
    let stack_global = [&text("posix")[..], &text("system"), b"\x93"].concat();
    let persistent = b"Pstorage\n".to_vec();
    let cases: [(&str, &[u8], &str); 21] = [
        ("INST", b"(iposix\nsystem\n", "byte 3: expected an opcode of a checkpoint, found 0x69"),
        ("OBJ", b"(ccollections\nOrderedDict\no", "found 0x6f"),
        ("EXT1", b"\x82\x01", "byte 2: expected an opcode of a checkpoint, found 0x82"),
        ("EXT2", b"\x83\x01\x00", "found 0x83"),
        ("EXT4", b"\x84\x01\x00\x00\x00", "found 0x84"),
        ("protocol 6", b"\x80\x06", "byte 2: expected pickle protocol 2 to 5, found 6"),
        ("protocol 1", b"\x80\x01", "expected pickle protocol 2 to 5, found 1"),
        ("protocol 0", b"\x80\x00", "expected pickle protocol 2 to 5, found 0"),
        ("STACK_GLOBAL", &stack_global, "byte 23: the global posix.system is none that weights need"),
        ("STACK_GLOBAL of numbers", b"K\x01K\x02\x93", "expected a global's name as text, found"),
        ("SHORT_BINUNICODE", b"\x8c\x05posi", "more bytes wanted"),
        ("NEWOBJ_EX", b"\x92", "found 0x92"),
        ("FRAME", b"\x95\0\0\0\0", "more bytes wanted"),
        ("MEMOIZE", b"\x94", "expected a value to remember, found an empty stack"),
        ("BYTEARRAY8", b"\x96\xff\xff\xff\xff\xff\xff\xff\x7f", "found 0x96"),
        ("NEXT_BUFFER", b"\x97", "found 0x97"),
        ("BINUNICODE8", b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7f", "expected at most 1048576 bytes in a string"),
        ("PERSID", &persistent, "found 0x50"),
        ("INT in text", b"I9999999999999999999999\n", "found 0x49"),
        ("STRING in text", b"S'x'\n", "found 0x53"),
        ("a byte of no meaning", b"\xff", "found 0xff"),
    ];
    for (what, opcodes, telling) in cases {
        assert_refused(what, &archive(opcodes, &[]), &["archive/data.pkl: pickle", telling]);
    }
}

#[test]
fn allowed_names_take_only_the_arguments_that_they_have() {
    let rebuild = global("torch._utils", "_rebuild_tensor_v2");
    let ordered = global("collections", "OrderedDict");
    let cases: [(&str, Vec<u8>, &str); 11] = [
        ("no arguments", [&rebuild[..], b")R"].concat(), "expected other arguments, found 0 of them"),
        ("arguments in a list", [&rebuild[..], b"]R"].concat(), "expected a tuple of arguments, found a list"),
        (
            "a number as storage",
            [&rebuild[..], b"(K\x01K\x01K\x01K\x01tR"].concat(),
            "expected a tensor's storage, found an int",
        ),
        ("a class as function", b"ctorch\nFloatStorage\n)R".to_vec(), "found the type of a storage"),
        (
            "a text as function",
            [&text("posix.system")[..], b")R"].concat(),
            "expected a global to call, found a string",
        ),
        ("OrderedDict of a number", [&ordered[..], b"K\x01\x85R"].concat(), "a dict or a list of pairs, found an int"),
        ("OrderedDict of no pairs", [&ordered[..], b"]K\x01a\x85R"].concat(), "a pair of key and value, found an int"),
        ("two arguments", [&ordered[..], b"]]\x86R"].concat(), "expected other arguments, found 2 of them"),
        ("a size of a text", b"ctorch\nSize\nU\x01x\x85R".to_vec(), "expected a tuple of sizes, found a string"),
        ("attributes of a number", b"K\x01}b".to_vec(), "expected an object with attributes, found an int"),
        (
            "a parameter of None",
            b"ctorch._utils\n_rebuild_parameter\nN\x85R".to_vec(),
            "a tensor as parameter, found None",
        ),
    ];
    for (what, opcodes, telling) in cases {
        assert_refused(what, &archive(&opcodes, &[]), &["pickle, byte", telling]);
    }
}

#[test]
fn a_persistent_id_is_a_storage_or_nothing() {
    let class = || global("torch", "FloatStorage");
    let whole = |parts: [Vec<u8>; 5]| [&tuple(&parts)[..], b"Q"].concat();
    let (storage, key, place) = (|| text("storage"), || text("0"), || text("cpu"));
    let cases: [(&str, Vec<u8>, &str); 11] = [
        ("a number", b"K\x01Q".to_vec(), "a storage's identity as a tuple, found an int"),
        ("a text", [&text("storage")[..], b"Q"].concat(), "a storage's identity as a tuple, found a string"),
        ("a list", b"]Q".to_vec(), "a storage's identity as a tuple, found a list"),
        ("an empty tuple", b")Q".to_vec(), "the five parts of a storage's identity, found 0 of them"),
        ("nothing", b"Q".to_vec(), "a storage's identity, found an empty stack"),
        ("another word", whole([text("module"), class(), key(), place(), int(1)]), "the word storage, found a string"),
        ("no class", whole([storage(), text("x"), key(), place(), int(1)]), "the type of a storage, found a string"),
        (
            "another class",
            whole([storage(), global("collections", "OrderedDict"), key(), place(), int(1)]),
            "the type of a storage, found a class",
        ),
        ("a number as key", whole([storage(), class(), int(0), place(), int(1)]), "key as a string, found an int"),
        ("a negative length", whole([storage(), class(), key(), place(), int(-1)]), "length, found the number -1"),
        (
            "a length in text",
            whole([storage(), class(), key(), place(), text("1")]),
            "a storage's length, found a string",
        ),
    ];
    for (what, opcodes, telling) in cases {
        assert_refused(what, &archive(&opcodes, &[]), &["pickle, byte", telling]);
    }
}

#[test]
fn claims_of_gigabytes_take_none() {
    let cases: [(&str, &[u8], &str); 8] = [
        ("BINUNICODE", b"X\xff\xff\xff\xff", "expected at most 1048576 bytes in a string, found 4294967295"),
        ("BINSTRING", b"T\xff\xff\xff\xff", "bytes in a string, found 4294967295"),
        ("LONG4", b"\x8b\xff\xff\xff\x7f", "bytes in a string, found 2147483647"),
        ("a negative LONG4", b"\x8b\xff\xff\xff\xff", "bytes in a string, found 4294967295"),
        ("a text of a megabyte", b"X\0\0\x10\0", "cut short: 1048576 more bytes wanted, 1 left"),
        ("LONG1", b"\x8a\xff", "cut short: 255 more bytes wanted, 1 left"),
        ("a name without end", &[b'c'; 5000], "expected at most 1024 bytes in a name, found 1025"),
        ("the last place of the memo", b"]r\xff\xff\xff\xff", "expected a state dict"),
    ];
    for (what, opcodes, telling) in cases {
        assert_refused(what, &archive(opcodes, &[]), &[telling]);
    }
}

#[test]
fn what_is_no_state_dict_is_called_by_its_name() {
    let cases: [(Vec<u8>, &str); 6] = [
        (b"]".to_vec(), "expected a state dict or a dict with the key state_dict, found a list"),
        (b"N".to_vec(), "found None"),
        (b"}".to_vec(), "found a dict without names"),
        (dict(&[("state_dict", b"]".to_vec())]), "found a list as state_dict"),
        (dict(&[("state_dict", b"}".to_vec()), ("epoch", int(1))]), "expected weights, found no tensor"),
        (dict(&[("model", b"}".to_vec())]), "found a dict with the keys model"),
    ];
    for (opcodes, telling) in cases {
        assert_refused(telling, &archive(&opcodes, &[]), &[telling]);
    }
}
