//! Experts against plain loops in 64 bits, on every vector unit of the machine.

use proptest::prelude::*;

use super::super::levels::levels;
use super::super::matmul::Columns;
use super::*;

#[derive(Debug, Clone)]
struct Case {
    hidden: usize,
    inner: usize,
    tokens: Vec<f32>,
    places: Vec<(usize, f32)>,
    first: Vec<f32>,
    first_bias: Vec<f32>,
    second: Vec<f32>,
    second_bias: Vec<f32>,
}

fn cases() -> impl Strategy<Value = Case> {
    let largest = if cfg!(miri) { 6_usize } else { 50 };
    (1..=largest, 1..=largest, 1..=largest).prop_flat_map(|(tokens, hidden, inner)| {
        let numbers = |count| prop::collection::vec(-1.0_f32..1.0, count);
        let places = prop::collection::vec(prop::option::of(0.0_f32..1.0), tokens).prop_map(|gates| {
            gates.into_iter().enumerate().filter_map(|(token, gate)| gate.map(|gate| (token, gate))).collect()
        });
        let weights = (numbers(hidden * inner), numbers(inner), numbers(inner * hidden), numbers(hidden));
        (numbers(tokens * hidden), places, weights).prop_map(
            move |(tokens, places, (first, first_bias, second, second_bias))| Case {
                hidden,
                inner,
                tokens,
                places,
                first,
                first_bias,
                second,
                second_bias,
            },
        )
    })
}

impl Case {
    /// The scalar twin.
    fn plain(&self) -> Vec<f64> {
        let mut result: Vec<f64> = self.tokens.iter().map(|&x| f64::from(x)).collect();
        for &(token, gate) in &self.places {
            let x = &self.tokens[token * self.hidden..][..self.hidden];
            let layer = |x: &[f64], weights: &[f32], bias: &[f32]| -> Vec<f64> {
                (0..bias.len())
                    .map(|column| {
                        let products =
                            x.iter().enumerate().map(|(k, x)| x * f64::from(weights[k * bias.len() + column]));
                        products.sum::<f64>() + f64::from(bias[column])
                    })
                    .collect()
            };
            let x: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
            let inner: Vec<f64> = layer(&x, &self.first, &self.first_bias).into_iter().map(|x| x.max(0.0)).collect();
            for (index, x) in layer(&inner, &self.second, &self.second_bias).into_iter().enumerate() {
                result[token * self.hidden + index] += x * f64::from(gate);
            }
        }
        result
    }

    fn run(&self, level: Level) -> Vec<f32> {
        let cut: Columns = columns(level);
        let first = Right::pack(cut, (self.hidden, self.inner), &self.first);
        let second = Right::pack(cut, (self.inner, self.hidden), &self.second);
        let expert = Expert {
            first: Right::new(cut, (self.hidden, self.inner), &first),
            first_bias: &self.first_bias,
            second: Right::new(cut, (self.inner, self.hidden), &second),
            second_bias: &self.second_bias,
        };
        let mut output = self.tokens.clone();
        let mut scratch = Scratch::default();
        add_expert(level, expert, &self.tokens, &self.places, &mut output, &mut scratch);
        output
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 128 }, ..ProptestConfig::default() })]

    /// At most 50 * 50 products of numbers below 1: 1e-3 is less than 4 roundings of each.
    #[test]
    fn an_expert_agrees_with_the_scalar_twin_for_any_tokens(case in cases()) {
        let wanted = case.plain();
        for level in levels() {
            for (place, (found, wanted)) in case.run(level).into_iter().zip(&wanted).enumerate() {
                let close = (f64::from(found) - wanted).abs() <= 2e-5 * wanted.abs().max(10.0);
                prop_assert!(close, "{:?}, place {}: {} instead of {}", level, place, found, wanted);
            }
        }
    }
}

#[test]
fn tokens_that_did_not_choose_the_expert_are_left_alone_bit_for_bit() {
    let (hidden, inner) = (20, 9);
    let tokens: Vec<f32> = (0..7 * hidden).map(|index| index as f32 * 0.37).collect();
    let [first, second] = [vec![0.5; hidden * inner], vec![f32::NAN; inner * hidden]];
    let case = Case {
        hidden,
        inner,
        tokens: tokens.clone(),
        places: vec![(1, 0.5), (4, 0.25)],
        first,
        first_bias: vec![1.0; inner],
        second,
        second_bias: vec![0.0; hidden],
    };
    for level in levels() {
        for (token, (found, before)) in case.run(level).chunks(hidden).zip(tokens.chunks(hidden)).enumerate() {
            match token {
                1 | 4 => assert!(found.iter().all(|x| x.is_nan()), "{level:?}: token {token}: {found:?}"),
                _ => assert_eq!(found, before, "{level:?}: token {token}"),
            }
        }
    }
}
