//! A trial brought to its end: by whoever began it, or by a start of the board or of the update unit that finds one.
//!
//! Every step can be repeated. What is to come is written down before it is done, so a start after a power cut goes on where the last one
//! ended.

use std::time::Duration;

use moead_bundle::release::{CURRENT, PREVIOUS, ROOT};

use crate::error::UpdateError;
use crate::host::{Host, Step};
use crate::installed::{self, Damage, ReleaseName, linked};
use crate::record::{End, Last, Phase, Record, Trial};
use crate::recovery::{self, Found};
use crate::service::{Active, ServiceError};
use crate::strays::sweep;
use crate::switch::point;
use crate::trial::{Decision, Reason, Watch};

/// How often a release on trial is looked at.
const ROUND: Duration = Duration::from_secs(1);

/// What there was to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// Nothing.
    Nothing,
    /// The service had been given up, and no release was on trial: it is started again. What is wrong may pass.
    Again,
    /// The release that was on trial is well.
    Well(ReleaseName),
    /// It was not, or was left by hand, and the one before is back.
    WentBack {
        /// The one that was left.
        release: ReleaseName,
        /// The one that runs.
        back: ReleaseName,
        /// Why.
        reason: Reason,
    },
    /// It had never been switched to.
    Interrupted(ReleaseName),
    /// Something else had been installed.
    Replaced(ReleaseName),
}

/// Brings to its end whatever a start finds. For the update unit: the lock is held.
///
/// # Errors
/// [`UpdateError`]; what is left is found again by the next start.
pub fn settle(host: &mut Host<'_>) -> Result<Settled, UpdateError> {
    match recover(host)? {
        Recovered::Trying(trying) => {
            let (mut record, mut trial) = *trying;
            trial.starts = trial.starts.saturating_add(1);
            record.trial = Some(trial.clone());
            record.store(host.disk)?;
            if trial.phase == Phase::Switching {
                // Whoever switched ended before it could start the service: what runs may be the old one still.
                start(host, &mut record, &mut trial)?;
            }
            watch(host, record, trial)
        }
        Recovered::Done(Settled::Nothing) if start_again(host)? => Ok(Settled::Again),
        Recovered::Done(settled) => Ok(settled),
    }
}

/// Starts a service again that had been given up, unless there is a release on trial: then it is for whoever brings that to its end. Whether it
/// did.
///
/// It needs neither the lock nor a record that can be read, nor a disk that can be written: judging must not wait for those.
///
/// # Errors
/// The manager's.
pub fn start_again(host: &mut Host<'_>) -> Result<bool, ServiceError> {
    let is_on_trial = Record::load(host.disk).is_ok_and(|record| record.trial.is_some());
    if is_on_trial || host.service.observe()?.active != Active::Failed {
        return Ok(false);
    }
    (host.tell)(Step::Again);
    host.service.restart()?;
    Ok(true)
}

/// What is left to do after a start.
pub(crate) enum Recovered {
    /// A release is to be watched.
    Trying(Box<(Record, Trial)>),
    /// Nothing.
    Done(Settled),
}

/// Everything but watching. Strays are swept, too.
pub(crate) fn recover(host: &mut Host<'_>) -> Result<Recovered, UpdateError> {
    let record = Record::load(host.disk)?;
    let current = current(host)?;
    let (trial, settled, end) = match recovery::found(&record, &current) {
        Found::Quiet => {
            sweep_others(host)?;
            return Ok(Recovered::Done(Settled::Nothing));
        }
        Found::Trying(trial) => return Ok(Recovered::Trying(Box::new((record, trial)))),
        Found::GoingBack(trial, reason) => return go_back(host, record, trial, reason).map(Recovered::Done),
        Found::NotSwitched(trial) => {
            restore_previous(host, &trial)?;
            let release = trial.to.clone();
            (trial, Settled::Interrupted(release), End::Interrupted)
        }
        Found::Replaced(trial) => {
            let release = trial.to.clone();
            (trial, Settled::Replaced(release), End::Replaced)
        }
    };
    finish(host, record, trial.to, end)?;
    sweep_others(host)?;
    Ok(Recovered::Done(settled))
}

/// Starts what `current` leads to, and writes down that it was.
pub(crate) fn start(host: &mut Host<'_>, record: &mut Record, trial: &mut Trial) -> Result<(), UpdateError> {
    (host.tell)(Step::Restart);
    host.service.reload()?;
    host.service.restart()?;
    trial.phase = Phase::Trying;
    record.trial = Some(trial.clone());
    Ok(record.store(host.disk)?)
}

/// The release that runs, or would.
pub(crate) fn current(host: &Host<'_>) -> Result<ReleaseName, UpdateError> {
    let link = std::path::Path::new(ROOT).join(CURRENT);
    linked(host.disk, CURRENT)?.ok_or(UpdateError::NoRelease { link })
}

/// Looks at the release on trial until it is known.
pub(crate) fn watch(host: &mut Host<'_>, record: Record, trial: Trial) -> Result<Settled, UpdateError> {
    (host.tell)(Step::Watch(trial.to.clone()));
    let mut watch = Watch::new(trial.criteria, host.time.now());
    loop {
        let seen = host.service.observe();
        match watch.look(host.time.now(), seen.as_ref().map_err(ToString::to_string)) {
            Decision::Wait => host.time.pause(ROUND),
            Decision::Well => {
                finish(host, record, trial.to.clone(), End::Well)?;
                sweep_others(host)?;
                return Ok(Settled::Well(trial.to));
            }
            Decision::Back(reason) => {
                let reason = reason.with_words(&host.service.last_words());
                return go_back(host, record, trial, reason);
            }
        }
    }
}

/// Puts back what ran before.
pub(crate) fn go_back(
    host: &mut Host<'_>,
    mut record: Record,
    mut trial: Trial,
    reason: Reason,
) -> Result<Settled, UpdateError> {
    let Trial { from, to, .. } = trial.clone();
    let stuck =
        |error: UpdateError| UpdateError::Stuck { release: to.clone(), reason: reason.clone(), error: Box::new(error) };
    (host.tell)(Step::Back(from.clone()));
    trial.phase = Phase::GoingBack { reason: reason.clone() };
    if record.trial.as_ref() != Some(&trial) {
        record.trial = Some(trial.clone());
        // Only for a cut between here and the end, which would then lose the reason; on a disk that is full, the way back must not fail for it.
        let _ = record.store(host.disk);
    }
    run_again(host, &from).and_then(|()| restore_previous(host, &trial)).map_err(stuck)?;
    let (release, end) = match &reason {
        Reason::Asked => (from.clone(), End::ByHand),
        reason => (to.clone(), End::WentBack { reason: reason.clone() }),
    };
    finish(host, record, release, end).map_err(stuck)?;
    // It is back. What cannot be removed now is swept by the next start.
    let _ = sweep_others(host);
    Ok(Settled::WentBack { release: to, back: from, reason })
}

/// Switches to a release that ran before, and starts it.
fn run_again(host: &mut Host<'_>, release: &ReleaseName) -> Result<(), UpdateError> {
    if !installed::is_there(host.disk, release)? {
        let folder = release.folder();
        let damage = Damage::Missing { path: folder.display().to_string() };
        return Err(UpdateError::Damaged { release: release.clone(), damage });
    }
    point(host.disk, CURRENT, release)?;
    host.service.reload()?;
    host.service.restart()?;
    Ok(())
}

/// The release beside the one that runs, as it was before the trial; itself, where there was none.
fn restore_previous(host: &mut Host<'_>, trial: &Trial) -> Result<(), UpdateError> {
    let before = match &trial.before {
        Some(before) if installed::is_there(host.disk, before)? => before,
        _ => &trial.from,
    };
    Ok(point(host.disk, PREVIOUS, before)?)
}

/// No trial any more, and how it ended.
pub(crate) fn finish(
    host: &mut Host<'_>,
    mut record: Record,
    release: ReleaseName,
    end: End,
) -> Result<(), UpdateError> {
    record.trial = None;
    record.last = Some(Last { release, date: host.time.date(), end });
    Ok(record.store(host.disk)?)
}

/// Removes all but the two releases that are linked.
pub(crate) fn sweep_others(host: &mut Host<'_>) -> Result<(), UpdateError> {
    let kept = [linked(host.disk, CURRENT)?, linked(host.disk, PREVIOUS)?];
    let kept: Vec<_> = kept.iter().flatten().collect();
    Ok(sweep(host.disk, &kept, host.tell)?)
}
