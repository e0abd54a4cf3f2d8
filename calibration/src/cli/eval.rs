//! The program `moead-eval`.

use std::process::ExitCode;

use moead_model::architecture::ImageSize;
use moead_model::atomic_file;
use moead_model::outputs::Outputs;
use moead_terminal::entry::{self, Program};
use moead_terminal::exit::Exit;
use moead_terminal::failure::{At as _, UsageError};
use moead_terminal::printer::Printer;
use moead_terminal::signals;
use moead_terminal::version::Version;

use super::report_files::ReportFiles;
use crate::dataset::{Dataset, Sample};
use crate::evaluation::baseline::{self, Baseline};
use crate::evaluation::comparison::Comparison;
use crate::evaluation::{self, document, notes};

mod arguments;
mod hints;
mod measure;
mod table;
mod timed;

use arguments::{Arguments, Command, EvalArguments};
use measure::{Data, Measured};

const VERSION: Version = Version {
    program: "moead-eval",
    number: env!("CARGO_PKG_VERSION"),
    engines: moead_runtime::engine::choice::BUILT_IN,
    features: &["ort", "tract"],
};

/// Parses the process's arguments, does what they ask, and says how it went.
pub fn main() -> ExitCode {
    entry::run(&Program { version: VERSION, hint: hints::hint }, run)
}

fn run(arguments: Arguments, printer: &Printer) -> anyhow::Result<Exit> {
    match arguments.command {
        None => evaluate(&arguments.eval, printer),
        Some(Command::Integration(integration)) => integration.run(entry::command::<Arguments>(&VERSION), printer),
    }
}

fn evaluate(arguments: &EvalArguments, printer: &Printer) -> anyhow::Result<Exit> {
    signals::before_end(atomic_file::abandon)?;
    let files = arguments.report.as_deref().map(|path| ReportFiles::at(path, "metrics.json")).transpose()?;
    let outputs = Outputs::new(files.iter().flat_map(ReportFiles::outputs)).map_err(UsageError::of)?;
    outputs.spare(arguments.model.iter().chain(arguments.compare.iter().flatten())).map_err(UsageError::of)?;
    outputs.spare(Dataset::lists(arguments.data())).map_err(UsageError::of)?;
    let data = open(arguments)?;
    let samples = data.samples.iter().chain(data.training.iter().flatten());
    outputs.spare(samples.flat_map(Sample::files)).map_err(UsageError::of)?;
    match (&arguments.model, arguments.compare.as_deref()) {
        (Some(model), None) => {
            let found = measure::run(model, &data, arguments, printer)?;
            match &found.baseline {
                None => one(&found, arguments, files.as_ref(), printer)?,
                Some(baseline) => beside(&found, baseline, arguments, files.as_ref(), printer)?,
            }
        }
        (None, Some([first, second])) => {
            let first = measure::run(first, &data, arguments, printer)?;
            let second = measure::run(second, &data, arguments, printer)?;
            two([&first, &second], arguments, files.as_ref(), printer)?;
        }
        _ => return Err(UsageError::new("give one model as `--model`, or two as `--compare`").into()),
    }
    if let Some(files) = &files {
        printer.note(format_args!("report: {}", files.page.display()));
    }
    Ok(Exit::Fine)
}

fn open(arguments: &EvalArguments) -> anyhow::Result<Data> {
    let path = arguments.data();
    let dataset = Dataset::open(path, arguments.layout)?;
    let layout = dataset.layout;
    let known: Vec<String> = dataset.products().into_keys().map(str::to_owned).collect();
    if let Some(unknown) = arguments.product.iter().find(|name| !known.contains(name)) {
        let text = format!("--product: expected one of {}, found {unknown}", known.join(", "));
        return Err(UsageError::new(text).into());
    }
    let samples = evaluation::samples(&dataset, &arguments.product).at(path.display())?;
    let training = arguments.baseline.map(|_| baseline::training(&dataset, &samples)).transpose().at(path.display())?;
    Ok(Data { path: path.to_owned(), layout, samples, training })
}

fn one(
    found: &Measured,
    arguments: &EvalArguments,
    files: Option<&ReportFiles>,
    printer: &Printer,
) -> anyhow::Result<()> {
    let document = document::document(&found.subject, &found.evaluation);
    if arguments.json {
        printer.line(&document)?;
    } else {
        table::evaluation(&found.evaluation).lines().try_for_each(|line| printer.line(line))?;
        tell_notes(found, None, printer);
    }
    if let Some(files) = files {
        files.write(&crate::report::evaluation(&found.subject, &found.evaluation), &document)?;
    }
    Ok(())
}

fn beside(
    found: &Measured,
    baseline: &Baseline,
    arguments: &EvalArguments,
    files: Option<&ReportFiles>,
    printer: &Printer,
) -> anyhow::Result<()> {
    let comparison = Comparison::of(&baseline.evaluation, &found.evaluation)?;
    let document = document::with_baseline(&found.subject, &found.evaluation, baseline, &comparison);
    if arguments.json {
        printer.line(&document)?;
    } else {
        let both = [&baseline.evaluation, &found.evaluation];
        for line in table::comparison(both, table::BASELINE, &comparison) {
            printer.line(line)?;
        }
        tell_notes(found, None, printer);
        for note in notes::of_baseline(&baseline.evaluation, &found.evaluation, found.subject.size) {
            printer.note(format_args!("PaDiM: {}", note.sentence()));
        }
        for fit in &baseline.fits {
            printer.note(fit);
        }
    }
    if let Some(files) = files {
        let page = crate::report::with_baseline(&found.subject, &found.evaluation, baseline, &comparison);
        files.write(&page, &document)?;
    }
    Ok(())
}

fn two(
    [first, second]: [&Measured; 2],
    arguments: &EvalArguments,
    files: Option<&ReportFiles>,
    printer: &Printer,
) -> anyhow::Result<()> {
    let comparison = Comparison::of(&first.evaluation, &second.evaluation)?;
    let both = [first, second].map(|found| (&found.subject, &found.evaluation));
    let document = document::comparison(both, &comparison);
    if arguments.json {
        printer.line(&document)?;
    } else {
        for line in table::comparison([&first.evaluation, &second.evaluation], table::MODELS, &comparison) {
            printer.line(line)?;
        }
        tell_notes(first, Some(&first.subject.model), printer);
        tell_notes(second, Some(&second.subject.model), printer);
    }
    if let Some(files) = files {
        files.write(&crate::report::comparison(both, &comparison), &document)?;
    }
    Ok(())
}

fn tell_notes(found: &Measured, model: Option<&str>, printer: &Printer) {
    let size: ImageSize = found.subject.size;
    for note in notes::notes(&found.evaluation, size) {
        match model {
            None => printer.note(note.sentence()),
            Some(model) => printer.note(format_args!("{model}: {}", note.sentence())),
        }
    }
}
