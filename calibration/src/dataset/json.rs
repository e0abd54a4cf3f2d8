//! The lists of the published code: `train.json` and `test.json`, one JSON object a line.
//!
//! ```json
//! {"filename": "bottle/test/broken/000.png", "label": 1, "label_name": "defective", "maskname": "bottle/ground_truth/broken/000_mask.png", "clsname": "bottle"}
//! ```
//!
//! Paths are relative to the folder of pictures: that of the lists, or the first folder in it that has the first picture. `label` is 0
//! (good) or 1. A defective picture without `maskname` counts as defective all over.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::files::folders;
use super::{DatasetError, LineProblem, MaskSource, Sample, Split, Truth, limits};

#[derive(Deserialize)]
struct Line {
    filename: String,
    label: u8,
    #[serde(default)]
    label_name: Option<String>,
    #[serde(default)]
    maskname: Option<String>,
    clsname: String,
}

/// The lists that are there.
pub(super) fn lists(root: &Path) -> impl Iterator<Item = (PathBuf, Split)> {
    let lists = [("train.json", Split::Train), ("test.json", Split::Test)];
    lists.map(|(name, split)| (root.join(name), split)).into_iter().filter(|(path, _)| path.is_file())
}

/// All samples.
pub(super) fn samples(root: &Path) -> Result<Vec<Sample>, DatasetError> {
    let mut samples = Vec::new();
    for (list, split) in lists(root) {
        read(&list, split, &mut samples)?;
    }
    let Some(first) = samples.first() else { return Ok(samples) };
    let images = folder_of_images(root, &first.path)?;
    for sample in &mut samples {
        sample.path = images.join(&sample.path);
        if let Truth::Defective { mask: MaskSource::File(mask), .. } = &mut sample.truth {
            *mask = images.join(&mask);
        }
    }
    Ok(samples)
}

fn folder_of_images(root: &Path, first: &Path) -> Result<PathBuf, DatasetError> {
    let places = [root.to_owned()].into_iter().chain(folders(root)?);
    let found = places.into_iter().find(|place| place.join(first).is_file());
    found.ok_or_else(|| DatasetError::NoImages { root: root.to_owned(), picture: first.to_owned() })
}

fn read(list: &Path, split: Split, samples: &mut Vec<Sample>) -> Result<(), DatasetError> {
    let read = |source| DatasetError::Read { path: list.to_owned(), source };
    let file = File::open(list).map_err(read)?;
    if file.metadata().map_err(read)?.len() > limits::LIST_BYTES {
        return Err(DatasetError::TooLarge { path: list.to_owned(), most: limits::LIST_BYTES, unit: "bytes" });
    }
    let mut reader = BufReader::new(file);
    let mut bytes = Vec::new();
    for line in 1.. {
        let at = |problem| DatasetError::Line { path: list.to_owned(), line, problem };
        bytes.clear();
        let most = limits::LINE_BYTES as u64 + 1;
        if reader.by_ref().take(most).read_until(b'\n', &mut bytes).map_err(read)? == 0 {
            break;
        }
        if bytes.len() > limits::LINE_BYTES {
            return Err(at(LineProblem::TooLong));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| at(LineProblem::Encoding))?;
        if text.trim().is_empty() {
            continue;
        }
        if samples.len() == limits::SAMPLES {
            return Err(DatasetError::TooLarge {
                path: list.to_owned(),
                most: limits::SAMPLES as u64,
                unit: "pictures",
            });
        }
        samples.push(sample(text, split).map_err(at)?);
    }
    Ok(())
}

/// With paths as they are in the list.
fn sample(text: &str, split: Split) -> Result<Sample, LineProblem> {
    let line: Line = serde_json::from_str(text)?;
    let truth = match line.label {
        0 => Truth::Good,
        1 => {
            let mask = match line.maskname.filter(|name| !name.is_empty()) {
                Some(name) => MaskSource::File(inside("maskname", &name)?),
                None => MaskSource::Missing,
            };
            Truth::Defective { kind: line.label_name.unwrap_or_else(|| "defective".to_owned()), mask }
        }
        other => return Err(LineProblem::Value { field: "label", expected: "0 or 1", found: other.to_string() }),
    };
    if line.clsname.is_empty() {
        return Err(LineProblem::Value { field: "clsname", expected: "a name", found: String::new() });
    }
    Ok(Sample { path: inside("filename", &line.filename)?, product: line.clsname, split: Some(split), truth })
}

/// The path, if it has a name and stays in the folder that it is joined to. Links inside are the user's own affair.
pub(super) fn inside(field: &'static str, path: &str) -> Result<PathBuf, LineProblem> {
    let parts = || Path::new(path).components();
    let stays = parts().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if stays && parts().any(|part| matches!(part, Component::Normal(_))) {
        Ok(parts().filter(|part| matches!(part, Component::Normal(_))).collect())
    } else {
        Err(LineProblem::Outside { field, found: path.to_owned() })
    }
}
