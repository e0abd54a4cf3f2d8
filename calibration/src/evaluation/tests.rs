//! On scores that are made up; through an engine in `collect::tests` and `tests/end_to_end`.

use moead_runtime::engine::{Outputs, Tensor};

use super::*;
use crate::collect::PixelTruth;
use crate::dataset::{self, MaskSource};
use crate::metrics::Absent;

const SIZE: ImageSize = ImageSize { height: 2, width: 2 };

fn sample(product: &str, at: usize, truth: Truth) -> Sample {
    let truth = match truth {
        Truth::Good => dataset::Truth::Good,
        Truth::Defective => dataset::Truth::Defective { kind: "scratch".into(), mask: MaskSource::None },
    };
    Sample { path: format!("{product}/{at}.png").into(), product: product.into(), split: None, truth }
}

fn judged(score: f32, truth: PixelTruth) -> Judged {
    let map = Tensor { shape: vec![1, 1, 2, 2], data: vec![0.0, score, 0.0, 0.0] };
    Judged { sample: 0, score, map, truth, others: Outputs::new(Vec::new()) }
}

/// Products of 20 good and 20 defective pictures without masks, whose defective ones score higher by so much on average.
pub(crate) fn evaluation(products: &[(&str, f32)]) -> Evaluation {
    let of = |&(name, shift): &(&str, f32)| {
        let mut examination = Examination::new(name, SIZE);
        for at in 0..40 {
            let (truth, pixels, shift) = match at % 2 {
                0 => (Truth::Good, PixelTruth::Good, 0.0),
                _ => (Truth::Defective, PixelTruth::Unknown, shift),
            };
            let noise = ((at * 7919) % 41) as f32 / 20.5;
            examination.add(&sample(name, at, truth), judged(noise + shift, pixels));
        }
        examination.finish()
    };
    Evaluation { products: products.iter().map(of).collect(), unjudged: Vec::new() }
}

/// A product whose pictures were all unreadable.
pub(crate) fn unjudged(name: &str) -> Product {
    Examination::new(name, SIZE).finish()
}

#[test]
fn figures_are_those_of_scores_and_masks() {
    let mut examination = Examination::new("bolt", SIZE);
    examination.add(&sample("bolt", 0, Truth::Good), judged(1.0, PixelTruth::Good));
    examination.add(&sample("bolt", 1, Truth::Defective), judged(3.0, PixelTruth::Mask(vec![0, 255, 0, 0])));
    examination.add(&sample("bolt", 2, Truth::Defective), judged(2.0, PixelTruth::Mask(vec![0, 0, 0, 0])));
    let product = examination.finish();
    // The third has lost its mask: it counts as good.
    assert_eq!((product.count(Truth::Good), product.count(Truth::Defective)), (2, 1));
    assert_eq!(product.masks, Masks { vanished: 1, ..Masks::default() });
    for figure in Figure::ALL {
        assert_eq!(product.figures.get(figure), &Ok(1.0), "{figure:?}");
    }
    assert_eq!(product.threshold, Some(3.0));
    let interval = product.auroc_interval.unwrap();
    assert!(interval.low < 0.7 && interval.high > 0.999, "{interval:?}");
    assert_eq!(product.pixel_curves.unwrap().roc[1].true_positives, 1.0);
}

#[test]
fn one_class_leaves_figures_out_and_says_why() {
    let mut examination = Examination::new("bolt", SIZE);
    examination.add(&sample("bolt", 0, Truth::Good), judged(1.0, PixelTruth::Good));
    let product = examination.finish();
    for figure in Figure::ALL {
        assert_eq!(product.figures.get(figure), &Err(Missing::Absent(Absent::NoDefective)), "{figure:?}");
    }
    assert_eq!((product.threshold, product.auroc_interval), (None, None));
}

#[test]
fn a_product_of_which_nothing_could_be_judged_is_there_and_says_so() {
    let mut found = evaluation(&[("bolt", 0.5)]);
    found.products.push(unjudged("nut"));
    let nut = &found.products[1];
    assert_eq!((nut.name.as_str(), nut.pictures.len(), nut.threshold, nut.auroc_interval), ("nut", 0, None, None));
    for figure in Figure::ALL {
        assert_eq!(nut.figures.get(figure), &Err(Missing::Absent(Absent::Empty)), "{figure:?}");
    }
    assert_eq!(found.mean().get(Figure::ImageAuroc), found.products[0].figures.get(Figure::ImageAuroc));
    let said: Vec<_> = notes::notes(&found, SIZE).iter().map(notes::Note::sentence).collect();
    let all = "image AUROC, image AP, image F1max, pixel AUROC, pixel AP, pixel F1max, AUPRO";
    assert!(said.contains(&format!("nut: {all}: nothing was scored")), "{said:?}");
    let over = "mean: image AUROC, image AP, image F1max: over 1 of 2 products, those that have it";
    assert!(said.iter().any(|sentence| sentence == over), "{said:?}");
    let compared = comparison::Comparison::of(&found, &found).unwrap();
    assert_eq!(compared.products[1].name.as_deref(), Some("nut"));
    assert!(compared.products[1].auroc.is_none() && compared.mean.auroc.is_some());
}

#[test]
fn without_masks_there_are_no_figures_of_pixels() {
    let found = evaluation(&[("bolt", 0.5)]);
    let figures = &found.products[0].figures;
    assert!(figures.get(Figure::ImageAuroc).is_ok());
    assert_eq!(figures.get(Figure::PixelAuroc), &Err(Missing::NoMasks));
    assert!(found.products[0].pixel_curves.is_none());
}

#[test]
fn the_worst_are_kept_and_no_more() {
    let found = evaluation(&[("bolt", 0.5)]);
    let product = &found.products[0];
    let (scores, truths) = product.scores();
    let of = |wanted| scores.iter().zip(&truths).filter(move |(_, truth)| **truth == wanted).map(|(score, _)| *score);
    let (mut low, mut high): (Vec<f32>, Vec<f32>) = (of(Truth::Defective).collect(), of(Truth::Good).collect());
    low.sort_unstable_by(f32::total_cmp);
    high.sort_unstable_by(|a, b| b.total_cmp(a));
    let kept = |exhibits: &[gallery::Exhibit]| exhibits.iter().map(|exhibit| exhibit.score).collect::<Vec<_>>();
    assert_eq!(kept(&product.gallery.low_defective), low[..gallery::MOST]);
    assert_eq!(kept(&product.gallery.high_good), high[..gallery::MOST]);
    assert_eq!(product.gallery.low_defective[0].kind.as_deref(), Some("scratch"));
}
