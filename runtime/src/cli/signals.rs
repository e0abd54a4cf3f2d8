//! Signals that ask a run to stop after what is in hand.

use std::ffi::c_int;
use std::fs;
use std::io;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::stream::interrupt::Interrupt;

/// Those that ask.
const ASKING: [c_int; 3] = [SIGINT, SIGTERM, SIGHUP];

/// From here on they request `interrupt`, all but those that were ignored when the program began: whoever started it with `nohup`, or in a
/// script's background, has decided that.
///
/// # Errors
/// By the system.
pub(super) fn heed(interrupt: &Interrupt) -> io::Result<()> {
    // Where the kernel does not say, none was.
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut signals = Signals::new(heeded(&status))?;
    let interrupt = interrupt.clone();
    let wait = move || signals.forever().for_each(|_| interrupt.request());
    thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
    Ok(())
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
        let status =
            |mask: &str| format!("Name:\tmoead-edge\nSigBlk:\tffffffffffffffff\nSigIgn:\t{mask}\nSigCgt:\t0\n");
        assert_eq!(heeded(&status("0000000000001000")), ASKING);
        assert_eq!(heeded(&status("0000000000001001")), [SIGINT, SIGTERM], "nohup");
        assert_eq!(heeded(&status("0000000000001006")), [SIGTERM, SIGHUP], "a script's background");
        assert_eq!(heeded(&status("ffffffffffffffff")), [0; 0]);
        assert_eq!(heeded(""), ASKING);
    }
}
