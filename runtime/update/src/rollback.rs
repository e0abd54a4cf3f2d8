//! Back by hand, to the release that was kept.

use moead_bundle::release::PREVIOUS;

use crate::error::UpdateError;
use crate::host::Host;
use crate::installed::{self, ReleaseName, linked};
use crate::record::{Phase, Record, Trial};
use crate::settle::{self, Recovered, Settled};
use crate::switch::call_understudy;
use crate::trial::{Criteria, Reason};

/// What was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolledBack {
    /// What ran before, and is kept where it is whole; the next way back leads there.
    pub from: ReleaseName,
    /// What runs now.
    pub to: ReleaseName,
}

/// Switches to the release before, whole as its manifest says, and starts it. Nothing is watched: whoever goes back does not want to be brought
/// forward again. A release on trial is given up. One that was being left, by hand or since it was not well, is left now, and that is all.
///
/// It is written down before anything is done, as the end of a trial that is not well is, so whoever finds it goes on with it.
///
/// # Errors
/// [`UpdateError`]; nothing was changed, or it is [`UpdateError::Stuck`].
pub fn rollback(host: &mut Host<'_>) -> Result<RolledBack, UpdateError> {
    let (record, trial) = match settle::recover(host)? {
        Recovered::Trying(trying) => *trying,
        Recovered::Done(Settled::WentBack { release, back, .. }) => return Ok(RolledBack { from: release, to: back }),
        Recovered::Done(_) => as_trial(host)?,
    };
    let (from, to) = (trial.to.clone(), trial.from.clone());
    call_understudy(host);
    settle::go_back(host, record, trial, Reason::Asked)?;
    Ok(RolledBack { from, to })
}

/// The way back from a release that is not on trial, as that from one that is; stored.
fn as_trial(host: &mut Host<'_>) -> Result<(Record, Trial), UpdateError> {
    let current = settle::current(host)?;
    let Some(previous) = linked(host.disk, PREVIOUS)?.filter(|previous| *previous != current) else {
        return Err(UpdateError::NothingBefore { current });
    };
    installed::check_whole(host.disk, &previous)
        .map_err(|damage| UpdateError::Damaged { release: previous.clone(), damage })?;
    let trial = Trial {
        from: previous,
        before: Some(current.clone()),
        to: current,
        starts: 0,
        criteria: Criteria::default(),
        phase: Phase::GoingBack { reason: Reason::Asked },
    };
    let record = Record { trial: Some(trial.clone()), ..Record::load(host.disk)? };
    record.store(host.disk)?;
    Ok((record, trial))
}
