//! Counts of scores by intervals that adapt to where the scores are.
//!
//! The keys of all f32 numbers (see [`key_of`](super::super::ranking)) are cut into 4096 pages of 2^20 neighbouring numbers, an eighth of
//! an octave each. A page appears with its first score, at first with a bin for every single number: exact. When all pages together
//! have too many bins, the one with the fewest scores per bin is halved, again and again, down to one bin. So a page that
//! holds most scores stays exact however far outliers lie, and memory has a bound that no scores can break. A bin that has met one number only, however often, is exact too: coarse scores, as
//! from rounded networks, stay exact.

use crate::metrics::ranking::{Step, score_of};

/// Bits of a key that tell the page.
const PAGE_BITS: u32 = 12;
const PAGES: usize = 1 << PAGE_BITS;
/// Bits of a key within its page.
const KEY_BITS: u32 = 32 - PAGE_BITS;

/// Counts of scores, by intervals of keys.
#[derive(Debug, Clone)]
pub(in crate::metrics) struct Bins {
    pages: Vec<Option<Page>>,
    bins: usize,
    most: usize,
}

#[derive(Debug, Clone)]
struct Page {
    /// A bin holds 2^shift neighbouring keys.
    shift: u32,
    scores: u64,
    bins: Vec<Bin>,
}

#[derive(Debug, Clone, Copy)]
struct Bin {
    good: u64,
    defective: u64,
    weight: f64,
    /// The one key that was counted, or [`NONE`], or [`SEVERAL`].
    key: u32,
}

/// Keys of what is not a number, which is never counted.
const NONE: u32 = 0;
const SEVERAL: u32 = u32::MAX;

impl Bin {
    const EMPTY: Self = Self { good: 0, defective: 0, weight: 0.0, key: NONE };

    fn joined_key(a: u32, b: u32) -> u32 {
        match (a, b) {
            (NONE, key) | (key, NONE) => key,
            (a, b) if a == b => a,
            _ => SEVERAL,
        }
    }
}

impl Bins {
    /// No more than `most` bins, but at least one for each page.
    pub(in crate::metrics) fn new(most: usize) -> Self {
        Self { pages: vec![None; PAGES], bins: 0, most }
    }

    pub(in crate::metrics) fn add_good(&mut self, key: u32) {
        self.bin(key).good += 1;
    }

    pub(in crate::metrics) fn add_defective(&mut self, key: u32, weight: f64) {
        let bin = self.bin(key);
        bin.defective += 1;
        bin.weight += weight;
    }

    fn bin(&mut self, key: u32) -> &mut Bin {
        let page = (key >> KEY_BITS) as usize;
        if self.pages[page].is_none() {
            self.open(page);
        }
        let page = self.pages[page].as_mut().expect("was opened");
        page.scores += 1;
        let bin = &mut page.bins[((key & ((1 << KEY_BITS) - 1)) >> page.shift) as usize];
        bin.key = Bin::joined_key(bin.key, key);
        bin
    }

    /// Makes room first, so that memory never exceeds the limit.
    fn open(&mut self, page: usize) {
        let open = self.pages.iter().flatten().count() + 1;
        // As fine as its share of the room allows, when all pages had the same.
        let share = (self.most / open).max(1);
        let bits = share.ilog2().min(KEY_BITS);
        while self.bins + (1 << bits) > self.most && self.halve_the_emptiest() {}
        self.bins += 1 << bits;
        let bins = vec![Bin::EMPTY; 1 << bits];
        self.pages[page] = Some(Page { shift: KEY_BITS - bits, scores: 0, bins });
    }

    /// Whether there was a page with more than one bin.
    fn halve_the_emptiest(&mut self) -> bool {
        let density = |page: &Page| page.scores as f64 / page.bins.len() as f64;
        let pages = self.pages.iter_mut().flatten().filter(|page| page.bins.len() > 1);
        let Some(page) = pages.min_by(|a, b| density(a).total_cmp(&density(b))) else { return false };
        self.bins -= page.bins.len() / 2;
        page.halve();
        true
    }

    /// How many are good and defective.
    pub(in crate::metrics) fn totals(&self) -> (u64, u64) {
        let bins = self.pages.iter().flatten().flat_map(|page| &page.bins);
        bins.fold((0, 0), |(good, defective), bin| (good + bin.good, defective + bin.defective))
    }

    /// Calls `visit` for each bin that is not empty, from the highest score to the lowest.
    pub(in crate::metrics) fn steps(&self, mut visit: impl FnMut(Step)) {
        for (number, page) in self.pages.iter().enumerate().rev() {
            let Some(page) = page else { continue };
            for (at, bin) in page.bins.iter().enumerate().rev() {
                if bin.good + bin.defective > 0 {
                    let key = (number as u32) << KEY_BITS | (at as u32) << page.shift;
                    let Bin { good, defective, weight, key: only } = *bin;
                    let is_exact = only != SEVERAL;
                    let key = if is_exact { only } else { key };
                    visit(Step { score: score_of(key), good, defective, weight, is_exact });
                }
            }
        }
    }
}

impl Page {
    fn halve(&mut self) {
        for at in 0..self.bins.len() / 2 {
            let (a, b) = (self.bins[2 * at], self.bins[2 * at + 1]);
            self.bins[at] = Bin {
                good: a.good + b.good,
                defective: a.defective + b.defective,
                weight: a.weight + b.weight,
                key: Bin::joined_key(a.key, b.key),
            };
        }
        self.bins.truncate(self.bins.len() / 2);
        self.bins.shrink_to_fit();
        self.shift += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metrics::ranking::key_of;

    #[test]
    fn crowded_numbers_stay_exact_beside_outliers() {
        let mut bins = Bins::new(2_500_000);
        for at in 0..100_000 {
            bins.add_good(key_of(100.0 + at as f32 * 1e-5));
        }
        for octave in -120..120 {
            bins.add_good(key_of(2_f32.powi(octave)));
            bins.add_good(key_of(-(2_f32.powi(octave))));
        }
        assert!(bins.bins <= 2_500_000);
        let mut crowded = (0, 0);
        bins.steps(|step| {
            if (99.9..101.1).contains(&step.score) {
                crowded = (crowded.0 + step.good, crowded.1 + u64::from(step.is_exact) * step.good);
            }
        });
        assert_eq!(crowded, (100_000, 100_000));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_the_limit_holds(keys in prop::collection::vec(0x0100_0000..0xff00_0000_u32, 0..400), most in 4096_usize..40_000) {
            let mut bins = Bins::new(most);
            for (at, key) in keys.iter().enumerate() {
                if at % 3 == 0 { bins.add_defective(*key, 0.5) } else { bins.add_good(*key) }
            }
            let defective = keys.len().div_ceil(3) as u64;
            prop_assert_eq!(bins.totals(), (keys.len() as u64 - defective, defective));
            prop_assert!(bins.bins <= most);
            prop_assert_eq!(bins.bins, bins.pages.iter().flatten().map(|page| page.bins.len()).sum::<usize>());
            let (mut weight, mut last) = (0.0, f32::INFINITY);
            bins.steps(|step| {
                weight += step.weight;
                assert!(step.score <= last || last.is_nan() || step.score.is_nan());
                last = step.score;
            });
            prop_assert_eq!(weight, defective as f64 / 2.0);
        }
    }
}
