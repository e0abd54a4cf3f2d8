//! Where a picture is unusual: connected parts of the anomaly map.

use super::verdict::Score;

/// A rectangle in pixels of the source picture; `x` to the right, `y` down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    /// Left edge.
    pub x: usize,
    /// Upper edge.
    pub y: usize,
    /// At least 1.
    pub width: usize,
    /// At least 1.
    pub height: usize,
}

/// One connected part of the anomaly map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    /// What it covers, in pixels of the source picture.
    pub bounds: Rect,
    /// The largest value of the map in it.
    pub peak: Score,
    /// How many pixels of the source picture it covers.
    pub area: usize,
}
