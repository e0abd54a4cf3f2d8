//! Checkpoints that can be read and are no network, or contradict themselves or the command line.

use moead_tests::synthetic_checkpoint::{Checkpoint, Form, NamedTensor};
use serde_json::json;

use crate::desk::{Desk, tiny, tiny_with};

#[track_caller]
fn refusal(checkpoint: &Checkpoint, flags: &str) -> String {
    Desk::with(checkpoint).refuses(&format!("ckpt.pth.tar {flags}"))
}

#[test]
fn missing_tensors() {
    let mut one = tiny();
    one.tensors.retain(|tensor| tensor.name != "reconstruction.output_proj.bias");
    insta::assert_snapshot!(refusal(&one, ""), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: tensor reconstruction.output_proj.bias: missing
    hint: the file is incomplete, or `arch` describes another network
    ");
    let mut many = tiny();
    many.tensors.retain(|tensor| !tensor.name.contains("moe_ffn_2"));
    insta::assert_snapshot!(refusal(&many, ""), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: tensor reconstruction.widetransformer.moe_ffn_2.gate.gate.weight: missing (and 17 more like it)
    hint: the file is incomplete, or `arch` describes another network
    ");
    let mut first = tiny();
    first.tensors.retain(|tensor| tensor.name != "reconstruction.input_proj.weight");
    insta::assert_snapshot!(refusal(&first, ""), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: tensor reconstruction.input_proj.weight: missing
    hint: the file is incomplete, or `arch` describes another network
    ");
}

#[test]
fn surplus_tensors() {
    let mut checkpoint = tiny();
    for name in ["reconstruction.extra.weight", "reconstruction.extra.bias"] {
        checkpoint.tensors.push(NamedTensor::new(name, &[1], &[0.0]));
    }
    insta::assert_snapshot!(refusal(&checkpoint, ""), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: tensor reconstruction.extra.weight: surplus: no part of MoEAD on efficientnet_b0 has it (and 1 more like it)
    hint: `arch` describes another network, or the file was mixed from several
    ");
}

#[test]
fn a_tensor_of_another_shape() {
    let mut checkpoint = tiny();
    *checkpoint.tensor_mut("reconstruction.output_proj.weight") =
        NamedTensor::new("reconstruction.output_proj.weight", &[192, 30], &[0.0; 192 * 30]);
    insta::assert_snapshot!(refusal(&checkpoint, ""), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: tensor reconstruction.output_proj.weight: expected 192x32, found 192x30
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
}

#[test]
fn an_unknown_backbone() {
    let named = tiny_with("/0/type", json!("models.backbones.efficientnet_b9"));
    insta::assert_snapshot!(refusal(&named, ""), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: arch: backbone.type: expected one of efficientnet_b0, efficientnet_b1, efficientnet_b2, efficientnet_b3, efficientnet_b4, efficientnet_b5, efficientnet_b6, efficientnet_lite0, resnet18, resnet34, resnet50, resnet101, wide_resnet50_2, found models.backbones.efficientnet_b9 (the closest is efficientnet_b6)
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
    let other = tiny_with("/0/type", json!("models.backbones.efficientnet_b4"));
    insta::assert_snapshot!(refusal(&other, ""), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: backbone: efficientnet_b4 according to arch (backbone.type), but efficientnet_b0 according to the tensors under `backbone.`
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
    let mut silent = tiny().bare();
    for tensor in &mut silent.tensors {
        tensor.name = tensor.name.replace("backbone._", "backbone.features.");
    }
    insta::assert_snapshot!(refusal(&silent, ""), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: backbone: expected the tensors of one of efficientnet_b0, efficientnet_b1, efficientnet_b2, efficientnet_b3, efficientnet_b4, efficientnet_b5, efficientnet_b6, efficientnet_lite0, resnet18, resnet34, resnet50, resnet101, wide_resnet50_2, found tensors that fit none of them
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
}

#[test]
fn no_backbone_or_two() {
    let desk = Desk::with(&tiny());
    let (head, backbone) = tiny().split_backbone();
    desk.save("head.pth", &head, Form::Zip);
    desk.save("backbone.pth", &backbone, Form::Zip);
    insta::assert_snapshot!(desk.refuses("head.pth"), @r"
    status: 1
    ----- stderr
    error: head.pth: no tensor under `backbone.`: expected the weights of efficientnet_b0, found none
    hint: give the backbone's weights with `--backbone FILE`
    ");
    insta::assert_snapshot!(desk.refuses("ckpt.pth.tar --backbone backbone.pth"), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: the checkpoint holds a backbone (360 tensors under `backbone.`) and a second one was given
    hint: drop `--backbone`
    ");
    insta::assert_snapshot!(desk.refuses("backbone.pth"), @r"
    status: 1
    ----- stderr
    error: backbone.pth: no tensor under `reconstruction.`: expected a MoEAD or UniAD checkpoint, found 360 tensors (_conv_stem.weight, _bn0.weight, _bn0.bias, …)
    hint: a backbone alone goes to `--backbone FILE`, beside a checkpoint; where something else stands in front of `reconstruction.`, save the network's own `state_dict()`
    ");
    insta::assert_snapshot!(desk.refuses("head.pth --backbone head.pth"), @r"
    status: 1
    ----- stderr
    error: head.pth: tensor backbone._conv_stem.weight: missing (and 208 more like it)
    hint: the file is incomplete, or `arch` describes another network
    ");
    insta::assert_snapshot!(desk.refuses("head.pth --backbone missing.pth"), @r"
    status: 1
    ----- stderr
    error: missing.pth: No such file or directory (os error 2)
    hint: check the path
    ");
}

#[test]
fn an_input_size_that_the_positions_do_not_fit() {
    insta::assert_snapshot!(refusal(&tiny(), "--input-size 128,128"), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: feature_size: 4x4 tokens (input 64x64) according to arch (reconstruction.feature_size), but 8x8 tokens (input 128x128) according to the command line
    hint: drop the flag, or override the file's settings with `--arch FILE.json`
    ");
    insta::assert_snapshot!(refusal(&tiny(), "--input-size 70,70"), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: input size 70x70: expected multiples of 16, the deepest stride in use
    hint: choose another `--input-size H,W`; the network was trained for one size
    ");
    insta::assert_snapshot!(refusal(&tiny_with("/2/kwargs/feature_size", json!([4, 5])), ""), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: feature_size: 4x5 tokens (input 64x80) according to arch (reconstruction.feature_size), but 4x4 tokens (input 64x64) according to tensor reconstruction.pos_embed.row_embed.weight and col_embed.weight
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
}

#[test]
fn a_mask_that_blinds_a_token() {
    let checkpoint = tiny_with("/2/kwargs/neighbor_mask/neighbor_size", json!([7, 7]));
    insta::assert_snapshot!(refusal(&checkpoint, ""), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: neighbor_mask 7x7 on a grid of 4x4 tokens blinds token (0, 0): every token lies in its neighbourhood, and the softmax over nothing is not a number
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
}

#[test]
fn two_answers_for_one_setting() {
    insta::assert_snapshot!(refusal(&tiny_with("/2/kwargs/hidden_dim", json!(64)), ""), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: hidden_dim: 64 according to arch (reconstruction.hidden_dim), but 32 according to tensor reconstruction.input_proj.weight
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
    insta::assert_snapshot!(refusal(&tiny(), "--variant uniad"), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: variant: MoEAD according to arch (reconstruction.type), but UniAD according to the command line
    hint: drop the flag, or override the file's settings with `--arch FILE.json`
    ");
    insta::assert_snapshot!(refusal(&tiny(), "--variant moead-o"), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: variant: MoEAD according to arch (reconstruction.type), but MoEAD_O according to the command line
    hint: drop the flag, or override the file's settings with `--arch FILE.json`
    ");
    insta::assert_snapshot!(refusal(&tiny().bare(), "--variant uniad"), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: variant: UniAD according to the command line, but MoEAD or MoEAD_O according to tensor reconstruction.widetransformer.learned_embed.weight
    hint: drop the flag, or override the file's settings with `--arch FILE.json`
    ");
    insta::assert_snapshot!(refusal(&tiny_with("/1/kwargs/inplanes", json!([16, 24, 40, 113])), ""), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: inplanes: [16, 24, 40, 113] according to arch (neck.inplanes), but [16, 24, 40, 112] according to layers [1, 2, 3, 4] of efficientnet_b0
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
}

#[test]
fn values_that_cannot_be() {
    insta::assert_snapshot!(refusal(&tiny_with("/2/kwargs/nhead", json!(5)), ""), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: nhead 5: expected a divisor of hidden_dim 32
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
    insta::assert_snapshot!(refusal(&tiny_with("/2/kwargs/moe_topk", json!(9)), ""), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: moe_topk 9: expected 1 to 4, the number of experts
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
    insta::assert_snapshot!(refusal(&tiny_with("/2/kwargs/activation", json!("glu")), ""), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: arch: reconstruction.kwargs.activation: expected one of relu, gelu, found glu (the closest is gelu)
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
    insta::assert_snapshot!(refusal(&tiny_with("/2/kwargs/activation", json!("gelu")), ""), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: arch: reconstruction.activation: expected relu, the only one that MoEAD's experts have, found gelu
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
}

#[test]
fn distances_that_statistics_do_not_fit() {
    let with = |distance: &str, change: &dyn Fn(&mut Checkpoint)| {
        let mut checkpoint = tiny().with_distance(distance);
        change(&mut checkpoint);
        refusal(&checkpoint, "")
    };
    let said = |checkpoint: &mut Checkpoint, distance: serde_json::Value| {
        checkpoint.arch.as_mut().unwrap()[2]["kwargs"]["distance"] = distance;
    };
    let reshape = |checkpoint: &mut Checkpoint, name: &str, shape: &[usize]| {
        let name = format!("reconstruction.distance.{name}");
        let numbers = vec![0.5; shape.iter().product()];
        *checkpoint.tensor_mut(&name) = NamedTensor::new(&name, shape, &numbers);
    };
    insta::assert_snapshot!(with("position-cov:8", &|it| said(it, json!("position-cov:9"))), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: distance: position-cov:9 according to arch (reconstruction.distance), but position-cov:8 according to tensor reconstruction.distance.axes
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
    insta::assert_snapshot!(with("position-cov:8", &|it| said(it, json!("l2"))), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: distance: l2 according to arch (reconstruction.distance), but position-cov:8 according to tensor reconstruction.distance.axes
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
    insta::assert_snapshot!(with("position-std", &|it| said(it, json!("position-cov:8"))), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: distance: position-cov:8 according to arch (reconstruction.distance), but position-std according to tensor reconstruction.distance.scale
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
    insta::assert_snapshot!(with("position-std", &|it| said(it, json!("mahalanobis"))), @r#"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: arch: reconstruction.kwargs.distance: expected l2, position-std or position-cov:K with K from 1 to 256, found "mahalanobis"
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    "#);
    insta::assert_snapshot!(with("position-cov:8", &|it| said(it, json!("position-cov:999999999999"))), @r#"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: arch: reconstruction.kwargs.distance: expected l2, position-std or position-cov:K with K from 1 to 256, found "position-cov:999999999999"
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    "#);
    // More axes than channels, by the tensors and by the settings.
    insta::assert_snapshot!(with("position-cov:200", &|_| {}), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: distance position-cov:200: expected 1 to 192 axes
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
    insta::assert_snapshot!(with("position-cov:8", &|it| {
        it.arch.as_mut().unwrap()[2]["kwargs"].as_object_mut().unwrap().remove("distance");
        reshape(it, "axes", &[10_000, 2]);
    }), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: distance position-cov:10000: expected 1 to 192 axes
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
    // Shapes.
    insta::assert_snapshot!(with("position-cov:8", &|it| reshape(it, "axes", &[8, 191])), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: tensor reconstruction.distance.axes: expected 8x192, found 8x191
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
    insta::assert_snapshot!(with("position-cov:8", &|it| reshape(it, "axes", &[8 * 192])), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: tensor reconstruction.distance.axes: expected 2 sides, found 1536
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
    insta::assert_snapshot!(with("position-cov:8", &|it| reshape(it, "mean", &[16, 192])), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: tensor reconstruction.distance.mean: expected 16x8, found 16x192
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
    insta::assert_snapshot!(with("position-cov:8", &|it| reshape(it, "whitening", &[16, 64])), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: tensor reconstruction.distance.whitening: expected 16x36, found 16x64
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
    insta::assert_snapshot!(with("position-std", &|it| reshape(it, "scale", &[192])), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: tensor reconstruction.distance.scale: expected 16x192, found 192
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
    insta::assert_snapshot!(with("position-std", &|it| {
        it.tensors.retain(|tensor| tensor.name != "reconstruction.distance.mean");
    }), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: tensor reconstruction.distance.mean: missing
    hint: the file is incomplete, or `arch` describes another network
    ");
    insta::assert_snapshot!(with("position-std", &|it| {
        it.tensors.push(NamedTensor::new("reconstruction.distance.axes", &[8, 192], &[0.0; 8 * 192]));
        said(it, json!("position-cov:8"));
    }), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: tensor reconstruction.distance.whitening: missing
    hint: the file is incomplete, or `arch` describes another network
    ");
}

#[test]
fn statistics_that_are_none() {
    let with = |distance: &str, name: &str, index: usize, value: f32| {
        let mut checkpoint = tiny().with_distance(distance);
        let tensor = checkpoint.tensor_mut(&format!("reconstruction.distance.{name}"));
        tensor.bytes[4 * index..4 * index + 4].copy_from_slice(&value.to_le_bytes());
        refusal(&checkpoint, "")
    };
    insta::assert_snapshot!(with("position-std", "scale", 7, 0.0), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: tensor reconstruction.distance.scale: expected a number above 0 at index 7, found 0
    hint: training diverged, or the file is damaged: take an earlier checkpoint, or fetch the file again
    ");
    insta::assert_snapshot!(with("position-std", "scale", 7, f32::NAN), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: tensor reconstruction.distance.scale: expected finite numbers, found NaN at index 7
    hint: training diverged, or the file is damaged: take an earlier checkpoint, or fetch the file again
    ");
    insta::assert_snapshot!(with("position-std", "mean", 3071, f32::INFINITY), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: tensor reconstruction.distance.mean: expected finite numbers, found inf at index 3071
    hint: training diverged, or the file is damaged: take an earlier checkpoint, or fetch the file again
    ");
    // The second place's third diagonal element.
    insta::assert_snapshot!(with("position-cov:8", "whitening", 36 + 5, -0.25), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: tensor reconstruction.distance.whitening: expected a number above 0 at index 41, found -0.25
    hint: training diverged, or the file is damaged: take an earlier checkpoint, or fetch the file again
    ");
    insta::assert_snapshot!(with("position-cov:8", "axes", 0, f32::NAN), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: tensor reconstruction.distance.axes: expected finite numbers, found NaN at index 0
    hint: training diverged, or the file is damaged: take an earlier checkpoint, or fetch the file again
    ");
    // What is not on a diagonal may be anything.
    let mut checkpoint = tiny().with_distance("position-cov:8");
    let tensor = checkpoint.tensor_mut("reconstruction.distance.whitening");
    tensor.bytes[4..8].copy_from_slice(&(-0.25_f32).to_le_bytes());
    Desk::with(&checkpoint).run("ckpt.pth.tar").success();
}
