//! The inner loop: a tile of the product, in registers.

use fearless_simd::Simd;

use super::Floats;
use super::left::BLOCK;
use super::right::Strip;

/// The sums of `R` rows and `C` vectors of columns over the whole depth.
///
/// * `left`: a panel, blocks of R x 16 (see [`super::Left`]).
/// * `right`: `depth` rows of at least `C` vectors.
#[inline(always)]
pub(super) fn tile<S: Simd, V: Floats<S>, const R: usize, const C: usize>(
    simd: S,
    depth: usize,
    left: &[f32],
    right: &Strip<'_>,
) -> [[V; C]; R] {
    let mut sums = [[V::splat(simd, 0.0); C]; R];
    let blocks = left.as_chunks::<BLOCK>().0.as_chunks::<R>().0;
    let (numbers, pitch) = (right.numbers, right.pitch);
    let mut at = 0;
    for (index, block) in blocks.iter().enumerate() {
        #[expect(clippy::needless_range_loop, reason = "k runs along every row of the block")]
        for k in 0..(depth - index * BLOCK).min(BLOCK) {
            let row = &numbers[at..at + C * V::LEN];
            at += pitch;
            let mut vectors = [V::splat(simd, 0.0); C];
            unrolled!(COLUMN < C => { vectors[COLUMN] = V::from_slice(simd, &row[COLUMN * V::LEN..][..V::LEN]); });
            unrolled!(ROW < R => {
                let factor = V::splat(simd, block[ROW][k]);
                unrolled!(COLUMN < C => { sums[ROW][COLUMN] = factor.mul_add(vectors[COLUMN], sums[ROW][COLUMN]); });
            });
        }
    }
    sums
}
