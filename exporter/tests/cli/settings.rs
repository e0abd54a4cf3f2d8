//! Settings that come from flags, from `--arch`, or from nowhere.

use moead_tests::golden::Case;
use moead_tests::synthetic_checkpoint::{Checkpoint, Form};
use serde_json::json;

use crate::desk::{Desk, tiny};

/// What cannot be seen in the tensors, and differs from the published network.
fn mask_only() -> String {
    let mask = json!({ "neighbor_size": [3, 3], "mask": [true, true, true] });
    json!([{ "name": "reconstruction", "kwargs": { "neighbor_mask": mask } }]).to_string()
}

#[test]
fn each_assumed_setting_is_named_in_one_warning() {
    let desk = Desk::with(&tiny().bare());
    desk.write("mask.json", mask_only());
    insta::assert_snapshot!(desk.says("ckpt.pth.tar --arch mask.json"), @r"
    status: 0
    ----- stdout
    ckpt.onnx: 3.7 MB, MoEAD on efficientnet_b0, input 64x64, f32 weights, sparse experts, checked: worst relative error [ERROR] (at most 1e-4)
    ----- stderr
    warning: ckpt.pth.tar: neither the file nor a flag gives these settings, so they take the published values: variant = MoEAD, outstrides = 16, nhead = 8, moe_topk = 2
    ");
    assert_eq!(desk.names(), ["ckpt.onnx", "ckpt.pth.tar", "mask.json"]);
}

#[test]
fn quiet_drops_the_warning_and_keeps_the_result() {
    let desk = Desk::with(&tiny().bare());
    desk.write("mask.json", mask_only());
    insta::assert_snapshot!(desk.says("ckpt.pth.tar --arch mask.json --quiet"), @r"
    status: 0
    ----- stdout
    ckpt.onnx: 3.7 MB, MoEAD on efficientnet_b0, input 64x64, f32 weights, sparse experts, checked: worst relative error [ERROR] (at most 1e-4)
    ");
}

#[test]
fn a_published_setting_that_cannot_be_is_an_error_that_names_what_was_assumed() {
    let desk = Desk::with(&tiny().bare());
    insta::assert_snapshot!(desk.refuses("ckpt.pth.tar"), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: neighbor_mask 7x7 on a grid of 4x4 tokens blinds token (0, 0): every token lies in its neighbourhood, and the softmax over nothing is not a number (not given, so assumed as published: variant = MoEAD, outstrides = 16, nhead = 8, neighbor_mask = 7x7 on [true, true, true], moe_topk = 2)
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
}

#[test]
fn the_variant_is_taken_from_the_flag_when_the_file_is_silent() {
    let desk = Desk::with(&Checkpoint::of(&Case::small("tiny_o")).bare());
    desk.write("mask.json", mask_only());
    insta::assert_snapshot!(desk.says("ckpt.pth.tar --arch mask.json --variant moead-o"), @r"
    status: 0
    ----- stdout
    ckpt.onnx: 3.7 MB, MoEAD_O on efficientnet_b0, input 64x64, f32 weights, sparse experts, checked: worst relative error [ERROR] (at most 1e-4)
    ----- stderr
    warning: ckpt.pth.tar: neither the file nor a flag gives these settings, so they take the published values: outstrides = 16, nhead = 8, moe_topk = 2
    ");
}

#[test]
fn arch_overrides_what_the_file_says() {
    let mut checkpoint = tiny();
    let right = checkpoint.arch.clone().unwrap();
    *checkpoint.arch.as_mut().unwrap().pointer_mut("/2/kwargs/hidden_dim").unwrap() = json!(64);
    let desk = Desk::with(&checkpoint);
    desk.write("right.json", right.to_string());
    insta::assert_snapshot!(desk.says("ckpt.pth.tar --arch right.json"), @r"
    status: 0
    ----- stdout
    ckpt.onnx: 3.7 MB, MoEAD on efficientnet_b0, input 64x64, f32 weights, sparse experts, checked: worst relative error [ERROR] (at most 1e-4)
    ");
}

#[test]
fn keys_without_a_meaning_are_named() {
    let mut checkpoint = tiny();
    checkpoint.arch.as_mut().unwrap()[2]["kwargs"]["temperature"] = json!(3);
    let desk = Desk::with(&checkpoint);
    insta::assert_snapshot!(desk.says("ckpt.pth.tar"), @r"
    status: 0
    ----- stdout
    ckpt.onnx: 3.7 MB, MoEAD on efficientnet_b0, input 64x64, f32 weights, sparse experts, checked: worst relative error [ERROR] (at most 1e-4)
    ----- stderr
    warning: ckpt.pth.tar: arch: keys without a meaning here: reconstruction.kwargs.temperature
    ");
}

#[test]
fn the_settings_that_inspect_prints_are_accepted_as_arch() {
    let desk = Desk::with(&tiny());
    let inspected = desk.run("inspect --json ckpt.pth.tar").success();
    let inspected: serde_json::Value = serde_json::from_str(&inspected.stdout).unwrap();
    desk.write("arch.json", inspected["architecture"].to_string());
    desk.run("ckpt.pth.tar -o a.onnx").success();
    desk.save("ckpt.pth.tar", &tiny().bare(), Form::Zip);
    let ended = desk.run("ckpt.pth.tar --arch arch.json -o b.onnx").success();
    assert_eq!(ended.stderr, "");
    assert!(desk.model("a.onnx") == desk.model("b.onnx"));
}

#[test]
fn arch_that_cannot_be_read_is_an_error() {
    let desk = Desk::with(&tiny());
    desk.write("text.json", "hidden_dim: 32");
    desk.write("map.json", "{}");
    desk.write("typo.json", r#"[{"name": "reconstruction", "type": "MoAED"}]"#);
    desk.write("word.json", r#"[{"name": "reconstruction", "kwargs": {"hidden_dim": "many"}}]"#);
    desk.write("twice.json", r#"[{"name": "neck", "name": "neck"}]"#);
    insta::assert_snapshot!(desk.refuses("ckpt.pth.tar --arch missing.json"), @r"
    status: 1
    ----- stderr
    error: missing.json: No such file or directory (os error 2)
    hint: check the path
    ");
    insta::assert_snapshot!(desk.refuses("ckpt.pth.tar --arch text.json"), @r"
    status: 1
    ----- stderr
    error: text.json: expected a JSON list of the entries backbone, neck, reconstruction
    caused by: expected value at line 1 column 1
    ");
    insta::assert_snapshot!(desk.refuses("ckpt.pth.tar --arch map.json"), @r"
    status: 1
    ----- stderr
    error: map.json: arch: expected a list of the entries backbone, neck, reconstruction, found {}
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
    insta::assert_snapshot!(desk.refuses("ckpt.pth.tar --arch typo.json"), @r"
    status: 1
    ----- stderr
    error: typo.json: arch: reconstruction.type: expected one of MoEAD, MoEAD_O, UniAD, found MoAED (the closest is MoEAD)
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
    insta::assert_snapshot!(desk.refuses("ckpt.pth.tar --arch word.json"), @r#"
    status: 1
    ----- stderr
    error: word.json: arch: reconstruction.kwargs.hidden_dim: expected a whole number, found "many"
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    "#);
    insta::assert_snapshot!(desk.refuses("ckpt.pth.tar --arch twice.json"), @r#"
    status: 1
    ----- stderr
    error: twice.json: expected a JSON list of the entries backbone, neck, reconstruction
    caused by: the key "name" occurs twice at line 1 column 33
    "#);
}
