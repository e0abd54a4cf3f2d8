//! From distances to the four outputs.

use moead_model::architecture::Architecture;
use moead_model::onnx::messages::AttributeProto;

use super::builder::{GraphBuilder, Wire};
use super::interpolation;

/// Side of the window behind `pred_score`, in pixels of the map.
const WINDOW: usize = 16;

/// * `aligned`: N x C x h x w. * `distances`: N x T.
pub(super) fn build(graph: &mut GraphBuilder, architecture: &Architecture, aligned: &Wire, distances: &Wire) {
    let (grid, input) = (architecture.grid(), architecture.input());
    let shape = [-1, 1, grid.rows as i64, grid.columns as i64];
    let anomaly_grid = graph.reshape("anomaly_grid", distances, &shape);

    let (from, to) = ((grid.rows, grid.columns), (input.height, input.width));
    let anomaly_map = interpolation::resize(graph, "anomaly_map", &anomaly_grid, from, to);

    // The mean over a square window is the mean of means over a column, then over a row: 32 additions instead of 256.
    let (tall, wide) = (WINDOW.min(input.height) as i64, WINDOW.min(input.width) as i64);
    let pool = |graph: &mut GraphBuilder, name: &str, x: &Wire, window: [i64; 2]| {
        graph.node(
            "AveragePool",
            name,
            &[x],
            &[
                AttributeProto::ints("kernel_shape", &window),
                AttributeProto::ints("strides", &[1, 1]),
                AttributeProto::ints("pads", &[0, 0, 0, 0]),
            ],
        )
    };
    let means = pool(graph, "score.columns", &anomaly_map, [tall, 1]);
    let means = pool(graph, "score.windows", &means, [1, wide]);
    let axes = graph.integers(&[1, 2, 3]);
    let pred_score = graph.node("ReduceMax", "pred_score", &[&means, &axes], &[AttributeProto::int("keepdims", 0)]);

    let axes = graph.integers(&[2, 3]);
    let embedding = graph.node("ReduceMean", "embedding", &[aligned, &axes], &[AttributeProto::int("keepdims", 0)]);

    let image = |rows, columns| [1, rows, columns];
    graph.output(&anomaly_map, &image(input.height, input.width));
    graph.output(&pred_score, &[]);
    graph.output(&anomaly_grid, &image(grid.rows, grid.columns));
    graph.output(&embedding, &[architecture.channels()]);
}
