//! The service that is updated: started, watched, asked.

use std::io;
use std::path::Path;

use crate::report::{Health, Report};

pub mod systemd;

/// Where a unit is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Active {
    /// Not started, or being started or stopped.
    Coming,
    /// It said that it is ready.
    Ready,
    /// It ended, and is going to be started again.
    Ended,
    /// Given up.
    Failed,
}

/// What can be seen of the service at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// Of the unit.
    pub active: Active,
    /// Times that it was started again by itself.
    pub restarts: u32,
    /// How it ended last, in the manager's word: `exit-code`, `watchdog`, `timeout`, `signal`, …
    pub result: String,
    /// What the running process says about itself; none: nothing yet.
    pub report: Option<(Report, Health)>,
}

/// A service's manager, and what belongs to it.
pub trait Service {
    /// Reads units again: those behind `current` are other ones now.
    ///
    /// # Errors
    /// [`ServiceError`]
    fn reload(&mut self) -> Result<(), ServiceError>;

    /// Stops the service, if it runs, and starts it; returns without waiting for either. One that was given up is started too.
    ///
    /// # Errors
    /// [`ServiceError`]
    fn restart(&mut self) -> Result<(), ServiceError>;

    /// Starts what waits for the lock, and takes over when the process that has it ends early.
    ///
    /// # Errors
    /// [`ServiceError`]
    fn call_understudy(&mut self) -> Result<(), ServiceError>;

    /// Looks.
    ///
    /// # Errors
    /// [`ServiceError`]
    fn observe(&mut self) -> Result<Observation, ServiceError>;

    /// The last that the service said; empty when nobody knows.
    fn last_words(&mut self) -> String;

    /// Runs the own test of the release in that folder: its program, its model, on this board.
    ///
    /// # Errors
    /// The program's words.
    fn verify(&mut self, release: &Path) -> Result<(), String>;
}

/// Why the service's manager could not be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// It could not be started.
    #[error("{program}: {error}")]
    Start {
        /// Its name.
        program: String,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// It ended with an error.
    #[error("{command}: {said}")]
    Command {
        /// With its arguments.
        command: String,
        /// Its words, or its status.
        said: String,
    },
    /// It said something else than what was asked.
    #[error("{command}: expected {expected}, found {found:?}")]
    Answer {
        /// With its arguments.
        command: String,
        /// The property.
        expected: &'static str,
        /// What stood there.
        found: String,
    },
}
