//! A calibration as a table for a terminal.

use moead_model::calibration::{Calibration, Product};
use moead_terminal::table::Table;

use super::found::COMMON;
use crate::calibrate::pictures::ProductName;

/// A row for each product that `is_shown`.
pub(super) fn products(calibration: &Calibration, is_shown: impl Fn(&ProductName) -> bool) -> Table {
    let heads = ["product", "good", "left out", "method", "threshold", "median", "regions from", "recognised", "drift"];
    let mut table = Table::new(&heads);
    for (name, product) in &calibration.products {
        if is_shown(&Some(name.clone())) {
            table.row(cells(name, product));
        }
    }
    if let Some(product) = calibration.common.as_ref().filter(|_| is_shown(&None)) {
        table.row(cells(COMMON, product));
    }
    table
}

fn cells(name: &str, product: &Product) -> [String; 9] {
    let absent = || "-".to_owned();
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    [
        name.to_owned(),
        product.images.to_string(),
        product.excluded.len().to_string(),
        product.method.clone().unwrap_or_else(absent),
        number(product.threshold.into()),
        number(product.score.median),
        product.pixel_threshold.map_or_else(absent, |threshold| number(threshold.into())),
        yes(product.embedding.is_some() && name != COMMON),
        product.drift.as_ref().map_or_else(absent, |drift| format!("{} pictures", drift.window)),
    ]
}

/// Five significant digits.
fn number(value: f64) -> String {
    let digits = 4 - (value.abs().max(1e-9).log10().floor() as i32).clamp(-6, 4);
    format!("{value:.*}", digits as usize)
}
