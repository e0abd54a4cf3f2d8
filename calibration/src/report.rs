//! An evaluation as a page for a browser: one file that fetches nothing.
//!
//! Styles, charts (SVG) and pictures (JPEG) are inside of the page; it has no script, and says so to the browser, which then refuses any
//! other. Names from the data set are text, whatever they look like.

mod base64;
pub mod calibration;
mod chart;
mod exhibit;
mod markup;
mod table;
pub mod training;

use crate::evaluation::baseline::Baseline;
use crate::evaluation::comparison::Comparison;
use crate::evaluation::document::Subject;
use crate::evaluation::figures::Figure;
use crate::evaluation::notes::{self, notes};
use crate::evaluation::{Curves, Evaluation, Product};
use crate::metrics::ranking::Truth;
use chart::{Curve, Histogram, Mark};
use markup::escaped;

const STYLE: &str = include_str!("report/style.css");

/// What an interval in a table of differences is.
const INTERVALS: &str = "Intervals are of the difference of image AUROCs, at 95 %: a paired bootstrap over pictures. One that has 0 inside is no \
                         difference that these pictures could show.";

/// How lines of a chart are told apart; classes of the style sheet.
const LINES: [&str; 2] = ["first", "second"];

/// The page about one model.
pub fn evaluation(subject: &Subject, evaluation: &Evaluation) -> String {
    let mut body = heading(&format!("How well {} tells defects", file_name(&subject.model)), subject, evaluation);
    body += &format!("<p class=\"small\">judged by {}</p>", judge(subject));
    body += &tiles(evaluation);
    body += &table::evaluation(evaluation);
    body += &remarks(subject, evaluation, None);
    for product in &evaluation.products {
        body += &format!("<section id=\"{}\">{}", anchor(&product.name), title(product));
        body += &charts(&[("", product)]);
        body += &gallery(product);
        body += "</section>";
    }
    page(&file_name(&subject.model), &body)
}

/// The page about a model, with a baseline beside it wherever there are figures.
pub fn with_baseline(subject: &Subject, found: &Evaluation, baseline: &Baseline, comparison: &Comparison) -> String {
    let name = file_name(&subject.model);
    let mut body = heading(&format!("How well {name} tells defects, and how well PaDiM"), subject, found);
    body += &format!("<p class=\"small\">judged by {}</p>", judge(subject));
    body += &tiles(found);
    body += &table::comparison([&baseline.evaluation, found], ["PaDiM", "model", "model − PaDiM"], comparison);
    body += "<p class=\"small\">PaDiM is a simpler detector: a Gaussian for each place of the feature grid, fitted to the good pictures for training, on \
             the very features that the model rebuilds; map and score are made of its distances as of the model's. Where the model's row is not \
             better, the model's reconstruction is worth nothing on these pictures. ";
    body += INTERVALS;
    body += "</p>";
    body += &remarks(subject, found, None);
    let further = notes::of_baseline(&baseline.evaluation, found, subject.size);
    let further = further.into_iter().map(|note| format!("PaDiM: {}", note.sentence()));
    let told = baseline.fits.iter().map(ToString::to_string).chain(further);
    let items: String = told.map(|text| format!("<li>{}</li>", escaped(&text))).collect();
    body += &format!("<ul class=\"notes\">{items}</ul>");
    for (peer, product) in baseline.evaluation.products.iter().zip(&found.products) {
        body += &format!("<section id=\"{}\">{}", anchor(&product.name), title(product));
        body += &charts(&[("PaDiM", peer), ("model", product)]);
        body += &gallery(product);
        body += "</section>";
    }
    page(&name, &body)
}

/// The page about two models.
pub fn comparison(models: [(&Subject, &Evaluation); 2], comparison: &Comparison) -> String {
    let [(first, first_found), (second, second_found)] = models;
    let name = format!("{} and {}", file_name(&first.model), file_name(&second.model));
    let mut body = heading(&format!("{name}, compared"), first, first_found);
    body += &format!(
        "<ul class=\"key\"><li class=\"first\">A: {}</li><li class=\"second\">B: {}</li></ul>",
        judge(first),
        judge(second)
    );
    body += &table::comparison([first_found, second_found], ["A", "B", "B − A"], comparison);
    body += &format!("<p class=\"small\">{INTERVALS}</p>");
    for (subject, found, label) in [(first, first_found, "A"), (second, second_found, "B")] {
        body += &remarks(subject, found, Some(label));
    }
    for (first, second) in first_found.products.iter().zip(&second_found.products) {
        body += &format!("<section id=\"{}\">{}", anchor(&first.name), title(first));
        body += &charts(&[("A", first), ("B", second)]);
        body += "</section>";
    }
    page(&name, &body)
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n",
        escaped(title)
    )
}

fn heading(title: &str, subject: &Subject, evaluation: &Evaluation) -> String {
    let pictures: usize = evaluation.products.iter().map(|product| product.pictures.len()).sum();
    let products = match evaluation.products.len() {
        1 => "1 product".to_owned(),
        count => format!("{count} products"),
    };
    format!(
        "<header><h1>{}</h1><p>{pictures} pictures of {products} in <code>{}</code>, layout {}</p></header>",
        escaped(title),
        escaped(&subject.data),
        escaped(&subject.layout),
    )
}

/// What judged the pictures.
fn judge(subject: &Subject) -> String {
    format!("<code>{}</code> at {} on {}", escaped(&subject.model), subject.size, escaped(&subject.engine))
}

/// The figures that papers name first, large.
fn tiles(evaluation: &Evaluation) -> String {
    let mean = evaluation.mean();
    let tile = |figure: Figure| {
        let value = mean
            .get(figure)
            .as_ref()
            .map_or("–".to_owned(), |value| format!("{}<small> %</small>", markup::percent(*value)));
        let of = if evaluation.products.len() > 1 { ", mean of products" } else { "" };
        format!("<div><strong>{value}</strong><span>{}{of}</span></div>", figure.title())
    };
    let shown = [Figure::ImageAuroc, Figure::PixelAuroc, Figure::Aupro, Figure::ImageF1max];
    format!("<div class=\"tiles\">{}</div>", shown.map(tile).concat())
}

fn remarks(subject: &Subject, evaluation: &Evaluation, label: Option<&str>) -> String {
    let label = label.map_or(String::new(), |label| format!("{label}: "));
    let notes = notes(evaluation, subject.size).into_iter().map(|note| note.sentence());
    let unreadable = evaluation.unjudged.iter().map(|(path, cause)| format!("left out: {}: {cause}", path.display()));
    markup::remarks(notes.chain(unreadable).map(|text| format!("{label}{text}")))
}

fn title(product: &Product) -> String {
    let count = |truth| product.count(truth);
    format!(
        "<h2>{}</h2><p class=\"small\">{} good pictures, {} defective ones</p>",
        escaped(&product.name),
        count(Truth::Good),
        count(Truth::Defective)
    )
}

fn charts(products: &[(&str, &Product)]) -> String {
    let curves = |of: fn(&Product) -> Option<&Curves>, figures: [Figure; 2]| -> String {
        let lines = || {
            products
                .iter()
                .zip(LINES)
                .filter_map(|((label, product), class)| Some((*label, *product, of(product)?, class)))
        };
        let legend = |figure: Figure, label: &str, product: &Product| {
            let value = product.figures.get(figure).as_ref().map_or("–".to_owned(), |value| markup::percent(*value));
            let name = figure.title().split(' ').next_back().unwrap_or_default();
            if label.is_empty() { format!("{name} {value}") } else { format!("{label}: {name} {value}") }
        };
        if lines().next().is_none() {
            return String::new();
        }
        let what = figures[0].title().split(' ').next().unwrap_or_default();
        let roc: Vec<_> = lines()
            .map(|(label, product, curves, class)| {
                Curve::of_roc(&curves.roc, class, legend(figures[0], label, product))
            })
            .collect();
        let precision: Vec<_> = lines()
            .map(|(label, product, curves, class)| {
                Curve::of_precision(&curves.precision, class, legend(figures[1], label, product))
            })
            .collect();
        chart::roc(&format!("ROC over {what}s"), &roc)
            + &chart::precision(&format!("Precision and recall over {what}s"), &precision)
    };
    let judged = products.iter().filter(|(_, product)| !product.pictures.is_empty());
    let histograms = judged.map(|(label, product)| {
        let name = if label.is_empty() { "Scores".to_owned() } else { format!("Scores of {label}") };
        let (scores, truths) = product.scores();
        let mark = product.threshold.map(|at| Mark { name: "best F1", at });
        Histogram::of(&scores, &truths, mark).draw(&name, "score")
    });
    format!(
        "<div class=\"charts\">{}{}{}</div>",
        histograms.collect::<String>(),
        curves(|product| product.image_curves.as_ref(), [Figure::ImageAuroc, Figure::ImageAp]),
        curves(|product| product.pixel_curves.as_ref(), [Figure::PixelAuroc, Figure::PixelAp]),
    )
}

fn gallery(product: &Product) -> String {
    let scale = exhibit::scale(&product.gallery);
    let row = |heading, truth| exhibit::row(heading, &product.gallery, scale, truth, product.threshold);
    let legend = "<p class=\"small\">Left the picture, right the same under its anomaly map; the line surrounds what the mask calls defective. \
                  Colours mean the same in all pictures of a product. Verdicts are those at the threshold of the best F1, which was found on these \
                  very pictures.</p>";
    let low = row("Defective pictures of the lowest scores", Truth::Defective);
    let high = row("Good pictures of the highest scores", Truth::Good);
    format!("{low}{high}{legend}")
}

/// Without folders.
fn file_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

/// A name for links inside of the page, of characters that need no quoting; different for different products.
fn anchor(product: &str) -> String {
    let plain = |character: char| {
        if character.is_ascii_alphanumeric() { character.to_string() } else { format!("_{:x}_", u32::from(character)) }
    };
    format!("product-{}", product.chars().map(plain).collect::<String>())
}

#[cfg(test)]
mod tests;
