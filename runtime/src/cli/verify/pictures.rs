//! Two engines, or two models, on a folder of pictures.

use std::path::Path;

use moead_model::manifest::Manifest;
use moead_terminal::exit::Exit;
use moead_terminal::printer::Printer;
use moead_terminal::table::Table;
use serde_json::{Value, json};

use super::Model;
use super::engines::finite;
use crate::cli::arguments::VerifyArguments;
use crate::cli::engine;

use crate::engine::choice::{Candidate, Request};
use crate::engine::{Engine, Output};
use crate::preprocess::decode;
use crate::preprocess::normalize::normalize;
use crate::preprocess::picture::Picture;
use crate::preprocess::resize::resize;
use crate::score::verdict::Score;
use crate::stream::sources::files::FileList;
use crate::verify::comparison::{Answer, Comparison, Difference, MAX_NAMED, Spread};

/// Compares the first engine that this machine has with every other one, or with the one that was asked for.
pub(super) fn engines(
    arguments: &VerifyArguments,
    model: &Model<'_>,
    folder: &Path,
    printer: &Printer,
) -> anyhow::Result<Exit> {
    let threads = arguments.threads.threads;
    let mut usable: Vec<Candidate> = arguments
        .engine
        .present(threads)?
        .into_iter()
        .filter_map(|(candidate, description)| description.ok().map(|_| candidate))
        .collect();
    let load = |candidate| Side::load(model, &arguments.engine.request_of(candidate, threads)?, printer);
    let asked_for = if arguments.engine.is_open() {
        None
    } else {
        let side = Side::load(model, &arguments.engine.request(threads)?, printer)?;
        usable.retain(|candidate| *candidate != side.candidate);
        Some(side)
    };
    let Some((&first, others)) = usable.split_first() else {
        match asked_for {
            Some(side) => anyhow::bail!(only(side.candidate)),
            None => anyhow::bail!("no engine can be used on this machine"),
        }
    };
    anyhow::ensure!(asked_for.is_some() || !others.is_empty(), only(first));
    let tolerance = model.file.manifest().self_test.as_ref().map(|test| test.tolerance);
    let mut is_right = true;
    let mut agree = |sides| -> anyhow::Result<()> {
        let comparison = compare(arguments, sides, folder, printer)?;
        // Verdicts rest on the score, and what is shown on the map.
        let worst = comparison.map().worst.max(comparison.score().worst);
        is_right &= tolerance.is_none_or(|tolerance| worst <= tolerance);
        Ok(())
    };
    match asked_for {
        Some(side) => agree([load(first)?, side])?,
        None => others.iter().try_for_each(|&other| agree([load(first)?, load(other)?]))?,
    }
    anyhow::ensure!(is_right, "{}: two engines differ by more than the model file allows", model.path.display());
    Ok(Exit::Fine)
}

fn only(candidate: Candidate) -> String {
    format!("{candidate} is the only engine on this machine: there is nothing to compare with")
}

/// Compares two models on one engine.
pub(super) fn models(
    arguments: &VerifyArguments,
    [first, second]: [&Model<'_>; 2],
    folder: &Path,
    printer: &Printer,
) -> anyhow::Result<Exit> {
    let request = arguments.engine.request(arguments.threads.threads)?;
    let sides = [Side::load(first, &request, printer)?, Side::load(second, &request, printer)?];
    compare(arguments, sides, folder, printer)?;
    Ok(Exit::Fine)
}

/// One of the two.
struct Side {
    name: String,
    candidate: Candidate,
    engine: Box<dyn Engine>,
    manifest: Manifest,
    /// How many times experts are chosen.
    choices: usize,
}

impl Side {
    fn load(model: &Model<'_>, request: &Request, printer: &Printer) -> anyhow::Result<Self> {
        let choices = model.file.expert_choices().len();
        let outputs: Vec<_> = Output::JUDGED.into_iter().chain((0..choices).map(Output::Experts)).collect();
        let chosen = engine::load(request, (model.path, &model.file), &outputs, printer)?;
        let name = format!("{} on {}", model.path.display(), chosen.candidate);
        Ok(Self {
            name,
            candidate: chosen.candidate,
            engine: chosen.crew.into_first(),
            manifest: model.file.manifest().clone(),
            choices,
        })
    }

    fn judge(&mut self, picture: &Picture) -> anyhow::Result<Answer> {
        let input = &self.manifest.input;
        let pixels = resize(picture, input.size());
        let mut outputs = self.engine.run(&normalize(pixels.pixels(), input.normalization()))?;
        let mut take =
            |output: Output| outputs.take(output).ok_or_else(|| anyhow::anyhow!("{}: no output {output}", self.name));
        let score = Score(take(Output::PredScore)?.data.first().copied().unwrap_or(f32::NAN));
        let map = take(Output::AnomalyMap)?;
        let choices = (0..self.choices).map(|index| take(Output::Experts(index))).collect::<Result<_, _>>()?;
        Ok(Answer { score, map, choices })
    }
}

fn compare(
    arguments: &VerifyArguments,
    [mut first, mut second]: [Side; 2],
    folder: &Path,
    printer: &Printer,
) -> anyhow::Result<Comparison> {
    let files = FileList::of_path(folder)?.files;
    let sizes = [&first, &second].map(|side| side.manifest.input.size());
    let is_alike = sizes[0] == sizes[1];
    if !is_alike {
        let [first, second] = sizes;
        printer.note(format_args!("the inputs are {first} and {second}: maps and experts cannot be compared"));
    }
    let bar = printer.progress().bar(files.len() as u64, "pictures");
    let mut comparison = Comparison::default();
    let mut unreadable = 0;
    for file in &files {
        match decode::read(&file.path) {
            Ok(picture) => {
                let mut answers = [first.judge(&picture)?, second.judge(&picture)?];
                if !is_alike {
                    // Tokens of other places.
                    answers.iter_mut().for_each(|answer| answer.choices.clear());
                }
                let difference = Difference::of(&answers[0], &answers[1], arguments.threshold);
                comparison.add(&file.path.display().to_string(), &difference);
            }
            Err(error) => {
                unreadable += 1;
                printer.warning(format_args!("{}: {error}", file.path.display()));
            }
        }
        bar.advance(1);
    }
    drop(bar);
    anyhow::ensure!(comparison.pictures() > 0, "{}: none of {unreadable} pictures can be read", folder.display());
    let names = [&first.name, &second.name].map(String::as_str);
    let map = is_alike.then(|| comparison.map());
    if arguments.json {
        printer.line(json(arguments, names, map, &comparison, unreadable))?;
    } else {
        text(arguments, names, map, &comparison, printer)?;
    }
    Ok(comparison)
}

/// * `map`: of the maps, if they can be compared.
fn json(
    arguments: &VerifyArguments,
    names: [&str; 2],
    map: Option<Spread>,
    comparison: &Comparison,
    unreadable: usize,
) -> Value {
    let spread = |spread: Spread| json!({"typical": finite(spread.typical), "worst": finite(spread.worst)});
    let changed =
        |(picture, [first, second]): &(String, [Score; 2])| json!({"picture": picture, "scores": [first.0, second.0]});
    json!({
        "schema": 1,
        "compared": names,
        "pictures": comparison.pictures(),
        "unreadable": unreadable,
        "map_error": map.map(spread),
        "worst_picture": map.and(comparison.worst.as_ref()).map(|(picture, _)| picture),
        "score_error": spread(comparison.score()),
        "threshold": arguments.threshold.map(|threshold| threshold.value()),
        "other_verdicts": comparison.other_verdict_count,
        "other_verdicts_of": comparison.other_verdicts.iter().map(changed).collect::<Vec<_>>(),
        "tokens": comparison.tokens,
        "tokens_with_other_experts": comparison.changed_tokens,
    })
}

fn text(
    arguments: &VerifyArguments,
    [first, second]: [&str; 2],
    map: Option<Spread>,
    comparison: &Comparison,
    printer: &Printer,
) -> std::io::Result<()> {
    printer.line(format_args!("{second}, compared with {first}: {} pictures", comparison.pictures()))?;
    let mut table = Table::new(&["relative error", "typical", "worst", ""]);
    let row = |spread: Spread| [format!("{:.1e}", spread.typical), format!("{:.1e}", spread.worst)];
    let worst = comparison.worst.as_ref().map(|(picture, _)| picture.clone()).unwrap_or_default();
    if let Some(map) = map {
        table.row(["map".into()].into_iter().chain(row(map)).chain([worst]));
    }
    table.row(["score".into()].into_iter().chain(row(comparison.score())));
    table.lines().try_for_each(|line| printer.line(line))?;
    if comparison.tokens > 0 {
        printer.line(format_args!(
            "other experts: {} of {} choices by tokens",
            comparison.changed_tokens, comparison.tokens
        ))?;
    }
    let Some(threshold) = arguments.threshold else { return Ok(()) };
    printer.line(format_args!("other verdicts at {}: {}", threshold.value(), comparison.other_verdict_count))?;
    for (picture, [first, second]) in &comparison.other_verdicts {
        printer.line(format_args!("  {picture}: {} and {}", first.0, second.0))?;
    }
    if comparison.other_verdict_count > MAX_NAMED {
        printer.line(format_args!("  and {} more", comparison.other_verdict_count - MAX_NAMED))?;
    }
    Ok(())
}
