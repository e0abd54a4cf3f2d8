//! From a token's residual to its distance.
//!
//! The matrices that whiten are lower triangular: each is stored in panels of a few rows with no more columns than the longest of them has, so
//! that nothing has to be unpacked, and little is stored or multiplied that is 0.

use moead_model::architecture::{Architecture, Distance};
use moead_model::onnx::messages::AttributeProto;

use super::GraphError;
use super::builder::{GraphBuilder, Wire};
use super::interpolation::transpose;
use crate::weights::Weights;

/// Rows of a panel: a vector of the widest unit. With 64 axes panels hold 1.23 times the triangle; with twice the rows it would be 1.48 times.
const PANEL: usize = 16;

/// Distances as N x T.
///
/// * `tokens`, `rebuilt`: N x T x C.
pub(super) fn build(
    graph: &mut GraphBuilder,
    weights: &dyn Weights,
    architecture: &Architecture,
    tokens: &Wire,
    rebuilt: &Wire,
) -> Result<Wire, GraphError> {
    let (places, channels) = (architecture.grid().tokens(), architecture.channels());
    let read = |part: &str| weights.read(&format!("reconstruction.distance.{part}"));
    let last = graph.integers(&[2]);
    Ok(match architecture.reconstruction().distance {
        Distance::Euclidean => {
            let difference = graph.node("Sub", "distance.difference", &[rebuilt, tokens], &[]);
            length(graph, &difference, &last)
        }
        Distance::PositionStd => {
            let residual = graph.node("Sub", "distance.residual", &[tokens, rebuilt], &[]);
            let mean = graph.weight("distance.mean", &[places, channels], &read("mean")?)?;
            let scale = graph.weight("distance.scale", &[places, channels], &read("scale")?)?;
            let centred = graph.node("Sub", "distance.centred", &[&residual, &mean], &[]);
            let scaled = graph.node("Mul", "distance.scaled", &[&centred, &scale], &[]);
            length(graph, &scaled, &last)
        }
        Distance::PositionCov { axes: count } => {
            let residual = graph.node("Sub", "distance.residual", &[tokens, rebuilt], &[]);
            let mut axes = read("axes")?;
            transpose(&mut axes, count, channels);
            let axes = graph.weight("distance.axes", &[channels, count], &axes)?;
            // An addition behind a product is one with it on engines that fuse; a difference is not.
            let shift: Vec<f32> = read("mean")?.iter().map(|mean| -mean).collect();
            let shift = graph.weight("distance.shift", &[1, places, count], &shift)?;
            let along = graph.node("MatMul", "distance.along", &[&residual, &axes], &[]);
            let centred = graph.node("Add", "distance.centred", &[&along, &shift], &[]);
            let rows = graph.reshape("distance.rows", &centred, &[-1, places as i64, 1, count as i64]);
            let white = whitened(graph, &rows, (places, count), &read("whitening")?)?;
            let both = graph.integers(&[2, 3]);
            length(graph, &white, &both)
        }
    })
}

/// The root of the sum of squares along these dimensions.
fn length(graph: &mut GraphBuilder, x: &Wire, along: &Wire) -> Wire {
    let squares = graph.node("Mul", "distance.squares", &[x, x], &[]);
    let sums = graph.node("ReduceSum", "distance.sums", &[&squares, along], &[AttributeProto::int("keepdims", 0)]);
    graph.node("Sqrt", "distance", &[&sums], &[])
}

/// Each place's row times its matrix, transposed: N x T x 1 x K.
fn whitened(
    graph: &mut GraphBuilder,
    rows: &Wire,
    (places, count): (usize, usize),
    triangles: &[f32],
) -> Result<Wire, GraphError> {
    let mut parts = Vec::new();
    for (index, start) in (0..count).step_by(PANEL).enumerate() {
        let end = (start + PANEL).min(count);
        let name = format!("distance.whitening{index}");
        let panel = graph.weight(&name, &[places, end, end - start], &panel(triangles, places, count, start..end))?;
        let seen = match end == count {
            true => rows.clone(),
            false => {
                let [zero, end, axis] = [0, end as i64, 3].map(|number| graph.integers(&[number]));
                graph.node("Slice", &format!("distance.rows{index}"), &[rows, &zero, &end, &axis], &[])
            }
        };
        parts.push(graph.node("MatMul", &format!("distance.white{index}"), &[&seen, &panel], &[]));
    }
    Ok(match parts.as_slice() {
        [only] => only.clone(),
        several => {
            let inputs: Vec<&Wire> = several.iter().collect();
            graph.node("Concat", "distance.white", &inputs, &[AttributeProto::int("axis", 3)])
        }
    })
}

/// Of each place's triangle these rows, transposed: places x columns x rows, 0 where the triangle has nothing.
fn panel(triangles: &[f32], places: usize, count: usize, rows: std::ops::Range<usize>) -> Vec<f32> {
    let mut panel = Vec::with_capacity(places * rows.end * rows.len());
    for triangle in triangles.chunks_exact(count * (count + 1) / 2) {
        for column in 0..rows.end {
            let number = |row: usize| if column <= row { triangle[row * (row + 1) / 2 + column] } else { 0.0 };
            panel.extend(rows.clone().map(number));
        }
    }
    panel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_hold_rows_of_the_triangle_column_by_column() {
        // 1 . .
        // 2 3 .
        // 4 5 6, and the same of another place.
        let triangles: Vec<f32> = (1..=12).map(|number| number as f32).collect();
        assert_eq!(panel(&triangles, 2, 3, 0..2), [1.0, 2.0, 0.0, 3.0, 7.0, 8.0, 0.0, 9.0]);
        assert_eq!(panel(&triangles, 2, 3, 2..3), [4.0, 5.0, 6.0, 10.0, 11.0, 12.0]);
    }
}
