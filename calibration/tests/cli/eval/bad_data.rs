//! Folders that are no data set, and reports that have no place: said before a model is loaded.

use super::desk;

const RUN: &str = "--model m.onnx data";

#[test]
fn what_is_no_data_set_is_explained() {
    let desk = desk();
    insta::assert_snapshot!(desk.says(RUN), @r"
    status: 1
    ----- stderr
    error: data: No such file or directory (os error 2)
    hint: check the path
    ");
    desk.write("data/notes.txt", "");
    insta::assert_snapshot!(desk.says(RUN), @r"
    status: 1
    ----- stderr
    error: data: expected a data set (mvtec, visa, json, folder), found none of these layouts
    hint: docs/reference/moead-eval.md shows the layouts; the simplest: folders `good` and `defect`, and `masks` if there are any
    ");
    insta::assert_snapshot!(desk.says(&format!("{RUN} --layout mvtec")), @r"
    status: 1
    ----- stderr
    error: data: expected pictures in layout mvtec, found none
    hint: leave `--layout` out, or give another folder
    ");
    desk.write("data/bolt/train/good/1.png", "");
    insta::assert_snapshot!(desk.says(RUN), @r"
    status: 1
    ----- stderr
    error: data: expected pictures to test on, found only pictures to train on
    hint: for testing are PRODUCT/test in MVTec-AD's layout, or folders `good` and `defect`
    ");
    desk.write("data/bolt/test/good/1.png", "");
    insta::assert_snapshot!(desk.says(&format!("{RUN} --product nut")), @r"
    status: 2
    ----- stderr
    error: --product: expected one of bolt, found nut
    ");
    desk.write("data/Bolt /test/good/1.png", "");
    insta::assert_snapshot!(desk.says(RUN), @r"
    status: 1
    ----- stderr
    error: products `Bolt ` and `bolt` differ in capitals or spaces only
    hint: rename one of them, or put both together
    ");
}

#[test]
fn a_picture_in_both_splits_is_named() {
    let desk = desk();
    let line = r#"{"filename": "a.png", "label": 0, "clsname": "bolt"}"#;
    for list in ["train.json", "test.json"] {
        desk.write(&format!("data/{list}"), line);
    }
    desk.write("data/a.png", "");
    insta::assert_snapshot!(desk.says(RUN), @r"
    status: 1
    ----- stderr
    error: data/a.png: listed as good bolt for training and again as good bolt for testing
    hint: a picture is for training or for testing, and good or defective: remove one of the two
    ");
}

#[test]
fn a_report_without_a_place_is_refused_first() {
    let desk = desk();
    desk.write("data/bolt/test/good/1.png", "");
    insta::assert_snapshot!(desk.says(&format!("{RUN} --report nowhere/r.html")), @r"
    status: 1
    ----- stderr
    error: nowhere/r.html: nowhere: expected a folder, found nothing
    hint: `--report PATH`: a file that ends in .html, or a folder; the folder must exist
    ");
    desk.write("full", "");
    insta::assert_snapshot!(desk.says(&format!("{RUN} --report full")), @r"
    status: 1
    ----- stderr
    error: full/report.html: full: expected a folder, found a file
    hint: `--report PATH`: a file that ends in .html, or a folder; the folder must exist
    ");
}
