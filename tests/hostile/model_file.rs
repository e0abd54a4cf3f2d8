//! Model files that are cut or changed: an error or a file that keeps every rule, and an engine that survives the latter.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};

use moead_exporter::checkpoint::Checkpoint;
use moead_exporter::export::{self, Provenance};
use moead_exporter::graph::Form;
use moead_exporter::resolve::{self, Wishes};
use moead_model::manifest::{Moe, Precision, Source};
use moead_model::onnx::envelope::Envelope;
use moead_model::onnx::model_file::{ModelFile, ModelFileError};
use moead_runtime::engine::Output;
use moead_runtime::engine::tract::Session;
use moead_tests::golden::Case;
use moead_tests::synthetic_checkpoint::{Checkpoint as Drawn, Form as FileForm};
use prost::bytes::Bytes;

use crate::memory;
use crate::subject::with_file;

/// A small network's file.
pub(crate) fn tiny_model() -> Vec<u8> {
    let bytes = Drawn::of(&Case::small("tiny")).encode(FileForm::Safetensors);
    with_file(&bytes, |path| {
        let checkpoint = Checkpoint::open(path).unwrap();
        let resolved = resolve::resolve(&checkpoint, checkpoint.architecture(), Wishes::default()).unwrap();
        let source = Source { file: "x".into(), sha256: "0".repeat(64), extra: serde_json::Map::default() };
        let form = Form { precision: Precision::F32, moe: Moe::Sparse };
        let provenance = Provenance { name: "tiny".into(), source };
        let exported = export::export(&resolved.architecture, &checkpoint, form, provenance).unwrap();
        exported.model().bytes().to_vec()
    })
}

#[track_caller]
fn check(bytes: Vec<u8>) -> Result<ModelFile, ModelFileError> {
    memory::bounded(bytes.len(), || ModelFile::from_bytes(Bytes::from(bytes)))
}

/// SplitMix64.
pub(crate) fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[test]
fn a_cut_file_is_refused_wherever_it_is_cut() {
    let whole = tiny_model();
    assert!(check(whole.clone()).is_ok());
    let mut state = 1;
    let random = (0..200).map(|_| next(&mut state) as usize % whole.len());
    let places: Vec<usize> = (0..200).chain(whole.len() - 200..whole.len()).chain(random).collect();
    for length in places {
        let error = check(whole[..length].to_vec()).expect_err("a part is no model file").to_string();
        assert!(!error.is_empty() && error.len() < 4096, "cut to {length}: {error}");
    }
}

/// Where bytes mean something beside weights: outside of every long run of raw data.
pub(crate) fn structural(whole: &[u8]) -> Vec<usize> {
    let graph = Envelope::read(Bytes::from(whole.to_vec())).unwrap().graph().clone();
    let decoded: moead_model::onnx::messages::GraphProto = prost::Message::decode(graph).unwrap();
    let mut is_weight = vec![false; whole.len()];
    let mut from = 0;
    for tensor in &decoded.initializer {
        let raw = tensor.raw_data();
        if raw.len() > 64 {
            let start = from + whole[from..].windows(raw.len()).position(|window| window == raw).unwrap();
            is_weight[start..start + raw.len()].fill(true);
            from = start + raw.len();
        }
    }
    (0..whole.len()).filter(|&place| !is_weight[place]).collect()
}

/// Changed files that pass every check, with what was changed.
fn survivors(whole: &[u8]) -> Vec<(String, ModelFile)> {
    let structural = structural(whole);
    assert!(structural.len() > 10_000 && structural.len() < whole.len());
    let mut state = 7;
    let mut kept = Vec::new();
    let mut refusals = BTreeMap::<String, usize>::new();
    for number in 0..1200 {
        let random = next(&mut state);
        let place = match number % 6 {
            0 => random as usize % whole.len(),
            _ => structural[random as usize % structural.len()],
        };
        let mut changed = whole.to_vec();
        changed[place] ^= 1 << (random >> 60 & 7);
        match check(changed) {
            Ok(model) => kept.push((format!("bit {} of byte {place}", random >> 60 & 7), model)),
            Err(error) => {
                let text = error.to_string();
                assert!(text.len() < 4096, "byte {place}: {text:.200}");
                *refusals.entry(text.split([':', ' ']).next().unwrap_or_default().to_owned()).or_default() += 1;
            }
        }
    }
    let refused: usize = refusals.values().sum();
    assert!(refused > 300 && kept.len() > 100, "{refused} refused, {} kept: {refusals:?}", kept.len());
    kept
}

#[test]
fn a_flipped_bit_is_refused_or_leaves_a_model_that_loads_or_is_refused() {
    let whole = tiny_model();
    let outputs = [Output::AnomalyMap, Output::PredScore];
    let mut panics = Vec::new();
    // Weights change nothing about loading; a tenth of the survivors stands for the rest.
    for (change, model) in survivors(&whole).into_iter().step_by(8) {
        let loaded = catch_unwind(AssertUnwindSafe(|| drop(Session::load(&model, &outputs, NonZeroUsize::MIN))));
        if let Err(panic) = loaded {
            let message = panic.downcast_ref::<String>().cloned();
            let message = message.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            panics.push(format!("{change}: {}", message.unwrap_or_default()));
        }
    }
    assert!(panics.is_empty(), "the engine panics on {} files:\n{}", panics.len(), panics.join("\n"));
}

#[test]
fn files_of_other_kinds_are_refused() {
    let zip = crate::raw_zip::write(&[crate::raw_zip::Entry::new("a", b"b")], None);
    for bytes in [vec![], vec![0], vec![0xff; 100], vec![0; 1 << 20], b"\x80\x02}.".to_vec(), zip, vec![8; 1 << 20]] {
        assert!(check(bytes).is_err());
    }
    // A field that claims 4 GB, and one that claims 2^63 bytes.
    for length in [&b"\xff\xff\xff\xff\x0f"[..], b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f"] {
        for field in [0x3a, 0x12, 0x72, 0x42] {
            let bytes = [&[0x08, 0x08, field][..], length, &[0; 100]].concat();
            assert!(check(bytes).is_err());
        }
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(ModelFile::open(folder.path()).is_err());
}
