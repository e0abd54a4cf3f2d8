//! Where the parts of a release lie, in the bundle and on the board.
//!
//! ```text
//! /opt/moead/releases/1.4.0-3fa9c1d2e4b5/     what a bundle holds, and its manifest and signature
//! /opt/moead/releases/1.5.0-….part            being unpacked; swept at start
//! /opt/moead/current -> releases/1.4.0-…      switched by one rename
//! /etc/systemd/system/moead-edge.service -> /opt/moead/current/systemd/moead-edge.service
//! /etc/systemd/system/multi-user.target.wants/moead-edge.service -> ../moead-edge.service
//! /etc/moead/edge.env                         the site's own settings, read last; no release touches it
//! /etc/moead/moead.pub                        the key that updates must be signed with
//! /var/lib/moead                              the service's state
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
/// What a folder's name ends in while it is being unpacked.
pub const PART: &str = ".part";
/// The site's settings, on the board.
pub const SITE_SETTINGS: &str = "/etc/moead/edge.env";
/// The key that updates must be signed with, on the board.
pub const PUBLIC_KEY: &str = "/etc/moead/moead.pub";
/// The unit's name.
pub const UNIT: &str = "moead-edge.service";

/// In a bundle: the program.
pub const PROGRAM: &str = "moead-edge";
/// In a bundle: the model file.
pub const MODEL: &str = "model.onnx";
/// In a bundle: settings as environment variables, which the unit reads.
pub const SETTINGS: &str = "edge.env";
/// In a bundle: the unit.
pub const UNIT_FILE: &str = "systemd/moead-edge.service";
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_named_after_version_and_content() {
        assert_eq!(folder_name(Version::parse("1.4.0").unwrap(), Digest::of(b"abc")), "1.4.0-ba7816bf8f01");
    }
}
