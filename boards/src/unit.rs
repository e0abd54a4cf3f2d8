//! The systemd unit of a board: a template, the profile, and the command line that it starts.

use crate::places::{self, Places};
use crate::profile::{DropIn, Profile, Service};

pub(crate) mod flags;
pub mod quoting;

const TEMPLATE: &str = include_str!("../templates/moead-edge.service");
const JETSON_GPU: &str = include_str!("../templates/jetson-gpu.conf");

/// The unit that looks after a release on trial.
pub const UPDATE_UNIT: &str = include_str!("../templates/moead-edge-update.service");

/// Starts in a row after which the service has failed for good: then, a release on trial goes back.
const STARTS: u32 = 5;
/// Of the template: seconds that stopping may take, and between two starts.
const STOP_AND_PAUSE: u32 = 15 + 5;

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
    let has = |any_of: &[&str]| more.iter().any(|word| any_of.iter().any(|flag| flags::names(word, flag)));
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
    let mut text = filled(
        TEMPLATE,
        &[
            ("WHEN_IT_FAILS", when_it_fails(service, places)),
            ("PROFILE", profile.name.clone()),
            ("EXEC_START", quoting::exec_start(&command_line(profile, more, places))),
            ("SETTINGS", places.settings.to_owned()),
            ("SITE_SETTINGS", places::SITE_SETTINGS.to_owned()),
            ("START_TIMEOUT", service.start_timeout.to_string()),
            ("WATCHDOG", service.watchdog.to_string()),
            ("GROUPS", service.groups.join(" ")),
            ("MEMORY_MAX", service.memory.clone()),
        ],
    );
    for drop_in in &service.drop_ins {
        text.push('\n');
        text.push_str(match drop_in {
            DropIn::JetsonGpu => JETSON_GPU,
        });
    }
    text
}

/// A template with values in the place of their names in braces. What a value has in braces is its own.
fn filled(template: &str, values: &[(&str, String)]) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        text.push_str(before);
        let found =
            values.iter().find_map(|(name, value)| Some((value, behind.strip_prefix(*name)?.strip_prefix('}')?)));
        let (value, behind) = found.map_or(("{", behind), |(value, behind)| (value.as_str(), behind));
        text.push_str(value);
        rest = behind;
    }
    text.push_str(rest);
    text
}

/// What systemd does with a service that ends again and again.
fn when_it_fails(service: &Service, places: &Places) -> String {
    if *places != places::RELEASE {
        return "# A camera that comes back tomorrow is worth waiting for: it is started again for ever.\nStartLimitIntervalSec=0".into();
    }
    // One start that hangs, then hangs again when it was ready, and has to be killed; so many in a row must fit.
    let longest = service.start_timeout.get().saturating_add(service.watchdog.get()).saturating_add(STOP_AND_PAUSE);
    let interval = longest.saturating_mul(STARTS).saturating_add(longest);
    format!(
        "# So many starts in that time (a start that hangs takes {longest} s), and it has failed: a new release that is on trial goes back, and any\n\
         # other is started again: a camera that comes back tomorrow is worth waiting for.\n\
         StartLimitIntervalSec={interval}\n\
         StartLimitBurst={STARTS}\n\
         OnFailure={}",
        moead_bundle::release::UPDATE_UNIT
    )
}
