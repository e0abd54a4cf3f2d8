//! The page on made-up scores; in a browser in `calibration/tests/page`.

use moead_model::architecture::ImageSize;

use super::*;
use crate::evaluation::baseline::Fit;
use crate::evaluation::tests::{evaluation as made_up, unjudged};

fn subject(model: &str) -> Subject {
    let size = ImageSize { height: 2, width: 2 };
    let text = str::to_owned;
    Subject { model: text(model), engine: text("tract"), data: text("bolts/"), layout: text("folder"), size }
}

/// Whatever a page could fetch from elsewhere. `href` leads inside of the page only, pictures are data.
fn references(page: &str) -> Vec<&str> {
    let of = |attribute: &'static str| {
        page.match_indices(attribute).map(move |(at, _)| page[at + attribute.len()..].split('"').next().unwrap())
    };
    let all = ["src=\"", "href=\"", "action=\"", "data=\"", "srcset=\""].into_iter().flat_map(of);
    all.filter(|target| !target.starts_with("data:image/jpeg;base64,") && !target.starts_with('#')).collect()
}

#[test]
fn a_page_refers_to_nothing_outside_and_has_no_script() {
    let found = made_up(&[("bolt", 0.5), ("<nut>", 0.7)]);
    let comparison_of = Comparison::of(&found, &found).unwrap();
    let fits = vec![Fit { product: "<nut>".into(), images: 3, features: 4, places: 5 }];
    let baseline = Baseline { evaluation: made_up(&[("bolt", 0.5), ("<nut>", 0.7)]), fits };
    let pages = [
        with_baseline(&subject("m/bolt.onnx"), &found, &baseline, &comparison_of),
        evaluation(&subject("m/bolt.onnx"), &found),
        comparison([(&subject("a.onnx"), &found), (&subject("b.onnx"), &found)], &comparison_of),
    ];
    for page in pages {
        assert_eq!(references(&page), [""; 0]);
        for forbidden in
            ["<script", "<link", "<iframe", "<object", "url(", "@import", "http://", "https://", "<nut>", "NaN"]
        {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        assert!(page.contains("&lt;nut&gt;") && page.contains("default-src 'none'"));
    }
}

#[test]
fn what_is_missing_is_said() {
    let page = evaluation(&subject("bolt.onnx"), &made_up(&[("bolt", 0.5)]));
    assert!(page.contains("<li>bolt: pixel AUROC, pixel AP, pixel F1max, AUPRO: the data set has no masks</li>"));
    assert!(page.contains("ROC over images") && !page.contains("ROC over pixels"));
}

#[test]
fn a_product_without_a_judged_picture_has_a_place_and_no_charts() {
    let mut found = made_up(&[("bolt", 0.5)]);
    found.products.push(unjudged("nut"));
    let page = evaluation(&subject("bolt.onnx"), &found);
    let (bolt, nut) = page.split_once("<h2>nut</h2>").unwrap();
    assert!(bolt.contains("<svg") && !nut.contains("<svg"), "{nut}");
    assert!(page.contains("40 pictures of 2 products") && page.contains("AUPRO: nothing was scored</li>"));
    assert!(!page.contains("inf") && !page.contains("NaN"));
}

#[test]
fn products_of_similar_names_have_anchors_of_their_own() {
    assert_eq!(anchor("bolt 7"), "product-bolt_20_7");
    assert_ne!(anchor("a b"), anchor("a-b"));
}
