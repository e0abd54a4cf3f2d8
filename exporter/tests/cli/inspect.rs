//! `moead-export inspect`.

use moead_tests::synthetic_checkpoint::{Form, NamedTensor};
use moead_tests::torch_file::{self, Item};
use serde_json::Value;

use crate::desk::{Desk, tiny};

/// A checkpoint as training leaves it: with the optimizer's state.
fn with_optimizer() -> Vec<u8> {
    let checkpoint = tiny();
    let named = |tensor: &NamedTensor| (format!("module.{}", tensor.name), Item::Tensor(tensor.clone()));
    let moment = Item::Tensor(NamedTensor::new("moment", &[2, 3], &[0.0; 6]));
    let state = Item::Dict(vec![("exp_avg".into(), moment.clone()), ("exp_avg_sq".into(), moment)]);
    torch_file::zip(&Item::Dict(vec![
        ("epoch".into(), Item::Int(7)),
        ("arch".into(), Item::from_json(checkpoint.arch.as_ref().unwrap())),
        ("state_dict".into(), Item::OrderedDict(checkpoint.tensors.iter().map(named).collect())),
        ("optimizer".into(), Item::Dict(vec![("state".into(), state)])),
    ]))
}

#[test]
fn a_table_shows_parts_parameters_bytes_and_macs() {
    let desk = Desk::empty();
    desk.write("ckpt.pth.tar", with_optimizer());
    insta::assert_snapshot!(desk.refuses("inspect ckpt.pth.tar"), @r"
    status: 0
    ----- stdout
    ckpt.pth.tar: torch (zip), epoch 7
    MoEAD on efficientnet_b0 layers [1, 2, 3, 4], input 64x64, 4x4 tokens of 192 channels
    one block in 3 rounds, 2 of 4 experts per token, hidden 32, 4 heads, feed-forward 64

    part                            tensors   parameters  f32 bytes       MACs
    backbone                            209       867968      3.5 M     20.0 M
    input and output projection           4        12512     50.0 k    196.6 k
    positions and learned tokens          3          640      2.6 k          0
    attention                             8         8448     33.8 k    311.3 k
    feed-forward                         36        33800    135.2 k    798.7 k
    layer norms                          24          768      3.1 k          0
    = exported                          284       924136      3.7 M     21.3 M

    not needed for inference            155      4462773     17.9 M          -
    optimizer (not loaded)                2            -         48          -
    ");
}

#[test]
fn json_says_the_same_to_programs() {
    let desk = Desk::empty();
    desk.write("ckpt.pth.tar", with_optimizer());
    let ended = desk.run("inspect ckpt.pth.tar --json").success();
    assert_eq!((ended.stderr.as_str(), ended.stdout.lines().count()), ("", 1));
    let value: Value = serde_json::from_str(&ended.stdout).unwrap();
    let mut shown = value.clone();
    // The settings are long, and a test of their own feeds them back.
    assert_eq!(shown["architecture"].take()[2]["kwargs"]["hidden_dim"], 32);
    insta::assert_snapshot!(serde_json::to_string_pretty(&shown).unwrap(), @r#"
    {
      "schema": 1,
      "file": "ckpt.pth.tar",
      "format": "torch (zip)",
      "epoch": 7,
      "variant": "MoEAD",
      "architecture": null,
      "assumed": [],
      "parts": [
        {
          "name": "backbone",
          "tensors": 209,
          "parameters": 867968,
          "bytes": 3471872,
          "macs": 20005888,
          "exported": true
        },
        {
          "name": "input and output projection",
          "tensors": 4,
          "parameters": 12512,
          "bytes": 50048,
          "macs": 196608,
          "exported": true
        },
        {
          "name": "positions and learned tokens",
          "tensors": 3,
          "parameters": 640,
          "bytes": 2560,
          "macs": 0,
          "exported": true
        },
        {
          "name": "attention",
          "tensors": 8,
          "parameters": 8448,
          "bytes": 33792,
          "macs": 311296,
          "exported": true
        },
        {
          "name": "feed-forward",
          "tensors": 36,
          "parameters": 33800,
          "bytes": 135200,
          "macs": 798720,
          "exported": true
        },
        {
          "name": "layer norms",
          "tensors": 24,
          "parameters": 768,
          "bytes": 3072,
          "macs": 0,
          "exported": true
        },
        {
          "name": "not needed for inference",
          "tensors": 155,
          "parameters": 4462773,
          "bytes": 17851092,
          "macs": null,
          "exported": false
        }
      ],
      "not_loaded": [
        {
          "name": "optimizer",
          "tensors": 2,
          "bytes": 48
        }
      ],
      "macs": 21312512
    }
    "#);
    let parts = value["parts"].as_array().unwrap();
    let macs: u64 = parts.iter().filter_map(|part| part["macs"].as_u64()).sum();
    assert_eq!(value["macs"], macs);
    let tensors: u64 = parts.iter().filter_map(|part| part["tensors"].as_u64()).sum();
    assert_eq!(tensors, tiny().tensors.len() as u64);
}

#[test]
fn every_tensor_is_listed_on_request() {
    let desk = Desk::with(&tiny());
    let ended = desk.run("inspect ckpt.pth.tar --tensors").success();
    let lines: Vec<&str> = ended.stdout.lines().filter(|line| line.contains("  ")).collect();
    for line in [
        "backbone._conv_stem.weight  32x3x3x3  exported",
        "backbone._bn0.num_batches_tracked    not needed",
        "reconstruction.input_proj.weight  32x192  exported",
    ] {
        assert!(lines.contains(&line), "{line}\n{}", ended.stdout);
    }
    let json = desk.run("inspect ckpt.pth.tar --tensors --json").success();
    let value: Value = serde_json::from_str(&json.stdout).unwrap();
    let listed = value["tensors"].as_array().unwrap();
    assert_eq!(listed.len(), tiny().tensors.len());
    assert!(listed.contains(&serde_json::json!({
        "name": "reconstruction.input_proj.weight", "shape": [32, 192], "exported": true
    })));
}

#[test]
fn a_checkpoint_that_cannot_be_exported_cannot_be_inspected_either() {
    let desk = Desk::empty();
    desk.save("ckpt.safetensors", &tiny().bare(), Form::Safetensors);
    insta::assert_snapshot!(desk.refuses("inspect ckpt.safetensors"), @r"
    status: 1
    ----- stderr
    error: ckpt.safetensors: neighbor_mask 7x7 on a grid of 4x4 tokens blinds token (0, 0): every token lies in its neighbourhood, and the softmax over nothing is not a number (not given, so assumed as published: variant = MoEAD, outstrides = 16, nhead = 8, neighbor_mask = 7x7 on [true, true, true], moe_topk = 2)
    hint: correct the settings with `--arch FILE.json`; `moead-export inspect --json` prints their form
    ");
    insta::assert_snapshot!(desk.refuses("inspect missing.pth"), @r"
    status: 1
    ----- stderr
    error: missing.pth: No such file or directory (os error 2)
    hint: check the path
    ");
}
