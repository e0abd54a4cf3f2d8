//! "Stop after what is in hand": set by Ctrl-C or by a sink that cannot go on.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A request that all threads of a run share.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<(Mutex<bool>, Condvar)>);

impl Interrupt {
    /// Asks everyone to stop.
    pub fn request(&self) {
        let (requested, asked) = &*self.0;
        *requested.lock().unwrap_or_else(PoisonError::into_inner) = true;
        asked.notify_all();
    }

    /// Whether somebody asked.
    pub fn is_requested(&self) -> bool {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the request, at most that long.
    pub(super) fn wait(&self, duration: Duration) {
        let (requested, asked) = &*self.0;
        let requested = requested.lock().unwrap_or_else(PoisonError::into_inner);
        // A poisoned lock guards a flag, which is whole at any time.
        drop(asked.wait_timeout_while(requested, duration, |requested| !*requested));
    }
}
