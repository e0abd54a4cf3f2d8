//! Figures as tables for a terminal.

use moead_terminal::table::Table;

use crate::evaluation::Evaluation;
use crate::evaluation::comparison::{Comparison, ProductDifference};
use crate::evaluation::figures::{Figure, Figures};
use crate::metrics::ranking::Truth;

const MEAN: &str = "mean";

/// What two sets of figures and their difference are called.
pub(super) type Names = [&'static str; 3];
pub(super) const MODELS: Names = ["A", "B", "B - A"];
pub(super) const BASELINE: Names = ["PaDiM", "model", "model - PaDiM"];

/// A row for each product, and the mean when there are several.
pub(super) fn evaluation(evaluation: &Evaluation) -> Table {
    let heads: Vec<_> = ["product", "good", "defective"].into_iter().chain(titles()).collect();
    let mut table = Table::new(&heads);
    for product in &evaluation.products {
        let counts = [Truth::Good, Truth::Defective].map(|truth| product.count(truth).to_string());
        table.row([product.name.clone()].into_iter().chain(counts).chain(cells(&product.figures)));
    }
    if evaluation.products.len() > 1 {
        table.row([MEAN, "", ""].map(str::to_owned).into_iter().chain(cells(&evaluation.mean())));
    }
    table
}

/// For each product three rows: both detectors, and their difference.
pub(super) fn comparison(
    [first, second]: [&Evaluation; 2],
    [first_name, second_name, difference_name]: Names,
    comparison: &Comparison,
) -> Vec<String> {
    let heads: Vec<_> = ["product", "detector"].into_iter().chain(titles()).chain([""]).collect();
    let mut table = Table::new(&heads);
    let mut rows = |name: &str, figures: [&Figures; 2], difference: &ProductDifference| {
        for (model, figures) in [first_name, second_name].into_iter().zip(figures) {
            table.row([name, model].map(str::to_owned).into_iter().chain(cells(figures)));
        }
        let interval = difference.auroc.map(|auroc| {
            let (low, high) = (auroc.interval.low, auroc.interval.high);
            format!("image AUROC {low:+.4} to {high:+.4} (95 %)")
        });
        let differences = Figure::ALL.map(|figure| {
            difference.figures.get(figure).as_ref().map_or("-".to_owned(), |value| format!("{value:+.4}"))
        });
        let names = [name, difference_name].map(str::to_owned);
        table.row(names.into_iter().chain(differences).chain([interval.unwrap_or_default()]));
    };
    for ((first, second), difference) in first.products.iter().zip(&second.products).zip(&comparison.products) {
        rows(&first.name, [&first.figures, &second.figures], difference);
    }
    if comparison.products.len() > 1 {
        rows(MEAN, [&first.mean(), &second.mean()], &comparison.mean);
    }
    table.lines().collect()
}

fn titles() -> impl Iterator<Item = &'static str> {
    Figure::ALL.into_iter().map(Figure::title)
}

fn cells(figures: &Figures) -> [String; Figure::ALL.len()] {
    Figure::ALL.map(|figure| figures.get(figure).as_ref().map_or("-".to_owned(), |value| format!("{value:.4}")))
}
