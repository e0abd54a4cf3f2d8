//! Features of pictures, as `moead-train` computes them: for benchmarks that train by themselves.

use std::num::NonZeroUsize;
use std::path::Path;

use moead_exporter::checkpoint::Checkpoint;
use moead_exporter::export::{self, Provenance};
use moead_exporter::graph::Form;
use moead_exporter::resolve::WithBackbone;
use moead_model::architecture::{Architecture, Distance, FeatureForm, ImageSize, Reconstruction};
use moead_model::manifest::{Input, Moe, Precision, Source};
use moead_runtime::engine::tract::Session;
use moead_runtime::engine::{Engine as _, Output};
use moead_runtime::preprocess::normalize::normalize;
use moead_runtime::preprocess::picture::Picture;
use moead_runtime::preprocess::resize::resize;
use moead_training::checkpoint::Trained;
use moead_training::decoder::Decoder;
use moead_training::presets::Preset;
use moead_training::random::Seed;

/// A preset's decoder, and an engine for the features that it rebuilds.
pub(crate) struct Extractor {
    pub(crate) decoder: Decoder,
    /// Of the network's input.
    pub(crate) size: ImageSize,
    session: Session,
    input: Input,
}

impl Extractor {
    /// * `weights`: a backbone's, of the preset's kind.
    pub(crate) fn new(weights: &Path, preset: Preset) -> Self {
        let backbone = Checkpoint::open(weights).unwrap();
        let reconstruction =
            Reconstruction { features: FeatureForm::Raw, distance: Distance::Euclidean, ..preset.reconstruction() };
        let architecture =
            Architecture::new(preset.backbone(), preset.layers(), 16, preset.input(), reconstruction).unwrap();
        let decoder =
            Decoder::new(architecture.channels(), architecture.grid(), architecture.reconstruction()).unwrap();
        let parameters = preset.initial().draw(decoder.layout(), Seed(0));
        let head =
            Trained { layout: decoder.layout(), parameters: &parameters, normalization: None, statistics: None }.head();
        let weights = WithBackbone::new(&head, &backbone).unwrap();
        let source = Source { file: "weights.pth".into(), sha256: "0".repeat(64), extra: serde_json::Map::default() };
        let form = Form { precision: Precision::F32, moe: Moe::Sparse };
        let exported =
            export::export(&architecture, &weights, form, Provenance { name: "features".into(), source }).unwrap();
        let model = exported.model();
        let session = Session::load(model, &[Output::Features], NonZeroUsize::MIN).unwrap();
        Self { decoder, size: architecture.input(), session, input: model.manifest().input.clone() }
    }

    /// Tokens and channels.
    pub(crate) fn sides(&self) -> [usize; 2] {
        [self.decoder.grid().tokens(), self.decoder.channels()]
    }

    /// Of a picture, tokens x channels.
    pub(crate) fn features(&mut self, picture: &Picture) -> Vec<f32> {
        let planes = normalize(resize(picture, self.input.size()).pixels(), self.input.normalization());
        self.session.run(&planes).unwrap().take(Output::Features).unwrap().data
    }
}
