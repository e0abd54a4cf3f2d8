//! What moead-edge is made of: the bill of materials (CycloneDX 1.5) and the licence texts that go onto the board with it. Whether somebody's own
//! bill is one.
//!
//! The list was made when this program was built, from the crates that moead-edge's default features may link for the target:
//! a program that was built with fewer features has fewer of them.

use std::collections::BTreeMap;

use moead_bundle::digest::Digest;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::profile::Triple;

const AARCH64: &str = include_str!(concat!(env!("OUT_DIR"), "/parts-aarch64-unknown-linux-gnu.json"));
const X86_64: &str = include_str!(concat!(env!("OUT_DIR"), "/parts-x86_64-unknown-linux-gnu.json"));

/// One crate.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Part {
    /// Of the crate.
    pub name: String,
    /// Of the crate.
    pub version: String,
    /// An SPDX expression.
    pub licence: Option<String>,
    /// SHA-256 of its archive; none for crates of ours.
    checksum: Option<String>,
    /// Its licence files: name and text.
    texts: Vec<(String, String)>,
}

/// The list is not in this program: it was built where cargo could not say.
#[derive(Debug, thiserror::Error)]
#[error("this program was built without the list of what moead-edge is made of")]
pub struct NoParts;

/// A file that is no bill of materials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BillError {
    /// Of another form.
    #[error("not a bill of materials: not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// About something else.
    #[error("not a bill of materials: bomFormat: expected CycloneDX, found {found}")]
    Format {
        /// As it says.
        found: String,
    },
}

/// Whether a file is a CycloneDX document in JSON, by what such a document says about itself.
///
/// # Errors
/// [`BillError`], which does not name the file.
pub fn check_bill(bytes: &[u8]) -> Result<(), BillError> {
    /// Of a text that may be anything.
    const SHOWN: usize = 40;
    let document: Value = serde_json::from_slice(bytes)?;
    match document["bomFormat"].as_str() {
        Some("CycloneDX") => Ok(()),
        found => Err(BillError::Format { found: found.unwrap_or("none").chars().take(SHOWN).collect() }),
    }
}

/// The crates, sorted by name.
///
/// # Errors
/// [`NoParts`]
pub fn parts(triple: Triple) -> Result<Vec<Part>, NoParts> {
    let text = match triple {
        Triple::Aarch64 => AARCH64,
        Triple::X86_64 => X86_64,
    };
    let parts: Vec<Part> = serde_json::from_str(text).map_err(|_| NoParts)?;
    if parts.is_empty() { Err(NoParts) } else { Ok(parts) }
}

/// A CycloneDX document about a program with that digest.
#[must_use]
pub fn bill(parts: &[Part], triple: Triple, program: Digest) -> Vec<u8> {
    let components = parts.iter().map(|part| {
        let mut component = json!({
            "type": "library",
            "name": part.name,
            "version": part.version,
            "purl": format!("pkg:cargo/{}@{}", part.name, part.version),
        });
        if let Some(licence) = &part.licence {
            // Old manifests write `/` for `OR`.
            component["licenses"] = json!([{"expression": licence.replace('/', " OR ")}]);
        }
        if let Some(checksum) = &part.checksum {
            component["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
        }
        component
    });
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "name": "moead-edge",
                "hashes": [{"alg": "SHA-256", "content": program.to_string()}],
            },
            "properties": [
                {"name": "moead:target", "value": triple.name()},
                {"name": "moead:scope", "value": "what the default features may link; a program with fewer features has fewer parts"},
            ],
        },
        "components": components.collect::<Vec<Value>>(),
    });
    let mut text = serde_json::to_vec_pretty(&document).expect("a document has string keys only");
    text.push(b'\n');
    text
}

/// All licence texts in one file, each once, with the crates that it belongs to.
#[must_use]
pub fn notices(parts: &[Part]) -> String {
    let mut by_text: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for part in parts {
        for (_, text) in &part.texts {
            by_text.entry(text.trim()).or_default().push(format!("{} {}", part.name, part.version));
        }
    }
    let mut notices: Vec<(Vec<String>, &str)> = by_text.into_iter().map(|(text, crates)| (crates, text)).collect();
    notices.sort();
    let mut written = String::from("What moead-edge is made of, and under which terms.\n");
    for (mut crates, text) in notices {
        crates.dedup();
        written.push_str(&format!("\n{}\n{}\n\n{text}\n", "=".repeat(80), crates.join(", ")));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_those_that_are_linked() {
        for triple in [Triple::Aarch64, Triple::X86_64] {
            let parts = parts(triple).unwrap();
            let has = |name| parts.iter().any(|part| part.name == name);
            assert!(has("tract-onnx") && has("moead-model") && has("serde"), "{triple:?}");
            // Read while compiling, and for tests only.
            assert!(!has("bindgen") && !has("proptest") && !has("moead-exporter"), "{triple:?}");
        }
    }

    #[test]
    fn every_foreign_part_has_a_licence_and_a_checksum() {
        for part in parts(Triple::Aarch64).unwrap() {
            assert!(part.licence.is_some(), "{}", part.name);
            let is_ours = part.name.starts_with("moead-") || part.version.ends_with("+moead");
            assert!(part.checksum.is_some() || is_ours, "{}", part.name);
        }
    }

    #[test]
    fn the_bill_names_program_and_parts() {
        let parts = parts(Triple::Aarch64).unwrap();
        let bill: Value = serde_json::from_slice(&bill(&parts, Triple::Aarch64, Digest::of(b"program"))).unwrap();
        assert_eq!(bill["bomFormat"], "CycloneDX");
        assert_eq!(bill["metadata"]["component"]["hashes"][0]["content"], Digest::of(b"program").to_string());
        let serde = bill["components"].as_array().unwrap().iter().find(|part| part["name"] == "serde").unwrap();
        assert_eq!(serde["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(serde["hashes"][0]["content"].as_str().unwrap().len(), 64);
    }

    #[test]
    fn only_a_bill_is_taken_for_one() {
        check_bill(&bill(&parts(Triple::X86_64).unwrap(), Triple::X86_64, Digest::of(b"program"))).unwrap();
        let said = |bytes: &[u8]| check_bill(bytes).unwrap_err().to_string();
        for wrong in [b"\x7fELF".as_slice(), b"", b"<bom/>", br#"{"bomFormat": "CycloneDX""#] {
            let found = said(wrong);
            assert!(found.starts_with("not a bill of materials: not JSON: "), "{found}");
        }
        let other = "not a bill of materials: bomFormat: expected CycloneDX, found ";
        for (wrong, found) in [("{}", "none"), ("[]", "none"), ("3", "none"), (r#"{"bomFormat": "SPDX"}"#, "SPDX")] {
            assert_eq!(said(wrong.as_bytes()), format!("{other}{found}"));
        }
    }

    #[test]
    fn each_text_stands_in_the_notices_once() {
        let part = |name: &str, text: &str| Part {
            name: name.into(),
            version: "1.0".into(),
            licence: None,
            checksum: None,
            texts: vec![("LICENSE".into(), text.into())],
        };
        let notices = notices(&[part("a", "terms\n"), part("b", "terms"), part("c", "other terms")]);
        assert_eq!(notices.matches("\nterms\n").count(), 1);
        assert!(notices.contains("\na 1.0, b 1.0\n\nterms\n"), "{notices}");
        assert!(notices.contains("\nc 1.0\n\nother terms\n"), "{notices}");
    }
}
