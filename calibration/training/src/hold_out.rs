//! Good pictures that are not learnt from: defects are drawn on them, and each epoch is judged by how well it tells the two apart.

use crate::random::{Purpose, Seed};

/// One of so many pictures of each product.
const SHARE: usize = 10;

/// What pictures are used for: places in the samples, rising.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Division {
    /// To learn from.
    pub training: Vec<usize>,
    /// To judge by.
    pub held_out: Vec<usize>,
}

/// Holds back a tenth of each product's pictures; none of a product that has fewer than ten.
///
/// * `products`: each one's name and the places of its pictures in the samples.
pub fn divide<'a>(products: impl IntoIterator<Item = (&'a str, Vec<usize>)>, seed: Seed) -> Division {
    let mut division = Division::default();
    for (name, places) in products {
        let count = places.len() / SHARE;
        let order = seed.named(Purpose::HeldOut, name).order(places.len());
        division.held_out.extend(order[..count].iter().map(|at| places[*at]));
        division.training.extend(order[count..].iter().map(|at| places[*at]));
    }
    division.training.sort_unstable();
    division.held_out.sort_unstable();
    division
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_each_product_is_held_back() {
        let products = || [("bolt", (0..25).collect::<Vec<_>>()), ("nut", (25..34).collect())];
        let division = divide(products(), Seed(1));
        assert_eq!(division.held_out.len(), 2);
        assert!(division.held_out.iter().all(|at| *at < 25));
        let mut all = [division.training.clone(), division.held_out.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..34).collect::<Vec<_>>());
        assert_eq!(division, divide(products(), Seed(1)));
        assert_ne!(division, divide(products(), Seed(2)));
        // Other products change nothing.
        assert_eq!(divide(products().into_iter().take(1), Seed(1)).held_out, division.held_out);
    }
}
