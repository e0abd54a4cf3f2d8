//! Experts in eight bits against plain loops over whole numbers, on every unit of the machine.

use proptest::prelude::*;

use super::super::levels::levels;
use super::*;

#[derive(Debug, Clone)]
struct Case {
    hidden: usize,
    inner: usize,
    tokens: Vec<f32>,
    places: Vec<(usize, f32)>,
    weights: [Vec<i8>; 2],
    steps: [Vec<f32>; 2],
    biases: [Vec<f32>; 2],
}

const TOKENS: (f32, u8) = (1.0 / 127.0, 128);
const HIDDEN: (f32, u8) = (1.0 / 255.0, 0);
const LEAST: f32 = 1e-30;

fn cases() -> impl Strategy<Value = Case> {
    let largest = if cfg!(miri) { 6_usize } else { 90 };
    (1..=largest, 1..=largest, 1..=largest).prop_flat_map(|(tokens, hidden, inner)| {
        let numbers = |count| prop::collection::vec(-1.0_f32..1.0, count);
        let bytes = |count| prop::collection::vec(-127_i8..=127, count);
        let steps = |count| prop::collection::vec(1e-3_f32..1e-2, count);
        let places = prop::collection::vec(prop::option::of(0.0_f32..1.0), tokens).prop_map(|gates| {
            gates.into_iter().enumerate().filter_map(|(token, gate)| gate.map(|gate| (token, gate))).collect()
        });
        let first = (bytes(hidden * inner), steps(inner), numbers(inner));
        let second = (bytes(inner * hidden), steps(hidden), numbers(hidden));
        (numbers(tokens * hidden), places, first, second).prop_map(move |(tokens, places, first, second)| Case {
            hidden,
            inner,
            tokens,
            places,
            weights: [first.0, second.0],
            steps: [first.1, second.1],
            biases: [first.2, second.2],
        })
    })
}

/// A row in steps: whole numbers from which `zero` was taken away, and the step.
fn rounded(row: &[f32], (part, zero): (f32, u8)) -> (Vec<i32>, f32) {
    let step = row.iter().fold(0.0_f32, |largest, x| largest.max(x.abs())) * part + LEAST;
    let byte = |x: &f32| ((x * (1.0 / step)).round_ties_even() + f32::from(zero)) as u8;
    (row.iter().map(|x| i32::from(byte(x)) - i32::from(zero)).collect(), step)
}

impl Case {
    fn layer(&self, which: usize, row: &[f32], grain: (f32, u8)) -> Vec<f32> {
        let (numbers, step) = rounded(row, grain);
        let count = self.biases[which].len();
        let column = |column: usize| {
            let weights = self.weights[which].iter().skip(column).step_by(count);
            let sum: i32 = numbers.iter().zip(weights).map(|(x, &weight)| x * i32::from(weight)).sum();
            sum as f32 * step * self.steps[which][column] + self.biases[which][column]
        };
        (0..count).map(column).collect()
    }

    /// The scalar twin.
    fn plain(&self) -> Vec<f32> {
        let mut result = self.tokens.clone();
        for &(token, gate) in &self.places {
            let row = &self.tokens[token * self.hidden..][..self.hidden];
            let inner: Vec<f32> = self.layer(0, row, TOKENS).into_iter().map(|x| x.max(0.0)).collect();
            for (index, x) in self.layer(1, &inner, HIDDEN).into_iter().enumerate() {
                result[token * self.hidden + index] += x * gate;
            }
        }
        result
    }

    fn run(&self, level: Level, unit: Unit) -> Vec<f32> {
        let sides = [(self.hidden, self.inner), (self.inner, self.hidden)];
        let packed = [0, 1].map(|which| unit.pack(sides[which], &self.weights[which]));
        let sums = [0, 1].map(|which| {
            let columns = sides[which].1;
            (0..columns)
                .map(|column| self.weights[which].iter().skip(column).step_by(columns).map(|&w| i32::from(w)).sum())
                .collect::<Vec<i32>>()
        });
        let [first, second] = [0, 1].map(|which| Layer {
            weights: &packed[which],
            sums: &sums[which],
            steps: &self.steps[which],
            bias: &self.biases[which],
        });
        let grain = |(part, zero)| Grain::new(part, LEAST, zero);
        let expert = Expert { first, second, grain: grain(HIDDEN) };
        let tokens = Words::of_rows((level, unit), &self.tokens, self.hidden, grain(TOKENS));
        let mut output = self.tokens.clone();
        add_expert((level, unit), expert, (&tokens, 0), &self.places, &mut output);
        output
    }
}

/// Every unit that this machine has, with its level.
fn units() -> Vec<(Level, Unit)> {
    let of_levels = levels().into_iter().map(|level| (level, Unit::of(level)));
    of_levels.chain([(Level::new(), Unit::Plain)]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 64 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_unit_computes_the_same_bits_as_plain_loops(case in cases()) {
        let plain = case.plain();
        for (level, unit) in units() {
            prop_assert_eq!(&case.run(level, unit), &plain, "{:?}", unit);
        }
    }
}

#[test]
fn the_largest_products_do_not_saturate() {
    let (hidden, inner) = (64, 1024);
    let case = Case {
        hidden,
        inner,
        tokens: vec![1.0; hidden],
        places: vec![(0, 1.0)],
        weights: [vec![127; hidden * inner], vec![-127; inner * hidden]],
        steps: [vec![0.01; inner], vec![0.01; hidden]],
        biases: [vec![0.0; inner], vec![0.0; hidden]],
    };
    for (level, unit) in units() {
        assert_eq!(case.run(level, unit), case.plain(), "{unit:?}");
    }
}

#[test]
fn an_expert_without_tokens_adds_nothing() {
    let case = Case {
        hidden: 3,
        inner: 5,
        tokens: vec![1.0; 6],
        places: Vec::new(),
        weights: [vec![1; 15], vec![1; 15]],
        steps: [vec![1.0; 5], vec![1.0; 3]],
        biases: [vec![1.0; 5], vec![1.0; 3]],
    };
    for (level, unit) in units() {
        assert_eq!(case.run(level, unit), case.tokens);
    }
}
