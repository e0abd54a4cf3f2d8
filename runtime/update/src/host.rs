//! What an update works on: a disk, a service, time, and somebody who is told.

use std::time::Duration;

use crate::disk::Disk;
use crate::installed::ReleaseName;
use crate::service::Service;

/// Time as it passes on the board.
pub trait Time {
    /// Since some fixed moment.
    fn now(&self) -> Duration;

    /// Lets that much pass.
    fn pause(&self, duration: Duration);

    /// The date and time, for people: a board's clock may be wrong, so nothing is decided by it.
    fn date(&self) -> String;
}

/// What is being done, for whoever waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Something that was left over is removed.
    Sweep(String),
    /// The bundle's files are checked.
    Check,
    /// A file is unpacked.
    Unpack(String),
    /// The new release's own test runs.
    Verify(ReleaseName),
    /// From now on a start runs this one.
    Switch(ReleaseName),
    /// The service is started again.
    Restart,
    /// The unit that would take over, should this process end, could not be started.
    Alone(String),
    /// The new release is watched.
    Watch(ReleaseName),
    /// The old release comes back.
    Back(ReleaseName),
    /// A service that had been given up is started again.
    Again,
}

/// All that an update needs.
pub struct Host<'a> {
    /// Of the board.
    pub disk: &'a mut dyn Disk,
    /// Of the board.
    pub service: &'a mut dyn Service,
    /// Of the board.
    pub time: &'a dyn Time,
    /// Is told each step as it begins.
    pub tell: &'a mut dyn FnMut(Step),
}
