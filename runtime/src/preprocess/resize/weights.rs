//! How much each pixel of the source counts in each pixel of the target, along one axis.

use std::ops::Range;

/// Fractional bits of a weight: 32 less 8 of a pixel, less 2 for sign and overshoot.
pub(super) const PRECISION: u32 = 32 - 8 - 2;
/// Sums start at one half, so that dropping the fraction rounds.
pub(super) const HALF: i32 = 1 << (PRECISION - 1);

/// The weights of an axis.
#[derive(Debug, Clone)]
pub(super) struct Weights {
    /// For each pixel of the target, the pixels of the source that count.
    spans: Vec<Span>,
    /// Of all spans, one after the other; none is negative, and each span's sum is about `1 << PRECISION`.
    values: Vec<i32>,
}

/// Neighbouring pixels of the source, and where their weights lie.
#[derive(Debug, Clone, Copy)]
struct Span {
    first: usize,
    length: usize,
    values: usize,
}

impl Weights {
    /// `precompute_coeffs` and `normalize_coeffs_8bpc` of Pillow, in the same order of floating-point operations. Neither
    /// length is 0.
    pub(super) fn new(from: usize, to: usize) -> Self {
        let scale = from as f64 / to as f64;
        // Of the triangle half; enlarging never narrows it below one pixel.
        let support = scale.max(1.0);
        let inverse = 1.0 / support;
        let mut spans = Vec::with_capacity(to);
        let mut values = Vec::new();
        let mut triangle = Vec::new();
        for at in 0..to {
            let center = (at as f64 + 0.5) * scale;
            // `as` drops the fraction like C's cast, and takes what lies below 0 to 0.
            let first = (center - support + 0.5) as usize;
            let end = ((center + support + 0.5) as usize).min(from);
            triangle.clear();
            triangle.extend((first..end).map(|x| {
                let distance = ((x as f64 - center + 0.5) * inverse).abs();
                if distance < 1.0 { 1.0 - distance } else { 0.0 }
            }));
            let sum = triangle.iter().fold(0.0, |sum, weight| sum + weight);
            spans.push(Span { first, length: triangle.len(), values: values.len() });
            values.extend(triangle.iter().map(|&weight: &f64| {
                let share = if sum == 0.0 { weight } else { weight / sum };
                // The triangle is nowhere negative, so adding one half rounds.
                (0.5 + share * f64::from(1 << PRECISION)) as i32
            }));
        }
        Self { spans, values }
    }

    /// For each pixel of the target, the pixels of the source that count, and their weights.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Range<usize>, &[i32])> {
        (0..self.spans.len()).map(|at| (self.span(at), self.of(at)))
    }

    /// The pixels of the source that count in a pixel of the target.
    #[inline(always)]
    pub(super) fn span(&self, at: usize) -> Range<usize> {
        let span = self.spans[at];
        span.first..span.first + span.length
    }

    /// Their weights.
    #[inline(always)]
    pub(super) fn of(&self, at: usize) -> &[i32] {
        let span = self.spans[at];
        &self.values[span.values..][..span.length]
    }

    /// The longest span.
    pub(super) fn longest(&self) -> usize {
        self.spans.iter().map(|span| span.length).max().unwrap_or(0)
    }
}
