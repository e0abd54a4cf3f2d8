//! EfficientNet B0 to B6 and Lite0: Tan, Le 2019 (arXiv 1905.11946), with the tensor names and the static padding of
//! lukemelas' EfficientNet-PyTorch 0.7.1, which the published checkpoints come from.

use super::{Activation, Block, ConvNorm, Network, Shortcut, SqueezeExcite, Step};

/// What tells one EfficientNet from another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scaling {
    /// Channels times `width.0 / width.1`.
    width: (usize, usize),
    /// Repeats times `depth.0 / depth.1`, rounded up.
    depth: (usize, usize),
    /// The image size that the static padding is computed for, whatever the real input is.
    nominal: usize,
    /// Lite: no squeeze and excitation, ReLU6, first and last stage not repeated more often.
    lite: bool,
}

const fn b(width: usize, depth: usize, nominal: usize) -> Scaling {
    Scaling { width: (width, 10), depth: (depth, 10), nominal, lite: false }
}

impl Scaling {
    /// B0 to B6.
    pub(super) const B: [Self; 7] = [
        b(10, 10, 224),
        b(10, 11, 240),
        b(11, 12, 260),
        b(12, 14, 300),
        b(14, 18, 380),
        b(16, 22, 456),
        b(18, 26, 528),
    ];
    /// EfficientNet-Lite0.
    pub(super) const LITE0: Self = Self { width: (10, 10), depth: (10, 10), nominal: 224, lite: true };

    /// Channels, scaled and rounded to a multiple of 8, never by more than a tenth downwards.
    fn channels(self, base: usize) -> usize {
        let (numerator, denominator) = self.width;
        let product = base * numerator;
        // Rounded to the nearest multiple of 8, halves up, on the exact fraction.
        let rounded = ((product + 4 * denominator) / (8 * denominator) * 8).max(8);
        if 10 * rounded * denominator < 9 * product { rounded + 8 } else { rounded }
    }

    fn repeats(self, base: usize) -> usize {
        (base * self.depth.0).div_ceil(self.depth.1)
    }
}

struct Stage {
    repeats: usize,
    kernel: usize,
    stride: usize,
    expand: usize,
    input: usize,
    output: usize,
}

const fn stage(repeats: usize, kernel: usize, stride: usize, expand: usize, input: usize, output: usize) -> Stage {
    Stage { repeats, kernel, stride, expand, input, output }
}

const STAGES: [Stage; 7] = [
    stage(1, 3, 1, 1, 32, 16),
    stage(2, 3, 2, 6, 16, 24),
    stage(2, 5, 2, 6, 24, 40),
    stage(3, 3, 2, 6, 40, 80),
    stage(3, 5, 1, 6, 80, 112),
    stage(4, 5, 2, 6, 112, 192),
    stage(1, 3, 1, 6, 192, 320),
];

/// Stages (counted from 0) whose last block is a layer: the last one before each stride, and the end.
const LAYER_STAGES: [usize; 5] = [0, 1, 2, 4, 6];

/// "SAME" padding for a side of `nominal` pixels; the side behind the convolution replaces it.
fn same_padding(nominal: &mut usize, kernel: usize, stride: usize) -> (usize, usize) {
    let output = nominal.div_ceil(stride);
    let total = ((output - 1) * stride + kernel).saturating_sub(*nominal);
    *nominal = output;
    (total / 2, total - total / 2)
}

/// The whole network up to its last block.
pub(super) fn network(scaling: Scaling) -> Network {
    let activation = if scaling.lite { Activation::Relu6 } else { Activation::Silu };
    let mut nominal = scaling.nominal;
    let conv = |node: String, weight: String, norm: String, (input, output): (usize, usize)| ConvNorm {
        node,
        weight,
        norm,
        epsilon: 1e-3,
        input,
        output,
        kernel: 1,
        stride: 1,
        groups: 1,
        padding: (0, 0),
        activation: Some(activation),
    };
    let stem_channels = if scaling.lite { 32 } else { scaling.channels(32) };
    let stem = ConvNorm {
        kernel: 3,
        stride: 2,
        padding: same_padding(&mut nominal, 3, 2),
        ..conv("stem".into(), "_conv_stem".into(), "_bn0".into(), (3, stem_channels))
    };
    let mut blocks = Vec::new();
    for (number, stage) in STAGES.iter().enumerate() {
        let fixed = scaling.lite && (number == 0 || number == STAGES.len() - 1);
        let repeats = if fixed { stage.repeats } else { scaling.repeats(stage.repeats) };
        let output = scaling.channels(stage.output);
        for repeat in 0..repeats {
            let index = blocks.len();
            let first = repeat == 0;
            let input = match (first, number) {
                (true, 0) => stem_channels,
                (true, _) => scaling.channels(stage.input),
                (false, _) => output,
            };
            let stride = if first { stage.stride } else { 1 };
            let wide = input * stage.expand;
            let tensor = |part: &str| format!("_blocks.{index}.{part}");
            let node = |part: &str| format!("block{index}.{part}");
            let mut steps = Vec::new();
            if stage.expand != 1 {
                steps.push(Step::Conv(conv(node("expand"), tensor("_expand_conv"), tensor("_bn0"), (input, wide))));
            }
            steps.push(Step::Conv(ConvNorm {
                kernel: stage.kernel,
                stride,
                groups: wide,
                padding: same_padding(&mut nominal, stage.kernel, stride),
                ..conv(node("depthwise"), tensor("_depthwise_conv"), tensor("_bn1"), (wide, wide))
            }));
            if !scaling.lite {
                steps.push(Step::SqueezeExcite(SqueezeExcite {
                    node: node("excite"),
                    reduce: tensor("_se_reduce"),
                    expand: tensor("_se_expand"),
                    channels: wide,
                    squeezed: (input / 4).max(1),
                }));
            }
            let project = conv(node("project"), tensor("_project_conv"), tensor("_bn2"), (wide, output));
            steps.push(Step::Conv(ConvNorm { activation: None, ..project }));
            let shortcut = if stride == 1 && input == output { Shortcut::Input } else { Shortcut::None };
            let last = repeat + 1 == repeats;
            let layer = LAYER_STAGES.iter().position(|&stage| last && stage == number).map(|layer| layer + 1);
            blocks.push(Block { name: format!("block{index}"), steps, shortcut, activation: None, layer });
        }
    }
    Network { stem: vec![Step::Conv(stem)], blocks }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lite0_pads_as_its_package_does() {
        let network = network(Scaling::LITE0);
        let Step::Conv(stem) = &network.stem[0] else { panic!("the stem is a convolution") };
        assert_eq!(stem.padding, (0, 1));
        let padding: Vec<_> = network
            .blocks
            .iter()
            .map(|block| {
                let depthwise = block.steps.iter().find_map(|step| match step {
                    Step::Conv(conv) if conv.groups > 1 => Some(conv),
                    _ => None,
                });
                depthwise.unwrap().padding
            })
            .collect();
        let (a, b, c, d) = ((1, 1), (0, 1), (1, 2), (2, 2));
        assert_eq!(padding, [a, b, a, c, d, b, a, a, d, d, d, c, d, d, d, a]);
    }
}
