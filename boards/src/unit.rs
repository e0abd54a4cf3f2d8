//! The systemd unit of a board: a template, the profile, and the command line that it starts.

use crate::places::{self, Places};
use crate::profile::{DropIn, Profile};

pub mod quoting;

const TEMPLATE: &str = include_str!("../templates/moead-edge.service");
const JETSON_GPU: &str = include_str!("../templates/jetson-gpu.conf");

/// The udev rule that gives cameras to the group which the unit has.
pub const UDEV_RULE: &str = include_str!("../templates/70-moead-edge.rules");

/// What the unit starts, word by word. Engine, threads and model are settings ([`crate::settings`]), so that a site can change
/// them; flags would win over its file.
#[must_use]
pub fn command_line(profile: &Profile, more: &[String], places: &Places) -> Vec<String> {
    let mut words = vec![places.program.to_owned()];
    words.extend(arguments(profile, more));
    words
}

/// The flags behind the program: the profile's source and `more`. What `more` has, the profile does not say again.
#[must_use]
pub fn arguments(profile: &Profile, more: &[String]) -> Vec<String> {
    let is = |word: &str, name: &str| word == name || word.starts_with(&format!("{name}="));
    let has = |names: &[&str]| more.iter().any(|word| names.iter().any(|name| is(word, name)));
    let mut words = Vec::new();
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
pub fn unit(profile: &Profile, more: &[String], places: &Places) -> String {
    let service = &profile.service;
    let mut text = TEMPLATE
        .replace("{PROFILE}", &profile.name)
        .replace("{EXEC_START}", &quoting::exec_start(&command_line(profile, more, places)))
        .replace("{SETTINGS}", places.settings)
        .replace("{SITE_SETTINGS}", places::SITE_SETTINGS)
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
