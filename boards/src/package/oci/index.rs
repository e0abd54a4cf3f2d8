//! What a layout's images are called: `index.json` has one entry for each release, and that leads to an index of the release's images, one for
//! each machine. Whoever copies an entry gets all machines; were each machine an entry, a name would stand for two images.

use std::collections::BTreeMap;
use std::io;

use moead_bundle::digest::Digest;
use serde_json::{Value, json};

use super::draft::Draft;
use super::layout::{Descriptor, INDEX, Layout, MANIFEST};
use super::{OciError, to_bytes};
use crate::places::PACKAGE;

/// The annotation with an entry's name.
const NAME: &str = "org.opencontainers.image.ref.name";

/// All entries of a layout.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Images of ours by their releases' names, in the order of their machines.
    releases: BTreeMap<String, Vec<Value>>,
    /// Entries of others, as they are.
    others: Vec<Value>,
    /// Where the releases were read from.
    documents: Vec<Digest>,
}

impl Index {
    /// That of a layout, which may have none yet. An image that is an entry itself, as ours once were, counts as one of its release.
    pub(super) fn read(layout: &Layout) -> Result<Self, OciError> {
        let text = match layout.index() {
            Ok(text) => text,
            Err(OciError::File(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error),
        };
        let mut index = Self::default();
        for entry in text["manifests"].as_array().into_iter().flatten() {
            let descriptor = Descriptor::parse(entry).ok();
            match (entry["annotations"][NAME].as_str(), descriptor) {
                (Some(name), Some(descriptor)) => index.add(layout, entry, name, &descriptor)?,
                _ => index.others.push(entry.clone()),
            }
        }
        Ok(index)
    }

    fn add(&mut self, layout: &Layout, entry: &Value, name: &str, descriptor: &Descriptor) -> Result<(), OciError> {
        let images = match descriptor.media_type.as_str() {
            MANIFEST => vec![image(descriptor, &entry["platform"])],
            INDEX => layout.read(descriptor)?["manifests"].as_array().cloned().unwrap_or_default(),
            _ => Vec::new(),
        };
        if !are_ours(layout, &images)? {
            self.others.push(entry.clone());
            return Ok(());
        }
        self.documents.extend((descriptor.media_type == INDEX).then_some(descriptor.digest));
        self.releases.entry(name.to_owned()).or_default().extend(images);
        Ok(())
    }

    /// Puts an image in the place of the one for the same machine, of whichever release that is. Its blobs stay.
    pub(super) fn put(&mut self, manifest: &Descriptor, architecture: &str, release: &str) {
        for images in self.releases.values_mut() {
            images.retain(|image| image["platform"]["architecture"] != architecture);
        }
        self.releases.retain(|_, images| !images.is_empty());
        self.others.retain(|entry| entry["annotations"][NAME] != release);
        let images = self.releases.entry(release.to_owned()).or_default();
        images.push(image(manifest, &json!({"architecture": architecture, "os": "linux"})));
        images.sort_by_key(|image| image["platform"]["architecture"].to_string());
    }

    /// Writes all but `index.json`: its text, and the documents that nothing refers to any more as soon as that is in its place.
    pub(super) fn write(&self, draft: &mut Draft) -> Result<(Vec<u8>, Vec<Digest>), OciError> {
        let mut entries = self.others.clone();
        let mut superseded = self.documents.clone();
        for (name, images) in &self.releases {
            let document = draft.write(&list(images), INDEX)?;
            superseded.retain(|digest| *digest != document.digest);
            let mut entry = document.to_json();
            entry["annotations"] = json!({NAME: name});
            entries.push(entry);
        }
        Ok((list(&entries), superseded))
    }
}

fn list(manifests: &[Value]) -> Vec<u8> {
    to_bytes(&json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}))
}

fn image(manifest: &Descriptor, platform: &Value) -> Value {
    let mut image = manifest.to_json();
    image["platform"] = platform.clone();
    image
}

/// Whether there are any, each for a machine, and each starts what ours start: others that lie in the same folder are left as they are.
fn are_ours(layout: &Layout, images: &[Value]) -> Result<bool, OciError> {
    for image in images {
        let Ok(descriptor) = Descriptor::parse(image) else { return Ok(false) };
        let manifest = layout.read(&descriptor)?;
        let Ok(config) = Descriptor::parse(&manifest["config"]) else { return Ok(false) };
        let config = layout.read(&config)?;
        let is_ours = config["config"]["Entrypoint"][0] == PACKAGE.program;
        if !is_ours || !image["platform"]["architecture"].is_string() {
            return Ok(false);
        }
    }
    Ok(!images.is_empty())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::temporaries::Temporaries;

    fn begin(folder: &Path) -> Draft {
        Draft::begin(folder, &Temporaries::default()).unwrap()
    }

    /// An image that starts that program, as far as an index looks.
    fn manifest(draft: &mut Draft, program: &str, words: &str) -> Descriptor {
        let config = json!({"config": {"Entrypoint": [program]}, "words": words});
        let config = draft.write(&to_bytes(&config), "application/vnd.oci.image.config.v1+json").unwrap();
        draft.write(&to_bytes(&json!({"config": config.to_json()})), MANIFEST).unwrap()
    }

    fn build(folder: &Path, architecture: &str, release: &str) {
        let mut draft = begin(folder);
        let image = manifest(&mut draft, PACKAGE.program, &format!("{release} {architecture}"));
        draft.finish(&image, architecture, release).unwrap();
    }

    /// Names of the entries, each with its machines.
    fn entries(folder: &Path) -> Vec<String> {
        let layout = Layout::open(folder).unwrap();
        let index = layout.index().unwrap();
        let entries = index["manifests"].as_array().unwrap().iter();
        let shown = entries.map(|entry| {
            let inner = layout.read(&Descriptor::parse(entry).unwrap()).unwrap();
            let images = inner["manifests"].as_array().into_iter().flatten();
            let machines: Vec<_> = images.map(|image| image["platform"]["architecture"].as_str().unwrap()).collect();
            format!("{}: {}", entry["annotations"][NAME].as_str().unwrap_or("none"), machines.join(" "))
        });
        shown.collect()
    }

    fn blobs(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder.join("blobs/sha256")).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_release_is_one_entry_with_all_machines_in_whichever_order_they_came() {
        let desk = tempfile::tempdir().unwrap();
        let [one, other] = ["one", "other"].map(|name| desk.path().join(name));
        for architecture in ["amd64", "arm64"] {
            build(&one, architecture, "1.4");
        }
        for architecture in ["arm64", "amd64", "arm64"] {
            build(&other, architecture, "1.4");
        }
        assert_eq!(entries(&one), ["1.4: amd64 arm64"]);
        let text = |folder: &Path| std::fs::read(folder.join("index.json")).unwrap();
        assert_eq!(text(&one), text(&other));
        assert_eq!(blobs(&one), blobs(&other));
    }

    #[test]
    fn the_machines_of_another_release_stay_until_theirs_are_built() {
        let desk = tempfile::tempdir().unwrap();
        let folder = desk.path().join("image");
        build(&folder, "amd64", "1");
        build(&folder, "arm64", "1");
        build(&folder, "arm64", "2");
        assert_eq!(entries(&folder), ["1: amd64", "2: arm64"]);
        build(&folder, "amd64", "2");
        assert_eq!(entries(&folder), ["2: amd64 arm64"]);
    }

    #[test]
    fn entries_of_the_older_form_become_one() {
        let desk = tempfile::tempdir().unwrap();
        let [old, new] = ["old", "new"].map(|name| desk.path().join(name));
        for architecture in ["amd64", "arm64"] {
            build(&new, architecture, "1.4");
        }
        let mut draft = begin(&old);
        let entries_once = ["amd64", "arm64"].map(|architecture| {
            let manifest = manifest(&mut draft, PACKAGE.program, &format!("1.4 {architecture}"));
            let mut entry = image(&manifest, &json!({"architecture": architecture, "os": "linux"}));
            entry["annotations"] = json!({NAME: "1.4"});
            entry
        });
        let layer = draft.write(b"not an entry of ours", "x").unwrap();
        draft.finish(&layer, "riscv64", "0").unwrap();
        std::fs::write(old.join("index.json"), list(&entries_once)).unwrap();
        build(&old, "arm64", "1.4");
        assert_eq!(entries(&old), ["1.4: amd64 arm64"]);
        let text = |folder: &Path| std::fs::read(folder.join("index.json")).unwrap();
        assert_eq!(text(&old), text(&new));
    }

    #[test]
    fn what_others_have_put_there_stays_as_it_is() {
        let desk = tempfile::tempdir().unwrap();
        let folder = desk.path().join("image");
        let mut draft = begin(&folder);
        let theirs = manifest(&mut draft, "/bin/sh", "debian");
        let theirs = list(&[image(&theirs, &json!({"architecture": "arm64", "os": "linux"}))]);
        let mut theirs = draft.write(&theirs, INDEX).unwrap().to_json();
        theirs["annotations"] = json!({NAME: "12-slim"});
        let nameless = manifest(&mut draft, "/bin/sh", "nameless").to_json();
        let ours = manifest(&mut draft, PACKAGE.program, "ours");
        draft.finish(&ours, "riscv64", "0").unwrap();
        std::fs::write(folder.join("index.json"), list(&[theirs, nameless])).unwrap();
        build(&folder, "arm64", "1");
        assert_eq!(entries(&folder), ["12-slim: arm64", "none: ", "1: arm64"]);
        build(&folder, "arm64", "2");
        assert_eq!(entries(&folder), ["12-slim: arm64", "none: ", "2: arm64"]);
    }
}
