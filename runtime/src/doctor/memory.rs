//! Memory and swap.

use super::cgroup;
use super::finding::{Area, Finding};
use super::limits;
use super::quantity::{Bytes, plural};
use super::root::Root;

const AREA: Area = Area::Memory;

/// Below this, the model, the pictures in hand and the program have no room: the published model takes 113 MB, and a frame of
/// a large camera 60.
const LITTLE: Bytes = Bytes(300_000_000);

pub(super) fn findings(root: &Root) -> Vec<Finding> {
    let mut findings = Vec::new();
    let text = root.text("proc/meminfo").unwrap_or_default();
    let amount = |key: &str| {
        // `MemTotal:       24684096 kB`
        let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
        let kilobytes: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(Bytes(kilobytes.saturating_mul(1024)))
    };
    let total = amount("MemTotal");
    match total.zip(amount("MemAvailable")) {
        None => findings.push(Finding::note(AREA, "memory", "not known: /proc/meminfo cannot be read")),
        Some((total, free)) => findings.push(if free < LITTLE {
            let value = format!("{free} of {total} are free: too little for a model and pictures");
            let remedy = "close other programs: `ps -eo rss,comm --sort=-rss | head` lists the largest";
            Finding::warning(AREA, "memory", value).remedy(remedy)
        } else {
            Finding::ok(AREA, "memory", format!("{free} of {total} are free"))
        }),
    }
    if let Some(limit) = cgroup::memory_limit(root).map(Bytes).filter(|limit| total.is_none_or(|total| *limit < total))
    {
        findings.push(if limit < LITTLE {
            let value = format!("this process is killed when it takes more than {limit}");
            let remedy = "raise `MemoryMax=` of the service, or `--memory` of the container";
            Finding::warning(AREA, "memory limit", value).remedy(remedy)
        } else {
            Finding::note(AREA, "memory limit", format!("this process is killed when it takes more than {limit}"))
        });
    }
    findings.extend(swap(root));
    let counters = root.text("proc/vmstat").unwrap_or_default();
    let killed = counters.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse::<u64>().ok());
    if let Some(killed) = killed.filter(|&killed| killed > 0) {
        let value =
            format!("the kernel has killed {killed} process{} since the start", if killed == 1 { "" } else { "es" });
        let remedy = "`sudo dmesg | grep -i 'killed process'` says which";
        findings.push(Finding::warning(AREA, "out of memory", value).remedy(remedy));
    }
    findings
}

/// Memory that was moved away comes back late, and a frame with it.
fn swap(root: &Root) -> Option<Finding> {
    let text = root.text("proc/swaps")?;
    // `/var/swap   file   102396   0   -2`, in kB, below a heading
    let areas = text.lines().skip(1).take(limits::PARTS).filter_map(|line| {
        let mut fields = line.split_whitespace();
        let (path, size, used) = (fields.next()?, fields.nth(1)?, fields.next()?);
        Some((path, size.parse::<u64>().ok()?, used.parse::<u64>().ok()?))
    });
    let (compressed, plain): (Vec<_>, Vec<_>) = areas.partition(|(path, ..)| path.starts_with("/dev/zram"));
    let sum = |areas: &[(&str, u64, u64)]| {
        let add =
            |sum: (u64, u64), area: &(&str, u64, u64)| (sum.0.saturating_add(area.1), sum.1.saturating_add(area.2));
        let (size, used) = areas.iter().fold((0, 0), add);
        (Bytes(size.saturating_mul(1024)), Bytes(used.saturating_mul(1024)))
    };
    let shown = |kind: &str, areas: &[(&str, u64, u64)]| {
        let (size, used) = sum(areas);
        format!("{size} {kind}, {used} used")
    };
    let value = match (compressed.is_empty(), plain.is_empty()) {
        (true, true) => return Some(Finding::ok(AREA, "swap", "none")),
        (false, true) => shown("in compressed memory", &compressed),
        (true, false) => shown("on a disk", &plain),
        (false, false) => format!("{}; {}", shown("in compressed memory", &compressed), shown("on a disk", &plain)),
    };
    let (size, used) = sum(&plain);
    let readiness = root.number::<u32>("proc/sys/vm/swappiness");
    if used.0 > size.0 / 4 && used.0 > 0 {
        let value = format!("{value}: what is on the disk comes back late");
        let remedy = match readiness {
            Some(readiness) if readiness > 10 => "swap later: `sudo sysctl vm.swappiness=10`; or close other programs",
            _ => "close other programs: `ps -eo rss,comm --sort=-rss | head` lists the largest",
        };
        return Some(Finding::warning(AREA, "swap", value).remedy(remedy));
    }
    let count = (compressed.len() + plain.len()) as u64;
    Some(Finding::ok(AREA, "swap", format!("{value} ({count} area{})", plural(count))))
}
