//! From pictures to a calibrated model file, wherever the pictures come from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use moead_model::atomic_file;
use moead_model::calibration::Calibration;
use moead_model::onnx::model_file::ModelFile;
use moead_model::outputs::{Output, Outputs};
use moead_runtime::engine::choice::{Choice, Request};
use moead_runtime::engine::crew::InFlight;
use moead_runtime::stream::clock::WallClock;
use moead_terminal::failure::{At as _, UsageError};
use moead_terminal::printer::Printer;

use super::arguments::FitArguments;
use super::date::date;
use super::found::{Found, shown};
use super::{output, table};
use crate::calibrate::merge::Run;
use crate::calibrate::pictures::{Pictures, ProductName};
use crate::calibrate::product::{self, Wishes};
use crate::calibrate::{answers, copies};
use crate::cli::report_files::ReportFiles;
use crate::cli::running;
use crate::drift::Order;
use crate::threshold;

/// Good pictures that were left out on request, by product.
pub(super) type Vetoed = BTreeMap<ProductName, Vec<PathBuf>>;

/// A model file, and where everything goes that is found out about it.
pub(super) struct Job<'a> {
    fit: &'a FitArguments,
    pub(super) model: ModelFile,
    /// What the file says already, where it is to be kept.
    old: Option<Calibration>,
    report: Option<ReportFiles>,
    outputs: Outputs,
    date: WallClock,
    usual_in_flight: InFlight,
    /// Loaded when it is needed first.
    choice: Option<Choice>,
}

impl<'a> Job<'a> {
    /// Finds what is wrong with the files before minutes of work.
    ///
    /// * `usual_in_flight`: how many pictures are computed at the same time, unless the flags tell it.
    pub(super) fn open(fit: &'a FitArguments, usual_in_flight: InFlight) -> anyhow::Result<Self> {
        let report = fit.report.as_deref().map(|path| ReportFiles::at(path, "calibration.json")).transpose()?;
        if !fit.dry_run {
            atomic_file::check_writable(fit.output()).at(fit.output().display())?;
        }
        let reports = report.iter().flat_map(ReportFiles::outputs);
        // The calibrated model may take the model's own place, and the report may not.
        Outputs::new(reports.clone()).and_then(|reports| reports.spare([fit.model()])).map_err(UsageError::of)?;
        let output = (!fit.dry_run).then_some(Output { what: "the calibrated model", path: fit.output() });
        let outputs = Outputs::new(reports.chain(output)).map_err(UsageError::of)?;
        let model = ModelFile::open(fit.model()).at(fit.model().display())?;
        // What cannot be read cannot be kept.
        let old = model.manifest().calibration.as_ref().filter(|_| !fit.replace);
        let old = old.map(Calibration::parse).transpose().at(fit.model().display())?;
        Ok(Self { fit, model, old, report, outputs, date: date()?, usual_in_flight, choice: None })
    }

    /// Refuses to go on where a file that is read would be replaced.
    pub(super) fn spare(&self, inputs: impl IntoIterator<Item = impl AsRef<Path>>) -> anyhow::Result<()> {
        self.outputs.spare(inputs).map_err(UsageError::of)
    }

    /// What judges the pictures.
    pub(super) fn choice(&mut self, printer: &Printer) -> anyhow::Result<&mut Choice> {
        let Self { fit, model, usual_in_flight, choice, .. } = self;
        let loaded = match choice.take() {
            Some(loaded) => loaded,
            None => {
                let in_flight = fit.in_flight.of(*usual_in_flight);
                let request = Request { in_flight, ..fit.engine.request(fit.threads.threads)? };
                running::load(&request, (fit.model(), model), &answers::OUTPUTS, printer)?
            }
        };
        Ok(choice.insert(loaded))
    }

    /// * `usual`: the order of the pictures, unless the flags tell it.
    pub(super) fn run(
        mut self,
        mut pictures: Pictures,
        vetoed: &Vetoed,
        usual: Order,
        printer: &Printer,
    ) -> anyhow::Result<()> {
        self.spare(pictures.samples().flat_map(|(_, sample)| sample.files()))?;
        self.spare(vetoed.values().flatten())?;
        copies::leave_aside(&mut pictures, vetoed);
        let found = self.calibrate(&pictures, vetoed, &self.fit.wishes(usual), printer)?;
        let Self { fit, model, report, .. } = self;
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

    fn calibrate(
        &mut self,
        pictures: &Pictures,
        vetoed: &Vetoed,
        wishes: &Wishes,
        printer: &Printer,
    ) -> anyhow::Result<Found> {
        let fit = self.fit;
        for (name, samples) in &pictures.products {
            let (mut place, copies) = (shown(name).to_owned(), samples.copies);
            if copies.found > 0 {
                printer.warning(format_args!("{place}: {copies}"));
                // A refusal names fewer pictures than the folder has, with `--quiet`, too.
                place = format!("{place}, without {} copies", copies.found);
            }
            if samples.defective.is_empty() {
                threshold::check_count(samples.good.len() as u64, wishes.target).at(place)?;
            }
        }
        let input = self.model.manifest().input.clone();
        let choice = self.choice(printer)?;
        let bar = printer.progress().bar(pictures.samples().count() as u64, "pictures");
        let told = running::told(&bar, printer);
        let judged = answers::judge(&mut choice.crew, &input, pictures, fit.max_unreadable, told);
        drop(bar);
        let engine = choice.candidate.to_string();
        let judgements = judged.at(fit.model().display())?;
        let mut fitted = BTreeMap::new();
        for (name, answers) in &judgements.products {
            let vetoed = vetoed.get(name).map(Vec::as_slice).unwrap_or_default();
            fitted.insert(name.clone(), product::fit(answers, vetoed, wishes).at(shown(name))?);
        }
        let run = Run {
            products: fitted.iter().map(|(name, fitted)| (name.clone(), fitted.product.clone())).collect(),
            target: moead_model::calibration::Target {
                false_alarms: wishes.target.false_alarms.value(),
                confidence: wishes.target.confidence.value(),
                extra: serde_json::Map::default(),
            },
            created: self.date.to_string(),
            created_by: concat!("moead-calibrate ", env!("CARGO_PKG_VERSION")).to_owned(),
            engine: engine.clone(),
            precision: self.model.manifest().precision.name().to_owned(),
        };
        let calibration = match &self.old {
            Some(old) => run.merged(old)?,
            None => run.alone(),
        };
        Ok(Found { judgements, fitted, calibration, engine })
    }
}

/// What somebody else did to the model file while its pictures were judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Changed {
    /// Its thresholds would be another network's.
    #[error("the file was replaced by another model while the pictures were judged")]
    Model,
    /// What is written now would undo it.
    #[error("another calibration was written into the file while the pictures were judged")]
    Calibration,
}

fn write(judged: &ModelFile, fit: &FitArguments, calibration: &Calibration) -> anyhow::Result<()> {
    let path = fit.output();
    let now = ModelFile::open(fit.model()).at(fit.model().display())?;
    if now.envelope().graph() != judged.envelope().graph() {
        return Err(Changed::Model).at(fit.model().display());
    }
    if now.manifest().calibration != judged.manifest().calibration {
        return Err(Changed::Calibration).at(fit.model().display());
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
