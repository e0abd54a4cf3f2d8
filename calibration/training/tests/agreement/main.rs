//! What training judges by is what the exported network says: the plain evaluation of the exporter, which shares no code with the trainer, gives the
//! same score.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

use moead_exporter::checkpoint::Checkpoint;
use moead_exporter::reference::{self, Arithmetic};
use moead_exporter::resolve::{self, Wishes, WithBackbone};
use moead_exporter::weights::Weights;
use moead_model::architecture::{Architecture, Distance, FeatureForm, NormPlacement, Reconstruction};
use moead_model::self_test;
use moead_runtime::preprocess::normalize::normalize;
use moead_tests::golden::Case;
use moead_tests::synthetic_checkpoint::{Checkpoint as Drawn, Form};
use moead_training::checkpoint::{self, Trained};
use moead_training::decoder::Decoder;
use moead_training::normalization::Normalization;
use moead_training::random::{Purpose, Seed};
use moead_training::residuals::Rebuilder;
use moead_training::statistics::{Kind, Statistics};
use moead_training::validation;
use nalgebra::linalg::SymmetricEigen;
use nalgebra::{DMatrix, DVector};

/// Of the largest distance.
const TOLERANCE: f64 = 1e-5;

/// Vectors that hang together, of each picture tokens x channels.
fn vectors(count: usize, [tokens, channels]: [usize; 2]) -> Vec<Vec<f32>> {
    let mut random = Seed(6).stream(Purpose::Order, &[]);
    let mut picture = || -> Vec<f32> {
        let common = [random.normals(), random.normals()].as_flattened().to_vec();
        let value = |at: usize| {
            let (place, channel) = (at / channels, at % channels);
            let spread = 2.0 * 0.98_f64.powi(channel as i32) * (1.0 + place as f64 / tokens as f64);
            let shared = common[channel % 4] * (1.0 + (channel % 7) as f64);
            (0.3 * place as f64 + 0.01 * channel as f64 + spread * random.normals()[0] + shared) as f32
        };
        (0..tokens * channels).map(value).collect()
    };
    (0..count).map(|_| picture()).collect()
}

/// By the definition, with covariances inverted as they are: distance of each place, in 64 bits.
fn by_definition(kind: Kind, [tokens, channels]: [usize; 2], pictures: &[Vec<f32>], residuals: &[f64]) -> Vec<f64> {
    let (count, at) = (pictures.len() as f64, |place: usize| place * channels..(place + 1) * channels);
    let of_place = |place: usize| -> (DMatrix<f64>, DVector<f64>) {
        let rows = DMatrix::from_fn(pictures.len(), channels, |n, c| f64::from(pictures[n][at(place)][c]));
        let mean = rows.row_mean().transpose();
        (DMatrix::from_fn(rows.nrows(), channels, |n, c| rows[(n, c)] - mean[c]), mean)
    };
    let places: Vec<_> = (0..tokens).map(of_place).collect();
    let residual = |place: usize| DVector::from_column_slice(&residuals[at(place)]) - &places[place].1;
    match kind {
        Kind::PositionStd => {
            let deviation = |place: usize, c: usize| (places[place].0.column(c).norm_squared() / (count - 1.0)).sqrt();
            let all = (0..tokens).flat_map(|place| (0..channels).map(move |c| (place, c)));
            let least = 1e-3 * all.map(|(place, c)| deviation(place, c)).fold(0.0, f64::max);
            let distance =
                |place| residual(place).map_with_location(|c, _, r| r / deviation(place, c).max(least)).norm();
            (0..tokens).map(distance).collect()
        }
        Kind::PositionCov(axes) => {
            let pooled: DMatrix<f64> = places.iter().map(|(rows, _)| rows.transpose() * rows).sum();
            let eigen = SymmetricEigen::new(pooled);
            let mut order: Vec<usize> = (0..channels).collect();
            order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
            let leading = eigen.eigenvectors.select_columns(&order[..axes]);
            let distance = |place: usize| {
                let along = &places[place].0 * &leading;
                let mut covariance = along.transpose() * &along / (count - 1.0);
                let more = 0.02 * covariance.trace() / axes as f64;
                (0..axes).for_each(|axis| covariance[(axis, axis)] += more);
                let y = leading.transpose() * residual(place);
                y.dot(&covariance.lu().solve(&y).unwrap()).sqrt()
            };
            (0..tokens).map(distance).collect()
        }
    }
}

fn check(form: FeatureForm, norm: NormPlacement, distance: Distance) {
    let folder = tempfile::tempdir().unwrap();
    let published = folder.path().join("tiny.safetensors");
    Drawn::of(&Case::small("tiny")).write(Form::Safetensors, &published);
    let published = Checkpoint::open(&published).unwrap();
    let resolved = resolve::resolve(&published, published.architecture(), Wishes::default()).unwrap();
    let before = &resolved.architecture;
    let reconstruction = Reconstruction { features: form, norm, distance, ..before.reconstruction().clone() };
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

    let sides = [grid.tokens(), channels];
    let pictures = vectors(60, sides);
    let statistics = Kind::of(distance).map(|kind| {
        let show = |visit: &mut dyn FnMut(&[f32])| {
            pictures.iter().for_each(|picture| visit(picture));
            Ok(())
        };
        Statistics::fit(kind, sides, &show).unwrap()
    });

    // Through the file that a user gets.
    let layout = decoder.layout();
    let (normalization, statistics) = (normalization.as_ref(), statistics.as_ref());
    let trained = Trained { layout, parameters: &parameters, normalization, statistics };
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
    let (mut aligned, mut rebuilt) = (Vec::new(), Vec::new());
    let mut observe = |name: &str, tensor: &reference::Tensor| match name {
        "feature_align" => aligned = tensor.data.clone(),
        "feature_rec" => rebuilt = tensor.data.clone(),
        _ => {}
    };
    let answer = reference::evaluate(&architecture, &written, Arithmetic::Exact, &image, &mut observe).unwrap();
    let by_token = |map: &[f64]| -> Vec<f64> {
        (0..map.len()).map(|at| map[at % channels * grid.tokens() + at / channels]).collect()
    };
    let features = by_token(&aligned);
    let rebuilder = Rebuilder { decoder: &decoder, parameters: &parameters, normalization };
    let found = validation::scores_of(rebuilder, statistics, features.iter().map(|x| *x as f32).collect(), size);
    let wanted = answer.pred_score;
    assert!((f64::from(found[0]) - wanted).abs() < 1e-4 * wanted, "{found:?} instead of {wanted}");

    let Some(kind) = Kind::of(distance) else { return };
    let mut residuals = features;
    if let Some(Normalization { mean, scale }) = normalization {
        for (at, x) in residuals.iter_mut().enumerate() {
            *x = (*x - f64::from(mean[at])) * f64::from(scale[at % channels]);
        }
    }
    residuals.iter_mut().zip(by_token(&rebuilt)).for_each(|(x, rebuilt)| *x -= rebuilt);
    let wanted = by_definition(kind, sides, &pictures, &residuals);
    let largest = wanted.iter().copied().fold(0.0, f64::max);
    for (place, (found, wanted)) in answer.anomaly_grid.iter().zip(&wanted).enumerate() {
        // The checkpoint holds 32 bits of each number: 6e-8 of it, and some hundred of them make a distance.
        assert!((found - wanted).abs() < TOLERANCE * largest, "{distance}, place {place}: {found} instead of {wanted}");
    }
}

#[test]
fn raw_features_score_as_the_exported_network_does() {
    check(FeatureForm::Raw, NormPlacement::Post, Distance::Euclidean);
    check(FeatureForm::Raw, NormPlacement::Pre, Distance::Euclidean);
}

#[test]
fn normalised_features_do_too() {
    check(FeatureForm::Normalized, NormPlacement::Post, Distance::Euclidean);
}

#[test]
fn distances_in_deviations_are_those_of_the_definition() {
    check(FeatureForm::Raw, NormPlacement::Post, Distance::PositionStd);
    check(FeatureForm::Normalized, NormPlacement::Post, Distance::PositionStd);
}

#[test]
fn whitened_distances_are_those_of_the_definition() {
    check(FeatureForm::Raw, NormPlacement::Post, Distance::PositionCov { axes: 1 });
    check(FeatureForm::Raw, NormPlacement::Post, Distance::PositionCov { axes: 21 });
    check(FeatureForm::Normalized, NormPlacement::Post, Distance::PositionCov { axes: 64 });
}
