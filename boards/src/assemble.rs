//! Everything that a release consists of, in the places of [`moead_bundle::release`]: what a bundle, a package and an image have in
//! common.

use moead_bundle::digest::Digest;
use moead_bundle::manifest::{Kind, Manifest, SCHEMA, Target};
use moead_bundle::member_path::MemberPath;
use moead_bundle::release;
use moead_bundle::writer::Content;

use crate::parts::{self, NoParts};
use crate::places::Places;
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

/// The files of a release, wherever they are going to lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The executable.
    pub program: Vec<u8>,
    /// The model file.
    pub model: Vec<u8>,
    /// What profile and maker say, as lines of an environment file.
    pub settings: String,
    /// The systemd unit.
    pub unit: String,
    /// The udev rule.
    pub udev_rule: &'static str,
    /// Bill of materials.
    pub bill: Vec<u8>,
    /// Ours: name and text.
    pub licences: [(&'static str, &'static str); 2],
    /// Of what the program is made of; none where somebody brought a bill of their own.
    pub notices: Option<String>,
}

/// All files of a release.
///
/// # Errors
/// [`NoParts`], when there is no bill either.
pub fn files(profile: &Profile, inputs: Inputs, places: &Places) -> Result<Files, NoParts> {
    let triple = profile.target.triple;
    let (bill, notices) = match inputs.bill {
        Some(bill) => (bill, None),
        None => {
            let parts = parts::parts(triple)?;
            (parts::bill(&parts, triple, Digest::of(&inputs.program)), Some(parts::notices(&parts)))
        }
    };
    Ok(Files {
        program: inputs.program,
        model: inputs.model,
        settings: settings::text(profile, &settings::combined(profile, &inputs.settings, places)),
        unit: unit::unit(profile, &inputs.arguments, places),
        udev_rule: unit::UDEV_RULE,
        bill,
        licences: LICENCES,
        notices,
    })
}

impl Files {
    /// In the places that they have in a bundle.
    #[must_use]
    pub fn contents(self) -> Vec<Content> {
        let licence = |(name, words): (&str, &str)| text(&format!("{}/{name}", release::LICENCES), words);
        let mut contents = vec![
            content(release::PROGRAM, Kind::Program, self.program),
            content(release::MODEL, Kind::File, self.model),
            text(release::SETTINGS, &self.settings),
        ];
        contents.extend(self.licences.map(licence));
        contents.extend(self.notices.as_deref().map(|notices| licence(("third-party.txt", notices))));
        contents.push(content(release::SBOM, Kind::File, self.bill));
        contents.push(text(release::UNIT_FILE, &self.unit));
        contents.push(text(release::UPDATE_UNIT_FILE, unit::UPDATE_UNIT));
        contents.push(text(release::UDEV_RULE, self.udev_rule));
        contents
    }
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
