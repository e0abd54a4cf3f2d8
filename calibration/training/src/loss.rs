//! What training makes small: the mean squared error of rebuilt features, and a little of the experts' imbalance.

use rayon::prelude::*;

use crate::number::Number;
use crate::vectors::{sum_of_pairs, vectorized};

/// How much the experts' imbalance counts, as published.
pub const BALANCE_WEIGHT: f64 = 0.01;

/// A step's loss and its parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loss {
    /// Mean over all elements.
    pub error: f64,
    /// Mean of both gates' terms.
    pub balance: f64,
}

impl Loss {
    /// What training makes small.
    pub fn total(self) -> f64 {
        self.error + BALANCE_WEIGHT * self.balance
    }
}

/// The mean squared error, and its gradient by what was rebuilt, in its place.
pub fn squared_error<T: Number>(rebuilt: &mut [T], target: &[T]) -> f64 {
    /// Numbers that are summed by themselves; fixed, so that the number of threads does not show.
    const BLOCK: usize = 1 << 14;
    let count = rebuilt.len() as f64;
    let factor = T::from_f64(2.0 / count);
    let blocks = rebuilt.par_chunks_mut(BLOCK).zip(target.par_chunks(BLOCK));
    let sums: Vec<f64> = blocks
        .map(|(rebuilt, target)| {
            vectorized(
                #[inline(always)]
                || {
                    let sum = sum_of_pairs(rebuilt, target, |a, b| (a - b) * (a - b));
                    rebuilt.iter_mut().zip(target).for_each(|(a, b)| *a = (*a - *b) * factor);
                    sum.to_f64()
                },
            )
        })
        .collect();
    sums.iter().sum::<f64>() / count
}
