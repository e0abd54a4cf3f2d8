//! The tables of the page.

use super::anchor;
use super::markup::{escaped, percent};
use crate::evaluation::Evaluation;
use crate::evaluation::comparison::{Comparison, ProductDifference};
use crate::evaluation::figures::{Figure, Figures};
use crate::metrics::ranking::Truth;

/// Which columns are of pictures and which of pixels, and their names. `first` stands in front of the figures.
fn head(first: &[&str]) -> String {
    let name = |figure: Figure| figure.title().split(' ').next_back().unwrap_or_default();
    let first: String = first.iter().map(|name| format!("<th rowspan=\"2\">{name}</th>")).collect();
    let names = Figure::ALL.map(|figure| format!("<th>{}</th>", name(figure))).concat();
    format!(
        "<thead><tr>{first}<th colspan=\"3\" class=\"group\">pictures, %</th><th colspan=\"4\" class=\"group\">pixels, %</th></tr>\
         <tr>{names}</tr></thead>"
    )
}

pub(super) fn evaluation(evaluation: &Evaluation) -> String {
    let row = |product: &crate::evaluation::Product| {
        let counts = [Truth::Good, Truth::Defective].map(|truth| format!("<td>{}</td>", product.count(truth))).concat();
        let interval = product
            .auroc_interval
            .map(|interval| format!("95 % interval: {} to {}", percent(interval.low), percent(interval.high)));
        let cells = cells(&product.figures, interval.as_deref());
        format!("<tr><th scope=\"row\">{}</th>{counts}{cells}</tr>", link(&product.name))
    };
    let rows: String = evaluation.products.iter().map(row).collect();
    let mean = if evaluation.products.len() > 1 {
        format!(
            "<tfoot><tr><th scope=\"row\">mean</th><td></td><td></td>{}</tr></tfoot>",
            cells(&evaluation.mean(), None)
        )
    } else {
        String::new()
    };
    let head = head(&["product", "good", "defective"]);
    format!("<div class=\"wide\"><table>{head}<tbody>{rows}</tbody>{mean}</table></div>")
}

/// * `names`: of both, and of their difference.
pub(super) fn comparison(
    [first, second]: [&Evaluation; 2],
    [first_name, second_name, difference_name]: [&str; 3],
    comparison: &Comparison,
) -> String {
    let group = |name: String, figures: [&Figures; 2], difference: &ProductDifference| {
        let [first, second] = figures.map(|figures| cells(figures, None));
        let interval = difference.auroc.map_or(String::new(), |auroc| {
            format!("<br><small>{} to {}</small>", signed(auroc.interval.low), signed(auroc.interval.high))
        });
        let differences: String = Figure::ALL
            .iter()
            .map(|figure| match difference.figures.get(*figure) {
                Ok(value) if *figure == Figure::ImageAuroc => format!("<td>{}{interval}</td>", signed(*value)),
                Ok(value) => format!("<td>{}</td>", signed(*value)),
                Err(_) => "<td>–</td>".to_owned(),
            })
            .collect();
        format!(
            "<tr><th scope=\"row\">{name}</th><td class=\"first\">{first_name}</td>{first}</tr><tr><th></th><td class=\"second\">{second_name}</td>{second}</tr>\
             <tr class=\"difference\"><th></th><td>{difference_name}</td>{differences}</tr>"
        )
    };
    let pairs = first.products.iter().zip(&second.products).zip(&comparison.products);
    let rows: String = pairs
        .map(|((first, second), difference)| group(link(&first.name), [&first.figures, &second.figures], difference))
        .collect();
    let mean = if comparison.products.len() > 1 {
        format!("<tfoot>{}</tfoot>", group("mean".into(), [&first.mean(), &second.mean()], &comparison.mean))
    } else {
        String::new()
    };
    let head = head(&["product", "detector"]);
    format!("<div class=\"wide\"><table>{head}<tbody>{rows}</tbody>{mean}</table></div>")
}

fn link(product: &str) -> String {
    format!("<a href=\"#{}\">{}</a>", anchor(product), escaped(product))
}

/// Points of a per cent, with their sign.
fn signed(difference: f64) -> String {
    // What rounds to nothing has no sign.
    match format!("{:+.2}", 100.0 * difference).as_str() {
        "+0.00" | "-0.00" => "0.00".to_owned(),
        text => text.replace('-', "−"),
    }
}

fn cells(figures: &Figures, first_title: Option<&str>) -> String {
    let cell = |figure: Figure| {
        let title = first_title.filter(|_| figure == Figure::ImageAuroc);
        let title = title.map_or(String::new(), |title| format!(" title=\"{}\"", escaped(title)));
        match figures.get(figure) {
            Ok(value) => {
                // Worse than chance must not be overlooked.
                let class = if *value < 0.5 && figure.title().ends_with("AUROC") { " class=\"poor\"" } else { "" };
                format!("<td{class}{title}>{}</td>", percent(*value))
            }
            Err(reason) => format!("<td title=\"{}\">–</td>", escaped(&reason.to_string())),
        }
    };
    Figure::ALL.map(cell).concat()
}
