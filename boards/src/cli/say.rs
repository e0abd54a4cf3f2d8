//! What is told on standard output, after everything else was done.

use std::fmt::Display;
use std::io;

use moead_terminal::printer::Printer;

/// Standard output takes nothing. What was written elsewhere is there, so this says nothing about it.
#[derive(Debug, thiserror::Error)]
#[error("standard output: {0}")]
pub(super) struct SayError(#[from] io::Error);

/// Lines of data whose errors are told apart from those of files.
pub(super) trait Say {
    /// Writes one line.
    fn say(&self, text: impl Display) -> Result<(), SayError>;
}

impl Say for Printer {
    fn say(&self, text: impl Display) -> Result<(), SayError> {
        Ok(self.line(text)?)
    }
}
