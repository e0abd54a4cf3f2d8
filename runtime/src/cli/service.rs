//! Life as a systemd service: ready, alive, stopping. Without systemd nothing is said and nothing fails.

use std::sync::Arc;

use sd_notify::NotifyState;

/// Whoever supervises this process, if anybody does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Service {
    /// `WatchdogSec=` is set for the unit.
    is_watched: bool,
}

impl Service {
    /// As `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` say.
    pub(super) fn of_environment() -> Self {
        Self { is_watched: sd_notify::watchdog_enabled().is_some() }
    }

    /// What tells of life, to be called about once a second; `WatchdogSec=` should be 10 s or more.
    pub(super) fn pulse(self) -> Option<Arc<dyn Fn() + Send + Sync>> {
        self.is_watched.then(|| Arc::new(|| tell(NotifyState::Watchdog)) as _)
    }

    /// The model is loaded and the sources are open.
    pub(super) fn ready(self) {
        tell(NotifyState::Ready);
    }

    /// The run is over.
    pub(super) fn stopping(self) {
        tell(NotifyState::Stopping);
    }
}

/// A supervisor that cannot be reached notices by itself.
fn tell(state: NotifyState<'_>) {
    let _ = sd_notify::notify(&[state]);
}
