//! The last defects, as pictures.

use std::collections::VecDeque;

use axum::body::Bytes;

use crate::score::verdict::{Score, Threshold};
use crate::stream::clock::WallClock;

use super::drawing::Heat;
use super::pictures::Shot;

/// As many per source; the oldest go first. Some 60 kB each with both pictures.
pub(super) const KEPT: usize = 24;

/// A frame whose verdict was `defect`.
#[derive(Debug, Clone)]
pub(super) struct Defect {
    /// Never given twice in a run, for any source.
    pub(super) id: u64,
    pub(super) frame: u64,
    pub(super) time: WallClock,
    pub(super) score: Option<Score>,
    pub(super) threshold: Option<Threshold>,
    plain: Bytes,
    heated: Bytes,
}

/// A source's last defects.
#[derive(Debug)]
pub(super) struct Defects {
    /// Newest first.
    list: VecDeque<Defect>,
    /// The next one's.
    id: u64,
    step: u64,
    /// Grows with every change.
    revision: u64,
}

impl Defects {
    /// Of the source `index` of `sources`.
    pub(super) fn new(index: usize, sources: usize) -> Self {
        // Each source counts in steps of its own, so that no two meet.
        Self { list: VecDeque::with_capacity(KEPT), id: index as u64, step: sources as u64, revision: 0 }
    }

    pub(super) fn keep(&mut self, shot: &Shot, plain: Bytes, heated: Bytes) {
        self.list.truncate(KEPT - 1);
        let Shot { frame, time, score, threshold, .. } = *shot;
        self.list.push_front(Defect { id: self.id, frame, time, score, threshold, plain, heated });
        self.id += self.step;
        self.revision += 1;
    }

    /// Newest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Defect> {
        self.list.iter()
    }

    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// The picture of a defect that is still kept.
    pub(super) fn jpeg(&self, id: u64, heat: Heat) -> Option<Bytes> {
        let defect = self.list.iter().find(|defect| defect.id == id)?;
        Some(match heat {
            Heat::On => defect.heated.clone(),
            Heat::Off => defect.plain.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_and_numbers_never_come_back() {
        let mut both = [Defects::new(0, 2), Defects::new(1, 2)];
        for defects in &mut both {
            for _ in 0..KEPT + 5 {
                defects.keep(&Shot::empty(), Bytes::from_static(b"plain"), Bytes::from_static(b"heated"));
            }
        }
        let ids: Vec<u64> = both[1].iter().map(|defect| defect.id).collect();
        assert_eq!(ids, (5..KEPT as u64 + 5).rev().map(|number| 2 * number + 1).collect::<Vec<_>>());
        assert!(both[0].iter().all(|defect| !ids.contains(&defect.id)));
        assert_eq!(both[1].jpeg(11, Heat::Off), Some(Bytes::from_static(b"plain")));
        assert_eq!(both[1].jpeg(9, Heat::On), None);
        assert_eq!(both[1].revision(), KEPT as u64 + 5);
    }
}
