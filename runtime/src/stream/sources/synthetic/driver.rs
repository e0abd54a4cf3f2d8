//! A driver's buffers: frames wait in them, one is lent to the program, and what finds none free is lost.

use std::collections::VecDeque;
use std::time::Duration;

use crate::stream::sources::Order;

use super::canvas::Light;

/// As many as programs usually ask of a driver.
pub(super) const BUFFERS: usize = 4;

/// A frame that was captured. What it shows is drawn when somebody looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shot {
    /// Which frame of the scene.
    pub(super) frame: u64,
    /// How it was lit.
    pub(super) light: Light,
    /// The driver's count.
    pub(super) sequence: u32,
    /// When, since the scene's beginning.
    pub(super) time: Duration,
    /// What is wrong with it.
    pub(super) flaw: Option<Flaw>,
}

/// What is wrong with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The driver says so.
    Flagged,
    /// So many 256ths of it are there.
    Short(u8),
}

/// Frames that nobody has taken yet.
#[derive(Debug)]
pub(super) struct Buffers {
    waiting: VecDeque<Shot>,
    is_lent: bool,
    /// The number of the frame that was lent last.
    last: Option<u32>,
}

impl Buffers {
    pub(super) fn new() -> Self {
        Self { waiting: VecDeque::with_capacity(BUFFERS), is_lent: false, last: None }
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// A frame was captured. It is lost when no buffer is free.
    pub(super) fn fill(&mut self, shot: Shot) {
        if self.waiting.len() + usize::from(self.is_lent) < BUFFERS {
            self.waiting.push_back(shot);
        }
    }

    /// The buffer that was lent comes back.
    pub(super) fn give_back(&mut self) {
        self.is_lent = false;
    }

    /// Lends a frame; how many were passed over for it. Those that repeat another are not counted.
    pub(super) fn lend(&mut self, order: Order) -> Option<(Shot, u64)> {
        let (shot, passed_over) = match order {
            Order::Oldest => (self.waiting.pop_front()?, 0),
            Order::Newest => {
                let shot = self.waiting.pop_back()?;
                let mut numbers = self.last;
                let mut passed_over = 0;
                for older in self.waiting.drain(..) {
                    let is_new = numbers != Some(older.sequence) && older.sequence != shot.sequence;
                    passed_over += u64::from(is_new);
                    numbers = Some(older.sequence);
                }
                (shot, passed_over)
            }
        };
        self.is_lent = true;
        self.last = Some(shot.sequence);
        Some((shot, passed_over))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shot(sequence: u32) -> Shot {
        Shot { frame: 0, light: Light::On, sequence, time: Duration::ZERO, flaw: None }
    }

    fn filled(sequences: &[u32]) -> Buffers {
        let mut buffers = Buffers::new();
        sequences.iter().for_each(|&sequence| buffers.fill(shot(sequence)));
        buffers
    }

    #[test]
    fn what_finds_no_buffer_is_lost() {
        let mut buffers = filled(&[0, 1, 2, 3, 4, 5]);
        let mut lend = |order| {
            buffers.give_back();
            buffers.lend(order).map(|(shot, passed_over)| (shot.sequence, passed_over))
        };
        assert_eq!([0, 1, 2, 3].map(|_| lend(Order::Oldest)), [0, 1, 2, 3].map(|sequence| Some((sequence, 0))));
        assert_eq!(lend(Order::Oldest), None);
    }

    #[test]
    fn a_buffer_that_is_lent_cannot_be_filled() {
        let mut buffers = filled(&[0]);
        assert!(buffers.lend(Order::Oldest).is_some());
        (1..9).for_each(|sequence| buffers.fill(shot(sequence)));
        buffers.give_back();
        assert_eq!(buffers.lend(Order::Newest), Some((shot(3), 2)));
        assert!(buffers.is_empty());
    }

    #[test]
    fn a_repeated_frame_is_passed_over_once() {
        let mut buffers = filled(&[0, 0, 1, 1]);
        assert_eq!(buffers.lend(Order::Newest), Some((shot(1), 1)));
        buffers.give_back();
        for sequence in [1, 2] {
            buffers.fill(shot(sequence));
        }
        assert_eq!(buffers.lend(Order::Newest), Some((shot(2), 0)));
    }
}
