//! What must be said beside the figures of an evaluation: which are missing and why, and what was done about masks.

use moead_model::architecture::ImageSize;

use super::figures::{Figure, Figures};
use super::{Evaluation, Product};

/// One sentence about some figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// Of which product; none for the mean.
    pub product: Option<String>,
    /// Which figures it is about; none when it is about the pictures.
    pub figures: Vec<Figure>,
    /// A part of a sentence.
    pub text: String,
}

impl Note {
    /// For people: the product, the figures that are missing, the reason.
    pub fn sentence(&self) -> String {
        let product = self.product.as_deref().unwrap_or("mean");
        let titles: Vec<_> = self.figures.iter().map(|figure| figure.title()).collect();
        match titles.len() {
            0 => format!("{product}: {}", self.text),
            _ => format!("{product}: {}: {}", titles.join(", "), self.text),
        }
    }
}

/// All that must be said.
pub fn notes(evaluation: &Evaluation, size: ImageSize) -> Vec<Note> {
    let mut notes: Vec<Note> = evaluation.products.iter().flat_map(|product| of_product(product, size)).collect();
    let all = evaluation.products.len();
    // Of a single product all has been said.
    if all > 1 {
        notes.extend(missing(None, &evaluation.mean()));
    }
    let mut partial: Vec<(usize, Vec<Figure>)> = Vec::new();
    for figure in Figure::ALL {
        let with = evaluation.products.iter().filter(|product| product.figures.get(figure).is_ok()).count();
        if with > 0 && with < all {
            match partial.iter_mut().find(|(other, _)| *other == with) {
                Some((_, figures)) => figures.push(figure),
                None => partial.push((with, vec![figure])),
            }
        }
    }
    notes.extend(partial.into_iter().map(|(with, figures)| {
        let text = format!("over {with} of {all} products, those that have it");
        Note { product: None, figures, text }
    }));
    notes
}

/// What must be said of a baseline beside a model, and is not said of the model: both have the same pictures and masks.
pub fn of_baseline(baseline: &Evaluation, model: &Evaluation, size: ImageSize) -> Vec<Note> {
    let said = notes(model, size);
    notes(baseline, size).into_iter().filter(|note| !said.contains(note)).collect()
}

fn of_product(product: &Product, size: ImageSize) -> Vec<Note> {
    let name = Some(&product.name);
    let mut notes = missing(name, &product.figures);
    let mut tell = |count: u64, text: String| {
        notes.extend((count > 0).then(|| Note { product: name.cloned(), figures: Vec::new(), text }));
    };
    let masks = product.masks;
    tell(masks.missing, format!("masks missing: {}; all pixels of these pictures count as defective", masks.missing));
    tell(
        masks.vanished,
        format!("masks without a defective pixel at {size}: {}; these pictures count as good", masks.vanished),
    );
    notes
}

/// Figures that are missing for the same reason are told together.
fn missing(product: Option<&String>, figures: &Figures) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for figure in Figure::ALL {
        let Err(reason) = figures.get(figure) else { continue };
        let text = reason.to_string();
        match notes.iter_mut().find(|note| note.text == text) {
            Some(note) => note.figures.push(figure),
            None => notes.push(Note { product: product.cloned(), figures: vec![figure], text }),
        }
    }
    notes
}
