//! ResNet 18 to 101 and the wide ResNet-50-2: He et al. 2015 (arXiv 1512.03385), Zagoruyko, Komodakis 2016
//! (arXiv 1605.07146), with torchvision's tensor names; a bottleneck's stride sits on its 3x3 convolution.

use super::{Activation, Block, ConvNorm, Network, Shortcut, Step};

struct Conv {
    kernel: usize,
    stride: usize,
    channels: (usize, usize),
}

fn conv(node: String, weight: String, norm: String, shape: Conv, activation: Option<Activation>) -> ConvNorm {
    let Conv { kernel, stride, channels: (input, output) } = shape;
    let padding = (kernel / 2, kernel / 2);
    ConvNorm { node, weight, norm, epsilon: 1e-5, input, output, kernel, stride, groups: 1, padding, activation }
}

fn network(repeats: [usize; 4], expansion: usize, branch: impl Fn(usize, usize, usize) -> Vec<Conv>) -> Network {
    let shape = Conv { kernel: 7, stride: 2, channels: (3, 64) };
    let stem = conv("stem".into(), "conv1".into(), "bn1".into(), shape, Some(Activation::Relu));
    let mut blocks = Vec::new();
    let mut input = 64;
    for (stage, &repeats) in repeats.iter().enumerate() {
        let base = 64 << stage;
        let output = base * expansion;
        for repeat in 0..repeats {
            let name = format!("layer{}.{repeat}", stage + 1);
            let stride = if stage > 0 && repeat == 0 { 2 } else { 1 };
            let convs = branch(input, base, stride);
            let count = convs.len();
            let steps = convs.into_iter().enumerate().map(|(index, shape)| {
                let (node, norm) = (format!("{name}.conv{}", index + 1), format!("{name}.bn{}", index + 1));
                let activation = (index + 1 < count).then_some(Activation::Relu);
                Step::Conv(conv(node.clone(), node, norm, shape, activation))
            });
            let steps = steps.collect();
            let shortcut = if stride == 1 && input == output {
                Shortcut::Input
            } else {
                let shape = Conv { kernel: 1, stride, channels: (input, output) };
                let tensor = |index| format!("{name}.downsample.{index}");
                Shortcut::Projected(conv(format!("{name}.downsample"), tensor(0), tensor(1), shape, None))
            };
            let layer = (repeat + 1 == repeats).then_some(stage + 1);
            blocks.push(Block { name, steps, shortcut, activation: Some(Activation::Relu), layer });
            input = output;
        }
    }
    Network { stem: vec![Step::Conv(stem), Step::MaxPool { node: "stem.pool".into() }], blocks }
}

/// ResNet-18 and -34.
pub(super) fn basic(repeats: [usize; 4]) -> Network {
    network(repeats, 1, |input, base, stride| {
        vec![Conv { kernel: 3, stride, channels: (input, base) }, Conv { kernel: 3, stride: 1, channels: (base, base) }]
    })
}

/// ResNet-50 and -101 with a `width` of 64, the wide one with 128.
pub(super) fn bottleneck(repeats: [usize; 4], width: usize) -> Network {
    network(repeats, 4, |input, base, stride| {
        let inner = base * width / 64;
        vec![
            Conv { kernel: 1, stride: 1, channels: (input, inner) },
            Conv { kernel: 3, stride, channels: (inner, inner) },
            Conv { kernel: 1, stride: 1, channels: (inner, base * 4) },
        ]
    })
}
