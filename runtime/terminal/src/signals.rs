//! Signals that ask a program to stop: Ctrl-C, a service manager, a terminal that is closed.

use std::ffi::c_int;
use std::fs;
use std::io;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// Those that ask.
const ASKING: [c_int; 3] = [SIGINT, SIGTERM, SIGHUP];

/// One that came.
#[derive(Debug, Clone, Copy)]
pub struct Signal(c_int);

impl Signal {
    /// Ends the process as this signal would have done by itself: whoever waits for it sees which one it was.
    pub fn end(self) {
        // It does not return from those that ask.
        let _ = emulate_default_handler(self.0);
    }
}

/// From here on they go to `told`, on a thread of its own, and no longer end the process: all but those that were ignored when the program
/// began. Whoever started it with `nohup`, or in a script's background, has decided that.
///
/// # Errors
/// By the system.
pub fn heed(mut told: impl FnMut(Signal) + Send + 'static) -> io::Result<()> {
    // Where the kernel does not say, none was.
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut signals = Signals::new(heeded(&status))?;
    let wait = move || signals.forever().for_each(|signal| told(Signal(signal)));
    thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
    Ok(())
}

/// From here on they end the process as they would by themselves, but `clean_up` comes before; what it returns is kept until then.
///
/// # Errors
/// By the system.
pub fn before_end<T>(mut clean_up: impl FnMut() -> T + Send + 'static) -> io::Result<()> {
    heed(move |signal| {
        let _kept = clean_up();
        signal.end();
    })
}

/// Signals that ask and are not ignored, by the `status` of the process.
fn heeded(status: &str) -> Vec<c_int> {
    // In hexadecimal; the lowest bit is signal 1.
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    ASKING.into_iter().filter(|signal| mask >> (signal - 1) & 1 == 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_stays_ignored() {
        let status = |mask: &str| format!("Name:\tmoead\nSigBlk:\tffffffffffffffff\nSigIgn:\t{mask}\nSigCgt:\t0\n");
        assert_eq!(heeded(&status("0000000000001000")), ASKING);
        assert_eq!(heeded(&status("0000000000001001")), [SIGINT, SIGTERM], "nohup");
        assert_eq!(heeded(&status("0000000000001006")), [SIGTERM, SIGHUP], "a script's background");
        assert_eq!(heeded(&status("ffffffffffffffff")), [0; 0]);
        assert_eq!(heeded(""), ASKING);
    }
}
