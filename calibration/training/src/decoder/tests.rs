//! Derivatives against differences, in 64 bits, for networks of many shapes.

use moead_model::architecture::{Distance, Experts, FeatureForm, NeighborMask, PositionKind};
use proptest::prelude::*;

use super::*;
use crate::random::{Purpose, Stream};

#[derive(Debug, Clone)]
struct Shape {
    channels: usize,
    grid: TokenGrid,
    images: usize,
    reconstruction: Reconstruction,
    dropout: f64,
    seed: u64,
}

fn shapes() -> impl Strategy<Value = Shape> {
    let sizes = (1..7_usize, 1..4_usize, 1..4_usize, 1..3_usize, 1..4_usize, 1..3_usize);
    let experts = (1..5_usize).prop_flat_map(|count| (Just(count), 1..=count));
    let choices = (any::<[bool; 5]>(), experts, prop_oneof![Just(0.0), Just(0.3)], any::<u64>());
    (sizes, choices).prop_map(|((channels, rows, columns, images, rounds, heads), (flags, experts, dropout, seed))| {
        let [is_sine, is_pre, is_masked, overlaps, on] = flags;
        let grid = TokenGrid { rows, columns };
        let mask = NeighborMask { rows: 1, columns: 1, on: [false, on, true] };
        let is_blind = mask.blinded_token(grid).is_some();
        let reconstruction = Reconstruction {
            features: FeatureForm::Raw,
            distance: Distance::Euclidean,
            hidden: 4 * heads,
            heads,
            feed_forward: 5,
            position: if is_sine { PositionKind::Sine } else { PositionKind::Learned },
            norm: if is_pre { NormPlacement::Pre } else { NormPlacement::Post },
            mask: (is_masked && !is_blind).then_some(mask),
            decoder: Kind::Shared(Rounds {
                rounds,
                experts: Experts { count: experts.0, top_k: experts.1 },
                overlapping_norms: overlaps,
            }),
        };
        Shape { channels, grid, images, reconstruction, dropout, seed }
    })
}

fn numbers(random: &mut Stream, count: usize) -> Vec<f64> {
    (0..count).map(|_| random.between(-1.0, 1.0)).collect()
}

/// A sum of all that is rebuilt, each with a weight of its own, and of the balance.
fn value(decoder: &Decoder, parameters: &[f64], features: &[f64], noise: Noise, weights: &[f64]) -> f64 {
    let passed = decoder.forward(parameters, features.to_vec(), noise);
    passed.rebuilt.iter().zip(weights).map(|(a, b)| a * b).sum::<f64>() + 0.5 * passed.balance
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    /// Along a random direction for each tensor: a step so small that hardly a choice of experts or a ReLU turns over. Where one does, the
    /// differences on both sides disagree, and say nothing.
    #[test]
    fn gradients_are_those_of_differences(shape in shapes()) {
        const STEP: f64 = 1e-6;
        let decoder = Decoder::new(shape.channels, shape.grid, &shape.reconstruction).unwrap();
        let mut random = Seed(shape.seed).stream(Purpose::Initial, &[]);
        let mut parameters = numbers(&mut random, decoder.layout().length());
        // Away from 0, where the balance term explodes.
        for entry in decoder.layout().entries().iter().filter(|entry| entry.name.ends_with("gate.bias")) {
            parameters[entry.place.clone()].iter_mut().for_each(|bias| *bias += 3.0);
        }
        let features = numbers(&mut random, shape.images * shape.grid.tokens() * shape.channels);
        let weights = numbers(&mut random, features.len());
        let noise = Noise { seed: Seed(shape.seed), step: 3, dropout: shape.dropout };
        let passed = decoder.forward(&parameters, features.clone(), noise);
        let gradients = decoder.backward(&parameters, &passed, noise, &weights, 0.5);
        let here = value(&decoder, &parameters, &features, noise, &weights);
        let mut smooth = 0;
        for entry in decoder.layout().entries() {
            let direction = numbers(&mut random, entry.place.len());
            let at = |step: f64| {
                let mut moved = parameters.clone();
                moved[entry.place.clone()].iter_mut().zip(&direction).for_each(|(x, d)| *x += step * d);
                value(&decoder, &moved, &features, noise, &weights)
            };
            let (before, after) = ((here - at(-STEP)) / STEP, (at(STEP) - here) / STEP);
            let derivative: f64 =
                gradients[entry.place.clone()].iter().zip(&direction).map(|(gradient, d)| gradient * d).sum();
            let size = before.abs().max(after.abs()).max(1.0);
            if (before - after).abs() > 1e-3 * size {
                continue;
            }
            smooth += 1;
            let middle = (before + after) / 2.0;
            prop_assert!((derivative - middle).abs() < 1e-5 * size, "{}: {} instead of {}", entry.name, derivative, middle);
            prop_assert!(entry.is_used || gradients[entry.place.clone()].iter().all(|gradient| *gradient == 0.0));
        }
        prop_assert!(smooth * 2 > decoder.layout().entries().len(), "{smooth} tensors could be compared");
    }

    /// The number of threads does not show.
    #[test]
    fn threads_do_not_change_a_bit(shape in shapes()) {
        let decoder = Decoder::new(shape.channels, shape.grid, &shape.reconstruction).unwrap();
        let mut random = Seed(shape.seed).stream(Purpose::Initial, &[]);
        let mut draw = |count: usize| numbers(&mut random, count).iter().map(|x| *x as f32).collect::<Vec<_>>();
        let parameters = draw(decoder.layout().length());
        let features = draw(shape.images * shape.grid.tokens() * shape.channels);
        let noise = Noise { seed: Seed(shape.seed), step: 3, dropout: shape.dropout };
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let passed = decoder.forward(&parameters, features.clone(), noise);
                let gradients = decoder.backward(&parameters, &passed, noise, &features, 0.01);
                (passed.rebuilt, gradients)
            })
        };
        prop_assert_eq!(run(1), run(3));
    }
}

#[test]
fn a_stacked_decoder_is_refused() {
    let stacked = moead_model::architecture::Stacked {
        encoder_layers: 1,
        decoder_layers: 1,
        activation: moead_model::architecture::Activation::Relu,
    };
    let reconstruction = Reconstruction {
        features: FeatureForm::Raw,
        distance: Distance::Euclidean,
        hidden: 4,
        heads: 1,
        feed_forward: 4,
        position: PositionKind::Sine,
        norm: NormPlacement::Post,
        mask: None,
        decoder: Kind::Stacked(stacked),
    };
    let error = Decoder::new(3, TokenGrid { rows: 2, columns: 2 }, &reconstruction).unwrap_err();
    assert_eq!(error.to_string(), "reconstruction: expected MoEAD's shared block, found stacked layers (UniAD)");
}
