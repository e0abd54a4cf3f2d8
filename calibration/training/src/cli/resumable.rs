//! Errors behind which a run can be taken up again.

use std::error::Error;
use std::fmt::{self, Display};

/// An error of a run whose state is in its file; shown as what it is.
#[derive(Debug)]
pub(super) struct Resumable(anyhow::Error);

impl Resumable {
    pub(super) fn error(error: anyhow::Error) -> anyhow::Error {
        anyhow::Error::new(Self(error))
    }
}

impl Display for Resumable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Error for Resumable {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}
