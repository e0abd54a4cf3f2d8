//! A bundle brought onto a running board, through the system's own ssh and scp: their keys, their configuration, their questions.
//!
//! The board is asked first, and nothing is copied that it would not take. A script on the board then unpacks beside what is there, runs the model's
//! self-test with the new program, switches by one rename, and waits for READY and a judged picture; when any step fails it switches back. It
//! does not depend on the connection: what was begun comes to one of its two ends.

use std::io;
use std::path::Path;

use moead_bundle::admission::{self, Refusal};
use moead_bundle::reader::{Bundle, BundleError};
use moead_bundle::release;

pub mod answers;
mod remote;
pub mod traces;

use crate::payload::{self, PayloadError, StagingError};
use answers::{Answers, Become};
use remote::Remote;
use traces::Traces;

const PROBE: &str = include_str!("../templates/install/probe.sh");
/// What is left free on the board.
const RESERVE: u64 = 64 << 20;
/// Nothing in the unit is newer.
const OLDEST_SYSTEMD: u32 = 249;
/// How ssh ends by itself; any other status is that of what it ran.
const SSH_FAILED: i32 = 255;

/// Why a bundle did not get onto a board.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// This machine's own.
    #[error(transparent)]
    File(#[from] io::Error),
    /// The bundle is damaged.
    #[error("bundle: {0}")]
    Bundle(#[from] BundleError),
    /// A folder of this machine for what is unpacked.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// ssh or scp is missing.
    #[error("{program} is not on this machine")]
    Tool {
        /// Its name.
        program: &'static str,
    },
    /// A name that ssh would not take, or take for an option.
    #[error("{found:?} is no host")]
    Host {
        /// As it was given.
        found: String,
    },
    /// No connection, or one that was lost.
    #[error("{program}: {said}")]
    Connection {
        /// ssh or scp.
        program: &'static str,
        /// Its words, or its status.
        said: String,
    },
    /// The board did not say what is needed.
    #[error("the board did not say its {what}")]
    Answer {
        /// What.
        what: &'static str,
    },
    /// The bundle is for other boards, or too old.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too old, or another init.
    #[error("needs systemd {OLDEST_SYSTEMD} or newer, and the board has {}", found.map_or("none".into(), |version| version.to_string()))]
    Systemd {
        /// Of the board.
        found: Option<u32>,
    },
    /// Nobody who may install.
    #[error("the account may not become root without a password")]
    NotRoot,
    /// A group that the unit names does not exist.
    #[error("the board has no group {name}")]
    Group {
        /// Its name.
        name: String,
    },
    /// The disk is too full.
    #[error("needs {needed} bytes in {place}, and the board has {free}")]
    NoSpace {
        /// A folder of the board.
        place: &'static str,
        /// Bytes.
        needed: u64,
        /// Bytes.
        free: u64,
    },
    /// Updates there are signed by somebody else.
    #[error("the board trusts another key than the one that signed the bundle")]
    OtherKey,
    /// It was tried, and the old release is back.
    #[error("{said}")]
    Failed {
        /// The step and its words.
        said: String,
    },
    /// Not even its first step was heard of.
    #[error("the script could not be run: {said}")]
    NotRun {
        /// How it ended; what ssh and sudo said stands above.
        said: String,
    },
    /// It ended without a word, and without the connection's fault.
    #[error("the script broke off at the step: {step}: {said}")]
    BrokenOff {
        /// The last one that was heard of.
        step: String,
        /// How it ended.
        said: String,
    },
    /// The connection ended while the board was at work.
    #[error("the connection was lost at the step: {step}")]
    Lost {
        /// The last one that was heard of.
        step: String,
    },
}

impl From<PayloadError> for InstallError {
    fn from(error: PayloadError) -> Self {
        match error {
            PayloadError::Bundle(error) => Self::Bundle(error),
            PayloadError::Staging(error) => Self::Staging(error),
        }
    }
}

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// As ssh takes it.
    pub host: &'a str,
    /// The key that the bundle was checked with: a `.pub` file's text. The board keeps it, unless it has one.
    pub public_key: &'a str,
    /// Groups that the unit names.
    pub groups: &'a [String],
    /// How long to wait for a judged picture; none: not at all.
    pub patience: Option<u32>,
    /// Knows what is there for a while, here and on the board.
    pub traces: &'a Traces,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The board, in its own words.
    pub board: String,
    /// The release before, if there was one.
    pub before: Option<String>,
    /// The release that runs.
    pub now: String,
    /// What moead-edge's doctor says about the board.
    pub doctor: String,
}

/// Installs a bundle.
///
/// # Errors
/// [`InstallError`]. But for [`InstallError::Lost`] and [`InstallError::BrokenOff`], the board runs what it ran before.
pub fn install(request: &Request<'_>, bundle: &mut Bundle, step: &mut dyn FnMut(&str)) -> Result<Report, InstallError> {
    let remote = Remote::new(request.host)?;
    step("asking the board");
    let answers = Answers::parse(&remote.run(PROBE)?)?;
    check(&answers, request, bundle)?;
    let name = release::folder_name(bundle.manifest().version, bundle.digest());
    let staging = request.traces.here.folder()?;
    step("unpacking the bundle");
    payload::write(bundle, request.public_key, staging.path())?;
    step("copying");
    let folder = remote.make_folder()?;
    request.traces.made(&remote, &folder);
    let copy = |file: &str| remote.copy(&staging.path().join(file), &format!("{folder}/{file}"));
    let copied = payload::FILES.into_iter().try_for_each(copy);
    request.traces.handed_over();
    if copied.is_err() {
        // What is left there is in a temporary folder; a board that is gone cleans it at its next start.
        let _ = remote.run(&format!("rm -rf {folder}"));
    }
    copied?;
    let (seconds, frames) = request.patience.map_or((0, 0), |seconds| (seconds, 1));
    let sudo = if answers.r#become == Become::Sudo { "sudo -n " } else { "" };
    // The board removes the folder by itself: whoever is gone cannot, and whoever has lost the connection must not while the script works in it. The
    // account's own shell may be another one.
    let script = format!("{sudo}sh {folder}/install.sh {folder} {name} {seconds} {frames}");
    run_script(&remote, &format!("sh -c '{script}; status=$?; rm -rf {folder}; exit $status'"), step)?;
    step("asking the doctor");
    let doctor = remote.run(&format!(
        "${{MOEAD_ROOT:-}}{}/{}/{} doctor 2>&1 || true",
        release::ROOT,
        release::CURRENT,
        release::PROGRAM
    ));
    let board = answers.name.unwrap_or_else(|| answers.machine.clone());
    Ok(Report { board, before: answers.current, now: name, doctor: doctor.unwrap_or_default() })
}

fn check(answers: &Answers, request: &Request<'_>, bundle: &Bundle) -> Result<(), InstallError> {
    let manifest = bundle.manifest();
    admission::check(manifest, &answers.board())?;
    if answers.systemd.is_none_or(|version| version < OLDEST_SYSTEMD) {
        return Err(InstallError::Systemd { found: answers.systemd });
    }
    if answers.r#become == Become::No {
        return Err(InstallError::NotRoot);
    }
    if let Some(name) = request.groups.iter().find(|name| !answers.groups.contains(name)) {
        return Err(InstallError::Group { name: name.clone() });
    }
    let line = request.public_key.trim().lines().next_back().unwrap_or_default().trim();
    if answers.key.as_ref().is_some_and(|key| key != line) {
        return Err(InstallError::OtherKey);
    }
    let needed = manifest.unpacked() + RESERVE;
    for (place, free) in [(release::ROOT, answers.free), ("its temporary folder", answers.scratch)] {
        if free < needed {
            return Err(InstallError::NoSpace { place, needed, free });
        }
    }
    Ok(())
}

fn run_script(remote: &Remote, command: &str, step: &mut dyn FnMut(&str)) -> Result<(), InstallError> {
    let mut last = None;
    let mut end = None;
    let mut failed = String::new();
    let status = remote.follow(command, &mut |line| {
        if let Some(now) = line.strip_prefix("step: ") {
            step(&format!("on the board: {now}"));
            last = Some(now.to_owned());
        } else if let Some(said) = line.strip_prefix("failed: ") {
            failed = said.to_owned();
            end = Some(false);
        } else if line == "done" {
            end = Some(true);
        } else if end == Some(false) {
            failed.push('\n');
            failed.push_str(line);
        }
    })?;
    match (end, status, last) {
        (Some(true), ..) => Ok(()),
        (Some(false), ..) => Err(InstallError::Failed { said: failed }),
        (None, Some(SSH_FAILED) | None, last) => {
            Err(InstallError::Lost { step: last.unwrap_or_else(|| "start".to_owned()) })
        }
        (None, status, None) => Err(InstallError::NotRun { said: remote::ended(status) }),
        (None, status, Some(step)) => Err(InstallError::BrokenOff { step, said: remote::ended(status) }),
    }
}

/// Groups that a unit names, from its text.
#[must_use]
pub fn groups_of(unit: &str) -> Vec<String> {
    let lines = unit.lines().filter_map(|line| line.strip_prefix("SupplementaryGroups="));
    lines.flat_map(str::split_whitespace).map(str::to_owned).collect()
}

/// A file of the bundle, as text.
///
/// # Errors
/// [`BundleError`], also when there is no such file.
pub fn text_of(bundle: &mut Bundle, path: &str) -> Result<String, BundleError> {
    let member = bundle.manifest().member(path).cloned().ok_or_else(|| BundleError::NoMember { path: path.into() })?;
    let mut bytes = Vec::new();
    bundle.unpack(&member, &mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether a path can stand in a command of ours without quotes.
fn is_plain(path: &str) -> bool {
    path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
}

/// The name of a file that is copied.
fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::tests::bundle_of;

    #[test]
    fn a_file_of_the_bundle_is_read_and_one_that_it_lacks_is_named() {
        let mut bundle = bundle_of(release::UNIT_FILE, b"[Service]\nSupplementaryGroups=video render\n");
        let unit = text_of(&mut bundle, release::UNIT_FILE).unwrap();
        assert_eq!(groups_of(&unit), ["video", "render"]);
        let error = text_of(&mut bundle, release::UDEV_RULE).unwrap_err();
        assert_eq!(error.to_string(), format!("has no {}", release::UDEV_RULE));
    }
}
