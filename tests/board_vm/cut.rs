//! What is on a medium when the power goes: everything that was written before the last flush; of what came later, some requests and not others, in any
//! order, and some of them in part. Sectors of 512 bytes are whole.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use crate::dice::Dice;
use crate::write_log::{Change, WriteLog};

const SECTOR: u64 = 512;

/// How far a disk's word can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Medium {
    /// What was flushed stays.
    Honest,
    /// It says so, and has forgotten one of the requests since that one.
    Lying { since: usize },
}

/// One cut.
#[derive(Debug, Clone)]
pub(crate) struct Cut {
    /// The last request that had ended.
    pub(crate) at: usize,
    /// Requests before this one are on the medium.
    pub(crate) barrier: usize,
    /// Those that may be lost, and are not: pieces of them, in the order in which they came to the medium.
    pub(crate) kept: Vec<Piece>,
    /// How many could have been lost.
    pub(crate) volatile: usize,
    /// How many were lost.
    pub(crate) lost: usize,
    /// How many are there in part.
    pub(crate) torn: usize,
}

/// Some sectors of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    change: Change,
    from: u64,
    length: u64,
}

impl Piece {
    fn whole(change: Change) -> Self {
        Self { change, from: 0, length: change.length }
    }

    fn write(&self, log: &WriteLog, disk: &File, origin: u64) -> io::Result<()> {
        let bytes = log.read(&self.change, self.from, self.length)?;
        let at = (self.change.start + self.from).checked_sub(origin);
        // What lies before the part that `disk` is of, or behind it, is no business of that part.
        let room = at.zip(disk.metadata().ok()).and_then(|(at, metadata)| metadata.len().checked_sub(at));
        let Some((at, room)) = at.zip(room) else { return Ok(()) };
        let count = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        disk.write_all_at(bytes.get(..count).unwrap_or_default(), at)
    }
}

impl Cut {
    /// Right after the request `at`.
    pub(crate) fn after(log: &WriteLog, at: usize, medium: Medium, dice: &mut Dice) -> Self {
        let done = log.entries.get(..=at).unwrap_or(&log.entries);
        let flushed = done.iter().rposition(|entry| entry.is_flush).unwrap_or(0);
        let barrier = match medium {
            Medium::Honest => flushed,
            Medium::Lying { since } => since.min(at),
        };
        let later = done.get(barrier..).unwrap_or_default();
        let (durable, mut volatile): (Vec<Change>, Vec<Change>) =
            later.iter().filter_map(|entry| entry.change).partition(|change| change.is_durable);
        let count = volatile.len();
        if medium != Medium::Honest {
            // Drawn by its bytes: the journal's own requests are many and small, and without one of them nothing later is believed.
            let mut byte = dice.below(volatile.iter().map(|change| change.length as usize).sum());
            let forgotten = volatile.iter().position(|change| {
                let is_here = byte < change.length as usize;
                byte = byte.saturating_sub(change.length as usize);
                is_here
            });
            if let Some(forgotten) = forgotten {
                volatile.remove(forgotten);
            }
            let lost = usize::from(forgotten.is_some());
            let kept = volatile.into_iter().chain(durable).map(Piece::whole).collect();
            return Self { at, barrier, kept, volatile: count, lost, torn: 0 };
        }
        let chance = [0, 10, 50, 90, 100][dice.below(5)];
        dice.shuffle(&mut volatile);
        let (mut kept, mut torn, mut lost) = (Vec::new(), 0, 0);
        for change in volatile {
            if !dice.happens(chance) {
                lost += 1;
            } else if change.length > SECTOR && dice.happens(25) {
                torn += 1;
                kept.extend(Self::sectors(change, dice));
            } else {
                kept.push(Piece::whole(change));
            }
        }
        // These did not end before they were there.
        kept.extend(durable.into_iter().map(Piece::whole));
        Self { at, barrier, kept, volatile: count, lost, torn }
    }

    /// About half of its sectors.
    fn sectors(change: Change, dice: &mut Dice) -> Vec<Piece> {
        let starts = (0..change.length).step_by(SECTOR as usize);
        let kept = starts.filter(|_| dice.happens(50));
        kept.map(|from| Piece { change, from, length: SECTOR.min(change.length - from) }).collect()
    }

    /// Brings what may have been lost and was not onto a disk on which the rest is. `origin`: which byte of the whole disk is its first.
    pub(crate) fn keep(&self, log: &WriteLog, disk: &File, origin: u64) -> io::Result<()> {
        self.kept.iter().try_for_each(|piece| piece.write(log, disk, origin))
    }
}

/// Does what a log says, from one request to before another, on the whole disk.
pub(crate) fn replay(log: &WriteLog, requests: std::ops::Range<usize>, disk: &File) -> io::Result<()> {
    let changes = log.entries.get(requests).unwrap_or_default().iter().filter_map(|entry| entry.change);
    changes.map(Piece::whole).try_for_each(|piece| piece.write(log, disk, 0))
}

/// Moments in a log, between two requests: half of them anywhere, half after a flush that is drawn first, since most requests carry data and
/// little changes between them. In order.
pub(crate) fn moments(log: &WriteLog, within: std::ops::Range<usize>, count: usize, dice: &mut Dice) -> Vec<usize> {
    let flushes: Vec<usize> =
        within.clone().filter(|&at| log.entries.get(at).is_some_and(|entry| entry.is_flush)).collect();
    let mut moments: Vec<usize> = (0..count)
        .map(|number| match flushes.as_slice() {
            [_, ..] if number % 2 == 0 => {
                let epoch = dice.below(flushes.len());
                let from = flushes.get(epoch).copied().unwrap_or(within.start);
                let to = flushes.get(epoch + 1).copied().unwrap_or(within.end);
                from + dice.below(to - from)
            }
            _ => within.start + dice.below(within.len()),
        })
        .collect();
    moments.sort_unstable();
    moments
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::write_log::tests::log_of;

    /// Sector `n` of the disk is what the `n`th request writes, but for the last two, which write one sector twice.
    fn log(folder: &std::path::Path) -> WriteLog {
        let sector = |byte: u8| vec![byte; 512];
        log_of(
            folder,
            &[
                (0, 0, sector(1)),
                (1, 0, sector(2)),
                (0, 1, vec![]),
                (2, 0, sector(3)),
                (3, 2, sector(4)),
                (4, 0, [sector(5), sector(6), sector(7)].concat()),
                (7, 0, sector(8)),
                (7, 0, sector(9)),
            ],
        )
    }

    /// The first bytes of the disk's sectors after each of so many cuts.
    fn disks(log: &WriteLog, at: usize, medium: Medium, count: u64) -> BTreeSet<Vec<u8>> {
        let disks = (0..count).map(|seed| {
            let cut = Cut::after(log, at, medium, &mut Dice::new(seed));
            let disk = tempfile::tempfile().unwrap();
            disk.set_len(8 * 512).unwrap();
            replay(log, 0..cut.barrier, &disk).unwrap();
            cut.keep(log, &disk, 0).unwrap();
            let mut bytes = vec![0; 8 * 512];
            disk.read_exact_at(&mut bytes, 0).unwrap();
            let sectors: Vec<&[u8]> = bytes.chunks_exact(512).collect();
            assert!(sectors.iter().all(|sector| sector.iter().all(|&byte| byte == sector[0])), "half a sector");
            sectors.iter().map(|sector| sector[0]).collect()
        });
        disks.collect()
    }

    #[test]
    fn what_was_flushed_stays_and_of_the_rest_everything_may_go() {
        let folder = tempfile::tempdir().unwrap();
        let log = log(folder.path());
        let found = disks(&log, 7, Medium::Honest, 2000);
        for disk in &found {
            assert_eq!((disk[0], disk[1], disk[3]), (1, 2, 4), "flushed, and written through");
        }
        let values = |at: usize| found.iter().map(|disk| disk[at]).collect::<Vec<_>>();
        for (at, expected) in [(2, vec![0, 3]), (4, vec![0, 5]), (6, vec![0, 7]), (7, vec![0, 8, 9])] {
            assert_eq!(values(at).into_iter().collect::<BTreeSet<u8>>(), expected.into_iter().collect(), "sector {at}");
        }
        assert!(found.iter().any(|disk| disk[4..7] == [5, 0, 7]), "never torn");
    }

    #[test]
    fn before_the_flush_all_may_go_and_a_lying_disk_loses_what_was_flushed() {
        let folder = tempfile::tempdir().unwrap();
        let log = log(folder.path());
        let before = disks(&log, 1, Medium::Honest, 500);
        assert_eq!(before.len(), 4);
        assert!(before.contains(&vec![0; 8]));
        let lied = disks(&log, 7, Medium::Lying { since: 1 }, 500);
        assert!(lied.iter().all(|disk| disk[0] == 1) && lied.iter().any(|disk| disk[1] == 0));
    }

    #[test]
    fn moments_lie_within_and_are_the_same_for_a_seed() {
        let folder = tempfile::tempdir().unwrap();
        let log = log(folder.path());
        let drawn = |seed| moments(&log, 1..7, 50, &mut Dice::new(seed));
        assert!(drawn(1).iter().all(|at| (1..7).contains(at)));
        assert_eq!((drawn(1), drawn(1).len()), (drawn(1), 50));
        assert_ne!(drawn(1), drawn(2));
    }
}
