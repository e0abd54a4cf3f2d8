//! How unevenly the experts are liked: the square of the coefficient of variation of their summed gate logits.
//!
//! ```text
//! b = var(L) / (mean(L)^2 + 1e-10),  L_e = sum of the tokens' logits of expert e,  var divides by E - 1;  0 for one expert
//! ```
//!
//! As published. It divides by a squared mean, and explodes where the sums' mean is near 0.

use crate::number::Number;

const EPSILON: f64 = 1e-10;

/// b, and its gradient by each token's logits: the same for all tokens, one number an expert.
///
/// * `logits`: tokens x experts.
pub(super) fn balance<T: Number>(logits: &[T], experts: usize) -> (T, Vec<T>) {
    if experts < 2 {
        return (T::ZERO, vec![T::ZERO; experts]);
    }
    // In 64 bits: sums over some thousand tokens, and then a difference of them.
    let mut sums = vec![0.0; experts];
    for logits in logits.chunks_exact(experts) {
        sums.iter_mut().zip(logits).for_each(|(sum, logit)| *sum += logit.to_f64());
    }
    let count = experts as f64;
    let mean = sums.iter().sum::<f64>() / count;
    let variance = sums.iter().map(|sum| (sum - mean) * (sum - mean)).sum::<f64>() / (count - 1.0);
    let square = mean * mean + EPSILON;
    let gradient =
        |sum: &f64| 2.0 * (sum - mean) / ((count - 1.0) * square) - variance / (square * square) * 2.0 * mean / count;
    (T::from_f64(variance / square), sums.iter().map(|sum| T::from_f64(gradient(sum))).collect())
}
