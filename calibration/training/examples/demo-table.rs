//! Which of the drawn defects the model inside `moead-edge --demo` finds, as tables for people:
//! `demo-table EVALUATION.json VERDICTS.jsonl TEST`.
//!
//! EVALUATION.json is what `moead-eval --json` prints about the data set TEST, VERDICTS.jsonl what `moead-edge --format json` prints about
//! its pictures; TEST has the masks.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use moead_calibration::dataset::mask::Mask;
use moead_runtime::preprocess::decode;
use serde_json::Value;

const HEADING: &str = "\
# What the model of `moead-edge --demo` finds

Written by `make.sh`. Drawn defects on pictures that neither training nor calibration saw, at the calibrated thresholds: at most 1 % of good
pictures are called defective, at a confidence of 95 %.

";

/// A defective picture.
struct Seen {
    product: String,
    kind: String,
    is_found: bool,
    /// Share of the picture's pixels that the defect covers.
    area: f64,
    /// How far a pixel of the defect is from the mean of the pixels around, on average, in levels of 0 to 255.
    contrast: f64,
}

/// Found, of how many.
#[derive(Default, Clone, Copy)]
struct Share {
    found: usize,
    all: usize,
}

impl Share {
    fn of<'a>(seen: impl Iterator<Item = &'a Seen>) -> Self {
        seen.fold(Self::default(), |share, seen| Self {
            found: share.found + usize::from(seen.is_found),
            all: share.all + 1,
        })
    }

    fn text(self) -> String {
        match self.all {
            0 => "-".into(),
            all => format!("{:.0} % of {all}", 100.0 * self.found as f64 / all as f64),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [evaluation, verdicts, test] = &arguments[..] else {
        return Err("usage: demo-table EVALUATION.json VERDICTS.jsonl TEST".into());
    };
    let evaluation: Value = serde_json::from_slice(&fs::read(evaluation)?)?;
    let mut alarms: BTreeMap<String, Share> = BTreeMap::new();
    let mut seen = Vec::new();
    for line in fs::read_to_string(verdicts)?.lines() {
        let line: Value = serde_json::from_str(line)?;
        let (Some(verdict), Some(file)) = (line.get("verdict"), line["file"].as_str()) else { continue };
        let (product, is_found) = (text(&line["source"])?, verdict == "defect");
        let picture = Path::new(file);
        let kind = picture.parent().and_then(Path::file_name).and_then(|name| name.to_str()).ok_or("no folder")?;
        if kind == "good" {
            let share = alarms.entry(product).or_default();
            share.found += usize::from(is_found);
            share.all += 1;
            continue;
        }
        let name = picture.file_stem().and_then(|name| name.to_str()).ok_or("no name")?;
        let mask = test.join(&product).join("ground_truth").join(kind).join(format!("{name}_mask.png"));
        let (area, contrast) = size_and_contrast(picture, &mask)?;
        seen.push(Seen { product, kind: kind.to_owned(), is_found, area, contrast });
    }
    let mut page = HEADING.to_owned();
    let products: Vec<&String> = alarms.keys().collect();
    writeln!(page, "| product | image AUROC | pixel AUROC | AUPRO | defects found | false alarms |")?;
    writeln!(page, "| --- | --- | --- | --- | --- | --- |")?;
    for &product in &products {
        let figures = &evaluation["products"][product];
        let figure = |name: &str| figures[name].as_f64().map_or("-".into(), |value| format!("{value:.3}"));
        let found = Share::of(seen.iter().filter(|seen| seen.product == *product));
        let [image, pixel, pro] = ["image_auroc", "pixel_auroc", "aupro"].map(figure);
        writeln!(page, "| {product} | {image} | {pixel} | {pro} | {} | {} |", found.text(), alarms[product].text())?;
    }
    for (title, groups) in [
        ("kind", kinds(&seen)),
        ("size (share of the picture)", thirds(&seen, |seen| 100.0 * seen.area, "%")),
        ("contrast (levels of 255)", thirds(&seen, |seen| seen.contrast, "")),
    ] {
        let names: Vec<&str> = products.iter().map(|name| name.as_str()).collect();
        writeln!(page, "\n| {title} | {} |", names.join(" | "))?;
        writeln!(page, "| --- |{}", " --- |".repeat(names.len()))?;
        for (name, is_in) in groups {
            let share =
                |product: &str| Share::of(seen.iter().filter(|seen| seen.product == product && is_in(seen))).text();
            let shares: Vec<String> = names.iter().map(|product| share(product)).collect();
            writeln!(page, "| {name} | {} |", shares.join(" | "))?;
        }
    }
    std::io::Write::write_all(&mut std::io::stdout(), page.as_bytes())?;
    Ok(())
}

fn text(value: &Value) -> Result<String, Box<dyn Error>> {
    Ok(value.as_str().ok_or("expected a text")?.to_owned())
}

type Group = (String, Box<dyn Fn(&Seen) -> bool>);

fn kinds(seen: &[Seen]) -> Vec<Group> {
    let mut kinds: Vec<&String> = seen.iter().map(|seen| &seen.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let group = |kind: &String| {
        let name = kind.clone();
        (kind.clone(), Box::new(move |seen: &Seen| seen.kind == name) as Box<dyn Fn(&Seen) -> bool>)
    };
    kinds.into_iter().map(group).collect()
}

/// The lowest third of a number, the middle and the highest.
fn thirds(seen: &[Seen], number: fn(&Seen) -> f64, unit: &str) -> Vec<Group> {
    let mut numbers: Vec<f64> = seen.iter().map(number).collect();
    numbers.sort_by(f64::total_cmp);
    let at = |share: usize| numbers.get(numbers.len() * share / 3).copied().unwrap_or(0.0);
    let (low, high) = (at(1), at(2));
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    vec![
        (format!("below {low:.1}{unit}"), Box::new(move |seen| number(seen) < low)),
        (format!("{low:.1} to {high:.1}{unit}"), Box::new(move |seen| (low..high).contains(&number(seen)))),
        (format!("from {high:.1}{unit} on"), Box::new(move |seen| number(seen) >= high)),
    ]
}

fn size_and_contrast(picture: &Path, mask: &Path) -> Result<(f64, f64), Box<dyn Error>> {
    let picture = decode::read(picture)?;
    let mask = Mask::read(mask)?;
    let size = picture.size();
    if mask.size != size {
        return Err("a mask of another size than its picture".into());
    }
    let defective = mask.pixels.iter().filter(|&&pixel| pixel > 0).count();
    // Around: the box of the defect, a tenth of the picture larger on each side.
    let places = || mask.pixels.iter().enumerate().filter(|(_, pixel)| **pixel > 0).map(|(at, _)| at);
    let (rows, columns) = (|at: usize| at / size.width, |at: usize| at % size.width);
    let bounds = |of: fn(usize, usize) -> usize| {
        let low = places().map(|at| of(at, size.width)).min().unwrap_or(0);
        (low, places().map(|at| of(at, size.width)).max().unwrap_or(0))
    };
    let (top, bottom) = bounds(|at, width| at / width);
    let (left, right) = bounds(|at, width| at % width);
    let room = size.width / 10;
    let is_near = |at: usize| {
        (top.saturating_sub(room)..=bottom + room).contains(&rows(at))
            && (left.saturating_sub(room)..=right + room).contains(&columns(at))
    };
    let level = |at: usize| picture.pixels()[3 * at..3 * at + 3].iter().map(|&byte| f64::from(byte)).sum::<f64>() / 3.0;
    let around: Vec<f64> =
        (0..mask.pixels.len()).filter(|&at| mask.pixels[at] == 0 && is_near(at)).map(level).collect();
    let mean = around.iter().sum::<f64>() / around.len().max(1) as f64;
    let contrast = places().map(|at| (level(at) - mean).abs()).sum::<f64>() / defective.max(1) as f64;
    Ok((defective as f64 / mask.pixels.len() as f64, contrast))
}
