//! What a bundle says about itself, and what is signed: `manifest.json`, schema 1.
//!
//! ```json
//! {"schema": 1, "name": "bolt-line", "version": "1.4.0", "created_by": "moead-board 0.1.0",
//!  "target": {"profile": "raspberry-pi-5", "triple": "aarch64-unknown-linux-gnu", "glibc": "2.36",
//!             "boards": ["Raspberry Pi 5"]},
//!  "expires": "2027-06-30", "replaces_from": "1.2", "downgrade": "refused",
//!  "members": [{"path": "moead-edge", "kind": "program", "size": 14000000, "sha256": "…",
//!               "stored": {"size": 4800000, "sha256": "…"}}]}
//! ```
//!
//! `expires`: the first day, in UTC, on which a board no longer takes it; null: never. `replaces_from`: the oldest release that this one
//! may replace; null: any. `glibc`: what the board has at least. `boards`: what the board's name (`/proc/device-tree/model`)
//! begins with, one of them; empty: any board.
//!
//! Keys that this version does not know are ignored; `schema` grows when ignoring a key would be wrong.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::limits;
use crate::member_path::MemberPath;
use crate::version::Version;

/// The schema that this version writes, and the newest that it reads.
pub const SCHEMA: u64 = 1;

/// What is inside, for which board, until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Grows when a field changes its meaning.
    pub schema: u64,
    /// For people: what the release is about.
    pub name: String,
    /// Of the release, not of a program in it.
    pub version: Version,
    /// Program and version that wrote the bundle.
    pub created_by: String,
    /// What it runs on.
    pub target: Target,
    /// The first day on which a board refuses it.
    pub expires: Option<Date>,
    /// The oldest release that it may replace.
    pub replaces_from: Option<Version>,
    /// Whether it may replace a newer release.
    pub downgrade: Downgrade,
    /// In the order of the file.
    pub members: Vec<Member>,
}

/// What a bundle runs on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The profile that it was built from.
    pub profile: String,
    /// As Rust names it.
    pub triple: String,
    /// The least that the board must have.
    pub glibc: Version,
    /// What the board's name begins with, one of them; empty: any.
    pub boards: Vec<String>,
}

/// Whether a release may replace a newer one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Downgrade {
    /// Only older ones are replaced: what was withdrawn cannot come back.
    Refused,
    /// Whoever signed it wants it so.
    Allowed,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Below the release's folder.
    pub path: MemberPath,
    /// Program or not.
    pub kind: Kind,
    /// Bytes of the file.
    pub size: u64,
    /// Of the file.
    pub sha256: Digest,
    /// As it lies in the bundle, compressed.
    pub stored: Stored,
}

/// Whether a file may be executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Mode 0755.
    Program,
    /// Mode 0644.
    File,
}

impl Kind {
    /// The file's permissions on the board.
    #[must_use]
    pub fn mode(self) -> u32 {
        match self {
            Self::Program => 0o755,
            Self::File => 0o644,
        }
    }
}

/// A member as it lies in the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Bytes.
    pub size: u64,
    /// Of those bytes: zstd never sees any that the signature does not vouch for.
    pub sha256: Digest,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// Not the JSON that the schema asks for.
    #[error("manifest: {}", excerpt(.0))]
    Json(#[from] serde_json::Error),
    /// No `schema`, or one from the future.
    #[error("manifest: schema {found}, expected 1 to {SCHEMA}")]
    Schema {
        /// As written in the file.
        found: String,
    },
    /// More than any honest one has.
    #[error("manifest: {found} members, expected 1 to {}", limits::MEMBERS)]
    Members {
        /// How many.
        found: usize,
    },
    /// A size that no honest member has.
    #[error("manifest: {path}: {found} bytes, expected at most {limit}")]
    Size {
        /// Of the member.
        path: MemberPath,
        /// As written in the file.
        found: u64,
        /// Bytes.
        limit: u64,
    },
    /// A text that would do more to a terminal than stand there, or that says nothing.
    #[error("manifest: {field}: expected a text without control characters, found {}", excerpt(&format_args!("{found:?}")))]
    Text {
        /// Its key.
        field: &'static str,
        /// As written in the file.
        found: String,
    },
    /// Two members in one place.
    #[error("manifest: {first} and {second} cannot both be there")]
    Collision {
        /// A member.
        first: MemberPath,
        /// Another, the same, or below it.
        second: MemberPath,
    },
}

/// Words about what was found, which quote it, and it may be as long as a manifest.
fn excerpt(words: &dyn std::fmt::Display) -> String {
    const LONGEST: usize = 300;
    let mut words = words.to_string();
    if let Some((end, _)) = words.char_indices().nth(LONGEST) {
        words.truncate(end);
        words.push('…');
    }
    words
}

impl Manifest {
    /// Reads the JSON text.
    ///
    /// # Errors
    /// [`ManifestError`]
    pub fn parse(text: &[u8]) -> Result<Self, ManifestError> {
        #[derive(Deserialize)]
        struct Schema {
            schema: Option<serde_json::Value>,
        }
        let Schema { schema } = serde_json::from_slice(text)?;
        if !schema.as_ref().and_then(serde_json::Value::as_u64).is_some_and(|schema| (1..=SCHEMA).contains(&schema)) {
            return Err(ManifestError::Schema { found: schema.map_or("none".into(), |found| excerpt(&found)) });
        }
        let manifest: Self = serde_json::from_slice(text)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The JSON text, a key a line, so that people can read it too.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).expect("a manifest has string keys only");
        text.push(b'\n');
        text
    }

    /// The member at a path.
    #[must_use]
    pub fn member(&self, path: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.path.as_str() == path)
    }

    /// Bytes of all members, unpacked.
    #[must_use]
    pub fn unpacked(&self) -> u64 {
        self.members.iter().map(|member| member.size).fold(0, u64::saturating_add)
    }

    /// What the types do not say.
    pub(crate) fn check(&self) -> Result<(), ManifestError> {
        let texts = [
            ("name", &self.name),
            ("created_by", &self.created_by),
            ("profile", &self.target.profile),
            ("triple", &self.target.triple),
        ];
        let boards = self.target.boards.iter().map(|board| ("boards", board));
        for (field, text) in texts.into_iter().chain(boards) {
            // Every board's name begins with nothing.
            if text.contains(char::is_control) || field == "boards" && text.is_empty() {
                return Err(ManifestError::Text { field, found: text.clone() });
            }
        }
        if self.members.is_empty() || self.members.len() > limits::MEMBERS {
            return Err(ManifestError::Members { found: self.members.len() });
        }
        for (index, member) in self.members.iter().enumerate() {
            let stored_limit = member.size.saturating_add(limits::STORED_EXCESS);
            for (found, limit) in [(member.size, limits::MEMBER_BYTES), (member.stored.size, stored_limit)] {
                if found > limit {
                    return Err(ManifestError::Size { path: member.path.clone(), found, limit });
                }
            }
            let before = self.members.iter().take(index);
            if let Some(other) = before.map(|other| &other.path).find(|other| other.collides(&member.path)) {
                return Err(ManifestError::Collision { first: other.clone(), second: member.path.clone() });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Manifest {
        let member = |path| Member {
            path: MemberPath::parse(path).unwrap(),
            kind: Kind::File,
            size: 3,
            sha256: Digest::of(b"abc"),
            stored: Stored { size: 12, sha256: Digest::of(b"compressed") },
        };
        Manifest {
            schema: SCHEMA,
            name: "bolt-line".into(),
            version: Version::parse("1.4.0").unwrap(),
            created_by: "moead-board 0.1.0".into(),
            target: Target {
                profile: "raspberry-pi-5".into(),
                triple: "aarch64-unknown-linux-gnu".into(),
                glibc: Version::parse("2.36").unwrap(),
                boards: vec!["Raspberry Pi 5".into()],
            },
            expires: Some(jiff::civil::date(2027, 6, 30)),
            replaces_from: None,
            downgrade: Downgrade::Refused,
            members: vec![member("model.onnx"), member("systemd/moead-edge.service")],
        }
    }

    fn refused(change: impl FnOnce(&mut serde_json::Value)) -> String {
        let mut value = serde_json::to_value(example()).unwrap();
        change(&mut value);
        Manifest::parse(value.to_string().as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_manifest_reads_what_it_wrote_and_ignores_what_it_does_not_know() {
        assert_eq!(Manifest::parse(&example().to_json()).unwrap(), example());
        let mut value = serde_json::to_value(example()).unwrap();
        value["colour"] = "blue".into();
        assert_eq!(Manifest::parse(value.to_string().as_bytes()).unwrap(), example());
    }

    #[test]
    fn each_broken_rule_is_named() {
        assert_eq!(refused(|value| value["schema"] = 2.into()), "manifest: schema 2, expected 1 to 1");
        assert_eq!(
            refused(|value| drop(value.as_object_mut().unwrap().remove("schema"))),
            "manifest: schema none, expected 1 to 1"
        );
        assert_eq!(refused(|value| value["members"] = serde_json::json!([])), "manifest: 0 members, expected 1 to 256");
        assert_eq!(
            refused(|value| value["members"][1]["path"] = "model.onnx".into()),
            "manifest: model.onnx and model.onnx cannot both be there"
        );
        assert_eq!(
            refused(|value| value["members"][0]["size"] = (limits::MEMBER_BYTES + 1).into()),
            "manifest: model.onnx: 4294967297 bytes, expected at most 4294967296"
        );
        assert_eq!(
            refused(|value| value["members"][0]["stored"]["size"] = u64::MAX.into()),
            "manifest: model.onnx: 18446744073709551615 bytes, expected at most 1048579"
        );
        let text = "manifest: created_by: expected a text without control characters, found \"\\u{1b}[31mred\"";
        assert_eq!(refused(|value| value["created_by"] = "\u{1b}[31mred".into()), text);
        for (key, field) in [("", "name"), ("target", "profile"), ("target", "triple")] {
            let said = refused(|value| {
                let object = if key.is_empty() { value } else { &mut value[key] };
                object[field] = "bolt\nrelease 9 of x".into();
            });
            assert!(said.starts_with(&format!("manifest: {field}: expected a text without control")), "{said}");
        }
        for board in ["", "Raspberry\u{7f}"] {
            let said = refused(|value| value["target"]["boards"][0] = board.into());
            assert!(said.starts_with("manifest: boards: expected a text without control"), "{said}");
        }
        let path = refused(|value| value["members"][0]["path"] = "../etc/passwd".into());
        assert!(path.starts_with("manifest: path \"../etc/passwd\": expected plain names"), "{path}");
        let version = refused(|value| value["version"] = "1.4-rc".into());
        assert!(version.starts_with("manifest: version \"1.4-rc\": expected one to four numbers"), "{version}");
        let digest = refused(|value| value["members"][0]["sha256"] = "abc".into());
        assert!(digest.starts_with("manifest: expected 64 lower-case hexadecimal digits"), "{digest}");
    }

    #[test]
    fn the_example_of_the_documentation_has_every_key() {
        let head = include_str!("manifest.rs");
        let value = serde_json::to_value(example()).unwrap();
        let keys = value.as_object().unwrap().keys().chain(value["members"][0].as_object().unwrap().keys());
        for key in keys.chain(value["target"].as_object().unwrap().keys()) {
            let documented = head.lines().take_while(|line| line.starts_with("//!"));
            assert!(documented.into_iter().any(|line| line.contains(&format!("\"{key}\": "))), "{key}");
        }
    }
}
