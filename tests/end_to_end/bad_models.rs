//! Model files that are not what they should be: refused before any engine sees them.

use crate::desk::Desk;

/// Replaces the last occurrence of `from`.
fn patched(model: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = model.windows(from.len()).rposition(|bytes| bytes == from).unwrap();
    [&model[..at], to, &model[at + from.len()..]].concat()
}

#[test]
fn each_broken_rule_is_named() {
    let desk = Desk::new();
    let model = desk.read("model.onnx");
    let refused = |broken: Vec<u8>| {
        desk.write("broken.onnx", broken);
        desk.bare_program("--model broken.onnx --source part.png --threshold 10").run().transcript()
    };
    insta::assert_snapshot!(refused(patched(&model, b"moead.manifest", b"other.manifest")), @r"
    status: 1
    ----- stderr
    error: broken.onnx: not a MoEAD model file: it has no metadata moead.manifest
    hint: write the model file anew with `moead-export CKPT`
    ");
    // `operator sets: 18 of the standard domain`, as protobuf has it.
    insta::assert_snapshot!(refused(patched(&model, b"\x42\x04\x0a\x00\x10\x12", b"\x42\x04\x0a\x00\x10\x11")), @r"
    status: 1
    ----- stderr
    error: broken.onnx: operator sets: expected 18 of the standard domain and no other, found 17 of the standard domain
    hint: write the model file anew with `moead-export CKPT`
    ");
    insta::assert_snapshot!(refused([b"\x08\x07", &model[2..]].concat()), @r"
    status: 1
    ----- stderr
    error: broken.onnx: ir_version 7, expected 8 to 10
    hint: write the model file anew with `moead-export CKPT`
    ");
    insta::assert_snapshot!(refused(patched(&model, b"\"schema\":1", b"\"schema\":9")), @r"
    status: 1
    ----- stderr
    error: broken.onnx: manifest: schema 9, expected 1 to 1
    hint: write the model file anew with `moead-export CKPT`
    ");
    insta::assert_snapshot!(refused(patched(&model, b"\"height\":64", b"\"height\":32")), @r"
    status: 1
    ----- stderr
    error: broken.onnx: input: expected image, N x 3 x 32 x 64 of f32, found image, N x 3 x 64 x 64 of f32
    hint: write the model file anew with `moead-export CKPT`
    ");
    insta::assert_snapshot!(refused(patched(&model, b"\x22\x04Conv", b"\x22\x04Conx")), @r#"
    status: 1
    ----- stderr
    error: broken.onnx: node block10.project: operator Conx of domain "" is not one that model files have
    hint: write the model file anew with `moead-export CKPT`
    "#);
}

#[test]
fn a_file_that_was_cut_anywhere_is_refused() {
    let desk = Desk::new();
    let model = desk.read("model.onnx");
    for part in 0..50 {
        desk.write("cut.onnx", &model[..model.len() * part / 50]);
        let ended = desk.bare_program("--model cut.onnx --source part.png --threshold 10").run();
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""), "{part}: {}", ended.stderr);
        let lines: Vec<&str> = ended.stderr.lines().collect();
        let [error, hint] = lines[..] else { panic!("{part}: {}", ended.stderr) };
        assert!(error.starts_with("error: cut.onnx: "), "{part}: {error}");
        assert_eq!(hint, "hint: write the model file anew with `moead-export CKPT`", "{part}");
    }
}
