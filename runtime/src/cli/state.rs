//! The file in which a run says how it is, if it is to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use moead_terminal::failure::At as _;
use moead_terminal::printer::Printer;

use super::arguments::RunArguments;
use super::sources::Sources;
use crate::sinks::service_state::ServiceState;
use crate::stream::clock::Clock;

/// Writes the first state. A file that cannot be written is an error now, and not the run's end later.
pub(super) fn begin(
    arguments: &RunArguments,
    sources: &Sources,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Option<Arc<ServiceState>>> {
    let Some(path) = arguments.state_file() else { return Ok(None) };
    let patience = arguments.sources.stall_timeout;
    let state = ServiceState::begin(&path, sources.natures(), patience, Arc::clone(clock)).at(path.display())?;
    Ok(Some(Arc::new(state)))
}

/// What is done about once a second. A failure is said once, until it passes.
pub(super) fn pulse(state: &Arc<ServiceState>, printer: &Printer) -> Arc<dyn Fn() + Send + Sync> {
    let (state, printer) = (Arc::clone(state), printer.clone());
    let has_failed = AtomicBool::new(false);
    Arc::new(move || match state.write() {
        Ok(()) => has_failed.store(false, Ordering::Relaxed),
        Err(error) => {
            if !has_failed.swap(true, Ordering::Relaxed) {
                printer.warning(format_args!("the state file cannot be written, trying again: {error}"));
            }
        }
    })
}
