//! Features of pictures: from the file beside the checkpoint if they are in it, or computed and put there.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use moead_calibration::collect::{self, Allowance, Alteration, CollectError, Event};
use moead_calibration::dataset::Sample;
use moead_model::atomic_file;
use moead_model::manifest::Input;
use moead_runtime::engine::crew::Crew;
use moead_runtime::stream::interrupt::Interrupt;
use moead_terminal::failure::At as _;
use moead_terminal::printer::Printer;
use serde_json::Value;

use crate::store::{Store, StoreError, Writer};

/// What features are made with.
pub(super) struct Maker<'a> {
    pub(super) crew: &'a mut Crew,
    pub(super) input: &'a Input,
    pub(super) allowance: Allowance,
    pub(super) sides: [usize; 2],
    pub(super) interrupt: &'a Interrupt,
    pub(super) printer: &'a Printer,
}

/// Somebody asked to stop while there was nothing that could be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stopped while features were computed: those of {made} of {all} {what} are lost")]
pub(super) struct Stopped {
    pub(super) made: usize,
    pub(super) all: usize,
    pub(super) what: &'static str,
}

/// Why features were not written.
#[derive(Debug, thiserror::Error)]
enum MakeError {
    #[error(transparent)]
    Collect(#[from] CollectError),
    #[error(transparent)]
    Write(#[from] io::Error),
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl Maker<'_> {
    /// * `what`: in words, for the bar.
    pub(super) fn features(
        &mut self,
        path: &Path,
        identity: &Value,
        samples: &[Sample],
        alter: Alteration<'_>,
        what: &'static str,
    ) -> anyhow::Result<Store> {
        match Store::open(path, self.sides, identity) {
            Ok(store) => {
                let count = store.pictures().len();
                // Told when they were computed; whether so many are allowed is asked each time.
                (count..samples.len()).try_for_each(|_| self.allowance.take())?;
                self.printer.note(format_args!("features of {count} {what}: read from {}", path.display()));
                return Ok(store);
            }
            Err(StoreError::File(error)) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error @ (StoreError::Another { .. } | StoreError::Damaged(_))) => {
                self.printer.note(format_args!("{}: {error}: computed anew", path.display()));
            }
            Err(error) => return Err(error).at(path.display()),
        }
        let bar = self.printer.progress().bar(samples.len() as u64, what);
        let Self { crew, input, allowance, sides, interrupt, printer } = self;
        let made: Result<(), MakeError> = atomic_file::write(path, |out| {
            let mut writer = Writer::new(out, *sides);
            let mut failed: Option<MakeError> = None;
            // Pictures come in the order of the samples, those that cannot be used among them.
            let mut place = 0;
            collect::altered_features(crew, input, samples, alter, allowance, |event| {
                if interrupt.is_requested() {
                    failed = Some(Stopped { made: place, all: samples.len(), what }.into());
                    return ControlFlow::Break(());
                }
                bar.advance(1);
                let sample = place;
                place += 1;
                match event {
                    Event::Unjudged { path, cause } => printer.warning(format_args!("{}: {cause}", path.display())),
                    Event::Judged(features) => {
                        if let Err(error) = writer.add(sample, &features.data) {
                            failed = Some(error.into());
                            return ControlFlow::Break(());
                        }
                    }
                }
                ControlFlow::Continue(())
            })?;
            match failed {
                Some(error) => Err(error),
                None => Ok(writer.finish(identity)?),
            }
        });
        drop(bar);
        match made {
            Err(MakeError::Collect(error)) => return Err(error.into()),
            Err(MakeError::Stopped(stopped)) => return Err(stopped.into()),
            Err(MakeError::Write(error)) => return Err(error).at(path.display()),
            Ok(()) => {}
        }
        Store::open(path, self.sides, identity).at(path.display())
    }
}
