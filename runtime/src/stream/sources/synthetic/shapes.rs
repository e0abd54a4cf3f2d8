//! Shapes of a product, by their distance, in whole numbers.
//!
//! A product is a square from -[`HALF`] to [`HALF`], whatever its size in pixels; `x` goes to the right, `y` down. A distance
//! is negative inside of a shape.

/// Half a product's side.
pub(super) const HALF: i64 = 1 << 14;

/// Everything of a shape, in [`cover`].
pub(super) const WHOLE: i64 = 256;

/// A place on a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) x: i64,
    pub(super) y: i64,
}

impl Point {
    pub(super) const fn new(x: i64, y: i64) -> Self {
        Self { x, y }
    }

    pub(super) fn minus(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y)
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y)
    }

    /// From the middle, rounded down.
    pub(super) fn length(self) -> i64 {
        (self.x * self.x + self.y * self.y).isqrt()
    }
}

/// From the edge of a disc.
pub(super) fn disc(at: Point, centre: Point, radius: i64) -> i64 {
    at.minus(centre).length() - radius
}

/// From the edges of a ring, twice `half_width` wide.
pub(super) fn ring(at: Point, centre: Point, radius: i64, half_width: i64) -> i64 {
    disc(at, centre, radius).abs() - half_width
}

/// From the edge of a square around the middle, twice `half` wide, with round corners.
pub(super) fn plate(at: Point, half: i64, corner: i64) -> i64 {
    let beyond = Point::new(at.x.abs() - (half - corner), at.y.abs() - (half - corner));
    let outside = Point::new(beyond.x.max(0), beyond.y.max(0));
    outside.length() + beyond.x.max(beyond.y).min(0) - corner
}

/// From the edge of a stroke with round ends, twice `half_width` wide.
pub(super) fn stroke(at: Point, [from, to]: [Point; 2], half_width: i64) -> i64 {
    let (along, there) = (to.minus(from), at.minus(from));
    let square = (along.x * along.x + along.y * along.y).max(1);
    let share = (there.x * along.x + there.y * along.y).clamp(0, square);
    let nearest = Point::new(along.x * share / square, along.y * share / square);
    there.minus(nearest).length() - half_width
}

/// How much of a pixel, `pixel` wide, is inside: 0 to [`WHOLE`].
pub(super) fn cover(distance: i64, pixel: i64) -> i64 {
    (WHOLE / 2 - distance * WHOLE / pixel).clamp(0, WHOLE)
}

/// Falls from [`WHOLE`] at a shape's edge to 0, `blur` outside of it.
pub(super) fn fade(distance: i64, blur: i64) -> i64 {
    (WHOLE - distance * WHOLE / blur).clamp(0, WHOLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_plane_geometry() {
        let at = Point::new;
        assert_eq!(disc(at(300, 400), at(0, 0), 100), 400);
        assert_eq!(ring(at(300, 400), at(0, 0), 600, 50), 50);
        assert_eq!(plate(at(1500, 200), 1000, 100), 500);
        assert_eq!(plate(at(0, 0), 1000, 100), -1000);
        // Beyond a corner, whose circle's centre lies at 900, 900.
        assert_eq!(plate(at(1200, 1300), 1000, 100), 400);
        let line = [at(0, 0), at(1000, 0)];
        for (point, expected) in [(at(500, 70), 60), (at(-30, 40), 40), (at(1030, 40), 40)] {
            assert_eq!(stroke(point, line, 10), expected);
        }
        assert_eq!(stroke(at(3, 4), [at(0, 0), at(0, 0)], 1), 4);
    }

    #[test]
    fn an_edge_through_a_pixel_covers_half_of_it() {
        assert_eq!(
            [cover(-100, 100), cover(-50, 100), cover(0, 100), cover(25, 100), cover(50, 100)],
            [256, 256, 128, 64, 0]
        );
        assert_eq!([fade(-1, 100), fade(0, 100), fade(50, 100), fade(100, 100), fade(200, 100)], [256, 256, 128, 0, 0]);
    }
}
