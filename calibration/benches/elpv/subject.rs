//! The data sets, the model, and an engine that looks at pictures.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use moead_calibration::dataset::{Dataset, Sample};
use moead_model::manifest::Input;
use moead_model::onnx::model_file::ModelFile;
use moead_runtime::engine::tract::Session;
use moead_runtime::engine::{Engine as _, Output};
use moead_runtime::preprocess::decode;
use moead_runtime::preprocess::normalize::normalize;
use moead_runtime::preprocess::picture::Picture;
use moead_runtime::preprocess::resize::resize;
use moead_tests::command::Program;
use moead_tests::golden::Case;
use moead_tests::python;
use moead_tests::synthetic_checkpoint::{Checkpoint, Form, draw};
use serde_json::json;

/// 224 / 16.
const GRID: usize = 14;

/// What is measured, and on what.
pub(crate) struct Subject {
    cache: PathBuf,
    /// The model file.
    pub(crate) model: PathBuf,
}

impl Subject {
    /// Fetches what is not there yet, and exports the model.
    pub(crate) fn fetch(cache: &Path) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/elpv/fetch.py");
        python::run(script.as_os_str(), &[cache.as_os_str()]);
        head().write(Form::Safetensors, &cache.join("head.safetensors"));
        let export = ["head.safetensors", "--backbone", "weights.pth", "-o", "cells.onnx"];
        Program::new("moead-export").args(export).in_folder(cache).run().success();
        Self { cache: cache.to_owned(), model: cache.join("cells.onnx") }
    }

    /// A data set: `apart` or `together`.
    pub(crate) fn data(&self, tree: &str) -> PathBuf {
        self.cache.join(tree)
    }

    /// Its samples, in their order.
    pub(crate) fn samples(&self) -> Vec<Sample> {
        Dataset::open(&self.data("apart"), None).expect("the data set that was made").samples
    }
}

/// The smallest golden case's decoder, for the grid of 224 pixels, on the features of Lite0: as many as B0 has.
fn head() -> Checkpoint {
    let case = Case::small("tiny");
    let rules = case.rules.iter().filter(|rule| !rule.name.starts_with("backbone."));
    let tensors = rules.map(|rule| {
        let mut rule = rule.clone();
        if rule.name.contains(".row_embed.") || rule.name.contains(".col_embed.") {
            rule.shape[0] = GRID;
        } else if rule.name.ends_with(".learned_embed.weight") {
            rule.shape[0] = GRID * GRID;
        }
        draw(&case.facts.seed, &rule)
    });
    let mut arch = case.facts.arch.clone();
    arch[0]["type"] = json!("models.backbones.efficientnet_lite0");
    arch[2]["kwargs"]["feature_size"] = json!([GRID, GRID]);
    Checkpoint { tensors: tensors.collect(), arch: Some(arch), prefix: "" }
}

/// What the network says of a picture.
pub(crate) struct Look {
    /// `pred_score`, by the decoder that was not trained.
    pub(crate) score: f32,
    pub(crate) embedding: Vec<f32>,
    /// C x h x w.
    pub(crate) features: Vec<f32>,
}

/// The model on tract, one thread.
pub(crate) struct Looker {
    session: Session,
    pub(crate) input: Input,
}

const OUTPUTS: [Output; 3] = [Output::PredScore, Output::Embedding, Output::Features];

impl Looker {
    pub(crate) fn new(subject: &Subject) -> Self {
        let model = ModelFile::open(&subject.model).expect("the model that was exported");
        let session = Session::load(&model, &OUTPUTS, NonZeroUsize::MIN).expect("our own model loads");
        Self { session, input: model.manifest().input.clone() }
    }

    pub(crate) fn look(&mut self, picture: &Picture) -> Look {
        let pixels = resize(picture, self.input.size());
        let planes = normalize(pixels.pixels(), self.input.normalization());
        let mut outputs = self.session.run(&planes).expect("an answer");
        let [score, embedding, features] = OUTPUTS.map(|output| outputs.take(output).expect("asked for").data);
        Look { score: score[0], embedding, features }
    }

    pub(crate) fn read(&mut self, path: &Path) -> Look {
        self.look(&decode::read(path).expect("a picture of the data set"))
    }
}
