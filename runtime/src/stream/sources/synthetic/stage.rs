//! What a scene shows at which time. Everything that is drawn once is here and stays as it is.

use std::time::Duration;

use moead_model::architecture::ImageSize;

use super::chance::{Chance, Purpose, dice};
use super::product::{Template, lie};
use super::surfaces::{Brush, Ground, Optics};
use super::{Scene, SceneRequest};

/// A product crosses the frame's width in so many nanoseconds.
const CROSSING: u128 = 3_000_000_000;

/// The scene, but for what changes from frame to frame.
#[derive(Debug)]
pub(super) struct Stage {
    scene: Scene,
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
        // At a station the product fills the frame, but for its shadow and for how it lies.
        let percent = match request.scene {
            Scene::Conveyor => 56,
            Scene::Station => 80,
        };
        Self {
            scene: request.scene,
            size,
            seed: request.seed,
            defects: request.defects,
            interval: request.interval,
            template: Template::new(request.product, size.width.min(size.height) * percent / 100),
            brush: Brush::new(&mut dice),
            ground: Ground::new(&mut dice, size),
            optics: Optics::new(&mut dice, size),
        }
    }

    /// How far the belt has moved when that frame is taken, in pixels.
    pub(super) fn moved(&self, frame: u64) -> u64 {
        if self.scene == Scene::Station {
            return frame.wrapping_mul(self.pitch() as u64);
        }
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
        if self.scene == Scene::Station {
            return 1;
        }
        (self.size.width + 2 * self.template.side) / self.pitch() as usize + 2
    }

    /// The products in that frame, the newest, which is at the left, first.
    pub(super) fn products(&self, frame: u64) -> impl Iterator<Item = Place> + '_ {
        let (one, several) = match self.scene {
            Scene::Conveyor => (None, Some(self.passing(frame))),
            Scene::Station => (Some(self.waiting(frame)), None),
        };
        one.into_iter().chain(several.into_iter().flatten())
    }

    /// The product under the camera. Its neighbours are out of sight.
    fn waiting(&self, number: u64) -> Place {
        let middle = |side: usize| (side as i64 - self.template.side as i64) / 2;
        let (x, y) = lie(self.seed, number, self.template.diameter);
        // Whoever stops the belt does it more exactly than parts are laid on it.
        Place { number, x: middle(self.size.width) + x / 4, y: middle(self.size.height) + y / 2 }
    }

    /// Those that pass by.
    fn passing(&self, frame: u64) -> impl Iterator<Item = Place> + '_ {
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
