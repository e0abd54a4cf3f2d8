//! Whether dates in results can be believed.

use super::answers::Clock;
use super::board::Shelter;
use super::finding::{Area, Finding};
use super::root::Root;

const AREA: Area = Area::Time;

/// Programs that set the clock and tell nobody in a file whether they succeeded, the file that shows that they run, and what to ask.
const KEEPERS: [(&str, &str, &str); 4] = [
    ("chronyd", "run/chrony/chronyd.pid", "chronyc tracking"),
    ("chronyd", "run/chronyd.pid", "chronyc tracking"),
    ("ntpd", "run/ntpd.pid", "ntpq -p"),
    ("ptp4l", "run/ptp4l", "pmc -u -b 0 'GET TIME_STATUS_NP'"),
];

pub(super) fn findings(root: &Root, clock: Option<Clock>, shelter: Shelter) -> Vec<Finding> {
    const FACT: &str = "synchronisation";
    let keeper = KEEPERS.iter().find(|(_, file, _)| root.has(file));
    let free = || {
        let value = "the clock is not set by another one: dates in results drift, and are wrong after a start without a battery";
        Finding::warning(AREA, FACT, value)
    };
    let synchronisation = match (clock, keeper) {
        (Some(Clock::Synchronized), _) => Finding::ok(AREA, FACT, "the clock is set by another one"),
        (Some(Clock::Free), Some((_, _, question))) => free().remedy(format!("`{question}` says what it lacks")),
        (Some(Clock::Free), None) => free().remedy("`sudo timedatectl set-ntp true`, with a way to a time server"),
        (None, _) if root.has("run/systemd/timesync/synchronized") => {
            Finding::ok(AREA, FACT, "the clock is set by systemd-timesyncd")
        }
        (None, _) if root.has("run/systemd/timesync") => {
            let value = "systemd-timesyncd has reached no time server since the start";
            Finding::warning(AREA, FACT, value).remedy("`timedatectl timesync-status` says what it tries")
        }
        (None, Some((name, _, question))) => {
            Finding::note(AREA, FACT, format!("{name} runs; whether it succeeds is known to it alone"))
                .remedy(format!("`{question}` asks it"))
        }
        (None, None) if shelter == Shelter::Container => {
            Finding::note(AREA, FACT, "not known: a container is not shown what sets the clock of its host")
        }
        (None, None) => free().remedy("`sudo timedatectl set-ntp true`, with a way to a time server"),
    };
    let hardware = "hardware clock";
    let battery = if root.names("sys/class/rtc", "rtc").is_empty() {
        let value = "none: after a start the date is wrong until a time server is reached";
        // Elsewhere the clock goes on without this machine.
        (shelter == Shelter::Bare).then(|| Finding::note(AREA, hardware, value))
    } else {
        let name = root.line("sys/class/rtc/rtc0/name");
        Some(Finding::ok(AREA, hardware, name.unwrap_or_else(|| "there is one".into())))
    };
    std::iter::once(synchronisation).chain(battery).collect()
}
