//! The steps of a run: what is judged, kept, told and written on the way.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::time::Duration;

use moead_runtime::stream::clock::{Clock, Monotonic};
use moead_runtime::stream::interrupt::Interrupt;
use moead_terminal::failure::At as _;
use moead_terminal::printer::Printer;
use serde_json::Value;

use super::metrics::Metrics;
use super::network::Network;
use crate::batches::Batches;
use crate::checkpoint::Trained;
use crate::learnt::Learnt;
use crate::normalization::Normalization;
use crate::presets::BATCH;
use crate::residuals::{Rebuilder, Residuals};
use crate::state::{Epoch, Running, State};
use crate::statistics::{Kind, Statistics, StatisticsError};
use crate::trainer::Trainer;
use crate::validation::{Judges, scores_of};

/// Epochs may be short; the run itself is written at most this often, and at the end.
const BETWEEN_WRITES: Duration = Duration::from_secs(20);

/// A run and what it needs.
pub(super) struct Training<'a> {
    pub(super) network: &'a Network,
    pub(super) trainer: Trainer,
    pub(super) normalization: Option<Normalization>,
    pub(super) batches: Batches,
    pub(super) learnt: Learnt<'a>,
    /// Of what is learnt from.
    pub(super) paths: Vec<PathBuf>,
    pub(super) judges: Option<Judges<'a>>,
    pub(super) epochs: Vec<Epoch>,
    pub(super) running: Running,
    pub(super) identity: Value,
    pub(super) output: PathBuf,
    pub(super) last: PathBuf,
    /// Whether the run can be taken up from there.
    pub(super) is_saved: bool,
    pub(super) metrics: Metrics,
    pub(super) clock: &'a dyn Clock,
    pub(super) printer: &'a Printer,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// All steps were made.
    Whole,
    /// Somebody asked.
    Interrupted,
    /// The time was over.
    OutOfTime,
}

impl Training<'_> {
    /// Seconds of a step: some are made by a copy that is thrown away.
    pub(super) fn seconds_of_step(&self) -> anyhow::Result<f64> {
        const STEPS: u64 = 4;
        let mut copy = self.trainer.clone();
        let mut begin = self.clock.monotonic();
        for step in 0..STEPS {
            // Memory is taken in the first one.
            if step == 1 {
                begin = self.clock.monotonic();
            }
            copy.step(&self.batch(step)?)?;
        }
        Ok(self.clock.monotonic().since(begin).as_secs_f64() / (STEPS - 1) as f64)
    }

    /// Seconds of what follows a pass: statistics are fitted, pictures that were held back are judged.
    pub(super) fn seconds_of_judging(&self) -> anyhow::Result<f64> {
        let begin = self.clock.monotonic();
        self.judged(self.statistics()?.as_ref())?;
        Ok(self.clock.monotonic().since(begin).as_secs_f64())
    }

    fn rebuilder(&self) -> Rebuilder<'_> {
        let Trainer { decoder, parameters, .. } = &self.trainer;
        Rebuilder { decoder, parameters, normalization: self.normalization.as_ref() }
    }

    /// Of the residuals of the pictures that are learnt from, where the distance needs any.
    fn statistics(&self) -> anyhow::Result<Option<Statistics>> {
        let decoder = &self.trainer.decoder;
        let distance = self.network.architecture.reconstruction().distance;
        let Some(kind) = Kind::of(distance) else { return Ok(None) };
        let folder = match self.output.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let residuals = Residuals::compute(self.rebuilder(), &self.learnt, folder).at(folder.display())?;
        let sides = [decoder.grid().tokens(), decoder.channels()];
        match Statistics::fit(kind, sides, &|visit| residuals.show(visit)) {
            Ok(statistics) => Ok(Some(statistics)),
            Err(StatisticsError::Read(error)) => Err(error).at(folder.display()),
            Err(error) => Err(error).at(format_args!("residuals of step {}, {distance}", self.trainer.moments.steps)),
        }
    }

    /// AUROC on drawn defects, where there are any.
    fn judged(&self, statistics: Option<&Statistics>) -> anyhow::Result<Option<f64>> {
        let Some(judges) = &self.judges else { return Ok(None) };
        Ok(judges.auroc(&|features| scores_of(self.rebuilder(), statistics, features, judges.size))?)
    }

    fn batch(&self, step: u64) -> anyhow::Result<Vec<f32>> {
        let mut features = self.learnt.read(&self.batches.of_step(step))?;
        if let Some(normalization) = &self.normalization {
            normalization.apply(&mut features);
        }
        Ok(features)
    }

    /// Makes the steps that are left.
    ///
    /// * `until`: no step begins after it.
    pub(super) fn run(&mut self, interrupt: &Interrupt, until: Option<Monotonic>) -> anyhow::Result<End> {
        let steps = self.trainer.recipe.steps;
        self.forget_lost();
        let begin = self.clock.monotonic();
        let mut written = begin;
        let bar = self.printer.progress().bar(steps, "steps");
        bar.advance(self.trainer.moments.steps);
        let mut here = 0;
        let end = loop {
            let step = self.trainer.moments.steps;
            if step >= steps {
                break End::Whole;
            }
            if interrupt.is_requested() {
                break End::Interrupted;
            }
            if until.is_some_and(|until| self.clock.monotonic() > until) {
                break End::OutOfTime;
            }
            let batch = self.batch(step)?;
            let found = match self.trainer.step(&batch) {
                Ok(found) => found,
                Err(error) => {
                    // Nothing of the step was taken over: what is there is the last good state.
                    self.write_last()?;
                    let batch = self.batches.of_step(step);
                    let pictures: Vec<_> = batch.iter().map(|at| self.paths[*at].display().to_string()).collect();
                    return Err(error).at(pictures.join(", "));
                }
            };
            let made = step + 1;
            let since = self.clock.monotonic().since(begin);
            self.metrics.step(made, &found, since)?;
            self.running.loss += found.loss.total();
            self.running.steps += 1;
            bar.advance(1);
            here += BATCH;
            let speed = here as f64 / since.as_secs_f64().max(1e-9);
            bar.tell(format!("steps, loss {:.4}, {speed:.0} pictures/s", found.loss.total()));
            if self.batches.passes_after(made) > self.batches.passes_after(step) || made == steps {
                self.end_epoch(since)?;
                if self.clock.monotonic().since(written) > BETWEEN_WRITES {
                    self.write_last()?;
                    written = self.clock.monotonic();
                }
            }
        };
        drop(bar);
        self.forget_lost();
        self.write_last()?;
        if self.epochs.is_empty() {
            self.write_best(self.statistics()?.as_ref())?;
        }
        Ok(end)
    }

    fn end_epoch(&mut self, since: Duration) -> anyhow::Result<()> {
        // Where this fails, the state that was written last is in front of the pass's end, and a run that goes on comes by here again.
        let statistics = self.statistics()?;
        let auroc = self.judged(statistics.as_ref())?;
        let running = std::mem::take(&mut self.running);
        let loss = running.loss / running.steps.max(1) as f64;
        let epoch = Epoch { steps: self.trainer.moments.steps, loss, auroc };
        // Of equal ones the last: its loss is the lowest.
        let is_best = self.epochs.iter().all(|before| before.auroc <= auroc);
        self.epochs.push(epoch);
        if is_best {
            self.write_best(statistics.as_ref())?;
        }
        let judged = auroc.map_or(String::new(), |auroc| format!(", AUROC on drawn defects {auroc:.4}"));
        let mark = if is_best && auroc.is_some() { " (best so far)" } else { "" };
        self.printer.detail(format_args!("step {}: loss {loss:.4}{judged}{mark}", epoch.steps));
        self.metrics.epoch(&epoch, is_best, since)
    }

    fn write_best(&self, statistics: Option<&Statistics>) -> anyhow::Result<()> {
        let trained = Trained {
            layout: self.trainer.decoder.layout(),
            parameters: &self.trainer.parameters,
            normalization: self.normalization.as_ref(),
            statistics,
        };
        self.network.write(&self.output, trained)
    }

    /// A network that somebody took away is not the best one any more: what follows is compared among itself, and the last one is written where
    /// nothing does.
    fn forget_lost(&mut self) {
        if let Some(best) = self.best()
            && !self.output.is_file()
        {
            self.printer.warning(format_args!(
                "{} is gone, and with it the network of step {}, the best until now: another takes its place",
                self.output.display(),
                best.steps
            ));
            self.epochs.clear();
        }
    }

    fn write_last(&mut self) -> anyhow::Result<()> {
        // No step is in the state that is not in the metrics.
        self.metrics.flush()?;
        let state = State {
            identity: self.identity.clone(),
            parameters: self.trainer.parameters.clone(),
            moments: self.trainer.moments.clone(),
            normalization: self.normalization.clone(),
            epochs: self.epochs.clone(),
            running: self.running,
        };
        state.write(&self.last, self.trainer.decoder.layout()).at(self.last.display())?;
        self.is_saved = true;
        Ok(())
    }

    /// The epoch whose network was kept: of those with the best AUROC the last.
    pub(super) fn best(&self) -> Option<&Epoch> {
        self.epochs.iter().max_by(|a, b| a.auroc.partial_cmp(&b.auroc).unwrap_or(Ordering::Equal))
    }
}
