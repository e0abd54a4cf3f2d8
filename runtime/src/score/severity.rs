//! How bad a score is, on a scale that is the same for every product.

/// 0 at the median of good pictures, 1 at the threshold, straight between and beyond; not clipped. Below 0 for a picture that is better
/// than most good ones.
///
/// `None` when the threshold does not lie above the median: then there is no scale.
pub fn severity(score: f32, median: f64, threshold: f32) -> Option<f64> {
    let unit = f64::from(threshold) - median;
    (unit > 0.0).then(|| (f64::from(score) - median) / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_has_two_fixed_points() {
        assert_eq!(
            [1.0, 3.0, 5.0, 0.0].map(|score| severity(score, 1.0, 3.0)),
            [Some(0.0), Some(1.0), Some(2.0), Some(-0.5)]
        );
        assert_eq!(severity(1.0, 3.0, 3.0), None);
    }
}
