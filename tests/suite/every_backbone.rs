//! Every backbone, with settings that no golden case has: the exported graph on tract against the plain evaluation. The two
//! share no code, so a wrong stage table in one of them shows.

use std::collections::HashMap;

use moead_exporter::checkpoint::TensorError;
use moead_exporter::export::{self, Provenance};
use moead_exporter::reference;
use moead_exporter::resolve::expected_tensors;
use moead_exporter::weights::Weights;
use moead_model::architecture::{
    Activation, Architecture, Backbone, Decoder, Distance, Experts, FeatureForm, ImageSize, NeighborMask,
    NormPlacement, PositionKind, Reconstruction, Rounds, Stacked,
};
use moead_model::manifest::Source;
use moead_model::self_test;
use moead_runtime::preprocess::normalize::normalize;
use moead_tests::compare::Failures;
use moead_tests::golden::Rule;
use moead_tests::synthetic_checkpoint::draw;

use crate::engines::{OUTPUTS, tract};
use crate::problem::FORMS;

/// Tensors drawn from a seed, in memory.
struct Drawn {
    order: Vec<String>,
    tensors: HashMap<String, (Vec<usize>, Vec<f32>)>,
}

impl Drawn {
    /// Weights keep variances near 1: uniform with variance 2 / fan-in before an activation; norms around 1.
    fn new(architecture: &Architecture) -> Self {
        let tensors = expected_tensors(architecture);
        let order = tensors.iter().map(|(name, _)| name.clone()).collect();
        let drawn = tensors.into_iter().map(|(name, shape)| {
            let inputs: usize = shape.iter().skip(1).product::<usize>().max(1);
            let (offset, scale) = match (name.rsplit('.').next().unwrap_or_default(), shape.len()) {
                ("running_var", _) => (1.0, 0.3),
                ("running_mean" | "bias" | "in_proj_bias", _) => (0.0, 0.1),
                (_, 1) => (1.0, 0.1),
                // Experts are 1 x out x in.
                (_, 3) => (0.0, (3.0 / shape[2] as f64).sqrt()),
                _ if name.contains("embed") => (0.0, 1.0),
                _ if name.contains("gate") => (0.0, 2.0 * (3.0 / inputs as f64).sqrt()),
                _ => (0.0, (6.0 / inputs as f64).sqrt()),
            };
            let rule = Rule { name: name.clone(), dtype: "F32".into(), shape: shape.clone(), offset, scale, value: 0 };
            (name, (shape, draw("backbones", &rule).values()))
        });
        Self { order, tensors: drawn.collect() }
    }
}

impl Weights for Drawn {
    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.order.iter().map(String::as_str))
    }

    fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|(shape, _)| &shape[..])
    }

    fn read(&self, name: &str) -> Result<Vec<f32>, TensorError> {
        let found = self.tensors.get(name).ok_or_else(|| TensorError::Missing { name: name.to_owned() });
        found.map(|(_, values)| values.clone())
    }
}

/// Five kinds of decoder in turn: rounds before and after norms, overlapping norms, stacks with either activation.
fn reconstruction(kind: usize) -> Reconstruction {
    let rounds = |top_k, overlapping_norms| {
        Decoder::Shared(Rounds { rounds: 2, experts: Experts { count: 3, top_k }, overlapping_norms })
    };
    let stack = |activation| Decoder::Stacked(Stacked { encoder_layers: 1, decoder_layers: 2, activation });
    let (decoder, norm, position) = match kind % 5 {
        0 => (rounds(2, false), NormPlacement::Post, PositionKind::Learned),
        1 => (rounds(1, false), NormPlacement::Pre, PositionKind::Sine),
        2 => (rounds(2, true), NormPlacement::Post, PositionKind::Sine),
        3 => (stack(Activation::Relu), NormPlacement::Pre, PositionKind::Learned),
        _ => (stack(Activation::Gelu), NormPlacement::Post, PositionKind::Sine),
    };
    let features = if kind.is_multiple_of(2) { FeatureForm::Raw } else { FeatureForm::Normalized };
    let distance = match kind % 3 {
        0 => Distance::Euclidean,
        1 => Distance::PositionStd,
        // More than a panel, and less than two.
        _ => Distance::PositionCov { axes: 21 },
    };
    let mask = NeighborMask { rows: 1, columns: 3, on: [true, kind.is_multiple_of(2), true] };
    let mask = Some(mask);
    Reconstruction { features, distance, hidden: 16, heads: 2, feed_forward: 24, position, norm, mask, decoder }
}

fn check(backbone: Backbone, kind: usize) {
    let layers: Vec<usize> = match kind % 3 {
        0 => (1..=backbone.layers().len()).collect(),
        1 => vec![2, 4],
        _ => vec![3],
    };
    // Sides that the deepest stride divides, not square, and no power of two.
    let size = ImageSize { height: 64, width: 96 };
    let architecture = Architecture::new(backbone, layers, 16, size, reconstruction(kind)).expect("a network");
    let weights = Drawn::new(&architecture);
    let input = export::input(&architecture);
    let image = normalize(&self_test::picture(3, size), input.normalization());
    let answer = reference::evaluate(&architecture, &weights, reference::Arithmetic::Exact, &image, &mut |_, _| {})
        .expect("a whole network");
    assert!(answer.pred_score.is_finite() && answer.pred_score > 0.0);
    let mut failures = Failures::default();
    for form in &FORMS[..2] {
        let source = Source { file: "x".into(), sha256: "0".repeat(64), extra: serde_json::Map::default() };
        let provenance = Provenance { name: "x".into(), source };
        let exported = export::export(&architecture, &weights, *form, provenance).expect("a model");
        let found = tract::answer(exported.model(), &image, &OUTPUTS, &[]);
        let what = |output: &str| format!("{backbone}, kind {kind}, {:?}: {output}", form.moe);
        for node in tract::left_to_tract(exported.model(), &image) {
            failures.add(format!("{} is not replaced", what(&node)));
        }
        // Without normal statistics features grow with depth, and f32's noise with them; a wrong pad or stride is at 1e-1.
        failures.check(&what("map"), &answer.anomaly_map, &found["anomaly_map"], 1e-4);
        failures.check(&what("score"), &[answer.pred_score], &found["pred_score"], 1e-4);
        failures.check(&what("embedding"), &answer.embedding, &found["embedding"], 1e-4);
    }
    failures.finish();
}

macro_rules! for_each_backbone {
    ($($name:ident: $backbone:ident, $kind:literal;)*) => {
        $(
            #[test]
            fn $name() {
                check(Backbone::$backbone, $kind);
            }
        )*

        #[test]
        fn no_backbone_is_left_out() {
            assert_eq!(Backbone::ALL, [$(Backbone::$backbone),*]);
        }
    };
}

for_each_backbone! {
    efficientnet_b0: EfficientNetB0, 3;
    efficientnet_b1: EfficientNetB1, 0;
    efficientnet_b2: EfficientNetB2, 6;
    efficientnet_b3: EfficientNetB3, 9;
    efficientnet_b4: EfficientNetB4, 12;
    efficientnet_b5: EfficientNetB5, 15;
    efficientnet_b6: EfficientNetB6, 18;
    efficientnet_lite0: EfficientNetLite0, 1;
    resnet18: ResNet18, 2;
    resnet34: ResNet34, 4;
    resnet50: ResNet50, 3;
    resnet101: ResNet101, 6;
    wide_resnet50_2: WideResNet50, 7;
}
