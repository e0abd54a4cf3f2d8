//! `moead-eval`: figures, reports, and pictures that cannot be used.

use std::path::{Path, PathBuf};

use image::{GrayImage, Luma};
use moead_tests::browser::Browser;
use moead_tests::python;
use serde_json::Value;

use crate::desk::Desk;
use crate::pages::look_at;

fn bricks(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("images/bricks").join(name)
}

/// A data set as MVTec-AD: a wall with five good pictures and three defective ones, of which one has lost its mask.
fn data(desk: &Desk, name: &str) {
    let at = |below: &str| desk.path(&format!("{name}/wall/{below}"));
    for folder in ["train/good", "test/good", "test/label", "test/scratch", "ground_truth/label"] {
        std::fs::create_dir_all(at(folder)).unwrap();
    }
    for number in 0..5 {
        std::fs::copy(bricks(&format!("good_{number}.png")), at(&format!("test/good/{number}.png"))).unwrap();
    }
    std::fs::copy(bricks("good_0.png"), at("train/good/0.png")).unwrap();
    std::fs::copy(bricks("label.png"), at("test/label/0.png")).unwrap();
    std::fs::copy(bricks("paint.png"), at("test/label/1.png")).unwrap();
    std::fs::copy(bricks("scratch.png"), at("test/scratch/0.png")).unwrap();
    for number in 0..2 {
        let (width, height) = image::image_dimensions(at(&format!("test/label/{number}.png"))).unwrap();
        let is_inside = |x, y| (width / 4..width / 2).contains(&x) && (height / 3..height / 2).contains(&y);
        let mask = GrayImage::from_fn(width, height, |x, y| Luma([if is_inside(x, y) { 255 } else { 0 }]));
        mask.save(at(&format!("ground_truth/label/{number}_mask.png"))).unwrap();
    }
}

/// The same with four good pictures to train on.
fn data_with_training(desk: &Desk, name: &str) {
    data(desk, name);
    for number in 1..4 {
        std::fs::copy(
            bricks(&format!("good_{number}.png")),
            desk.path(&format!("{name}/wall/train/good/{number}.png")),
        )
        .unwrap();
    }
}

fn eval(desk: &Desk, arguments: &str) -> moead_tests::command::Ended {
    desk.program_of("moead-eval", arguments).run()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_table_for_people_and_a_document_for_programs() {
    let desk = Desk::new();
    data(&desk, "walls");
    insta::assert_snapshot!(eval(&desk, "--model model.onnx walls").transcript(), @r"
    status: 0
    ----- stdout
    product  good  defective  image AUROC  image AP  image F1max  pixel AUROC  pixel AP  pixel F1max   AUPRO
    wall        5          3       1.0000    1.0000       1.0000       0.7436    0.2283       0.5315  0.6519
    ----- stderr
    note: wall: masks missing: 1; all pixels of these pictures count as defective
    ");
    let ended = eval(&desk, "--model model.onnx walls --json --report page.html").success();
    let document = json(&ended.stdout);
    assert_eq!(document, json(&String::from_utf8(desk.read("metrics.json")).unwrap()));
    assert_eq!(
        (&document["schema"], &document["engine"], &document["layout"]),
        (&1.into(), &"tract".into(), &"mvtec".into())
    );
    let wall = &document["products"]["wall"];
    assert_eq!(wall["images"], serde_json::json!({"good": 5, "defect": 3}));
    for figure in ["image_auroc", "image_ap", "image_f1max", "pixel_auroc", "pixel_ap", "pixel_f1max", "aupro"] {
        let value = wall[figure].as_f64().unwrap_or_else(|| panic!("{figure}: {wall}"));
        assert!((0.0..=1.0).contains(&value), "{figure}: {value}");
        assert_eq!(document["mean"][figure], wall[figure]);
    }
    assert_eq!(document["unreadable"], serde_json::json!([]));
}

#[test]
fn the_figures_are_those_of_the_scores_that_moead_edge_prints() {
    let desk = Desk::new();
    data(&desk, "walls");
    let lines = |folder: &str| -> Vec<f64> {
        let ended = desk.run(&format!("--source walls/wall/test/{folder} --format json")).success();
        crate::desk::lines(&ended).iter().filter_map(|line| line["score"].as_f64()).collect()
    };
    let (good, defective) = (lines("good"), [lines("label"), lines("scratch")].concat());
    assert_eq!((good.len(), defective.len()), (5, 3));
    let pairs = defective.iter().flat_map(|defect| good.iter().map(move |good| (good, defect)));
    let won = pairs.map(|(good, defect)| {
        if defect > good {
            1.0
        } else if defect == good {
            0.5
        } else {
            0.0
        }
    });
    let auroc = won.sum::<f64>() / 15.0;
    let document = json(&eval(&desk, "--model model.onnx walls --json").success().stdout);
    assert!((document["mean"]["image_auroc"].as_f64().unwrap() - auroc).abs() < 1e-12, "{auroc}: {document}");
}

#[test]
fn one_class_or_no_masks_leave_figures_out_and_say_why() {
    let desk = Desk::new();
    desk.folder("plain");
    std::fs::copy(bricks("good_0.png"), desk.path("plain/0.png")).unwrap();
    insta::assert_snapshot!(eval(&desk, "--model model.onnx plain").transcript(), @r"
    status: 0
    ----- stdout
    product  good  defective  image AUROC  image AP  image F1max  pixel AUROC  pixel AP  pixel F1max  AUPRO
    plain       1          0            -         -            -            -         -            -      -
    ----- stderr
    note: plain: image AUROC, image AP, image F1max, pixel AUROC, pixel AP, pixel F1max, AUPRO: nothing defective among what was scored
    ");
    desk.folder("two/good");
    desk.folder("two/defect");
    std::fs::copy(bricks("good_0.png"), desk.path("two/good/0.png")).unwrap();
    std::fs::copy(bricks("label.png"), desk.path("two/defect/0.png")).unwrap();
    let document = json(&eval(&desk, "--model model.onnx two --json").success().stdout);
    let two = &document["products"]["two"];
    assert!(two["image_auroc"].is_number() && two["pixel_auroc"].is_null() && two["aupro"].is_null(), "{two}");
    insta::assert_snapshot!(document["notes"][0], @r#"
    {"product":"two","figures":["pixel_auroc","pixel_ap","pixel_f1max","aupro"],"text":"the data set has no masks"}
    "#);
}

#[test]
fn pictures_and_masks_that_cannot_be_used_are_listed_and_counted() {
    let desk = Desk::new();
    data(&desk, "walls");
    desk.write("walls/wall/test/good/2.png", "no picture");
    GrayImage::new(7, 5).save(desk.path("walls/wall/ground_truth/label/0_mask.png")).unwrap();
    let ended = eval(&desk, "--model model.onnx walls --json").success();
    let document = json(&ended.stdout);
    assert_eq!(document["products"]["wall"]["images"], serde_json::json!({"good": 4, "defect": 2}));
    assert_eq!(document["unreadable"].as_array().unwrap().len(), 2);
    insta::assert_snapshot!(ended.stderr, @r"
    warning: walls/wall/test/good/2.png: not a PNG, JPEG, BMP, TIFF or WebP: begins with 6e 6f 20 70 69 63 74 75
    warning: walls/wall/test/label/0.png: walls/wall/ground_truth/label/0_mask.png: expected a mask with the sides of the picture, 224x224, found 5x7
    ");
    insta::assert_snapshot!(eval(&desk, "--model model.onnx walls --max-unreadable 1").transcript(), @r"
    status: 1
    ----- stderr
    warning: walls/wall/test/good/2.png: not a PNG, JPEG, BMP, TIFF or WebP: begins with 6e 6f 20 70 69 63 74 75
    warning: walls/wall/test/label/0.png: walls/wall/ground_truth/label/0_mask.png: expected a mask with the sides of the picture, 224x224, found 5x7
    error: model.onnx: 2 pictures cannot be used, at most 1 are allowed
    hint: see what is wrong with them; `--max-unreadable N` measures without them
    ");
}

#[test]
fn models_that_cannot_be_measured_are_explained() {
    let desk = Desk::new();
    data(&desk, "walls");
    insta::assert_snapshot!(eval(&desk, "--model none.onnx walls").transcript(), @r"
    status: 1
    ----- stderr
    error: none.onnx: No such file or directory (os error 2)
    hint: check the path given as `--model`; `moead-export CKPT` writes a model file
    ");
    desk.write("other.onnx", "not a model");
    insta::assert_snapshot!(eval(&desk, "--model other.onnx walls").transcript(), @r"
    status: 1
    ----- stderr
    error: other.onnx: expected an ONNX file, found a text
    hint: write the model file anew with `moead-export CKPT`
    ");
}

#[test]
fn two_models_are_compared_picture_by_picture() {
    let desk = Desk::new();
    data(&desk, "walls");
    desk.program_of("moead-export", "model.safetensors -o half.onnx --precision f16").run().success();
    let ended = eval(&desk, "--compare model.onnx half.onnx walls --json").success();
    let document = json(&ended.stdout);
    assert_eq!(document["models"][1]["model"], "half.onnx");
    let difference = &document["difference"]["mean"];
    let auroc = |at: usize| document["models"][at]["mean"]["image_auroc"].as_f64().unwrap();
    assert!((difference["image_auroc"].as_f64().unwrap() - (auroc(1) - auroc(0))).abs() < 1e-12, "{difference}");
    let ends = difference["image_auroc_interval"].as_array().unwrap();
    assert!(ends[0].as_f64().unwrap() <= ends[1].as_f64().unwrap(), "{difference}");
    let table = eval(&desk, "--compare model.onnx half.onnx walls").success().stdout;
    assert_eq!(table.lines().count(), 4, "{table}");
}

#[test]
fn a_baseline_stands_beside_the_model_and_is_what_numpy_says() {
    let desk = Desk::new();
    data_with_training(&desk, "walls");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("end_to_end/padim.py");
    let (model, folder) = (desk.path("model.onnx"), desk.path("walls/wall"));
    let expected = json(&python::run(script.as_os_str(), &[model.as_os_str(), folder.as_os_str()]));
    let alone = json(&eval(&desk, "--model model.onnx walls --json").success().stdout);
    let library = python::onnxruntime_library().display().to_string();
    for engine in ["tract", "ort"] {
        let arguments = format!("--model model.onnx walls --baseline padim --json --engine {engine}");
        let document =
            json(&desk.program_of("moead-eval", &arguments).env("ORT_DYLIB_PATH", &library).run().success().stdout);
        let baseline = &document["baseline"];
        assert_eq!(baseline["fits"]["wall"], serde_json::json!({"images": 4, "features": 192, "places": 16}));
        let wall = &baseline["products"]["wall"];
        for figure in ["image_auroc", "pixel_auroc"] {
            let [found, expected] = [&wall[figure], &expected[figure]].map(|value| value.as_f64().unwrap());
            assert!((found - expected).abs() < 1e-4, "{engine}, {figure}: {found}, by numpy {expected}");
        }
        // A threshold is the score of some picture.
        let threshold = wall["image_threshold"].as_f64().unwrap();
        let is_near = |score: &Value| (score.as_f64().unwrap() / threshold - 1.0).abs() < 1e-4;
        assert!(expected["scores"].as_array().unwrap().iter().any(is_near), "{threshold}: {expected}");
        let difference = &baseline["difference"]["products"]["wall"]["image_auroc"];
        let of = |figures: &Value| figures["products"]["wall"]["image_auroc"].as_f64().unwrap();
        assert!((difference.as_f64().unwrap() - (of(&document) - of(baseline))).abs() < 1e-12);
        // The model is measured as it is alone.
        if engine == "tract" {
            assert_eq!(document["products"], alone["products"]);
        }
    }
}

#[test]
fn a_baseline_is_told_to_people() {
    let desk = Desk::new();
    data_with_training(&desk, "walls");
    insta::assert_snapshot!(eval(&desk, "--model model.onnx walls --baseline padim").transcript(), @r"
    status: 0
    ----- stdout
    product       detector  image AUROC  image AP  image F1max  pixel AUROC  pixel AP  pixel F1max    AUPRO
    wall             PaDiM       1.0000    1.0000       1.0000       0.7433    0.2287       0.5315   0.6436
    wall             model       1.0000    1.0000       1.0000       0.7436    0.2283       0.5315   0.6519
    wall     model - PaDiM      +0.0000   +0.0000      +0.0000      +0.0003   -0.0004      +0.0000  +0.0082  image AUROC +0.0000 to +0.0000 (95 %)
    ----- stderr
    note: wall: masks missing: 1; all pixels of these pictures count as defective
    note: wall: PaDiM is fitted to 4 good pictures, 192 features at each of 16 places
    ");
    let drawn = eval(&desk, "--model model.onnx walls --baseline padim --baseline-features 20").success();
    assert!(
        drawn.stderr.contains("wall: PaDiM is fitted to 4 good pictures, 20 features at each of 16 places"),
        "{}",
        drawn.stderr
    );
}

#[test]
fn a_baseline_needs_pictures_to_train_on_and_features() {
    let desk = Desk::new();
    data(&desk, "walls");
    insta::assert_snapshot!(eval(&desk, "--model model.onnx walls --baseline padim").transcript(), @r"
    status: 1
    ----- stderr
    error: walls: wall: expected at least 2 good pictures to train on, found 1
    hint: PaDiM is fitted to PRODUCT/train/good in MVTec-AD's layout, or to what a list says is for training; folders `good` and `defect` are for testing: leave `--baseline` out
    ");
    desk.folder("two/good");
    std::fs::copy(bricks("good_0.png"), desk.path("two/good/0.png")).unwrap();
    insta::assert_snapshot!(eval(&desk, "--model model.onnx two --baseline padim").transcript(), @r"
    status: 1
    ----- stderr
    error: two: two: expected at least 2 good pictures to train on, found 0
    hint: PaDiM is fitted to PRODUCT/train/good in MVTec-AD's layout, or to what a list says is for training; folders `good` and `defect` are for testing: leave `--baseline` out
    ");
    data_with_training(&desk, "walls");
    desk.write("walls/wall/train/good/2.png", "no picture");
    insta::assert_snapshot!(eval(&desk, "--model model.onnx walls --baseline padim --max-unreadable 0").transcript(), @r"
    status: 1
    ----- stderr
    warning: walls/wall/train/good/2.png: not a PNG, JPEG, BMP, TIFF or WebP: begins with 6e 6f 20 70 69 63 74 75
    error: model.onnx: 1 pictures cannot be used, at most 0 are allowed
    hint: see what is wrong with them; `--max-unreadable N` measures without them
    ");
    let bytes = desk.read("model.onnx");
    let renamed = |from: &[u8; 9], to: &[u8; 9]| {
        let mut bytes = bytes.clone();
        let places: Vec<_> = (0..bytes.len() - 9).filter(|at| bytes[*at..*at + 9] == *from).collect();
        assert!(!places.is_empty());
        places.into_iter().for_each(|at| bytes[at..at + 9].copy_from_slice(to));
        bytes
    };
    desk.write("nameless.onnx", renamed(b"neck.flat", b"some.flat"));
    insta::assert_snapshot!(eval(&desk, "--model nameless.onnx walls --baseline padim").transcript(), @r"
    status: 1
    ----- stderr
    error: nameless.onnx: tract: tract cannot load the model: the graph has no aligned features
    hint: write the model file anew with `moead-export CKPT`, which checks it on this program's engine
    ");
    desk.write("peer.onnx", renamed(b"moead.man", b"other.man"));
    insta::assert_snapshot!(eval(&desk, "--model peer.onnx walls --baseline padim --normalize imagenet").transcript(), @r"
    status: 2
    ----- stderr
    error: peer.onnx is a model of somebody else, whose features nobody knows: leave `--baseline` out
    ");
}

#[test]
fn the_pages_show_everything_and_fetch_nothing() {
    let Some(mut browser) = Browser::start() else { return };
    let desk = Desk::new();
    data(&desk, "walls");
    desk.folder("report");
    eval(&desk, "--model model.onnx walls --report report").success();
    eval(&desk, "--compare model.onnx model.onnx walls --report compared.html").success();
    data_with_training(&desk, "trained");
    eval(&desk, "--model model.onnx trained --baseline padim --report baseline.html").success();
    assert_eq!(desk.names("report"), ["metrics.json", "report.html"]);
    browser.show(1280, 1800, 1, "light");
    look_at(&mut browser, &desk.path("report/report.html"), "evaluation.png");
    let shown = browser.evaluate(
        "({images: document.images.length, charts: document.querySelectorAll('svg').length, title: document.title})",
    );
    assert_eq!(shown, serde_json::json!({"images": 16, "charts": 5, "title": "model.onnx"}));
    browser.show(360, 740, 2, "dark");
    look_at(&mut browser, &desk.path("report/report.html"), "evaluation-phone.png");
    assert_eq!(browser.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(18, 18, 20)");
    browser.show(1280, 1800, 1, "light");
    look_at(&mut browser, &desk.path("compared.html"), "comparison.png");
    look_at(&mut browser, &desk.path("baseline.html"), "baseline.png");
    let rows =
        browser.evaluate("[...document.querySelectorAll('tbody td:nth-child(2)')].map((cell) => cell.textContent)");
    assert_eq!(rows, serde_json::json!(["PaDiM", "model", "model − PaDiM"]));
}

#[test]
fn the_other_engine_measures_the_same() {
    let desk = Desk::new();
    data(&desk, "walls");
    let library = python::onnxruntime_library().display().to_string();
    let run = |engine: &str| {
        let program = desk.program_of("moead-eval", &format!("--model model.onnx walls --json --engine {engine}"));
        json(&program.env("ORT_DYLIB_PATH", &library).run().success().stdout)
    };
    let (tract, ort) = (run("tract"), run("ort"));
    assert_eq!(ort["engine"], "ort cpu");
    for figure in ["image_auroc", "pixel_auroc", "aupro"] {
        let [a, b] = [&tract, &ort].map(|document| document["mean"][figure].as_f64().unwrap());
        // Scores differ in the seventh digit, so the order of some pixels does.
        assert!((a - b).abs() < 1e-3, "{figure}: {a} {b}");
    }
}

#[test]
fn a_model_of_somebody_else_is_measured_when_its_normalisation_is_told() {
    let desk = Desk::new();
    data(&desk, "walls");
    let mut bytes = desk.read("model.onnx");
    let at = bytes.windows(14).rposition(|bytes| bytes == b"moead.manifest").unwrap();
    bytes[at..at + 5].copy_from_slice(b"other");
    desk.write("peer.onnx", bytes);
    insta::assert_snapshot!(eval(&desk, "--model peer.onnx walls").transcript(), @r"
    status: 1
    ----- stderr
    error: peer.onnx: not a MoEAD model file: it has no metadata moead.manifest
    hint: a MoEAD model: write the file anew with `moead-export CKPT`
    hint: a model of somebody else, with outputs anomaly_map and pred_score: `--normalize imagenet|none`, and `--input-size H,W` where the file leaves it open
    ");
    insta::assert_snapshot!(eval(&desk, "--model peer.onnx walls --normalize none --input-size 32,32").transcript(), @r"
    status: 1
    ----- stderr
    error: peer.onnx: input: expected 32x32, as was asked for, found 64x64
    hint: leave `--input-size` out
    ");
    insta::assert_snapshot!(eval(&desk, "--model model.onnx walls --normalize none").transcript(), @r"
    status: 2
    ----- stderr
    error: model.onnx has a manifest, which says what it expects: leave `--normalize` out
    ");
    let library = python::onnxruntime_library().display().to_string();
    let figures = |arguments: &str| {
        let program =
            desk.program_of("moead-eval", &format!("{arguments} walls --json")).env("ORT_DYLIB_PATH", &library);
        json(&program.run().success().stdout)["products"].clone()
    };
    assert_eq!(figures("--model model.onnx"), figures("--model peer.onnx --normalize imagenet"));
    assert_eq!(
        figures("--model model.onnx --engine ort"),
        figures("--model peer.onnx --normalize imagenet --engine ort")
    );
}

/// What exporters write and ours does not: constants in nodes, numbers that are not raw, shapes of inner values, notes on nodes.
#[test]
fn a_file_of_another_exporter_is_measured_on_both_engines() {
    let desk = Desk::new();
    data(&desk, "walls");
    std::fs::copy(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/foreign/exporter.onnx"),
        desk.path("exporter.onnx"),
    )
    .unwrap();
    let library = python::onnxruntime_library().display().to_string();
    let figures = ["tract", "ort"].map(|engine| {
        let arguments = format!("--model exporter.onnx walls --normalize none --json --engine {engine}");
        let ended = desk.program_of("moead-eval", &arguments).env("ORT_DYLIB_PATH", &library).run().success();
        json(&ended.stdout)["products"]["wall"].clone()
    });
    // The brightest mean, halved and doubled: paint and label are bright.
    assert_eq!(figures[0]["images"], serde_json::json!({"good": 5, "defect": 3}));
    let auroc = figures.each_ref().map(|figures| figures["image_auroc"].as_f64().unwrap());
    assert!(auroc[0] > 0.6 && auroc[0] == auroc[1], "{auroc:?}");
}
