//! `moead-edge update`.

use std::path::Path;
use std::time::Duration;

use moead_bundle::release::{CURRENT, PREVIOUS, ROOT};
use moead_terminal::exit::Exit;
use moead_terminal::printer::Printer;
use moead_terminal::progress::Steps;
use moead_update::apply::Applied;
use moead_update::disk::board::BoardDisk;
use moead_update::error::UpdateError;
use moead_update::host::{Host, Step, Time};
use moead_update::installed::linked;
use moead_update::lock::{Lock, LockError};
use moead_update::record::Record;
use moead_update::rollback::rollback;
use moead_update::service::systemd::Systemd;
use moead_update::settle::{Settled, settle, start_again};
use moead_update::trial::Reason;

use super::arguments::{UpdateArguments, UpdateCommand};
use crate::sinks::service_state::moment;
use crate::stream::clock::{Clock as _, Monotonic, SystemClock};
use crate::stream::interrupt::Interrupt;

mod apply;
mod board;
mod fetch;
mod status;

pub(super) use board::NoKey;
pub(super) use fetch::FetchError;

pub(super) fn run(arguments: &UpdateArguments, printer: &Printer) -> anyhow::Result<Exit> {
    let root = arguments.root.as_path();
    match &arguments.command {
        UpdateCommand::Apply(apply) => {
            let applied =
                on_board(root, printer, |host| locked(root, host, |host| apply::run(host, root, apply, printer)))?;
            let line = match applied {
                Applied::Well { release, before } => format!("release {release} in place of {before}: well"),
                Applied::Already { release } => format!("release {release} runs already"),
            };
            printer.line(line)?;
        }
        UpdateCommand::Status(arguments) => {
            let disk = BoardDisk::below(root);
            let now = || moment(root, &SystemClock);
            let status = status::Status {
                current: linked(&disk, CURRENT)?,
                previous: linked(&disk, PREVIOUS)?,
                record: Record::load(&disk)?,
                health: Systemd::new(root, &BoardTime, &now).health().1,
            };
            status.print(arguments, printer)?;
        }
        UpdateCommand::Rollback => {
            let done = on_board(root, printer, |host| locked(root, host, |host| Ok(rollback(host)?)))?;
            printer.line(format_args!("release {} in place of {}", done.to, done.from))?;
        }
        UpdateCommand::Settle => {
            let settled = on_board(root, printer, |host| settle_when_free(root, host, printer))?;
            words(&settled).into_iter().for_each(|words| printer.note(words));
        }
    }
    Ok(Exit::Fine)
}

/// For the journal.
fn words(settled: &Settled) -> Option<String> {
    Some(match settled {
        Settled::Nothing => return None,
        Settled::Again => "the service had been given up, and is started again; no release is on trial".into(),
        Settled::Well(release) => format!("release {release} is well"),
        Settled::WentBack { release, back, reason: Reason::Asked } => {
            format!("release {release} was left, as asked, and {back} is back")
        }
        Settled::WentBack { release, back, reason } => {
            format!("release {release} was not well, and {back} is back: {reason}")
        }
        Settled::Interrupted(release) => format!("the update to {release} was interrupted before it ran"),
        Settled::Replaced(release) => format!("something else was installed while release {release} was on trial"),
    })
}

/// How often it is looked whether another update has ended, and whether the service was given up meanwhile.
const ROUND: Duration = Duration::from_secs(2);

/// Waits for whoever has the lock, for as long as it takes; but a service that was given up does not wait for that, nor for a disk that can be
/// written.
fn settle_when_free(root: &Path, host: &mut Host<'_>, printer: &Printer) -> anyhow::Result<Settled> {
    loop {
        match start_again(host) {
            Ok(true) => words(&Settled::Again).into_iter().for_each(|words| printer.note(words)),
            Ok(false) => {}
            // What is to be settled may be more than that.
            Err(error) => printer.warning(format_args!("whether the service was given up could not be seen: {error}")),
        }
        match Lock::take(&BoardDisk::below(root)) {
            Ok(_lock) => return Ok(settle(host)?),
            Err(LockError::Busy { .. }) => host.time.pause(ROUND),
            Err(error) => return Err(error.into()),
        }
    }
}

/// How long a lock is waited for: when an update ends, the understudy has it for as long as it takes to see that nothing is left to do, and
/// the next update should not be refused for that.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is tried meanwhile.
const TRY: Duration = Duration::from_millis(200);

/// With the lock, unless somebody else keeps it.
fn locked<T>(
    root: &Path,
    host: &mut Host<'_>,
    act: impl FnOnce(&mut Host<'_>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let begin = host.time.now();
    let _lock = loop {
        match Lock::take(&BoardDisk::below(root)) {
            Err(LockError::Busy { .. }) if host.time.now().saturating_sub(begin) < PATIENCE => host.time.pause(TRY),
            taken => break taken?,
        }
    };
    act(host)
}

/// On the board whose root that is.
fn on_board<T>(
    root: &Path,
    printer: &Printer,
    act: impl FnOnce(&mut Host<'_>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let mut disk = BoardDisk::below(root);
    if linked(&disk, CURRENT)?.is_none() {
        return Err(UpdateError::NoRelease { link: Path::new(ROOT).join(CURRENT) }.into());
    }
    let now = || moment(root, &SystemClock);
    let mut service = Systemd::new(root, &BoardTime, &now);
    let mut steps = printer.progress().steps();
    let mut tell = |step| tell(step, &mut steps, printer);
    let mut host = Host { disk: &mut disk, service: &mut service, time: &BoardTime, tell: &mut tell };
    act(&mut host)
}

fn tell(step: Step, steps: &mut Steps, printer: &Printer) {
    steps.begin(&match step {
        Step::Alone(said) => {
            return printer.warning(format_args!(
                "should this command be ended, nobody takes over before the next start of the board: {said}"
            ));
        }
        Step::Sweep(name) => format!("removing {name}"),
        Step::Check => "checking every byte".into(),
        Step::Unpack(path) => format!("unpacking {path}"),
        Step::Verify(release) => format!("self-test of {release} on this board"),
        Step::Switch(release) => format!("switching to {release}"),
        Step::Restart => "restarting the service".into(),
        Step::Watch(release) => format!("watching {release}"),
        Step::Back(release) => format!("going back to {release}"),
        Step::Again => "starting the service again".into(),
    });
}

/// Time as the machine tells it.
struct BoardTime;

impl Time for BoardTime {
    fn now(&self) -> Duration {
        SystemClock.monotonic().since(Monotonic::default())
    }

    fn pause(&self, duration: Duration) {
        SystemClock.pause(duration, &Interrupt::default());
    }

    fn date(&self) -> String {
        SystemClock.wall().to_string()
    }
}
