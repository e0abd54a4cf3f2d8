//! The processor: what it is, which of the instructions it has that the engine's kernels are written for, how many cores may
//! be used, and whether they are busy.

use std::collections::BTreeMap;

use super::cgroup;
use super::finding::{Area, Finding};
use super::limits;
use super::quantity::{count_of_list, plural};
use super::root::{Root, cut};

const AREA: Area = Area::Cpu;

/// Instructions as `/proc/cpuinfo` spells them, and what lacks without. `Need` is how bad that is.
const X86: [(&str, Need); 5] = [
    ("avx2", Need::Speed),
    ("fma", Need::Speed),
    ("f16c", Need::Speed),
    ("avx512f", Need::Extra),
    ("avx512_vnni", Need::Extra),
];
const ARM: [(&str, Need); 3] = [("asimd", Need::Speed), ("asimdhp", Need::Extra), ("asimddp", Need::Extra)];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Without it everything takes several times as long.
    Speed,
    /// Kernels use it where it is there.
    Extra,
}

pub(super) fn findings(root: &Root) -> Vec<Finding> {
    let Some(text) = root.text("proc/cpuinfo") else {
        let text = "not known: /proc/cpuinfo cannot be read, and engines that look there choose slower kernels";
        let remedy = "a service with `ProcSubset=pid` is not shown it: take that line out";
        return vec![Finding::warning(AREA, "processor", text).remedy(remedy)];
    };
    let processors = Processors::of(&text);
    let mut findings = vec![match processors.name() {
        Some(name) => Finding::ok(AREA, "processor", name),
        None => Finding::note(AREA, "processor", "not known: /proc/cpuinfo names none"),
    }];
    findings.extend(processors.instructions());
    findings.extend(cores(root, processors.count));
    findings.extend(load(root, processors.count));
    findings
}

/// What `/proc/cpuinfo` says.
#[derive(Debug, Default)]
struct Processors {
    count: u64,
    /// PCs say it in words.
    model: Option<String>,
    /// Implementer and part, with how many there are of each; ARM's way.
    parts: BTreeMap<(u32, u32), u64>,
    /// The key and what all processors have.
    flags: Option<(&'static str, Vec<String>)>,
}

impl Processors {
    fn of(text: &str) -> Self {
        let mut processors = Self::default();
        let mut implementer = None;
        for line in text.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            let (key, value) = (key.trim(), value.trim());
            match key {
                "processor" if value.parse::<u32>().is_ok() => processors.count += 1,
                "model name" if processors.model.is_none() && !value.is_empty() => processors.model = Some(cut(value)),
                "CPU implementer" => implementer = hexadecimal(value),
                "CPU part" => {
                    if let (Some(implementer), Some(part)) = (implementer, hexadecimal(value))
                        && processors.parts.len() < limits::PARTS
                    {
                        *processors.parts.entry((implementer, part)).or_default() += 1;
                    }
                }
                "flags" => processors.keep("flags", value),
                "Features" => processors.keep("Features", value),
                _ => {}
            }
        }
        processors
    }

    /// Cores of a board may differ: what counts is what all of them have.
    fn keep(&mut self, key: &'static str, value: &str) {
        let has = |name: &str| value.split_whitespace().any(|flag| flag == name);
        match &mut self.flags {
            Some((_, flags)) => flags.retain(|flag| has(flag)),
            None => self.flags = Some((key, value.split_whitespace().map(str::to_owned).collect())),
        }
    }

    fn name(&self) -> Option<String> {
        if self.parts.is_empty() {
            return self.model.clone();
        }
        let named = self.parts.iter().map(|(&(implementer, part), count)| match part_name(implementer, part) {
            Some(name) => format!("{count} x {name}"),
            None => format!("{count} x part {part:#x} of implementer {implementer:#x}"),
        });
        Some(cut(&named.collect::<Vec<_>>().join(", ")))
    }

    fn instructions(&self) -> Option<Finding> {
        let (key, flags) = self.flags.as_ref()?;
        let wanted = if *key == "flags" { &X86[..] } else { &ARM[..] };
        let has = |name: &str| flags.iter().any(|flag| flag == name);
        let names = |mut chosen: Vec<&'static str>| {
            if chosen.is_empty() {
                chosen.push("none");
            }
            chosen.join(" ")
        };
        let present: Vec<_> = wanted.iter().map(|(name, _)| *name).filter(|name| has(name)).collect();
        let missing = |need| -> Vec<_> {
            wanted.iter().filter(|(name, needed)| *needed == need && !has(name)).map(|(name, _)| *name).collect()
        };
        let (slow, extra) = (missing(Need::Speed), missing(Need::Extra));
        let present = names(present);
        if slow.is_empty() {
            let value = if extra.is_empty() { present } else { format!("{present}; without {}", names(extra)) };
            return Some(Finding::ok(AREA, "instructions", value));
        }
        let value = format!("{present}; without {}: the engine takes several times as long", names(slow));
        let finding = Finding::warning(AREA, "instructions", value);
        Some(if has("hypervisor") {
            finding.remedy("give the virtual machine the processor of its host: `-cpu host` of QEMU, `host-passthrough` of libvirt")
        } else {
            finding
        })
    }
}

/// Cores that are there, switched on, and allowed.
fn cores(root: &Root, listed: u64) -> Vec<Finding> {
    let count = |name: &str| count_of_list(&root.line(format!("sys/devices/system/cpu/{name}"))?);
    let online = count("online").unwrap_or(listed);
    let present = count("present").unwrap_or(online).max(online);
    if online == 0 {
        return Vec::new();
    }
    let status = root.text("proc/self/status").unwrap_or_default();
    let allowed = status.lines().find_map(|line| count_of_list(line.strip_prefix("Cpus_allowed_list:")?));
    let mut findings = vec![if online < present {
        let value = format!("{online} of {present} are switched on");
        Finding::note(AREA, "cores", value)
    } else {
        Finding::ok(AREA, "cores", format!("{online}"))
    }];
    if let Some(allowed) = allowed.filter(|&allowed| allowed < online) {
        let value = format!("this process may use {allowed} of {online} cores");
        findings.push(
            Finding::note(AREA, "allowed cores", value).remedy("`CPUAffinity=` of a service or `taskset` says which"),
        );
    }
    if let Some(quota) = cgroup::cpu_quota(root).filter(|&quota| quota < online as f64) {
        let value = format!(
            "this process may use the time of {quota:.2} of {online} cores; beyond that it is stopped for a while"
        );
        let remedy = "raise `CPUQuota=` of the service, or `--cpus` of the container, and give the engine no more threads than that";
        findings.push(Finding::warning(AREA, "cpu quota", value).remedy(remedy));
    }
    findings
}

/// Whether others want the cores now.
fn load(root: &Root, cores: u64) -> Option<Finding> {
    let line = root.line("proc/loadavg")?;
    let load = line.split_whitespace().next()?.parse::<f64>().ok().filter(|load| load.is_finite() && *load >= 0.0)?;
    let value = format!("{load:.2} over a minute, on {cores} core{}", plural(cores));
    Some(if cores > 0 && load > cores as f64 {
        let finding = Finding::note(AREA, "load", format!("{value}: programs wait for each other"));
        finding.remedy("`top` shows which program it is")
    } else {
        Finding::ok(AREA, "load", value)
    })
}

fn hexadecimal(text: &str) -> Option<u32> {
    u32::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

/// Cores of boards that people inspect with, by the numbers of Arm and NVIDIA.
fn part_name(implementer: u32, part: u32) -> Option<&'static str> {
    Some(match (implementer, part) {
        (0x41, 0xd03) => "Cortex-A53",
        (0x41, 0xd05) => "Cortex-A55",
        (0x41, 0xd07) => "Cortex-A57",
        (0x41, 0xd08) => "Cortex-A72",
        (0x41, 0xd09) => "Cortex-A73",
        (0x41, 0xd0a) => "Cortex-A75",
        (0x41, 0xd0b) => "Cortex-A76",
        (0x41, 0xd0c) => "Neoverse-N1",
        (0x41, 0xd0e) => "Cortex-A76AE",
        (0x41, 0xd40) => "Neoverse-V1",
        (0x41, 0xd41) => "Cortex-A78",
        (0x41, 0xd42) => "Cortex-A78AE",
        (0x41, 0xd44) => "Cortex-X1",
        (0x41, 0xd49) => "Neoverse-N2",
        (0x41, 0xd4f) => "Neoverse-V2",
        (0x4e, 0x003) => "Denver 2",
        (0x4e, 0x004) => "Carmel",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_some_cores_have_does_not_count() {
        let text = "processor\t: 0\nFeatures\t: fp asimd asimdhp\nCPU implementer\t: 0x41\nCPU part\t: 0xd05\n\
                    processor\t: 1\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU part\t: 0xfff\n";
        let processors = Processors::of(text);
        assert_eq!(processors.name().unwrap(), "1 x Cortex-A55, 1 x part 0xfff of implementer 0x41");
        assert_eq!(processors.instructions().unwrap().value, "asimd; without asimdhp asimddp");
    }

    #[test]
    fn a_virtual_processor_without_vectors_is_told_what_its_host_could_give() {
        let finding = Processors::of("processor: 0\nflags: fpu sse2 hypervisor\n").instructions().unwrap();
        assert_eq!(finding.value, "none; without avx2 fma f16c: the engine takes several times as long");
        assert!(finding.remedy.unwrap().contains("`-cpu host`"));
        let finding = Processors::of("processor: 0\nflags: fpu avx2 f16c\n").instructions().unwrap();
        assert_eq!((finding.state.name(), finding.remedy), ("warning", None));
        assert_eq!(Processors::of("processor: 0\n").instructions(), None);
    }
}
