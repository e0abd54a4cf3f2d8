//! What a MoEAD network is made of: backbone, neck, reconstruction.
//!
//! Terms follow the published code: *layers* are the backbone's outputs (counted from 1), a *token* is one cell of the
//! aligned feature grid, a *round* is one application of the shared block.

use std::fmt;
use std::str::FromStr;

mod backbone;
mod distance;
mod reconstruction;

pub use backbone::{Backbone, LayerShape, Normalization};
pub use distance::{Distance, UnknownDistance};
use reconstruction::attention_numbers;
pub use reconstruction::{
    Activation, Decoder, Experts, FeatureForm, NeighborMask, NormPlacement, PositionKind, Reconstruction, Rounds,
    Stacked,
};

/// Height and width in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ImageSize {
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
}

impl fmt::Display for ImageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.height, self.width)
    }
}

/// As people type it: `224,224` or `224x224`, height first.
impl FromStr for ImageSize {
    type Err = NotASize;

    fn from_str(text: &str) -> Result<Self, NotASize> {
        let (height, width) = text.split_once([',', 'x']).ok_or(NotASize)?;
        let side = |text: &str| text.trim().parse().ok().filter(|&side| side > 0).ok_or(NotASize);
        Ok(Self { height: side(height)?, width: side(width)? })
    }
}

/// A text that is no size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected height and width in pixels, as in 224,224")]
pub struct NotASize;

/// The grid of tokens, in row-major order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenGrid {
    /// Rows of tokens: input height / neck stride.
    pub rows: usize,
    /// Columns of tokens: input width / neck stride.
    pub columns: usize,
}

impl TokenGrid {
    /// Number of tokens.
    pub fn tokens(self) -> usize {
        self.rows * self.columns
    }
}

impl fmt::Display for TokenGrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.rows, self.columns)
    }
}

/// A whole network. Built by the exporter from a checkpoint; every value is checked against the others by
/// [`Architecture::new`].
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    backbone: Backbone,
    layers: Vec<usize>,
    stride: usize,
    input: ImageSize,
    reconstruction: Reconstruction,
}

/// Why values do not make a network.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ArchitectureError {
    /// No layer, a layer that the backbone does not have, or layers out of order.
    #[error("backbone layers {layers:?}: expected a rising choice from 1 to {available}")]
    Layers {
        /// As given.
        layers: Vec<usize>,
        /// How many the backbone has.
        available: usize,
    },
    /// The input size is not a multiple of the deepest stride.
    #[error("input size {size}: expected multiples of {stride}, the deepest stride in use")]
    InputSize {
        /// As given.
        size: ImageSize,
        /// What must divide both sides.
        stride: usize,
    },
    /// The input is larger than any use justifies.
    #[error("input size {size}: expected at most {limit} on each side")]
    InputTooLarge {
        /// As given.
        size: ImageSize,
        /// The largest side.
        limit: usize,
    },
    /// The neck's stride is not one that the layers can be resized to.
    #[error("neck stride {stride}: expected a power of two from 1 to 32")]
    NeckStride {
        /// As given.
        stride: usize,
    },
    /// Heads must divide the hidden size.
    #[error("nhead {heads}: expected a divisor of hidden_dim {hidden}")]
    Heads {
        /// As given.
        heads: usize,
        /// D.
        hidden: usize,
    },
    /// More tokens than can look at each other.
    #[error("nhead {heads} on {grid} tokens: an attention of {} numbers, expected at most {limit}", attention_numbers(*heads, *grid))]
    Attention {
        /// As given.
        heads: usize,
        /// Of the tokens.
        grid: TokenGrid,
        /// Of numbers.
        limit: usize,
    },
    /// Positions are made of two halves.
    #[error("hidden_dim {hidden}: expected an even number, at least 2")]
    Hidden {
        /// D.
        hidden: usize,
    },
    /// More experts asked for than there are.
    #[error("moe_topk {top_k}: expected 1 to {experts}, the number of experts")]
    TopK {
        /// k.
        top_k: usize,
        /// E.
        experts: usize,
    },
    /// A count that must be at least one.
    #[error("{name}: expected at least 1, found 0")]
    Zero {
        /// The setting's name.
        name: &'static str,
    },
    /// More axes than channels, or none.
    #[error("distance position-cov:{axes}: expected 1 to {most} axes")]
    DistanceAxes {
        /// K.
        axes: usize,
        /// Of this network.
        most: usize,
    },
    /// A mask under which some token may look at nothing.
    #[error(
        "neighbor_mask {rows}x{columns} on a grid of {grid} tokens blinds token ({row}, {column}): every token lies in its neighbourhood, and the softmax over nothing is not a number"
    )]
    BlindMask {
        /// Neighbourhood height.
        rows: usize,
        /// Neighbourhood width.
        columns: usize,
        /// The grid.
        grid: TokenGrid,
        /// The first blinded token.
        row: usize,
        /// The first blinded token.
        column: usize,
    },
}

impl Architecture {
    /// The largest input side. Attention needs T² scores a head: at 4096 and stride 16 that is already 17 GB.
    pub const MAX_SIDE: usize = 4096;

    /// Puts the parts together.
    ///
    /// # Errors
    /// Any pair of values that contradict each other, as [`ArchitectureError`].
    pub fn new(
        backbone: Backbone,
        layers: Vec<usize>,
        stride: usize,
        input: ImageSize,
        reconstruction: Reconstruction,
    ) -> Result<Self, ArchitectureError> {
        let available = backbone.layers().len();
        let rising = layers.windows(2).all(|pair| pair[0] < pair[1]);
        if layers.is_empty() || !rising || layers.iter().any(|&layer| layer == 0 || layer > available) {
            return Err(ArchitectureError::Layers { layers, available });
        }
        if !stride.is_power_of_two() || stride > 32 {
            return Err(ArchitectureError::NeckStride { stride });
        }
        let architecture = Self { backbone, layers, stride, input, reconstruction };
        let deepest = architecture.deepest_stride();
        let fits = |side: usize| side > 0 && side.is_multiple_of(deepest);
        if !fits(input.height) || !fits(input.width) {
            return Err(ArchitectureError::InputSize { size: input, stride: deepest });
        }
        if input.height > Self::MAX_SIDE || input.width > Self::MAX_SIDE {
            return Err(ArchitectureError::InputTooLarge { size: input, limit: Self::MAX_SIDE });
        }
        architecture.reconstruction.validate(architecture.grid())?;
        architecture.reconstruction.distance.validate(architecture.channels())?;
        Ok(architecture)
    }

    /// The frozen feature extractor.
    pub fn backbone(&self) -> Backbone {
        self.backbone
    }

    /// The layers listened to, rising, counted from 1.
    pub fn layers(&self) -> &[usize] {
        &self.layers
    }

    /// Pixels of the input per token, in each direction.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Size of the network's input.
    pub fn input(&self) -> ImageSize {
        self.input
    }

    /// The decoder and its settings.
    pub fn reconstruction(&self) -> &Reconstruction {
        &self.reconstruction
    }

    /// Stride and channels of the layers listened to.
    pub fn layer_shapes(&self) -> Vec<LayerShape> {
        let all = self.backbone.layers();
        self.layers.iter().map(|&layer| all[layer - 1]).collect()
    }

    /// C: aligned channels, the sum over layers.
    pub fn channels(&self) -> usize {
        self.layer_shapes().iter().map(|layer| layer.channels).sum()
    }

    /// h x w.
    pub fn grid(&self) -> TokenGrid {
        TokenGrid { rows: self.input.height / self.stride, columns: self.input.width / self.stride }
    }

    /// What must divide the input's sides: the largest stride of the layers in use and of the neck.
    pub fn deepest_stride(&self) -> usize {
        self.layer_shapes().iter().map(|layer| layer.stride).chain([self.stride]).max().unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiny(
        mask: Option<NeighborMask>,
        input: ImageSize,
        layers: Vec<usize>,
    ) -> Result<Architecture, ArchitectureError> {
        Architecture::new(
            Backbone::EfficientNetB0,
            layers,
            16,
            input,
            Reconstruction {
                features: FeatureForm::Raw,
                distance: Distance::Euclidean,
                hidden: 32,
                heads: 4,
                feed_forward: 64,
                position: PositionKind::Learned,
                norm: NormPlacement::Post,
                mask,
                decoder: Decoder::Shared(Rounds {
                    rounds: 3,
                    experts: Experts { count: 4, top_k: 2 },
                    overlapping_norms: false,
                }),
            },
        )
    }

    const SQUARE: ImageSize = ImageSize { height: 64, width: 64 };

    #[test]
    fn sizes_are_typed_height_first() {
        for text in ["64,128", "64x128", " 64 , 128 "] {
            assert_eq!(text.parse(), Ok(ImageSize { height: 64, width: 128 }), "{text}");
        }
        for wrong in ["", "64", "0,64", "64,0", "64,64,64", "-1,5", "64,,64"] {
            assert_eq!(wrong.parse::<ImageSize>(), Err(NotASize), "{wrong}");
        }
    }

    #[test]
    fn channels_and_grid_follow_from_the_parts() {
        let architecture = tiny(None, ImageSize { height: 64, width: 96 }, vec![1, 2, 3, 4]).unwrap();
        assert_eq!(architecture.channels(), 192);
        assert_eq!(architecture.grid(), TokenGrid { rows: 4, columns: 6 });
    }

    #[test]
    fn a_mask_that_blinds_a_token_is_refused() {
        let mask = NeighborMask { rows: 7, columns: 5, on: [true, true, true] };
        let error = tiny(Some(mask), SQUARE, vec![1, 2, 3, 4]).unwrap_err();
        assert!(matches!(error, ArchitectureError::BlindMask { row: 0, column: 1, .. }), "{error:?}");
        // Nothing is masked where no attention uses it.
        let unused = NeighborMask { rows: 7, columns: 7, on: [true, false, false] };
        assert!(tiny(Some(unused), SQUARE, vec![1, 2, 3, 4]).is_ok());
    }

    #[test]
    fn more_tokens_than_can_look_at_each_other_are_refused() {
        assert!(tiny(None, ImageSize { height: 1024, width: 1024 }, vec![1, 2, 3, 4]).is_ok());
        let error = tiny(None, ImageSize { height: 2048, width: 2048 }, vec![1, 2, 3, 4]).unwrap_err().to_string();
        let expected = "nhead 4 on 128x128 tokens: an attention of 1073741824 numbers, expected at most 268435456";
        assert_eq!(error, expected);
    }

    #[test]
    fn the_fifth_layer_asks_for_multiples_of_32() {
        let error = tiny(None, ImageSize { height: 48, width: 64 }, vec![3, 5]).unwrap_err();
        assert!(matches!(error, ArchitectureError::InputSize { stride: 32, .. }));
    }

    #[test]
    fn layers_must_rise_and_exist() {
        for layers in [vec![], vec![0], vec![2, 1], vec![1, 1], vec![6]] {
            assert!(matches!(tiny(None, SQUARE, layers), Err(ArchitectureError::Layers { available: 5, .. })));
        }
    }
}
