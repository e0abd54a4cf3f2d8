//! From pictures to a calibrated model file, wherever the pictures come from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use moead_model::atomic_file;
use moead_model::calibration::Calibration;
use moead_model::onnx::model_file::ModelFile;
use moead_runtime::cli::engine;
use moead_runtime::engine::choice::Choice;
use moead_runtime::stream::clock::{Clock as _, SystemClock};
use moead_runtime::verify::self_test::{self, SelfTestError};
use moead_terminal::failure::At as _;
use moead_terminal::printer::Printer;

use super::arguments::FitArguments;
use super::found::{Found, shown};
use super::{output, table};
use crate::calibrate::answers;
use crate::calibrate::merge::Run;
use crate::calibrate::pictures::{Pictures, ProductName};
use crate::calibrate::product::{self, Wishes};
use crate::cli::report_files::ReportFiles;
use crate::drift::Order;

/// Good pictures that were left out on request, by product.
pub(super) type Vetoed = BTreeMap<ProductName, Vec<PathBuf>>;

/// A model file, and where everything goes that is found out about it.
pub(super) struct Job<'a> {
    fit: &'a FitArguments,
    pub(super) model: ModelFile,
    report: Option<ReportFiles>,
}

impl<'a> Job<'a> {
    /// Finds what is wrong with the files before minutes of work.
    pub(super) fn open(fit: &'a FitArguments) -> anyhow::Result<Self> {
        let report = fit.report.as_deref().map(|path| ReportFiles::at(path, "calibration.json")).transpose()?;
        if !fit.dry_run {
            atomic_file::check_writable(fit.output()).at(fit.output().display())?;
        }
        let model = ModelFile::open(fit.model()).at(fit.model().display())?;
        // What cannot be read cannot be kept.
        old_calibration(&model, fit).at(fit.model().display())?;
        Ok(Self { fit, model, report })
    }

    /// * `usual`: the order of the pictures, unless the flags tell it.
    pub(super) fn run(
        self,
        pictures: &Pictures,
        vetoed: &Vetoed,
        usual: Order,
        printer: &Printer,
    ) -> anyhow::Result<()> {
        let Self { fit, model, report } = self;
        let found = calibrate(&model, pictures, vetoed, (fit, &fit.wishes(usual)), printer)?;
        output::tell(&found, printer);
        if !fit.dry_run {
            write(&model, fit, &found.calibration)?;
        }
        let document = output::document(&found, fit.model(), (!fit.dry_run).then_some(fit.output()));
        if fit.json {
            printer.line(&document)?;
        } else {
            let table = table::products(&found.calibration, |name| found.fitted.contains_key(name));
            table.lines().try_for_each(|line| printer.line(line))?;
        }
        if let Some(files) = &report {
            files.write(&output::page(&found, fit.model(), model.manifest().input.size()), &document)?;
            printer.note(format_args!("report: {}", files.page.display()));
        }
        match fit.dry_run {
            true => printer.note("nothing was written into a model file"),
            false => printer.note(format_args!("written: {}", fit.output().display())),
        }
        Ok(())
    }
}

/// What the file says already, where it is to be kept.
fn old_calibration(model: &ModelFile, fit: &FitArguments) -> anyhow::Result<Option<Calibration>> {
    match &model.manifest().calibration {
        Some(value) if !fit.replace => Ok(Some(Calibration::parse(value)?)),
        _ => Ok(None),
    }
}

fn calibrate(
    model: &ModelFile,
    pictures: &Pictures,
    vetoed: &Vetoed,
    (fit, wishes): (&FitArguments, &Wishes),
    printer: &Printer,
) -> anyhow::Result<Found> {
    let path = fit.model();
    for (name, samples) in &pictures.products {
        if samples.defective.is_empty() {
            product::check_count(samples.good.len(), wishes.target).at(shown(name))?;
        }
    }
    let mut choice = load(model, fit, printer)?;
    let bar = printer.progress().bar(pictures.samples().count() as u64, "pictures");
    let told = |unjudged: Option<(&Path, &str)>| {
        if let Some((path, cause)) = unjudged {
            printer.warning(format_args!("{}: {cause}", path.display()));
        }
        bar.advance(1);
    };
    let judged = answers::judge(&mut *choice.engine, &model.manifest().input, pictures, fit.max_unreadable, told);
    drop(bar);
    let judgements = judged.at(path.display())?;
    let mut fitted = BTreeMap::new();
    for (name, answers) in &judgements.products {
        let vetoed = vetoed.get(name).map(Vec::as_slice).unwrap_or_default();
        fitted.insert(name.clone(), product::fit(answers, vetoed, wishes).at(shown(name))?);
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
        precision: model.manifest().precision.name().to_owned(),
    };
    let calibration = match old_calibration(model, fit)? {
        Some(old) => run.merged(&old)?,
        None => run.alone(),
    };
    Ok(Found { judgements, fitted, calibration, engine })
}

/// The model, ready to run. Thresholds of an engine whose numbers are off would be wrong everywhere else.
pub(super) fn load(model: &ModelFile, fit: &FitArguments, printer: &Printer) -> anyhow::Result<Choice> {
    let path = fit.model();
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

fn write(judged: &ModelFile, fit: &FitArguments, calibration: &Calibration) -> anyhow::Result<()> {
    let path = fit.output();
    let now = ModelFile::open(fit.model()).at(fit.model().display())?;
    if now.envelope().graph() != judged.envelope().graph() {
        return Err(Replaced).at(fit.model().display());
    }
    drop(now);
    let envelope = judged.with_calibration(Some(calibration)).at(path.display())?;
    let check = |written: &Path| {
        let again = ModelFile::open(written)?;
        anyhow::ensure!(again.envelope() == &envelope, "what was written is not what was to be written");
        Ok(())
    };
    atomic_file::write_checked(path, |out| Ok(envelope.write(out)?), check).at(path.display())
}
