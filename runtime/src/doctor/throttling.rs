//! Whether the machine has slowed itself down: too little voltage, too much current, too warm.

use super::finding::{Area, Finding};
use super::root::Root;

const AREA: Area = Area::Heat;
const SENSORS: &str = "sys/class/hwmon";
const PLATFORM: &str = "sys/devices/platform";

pub(super) fn findings(root: &Root) -> Vec<Finding> {
    let firmware = raspberry_pi(root);
    let mut findings = Vec::new();
    for sensor in root.names(SENSORS, "hwmon") {
        let folder = format!("{SENSORS}/{sensor}");
        match root.line(format!("{folder}/name")).as_deref() {
            // The same in one bit.
            Some("rpi_volt") if firmware.is_none() => findings.extend(alarm(root, &folder)),
            Some("soctherm_oc") => findings.extend(jetson(root, &folder)),
            _ => {}
        }
    }
    findings.extend(firmware);
    findings.extend(supply(root));
    findings.extend(pc(root));
    findings
}

/// What the bits of the firmware's answer mean; 16 higher: it has been so since the start.
const BITS: [(u32, &str); 4] = [
    (0, "too little voltage"),
    (1, "the clock is capped"),
    (2, "throttled"),
    (3, "the soft limit of the temperature is reached"),
];
const VOLTAGE: u32 = 1;

const SUPPLY: &str = "use the board's own power supply (a Raspberry Pi 5 wants 5 V and 5 A), a short thick cable, and a hub with a \
                      supply of its own for what is plugged in";

/// The firmware's answer, hexadecimal.
fn raspberry_pi(root: &Root) -> Option<Finding> {
    // `soc`, and `soc@107c000000` by newer device trees.
    let chips = root.names(PLATFORM, "soc");
    let line = chips.iter().find_map(|chip| root.line(format!("{PLATFORM}/{chip}/{chip}:firmware/get_throttled")))?;
    let Ok(bits) = u32::from_str_radix(line.strip_prefix("0x").unwrap_or(&line), 16) else {
        return Some(Finding::note(AREA, "throttling", format!("the firmware's answer is not understood: {line}")));
    };
    let named = |bits: u32| {
        let names = BITS.iter().filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, name)| *name);
        names.collect::<Vec<_>>().join(", ")
    };
    let (now, since) = (bits & 0xf, bits >> 16 & 0xf);
    let remedy = if (now | since) & VOLTAGE != 0 {
        SUPPLY
    } else {
        "cool it: the fan, the heat sink's contact, the air around it"
    };
    Some(match (now, since) {
        (0, 0) => Finding::ok(AREA, "throttling", "none since the start"),
        (0, since) => Finding::warning(AREA, "throttling", format!("since the start: {}", named(since))).remedy(remedy),
        (now, _) if now & VOLTAGE != 0 => {
            let value = format!("now: {}; cameras drop out and cards are damaged", named(now));
            Finding::problem(AREA, "throttling", value).remedy(remedy)
        }
        (now, _) => Finding::warning(AREA, "throttling", format!("now: {}", named(now))).remedy(remedy),
    })
}

/// What a Raspberry Pi 5 and its supply agreed on when it started, in mA: a number of four bytes, the highest first.
fn supply(root: &Root) -> Option<Finding> {
    let bytes = root.bytes("proc/device-tree/chosen/power/max_current", 4)?;
    let current = u32::from_be_bytes(bytes.try_into().ok()?);
    Some(if current < 5000 {
        let value = format!("{current} mA, of the 5000 that the board wants: cameras and other USB devices share 600");
        Finding::warning(AREA, "power supply", value).remedy(SUPPLY)
    } else {
        Finding::ok(AREA, "power supply", format!("{current} mA"))
    })
}

/// The Raspberry Pi's alarm, for kernels that do not pass the firmware's bits on.
fn alarm(root: &Root, folder: &str) -> Option<Finding> {
    Some(match root.number::<u32>(format!("{folder}/in0_lcrit_alarm"))? {
        0 => Finding::ok(AREA, "voltage", "enough"),
        _ => Finding::problem(AREA, "voltage", "too little: cameras drop out and cards are damaged").remedy(SUPPLY),
    })
}

/// Counters of a Jetson since its start.
fn jetson(root: &Root, folder: &str) -> Option<Finding> {
    let causes = [(1, "too little voltage"), (2, "too much current on average"), (3, "too much current at once")];
    let counts = causes.map(|(number, cause)| (root.number::<u64>(format!("{folder}/oc{number}_event_cnt")), cause));
    if counts.iter().all(|(count, _)| count.is_none()) {
        return None;
    }
    let seen: Vec<_> =
        counts.iter().filter_map(|(count, cause)| Some(((*count)?, cause))).filter(|(count, _)| *count > 0).collect();
    Some(if seen.is_empty() {
        Finding::ok(AREA, "throttling", "none since the start")
    } else {
        let told = seen.iter().map(|(count, cause)| format!("{cause} ({count} times)")).collect::<Vec<_>>().join(", ");
        let remedy =
            "use a supply for the watts of the power mode, or a lower mode: `sudo nvpmodel -q` tells which it is";
        Finding::warning(AREA, "throttling", format!("since the start: {told}")).remedy(remedy)
    })
}

/// A PC's counter since its start.
fn pc(root: &Root) -> Option<Finding> {
    let count = root.number::<u64>("sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count")?;
    Some(match count {
        0 => Finding::ok(AREA, "throttling", "none since the start"),
        count => {
            let remedy = "cool it: dust, the fan, the heat sink's contact, the air around the machine";
            Finding::note(AREA, "throttling", format!("since the start: too warm {count} times")).remedy(remedy)
        }
    })
}
