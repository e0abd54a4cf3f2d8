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
fn a_report_takes_the_place_of_nothing_that_is_read() {
    let desk = desk();
    desk.write("data/bolt/test/good/1.png", "");
    desk.write("data/bolt/test/cut/1.png", "");
    desk.write("data/bolt/ground_truth/cut/1_mask.png", "");
    insta::assert_snapshot!(desk.says("data --model m.html --report m.html"), @r"
    status: 2
    ----- stderr
    error: the report m.html would replace m.html, which is read
    hint: give another `--report PATH`; metrics.json is written beside the page
    ");
    for (input, output) in [
        ("data/bolt/test/good/1.png", "a/report.html"),
        ("data/bolt/test/cut/1.png", "b/report.html"),
        ("data/bolt/ground_truth/cut/1_mask.png", "c/metrics.json"),
    ] {
        desk.write(&format!("{output}.txt"), "");
        std::fs::hard_link(desk.folder.path().join(input), desk.folder.path().join(output)).unwrap();
    }
    for (folder, expected) in [
        ("a", "the report a/report.html would replace data/bolt/test/good/1.png, which is read"),
        ("b", "the report b/report.html would replace data/bolt/test/cut/1.png, which is read"),
        ("c", "the report's figures c/metrics.json would replace data/bolt/ground_truth/cut/1_mask.png, which is read"),
    ] {
        let said = desk.says(&format!("{RUN} --report {folder}"));
        assert!(said.starts_with("status: 2") && said.contains(expected), "{said}");
    }
}

#[test]
fn a_product_of_which_nothing_can_be_read_keeps_its_row() {
    let desk = desk();
    let folder = desk.folder.path().join("data");
    for (picture, grey) in [("bolt/test/good/1.png", 90), ("bolt/test/cut/1.png", 180)] {
        std::fs::create_dir_all(folder.join(picture).parent().unwrap()).unwrap();
        image::GrayImage::from_pixel(20, 20, image::Luma([grey])).save(folder.join(picture)).unwrap();
    }
    desk.write("data/nut/test/good/1.png", "text");
    desk.write("data/nut/test/cut/1.png", "text");
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/assets/demo/demo.onnx");
    let said = desk.says(&format!("data --model {model} --threads 1"));
    let row = said.lines().find(|line| line.starts_with("nut ")).unwrap_or_else(|| panic!("{said}"));
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["nut", "0", "0", "-", "-", "-", "-", "-", "-", "-"]);
    assert!(said.contains("AUPRO: nothing was scored"), "{said}");
    let said = desk.says(&format!("data --model {model} --product nut"));
    assert!(said.starts_with("status: 1") && said.contains("error: data: no picture can be used"), "{said}");
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
