//! Clocks of the processor's cores: who sets them, and how far they may go.

use super::finding::{Area, Finding};
use super::quantity::ranges;
use super::root::Root;

const AREA: Area = Area::Power;
const POLICIES: &str = "sys/devices/system/cpu/cpufreq";

/// Drivers whose `powersave` follows the load like any other governor; elsewhere it is the lowest clock for good.
const SELF_GOVERNED: [&str; 3] = ["intel_pstate", "amd-pstate", "amd-pstate-epp"];

pub(super) fn findings(root: &Root) -> Vec<Finding> {
    let mut groups: Vec<Policy> = Vec::new();
    for policy in root.names(POLICIES, "policy").iter().filter_map(|name| Policy::of(root, name)) {
        match groups.iter_mut().find(|group| group.is_like(&policy)) {
            Some(group) => group.absorb(policy),
            None => groups.push(policy),
        }
    }
    let mut findings: Vec<_> = groups.iter().flat_map(Policy::findings).collect();
    findings.extend(graphics(root));
    findings
}

/// Cores that share a clock, or policies that say the same. Clocks in kHz.
#[derive(Debug)]
struct Policy {
    cores: Vec<u32>,
    driver: String,
    governor: String,
    preference: Option<String>,
    least: Option<u64>,
    most: Option<u64>,
    /// What the hardware could do.
    best: Option<u64>,
    now: Option<(u64, u64)>,
}

impl Policy {
    fn of(root: &Root, name: &str) -> Option<Self> {
        let line = |file: &str| root.line(format!("{POLICIES}/{name}/{file}"));
        let clock = |file: &str| line(file)?.parse::<u64>().ok();
        let cores = line("affected_cpus").or_else(|| line("related_cpus")).unwrap_or_default();
        Some(Self {
            cores: cores.split_whitespace().filter_map(|core| core.parse().ok()).collect(),
            driver: line("scaling_driver").unwrap_or_default(),
            governor: line("scaling_governor")?,
            preference: line("energy_performance_preference"),
            least: clock("scaling_min_freq"),
            most: clock("scaling_max_freq"),
            best: clock("cpuinfo_max_freq"),
            now: clock("scaling_cur_freq").map(|clock| (clock, clock)),
        })
    }

    fn is_like(&self, other: &Self) -> bool {
        let clocks = |policy: &Self| [policy.least, policy.most, policy.best];
        self.driver == other.driver
            && self.governor == other.governor
            && self.preference == other.preference
            && clocks(self) == clocks(other)
    }

    fn absorb(&mut self, other: Self) {
        self.cores.extend(other.cores);
        self.now = match (self.now, other.now) {
            (Some((low, high)), Some((least, most))) => Some((low.min(least), high.max(most))),
            (now, other) => now.or(other),
        };
    }

    fn findings(&self) -> Vec<Finding> {
        let cores = if self.cores.is_empty() { String::new() } else { format!(" on cores {}", ranges(&self.cores)) };
        let is_self_governed = SELF_GOVERNED.contains(&self.driver.as_str());
        let fast = "`echo performance | sudo tee /sys/devices/system/cpu/cpufreq/policy*/scaling_governor`, until the next start";
        let preferred = self.preference.as_deref().filter(|_| is_self_governed && self.governor != "performance");
        let governor = match (self.governor.as_str(), preferred) {
            ("powersave", _) if !is_self_governed => {
                let value = format!("powersave{cores}: the clock stays at its lowest");
                Finding::warning(AREA, "governor", value).remedy(fast)
            }
            (governor, Some("power")) => {
                let value = format!("{governor} by {}{cores}, told to save power", self.driver);
                let remedy = "`echo balance_performance | sudo tee \
                              /sys/devices/system/cpu/cpufreq/policy*/energy_performance_preference`, until the next start";
                Finding::note(AREA, "governor", value).remedy(remedy)
            }
            ("userspace", _) => {
                Finding::note(AREA, "governor", format!("userspace{cores}: a program sets the clock")).remedy(fast)
            }
            (governor, _) => Finding::ok(AREA, "governor", format!("{governor}{cores}")),
        };
        std::iter::once(governor).chain(self.clock(&cores)).collect()
    }

    fn clock(&self, cores: &str) -> Option<Finding> {
        let now = match self.now {
            Some((low, high)) if low != high => format!("{} to {} MHz now", low / 1000, high / 1000),
            Some((clock, _)) => format!("{} MHz now", clock / 1000),
            None => "not known now".into(),
        };
        let most = self.most?;
        let fixed = if self.least == Some(most) { ", and fixed there" } else { "" };
        Some(match self.best.filter(|&best| most < best) {
            Some(best) => {
                let value = format!("{now}, at most {} of {} MHz{fixed}{cores}", most / 1000, best / 1000);
                Finding::note(AREA, "clock", value)
            }
            None => Finding::ok(AREA, "clock", format!("{now}, at most {} MHz{fixed}{cores}", most / 1000)),
        })
    }
}

/// The clock of a Jetson's graphics processor, in Hz.
fn graphics(root: &Root) -> Option<Finding> {
    const DEVICES: &str = "sys/class/devfreq";
    let names = root.names(DEVICES, "");
    let name = names.iter().find(|name| ["gpu", "ga10b", "gv11b", "gp10b"].iter().any(|part| name.ends_with(part)))?;
    let clock = |file: &str| root.number::<u64>(format!("{DEVICES}/{name}/{file}")).map(|clock| clock / 1_000_000);
    Some(Finding::ok(
        AREA,
        "graphics clock",
        format!("{} MHz now, at most {} MHz", clock("cur_freq")?, clock("max_freq")?),
    ))
}
