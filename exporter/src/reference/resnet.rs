//! ResNet 18 to 101 and the wide ResNet-50, in torchvision's names.

use moead_model::architecture::Backbone;

use super::convolution::{Window, batch_norm, convolve};
use super::tensor::{Scope, Tensor};
use crate::checkpoint::TensorError;

const EPS: f64 = 1e-5;

/// What the members of the family differ in.
struct Member {
    /// Blocks of layers 1 to 4.
    blocks: [usize; 4],
    /// Three convolutions a block, the outputs four times the planes; else two, and as many outputs as planes.
    bottleneck: bool,
    /// Channels of a bottleneck's middle convolution, in planes.
    width: usize,
}

fn member(backbone: Backbone) -> Member {
    let of = |blocks, bottleneck, width| Member { blocks, bottleneck, width };
    match backbone {
        Backbone::ResNet34 => of([3, 4, 6, 3], false, 1),
        Backbone::ResNet50 => of([3, 4, 6, 3], true, 1),
        Backbone::ResNet101 => of([3, 4, 23, 3], true, 1),
        Backbone::WideResNet50 => of([3, 4, 6, 3], true, 2),
        _ => of([2, 2, 2, 2], false, 1),
    }
}

fn relu(value: f64) -> f64 {
    value.max(0.0)
}

/// The chosen layers (counted from 1) of `image`.
pub(super) fn layers(
    backbone: Backbone,
    chosen: &[usize],
    scope: &Scope<'_>,
    image: Tensor,
) -> Result<Vec<Tensor>, TensorError> {
    let member = member(backbone);
    let stem = scope.read("conv1.weight", &[64, 3, 7, 7])?;
    let features = convolve(&image, &stem, Window::symmetric(7, 2));
    let mut features = max_pool(&batch_norm(&scope.under("bn1"), features, EPS, relu)?, Window::symmetric(3, 2));
    let mut found = Vec::new();
    for (layer, blocks) in (1..).zip(member.blocks) {
        // What lies behind the last layer is not needed, and may be missing.
        if found.len() == chosen.len() {
            break;
        }
        let planes = 64 << (layer - 1);
        for block in 0..blocks {
            let stride = if layer > 1 && block == 0 { 2 } else { 1 };
            features = member.block(&scope.under(&format!("layer{layer}.{block}")), features, planes, stride)?;
        }
        if chosen.contains(&layer) {
            found.push(features.clone());
        }
    }
    Ok(found)
}

impl Member {
    fn block(&self, scope: &Scope<'_>, input: Tensor, planes: usize, stride: usize) -> Result<Tensor, TensorError> {
        let outputs = if self.bottleneck { 4 * planes } else { planes };
        let middle = planes * self.width;
        // The stride sits on the 3 x 3 of a bottleneck, as torchvision has it.
        let steps = if self.bottleneck {
            vec![(middle, 1, 1), (middle, 3, stride), (outputs, 1, 1)]
        } else {
            vec![(planes, 3, stride), (planes, 3, 1)]
        };
        let last = steps.len();
        let mut features = input.clone();
        for (index, (channels, side, stride)) in (1..).zip(steps) {
            let conv = format!("conv{index}.weight");
            features = convolve_read(scope, &conv, &features, channels, Window::symmetric(side, stride))?;
            // The last activation comes after the skip.
            let activation = |value| if index == last { value } else { relu(value) };
            features = batch_norm(&scope.under(&format!("bn{index}")), features, EPS, activation)?;
        }
        let (inputs, ..) = input.map_sides();
        let skip = if stride != 1 || inputs != outputs {
            let window = Window::symmetric(1, stride);
            let skip = convolve_read(scope, "downsample.0.weight", &input, outputs, window)?;
            batch_norm(&scope.under("downsample.1"), skip, EPS, |value| value)?
        } else {
            input
        };
        Ok(features.plus(&skip).map(relu))
    }
}

fn convolve_read(
    scope: &Scope<'_>,
    name: &str,
    input: &Tensor,
    outputs: usize,
    window: Window,
) -> Result<Tensor, TensorError> {
    let (inputs, ..) = input.map_sides();
    let kernel = scope.read(name, &[outputs, inputs, window.side, window.side])?;
    Ok(convolve(input, &kernel, window))
}

/// The largest value that the window sees; the padding is never one of them.
fn max_pool(input: &Tensor, window: Window) -> Tensor {
    let (channels, height, width) = input.map_sides();
    let (rows, columns) = (window.places(height), window.places(width));
    let reach = |place: usize, length: usize| {
        let start = place * window.stride;
        start.saturating_sub(window.before)..(start + window.side - window.before).min(length)
    };
    let mut data = Vec::with_capacity(channels * rows * columns);
    for plane in input.data.chunks_exact(height * width) {
        for y in 0..rows {
            for x in 0..columns {
                let seen = reach(y, height).flat_map(|y| &plane[y * width..][reach(x, width)]);
                data.push(seen.copied().fold(f64::NEG_INFINITY, f64::max));
            }
        }
    }
    Tensor::new(&[1, channels, rows, columns], data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pooling_does_not_see_its_padding() {
        let input = Tensor::new(&[1, 1, 2, 4], vec![-1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0, -8.0]);
        let pooled = max_pool(&input, Window::symmetric(3, 2));
        assert_eq!(pooled, Tensor::new(&[1, 1, 1, 2], vec![-1.0, -2.0]));
    }
}
