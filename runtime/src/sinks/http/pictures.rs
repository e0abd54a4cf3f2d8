//! The way of pictures from the engine's thread to whoever watches.
//!
//! The engine's thread lays a copy of the newest frame on a desk, if one is due and nobody is at the desk; the server takes
//! it from there by exchanging memory, and draws it when somebody asks. Neither ever waits for the other's work.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use axum::body::Bytes;
use moead_model::architecture::ImageSize;

use crate::score::regions::{MAX_REGIONS, Rect, Region};
use crate::score::verdict::{Score, Threshold, Verdict};
use crate::stream::clock::WallClock;

use super::drawing::{self, Heat};
use super::observation::{Observation, View};
use super::shared::Shared;

/// From one copy to the next, while somebody watches.
pub(super) const WATCHED_INTERVAL: Duration = Duration::from_millis(100);
/// The same while nobody does: whoever comes sees something at once.
const IDLE_INTERVAL: Duration = Duration::from_secs(1);
/// From one kept defect to the next. A part that passes shows its defect in many frames.
const DEFECT_INTERVAL: Duration = Duration::from_secs(1);
/// Somebody who asked for a picture counts as a watcher for so long.
const WATCHES_FOR: Duration = Duration::from_secs(3);

/// Longer sides are halved, or divided by more, while they are copied.
const LONGEST_SIDE: usize = 720;

/// A source's pictures.
#[derive(Debug)]
pub(super) struct Pictures {
    /// Until when somebody watches, in milliseconds since the server began.
    watched_until: AtomicU64,
    /// How many were copied so far; so it is the newest one's number, from 1.
    newest: AtomicU64,
    desk: Mutex<Desk>,
    /// Only the server's thread looks at it.
    drawn: Mutex<Drawn>,
}

/// What the engine's thread leaves for the server.
#[derive(Debug)]
struct Desk {
    live: Shot,
    live_since: Option<Duration>,
    defect: Shot,
    defect_since: Option<Duration>,
    /// Nobody has taken the defect yet.
    defect_waits: bool,
}

/// What the server made of the newest picture.
#[derive(Debug)]
struct Drawn {
    shot: Shot,
    plain: Option<Bytes>,
    heated: Option<Bytes>,
}

/// A frame as far as it takes to draw it.
#[derive(Debug, Clone)]
pub(super) struct Shot {
    /// Counts the source's copies; 0 before the first.
    pub(super) number: u64,
    pub(super) frame: u64,
    pub(super) time: WallClock,
    pub(super) size: ImageSize,
    pub(super) part: Rect,
    pub(super) pixels: Vec<u8>,
    pub(super) map_size: ImageSize,
    pub(super) map: Vec<f32>,
    pub(super) regions: Vec<Region>,
    pub(super) score: Option<Score>,
    pub(super) threshold: Option<Threshold>,
    pub(super) verdict: Option<Verdict>,
}

/// What is known about a picture before it is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    pub(super) number: u64,
    pub(super) frame: u64,
    pub(super) score: Option<Score>,
    pub(super) verdict: Option<Verdict>,
    /// When it is drawn.
    pub(super) size: ImageSize,
}

/// A drawn picture.
#[derive(Debug, Clone)]
pub(super) struct Jpeg {
    pub(super) bytes: Bytes,
    pub(super) number: u64,
    pub(super) frame: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A picture that a panic left half done is drawn over by the next one.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pictures {
    pub(super) fn new() -> Self {
        let desk = Desk {
            live: Shot::empty(),
            live_since: None,
            defect: Shot::empty(),
            defect_since: None,
            defect_waits: false,
        };
        Self {
            watched_until: AtomicU64::new(0),
            newest: AtomicU64::new(0),
            desk: Mutex::new(desk),
            drawn: Mutex::new(Drawn { shot: Shot::empty(), plain: None, heated: None }),
        }
    }

    /// Copies the frame if one is due. True when it is a defect that the server has to keep.
    pub(super) fn offer(&self, observation: &Observation<'_>, elapsed: Duration) -> bool {
        let Some(view) = observation.view.filter(View::is_whole) else { return false };
        let mut desk = match self.desk.try_lock() {
            Ok(desk) => desk,
            Err(TryLockError::Poisoned(desk)) => desk.into_inner(),
            // The server is at it; the next frame will do.
            Err(TryLockError::WouldBlock) => return false,
        };
        let is_due =
            |since: Option<Duration>, interval| since.is_none_or(|since| elapsed.saturating_sub(since) >= interval);
        let interval = if self.is_watched(elapsed) { WATCHED_INTERVAL } else { IDLE_INTERVAL };
        if is_due(desk.live_since, interval) {
            let number = self.newest.load(Ordering::Relaxed) + 1;
            desk.live.take_from(observation, view, number);
            desk.live_since = Some(elapsed);
            self.newest.store(number, Ordering::Release);
        }
        let is_defect = observation.verdict == Some(Verdict::Defect);
        let is_kept = is_defect && !desk.defect_waits && is_due(desk.defect_since, DEFECT_INTERVAL);
        if is_kept {
            desk.defect.take_from(observation, view, 0);
            desk.defect_since = Some(elapsed);
            desk.defect_waits = true;
        }
        is_kept
    }

    /// Somebody asked for a picture.
    pub(super) fn watch(&self, elapsed: Duration) {
        self.watched_until.store(milliseconds(elapsed + WATCHES_FOR), Ordering::Relaxed);
    }

    fn is_watched(&self, elapsed: Duration) -> bool {
        milliseconds(elapsed) < self.watched_until.load(Ordering::Relaxed)
    }

    /// The newest picture's number; 0 when there is none.
    pub(super) fn newest(&self) -> u64 {
        self.newest.load(Ordering::Acquire)
    }

    /// Which picture would be drawn now. None when there is none yet.
    pub(super) fn shown(&self) -> Option<Shown> {
        let Shot { number, frame, score, verdict, size, part, .. } = self.take_newest().shot;
        (number > 0).then(|| Shown { number, frame, score, verdict, size: drawing::shown(size, part) })
    }

    /// Takes the newest picture from the desk, unless it is here already.
    fn take_newest(&self) -> MutexGuard<'_, Drawn> {
        let mut drawn = lock(&self.drawn);
        if drawn.shot.number < self.newest() {
            std::mem::swap(&mut lock(&self.desk).live, &mut drawn.shot);
            (drawn.plain, drawn.heated) = (None, None);
        }
        drawn
    }

    /// The newest picture, drawn once for all who ask. None when there is none yet.
    pub(super) fn jpeg(&self, heat: Heat) -> Option<Jpeg> {
        let mut drawn = self.take_newest();
        let Drawn { shot, plain, heated, .. } = &mut *drawn;
        let place = match heat {
            Heat::Off => plain,
            Heat::On => heated,
        };
        if place.is_none() && shot.number > 0 {
            *place = drawing::jpeg(shot, heat).map(Bytes::from);
        }
        Some(Jpeg { bytes: place.clone()?, number: shot.number, frame: shot.frame })
    }

    /// The defect that waits, if any.
    fn take_defect(&self, into: &mut Shot) -> bool {
        let mut desk = lock(&self.desk);
        let waits = std::mem::take(&mut desk.defect_waits);
        if waits {
            std::mem::swap(&mut desk.defect, into);
        }
        waits
    }
}

/// Draws the defects that wait, whenever there are any, for as long as the server runs.
pub(super) async fn keep_defects(shared: Arc<Shared>) {
    let mut shot = Shot::empty();
    loop {
        shared.defect_waits.notified().await;
        for source in &shared.sources {
            if source.pictures.take_defect(&mut shot) {
                let drawn = [Heat::Off, Heat::On].map(|heat| drawing::jpeg(&shot, heat));
                if let [Some(plain), Some(heated)] = drawn {
                    source.defects().keep(&shot, plain.into(), heated.into());
                }
            }
        }
    }
}

impl Shot {
    pub(super) fn empty() -> Self {
        let nothing = ImageSize { height: 0, width: 0 };
        Self {
            number: 0,
            frame: 0,
            time: WallClock::default(),
            size: nothing,
            part: Rect { x: 0, y: 0, width: 0, height: 0 },
            pixels: Vec::new(),
            map_size: nothing,
            map: Vec::new(),
            regions: Vec::with_capacity(MAX_REGIONS),
            score: None,
            threshold: None,
            verdict: None,
        }
    }

    /// Takes over a frame. The memory of the one before is used again.
    fn take_from(&mut self, observation: &Observation<'_>, view: View<'_>, number: u64) {
        self.number = number;
        self.frame = observation.frame;
        self.time = observation.time;
        self.part = view.part;
        self.size = reduce(view.pixels, view.size, &mut self.pixels);
        self.map_size = view.map_size;
        self.map.clear();
        self.map.extend_from_slice(view.map);
        self.regions.clear();
        self.regions.extend(observation.regions.iter().take(MAX_REGIONS));
        self.score = observation.score;
        self.threshold = observation.threshold;
        self.verdict = observation.verdict;
    }
}

impl View<'_> {
    /// Whether there are as many pixels and values as the sizes say.
    fn is_whole(&self) -> bool {
        let count = |size: ImageSize| size.height.checked_mul(size.width);
        let pixels = count(self.size).and_then(|pixels| pixels.checked_mul(3));
        let has_map = self.map.is_empty() || count(self.map_size) == Some(self.map.len());
        !self.pixels.is_empty() && pixels == Some(self.pixels.len()) && has_map
    }
}

/// Copies a picture; means of squares of pixels where it is larger than [`LONGEST_SIDE`]. Gives the size of the copy.
fn reduce(pixels: &[u8], size: ImageSize, copy: &mut Vec<u8>) -> ImageSize {
    let factor = size.height.max(size.width).div_ceil(LONGEST_SIDE).max(1);
    copy.clear();
    if factor == 1 {
        copy.extend_from_slice(pixels);
        return size;
    }
    // What is left over at the right and at the bottom is less than a pixel of the copy.
    let reduced = ImageSize { height: (size.height / factor).max(1), width: (size.width / factor).max(1) };
    let (rows, columns) = (factor.min(size.height), factor.min(size.width));
    let count = rows * columns;
    for row in 0..reduced.height {
        for column in 0..reduced.width {
            let mut sums = [0_usize; 3];
            for y in row * factor..row * factor + rows {
                let start = (y * size.width + column * factor) * 3;
                for pixel in pixels[start..start + 3 * columns].as_chunks::<3>().0 {
                    for (sum, value) in sums.iter_mut().zip(pixel) {
                        *sum += usize::from(*value);
                    }
                }
            }
            copy.extend(sums.map(|sum| ((sum + count / 2) / count) as u8));
        }
    }
    reduced
}

fn milliseconds(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn size(height: usize, width: usize) -> ImageSize {
        ImageSize { height, width }
    }

    #[test]
    fn a_small_picture_is_copied_as_it_is() {
        let (pixels, mut copy) = ([1, 2, 3, 4, 5, 6], vec![9; 100]);
        assert_eq!(reduce(&pixels, size(1, 2), &mut copy), size(1, 2));
        assert_eq!(copy, pixels);
    }

    #[test]
    fn a_large_picture_is_reduced_to_means() {
        let pixels: Vec<u8> = (0..2 * 1001 * 3).map(|at| if at < 1001 * 3 { 10 } else { 21 }).collect();
        let mut copy = Vec::new();
        assert_eq!(reduce(&pixels, size(2, 1001), &mut copy), size(1, 500));
        assert_eq!(copy, [16; 1500]);
    }

    proptest! {
        #[test]
        fn any_size_gives_a_whole_copy(height in 1usize..2000, width in 1usize..2000, value: u8) {
            let mut copy = Vec::new();
            let reduced = reduce(&vec![value; height * width * 3], size(height, width), &mut copy);
            prop_assert!(reduced.height.max(reduced.width) <= LONGEST_SIDE);
            prop_assert_eq!(copy, vec![value; reduced.height * reduced.width * 3]);
        }
    }
}
