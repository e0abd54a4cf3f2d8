//! Our programs with hostile files, in little address space: an error in words, nothing written, nobody killed.

use std::fs;
use std::path::Path;

use image::ImageFormat;
use moead_tests::command::{Ended, Program};
use moead_tests::synthetic_checkpoint::NamedTensor;
use moead_tests::torch_file::{Item, zip};

use crate::model_file::tiny_model;
use crate::opcodes::{View, archive, dict, global, six, text};
use crate::pictures::{chunk, encode, png, small};
use crate::sample::wrapped;

/// Programs, their libraries and the stacks of their threads take some 30 MB of it.
const ADDRESS_SPACE: u64 = 256 << 20;
/// What the kernel may count as resident for a checkpoint that is refused.
const RESIDENT: u64 = 64 << 20;

/// Exports a file with these bytes, which must fail and leave no trace.
#[track_caller]
fn refused_by_export(bytes: &[u8], telling: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hostile.pth"), bytes).unwrap();
    for arguments in
        [&["hostile.pth"][..], &["inspect", "hostile.pth"], &["inspect", "--json", "--tensors", "hostile.pth"]]
    {
        let program = Program::new("moead-export").in_folder(folder.path()).args(arguments);
        let ended = program.address_space(ADDRESS_SPACE).run();
        assert_eq!(ended.status, Some(1), "{ended:?}");
        assert!(ended.peak_memory <= RESIDENT, "{} bytes: {ended:?}", ended.peak_memory);
        for part in telling {
            assert!(ended.stderr.contains(part), "{part:?} is not in {:?}", ended.stderr);
        }
        assert!(!ended.stderr.contains("panicked") && !ended.stderr.contains('\u{1b}'), "{ended:?}");
        assert!(ended.stdout.is_empty(), "{ended:?}");
        assert_eq!(names(folder.path()), ["hostile.pth"]);
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_call_is_refused_and_not_made() {
    let opcodes = [&global("os", "system")[..], &text("touch hacked"), b"\x85R"].concat();
    let telling = "archive/data.pkl: pickle, byte 2: the global os.system is none that weights need";
    refused_by_export(&archive(&opcodes, &[]), &["error:", "hostile.pth", telling]);
}

#[test]
fn bombs_stay_small() {
    let long = [&text(&"x".repeat(200_000))[..], b"q\x000](", &b"h\x00".repeat(30_000), b"e"].concat();
    let bytes = zip(&wrapped(vec![("arch".into(), Item::Raw(long))]));
    refused_by_export(&bytes, &["error:", "expected at most 65536 bytes of text"]);
    let claim = View { numbers: 1 << 40, ..View::new(&[1 << 40], &[1]) };
    let bytes = archive(&dict(&[("w", claim.opcodes())]), &[("0", six())]);
    refused_by_export(&bytes, &["error:", "tensor w: archive entry archive/data/0", "found 24 bytes"]);
    let header = [&(16_u64 << 20).to_le_bytes()[..], b"{\"w\":{\"dtype\":\"F32\""].concat();
    refused_by_export(&header, &["error:", "safetensors header: expected 16777216 bytes, found 19"]);
    refused_by_export(&archive(&b"N".repeat(600_000), &[]), &["error:", "expected a state dict"]);
}

#[test]
fn names_do_not_move_the_cursor() {
    let tensor = |numbers: &[f32]| Item::Tensor(NamedTensor::new("w", &[1], numbers));
    let name = "\u{1b}[2J\u{1b}]0;owned\u{7}\nerror: forged";
    let state = Item::Dict(vec![(name.into(), tensor(&[1.0])), (format!("module.{name}"), tensor(&[2.0]))]);
    refused_by_export(&zip(&state), &["error:", "\\u{1b}[2J", "occurs twice"]);
}

#[test]
fn a_model_that_is_cut_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let model = tiny_model();
    fs::write(folder.path().join("cut.onnx"), &model[..model.len() / 2]).unwrap();
    fs::write(folder.path().join("a.png"), encode(&small(), ImageFormat::Png)).unwrap();
    let program = Program::new("moead-edge").in_folder(folder.path());
    let ended = program.args(["--model", "cut.onnx", "--source", "a.png"]).address_space(ADDRESS_SPACE).run();
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("cut.onnx") && !ended.stderr.contains("panicked"), "{ended:?}");
    assert!(ended.stdout.is_empty() && ended.peak_memory <= RESIDENT, "{ended:?}");
}

#[test]
fn hostile_pictures_are_lines_with_an_error_between_honest_ones() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let honest = encode(&small(), ImageFormat::Png);
    write("model.onnx", &tiny_model());
    write("a.png", &honest);
    write("b.png", &png(100_000, 100_000, &chunk(b"IDAT", b"")));
    write("c.png", &honest[..honest.len() - 20]);
    write("d.png", &[0; 1000]);
    write("e.png", &honest);
    let sources = ["a.png", "b.png", "c.png", "d.png", "e.png"];
    let program = Program::new("moead-edge").in_folder(folder.path()).args(["--model", "model.onnx", "--source"]);
    let ended: Ended = program.args(sources).address_space(1 << 30).run().success();
    let lines: Vec<serde_json::Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let lines: Vec<_> = lines.iter().filter(|line| line.get("frame").is_some()).collect();
    let errors: Vec<_> = lines.iter().filter(|line| line.get("error").is_some_and(|error| !error.is_null())).collect();
    assert_eq!((lines.len(), errors.len()), (5, 3), "{}", ended.stdout);
    assert!(ended.stdout.contains("too large: 100000 pixels wide, at most 32768"), "{}", ended.stdout);
}
