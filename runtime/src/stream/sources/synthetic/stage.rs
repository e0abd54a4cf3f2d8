//! What a scene shows at which time. Everything that is drawn once is here and stays as it is.

use std::time::Duration;

use moead_model::architecture::ImageSize;

use super::SceneRequest;
use super::chance::{Chance, Purpose, dice};
use super::product::{Template, lie};
use super::surfaces::{Brush, Ground, Optics};

/// A product crosses the frame's width in so many nanoseconds.
const CROSSING: u128 = 3_000_000_000;

/// The scene, but for what changes from frame to frame.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) size: ImageSize,
    pub(super) seed: u64,
    pub(super) defects: Chance,
    interval: Duration,
    pub(super) template: Template,
    pub(super) brush: Brush,
    pub(super) ground: Ground,
    pub(super) optics: Optics,
}

/// A product in the frame: which, and where its upper left corner is, which may lie outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) number: u64,
    pub(super) x: i64,
    pub(super) y: i64,
}

impl Stage {
    pub(super) fn new(request: &SceneRequest) -> Self {
        let size = request.size;
        let mut dice = dice(request.seed, Purpose::Surfaces, 0);
        Self {
            size,
            seed: request.seed,
            defects: request.defects,
            interval: request.interval,
            template: Template::new(size.width.min(size.height) * 56 / 100),
            brush: Brush::new(&mut dice),
            ground: Ground::new(&mut dice, size),
            optics: Optics::new(&mut dice, size),
        }
    }

    /// How far the belt has moved when that frame is taken, in pixels.
    pub(super) fn moved(&self, frame: u64) -> u64 {
        let nanoseconds = u128::from(frame) * self.interval.as_nanos();
        // Wraps after 2^64 pixels.
        (nanoseconds * self.size.width as u128 / CROSSING) as u64
    }

    /// From one product to the next, in pixels, but for how they lie.
    fn pitch(&self) -> i64 {
        self.template.diameter as i64 * 8 / 5
    }

    /// How many products can be in a frame at once.
    pub(super) fn most_products(&self) -> usize {
        (self.size.width + 2 * self.template.side) / self.pitch() as usize + 2
    }

    /// The products in that frame, the newest, which is at the left, first.
    pub(super) fn products(&self, frame: u64) -> impl Iterator<Item = Place> + '_ {
        let (pitch, width, side) = (self.pitch(), self.size.width as i64, self.template.side as i64);
        // The belt is full from the beginning: product 0 lies at the right edge then.
        let front = self.moved(frame) as i64 + width;
        // One more than fits: it may lie askew, towards the frame.
        let newest = (front + side) / pitch + 1;
        let middle = (self.size.height as i64 - side) / 2;
        let places = (0..=newest).rev().map_while(move |number| {
            let place = front - number * pitch;
            // Those before it are further to the right, by more than they can lie askew.
            (place < width + pitch).then_some((number, place))
        });
        let places = places.map(move |(number, place)| {
            let (x, y) = lie(self.seed, number as u64, self.template.diameter);
            Place { number: number as u64, x: place + x, y: middle + y }
        });
        places.filter(move |place| place.x < width && place.x > -side)
    }
}
