//! Every vector unit against plain sums in 64-bit floats.

use proptest::prelude::*;

use super::super::depthwise::tests::Numbers;
use super::super::levels::levels;
use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 256 }))]

    #[test]
    fn gates_equal_plain_sums(channels in 1_usize..80, hidden in 1_usize..40, seed in any::<u64>()) {
        let mut numbers = Numbers(seed);
        // So that sums neither vanish nor drive every gate to its end.
        let mut small = |count: usize| -> Vec<f32> {
            let scale = 0.25 / (channels.max(hidden) as f32).sqrt();
            numbers.take(count).iter().map(|value| value * scale).collect()
        };
        let (reduce, expand) = (small(hidden * channels), small(hidden * channels));
        let (reduce_bias, expand_bias, means) = (small(hidden), small(channels), Numbers(seed ^ 1).take(channels));
        let layers = Layers {
            reduce: &reduce,
            reduce_bias: &reduce_bias,
            expand: &expand,
            expand_bias: &expand_bias,
        };
        let inner: Vec<f64> = (0..hidden)
            .map(|row| {
                let terms = (0..channels).map(|x| f64::from(reduce[row * channels + x]) * f64::from(means[x]));
                let sum = f64::from(reduce_bias[row]) + terms.sum::<f64>();
                sum / (1.0 + (-sum).exp())
            })
            .collect();
        for level in levels() {
            let mut found = means.clone();
            gates(level, layers, &mut found);
            for (x, &found) in found.iter().enumerate() {
                let terms = (0..hidden).map(|row| f64::from(expand[row * channels + x]) * inner[row]);
                let sum = f64::from(expand_bias[x]) + terms.sum::<f64>();
                let wanted = 1.0 / (1.0 + (-sum).exp());
                prop_assert!((f64::from(found) - wanted).abs() < 2e-6, "{level:?} at {x}: {found}, {wanted}");
            }
        }
    }

    #[test]
    fn each_channel_is_scaled_by_its_gate(plane in 1_usize..70, seed in any::<u64>()) {
        let gates = [0.25, 0.5, f32::NAN];
        let values = Numbers(seed).take(3 * plane);
        for level in levels() {
            let mut found = values.clone();
            scale(level, &gates, plane, &mut found);
            for (index, (found, value)) in found.iter().zip(&values).enumerate() {
                let wanted = value * gates[index / plane];
                prop_assert!(*found == wanted || found.is_nan() && wanted.is_nan(), "{level:?} at {index}");
            }
        }
    }
}

#[test]
fn a_mean_that_is_no_number_closes_no_gate() {
    let layers = Layers { reduce: &[1.0; 3], reduce_bias: &[0.0], expand: &[1.0; 3], expand_bias: &[0.0; 3] };
    for level in levels() {
        let mut means = [1.0, f32::NAN, 1.0];
        gates(level, layers, &mut means);
        assert!(means.iter().all(|gate| gate.is_nan()), "{level:?}: {means:?}");
    }
}
