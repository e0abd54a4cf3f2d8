//! A calibration as a page for a browser.

use std::path::PathBuf;

use moead_model::architecture::ImageSize;
use moead_model::calibration::Calibration;

use super::chart::{Histogram, Mark};
use super::markup::{escaped, remarks, score};
use super::{anchor, exhibit, file_name, page as whole};
use crate::calibrate::answers::Answers;
use crate::calibrate::product::Fitted;
use crate::calibrate::promise::{Percent, Promise};
use crate::metrics::ranking::Truth;
use crate::outliers::Standing;

/// What was calibrated, and by what.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// The model file, as given.
    pub model: String,
    /// What judged the pictures.
    pub engine: String,
    /// The network's input.
    pub size: ImageSize,
    /// As in the file.
    pub calibration: &'a Calibration,
    /// Pictures without an answer, with the cause.
    pub unjudged: &'a [(PathBuf, String)],
}

/// The page: for each product its promise in words, its scores, and the good pictures of the highest scores.
pub fn page<'a>(subject: &Subject<'_>, products: impl Iterator<Item = (&'a str, &'a Answers, &'a Fitted)>) -> String {
    let name = file_name(&subject.model);
    let target = &subject.calibration.target;
    let mut body = format!(
        "<header><h1>What {} promises</h1><p>At most {} of good pictures called defective, at a confidence of {}</p></header>\
         <p class=\"small\">judged by <code>{}</code> at {} on {}, {}</p>",
        escaped(&name),
        Percent(target.false_alarms),
        Percent(target.confidence),
        escaped(&subject.model),
        subject.size,
        escaped(&subject.engine),
        escaped(&subject.calibration.created),
    );
    let unreadable = subject.unjudged.iter().map(|(path, cause)| format!("left out: {}: {cause}", path.display()));
    body += &remarks(unreadable);
    for (name, answers, fitted) in products {
        body += &section(name, answers, fitted, subject);
    }
    whole(&name, &body)
}

fn section(name: &str, answers: &Answers, fitted: &Fitted, subject: &Subject<'_>) -> String {
    let product = &fitted.product;
    let promise = Promise { product, target: &subject.calibration.target };
    let mut text = format!(
        "<section id=\"{}\"><h2>{}</h2><p>{}</p>",
        anchor(name),
        escaped(name),
        escaped(&sentence(&promise.to_string()))
    );
    text += &tiles(fitted);
    let excluded = product.excluded.iter().map(|file| format!("left out: {file}"));
    let copies = (answers.copies.found > 0).then(|| answers.copies.to_string());
    text += &remarks(copies.into_iter().chain(fitted.missing.iter().map(ToString::to_string)).chain(excluded));
    let good = answers.good.iter().map(|answer| (answer.score, Truth::Good));
    let defective = answers.defective.iter().map(|(_, score)| (*score, Truth::Defective));
    let (scores, truths): (Vec<_>, Vec<_>) = good.chain(defective).unzip();
    let threshold = Mark { name: "threshold", at: product.threshold };
    let scores = Histogram::of(&scores, &truths, Some(threshold)).draw("Scores of pictures", "score");
    let peaks: Vec<f32> = answers.good.iter().map(|answer| answer.regions.peak()).collect();
    let regions = product.pixel_threshold.map(|at| Mark { name: "regions from", at });
    let peaks = Histogram::of(&peaks, &vec![Truth::Good; peaks.len()], regions)
        .draw("Largest values of their maps", "largest value");
    text += &format!("<div class=\"charts\">{scores}{peaks}</div>");
    text += &gallery(answers, fitted);
    text + "</section>"
}

/// The first letter large, a full stop at the end.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first: String = characters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}

fn tiles(fitted: &Fitted) -> String {
    let product = &fitted.product;
    let tile = |value: String, name: &str| format!("<div><strong>{value}</strong><span>{name}</span></div>");
    let pixel = product.pixel_threshold.map_or("–".to_owned(), score);
    let drift = product.drift.as_ref().map_or("–".to_owned(), |drift| drift.window.to_string());
    format!(
        "<div class=\"tiles\">{}{}{}{}{}</div>",
        tile(score(product.threshold), "threshold: from here on defective, severity 1"),
        tile(score(product.score.median as f32), "median of good pictures, severity 0"),
        tile(pixel, "regions begin here"),
        tile(product.images.to_string(), "good pictures"),
        tile(drift, "pictures of a window of drift"),
    )
}

fn gallery(answers: &Answers, fitted: &Fitted) -> String {
    let mut gallery = answers.gallery.clone();
    for shown in &mut gallery.high_good {
        let mut outliers = fitted.suspects.iter().filter(|(_, suspect)| suspect.standing == Standing::Outlier);
        shown.kind = outliers.any(|(path, _)| *path == shown.path).then(|| "stands apart".to_owned());
    }
    let scale = exhibit::scale(&gallery);
    let row = |heading, truth| exhibit::row(heading, &gallery, scale, truth, Some(fitted.product.threshold));
    let good = row("Good pictures of the highest scores: are they good?", Truth::Good);
    let defective = row("Defective pictures of the lowest scores", Truth::Defective);
    let legend = "<p class=\"small\">Left the picture, right the same under its anomaly map. Colours mean the same in all pictures of a product. \
                  One defect among the good pictures raises the threshold, and hides others like it.</p>";
    format!("{good}{defective}{legend}")
}
