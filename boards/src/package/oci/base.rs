//! The image that ours stands on: found by machine, its layers taken over as they are.

use std::path::Path;

use serde_json::Value;

use super::OciError;
use super::draft::Draft;
use super::layout::{Descriptor, Layout, MANIFEST};
use crate::profile::Triple;

/// Docker's name for the same document.
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Layers of an image; Docker allows 127.
const MOST_LAYERS: usize = 256;
/// An index may refer to another; ours look one level down.
const DEEPEST: usize = 2;

/// An image for one machine.
#[derive(Debug)]
pub struct Base {
    layout: Layout,
    config: Value,
    layers: Vec<Descriptor>,
}

impl Base {
    /// Finds the image for a machine in a layout, and compares all of it with its digests.
    ///
    /// # Errors
    /// [`OciError`]
    pub fn open(folder: &Path, triple: Triple) -> Result<Self, OciError> {
        let architecture = triple.architecture();
        let layout = Layout::open(folder)?;
        let mut found = Vec::new();
        let base = search(&layout, &layout.index()?, architecture, DEEPEST, &mut found)?;
        let (config, layers) = base.ok_or(OciError::Architecture { expected: architecture, found })?;
        check_lists(&config, layers.len())?;
        layers.iter().try_for_each(|layer| layout.check(layer))?;
        Ok(Self { layout, config, layers })
    }

    /// Whether nothing at all is in it. What its layers have is not looked at.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    pub(super) fn config(&self) -> &Value {
        &self.config
    }

    /// Copies the layers; each is compared with its digest.
    pub(super) fn copy_layers(&self, into: &mut Draft) -> Result<Vec<Descriptor>, OciError> {
        for layer in &self.layers {
            into.copy(&self.layout, layer)?;
        }
        Ok(self.layers.clone())
    }
}

/// Whether a configuration has what ours is appended to: a list of all layers, and a history or none.
fn check_lists(config: &Value, layers: usize) -> Result<(), OciError> {
    let form = |words: String| Err(OciError::Form(format!("its configuration: {words}")));
    let ids = config["rootfs"]["diff_ids"].as_array().filter(|ids| ids.iter().all(Value::is_string));
    match ids.map(Vec::len) {
        None => return form("rootfs.diff_ids: expected a list of texts".into()),
        Some(found) if found != layers => return form(format!("rootfs.diff_ids: {found} of them, expected {layers}")),
        Some(_) => {}
    }
    let history = &config["history"];
    if history.is_null() || history.is_array() { Ok(()) } else { form("history: expected a list".into()) }
}

/// Configuration and layers of the first image for the machine. `found`: machines of the others.
fn search(
    layout: &Layout,
    index: &Value,
    architecture: &str,
    deeper: usize,
    found: &mut Vec<String>,
) -> Result<Option<(Value, Vec<Descriptor>)>, OciError> {
    let images = index["manifests"].as_array().ok_or_else(|| OciError::Form("an index without manifests".into()))?;
    for image in images {
        let descriptor = Descriptor::parse(image)?;
        let document = layout.read(&descriptor)?;
        if ![MANIFEST, DOCKER_MANIFEST].contains(&descriptor.media_type.as_str()) {
            if deeper > 0 && document["manifests"].is_array() {
                let inner = search(layout, &document, architecture, deeper - 1, found)?;
                if inner.is_some() {
                    return Ok(inner);
                }
            }
            continue;
        }
        let config = layout.read(&Descriptor::parse(&document["config"])?)?;
        match config["architecture"].as_str() {
            Some(machine) if machine == architecture => {
                let layers = document["layers"].as_array().map_or(&[] as &[Value], Vec::as_slice);
                if layers.len() > MOST_LAYERS {
                    return Err(OciError::Form(format!("{} layers, expected at most {MOST_LAYERS}", layers.len())));
                }
                let layers = layers.iter().map(Descriptor::parse).collect::<Result<_, _>>()?;
                return Ok(Some((config, layers)));
            }
            machine => found.push(machine.unwrap_or("unknown").to_owned()),
        }
    }
    Ok(None)
}
