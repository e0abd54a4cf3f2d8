//! `moead-calibrate --model FILE FOLDER…`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use moead_model::atomic_file;
use moead_model::calibration::Calibration;
use moead_model::manifest::Precision;
use moead_model::onnx::model_file::ModelFile;
use moead_runtime::cli::engine;
use moead_runtime::engine::choice::Choice;
use moead_runtime::stream::clock::{Clock as _, SystemClock};
use moead_runtime::verify::self_test::{self, SelfTestError};
use moead_terminal::exit::Exit;
use moead_terminal::failure::At as _;
use moead_terminal::printer::Printer;

use super::arguments::{CalibrateArguments, FitArguments};
use super::output;
use crate::calibrate::answers::{self, Judgements};
use crate::calibrate::merge::Run;
use crate::calibrate::pictures::{Pictures, ProductName, Vetoes};
use crate::calibrate::product::{self, Fitted};
use crate::cli::report_files::ReportFiles;

/// A product without any name, in messages and tables.
pub(super) const COMMON: &str = "(any)";

/// What a run found out.
pub(super) struct Found {
    pub(super) judgements: Judgements,
    pub(super) fitted: BTreeMap<ProductName, Fitted>,
    /// As it is to be in the file.
    pub(super) calibration: Calibration,
    /// What judged the pictures.
    pub(super) engine: String,
}

pub(super) fn run(arguments: &CalibrateArguments, printer: &Printer) -> anyhow::Result<Exit> {
    let fit = &arguments.fit;
    let files = fit.report.as_deref().map(|path| ReportFiles::at(path, "calibration.json")).transpose()?;
    if !fit.dry_run {
        atomic_file::check_writable(arguments.output()).at(arguments.output().display())?;
    }
    let model = ModelFile::open(arguments.model()).at(arguments.model().display())?;
    // What cannot be read cannot be kept, and minutes of work should not end with that news.
    old_calibration(&model, fit).at(arguments.model().display())?;
    let (pictures, vetoed) = pictures(arguments, printer)?;
    let found = calibrate((arguments.model(), &model), &pictures, &vetoed, fit, arguments.max_unreadable, printer)?;
    output::tell(&found, printer);
    if !fit.dry_run {
        write(&model, arguments, &found.calibration)?;
    }
    let document = output::document(&found, arguments.model(), (!fit.dry_run).then_some(arguments.output()));
    if fit.json {
        printer.line(&document)?;
    } else {
        super::table::products(&found.calibration, |name| found.fitted.contains_key(name))
            .lines()
            .try_for_each(|line| printer.line(line))?;
    }
    if let Some(files) = &files {
        files.write(&output::page(&found, arguments.model(), model.manifest().input.size()), &document)?;
        printer.note(format_args!("report: {}", files.page.display()));
    }
    match fit.dry_run {
        true => printer.note("nothing was written into a model file"),
        false => printer.note(format_args!("written: {}", arguments.output().display())),
    }
    Ok(Exit::Fine)
}

/// What the file says already, where it is to be kept.
fn old_calibration(model: &ModelFile, fit: &FitArguments) -> anyhow::Result<Option<Calibration>> {
    match &model.manifest().calibration {
        Some(value) if !fit.replace => Ok(Some(Calibration::parse(value)?)),
        _ => Ok(None),
    }
}

type Vetoed = BTreeMap<ProductName, Vec<PathBuf>>;

fn pictures(arguments: &CalibrateArguments, printer: &Printer) -> anyhow::Result<(Pictures, Vetoed)> {
    let (layout, name) = (arguments.layout, arguments.product.as_deref());
    let mut pictures = Pictures::of_good(&arguments.folders, layout, name)?;
    let vetoed = match &arguments.veto {
        Some(list) => {
            let text = std::fs::read_to_string(list).at(list.display())?;
            pictures.veto(&Vetoes::parse(list, &text))?
        }
        None => Vetoed::new(),
    };
    if let Some(folder) = &arguments.fit.defects {
        // A defect has no layout of its own unless it says so by itself.
        pictures.add_defective(folder, None, name)?;
    } else if pictures.left_aside > 0 {
        printer
            .note(format_args!("{} defective pictures left aside: `--defects FOLDER` uses them", pictures.left_aside));
    }
    if pictures.kept_for_testing > 0 {
        printer.detail(format_args!("{} good pictures left aside: they are for testing", pictures.kept_for_testing));
    }
    Ok((pictures, vetoed))
}

fn calibrate(
    (path, model): (&Path, &ModelFile),
    pictures: &Pictures,
    vetoed: &Vetoed,
    fit: &FitArguments,
    most_unjudged: usize,
    printer: &Printer,
) -> anyhow::Result<Found> {
    let wishes = fit.wishes();
    for (name, samples) in &pictures.products {
        if samples.defective.is_empty() {
            product::check_count(samples.good.len(), wishes.target).at(shown(name))?;
        }
    }
    let mut choice = load((path, model), fit, printer)?;
    let bar = printer.progress().bar(pictures.samples().count() as u64, "pictures");
    let told = |unjudged: Option<(&Path, &str)>| {
        if let Some((path, cause)) = unjudged {
            printer.warning(format_args!("{}: {cause}", path.display()));
        }
        bar.advance(1);
    };
    let judged = answers::judge(&mut *choice.engine, &model.manifest().input, pictures, most_unjudged, told);
    drop(bar);
    let judgements = judged.at(path.display())?;
    let mut fitted = BTreeMap::new();
    for (name, answers) in &judgements.products {
        let vetoed = vetoed.get(name).map(Vec::as_slice).unwrap_or_default();
        fitted.insert(name.clone(), product::fit(answers, vetoed, &wishes).at(shown(name))?);
    }
    let engine = choice.candidate.to_string();
    let run = Run {
        products: fitted.iter().map(|(name, fitted)| (name.clone(), fitted.product.clone())).collect(),
        target: moead_model::calibration::Target {
            false_alarms: wishes.target.false_alarms.value(),
            confidence: wishes.target.confidence.value(),
            extra: serde_json::Map::default(),
        },
        created: SystemClock.wall().to_string(),
        created_by: concat!("moead-calibrate ", env!("CARGO_PKG_VERSION")).to_owned(),
        engine: engine.clone(),
        precision: word(model.manifest().precision).to_owned(),
    };
    let calibration = match old_calibration(model, fit)? {
        Some(old) => run.merged(&old)?,
        None => run.alone(),
    };
    Ok(Found { judgements, fitted, calibration, engine })
}

/// The model, ready to run. Thresholds of an engine whose numbers are off would be wrong everywhere else.
fn load((path, model): (&Path, &ModelFile), fit: &FitArguments, printer: &Printer) -> anyhow::Result<Choice> {
    let request = fit.engine.request(fit.threads.threads)?;
    let mut choice = engine::load(&request, (path, model), &answers::OUTPUTS, printer)?;
    match self_test::run(&mut *choice.engine, model.manifest()) {
        Ok(_) => {}
        Err(SelfTestError::Absent) => printer.warning(format_args!(
            "{}: the model file has no self-test: nothing shows that this engine computes it right",
            path.display()
        )),
        Err(error) => return Err(error).at(format_args!("{}: {}", path.display(), choice.candidate)),
    }
    Ok(choice)
}

/// Somebody wrote another network into the file while its pictures were judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the file was replaced by another model while the pictures were judged")]
pub(super) struct Replaced;

fn write(judged: &ModelFile, arguments: &CalibrateArguments, calibration: &Calibration) -> anyhow::Result<()> {
    let path = arguments.output();
    let now = ModelFile::open(arguments.model()).at(arguments.model().display())?;
    if now.envelope().graph() != judged.envelope().graph() {
        return Err(Replaced).at(arguments.model().display());
    }
    let envelope = judged.with_calibration(Some(calibration)).at(path.display())?;
    drop(now);
    let check = |written: &Path| {
        let again = ModelFile::open(written)?;
        anyhow::ensure!(again.envelope() == &envelope, "what was written is not what was to be written");
        Ok(())
    };
    atomic_file::write_checked(path, |out| Ok(envelope.write(out)?), check).at(path.display())
}

fn word(precision: Precision) -> &'static str {
    match precision {
        Precision::F32 => "f32",
        Precision::F16 => "f16",
        Precision::Int8 => "int8",
    }
}

/// A product's name for people.
pub(super) fn shown(name: &ProductName) -> &str {
    name.as_deref().unwrap_or(COMMON)
}
