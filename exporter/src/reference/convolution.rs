//! Convolutions over 1 x c x h x w maps, and the batch norms behind them.

use super::linear::product;
use super::tensor::{Scope, Tensor};
use crate::checkpoint::TensorError;

/// How a square window walks over a map; the same in both directions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) side: usize,
    pub(super) stride: usize,
    /// Zeros above and to the left.
    pub(super) before: usize,
    /// Zeros below and to the right.
    pub(super) after: usize,
}

impl Window {
    /// One pixel at a time.
    pub(super) const POINT: Self = Self::symmetric(1, 1);

    /// As torchvision pads: half the window on every side.
    pub(super) const fn symmetric(side: usize, stride: usize) -> Self {
        Self { side, stride, before: side / 2, after: side / 2 }
    }

    /// How many places the window has along `length`.
    pub(super) fn places(self, length: usize) -> usize {
        (length + self.before + self.after).saturating_sub(self.side) / self.stride + 1
    }

    /// Places at which the window's element `tap` lies inside `length`, not on the padding.
    fn inside(self, tap: usize, length: usize) -> std::ops::Range<usize> {
        let first = self.before.saturating_sub(tap).div_ceil(self.stride);
        let end = (length + self.before).saturating_sub(tap).div_ceil(self.stride).min(self.places(length));
        first..end.max(first)
    }

    /// Where element `tap` lies at `place`; only for places [`Self::inside`].
    fn source(self, place: usize, tap: usize) -> usize {
        place * self.stride + tap - self.before
    }
}

/// Convolution without bias; `kernel` is outputs x inputs x side x side.
pub(super) fn convolve(input: &Tensor, kernel: &Tensor, window: Window) -> Tensor {
    let (channels, height, width) = input.map_sides();
    let (outputs, rows, columns) = (kernel.shape[0], window.places(height), window.places(width));
    if window.side == 1 && window.stride == 1 {
        let data = product(&kernel.data, &input.data, channels, height * width);
        return Tensor::new(&[1, outputs, height, width], data);
    }
    let mut output = Tensor::zeros(&[1, outputs, rows, columns]);
    let taps = window.side * window.side;
    // What the window sees, one column per place, for a band of rows: all of them would be `taps` times the input.
    let band = 1024_usize.div_ceil(columns);
    for first in (0..rows).step_by(band) {
        let in_band = band.min(rows - first);
        let mut seen = vec![0.0; channels * taps * in_band * columns];
        for (index, line) in seen.chunks_exact_mut(in_band * columns).enumerate() {
            let (channel, down, right) = (index / taps, index % taps / window.side, index % window.side);
            let (ys, xs) = (window.inside(down, height), window.inside(right, width));
            for (y, line) in (first..).zip(line.chunks_exact_mut(columns)).filter(|(y, _)| ys.contains(y)) {
                let source = &input.data[(channel * height + window.source(y, down)) * width..][..width];
                for x in xs.clone() {
                    line[x] = source[window.source(x, right)];
                }
            }
        }
        let sums = product(&kernel.data, &seen, channels * taps, in_band * columns);
        for (channel, sums) in sums.chunks_exact(in_band * columns).enumerate() {
            output.data[(channel * rows + first) * columns..][..sums.len()].copy_from_slice(sums);
        }
    }
    output
}

/// Every channel by itself; `kernel` is channels x 1 x side x side.
pub(super) fn convolve_depthwise(input: &Tensor, kernel: &Tensor, window: Window) -> Tensor {
    let (channels, height, width) = input.map_sides();
    let (rows, columns) = (window.places(height), window.places(width));
    let mut output = Tensor::zeros(&[1, channels, rows, columns]);
    for (index, line) in output.data.chunks_exact_mut(columns).enumerate() {
        let (channel, y) = (index / rows, index % rows);
        for down in (0..window.side).filter(|&down| window.inside(down, height).contains(&y)) {
            let source = &input.data[(channel * height + window.source(y, down)) * width..][..width];
            for right in 0..window.side {
                let factor = kernel.data[(channel * window.side + down) * window.side + right];
                let xs = window.inside(right, width);
                if xs.is_empty() {
                    continue;
                }
                let source = source[window.source(xs.start, right)..].iter().step_by(window.stride);
                line[xs].iter_mut().zip(source).for_each(|(sum, value)| *sum += factor * value);
            }
        }
    }
    output
}

/// Batch norm with running statistics, then `activation`.
pub(super) fn batch_norm(
    scope: &Scope<'_>,
    mut input: Tensor,
    eps: f64,
    activation: impl Fn(f64) -> f64,
) -> Result<Tensor, TensorError> {
    let (channels, height, width) = input.map_sides();
    let read = |part| scope.read(part, &[channels]);
    let (weight, bias) = (read("weight")?, read("bias")?);
    let (mean, variance) = (read("running_mean")?, read("running_var")?);
    if let Some(index) = variance.data.iter().position(|&value| value < 0.0) {
        return Err(TensorError::NegativeVariance { name: scope.name_of("running_var"), index });
    }
    for (channel, plane) in input.data.chunks_exact_mut(height * width).enumerate() {
        let deviation = (variance.data[channel] + eps).sqrt();
        for value in plane {
            let centred = (*value - mean.data[channel]) / deviation;
            *value = activation(centred * weight.data[channel] + bias.data[channel]);
        }
    }
    Ok(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_2x2_window_by_hand() {
        let input = Tensor::new(&[1, 1, 2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let kernel = Tensor::new(&[1, 1, 2, 2], vec![1.0, 10.0, 100.0, 1000.0]);
        let window = Window { side: 2, stride: 1, before: 0, after: 1 };
        let expected = Tensor::new(&[1, 1, 2, 3], vec![5421.0, 6532.0, 603.0, 54.0, 65.0, 6.0]);
        assert_eq!(convolve(&input, &kernel, window), expected);
        assert_eq!(convolve_depthwise(&input, &kernel, window), expected);
    }

    #[test]
    fn a_strided_window_starts_on_the_padding() {
        let input = Tensor::new(&[1, 1, 1, 4], vec![1.0, 2.0, 3.0, 4.0]);
        let mut kernel = Tensor::zeros(&[1, 1, 3, 3]);
        kernel.data[3..6].copy_from_slice(&[1.0, 10.0, 100.0]);
        let window = Window::symmetric(3, 2);
        let expected = Tensor::new(&[1, 1, 1, 2], vec![210.0, 432.0]);
        assert_eq!(convolve(&input, &kernel, window), expected);
        assert_eq!(convolve_depthwise(&input, &kernel, window), expected);
    }
}
