//! Models, sources and folders that are not there, or are something else. All of it is said before any picture is read.

use crate::Desk;

fn desk() -> Desk {
    let desk = Desk::empty();
    desk.write("a.png", "no picture, but a file");
    desk.write("text.onnx", "not a model\n");
    desk.write("empty.onnx", "");
    desk.folder("empty");
    desk
}

#[test]
fn models() {
    let desk = desk();
    insta::assert_snapshot!(desk.says("--model missing.onnx --source a.png"), @r"
    status: 1
    ----- stderr
    error: missing.onnx: No such file or directory (os error 2)
    hint: check the path given as `--model`; `moead-export CKPT` writes a model file
    ");
    insta::assert_snapshot!(desk.says("--model text.onnx --source a.png"), @r"
    status: 1
    ----- stderr
    error: text.onnx: expected an ONNX file, found a text
    hint: write the model file anew with `moead-export CKPT`
    ");
    insta::assert_snapshot!(desk.says("--model empty.onnx --source a.png"), @r"
    status: 1
    ----- stderr
    error: empty.onnx: expected an ONNX file, found nothing
    hint: write the model file anew with `moead-export CKPT`
    ");
    insta::assert_snapshot!(desk.says("--model a.png --source a.png"), @r"
    status: 1
    ----- stderr
    error: a.png: expected an ONNX file, found a text
    hint: write the model file anew with `moead-export CKPT`
    ");
    insta::assert_snapshot!(desk.says("--model empty --source a.png"), @r"
    status: 1
    ----- stderr
    error: empty: Is a directory (os error 21)
    hint: give the model file itself as `--model`
    ");
}

/// A device has no length, and nothing in it.
#[test]
fn a_device_as_model() {
    let ended = desk().run("--model /dev/null --source a.png");
    insta::assert_snapshot!(ended.transcript(), @r"
    status: 1
    ----- stderr
    error: /dev/null: expected a regular file, found a device or a pipe
    hint: give the model file itself as `--model`
    ");
}

#[test]
fn sources() {
    let desk = desk();
    insta::assert_snapshot!(desk.says("--model text.onnx --source missing.png"), @r"
    status: 1
    ----- stderr
    error: missing.png: No such file or directory (os error 2)
    hint: check the path
    ");
    insta::assert_snapshot!(desk.says("--model text.onnx --source empty"), @r"
    status: 1
    ----- stderr
    error: empty: expected pictures (png, jpg, jpeg, bmp, tif, tiff, webp, jfif), found none
    hint: a file with another ending can be named itself: `--source FILE`
    ");
    insta::assert_snapshot!(desk.says("--model text.onnx --source empty/*.png"), @r"
    status: 1
    ----- stderr
    error: empty/*.png: expected pictures (png, jpg, jpeg, bmp, tif, tiff, webp, jfif), found none
    hint: a file with another ending can be named itself: `--source FILE`
    ");
    insta::assert_snapshot!(desk.says("--model text.onnx --source [.png"), @r"
    status: 1
    ----- stderr
    error: [.png: Pattern syntax error near position 0: invalid range pattern
    hint: give files, folders or patterns as `--source`
    ");
    insta::assert_snapshot!(desk.says("--model text.onnx --source /dev/null"), @r"
    status: 1
    ----- stderr
    error: /dev/null: expected a file or a folder, found a device or a pipe
    hint: give files, folders or patterns as `--source`
    ");
    insta::assert_snapshot!(desk.says("--model text.onnx --source a.png line2=missing/"), @r"
    status: 1
    ----- stderr
    error: missing/: No such file or directory (os error 2)
    hint: check the path
    ");
}

#[test]
fn folders_for_results() {
    let desk = desk();
    for flag in ["heatmaps", "maps"] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(desk.says(&format!("--model text.onnx --source a.png --{flag} seen")), @r"
            status: 1
            ----- stderr
            error: seen: expected a folder, found nothing
            hint: make it first: `mkdir -p seen`
            ");
            insta::assert_snapshot!(desk.says(&format!("--model text.onnx --source a.png --{flag} a.png")), @r"
            status: 1
            ----- stderr
            error: a.png: expected a folder, found a file
            hint: give another folder
            ");
        }
    }
    assert_eq!(desk.names(), ["a.png", "empty", "empty.onnx", "text.onnx"]);
}
