//! EfficientNet B0 to B6 and Lite0, in the names of lukemelas' package.

use moead_model::architecture::Backbone;

use super::convolution::{Window, batch_norm, convolve, convolve_depthwise};
use super::linear::Linear;
use super::tensor::{Scope, Tensor};
use crate::checkpoint::TensorError;

/// B0's stages: repeats, kernel, stride of the first block, expansion, input and output channels.
const STAGES: [(usize, usize, usize, usize, usize, usize); 7] = [
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
];

const EPS: f64 = 1e-3;

/// How a member of the family differs from B0.
struct Member {
    width: f64,
    depth: f64,
    /// The image side that the padding is computed for, whatever the input.
    nominal: usize,
    /// The blocks whose outputs are layers 1 to 5.
    blocks: [usize; 5],
    /// Lite: no squeeze-and-excitation, ReLU6.
    lite: bool,
}

fn member(backbone: Backbone) -> Member {
    let of = |width, depth, nominal, blocks| Member { width, depth, nominal, blocks, lite: false };
    match backbone {
        Backbone::EfficientNetB1 => of(1.0, 1.1, 240, [1, 4, 7, 15, 22]),
        Backbone::EfficientNetB2 => of(1.1, 1.2, 260, [1, 4, 7, 15, 22]),
        Backbone::EfficientNetB3 => of(1.2, 1.4, 300, [1, 4, 7, 17, 25]),
        Backbone::EfficientNetB4 => of(1.4, 1.8, 380, [1, 5, 9, 21, 31]),
        Backbone::EfficientNetB5 => of(1.6, 2.2, 456, [2, 7, 12, 26, 38]),
        Backbone::EfficientNetB6 => of(1.8, 2.6, 528, [2, 8, 14, 30, 44]),
        // Lite0's fixed stem and end stages change nothing at width and depth 1.
        Backbone::EfficientNetLite0 => Member { lite: true, ..of(1.0, 1.0, 224, [0, 2, 4, 10, 15]) },
        _ => of(1.0, 1.0, 224, [0, 2, 4, 10, 15]),
    }
}

impl Member {
    /// Channels after widening: a multiple of 8, not more than a tenth below the product.
    fn channels(&self, channels: usize) -> usize {
        let wide = channels as f64 * self.width;
        let rounded = (((wide + 4.0) as usize) / 8 * 8).max(8);
        if (rounded as f64) < 0.9 * wide { rounded + 8 } else { rounded }
    }

    fn repeats(&self, repeats: usize) -> usize {
        (repeats as f64 * self.depth).ceil() as usize
    }

    fn activation(&self, value: f64) -> f64 {
        if self.lite { value.clamp(0.0, 6.0) } else { silu(value) }
    }
}

fn silu(value: f64) -> f64 {
    value * sigmoid(value)
}

fn sigmoid(value: f64) -> f64 {
    1.0 / (1.0 + (-value).exp())
}

/// "SAME" padding at the nominal side, which becomes the side after the window.
fn same(nominal: &mut usize, side: usize, stride: usize) -> Window {
    let after_window = nominal.div_ceil(stride);
    let padding = ((after_window - 1) * stride + side).saturating_sub(*nominal);
    *nominal = after_window;
    Window { side, stride, before: padding / 2, after: padding - padding / 2 }
}

/// The chosen layers (counted from 1) of `image`.
pub(super) fn layers(
    backbone: Backbone,
    chosen: &[usize],
    scope: &Scope<'_>,
    image: Tensor,
) -> Result<Vec<Tensor>, TensorError> {
    let member = member(backbone);
    let wanted: Vec<usize> = chosen.iter().map(|&layer| member.blocks[layer - 1]).collect();
    let mut nominal = member.nominal;
    let stem = scope.read("_conv_stem.weight", &[member.channels(32), 3, 3, 3])?;
    let features = convolve(&image, &stem, same(&mut nominal, 3, 2));
    let mut features = batch_norm(&scope.under("_bn0"), features, EPS, |value| member.activation(value))?;
    let mut found = Vec::new();
    let mut index = 0;
    for (repeats, side, first_stride, expansion, inputs, outputs) in STAGES {
        for repeat in 0..member.repeats(repeats) {
            // What lies behind the last layer is not needed, and may be missing.
            if found.len() == wanted.len() {
                return Ok(found);
            }
            let (inputs, stride) = if repeat == 0 { (inputs, first_stride) } else { (outputs, 1) };
            let block = Block {
                inputs: member.channels(inputs),
                outputs: member.channels(outputs),
                expansion,
                window: same(&mut nominal, side, stride),
            };
            features = block.apply(&member, &scope.under(&format!("_blocks.{index}")), features)?;
            if wanted.contains(&index) {
                found.push(features.clone());
            }
            index += 1;
        }
    }
    Ok(found)
}

struct Block {
    inputs: usize,
    outputs: usize,
    expansion: usize,
    window: Window,
}

impl Block {
    fn apply(&self, member: &Member, scope: &Scope<'_>, input: Tensor) -> Result<Tensor, TensorError> {
        let activation = |value| member.activation(value);
        let inner = self.inputs * self.expansion;
        let residual = (self.window.stride == 1 && self.inputs == self.outputs).then(|| input.clone());
        let mut features = input;
        if self.expansion != 1 {
            let kernel = scope.read("_expand_conv.weight", &[inner, self.inputs, 1, 1])?;
            features = convolve(&features, &kernel, Window::POINT);
            features = batch_norm(&scope.under("_bn0"), features, EPS, activation)?;
        }
        let kernel = scope.read("_depthwise_conv.weight", &[inner, 1, self.window.side, self.window.side])?;
        features = convolve_depthwise(&features, &kernel, self.window);
        features = batch_norm(&scope.under("_bn1"), features, EPS, activation)?;
        if !member.lite {
            self.squeeze_and_excite(scope, &mut features)?;
        }
        let kernel = scope.read("_project_conv.weight", &[self.outputs, inner, 1, 1])?;
        features = convolve(&features, &kernel, Window::POINT);
        features = batch_norm(&scope.under("_bn2"), features, EPS, |value| value)?;
        Ok(if let Some(residual) = residual { features.plus(&residual) } else { features })
    }

    /// Scales every channel by what the means of all channels say.
    fn squeeze_and_excite(&self, scope: &Scope<'_>, features: &mut Tensor) -> Result<(), TensorError> {
        let (channels, height, width) = features.map_sides();
        // A quarter of the block's input, not of the expanded channels.
        let squeezed = (self.inputs / 4).max(1);
        let point = |name: &str, inputs, outputs| {
            let kernel = scope.read(&format!("{name}.weight"), &[outputs, inputs, 1, 1])?;
            let bias = scope.read(&format!("{name}.bias"), &[outputs])?;
            Ok::<_, TensorError>(Linear::new(&Tensor::new(&[outputs, inputs], kernel.data), bias.data))
        };
        let planes = features.data.chunks_exact(height * width);
        let means = planes.map(|plane| plane.iter().sum::<f64>() / plane.len() as f64).collect();
        let means = Tensor::new(&[1, channels], means);
        let inner = point("_se_reduce", channels, squeezed)?.apply(&means).map(silu);
        let scales = point("_se_expand", squeezed, channels)?.apply(&inner).map(sigmoid);
        for (plane, scale) in features.data.chunks_exact_mut(height * width).zip(&scales.data) {
            plane.iter_mut().for_each(|value| *value *= scale);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_end_stages_and_have_the_channels_that_the_model_crate_names() {
        for backbone in Backbone::ALL.into_iter().filter(|backbone| backbone.name().starts_with("efficientnet")) {
            let member = member(backbone);
            let (mut blocks, mut ends) = (0, Vec::new());
            for (repeats, .., outputs) in STAGES {
                blocks += member.repeats(repeats);
                ends.push((blocks - 1, member.channels(outputs)));
            }
            let layers = backbone.layers().into_iter().map(|layer| layer.channels);
            let found: Vec<_> = member.blocks.into_iter().zip(layers).collect();
            assert_eq!(found, [0, 1, 2, 4, 6].map(|stage| ends[stage]), "{backbone}");
        }
    }

    #[test]
    fn padding_at_224_is_uneven_where_the_stride_is_2() {
        let mut nominal = 224;
        let stem = same(&mut nominal, 3, 2);
        assert_eq!((stem.before, stem.after, nominal), (0, 1, 112));
        let uneven = same(&mut nominal, 5, 2);
        assert_eq!((uneven.before, uneven.after, nominal), (1, 2, 56));
    }
}
