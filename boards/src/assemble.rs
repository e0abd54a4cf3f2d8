//! Everything that a release consists of, in the places of [`moead_bundle::release`]: what a bundle, a package and an image have in
//! common.

use moead_bundle::digest::Digest;
use moead_bundle::manifest::{Kind, Manifest, SCHEMA, Target};
use moead_bundle::member_path::MemberPath;
use moead_bundle::release;
use moead_bundle::writer::Content;

use crate::parts::{self, NoParts};
use crate::profile::Profile;
use crate::settings::{self, Setting};
use crate::unit;

const LICENCES: [(&str, &str); 2] =
    [("LICENSE-APACHE", include_str!("../../LICENSE-APACHE")), ("LICENSE-MIT", include_str!("../../LICENSE-MIT"))];

/// What somebody wants on a board. All of it was checked before.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// The executable.
    pub program: Vec<u8>,
    /// The model file.
    pub model: Vec<u8>,
    /// On top of the profile's.
    pub settings: Vec<Setting>,
    /// Flags of moead-edge, on top of the profile's.
    pub arguments: Vec<String>,
    /// A bill of materials in place of the one that this program would write.
    pub bill: Option<Vec<u8>>,
}

/// The files of a release, sorted by path but for the first two.
///
/// # Errors
/// [`NoParts`], when there is no bill either.
pub fn contents(profile: &Profile, inputs: Inputs) -> Result<Vec<Content>, NoParts> {
    let triple = profile.target.triple;
    let digest = Digest::of(&inputs.program);
    let settings = settings::combined(profile, &inputs.settings);
    let mut contents = vec![
        content(release::PROGRAM, Kind::Program, inputs.program),
        content(release::MODEL, Kind::File, inputs.model),
        text(release::SETTINGS, &settings::text(profile, &settings)),
    ];
    contents.extend(LICENCES.map(|(name, words)| text(&format!("{}/{name}", release::LICENCES), words)));
    match inputs.bill {
        Some(bill) => contents.push(content(release::SBOM, Kind::File, bill)),
        None => {
            let parts = parts::parts(triple)?;
            contents.push(text(&format!("{}/third-party.txt", release::LICENCES), &parts::notices(&parts)));
            contents.push(content(release::SBOM, Kind::File, parts::bill(&parts, triple, digest)));
        }
    }
    contents.push(text(release::UNIT_FILE, &unit::unit(profile, &inputs.arguments)));
    contents.push(text(release::UDEV_RULE, unit::UDEV_RULE));
    Ok(contents)
}

fn text(path: &str, text: &str) -> Content {
    content(path, Kind::File, text.as_bytes().to_vec())
}

fn content(path: &str, kind: Kind, bytes: Vec<u8>) -> Content {
    Content { path: MemberPath::parse(path).expect("paths of ours are paths of members"), kind, bytes }
}

/// What a profile says about where a release runs.
#[must_use]
pub fn target(profile: &Profile) -> Target {
    Target {
        profile: profile.name.clone(),
        triple: profile.target.triple.name().into(),
        glibc: profile.target.glibc,
        boards: profile.board.names.clone(),
    }
}

/// What is said about a release by whoever makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// For people.
    pub name: String,
    /// Of the release.
    pub version: moead_bundle::version::Version,
    /// The first day on which boards refuse it.
    pub expires: Option<jiff::civil::Date>,
    /// The oldest release that it may replace.
    pub replaces_from: Option<moead_bundle::version::Version>,
    /// Whether it may replace a newer one.
    pub downgrade: moead_bundle::manifest::Downgrade,
}

/// The manifest without its members, which the writer fills in.
#[must_use]
pub fn manifest(profile: &Profile, labels: Labels) -> Manifest {
    Manifest {
        schema: SCHEMA,
        name: labels.name,
        version: labels.version,
        created_by: concat!("moead-board ", env!("CARGO_PKG_VERSION")).into(),
        target: target(profile),
        expires: labels.expires,
        replaces_from: labels.replaces_from,
        downgrade: labels.downgrade,
        members: Vec::new(),
    }
}
