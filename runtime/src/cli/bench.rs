//! `moead-edge bench`.

use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, Stdio};

use moead_model::onnx::model_file::ModelFile;
use moead_terminal::exit::Exit;
use moead_terminal::failure::At as _;
use moead_terminal::printer::Printer;

use super::arguments::{BenchArguments, ContenderArguments};
use crate::bench::contender;
use crate::bench::process::{Contender, ContenderError};
use crate::bench::rounds::{self, Detail, Effort, Measurement};
use crate::doctor;
use crate::doctor::finding::Finding;
use crate::doctor::root::Root;
use crate::engine::choice::{self, Candidate, Refusal};
use crate::stream::clock::SystemClock;

mod profiles;
mod report;

/// One line of the table.
struct Row<'a> {
    model: &'a Path,
    /// As asked for: what was chosen is in the measurement.
    engine: String,
    threads: NonZeroUsize,
    outcome: Result<Measurement, ContenderError>,
}

pub(super) fn run(arguments: &BenchArguments, printer: &Printer) -> anyhow::Result<Exit> {
    // A wrong model is found once, and before anything is measured.
    for path in &arguments.model {
        ModelFile::open(path).at(path.display())?;
    }
    // Before our own work is the machine's load.
    let disturbances = doctor::disturbances(&Root::of_this_machine());
    for Finding { fact, value, .. } in &disturbances {
        printer.warning(format_args!("times say little now: {fact}: {value}"));
    }
    let (entries, refused) = entries(arguments)?;
    let mut steps = printer.progress().steps();
    let mut contenders = Vec::new();
    for (model, candidate, threads) in &entries {
        steps.begin(&format!("loading {} on {}", model.display(), name(*candidate)));
        contenders.push(command(arguments, model, *candidate, *threads).and_then(Contender::start));
    }
    steps.end();
    let detail = if arguments.profile { Detail::Nodes } else { Detail::Pictures };
    let effort = Effort { warm_up: arguments.warm_up as usize, rounds: arguments.rounds as usize, detail };
    let bar = printer.progress().bar((effort.warm_up + effort.rounds) as u64, "rounds");
    let outcomes = rounds::run(contenders, effort, &mut || bar.advance(1));
    drop(bar);
    let rows: Vec<Row<'_>> = entries
        .into_iter()
        .zip(outcomes)
        .map(|((model, candidate, threads), outcome)| Row { model, engine: name(candidate), threads, outcome })
        .collect();
    if arguments.json {
        printer.line(report::json(&rows, &refused, &disturbances))?;
    } else {
        report::text(&rows, printer)?;
        if arguments.profile {
            profiles::text(&rows, printer)?;
        }
        for reason in choice::told(&refused) {
            printer.note(format_args!("not measured: {reason}"));
        }
    }
    anyhow::ensure!(rows.iter().any(|row| row.outcome.is_ok()), "no engine could be measured");
    Ok(Exit::Fine)
}

type Entries<'a> = Vec<(&'a Path, Option<Candidate>, NonZeroUsize)>;

/// Everyone who takes part: the reference, which everybody is compared with, first. And what this machine does not have.
fn entries(arguments: &BenchArguments) -> anyhow::Result<(Entries<'_>, Vec<(Candidate, Refusal)>)> {
    let (mut candidates, mut refused) = (Vec::new(), Vec::new());
    if arguments.engine.is_open() {
        for (candidate, description) in arguments.engine.present(NonZeroUsize::MIN)? {
            match description {
                Ok(_) => candidates.push(Some(candidate)),
                Err(refusal) => refused.push((candidate, refusal)),
            }
        }
    } else {
        // What does not go together is a wrong command line, before anybody is measured.
        arguments.engine.request(NonZeroUsize::MIN)?;
        candidates.push(None);
    }
    let mut entries = Vec::new();
    for model in &arguments.model {
        for &candidate in &candidates {
            entries.extend(arguments.threads.iter().map(|&threads| (model.as_path(), candidate, threads)));
        }
    }
    Ok((entries, refused))
}

fn name(candidate: Option<Candidate>) -> String {
    candidate.map_or("the engine that was asked for".into(), |candidate| candidate.to_string())
}

/// This program again, as a contender.
fn command(
    arguments: &BenchArguments,
    model: &Path,
    candidate: Option<Candidate>,
    threads: NonZeroUsize,
) -> Result<Command, ContenderError> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("bench-contender").arg("--model").arg(model).arg("--threads").arg(threads.to_string());
    command.args(arguments.engine.flags(candidate));
    // What a library prints there belongs to its refusal, which is told in our words.
    command.stderr(Stdio::null());
    Ok(command)
}

/// `moead-edge bench-contender`.
pub(super) fn contend(arguments: &ContenderArguments) -> anyhow::Result<Exit> {
    let model = ModelFile::open(&arguments.model).at(arguments.model.display())?;
    let request = arguments.engine.request(arguments.threads.threads)?;
    contender::serve(&model, &request, &SystemClock, io::stdin().lock(), io::stdout().lock())?;
    Ok(Exit::Fine)
}
