//! Which kind of cell a picture shows, by its embedding.

use moead_calibration::products;
use moead_calibration::threshold::Rate;
use moead_runtime::score::product::{Recognised, recognise};

use crate::cells::Cells;
use crate::say;
use crate::subject::Look;

pub(crate) fn report(cells: &[Cells; 2]) {
    let refusals = Rate::new(0.01).expect("a rate");
    let fitted =
        cells.each_ref().map(|cells| (cells.kind, products::fit(&cells.embeddings(), refusals).expect("statistics")));
    say("\n| pictures | of | recognised | taken for the other | refused |\n| --- | --- | --- | --- | --- |");
    for of in cells {
        let parts = [
            ("training", &of.training),
            ("good a", &of.good[0]),
            ("good b", &of.good[1]),
            ("defective a", &of.defective[0]),
            ("defective b", &of.defective[1]),
        ];
        for (part, looks) in parts {
            let seen = |look: &Look| recognise(&look.embedding, fitted.iter().map(|(kind, product)| (*kind, product)));
            let (mut right, mut wrong) = (0, 0);
            for look in looks {
                if let Recognised::Product { name, .. } = seen(look) {
                    if name == of.kind { right += 1 } else { wrong += 1 }
                }
            }
            let all = looks.len();
            say(&format!("| {}, {part} | {all} | {right} | {wrong} | {} |", of.kind, all - right - wrong));
        }
    }
    for (kind, product) in &fitted {
        say(&format!("refusal distance of {kind}: {:.2}", product.refusal));
    }
}
