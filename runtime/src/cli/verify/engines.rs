//! The self-test on every engine that this machine has.

use moead_terminal::exit::Exit;
use moead_terminal::failure::At as _;
use moead_terminal::printer::Printer;
use moead_terminal::table::Table;
use serde_json::{Value, json};

use super::Model;
use crate::cli::arguments::VerifyArguments;
use crate::cli::engine;
use crate::engine::Output;
use crate::engine::choice::{self, Candidate, Choice, ChoiceError, Refusal};
use crate::verify::self_test::{self, SelfTestError, SelfTestResult};

/// An engine that was tested.
struct Row {
    engine: String,
    outcome: Result<SelfTestResult, SelfTestError>,
}

impl Row {
    fn is_right(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|result| result.is_passed())
    }
}

/// Candidates that this machine does not have, or that do not take this model: no failure.
type Refused = Vec<(Candidate, Refusal)>;

pub(super) fn run(arguments: &VerifyArguments, model: &Model<'_>, printer: &Printer) -> anyhow::Result<Exit> {
    if model.file.manifest().self_test.is_none() {
        return Err(SelfTestError::Absent).at(model.path.display());
    }
    let (rows, refused) = if arguments.engine.is_open() {
        every(arguments, model, printer)?
    } else {
        (vec![asked_for(arguments, model, printer)?], Vec::new())
    };
    if arguments.json {
        let refusal = |(candidate, refusal): &(Candidate, Refusal)| json!({"engine": candidate.to_string(), "error": refusal.to_string(), "usable": false});
        let engines: Vec<Value> = rows.iter().map(json).chain(refused.iter().map(refusal)).collect();
        printer.line(json!({"schema": 1, "model": model.path.display().to_string(), "engines": engines}))?;
    } else {
        text(&rows, printer)?;
        for reason in choice::told(&refused) {
            printer.note(format_args!("not tested: {reason}"));
        }
    }
    anyhow::ensure!(rows.iter().all(Row::is_right), "{}: the numbers of an engine are wrong", model.path.display());
    Ok(Exit::Fine)
}

/// What was asked for: that it cannot be had is an error.
fn asked_for(arguments: &VerifyArguments, model: &Model<'_>, printer: &Printer) -> anyhow::Result<Row> {
    let request = arguments.engine.request(arguments.threads.threads)?;
    Ok(tested(engine::load(&request, (model.path, &model.file), &Output::JUDGED, printer)?, model))
}

fn every(arguments: &VerifyArguments, model: &Model<'_>, printer: &Printer) -> anyhow::Result<(Vec<Row>, Refused)> {
    let mut steps = printer.progress().steps();
    let (mut rows, mut refused) = (Vec::new(), Vec::new());
    let threads = arguments.threads.threads;
    for (candidate, description) in arguments.engine.present(threads)? {
        if let Err(refusal) = description {
            refused.push((candidate, refusal));
            continue;
        }
        let request = arguments.engine.request_of(candidate, threads)?;
        match choice::load(&model.file, &Output::JUDGED, &request, &mut |step| steps.begin(&step.to_string())) {
            Ok(chosen) => rows.push(tested(chosen, model)),
            Err(ChoiceError::Refused { refusal, .. }) => refused.push((candidate, refusal)),
            Err(error) => return Err(error).at(model.path.display()),
        }
    }
    steps.end();
    Ok((rows, refused))
}

fn tested(mut chosen: Choice, model: &Model<'_>) -> Row {
    let outcome = self_test::run(chosen.crew.first(), model.file.manifest());
    let engine = match chosen.candidate {
        Candidate::TRACT => chosen.description.to_string(),
        candidate => format!("{candidate} ({})", chosen.description.version),
    };
    Row { engine, outcome }
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
        Err(error) => json!({"engine": row.engine, "error": error.to_string(), "usable": true, "passed": false}),
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
            Err(error) => ["-".into(), "-".into(), "-".into(), format!("FAILED: {error}")],
        };
        table.row(std::iter::once(row.engine.clone()).chain(cells));
    }
    table.lines().try_for_each(|line| printer.line(line))
}
