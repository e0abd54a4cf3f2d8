//! Chance that is the same on every machine: SplitMix64, and shares as integers.

use moead_model::self_test::SplitMix64;

/// A share of all cases, from none to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chance(u64);

/// All cases. Draws have 53 bits, so that every share that a 64-bit float can say is exact.
const ALL: u64 = 1 << 53;

impl Chance {
    /// One of ten.
    pub const TENTH: Self = Self(ALL / 10);

    /// Reads a share from 0 to 1; None otherwise.
    pub fn parse(text: &str) -> Option<Self> {
        let share = text.parse().ok().filter(|share: &f64| (0.0..=1.0).contains(share))?;
        // A power of two as the factor: nothing is rounded but the digits behind the last bit, which are dropped.
        Some(Self((share * ALL as f64) as u64))
    }

    /// Whether it happens this time.
    pub(super) fn happens(self, dice: &mut SplitMix64) -> bool {
        dice.next_u64() >> 11 < self.0
    }
}

/// What dice are thrown for; each has dice of its own, so that one more throw here changes nothing there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    /// The belt, the rails, the brush marks of metal: drawn once.
    Surfaces = 1,
    /// Where a product lies and how it looks when it is good.
    Product = 2,
    /// Whether it is defective, and how.
    Defect = 3,
    /// A frame's noise and flicker.
    Frame = 4,
    /// What happens to a frame on its way.
    Fault = 5,
}

/// Dice for the `number`th case of a purpose.
pub(super) fn dice(seed: u64, purpose: Purpose, number: u64) -> SplitMix64 {
    let base = SplitMix64::new(seed ^ (purpose as u64) << 56).next_u64();
    SplitMix64::new(base ^ number)
}

/// A whole number from `low` to `high`, both included, less than 2^31 apart; `low` when it is
/// the higher.
pub(super) fn between(dice: &mut SplitMix64, low: i64, high: i64) -> i64 {
    let span = u64::try_from(high - low).unwrap_or(0) + 1;
    low + (((dice.next_u64() >> 32) * span) >> 32) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(text: &str, cases: u64) -> u64 {
        let chance = Chance::parse(text).unwrap();
        (0..cases).filter(|&case| chance.happens(&mut dice(3, Purpose::Defect, case))).count() as u64
    }

    #[test]
    fn a_share_is_met() {
        assert_eq!((share("0", 1000), share("1", 1000)), (0, 1000));
        // Four standard deviations of a binomial distribution of 100,000 at 0.1 are 379.
        assert!((9_621..=10_379).contains(&share("0.1", 100_000)));
        for wrong in ["", "x", "-0.1", "1.1", "nan", "inf"] {
            assert_eq!(Chance::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn numbers_lie_between_their_ends() {
        let mut dice = dice(1, Purpose::Product, 0);
        let mut seen = [0_u32; 5];
        for _ in 0..5000 {
            seen[usize::try_from(between(&mut dice, -2, 2) + 2).unwrap()] += 1;
        }
        assert!(seen.iter().all(|&count| (850..1150).contains(&count)), "{seen:?}");
        assert_eq!(between(&mut dice, 4, 4), 4);
    }
}
