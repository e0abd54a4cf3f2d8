//! What an installation makes for a while, here and on the board: what a signal must not leave behind.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::remote::Remote;
use crate::temporaries::{self, Temporaries};

/// All of it. Clones know the same.
#[derive(Debug, Clone, Default)]
pub struct Traces {
    pub(super) here: Temporaries,
    there: Arc<Mutex<Option<There>>>,
}

/// A folder on the board in which nothing of the board works.
#[derive(Debug)]
struct There {
    remote: Remote,
    folder: String,
}

/// As long as it lives nothing new is made here, and nothing begins on the board.
#[derive(Debug)]
pub struct Gone<'a> {
    _here: temporaries::Gone<'a>,
    _there: MutexGuard<'a, Option<There>>,
}

impl Traces {
    fn there(&self) -> MutexGuard<'_, Option<There>> {
        self.there.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is copied goes into that folder.
    pub(super) fn made(&self, remote: &Remote, folder: &str) {
        *self.there() = Some(There { remote: remote.clone(), folder: folder.to_owned() });
    }

    /// From here on whoever works in the folder removes it.
    pub(super) fn handed_over(&self) {
        *self.there() = None;
    }

    /// Removes what is still there: for a process that is about to end, and whose other threads may still want to go on. On the board that is
    /// tried once, where ssh need not ask anything.
    pub fn remove(&self) -> Gone<'_> {
        let here = self.here.remove();
        let there = self.there();
        if let Some(There { remote, folder }) = &*there {
            remote.try_to_remove(folder);
        }
        Gone { _here: here, _there: there }
    }
}
