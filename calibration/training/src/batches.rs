//! Which pictures a step learns from.
//!
//! Pictures are drawn in passes: each pass is an order of its own of all of them, and what is left of one goes into the first batch of the next.
//! What step s gets depends on the seed and s alone.

use crate::random::{Purpose, Seed};

/// The pictures of each product, by their number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batches {
    groups: Vec<Vec<usize>>,
    size: usize,
    seed: Seed,
}

/// Fewer pictures than a batch has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected at least {expected} good pictures to learn from, found {found}")]
pub struct TooFewPictures {
    /// Of a batch.
    pub expected: usize,
    /// As given.
    pub found: usize,
}

/// How often the pictures of different products are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Balance {
    /// Each picture as often as any other, as published.
    Pictures,
    /// Each product as often as any other, however many pictures it has.
    Products,
}

impl Batches {
    /// * `products`: of each picture, the number of its product.
    ///
    /// # Errors
    /// [`TooFewPictures`]
    pub fn new(products: &[usize], balance: Balance, size: usize, seed: Seed) -> Result<Self, TooFewPictures> {
        let found = products.len();
        if found < size {
            return Err(TooFewPictures { expected: size, found });
        }
        let groups = match balance {
            Balance::Pictures => vec![(0..found).collect()],
            Balance::Products => {
                let count = products.iter().max().map_or(0, |most| most + 1);
                let of = |product| (0..found).filter(|at| products[*at] == product).collect::<Vec<_>>();
                (0..count).map(of).filter(|group| !group.is_empty()).collect()
            }
        };
        Ok(Self { groups, size, seed })
    }

    /// Pictures of one pass over all.
    pub fn pass(&self) -> usize {
        self.groups.iter().map(Vec::len).sum()
    }

    /// Passes that are over when so many steps were made.
    pub fn passes_after(&self, steps: u64) -> u64 {
        steps * self.size as u64 / self.pass() as u64
    }

    /// The pictures of a step, counted from 0.
    pub fn of_step(&self, step: u64) -> Vec<usize> {
        let first = step * self.size as u64;
        let count = self.groups.len() as u64;
        let mut orders: Vec<Option<(u64, Vec<usize>)>> = vec![None; self.groups.len()];
        (first..first + self.size as u64)
            .map(|place| {
                let (group, place) = ((place % count) as usize, place / count);
                let length = self.groups[group].len() as u64;
                let pass = place / length;
                let order = match &mut orders[group] {
                    Some((of, order)) if *of == pass => order,
                    kept => {
                        let mut random = self.seed.stream(Purpose::Order, &[pass, group as u64]);
                        &mut kept.insert((pass, random.order(length as usize))).1
                    }
                };
                self.groups[group][order[(place % length) as usize]]
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_shows_every_picture_once_and_what_is_left_begins_the_next() {
        let batches = Batches::new(&[0; 11], Balance::Pictures, 4, Seed(3)).unwrap();
        let drawn: Vec<usize> = (0..11).flat_map(|step| batches.of_step(step)).collect();
        for pass in drawn.chunks(11) {
            let mut sorted = pass.to_vec();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..11).collect::<Vec<_>>());
        }
        assert_ne!(drawn[..11], drawn[11..22]);
        assert_eq!([2, 3, 5, 6].map(|steps| batches.passes_after(steps)), [0, 1, 1, 2]);
    }

    #[test]
    fn balanced_products_are_drawn_equally_often() {
        let products: Vec<usize> = (0..20).map(|at| usize::from(at >= 17)).collect();
        let batches = Batches::new(&products, Balance::Products, 8, Seed(3)).unwrap();
        let drawn: Vec<usize> = (0..30).flat_map(|step| batches.of_step(step)).collect();
        assert_eq!(drawn.iter().filter(|at| products[**at] == 1).count(), 120);
        let plain = Batches::new(&products, Balance::Pictures, 8, Seed(3)).unwrap();
        let drawn: Vec<usize> = (0..30).flat_map(|step| plain.of_step(step)).collect();
        assert_eq!(drawn.iter().filter(|at| products[**at] == 1).count(), 36);
    }

    #[test]
    fn fewer_pictures_than_a_batch_are_refused() {
        let error = Batches::new(&[0; 7], Balance::Pictures, 8, Seed(1)).unwrap_err();
        assert_eq!(error.to_string(), "expected at least 8 good pictures to learn from, found 7");
    }
}
