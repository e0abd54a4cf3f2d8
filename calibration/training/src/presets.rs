//! Settings that go together.

use moead_model::architecture::{
    Backbone, Decoder as Kind, Distance, Experts, FeatureForm, ImageSize, NeighborMask, NormPlacement, PositionKind,
    Reconstruction, Rounds,
};

use crate::initial::Initial;
use crate::jitter::Jitter;
use crate::optimizer::AdamW;
use crate::random::Seed;
use crate::schedule::Schedule;
use crate::trainer::Recipe;

/// A network and the way it is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// As published: EfficientNet-B4, four rounds of 256 numbers a token.
    Official,
    /// For 4 MB and a processor without a GPU: EfficientNet-Lite0, two rounds of 128.
    Small,
    /// For trying things out: one round of 32 at a quarter of the pixels. Finds little.
    Tiny,
}

/// Pictures of a step, as published.
pub const BATCH: usize = 8;

impl Preset {
    /// All of them, the largest first.
    pub const ALL: [Self; 3] = [Self::Official, Self::Small, Self::Tiny];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Official => "official",
            Self::Small => "small",
            Self::Tiny => "tiny",
        }
    }

    /// The feature extractor.
    pub fn backbone(self) -> Backbone {
        match self {
            Self::Official => Backbone::EfficientNetB4,
            Self::Small | Self::Tiny => Backbone::EfficientNetLite0,
        }
    }

    /// Of the backbone, counted from 1.
    pub fn layers(self) -> Vec<usize> {
        vec![1, 2, 3, 4]
    }

    /// Size of the network's input.
    pub fn input(self) -> ImageSize {
        let side = if self == Self::Tiny { 112 } else { 224 };
        ImageSize { height: side, width: side }
    }

    /// The decoder.
    pub fn reconstruction(self) -> Reconstruction {
        let (hidden, heads, feed_forward, rounds, mask) = match self {
            Self::Official => (256, 8, 1024, 4, 7),
            Self::Small => (128, 4, 256, 2, 7),
            Self::Tiny => (32, 4, 64, 1, 3),
        };
        Reconstruction {
            features: if self == Self::Official { FeatureForm::Raw } else { FeatureForm::Normalized },
            distance: match self {
                Self::Official => Distance::Euclidean,
                Self::Small | Self::Tiny => Distance::PositionCov { axes: 64 },
            },
            hidden,
            heads,
            feed_forward,
            position: PositionKind::Learned,
            norm: NormPlacement::Post,
            mask: Some(NeighborMask { rows: mask, columns: mask, on: [true; 3] }),
            decoder: Kind::Shared(Rounds { rounds, experts: Experts { count: 4, top_k: 2 }, overlapping_norms: false }),
        }
    }

    /// How the decoder begins.
    pub fn initial(self) -> Initial {
        if self == Self::Official { Initial::Published } else { Initial::Small }
    }

    /// How it is trained.
    pub fn recipe(self, seed: Seed, steps: u64) -> Recipe {
        let optimizer = |most_norm| AdamW { betas: [0.9, 0.999], epsilon: 1e-8, decay: 1e-4, most_norm };
        match self {
            Self::Official => Recipe {
                seed,
                jitter: Jitter { scale: 20.0, probability: 1.0 },
                dropout: 0.1,
                optimizer: optimizer(0.1),
                schedule: Schedule::Drop { rate: 2e-4, after: 0.8 },
                steps,
            },
            Self::Small | Self::Tiny => Recipe {
                seed,
                jitter: Jitter { scale: 5.0, probability: 1.0 },
                dropout: 0.0,
                optimizer: optimizer(1.0),
                schedule: Schedule::Cosine { rate: 2e-3, warm_up: 60 },
                steps,
            },
        }
    }
}
