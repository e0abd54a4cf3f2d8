//! A command that is ended from outside: Ctrl-C, a service manager, a terminal that is closed.

use std::io;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::temporaries::Temporaries;

/// From now on a signal removes what is written for a while, and then ends the process as it would have done by itself.
pub(super) fn leave_nothing(temporaries: &Temporaries) -> io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    let temporaries = temporaries.clone();
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        for signal in &mut signals {
            let _gone = temporaries.remove();
            // It does not return from these.
            let _ = emulate_default_handler(signal);
        }
    })?;
    Ok(())
}
