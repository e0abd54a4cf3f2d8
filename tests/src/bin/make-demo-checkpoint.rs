//! Writes the checkpoint that the README's first command exports: `make-demo-checkpoint OUT.pth.tar`.
//!
//! Its weights are drawn from a seed; nothing in it is trained. The decoder's answer is one constant, the mean feature of the
//! five good sample pictures (`tests/images/mean_feature.json`), so the anomaly map is the distance from that mean: enough to
//! see the two programs work, and no detector that anybody should use.

use std::path::Path;
use std::process::ExitCode;

use moead_tests::golden::{self, Case};
use moead_tests::synthetic_checkpoint::{Checkpoint, Form, NamedTensor, draw};

/// 224 / 16.
const GRID: usize = 14;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let ([output], false) =
        (arguments.as_slice(), arguments.iter().any(|one| one.as_encoded_bytes().starts_with(b"-")))
    else {
        golden::write_note("usage: make-demo-checkpoint OUT.pth.tar\n");
        return ExitCode::from(2);
    };
    demo().write(Form::Zip, Path::new(output));
    ExitCode::SUCCESS
}

fn demo() -> Checkpoint {
    let case = Case::small("tiny");
    let mean =
        std::fs::read_to_string(golden::root().join("tests/images/mean_feature.json")).expect("in the repository");
    let mean: Vec<f32> = serde_json::from_str(&mean).expect("a list of numbers");
    let tensors = case.rules.iter().map(|rule| {
        let mut rule = rule.clone();
        if rule.name.contains(".row_embed.") || rule.name.contains(".col_embed.") {
            rule.shape[0] = GRID;
        } else if rule.name.ends_with("transformer.learned_embed.weight") {
            rule.shape[0] = GRID * GRID;
        } else if rule.name.ends_with(".output_proj.weight") {
            (rule.offset, rule.scale) = (0.0, 0.0);
        } else if rule.name.ends_with(".output_proj.bias") {
            return NamedTensor::new(&rule.name, &rule.shape, &mean);
        }
        draw(&case.facts.seed, &rule)
    });
    let mut arch = case.facts.arch.clone();
    arch[2]["kwargs"]["feature_size"] = serde_json::json!([GRID, GRID]);
    Checkpoint { tensors: tensors.collect(), arch: Some(arch), prefix: "module." }
}
