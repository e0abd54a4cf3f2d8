//! Exports that succeed.

use moead_model::manifest::KEY;
use moead_model::onnx::model_file::ModelFile;
use moead_tests::golden::Case;
use moead_tests::synthetic_checkpoint::{Checkpoint, Form};

use crate::desk::{Desk, tiny};

#[test]
fn a_checkpoint_becomes_a_model_file_beside_it() {
    let desk = Desk::with(&tiny());
    insta::assert_snapshot!(desk.says("ckpt.pth.tar"), @r"
    status: 0
    ----- stdout
    ckpt.onnx: 3.7 MB, MoEAD on efficientnet_b0, input 64x64, f32 weights, sparse experts, checked: worst relative error [ERROR] (at most 1e-4)
    ");
    assert_eq!(desk.names(), ["ckpt.onnx", "ckpt.pth.tar"]);
}

#[test]
fn the_default_name_drops_every_known_ending() {
    let desk = Desk::empty();
    desk.save("v1.2.pt", &tiny(), Form::Zip);
    desk.run("v1.2.pt --no-check").success();
    assert_eq!(desk.names(), ["v1.2.onnx", "v1.2.pt"]);
}

/// The manifest names its source; everything else is the same.
#[test]
fn the_form_of_the_file_does_not_matter() {
    let desk = Desk::empty();
    let models = Form::ALL.map(|form| {
        // One name, so that only the hash differs.
        desk.save("ckpt", &tiny(), form);
        insta::allow_duplicates! {
            insta::assert_snapshot!(desk.says("ckpt -o model.onnx"), @r"
            status: 0
            ----- stdout
            model.onnx: 3.7 MB, MoEAD on efficientnet_b0, input 64x64, f32 weights, sparse experts, checked: worst relative error [ERROR] (at most 1e-4)
            ");
        }
        desk.model("model.onnx")
    });
    assert!(models[0] == models[1] && models[1] == models[2]);
}

#[test]
fn half_precision_halves_the_file() {
    let desk = Desk::with(&tiny());
    insta::assert_snapshot!(desk.says("ckpt.pth.tar --precision f16"), @r"
    status: 0
    ----- stdout
    ckpt.onnx: 1.9 MB, MoEAD on efficientnet_b0, input 64x64, f16 weights, sparse experts, checked: worst relative error [ERROR] (at most 1e-4)
    ");
}

#[test]
fn experts_in_eight_bits() {
    let desk = Desk::with(&tiny());
    insta::assert_snapshot!(desk.says("ckpt.pth.tar --precision int8"), @r"
    status: 0
    ----- stdout
    ckpt.onnx: 3.7 MB, MoEAD on efficientnet_b0, input 64x64, int8 weights, sparse experts, checked: worst relative error [ERROR] (at most 1e-1)
    ");
    insta::assert_snapshot!(desk.refuses("ckpt.pth.tar --precision int8 --moe dense"), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: eight-bit weights: expected sparse experts, found dense ones
    hint: `--precision int8` is for MoEAD with `--moe sparse`; `--precision f16` halves any file
    ");
}

#[test]
fn dense_routing_is_another_graph_of_the_same_size() {
    let desk = Desk::with(&tiny());
    insta::assert_snapshot!(desk.says("ckpt.pth.tar --moe dense"), @r"
    status: 0
    ----- stdout
    ckpt.onnx: 3.7 MB, MoEAD on efficientnet_b0, input 64x64, f32 weights, dense experts, checked: worst relative error [ERROR] (at most 1e-4)
    ");
}

#[test]
fn an_unchecked_file_says_so() {
    let desk = Desk::with(&tiny());
    insta::assert_snapshot!(desk.says("ckpt.pth.tar --no-check"), @r"
    status: 0
    ----- stdout
    ckpt.onnx: 3.7 MB, MoEAD on efficientnet_b0, input 64x64, f32 weights, sparse experts, not checked (--no-check)
    ");
}

#[test]
fn an_export_replaces_the_file_that_was_there() {
    let desk = Desk::with(&tiny());
    desk.write("old.onnx", "old");
    desk.run("ckpt.pth.tar -o old.onnx --no-check").success();
    assert!(desk.model("old.onnx").len() > 1_000_000);
    assert_eq!(desk.names(), ["ckpt.pth.tar", "old.onnx"]);
}

#[test]
fn a_calibration_that_goes_with_the_old_file_is_told() {
    let desk = Desk::with(&tiny());
    let said = || desk.run("ckpt.pth.tar -o model.onnx --no-check").success().stderr;
    said();
    assert!(!said().contains("calibration"));
    let model = ModelFile::open(&desk.path("model.onnx")).unwrap();
    let mut manifest = model.manifest().clone();
    manifest.calibration = Some(serde_json::json!({"products": {}}));
    let mut envelope = model.envelope().clone();
    envelope.set_metadata(KEY, manifest.to_json());
    let mut bytes = Vec::new();
    envelope.write(&mut bytes).unwrap();
    desk.write("model.onnx", bytes);
    assert!(said().contains("warning: model.onnx had a calibration, which is gone"));
    assert!(!said().contains("calibration"));
}

#[test]
fn a_backbone_may_come_from_a_file_of_its_own() {
    let desk = Desk::with(&tiny());
    let (head, backbone) = tiny().split_backbone();
    desk.save("head.pth", &head, Form::Zip);
    desk.save("backbone.pth", &backbone, Form::Legacy);
    insta::assert_snapshot!(desk.says("head.pth --backbone backbone.pth"), @r"
    status: 0
    ----- stdout
    head.onnx: 3.7 MB, MoEAD on efficientnet_b0, input 64x64, f32 weights, sparse experts, checked: worst relative error [ERROR] (at most 1e-4)
    ");
    // A whole checkpoint will do as well.
    insta::assert_snapshot!(desk.says("head.pth --backbone ckpt.pth.tar"), @r"
    status: 0
    ----- stdout
    head.onnx: 3.7 MB, MoEAD on efficientnet_b0, input 64x64, f32 weights, sparse experts, checked: worst relative error [ERROR] (at most 1e-4)
    ");
}

#[test]
fn the_peer_with_stacked_layers_is_exported_too() {
    let desk = Desk::with(&Checkpoint::of(&Case::small("tiny_uniad")));
    insta::assert_snapshot!(desk.says("ckpt.pth.tar"), @r"
    status: 0
    ----- stdout
    ckpt.onnx: 3.7 MB, UniAD on efficientnet_b0, input 64x64, f32 weights, checked: worst relative error [ERROR] (at most 1e-4)
    ");
}

#[test]
fn verbose_names_each_step() {
    let desk = Desk::with(&tiny());
    insta::assert_snapshot!(desk.says("ckpt.pth.tar --verbose"), @r"
    status: 0
    ----- stdout
    ckpt.onnx: 3.7 MB, MoEAD on efficientnet_b0, input 64x64, f32 weights, sparse experts, checked: worst relative error [ERROR] (at most 1e-4)
    ----- stderr
    note: reading ckpt.pth.tar
    note: building the graph
    note: comparing the written model with a plain evaluation
    note: writing ckpt.onnx
    ");
}
