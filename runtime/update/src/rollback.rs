//! Back by hand, to the release that was kept.

use moead_bundle::release::PREVIOUS;

use crate::error::UpdateError;
use crate::host::{Host, Step};
use crate::installed::{self, ReleaseName, linked};
use crate::record::{End, Record};
use crate::settle::{self, Recovered, Settled};
use crate::switch::point;
use crate::trial::Reason;

/// What was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolledBack {
    /// What ran before, and is kept where it is whole; the next way back leads there.
    pub from: ReleaseName,
    /// What runs now.
    pub to: ReleaseName,
}

/// Switches to the release before, whole as its manifest says, and starts it. It is no trial: whoever goes back does not want to be brought
/// forward again. A release on trial is given up.
///
/// # Errors
/// [`UpdateError`]
pub fn rollback(host: &mut Host<'_>) -> Result<RolledBack, UpdateError> {
    if let Recovered::Trying(trying) = settle::recover(host)? {
        let (record, trial) = *trying;
        let from = trial.to.clone();
        let settled = settle::go_back(host, record, trial, Reason::Asked)?;
        let Settled::WentBack { back, .. } = settled else { return Err(UpdateError::NothingBefore { current: from }) };
        return Ok(RolledBack { from, to: back });
    }
    let from = settle::current(host)?;
    let Some(to) = linked(host.disk, PREVIOUS)?.filter(|previous| *previous != from) else {
        return Err(UpdateError::NothingBefore { current: from });
    };
    installed::check_whole(host.disk, &to).map_err(|damage| UpdateError::Damaged { release: to.clone(), damage })?;
    (host.tell)(Step::Back(to.clone()));
    settle::run_again(host, &to)?;
    point(host.disk, PREVIOUS, &from)?;
    let record = Record::load(host.disk)?;
    settle::finish(host, record, to.clone(), End::ByHand)?;
    Ok(RolledBack { from, to })
}
