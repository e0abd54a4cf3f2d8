//! What training judges by is what the exported network says: the plain evaluation of the exporter, which shares no code with the trainer, gives the
//! same score.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

use moead_exporter::checkpoint::Checkpoint;
use moead_exporter::reference::{self, Arithmetic};
use moead_exporter::resolve::{self, Wishes, WithBackbone};
use moead_exporter::weights::Weights;
use moead_model::architecture::{Architecture, FeatureForm, NormPlacement, Reconstruction};
use moead_model::self_test;
use moead_runtime::preprocess::normalize::normalize;
use moead_tests::golden::Case;
use moead_tests::synthetic_checkpoint::{Checkpoint as Drawn, Form};
use moead_training::checkpoint::{self, Trained};
use moead_training::decoder::Decoder;
use moead_training::normalization::Normalization;
use moead_training::random::{Purpose, Seed};
use moead_training::validation;

fn check(form: FeatureForm, norm: NormPlacement) {
    let folder = tempfile::tempdir().unwrap();
    let published = folder.path().join("tiny.safetensors");
    Drawn::of(&Case::small("tiny")).write(Form::Safetensors, &published);
    let published = Checkpoint::open(&published).unwrap();
    let resolved = resolve::resolve(&published, published.architecture(), Wishes::default()).unwrap();
    let before = &resolved.architecture;
    let reconstruction = Reconstruction { features: form, norm, ..before.reconstruction().clone() };
    let architecture =
        Architecture::new(before.backbone(), before.layers().to_vec(), 16, before.input(), reconstruction).unwrap();
    let (channels, grid) = (architecture.channels(), architecture.grid());
    let decoder = Decoder::new(channels, grid, architecture.reconstruction()).unwrap();
    let mut random = Seed(4).stream(Purpose::Initial, &[]);
    let mut draw = |count: usize, low: f64, high: f64| -> Vec<f32> {
        (0..count).map(|_| random.between(low, high) as f32).collect()
    };
    let parameters = draw(decoder.layout().length(), -0.5, 0.5);
    let normalization = (form == FeatureForm::Normalized)
        .then(|| Normalization { mean: draw(grid.tokens() * channels, -1.0, 1.0), scale: draw(channels, 0.5, 2.0) });

    // Through the file that a user gets.
    let trained = Trained { layout: decoder.layout(), parameters: &parameters, normalization: normalization.as_ref() };
    let head = trained.head();
    let backbone = WithBackbone::new(&head, &published).unwrap();
    let path = folder.path().join("trained.safetensors");
    checkpoint::write(&path, &architecture, &backbone).unwrap();
    let written = Checkpoint::open(&path).unwrap();
    let again = resolve::resolve(&written, written.architecture(), Wishes::default()).unwrap();
    assert_eq!(again.architecture, architecture);
    assert!(again.assumed.is_empty() && again.unknown_keys.is_empty(), "{again:?}");
    for entry in decoder.layout().entries() {
        let read = written.read(&format!("reconstruction.{}", entry.name)).unwrap();
        assert_eq!(read, parameters[entry.place.clone()], "{}", entry.name);
    }

    let size = architecture.input();
    let image = normalize(&self_test::picture(2, size), architecture.backbone().normalization());
    let mut aligned = Vec::new();
    let answer = reference::evaluate(&architecture, &written, Arithmetic::Exact, &image, &mut |name, tensor| {
        if name == "feature_align" {
            aligned = tensor.data.iter().map(|x| *x as f32).collect();
        }
    });
    let tokens = grid.tokens();
    let features = (0..aligned.len()).map(|at| aligned[at % channels * tokens + at / channels]).collect();
    let found = validation::scores_of(&decoder, &parameters, normalization.as_ref(), features, size);
    let wanted = answer.unwrap().pred_score;
    assert!((f64::from(found[0]) - wanted).abs() < 1e-4 * wanted, "{found:?} instead of {wanted}");
}

#[test]
fn raw_features_score_as_the_exported_network_does() {
    check(FeatureForm::Raw, NormPlacement::Post);
    check(FeatureForm::Raw, NormPlacement::Pre);
}

#[test]
fn normalised_features_do_too() {
    check(FeatureForm::Normalized, NormPlacement::Post);
}
