//! A container image: a folder in the form of the OCI image layout, which podman, skopeo, containerd and Docker read.
//!
//! One folder holds an image for each machine: building into a folder that has one for the other machine adds to it, and a release's images are
//! one entry, whatever the order in which they were built. The program needs glibc, and an image has nothing but what is put into it, so it
//! stands on a base image of the same layout. Blobs are named after their SHA-256 and written first, the index last: a reader sees the old
//! images or the new ones, and what fails leaves the old ones alone.

use std::io;
use std::path::Path;

use moead_bundle::digest::Digest;
use moead_bundle::version::Version;
use serde_json::{Value, json};

use super::archive::{File, gzip, tar};
use crate::assemble::Files;
use crate::places::PACKAGE;
use crate::profile::Triple;
use crate::temporaries::Temporaries;

pub mod base;
mod draft;
mod index;
mod layout;

use base::Base;
use draft::Draft;
use layout::Descriptor;

/// Why an image cannot be written, or its base not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OciError {
    /// The file system's own.
    #[error(transparent)]
    File(#[from] io::Error),
    /// A folder of something else.
    #[error("not an OCI image layout: {0}")]
    Form(String),
    /// Larger than any honest one.
    #[error("{part}: {found} bytes, expected at most {limit}")]
    TooLarge {
        /// What.
        part: String,
        /// Bytes.
        found: u64,
        /// Bytes.
        limit: u64,
    },
    /// A blob that is not what its name says.
    #[error("blob {expected}: damaged: found {found}")]
    Blob {
        /// By whoever refers to it.
        expected: String,
        /// In words.
        found: String,
    },
    /// No image for the machine.
    #[error("no image for {expected}, found {}", if found.is_empty() { "none".into() } else { found.join(", ") })]
    Architecture {
        /// Of the profile.
        expected: &'static str,
        /// Those that are there.
        found: Vec<String>,
    },
    /// The program would find no library.
    #[error("the program needs {}, and an image without a base has none", found.join(", "))]
    NoBase {
        /// Names.
        found: Vec<String>,
    },
    /// Nor there.
    #[error("the program needs {}, and the base is empty", found.join(", "))]
    EmptyBase {
        /// Names.
        found: Vec<String>,
    },
}

/// What is said about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// Of the model, for people.
    pub name: String,
    /// Of the release.
    pub version: Version,
    /// For which machine.
    pub triple: Triple,
}

/// What a container starts with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Variables.
    pub environment: Vec<(String, String)>,
    /// Flags; whoever runs the image may give others in their place.
    pub arguments: Vec<String>,
}

/// Writes the image into the layout at `folder`, which is made when it is not there. `files` are for [`PACKAGE`]; without a base the
/// program must be linked statically.
///
/// # Errors
/// [`OciError`]; then the folder is as it was before.
pub fn write(
    folder: &Path,
    base: Option<&Base>,
    files: &Files,
    start: &Start,
    labels: &Labels,
    temporaries: &Temporaries,
) -> Result<(), OciError> {
    let architecture = labels.triple.architecture();
    let mut draft = Draft::begin(folder, temporaries)?;
    let (mut layers, mut config) = match base {
        Some(base) => (base.copy_layers(&mut draft)?, base.config().clone()),
        None => (Vec::new(), json!({"rootfs": {"type": "layers", "diff_ids": []}})),
    };
    let layer = tar(&tree(files), Vec::new())?;
    let diff_id = format!("sha256:{}", Digest::of(&layer));
    layers.push(draft.write(&gzip(&layer)?, "application/vnd.oci.image.layer.v1.tar+gzip")?);
    config["architecture"] = architecture.into();
    config["os"] = "linux".into();
    config["config"] = start_config(start);
    let words = format!("moead-board: release {} of {}", labels.version, labels.name);
    append(&mut config["history"], json!({"created_by": words}))?;
    append(&mut config["rootfs"]["diff_ids"], diff_id.into())?;
    let config = draft.write(&to_bytes(&config), "application/vnd.oci.image.config.v1+json")?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": layout::MANIFEST,
        "config": config.to_json(),
        "layers": layers.iter().map(Descriptor::to_json).collect::<Vec<_>>(),
        "annotations": {
            "org.opencontainers.image.title": labels.name,
            "org.opencontainers.image.version": labels.version.to_string(),
        },
    });
    let manifest = draft.write(&to_bytes(&manifest), layout::MANIFEST)?;
    draft.finish(&manifest, architecture, &labels.version.to_string())
}

fn to_bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).expect("a document has string keys only")
}

/// Appends to a list, which is made when there is none.
fn append(list: &mut Value, value: Value) -> Result<(), OciError> {
    if list.is_null() {
        *list = json!([]);
    }
    let list = list.as_array_mut().ok_or_else(|| OciError::Form("its configuration has no lists of layers".into()))?;
    list.push(value);
    Ok(())
}

fn start_config(start: &Start) -> Value {
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned();
    let variables = start.environment.iter().map(|(name, value)| format!("{name}={value}"));
    json!({
        // Nobody; the group of the host's cameras is given by whoever runs it.
        "User": "65532:65532",
        "Env": std::iter::once(path).chain(variables).collect::<Vec<_>>(),
        "Entrypoint": [PACKAGE.program],
        "Cmd": start.arguments,
        "StopSignal": "SIGTERM",
    })
}

fn tree(files: &Files) -> Vec<File> {
    let doc = |name: &str| format!("usr/share/doc/moead-edge/{name}");
    let mut tree = vec![
        File::program(PACKAGE.program, files.program.clone()),
        File::plain(PACKAGE.model, files.model.clone()),
        File::plain(&doc("sbom.cdx.json"), files.bill.clone()),
    ];
    tree.extend(files.licences.map(|(name, text)| File::plain(&doc(name), text)));
    tree.extend(files.notices.as_ref().map(|text| File::plain(&doc("third-party.txt"), text.as_str())));
    tree
}
