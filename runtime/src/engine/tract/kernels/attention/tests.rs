//! Attention against a plain one in 64 bits, on every vector unit of the machine.

use proptest::prelude::*;

use super::super::levels::levels;
use super::*;

#[derive(Debug, Clone)]
struct Case {
    heads: Heads,
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    mask: Option<Vec<f32>>,
}

fn cases() -> impl Strategy<Value = Case> {
    let largest = if cfg!(miri) { 7_usize } else { 70 };
    (1..5_usize, 1..=largest / 2, 1..=largest / 2, 1..=largest).prop_flat_map(|(count, width, queries, keys)| {
        let heads = Heads { count, width, queries, keys };
        let numbers = |count| prop::collection::vec(-1.5_f32..1.5, count);
        // A query sees at least the first key.
        let mask = prop::collection::vec(prop::bool::ANY, queries * keys).prop_map(move |hidden| {
            hidden
                .into_iter()
                .enumerate()
                .map(|(place, hidden)| if hidden && place % keys != 0 { f32::NEG_INFINITY } else { 0.0 })
                .collect::<Vec<_>>()
        });
        let sizes = (numbers(queries * heads.hidden()), numbers(keys * heads.hidden()), numbers(keys * heads.hidden()));
        (sizes, prop::option::of(mask)).prop_map(move |((queries, keys, values), mask)| Case {
            heads,
            queries,
            keys,
            values,
            mask,
        })
    })
}

impl Case {
    /// The scalar twin.
    fn plain(&self) -> Vec<f64> {
        let Heads { count, width, queries, keys } = self.heads;
        let mut result = vec![0.0; queries * count * width];
        for head in 0..count {
            let of = |numbers: &[f32], token: usize, index: usize| {
                f64::from(numbers[token * count * width + head * width + index])
            };
            for query in 0..queries {
                let scores: Vec<f64> = (0..keys)
                    .map(|key| {
                        let score: f64 =
                            (0..width).map(|index| of(&self.queries, query, index) * of(&self.keys, key, index)).sum();
                        score + self.mask.as_ref().map_or(0.0, |mask| f64::from(mask[query * keys + key]))
                    })
                    .collect();
                let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let powers: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
                let sum: f64 = powers.iter().sum();
                for index in 0..width {
                    let seen: f64 =
                        powers.iter().enumerate().map(|(key, power)| power * of(&self.values, key, index)).sum();
                    result[query * count * width + head * width + index] = seen / sum;
                }
            }
        }
        result
    }

    fn run(&self, level: Level) -> Vec<f32> {
        let Heads { width, queries, .. } = self.heads;
        let hidden = self.heads.hidden();
        let row = |head: usize, query: usize| &self.queries[query * hidden + head * width..][..width];
        let (packed, keys) = (pack_queries(level, self.heads, row), pack_keys(level, self.heads, &self.keys));
        let inputs = Inputs { queries: &packed, keys: &keys, values: &self.values, mask: self.mask.as_deref() };
        let mut output = vec![f32::NAN; queries * hidden];
        // In two parts, as two threads do it.
        let height = columns(level).height();
        let middle = (queries / 2).div_ceil(height) * height;
        let (first, second) = output.split_at_mut(middle.min(queries) * hidden);
        attend(level, self.heads, inputs, 0..middle.min(queries), first);
        attend(level, self.heads, inputs, middle.min(queries)..queries, second);
        output
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 128 }, ..ProptestConfig::default() })]

    /// Weights are between 0 and 1 and values below 1.5: 1e-5 is some 60 roundings of scores up to 100.
    #[test]
    fn attention_agrees_with_the_scalar_twin(case in cases()) {
        let wanted = case.plain();
        for level in levels() {
            for (place, (found, wanted)) in case.run(level).into_iter().zip(&wanted).enumerate() {
                let close = (f64::from(found) - wanted).abs() < 2e-5;
                prop_assert!(close, "{:?}, place {}: {} instead of {}", level, place, found, wanted);
            }
        }
    }
}

#[test]
fn what_is_not_a_number_stays_with_its_query_and_its_head() {
    let heads = Heads { count: 2, width: 5, queries: 9, keys: 21 };
    let mut queries = vec![0.5; heads.queries * heads.hidden()];
    queries[3 * heads.hidden() + 6] = f32::NAN;
    let (keys, values) = (vec![0.25; 21 * heads.hidden()], vec![1.0; 21 * heads.hidden()]);
    let case = Case { heads, queries, keys, values, mask: None };
    for level in levels() {
        for (place, found) in case.run(level).into_iter().enumerate() {
            let is_hit = place / heads.hidden() == 3 && place % heads.hidden() >= 5;
            assert_eq!(found.is_nan(), is_hit, "{level:?}, place {place}: {found}");
        }
    }
}

#[test]
fn a_query_that_may_look_nowhere_has_no_answer() {
    let heads = Heads { count: 1, width: 4, queries: 2, keys: 17 };
    let mask = [vec![f32::NEG_INFINITY; 17], vec![0.0; 17]].concat();
    let (queries, keys, values) = (vec![1.0; 8], vec![1.0; 68], vec![1.0; 68]);
    let case = Case { heads, queries, keys, values, mask: Some(mask) };
    for level in levels() {
        let found = case.run(level);
        assert!(found[..4].iter().all(|x| x.is_nan()), "{level:?}: {found:?}");
        assert!(found[4..].iter().all(|x| (x - 1.0).abs() < 1e-6), "{level:?}: {found:?}");
    }
}

#[test]
fn powers_agree_with_64_bits() {
    let power_of = |level: Level, x: f32| dispatch!(level, simd => power(simd, f32x16::splat(simd, x)).to_array()[5]);
    for level in levels() {
        for step in 0..8700 {
            let x = step as f32 / -100.0;
            let wanted = f64::from(x).exp();
            let error = (f64::from(power_of(level, x)) - wanted) / wanted;
            // What a multiplication with log2 e loses grows with x, on machines that round it before the sum too.
            let bound = 3e-7 + 1.2e-7 * f64::from(x.abs());
            assert!(error.abs() < bound, "{level:?}: e^{x} is off by {error}");
        }
        assert_eq!([power_of(level, -87.5), power_of(level, f32::NEG_INFINITY)], [0.0; 2], "{level:?}");
        assert!(power_of(level, f32::NAN).is_nan(), "{level:?}");
    }
}
