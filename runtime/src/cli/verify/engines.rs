//! The self-test on every engine that this machine has.

use moead_terminal::exit::Exit;
use moead_terminal::failure::At as _;
use moead_terminal::printer::Printer;
use moead_terminal::table::Table;
use serde_json::{Value, json};

use super::Model;
use crate::cli::arguments::VerifyArguments;
use crate::cli::engine;
use crate::engine::choice::{self, Choice, ChoiceError};
use crate::verify::self_test::{self, OUTPUTS, SelfTestError, SelfTestResult};

/// What became of one candidate.
struct Row {
    engine: String,
    /// The numbers, or why there are none; and whether that is a failure: what this machine does not have is none.
    outcome: Result<SelfTestResult, (String, Severity)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Severity {
    NotHere,
    Failed,
}

pub(super) fn run(arguments: &VerifyArguments, model: &Model<'_>, printer: &Printer) -> anyhow::Result<Exit> {
    if model.file.manifest().self_test.is_none() {
        return Err(SelfTestError::Absent).at(model.path.display());
    }
    let rows = if arguments.engine.is_open() {
        every(arguments, model, printer)
    } else {
        vec![asked_for(arguments, model, printer)?]
    };
    let is_right = |row: &Row| match &row.outcome {
        Ok(result) => result.is_passed(),
        Err((_, severity)) => *severity == Severity::NotHere,
    };
    if arguments.json {
        let engines: Vec<Value> = rows.iter().map(json).collect();
        printer.line(json!({"schema": 1, "model": model.path.display().to_string(), "engines": engines}))?;
    } else {
        text(&rows, printer)?;
    }
    anyhow::ensure!(rows.iter().all(is_right), "{}: the numbers of an engine are wrong", model.path.display());
    Ok(Exit::Fine)
}

/// What was asked for: that it cannot be had is an error.
fn asked_for(arguments: &VerifyArguments, model: &Model<'_>, printer: &Printer) -> anyhow::Result<Row> {
    let request = arguments.engine.request(arguments.threads.threads);
    Ok(tested(engine::load(&request, (model.path, &model.file), &OUTPUTS, printer)?, model))
}

fn every(arguments: &VerifyArguments, model: &Model<'_>, printer: &Printer) -> Vec<Row> {
    let mut steps = printer.progress().steps();
    let mut rows = Vec::new();
    let threads = arguments.threads.threads;
    for (candidate, description) in choice::present(&arguments.engine.request(threads)) {
        let not_here = |cause: String| Row { engine: candidate.to_string(), outcome: Err((cause, Severity::NotHere)) };
        if let Err(refusal) = description {
            rows.push(not_here(refusal.to_string()));
            continue;
        }
        let request = arguments.engine.request_of(candidate, threads);
        rows.push(match choice::load(&model.file, &OUTPUTS, &request, &mut |step| steps.begin(&step.to_string())) {
            Ok(chosen) => tested(chosen, model),
            Err(ChoiceError::Refused { refusal, .. }) => not_here(refusal.to_string()),
            Err(error) => not_here(error.to_string()),
        });
    }
    steps.end();
    rows
}

fn tested(mut chosen: Choice, model: &Model<'_>) -> Row {
    let outcome = self_test::run(&mut *chosen.engine, model.file.manifest());
    let outcome = outcome.map_err(|error| (error.to_string(), Severity::Failed));
    Row { engine: format!("{} ({})", chosen.candidate, chosen.description), outcome }
}

fn json(row: &Row) -> Value {
    match &row.outcome {
        Ok(result) => json!({
            "engine": row.engine,
            "map_error": finite(result.map_error),
            "score_error": finite(result.score_error),
            "tolerance": result.tolerance,
            "passed": result.is_passed(),
        }),
        Err((cause, severity)) => {
            json!({"engine": row.engine, "error": cause, "usable": *severity == Severity::Failed})
        }
    }
}

/// JSON has no infinity: an error that is none is null.
pub(super) fn finite(error: f64) -> Option<f64> {
    error.is_finite().then_some(error)
}

fn text(rows: &[Row], printer: &Printer) -> std::io::Result<()> {
    let mut table = Table::new(&["engine", "map error", "score error", "at most", ""]);
    for row in rows {
        let cells = match &row.outcome {
            Ok(result) => [
                format!("{:.1e}", result.map_error),
                format!("{:.1e}", result.score_error),
                format!("{:.0e}", result.tolerance),
                if result.is_passed() { "right" } else { "WRONG" }.to_owned(),
            ],
            Err((cause, _)) => ["-".into(), "-".into(), "-".into(), cause.clone()],
        };
        table.row(std::iter::once(row.engine.clone()).chain(cells));
    }
    table.lines().try_for_each(|line| printer.line(line))
}
