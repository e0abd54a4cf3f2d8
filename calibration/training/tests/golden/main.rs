//! Steps of the published code, made again: `tests/golden/train_tiny`, with the tolerances of `tests/golden/README.md`.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

use std::collections::BTreeMap;

use moead_model::architecture::{
    Decoder as Kind, Distance, Experts, FeatureForm, NeighborMask, NormPlacement, PositionKind, Reconstruction, Rounds,
    TokenGrid,
};
use moead_tests::golden::{self, Rule};
use moead_tests::synthetic_checkpoint::draw;
use moead_training::decoder::{Decoder, Noise};
use moead_training::jitter::{self, Jitter};
use moead_training::optimizer::{self, AdamW};
use moead_training::random::Seed;
use moead_training::schedule::Schedule;
use moead_training::trainer::{Recipe, Trainer};
use safetensors::SafeTensors;
use serde_json::Value;

const PREFIX: &str = "reconstruction.";

struct Case {
    facts: Value,
    rules: Vec<Rule>,
    expected: BTreeMap<String, Vec<f32>>,
}

impl Case {
    fn open() -> Self {
        let folder = golden::root().join("tests/golden/train_tiny");
        let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
        let bytes = read("expected.safetensors");
        let numbers = |bytes: &[u8]| bytes.as_chunks::<4>().0.iter().map(|x| f32::from_le_bytes(*x)).collect();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let expected = tensors.iter().map(|(name, view)| (name.to_owned(), numbers(view.data()))).collect();
        Self {
            facts: serde_json::from_slice(&read("case.json")).unwrap(),
            rules: serde_json::from_slice(&read("tensors.json")).unwrap(),
            expected,
        }
    }

    /// As its `arch` says.
    fn decoder(&self) -> Decoder {
        let reconstruction = Reconstruction {
            features: FeatureForm::Raw,
            distance: Distance::Euclidean,
            hidden: 32,
            heads: 4,
            feed_forward: 64,
            position: PositionKind::Learned,
            norm: NormPlacement::Post,
            mask: Some(NeighborMask { rows: 3, columns: 3, on: [true; 3] }),
            decoder: Kind::Shared(Rounds {
                rounds: 3,
                experts: Experts { count: 4, top_k: 2 },
                overlapping_norms: false,
            }),
        };
        Decoder::new(192, TokenGrid { rows: 4, columns: 4 }, &reconstruction).unwrap()
    }

    fn trainer(&self, run: &str) -> Trainer {
        let facts = &self.facts;
        let number = |value: &Value| value.as_f64().unwrap();
        let decoder = self.decoder();
        let mut parameters = vec![f32::NAN; decoder.layout().length()];
        let seed = facts["seed"].as_str().unwrap();
        for rule in self.rules.iter().filter(|rule| rule.name.starts_with(PREFIX)) {
            let entry = decoder.layout().find(&rule.name[PREFIX.len()..]).unwrap_or_else(|| panic!("{}", rule.name));
            assert_eq!(entry.shape, rule.shape, "{}", rule.name);
            parameters[entry.place.clone()].copy_from_slice(&draw(seed, rule).values());
        }
        assert!(parameters.iter().all(|x| x.is_finite()), "every tensor of the decoder is in the checkpoint");
        let recipe = Recipe {
            seed: Seed(0),
            jitter: Jitter::NONE,
            dropout: 0.0,
            optimizer: AdamW {
                betas: [number(&facts["betas"][0]), number(&facts["betas"][1])],
                epsilon: number(&facts["eps"]),
                decay: number(&facts["weight_decay"]),
                most_norm: number(&facts["clip_max_norm"]),
            },
            schedule: Schedule::Drop { rate: number(&facts["runs"][run]["lr"]), after: 1.0 },
            steps: 1000,
        };
        Trainer::new(decoder, parameters, recipe)
    }

    fn batch(&self, step: usize) -> Vec<f32> {
        let features = &self.expected["features"];
        let batch = &features[step * features.len() / 5..][..features.len() / 5];
        let image = batch.len() / 2;
        batch.chunks(image).flat_map(|image| tokens_first(image, 192)).collect()
    }
}

/// C x tokens become tokens x C.
fn tokens_first(image: &[f32], channels: usize) -> Vec<f32> {
    let tokens = image.len() / channels;
    (0..image.len()).map(|at| image[at % channels * tokens + at / channels]).collect()
}

fn close(what: &str, found: f64, wanted: f64, share: f64) {
    assert!((found - wanted).abs() <= share * wanted.abs(), "{what}: {found} instead of {wanted}");
}

/// The parameters after a step are within the case's tolerance.
fn check_parameters(case: &Case, run: &str, step: usize, trainer: &Trainer) {
    let facts = &case.facts["runs"][run];
    let rate = facts["lr"].as_f64().unwrap();
    let stage = format!("step{step}");
    let mut compared = 0;
    for entry in trainer.decoder.layout().entries() {
        let Some(wanted) = case.expected.get(&format!("{run}.{stage}.{}", entry.name)) else { continue };
        compared += 1;
        let found = &trainer.parameters[entry.place.clone()];
        let noise = facts["noise"][&stage][&entry.name].as_f64().unwrap_or(0.0);
        let third = found.len() / 3;
        for (at, (found, wanted)) in found.iter().zip(wanted).enumerate() {
            // The keys' bias has a gradient of 0, and AdamW makes steps of its rounding.
            let is_key_bias = entry.name.ends_with("in_proj_bias") && at / third == 1;
            let steps = if is_key_bias { step as f64 } else { (20.0 * noise).max(0.02) };
            let off = f64::from(found - wanted).abs();
            assert!(off <= steps * rate, "{run} {stage} {}[{at}]: {found} instead of {wanted}", entry.name);
        }
    }
    assert_eq!(compared, trainer.decoder.layout().entries().len(), "{run} {stage}: every tensor is compared");
}

fn check_run(run: &str) {
    let case = Case::open();
    let facts = &case.facts["runs"][run];
    let mut trainer = case.trainer(run);
    for step in 0..5 {
        let batch = case.batch(step);
        if step == 0 {
            check_gradients(&case, &trainer, &batch);
        }
        let found = trainer.step(&batch).unwrap();
        let of = |name: &str| facts[name][step].as_f64().unwrap();
        close(&format!("{run} step {step}, loss"), found.loss.total(), of("loss"), 1e-5);
        close(&format!("{run} step {step}, mse"), found.loss.error, of("mse"), 1e-5);
        close(&format!("{run} step {step}, auxloss"), found.loss.balance, of("auxloss"), 1e-5);
        close(&format!("{run} step {step}, norm"), found.norm, of("grad_norm"), 1e-5);
        if step == 0 || step == 4 {
            check_parameters(&case, run, step + 1, &trainer);
        }
    }
}

fn check_gradients(case: &Case, trainer: &Trainer, batch: &[f32]) {
    let (_, gradients) = trainer.gradients(batch.to_vec(), batch, Noise::NONE);
    let mut compared = 0;
    for entry in trainer.decoder.layout().entries() {
        let Some(wanted) = case.expected.get(&format!("gradient.{}", entry.name)) else {
            assert!(!entry.is_used, "{}: has a gradient", entry.name);
            continue;
        };
        compared += 1;
        let most = wanted.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        for (at, (found, wanted)) in gradients[entry.place.clone()].iter().zip(wanted).enumerate() {
            let off = (found - wanted).abs();
            assert!(off <= 1e-4 * most, "gradient of {}[{at}]: {found} instead of {wanted}", entry.name);
        }
    }
    // All but gains and shifts of two norms.
    assert_eq!(compared, trainer.decoder.layout().entries().len() - 4);
}

#[test]
fn five_steps_are_those_of_the_published_code() {
    check_run("lr2e-4");
}

#[test]
fn so_are_five_larger_ones() {
    check_run("lr2e-3");
}

/// The rows of the batch, in the order of the golden case: T x B.
fn by_image(tokens: &[f32], channels: usize) -> Vec<f32> {
    let rows: Vec<&[f32]> = tokens.chunks(channels).collect();
    let images = 2;
    (0..images).flat_map(|image| rows.iter().skip(image).step_by(images).copied().flatten().copied()).collect()
}

#[test]
fn a_step_with_jitter_is_that_of_the_published_code() {
    let case = Case::open();
    let facts = &case.facts["runs"]["jitter"];
    let mut trainer = case.trainer("jitter");
    let batch = case.batch(0);
    let noise = by_image(&case.expected["jitter.noise"], 192);
    let mut disturbed = batch.clone();
    let scale = case.facts["jitter_scale"].as_f64().unwrap();
    for (token, noise) in disturbed.chunks_mut(192).zip(noise.chunks(192)) {
        jitter::disturb(token, noise, scale);
    }
    for (found, wanted) in disturbed.iter().zip(by_image(&case.expected["jitter.tokens"], 192)) {
        assert!((found - wanted).abs() <= 1e-5 * wanted.abs().max(1.0), "{found} instead of {wanted}");
    }
    let (loss, gradients) = trainer.gradients(disturbed, &batch, Noise::NONE);
    let norm = optimizer::norm(&gradients);
    close("jitter, loss", loss.total(), facts["loss"][0].as_f64().unwrap(), 1e-5);
    close("jitter, norm", norm, facts["grad_norm"][0].as_f64().unwrap(), 1e-5);
    let rate = facts["lr"].as_f64().unwrap();
    let Trainer { decoder, parameters, moments, recipe } = &mut trainer;
    recipe.optimizer.step(decoder.layout(), parameters, moments, &gradients, norm, rate);
    check_parameters(&case, "jitter", 1, &trainer);
}
