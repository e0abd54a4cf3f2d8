//! "Stop after what is in hand": set by Ctrl-C or by a sink that cannot go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A request that all threads of a run share.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Asks everyone to stop.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
