//! The systemd unit of a board: a template, the profile, and the command line that it starts.

use moead_bundle::release;

use crate::profile::{DropIn, Profile};

pub mod quoting;

const TEMPLATE: &str = include_str!("../templates/moead-edge.service");
const JETSON_GPU: &str = include_str!("../templates/jetson-gpu.conf");

/// The udev rule that gives cameras to the group which the unit has.
pub const UDEV_RULE: &str = include_str!("../templates/70-moead-edge.rules");

/// What the unit starts, word by word: the program, what the profile says, and `more`.
#[must_use]
pub fn command_line(profile: &Profile, more: &[String]) -> Vec<String> {
    let current = format!("{}/{}", release::ROOT, release::CURRENT);
    let mut words = vec![format!("{current}/{}", release::PROGRAM)];
    words.extend(["--model".into(), format!("{current}/{}", release::MODEL)]);
    words.extend(arguments(profile, more));
    words
}

/// The flags behind program and model. What `more` has, the profile does not say again.
#[must_use]
pub fn arguments(profile: &Profile, more: &[String]) -> Vec<String> {
    let has = |names: &[&str]| {
        more.iter().any(|word| names.iter().any(|name| word == name || word.starts_with(&format!("{name}="))))
    };
    let mut words: Vec<String> = Vec::new();
    let engine = &profile.engine;
    if !has(&["--engine", "--provider"]) {
        words.extend(["--engine", engine.name.name(), "--provider", engine.provider.name()].map(str::to_owned));
    }
    if !has(&["--threads"]) {
        words.extend(["--threads".into(), engine.threads.to_string()]);
    }
    if !has(&["--source", "-s", "--camera", "-c"]) {
        words.extend(["--source".into(), profile.camera.source.clone()]);
    }
    // A camera that the kernel finds a second later must not count as a failed start.
    if !has(&["--wait-for-cameras", "--exit-on-loss"]) {
        words.push("--wait-for-cameras".into());
    }
    words.extend(more.iter().cloned());
    words
}

/// The unit's text: the template, and behind it what the board changes. One file, so that the one rename which switches a
/// release switches all of it; `moead-edge.service.d` stays the site's own.
#[must_use]
pub fn unit(profile: &Profile, more: &[String]) -> String {
    let service = &profile.service;
    let mut text = TEMPLATE
        .replace("{PROFILE}", &profile.name)
        .replace("{EXEC_START}", &quoting::exec_start(&command_line(profile, more)))
        .replace("{START_TIMEOUT}", &service.start_timeout.to_string())
        .replace("{WATCHDOG}", &service.watchdog.to_string())
        .replace("{GROUPS}", &service.groups.join(" "))
        .replace("{MEMORY_MAX}", &service.memory);
    for drop_in in &service.drop_ins {
        text.push('\n');
        text.push_str(match drop_in {
            DropIn::JetsonGpu => JETSON_GPU,
        });
    }
    text
}
