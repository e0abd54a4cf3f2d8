//! Where the parts of a release lie, in the bundle and on the board.
//!
//! ```text
//! /opt/moead/releases/1.4.0-3fa9c1d2e4b5/     what a bundle holds, and its manifest and signature
//! /opt/moead/releases/1.5.0-….part            being unpacked, or being removed; swept at start
//! /opt/moead/current -> releases/1.4.0-…      what runs; switched by one rename
//! /opt/moead/previous -> releases/1.3.2-…     what ran before; its program looks after a new release that is on trial
//! /opt/moead/lock                             held by whoever changes any of this
//! /etc/systemd/system/…, /etc/udev/rules.d/…  links through `current`: [`LINKS`]
//! /etc/moead/edge.env                         the site's own settings, read last; no release touches it
//! /etc/moead/moead.pub                        the key that updates must be signed with
//! /var/lib/moead                              the service's state
//! /var/lib/moead-update/state.json            a trial that is going on, and how the last update ended
//! /run/moead/state.json                       what the running service says about itself
//! ```
//!
//! Unit, program, model and settings are reached through `current`, so the one rename switches all of them. Why it is so:
//! docs/design/updates.md.

use crate::digest::Digest;
use crate::version::Version;

/// The folder of everything that releases bring.
pub const ROOT: &str = "/opt/moead";
/// Below [`ROOT`]: a folder for each release.
pub const RELEASES: &str = "releases";
/// Below [`ROOT`]: the link to the one that runs.
pub const CURRENT: &str = "current";
/// Below [`ROOT`]: the link to the one before; on a board with one release, to that one.
pub const PREVIOUS: &str = "previous";
/// Below [`ROOT`]: the file that is locked by whoever changes releases or links.
pub const LOCK: &str = "lock";
/// What a folder's name ends in while it is being unpacked, or removed: nothing that such a folder holds is ever run.
pub const PART: &str = ".part";
/// The site's settings, on the board.
pub const SITE_SETTINGS: &str = "/etc/moead/edge.env";
/// The key that updates must be signed with, on the board.
pub const PUBLIC_KEY: &str = "/etc/moead/moead.pub";
/// Where updates keep what must outlive a power cut.
pub const RECORD: &str = "/var/lib/moead-update/state.json";
/// Where the service says how it is; gone when it stops.
pub const SERVICE_STATE: &str = "/run/moead/state.json";
/// The unit's name.
pub const UNIT: &str = "moead-edge.service";
/// The unit that looks after a release on trial, at boot and when the service has failed for good.
pub const UPDATE_UNIT: &str = "moead-edge-update.service";

/// Links on the board, and where they lead. All of them go through `current`, so one rename switches what is behind them; they are relative, so
/// that they lead to the same place wherever a board's root is mounted.
///
/// Units are not enabled by `systemctl enable`: it looks through `current`, and its link would lead into one release for ever.
pub const LINKS: [(&str, &str); 5] = [
    ("/etc/systemd/system/moead-edge.service", "../../../opt/moead/current/systemd/moead-edge.service"),
    ("/etc/systemd/system/multi-user.target.wants/moead-edge.service", "../moead-edge.service"),
    ("/etc/systemd/system/moead-edge-update.service", "../../../opt/moead/current/systemd/moead-edge-update.service"),
    ("/etc/systemd/system/multi-user.target.wants/moead-edge-update.service", "../moead-edge-update.service"),
    ("/etc/udev/rules.d/70-moead-edge.rules", "../../../opt/moead/current/udev/70-moead-edge.rules"),
];

/// In a bundle: the program.
pub const PROGRAM: &str = "moead-edge";
/// In a bundle: the model file.
pub const MODEL: &str = "model.onnx";
/// In a bundle: settings as environment variables, which the unit reads.
pub const SETTINGS: &str = "edge.env";
/// In a bundle: the unit.
pub const UNIT_FILE: &str = "systemd/moead-edge.service";
/// In a bundle: the unit that looks after a release on trial.
pub const UPDATE_UNIT_FILE: &str = "systemd/moead-edge-update.service";
/// In a bundle: the udev rule.
pub const UDEV_RULE: &str = "udev/70-moead-edge.rules";
/// In a bundle: what the program is made of.
pub const SBOM: &str = "sbom.cdx.json";
/// In a bundle: licence texts.
pub const LICENCES: &str = "licences";

/// The name of a release's folder: its version, and the beginning of the manifest's digest, so that two releases with one
/// version never share a folder.
#[must_use]
pub fn folder_name(version: Version, manifest: Digest) -> String {
    let digest = manifest.to_string();
    format!("{version}-{}", digest.get(..12).unwrap_or(&digest))
}

/// The version in the name of a release's folder: the inverse of [`folder_name`]. It is enough to know what a board runs where the release
/// itself is damaged. None: not such a name.
#[must_use]
pub fn version_of(folder_name: &str) -> Option<Version> {
    Version::parse(folder_name.rsplit_once('-')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_named_after_version_and_content() {
        let name = folder_name(Version::parse("1.4.0").unwrap(), Digest::of(b"abc"));
        assert_eq!(name, "1.4.0-ba7816bf8f01");
        assert_eq!(version_of(&name), Version::parse("1.4.0"));
        for other in ["", "1.4.0", "bolt-ba7816bf8f01", "-ba7816bf8f01"] {
            assert_eq!(version_of(other), None, "{other}");
        }
    }

    #[test]
    fn links_lead_into_the_current_release_or_to_one_that_does() {
        for (path, target) in LINKS {
            let depth = path.matches('/').count() - 1;
            let up = format!("{}{}/{CURRENT}/", "../".repeat(depth), &ROOT[1..]);
            let file = target.strip_prefix(&up);
            let is_neighbour = LINKS.iter().any(|(other, _)| *other == path.replace("multi-user.target.wants/", ""));
            match file {
                Some(file) => assert!([UNIT_FILE, UPDATE_UNIT_FILE, UDEV_RULE].contains(&file), "{target}"),
                None => assert!(is_neighbour && target.starts_with("../"), "{path} -> {target}"),
            }
        }
    }
}
