//! The self-test: a picture drawn from a seed, whose answer the exporter wrote into the model file.

use moead_model::manifest::Manifest;
use moead_model::self_test;

use super::enlarge::{enlarge, grid_of};
use super::relative_error;
use crate::engine::{Engine, EngineError, Output};
use crate::preprocess::normalize::normalize;

/// How far an engine is off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SelfTestResult {
    /// Largest difference of a pixel of the map, relative to the map's largest value.
    pub map_error: f64,
    /// Difference of the score, relative to the score.
    pub score_error: f64,
    /// The largest that either may be, by the manifest.
    pub tolerance: f64,
}

impl SelfTestResult {
    /// Whether the engine computes what the exporter computed.
    pub fn is_passed(self) -> bool {
        self.map_error <= self.tolerance && self.score_error <= self.tolerance
    }
}

/// Why there is no result, or not a good one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SelfTestError {
    /// The file was written without a check.
    #[error("the model file has no self-test")]
    Absent,
    /// The engine failed on the picture.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The engine's answer is not whole.
    #[error("the engine's answer lacks the output {0}")]
    MissingOutput(&'static str),
    /// The manifest contradicts itself.
    #[error("the self-test has {cells} cells, which is no grid of squares on {height} x {width} pixels")]
    Grid {
        /// Values in the manifest.
        cells: usize,
        /// Of the input.
        height: usize,
        /// Of the input.
        width: usize,
    },
    /// The numbers are off.
    #[error(
        "the self-test fails: the map is off by {map_error:.1e} and the score by {score_error:.1e} of its largest value, at most {tolerance:.0e} is allowed",
        map_error = .0.map_error, score_error = .0.score_error, tolerance = .0.tolerance
    )]
    Failed(SelfTestResult),
}

/// Runs the self-test on an engine that was loaded with [`Output::JUDGED`].
///
/// # Errors
/// [`SelfTestError`], but for numbers that are off: those are in the result.
pub fn run(engine: &mut dyn Engine, manifest: &Manifest) -> Result<SelfTestResult, SelfTestError> {
    let test = manifest.self_test.as_ref().ok_or(SelfTestError::Absent)?;
    let size = manifest.input.size();
    let cells = test.anomaly_grid.len();
    let grid = grid_of(cells, size);
    let grid = grid.ok_or(SelfTestError::Grid { cells, height: size.height, width: size.width })?;
    let picture = self_test::picture(test.seed, size);
    let outputs = engine.run(&normalize(&picture, manifest.input.normalization()))?;
    let found = |output: Output| outputs.get(output).ok_or(SelfTestError::MissingOutput(output.name()));
    let expected = enlarge(&test.anomaly_grid, grid, size);
    let map_error = relative_error(expected.iter().copied(), &found(Output::AnomalyMap)?.data);
    let score = [f64::from(test.pred_score)];
    let score_error = relative_error(score.iter().copied(), &found(Output::PredScore)?.data);
    Ok(SelfTestResult { map_error, score_error, tolerance: test.tolerance })
}

/// As [`run`]; numbers that are off are an error.
///
/// # Errors
/// [`SelfTestError`]
pub fn check(engine: &mut dyn Engine, manifest: &Manifest) -> Result<SelfTestResult, SelfTestError> {
    let result = run(engine, manifest)?;
    if result.is_passed() { Ok(result) } else { Err(SelfTestError::Failed(result)) }
}
