//! The four ways in which a program ends, as other programs see them.

use std::process::ExitCode;

/// How a program ended. Scripts and service managers rely on the numbers: they never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// What was asked for was done. Also when the reader of stdout left early: it had what it wanted.
    Fine,
    /// It could not be done; stderr says why.
    Failed,
    /// The command line itself was wrong, and nothing was tried.
    Usage,
    /// It was done, and defects were found by a command that was told to report that here.
    Defects,
}

impl Exit {
    /// The number that the parent process gets.
    #[must_use]
    pub fn status(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Defects => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.status())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_the_published_ones() {
        assert_eq!([Exit::Fine, Exit::Failed, Exit::Usage, Exit::Defects].map(Exit::status), [0, 1, 2, 3]);
    }
}
