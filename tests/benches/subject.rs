//! What is measured: the published network with seeded weights, exported, and a picture.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use moead_exporter::checkpoint::Checkpoint;
use moead_exporter::export::{self, Provenance};
use moead_exporter::graph::Form;
use moead_exporter::precision;
use moead_exporter::resolve::{self, Wishes};
use moead_model::manifest::{Moe, Precision, Source};
use moead_model::onnx::model_file::ModelFile;
use moead_model::self_test;
use moead_runtime::preprocess::normalize::normalize;
use moead_runtime::stream::pipeline::{OnLoss, Settings};
use moead_runtime::stream::prepare::Pictures;
use moead_tests::golden::Case;
use moead_tests::synthetic_checkpoint::{Checkpoint as Drawn, Form as FileForm};

pub(crate) struct Subject {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) checkpoint: PathBuf,
    pub(crate) model: ModelFile,
    pub(crate) input: Vec<f32>,
}

impl Subject {
    pub(crate) fn official() -> Self {
        Self::of(&Case::large("official_224").expect("the case official_224 is what is measured"))
    }

    /// The network of another golden case.
    pub(crate) fn of(case: &Case) -> Self {
        Self::in_form(case, Precision::F32, Moe::Sparse)
    }

    /// The same in another form.
    pub(crate) fn in_form(case: &Case, precision: Precision, moe: Moe) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("official.safetensors");
        Drawn::of(case).write(FileForm::Safetensors, &path);
        let model = exported(&path, Form { precision, moe });
        let input = &model.manifest().input;
        let input = normalize(&self_test::picture(1, input.size()), input.normalization());
        Self { folder, checkpoint: path, model, input }
    }

    /// The model with its experts in eight bits.
    pub(crate) fn in_eight_bits(&self) -> ModelFile {
        exported(&self.checkpoint, Form { precision: Precision::Int8, moe: Moe::Sparse })
    }

    /// The model as a file.
    pub(crate) fn file(&self) -> PathBuf {
        let path = self.folder.path().join("model.onnx");
        std::fs::write(&path, self.model.bytes()).expect("room for the model");
        path
    }

    /// The input as raw f32.
    pub(crate) fn input_file(&self) -> PathBuf {
        let path = self.folder.path().join("input.f32");
        let bytes: Vec<u8> = self.input.iter().flat_map(|number| number.to_le_bytes()).collect();
        std::fs::write(&path, bytes).expect("room for the input");
        path
    }
}

fn exported(checkpoint: &Path, form: Form) -> ModelFile {
    let checkpoint = Checkpoint::open(checkpoint).expect("our own checkpoint");
    let resolved = resolve::resolve(&checkpoint, checkpoint.architecture(), Wishes::default()).expect("a network");
    let source = Source { file: String::new(), sha256: String::new(), extra: serde_json::Map::default() };
    let provenance = Provenance { name: "official".into(), source };
    let weights = precision::stored(&checkpoint, &resolved.architecture, form.precision);
    let exported = export::export(&resolved.architecture, weights.as_ref(), form, provenance).expect("a model");
    exported.model().clone()
}

/// A run without a threshold, until its sources end.
pub(crate) fn settings(model: &ModelFile) -> Settings {
    Settings {
        normalization: model.manifest().input.normalization(),
        standards: Arc::default(),
        pictures: Pictures::Dropped,
        frames: None,
        duration: None,
        stall_timeout: Duration::from_secs(20),
        frozen_after: Duration::from_secs(10),
        on_loss: OnLoss::Retry,
        pulse: None,
    }
}
