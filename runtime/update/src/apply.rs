//! An update: from a bundle to a release that runs, or to the old one and a reason.

use moead_bundle::admission::{self, Board};
use moead_bundle::manifest::Manifest;
use moead_bundle::reader::{Bundle, Sealed};
use moead_bundle::release::{CURRENT, PREVIOUS};
use moead_bundle::signature::PublicKey;
use moead_bundle::version::Version;

use crate::error::{OnDisk as _, UpdateError};
use crate::host::{Host, Step};
use crate::installed::{self, ReleaseName, linked, releases};
use crate::record::{Phase, Record, Trial};
use crate::settle::{self, Recovered, Settled, sweep_others};
use crate::strays::discard;
use crate::switch::{call_understudy, complete_links, point};
use crate::trial::{Criteria, Reason};
use crate::unpack::unpack;

/// What is left free: the system, its logs and the results that a site keeps need some.
pub const RESERVE: u64 = 64 << 20;
/// What a file takes beyond its bytes: the rest of its last block, and its place in a folder.
const PER_FILE: u64 = 8 << 10;

/// Who asks, for what board.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The one that the board trusts.
    pub key: &'a PublicKey,
    /// What it is, but for what is installed there.
    pub board: Board,
    /// What well means.
    pub criteria: Criteria,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// It runs, and is well.
    Well {
        /// The new one.
        release: ReleaseName,
        /// What ran before, and is kept.
        before: ReleaseName,
    },
    /// It ran already, and its files are what was signed.
    Already {
        /// Its name.
        release: ReleaseName,
    },
}

/// Before anything: brings an update that was cut short to its end, and sweeps. What there was to do.
///
/// # Errors
/// [`UpdateError::OnTrial`] while there is a release that is not known yet; and others.
pub fn begin(host: &mut Host<'_>) -> Result<Settled, UpdateError> {
    match settle::recover(host)? {
        Recovered::Trying(trying) => Err(UpdateError::OnTrial { release: trying.1.to }),
        Recovered::Done(settled) => Ok(settled),
    }
}

/// Whether the board takes a bundle of which the beginning is there: signature, target, date, version, room. `fetch` more bytes are still to be
/// written for it.
///
/// # Errors
/// [`UpdateError`]; nothing was changed.
pub fn admit(host: &Host<'_>, sealed: &Sealed, request: &Request<'_>, fetch: u64) -> Result<(), UpdateError> {
    sealed.check_signature(request.key).map_err(moead_bundle::reader::BundleError::from)?;
    let manifest = sealed.claims();
    let current = settle::current(host)?;
    admission::check(manifest, &Board { installed: Some(version(host, &current)?), ..request.board.clone() })?;
    let folder = releases();
    let is_there = host.disk.kind(&ReleaseName::of(manifest, sealed.digest()).folder()).on(&folder)?.is_some();
    let unpacked = if is_there { 0 } else { manifest.unpacked() };
    let files = (manifest.members.len() as u64 + 2).saturating_mul(PER_FILE);
    let needed = [unpacked, fetch, files, RESERVE].into_iter().fold(0, u64::saturating_add);
    let free = host.disk.free(&folder).on(&folder)?;
    if free < needed { Err(UpdateError::NoSpace { folder, needed, free }) } else { Ok(()) }
}

/// Of a release by its name, so that one that is damaged can be replaced; by its manifest where the name does not say.
fn version(host: &Host<'_>, release: &ReleaseName) -> Result<Version, UpdateError> {
    if let Some(version) = release.version() {
        return Ok(version);
    }
    let manifest = installed::manifest(host.disk, release);
    manifest
        .map(|manifest| manifest.version)
        .map_err(|damage| UpdateError::Damaged { release: release.clone(), damage })
}

/// Takes a bundle, after [`begin`].
///
/// # Errors
/// [`UpdateError`]. Whatever it is, the board runs one whole release, and that is the old one unless it says [`UpdateError::Stuck`].
pub fn apply(host: &mut Host<'_>, sealed: Sealed, request: &Request<'_>) -> Result<Applied, UpdateError> {
    admit(host, &sealed, request, 0)?;
    (host.tell)(Step::Check);
    let mut bundle = sealed.verify(request.key)?;
    let to = ReleaseName::of(bundle.manifest(), bundle.digest());
    let (from, before) = before_update(host)?;
    if to == from {
        installed::check_whole(host.disk, &to).map_err(|damage| UpdateError::Damaged { release: from, damage })?;
        return Ok(Applied::Already { release: to });
    }
    provide(host, &mut bundle, &to, &from)?;
    (host.tell)(Step::Verify(to.clone()));
    if let Err(said) = host.service.verify(&to.folder()) {
        // One that was there before stays: it may be what `previous` leads to.
        sweep_others(host)?;
        return Err(UpdateError::Verify { release: to, said });
    }
    let trial = Trial { from, to, before, starts: 0, criteria: request.criteria, phase: Phase::Switching };
    try_it(host, bundle.manifest(), trial)
}

/// What can be gone back to, and what is kept beside it. That is what runs, or would: where `current` leads to nothing, the release before.
fn before_update(host: &Host<'_>) -> Result<(ReleaseName, Option<ReleaseName>), UpdateError> {
    let (current, previous) = (settle::current(host)?, linked(host.disk, PREVIOUS)?);
    let other = previous.filter(|previous| *previous != current);
    match other {
        Some(other) if !installed::is_there(host.disk, &current)? && installed::is_there(host.disk, &other)? => {
            Ok((other, None))
        }
        other => Ok((current, other)),
    }
}

/// The release's folder, whole: the one that is there, or a new one.
fn provide(host: &mut Host<'_>, bundle: &mut Bundle, to: &ReleaseName, from: &ReleaseName) -> Result<(), UpdateError> {
    let folder = to.folder();
    if host.disk.kind(&folder).on(&folder)?.is_some() {
        if installed::check_whole(host.disk, to).is_ok() {
            return Ok(());
        }
        // Nothing may lead to what is taken away.
        point(host.disk, PREVIOUS, from)?;
        discard(host.disk, to)?;
    }
    let unpacked = unpack(host, bundle, to);
    if unpacked.is_err() {
        // What went wrong first is what counts; what cannot be removed now is swept by the next start.
        let _ = sweep_others(host);
    }
    unpacked
}

/// Switches, and watches.
fn try_it(host: &mut Host<'_>, manifest: &Manifest, mut trial: Trial) -> Result<Applied, UpdateError> {
    let Trial { from, to, .. } = trial.clone();
    let mut record = Record::load(host.disk)?;
    record.trial = Some(trial.clone());
    if let Err(error) = switch(host, manifest, &record, &trial) {
        // As a start after a power cut would: the old one runs still.
        if point(host.disk, CURRENT, &from).is_ok() {
            let _ = settle::recover(host);
        }
        return Err(error);
    }
    let settled = match settle::start(host, &mut record, &mut trial) {
        Ok(()) => settle::watch(host, record, trial)?,
        Err(error) => settle::go_back(host, record, trial, Reason::Manager { said: error.to_string() })?,
    };
    match settled {
        Settled::WentBack { release, back, reason } => Err(UpdateError::WentBack { release, back, reason }),
        _ => Ok(Applied::Well { release: to, before: from }),
    }
}

fn switch(host: &mut Host<'_>, manifest: &Manifest, record: &Record, trial: &Trial) -> Result<(), UpdateError> {
    (host.tell)(Step::Switch(trial.to.clone()));
    complete_links(host.disk, manifest)?;
    record.store(host.disk)?;
    // The program that looks after the trial is the one that is known to run here.
    point(host.disk, PREVIOUS, &trial.from)?;
    call_understudy(host);
    point(host.disk, CURRENT, &trial.to)?;
    Ok(())
}
