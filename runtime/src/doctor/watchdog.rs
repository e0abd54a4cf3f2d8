//! What restarts a machine that hangs while nobody is there.

use super::finding::{Area, Finding};
use super::root::Root;

pub(super) fn findings(root: &Root) -> Vec<Finding> {
    const AREA: Area = Area::Watchdog;
    const DEVICES: &str = "sys/class/watchdog";
    const FACT: &str = "watchdog";
    let names = root.names(DEVICES, "watchdog");
    let Some(name) = names.first() else {
        return vec![Finding::note(AREA, FACT, "none: nothing restarts this machine when its kernel hangs")];
    };
    let line = |file: &str| root.line(format!("{DEVICES}/{name}/{file}"));
    let identity = line("identity").unwrap_or_else(|| name.clone());
    vec![match line("state").as_deref() {
        Some("inactive") => {
            let remedy = "a service manager feeds it: `RuntimeWatchdogSec=30` in /etc/systemd/system.conf, then `sudo systemctl daemon-reexec`";
            Finding::note(AREA, FACT, format!("{identity}, switched off")).remedy(remedy)
        }
        Some("active") => {
            let after = line("timeout").and_then(|seconds| seconds.parse::<u32>().ok());
            let after = after.map_or_else(String::new, |seconds| format!(", restarts after {seconds} s"));
            Finding::ok(AREA, FACT, format!("{identity}{after}"))
        }
        // Kernels without the setting that shows it.
        _ => Finding::ok(AREA, FACT, identity),
    }]
}
