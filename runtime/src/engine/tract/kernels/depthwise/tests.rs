//! Every vector unit against a plain loop in 64-bit floats.

use proptest::prelude::*;

use super::super::levels::levels;
use super::*;

/// What is convolved.
#[derive(Debug, Clone)]
struct Problem {
    geometry: Geometry,
    activation: Activation,
    channels: usize,
    input: Vec<f32>,
    kernel: Vec<f32>,
    bias: Vec<f32>,
}

impl Problem {
    /// Results, and beside each the sum of the sizes of its terms.
    fn plain(&self) -> Vec<(f64, f64)> {
        let Geometry { input: [height, width], output: [rows, columns], kernel: [tall, wide], stride, before } =
            self.geometry;
        let mut results = Vec::new();
        for channel in 0..self.channels {
            for (y, x) in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
                let mut sum = f64::from(self.bias[channel]);
                let mut size = sum.abs();
                for (v, u) in (0..tall).flat_map(|v| (0..wide).map(move |u| (v, u))) {
                    let from =
                        (y * stride[0] + v).checked_sub(before[0]).zip((x * stride[1] + u).checked_sub(before[1]));
                    let Some((from_y, from_x)) = from.filter(|&(y, x)| y < height && x < width) else { continue };
                    let term = f64::from(self.kernel[(channel * tall + v) * wide + u])
                        * f64::from(self.input[(channel * height + from_y) * width + from_x]);
                    sum += term;
                    size += term.abs();
                }
                results.push((sum, size));
            }
        }
        results
    }

    fn check(&self) {
        let expected = self.plain();
        let [rows, columns] = self.geometry.output;
        let plane = rows * columns;
        for level in levels() {
            for is_in_place in [false, true] {
                if is_in_place && self.geometry.input != self.geometry.output {
                    continue;
                }
                let mut output = if is_in_place { self.input.clone() } else { vec![f32::NAN; expected.len()] };
                let mut sums = vec![f32::NAN; self.channels];
                let input = (!is_in_place).then_some(&self.input[..]);
                let channels = Channels { input, kernel: &self.kernel, bias: &self.bias };
                depthwise(level, &self.geometry, self.activation, channels, &mut output, &mut sums);
                for (index, (&found, &(sum, size))) in output.iter().zip(&expected).enumerate() {
                    let wanted = self.activation.of(sum as f32);
                    // A sum of n terms in single precision is off by at most n roundings of their sizes; SiLU's slope is at most 1.1.
                    let tolerance = 4e-6 * size as f32 + 1e-6;
                    let is_close = (found - wanted).abs() <= tolerance || (found == wanted);
                    let is_broken = !found.is_finite() && !wanted.is_finite();
                    assert!(is_close || is_broken, "{level:?} {self:?} at {index}: {found} instead of {wanted}");
                    assert_eq!(found.is_nan() && sum.is_nan(), sum.is_nan(), "{level:?}: NaN at {index} is lost");
                }
                for (found, plane) in sums.iter().zip(output.chunks(plane)) {
                    let wanted: f64 = plane.iter().map(|&value| f64::from(value)).sum();
                    let size: f64 = plane.iter().map(|&value| f64::from(value).abs()).sum();
                    let is_close = (f64::from(*found) - wanted).abs() <= 1e-5 * size;
                    assert!(is_close || !found.is_finite() && !wanted.is_finite(), "{level:?}: sum {found}, {wanted}");
                }
            }
        }
    }
}

fn problem() -> impl Strategy<Value = Problem> {
    let kernel =
        prop_oneof![4 => Just([3, 3]), 4 => Just([5, 5]), 1 => Just([1, 1]), 1 => Just([7, 7]), 1 => Just([3, 5])];
    let stride = prop_oneof![4 => Just([1, 1]), 4 => Just([2, 2]), 1 => Just([1, 2]), 1 => Just([3, 3])];
    let activation = prop_oneof![
        Just(Activation::Identity),
        Just(Activation::Relu),
        Just(Activation::Relu6),
        Just(Activation::Silu)
    ];
    let sides = (1_usize..=40, 1_usize..=40, 1_usize..=4);
    (kernel, stride, activation, sides, any::<[usize; 4]>(), any::<u64>(), 0_usize..8).prop_map(
        |(kernel, stride, activation, (height, width, channels), pads, seed, special)| {
            let [above, left, below, right] = [0, 1, 2, 3].map(|side| pads[side] % kernel[side % 2]);
            let padded = [height + above + below, width + left + right];
            // Pictures that are smaller than the kernel grow until it fits.
            let lacking = [0, 1].map(|side| kernel[side].saturating_sub(padded[side]));
            let input = [height + lacking[0], width + lacking[1]];
            let output = [0, 1].map(|side| (padded[side] + lacking[side] - kernel[side]) / stride[side] + 1);
            let mut numbers = Numbers(seed);
            let mut problem = Problem {
                geometry: Geometry { input, output, kernel, stride, before: [above, left] },
                activation,
                channels,
                input: numbers.take(channels * input[0] * input[1]),
                kernel: numbers.take(channels * kernel[0] * kernel[1]),
                bias: numbers.take(channels),
            };
            let at = seed as usize % problem.input.len();
            match special {
                0 => problem.input[at] = f32::NAN,
                1 => problem.input[at] = f32::INFINITY,
                2 => problem.input[at] = f32::NEG_INFINITY,
                _ => {}
            }
            problem
        },
    )
}

/// Numbers between -4 and 4 (SplitMix64): proptest's own vectors are slow to draw and to shrink.
pub(in crate::engine::tract::kernels) struct Numbers(pub(in crate::engine::tract::kernels) u64);

impl Numbers {
    pub(in crate::engine::tract::kernels) fn take(&mut self, count: usize) -> Vec<f32> {
        let next = || {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1 << 21) as f32 - 4.0
        };
        std::iter::repeat_with(next).take(count).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 256 }))]

    #[test]
    fn equals_a_plain_loop(problem in problem()) {
        problem.check();
    }
}

#[test]
fn a_channel_says_nothing_about_the_next() {
    let geometry = Geometry { input: [14, 14], output: [14, 14], kernel: [5, 5], stride: [1, 1], before: [2, 2] };
    let mut numbers = Numbers(1);
    let (kernel, bias, input) = (numbers.take(3 * 25), numbers.take(3), numbers.take(3 * 196));
    let run = |input: &[f32]| {
        let channels = Channels { input: Some(input), kernel: &kernel, bias: &bias };
        let (mut output, mut sums) = (vec![0.0; 3 * 196], [0.0; 3]);
        depthwise(Level::new(), &geometry, Activation::Silu, channels, &mut output, &mut sums);
        (output, sums)
    };
    let (output, sums) = run(&input);
    let mut other = input.clone();
    other[196..392].fill(f32::NAN);
    let (changed, other_sums) = run(&other);
    assert!(changed[196..392].iter().all(|value| value.is_nan()) && other_sums[1].is_nan());
    assert_eq!((&output[..196], &output[392..]), (&changed[..196], &changed[392..]));
    assert_eq!((sums[0], sums[2]), (other_sums[0], other_sums[2]));
}
