//! VisA: as it is published (`split_csv/1cls.csv` beside the products), or as its own script rearranges it (`1cls`: like MVTec-AD, with
//! one kind of defect, `bad`, and masks that are named as their pictures).
//!
//! Zou and others, "SPot-the-Difference Self-Supervised Pre-training for Anomaly Detection and Segmentation" (ECCV 2022). The list has a
//! line `object,split,label,image,mask` for each picture, paths relative to the data set's folder.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::json::inside;
use super::mvtec::{self, MaskNames};
use super::{DatasetError, LineProblem, MaskSource, Sample, Split, Truth, limits};

/// What all defects are called: the data set has their kinds in another list.
const KIND: &str = "bad";

/// The list.
pub(super) fn list(root: &Path) -> PathBuf {
    root.join("split_csv/1cls.csv")
}

/// Whether a folder is a product of the `1cls` tree, not of MVTec-AD.
pub(super) fn is_product(folder: &Path) -> bool {
    folder.join("test").join(KIND).is_dir() || folder.join("ground_truth").join(KIND).is_dir()
}

#[derive(Deserialize)]
struct Line {
    object: String,
    split: String,
    label: String,
    image: String,
    #[serde(default)]
    mask: String,
}

/// All samples.
pub(super) fn samples(root: &Path) -> Result<Vec<Sample>, DatasetError> {
    let list = list(root);
    if !list.is_file() {
        // The script writes `1cls` into the data set's folder.
        let below = root.join("1cls");
        return mvtec::samples(if below.is_dir() { &below } else { root }, MaskNames::Same);
    }
    let read = |source| DatasetError::Read { path: list.clone(), source };
    let file = File::open(&list).map_err(read)?;
    if file.metadata().map_err(read)?.len() > limits::TABLE_BYTES {
        return Err(DatasetError::TooLarge { path: list, most: limits::TABLE_BYTES, unit: "bytes" });
    }
    let mut reader = csv::Reader::from_reader(file);
    let headers = reader.headers().map_err(|error| at(&list, 1, error.into()))?.clone();
    let mut record = csv::StringRecord::new();
    let mut samples = Vec::new();
    loop {
        let line = reader.position().line();
        if !reader.read_record(&mut record).map_err(|error| at(&list, line, error.into()))? {
            return Ok(samples);
        }
        let line = record.position().map_or(line, csv::Position::line);
        if record.as_slice().len() > limits::LINE_BYTES {
            return Err(at(&list, line, LineProblem::TooLong));
        }
        if samples.len() == limits::SAMPLES {
            return Err(DatasetError::TooLarge { path: list, most: limits::SAMPLES as u64, unit: "pictures" });
        }
        let fields = record.deserialize::<Line>(Some(&headers)).map_err(|error| at(&list, line, error.into()))?;
        samples.push(sample(root, fields).map_err(|problem| at(&list, line, problem))?);
    }
}

fn at(list: &Path, line: u64, problem: LineProblem) -> DatasetError {
    DatasetError::Line { path: list.to_owned(), line, problem }
}

fn sample(root: &Path, line: Line) -> Result<Sample, LineProblem> {
    let split = match line.split.as_str() {
        "train" => Split::Train,
        "test" => Split::Test,
        _ => return Err(LineProblem::Value { field: "split", expected: "train or test", found: line.split }),
    };
    let truth = match line.label.as_str() {
        "normal" => Truth::Good,
        "anomaly" if line.mask.is_empty() => Truth::Defective { kind: KIND.to_owned(), mask: MaskSource::Missing },
        "anomaly" => {
            let mask = MaskSource::File(root.join(inside("mask", &line.mask)?));
            Truth::Defective { kind: KIND.to_owned(), mask }
        }
        _ => return Err(LineProblem::Value { field: "label", expected: "normal or anomaly", found: line.label }),
    };
    let path = root.join(inside("image", &line.image)?);
    Ok(Sample { path, product: line.object, split: Some(split), truth })
}
