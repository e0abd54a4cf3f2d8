//! Models with a calibration: products, severities, drift, and calibrations that cannot be used.

use std::num::NonZeroUsize;
use std::path::Path;

use image::{Rgb, RgbImage};
use moead_model::manifest;
use moead_model::onnx::model_file::ModelFile;
use moead_runtime::engine::tract::Session;
use moead_runtime::engine::{Engine as _, Output};
use moead_runtime::preprocess::{decode, normalize, resize};
use serde_json::{Value, json};

use crate::desk::{Desk, lines, summary};

/// Writes the calibration into the model file, the graph as it is.
fn calibrate(desk: &Desk, calibration: Value) {
    let model = ModelFile::from_bytes(desk.read("model.onnx").into()).unwrap();
    let (mut manifest, mut envelope) = (model.manifest().clone(), model.envelope().clone());
    manifest.calibration = Some(calibration);
    envelope.set_metadata(manifest::KEY, manifest.to_json());
    let mut bytes = Vec::new();
    envelope.write(&mut bytes).unwrap();
    desk.write("model.onnx", bytes);
}

/// The golden part under a lamp of that brightness.
fn part(desk: &Desk, name: &str, brightness: f32) {
    let mut picture = image::open(desk.case.picture()).unwrap().to_rgb8();
    picture.iter_mut().for_each(|byte| *byte = (f32::from(*byte) * brightness).round() as u8);
    picture.save(desk.path(name)).unwrap();
}

/// Another product: a chequered plate.
fn plate(desk: &Desk, name: &str, brightness: f32) {
    let shade = |x: u32, y: u32| if (x / 12 + y / 12).is_multiple_of(2) { 220.0 } else { 40.0 };
    let pixel = |x, y| Rgb([(shade(x, y) * brightness) as u8, (0.4 * shade(x, y) * brightness) as u8, 30]);
    RgbImage::from_fn(96, 96, pixel).save(desk.path(name)).unwrap();
}

/// Score and embedding of a picture.
fn answer(desk: &Desk, name: &str) -> (f32, Vec<f32>) {
    let model = ModelFile::from_bytes(desk.read("model.onnx").into()).unwrap();
    let mut session = Session::load(&model, &[Output::PredScore, Output::Embedding], NonZeroUsize::MIN).unwrap();
    let input = &model.manifest().input;
    let picture = resize::resize(&decode::read(&desk.path(name)).unwrap(), input.size());
    let mut outputs = session.run(&normalize::normalize(picture.pixels(), input.normalization())).unwrap();
    let score = outputs.take(Output::PredScore).unwrap().data[0];
    (score, outputs.take(Output::Embedding).unwrap().data)
}

/// Brightnesses of good pictures.
const GOOD: [f32; 5] = [0.96, 0.98, 1.0, 1.02, 1.04];

/// What a calibration would know of a product after a look at five pictures of it.
fn product(desk: &Desk, draw: fn(&Desk, &str, f32)) -> Value {
    let answers = GOOD.map(|brightness| {
        draw(desk, "good.png", brightness);
        answer(desk, "good.png")
    });
    std::fs::remove_file(desk.path("good.png")).unwrap();
    let median = f64::from(answers[2].0);
    let count = GOOD.len() as f32;
    let features = answers[0].1.len();
    let mean: Vec<f32> =
        (0..features).map(|at| answers.iter().map(|answer| answer.1[at]).sum::<f32>() / count).collect();
    let deviation = |at: usize| answers.iter().map(|answer| (answer.1[at] - mean[at]).powi(2)).sum::<f32>() / count;
    let std: Vec<f32> = (0..features).map(|at| deviation(at).sqrt().max(1e-4)).collect();
    json!({"images": 5, "threshold": 1.2 * median, "method": "order-statistic", "pixel_threshold": 2.0 * median,
           "score": {"median": median, "mad": 0.1}, "embedding": {"mean": mean, "std": std, "refusal": 4.0},
           "drift": {"window": 3, "limit": 0.5}})
}

fn calibration(products: Value) -> Value {
    json!({"images": 10, "created": "2026-01-02T03:04:05Z", "created_by": "moead-calibrate 0.1.0", "engine": "tract",
           "precision": "f32", "target": {"false_alarms": 0.01, "confidence": 0.95}, "products": products, "common": null})
}

/// With bolts, plates, and a folder of one picture each and one of something else.
fn line() -> Desk {
    let desk = Desk::new();
    calibrate(&desk, calibration(json!({"bolt": product(&desk, part), "plate": product(&desk, plate)})));
    desk.folder("belt");
    part(&desk, "belt/1.png", 1.01);
    plate(&desk, "belt/2.png", 0.99);
    RgbImage::from_pixel(64, 64, Rgb([30, 200, 30])).save(desk.path("belt/3.png")).unwrap();
    desk
}

fn told(line: &Value) -> (&Value, &Value, Option<&Value>) {
    (&line["product"], &line["verdict"], line.get("cause"))
}

#[test]
fn each_picture_is_held_against_the_product_that_it_shows() {
    let desk = line();
    let ended = desk.run("--source belt").success();
    let lines = lines(&ended);
    assert_eq!(told(&lines[0]), (&json!("bolt"), &json!("ok"), None));
    assert_eq!(told(&lines[1]), (&json!("plate"), &json!("ok"), None));
    assert_eq!(told(&lines[2]), (&Value::Null, &Value::Null, Some(&json!("unknown-product"))));
    assert_eq!((&lines[2]["threshold"], &lines[2]["severity"]), (&Value::Null, &Value::Null));
    for (line, name) in lines.iter().zip(["bolt", "plate"]) {
        let number = |key: &str| line[key].as_f64().unwrap();
        // The threshold lies a fifth above the median.
        let median = number("threshold") / 1.2;
        let severity = (number("score") - median) / (0.2 * median);
        assert!((number("severity") - severity).abs() < 1e-3, "{name}: {line}");
    }
    assert_eq!(summary(&lines)["verdicts"], json!({"ok": 2, "defect": 0, "null": 1}));
    assert!(summary(&lines).get("drifts").is_none());
    assert_eq!(desk.run("--source belt --fail-on-defect").status, Some(0));
}

#[test]
fn people_read_products_and_severities_and_which_thresholds_hold() {
    let desk = line();
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"(ok|defect|-) +\d+\.\d{3}  ", "$1 [SCORE]  ");
    settings.add_filter(r"severity -?\d+\.\d\d", "severity [N]");
    settings.add_filter(r"(`\w+`) \d+\.\d+", "$1 [N]");
    let _filters = settings.bind_to_scope();
    insta::assert_snapshot!(desk.says("--source belt --format text"), @r"
    status: 0
    ----- stdout
    ok [SCORE]  belt/1.png  bolt, severity [N]  ([TIME])
    ok [SCORE]  belt/2.png  plate, severity [N]  ([TIME])
    - [SCORE]  belt/3.png  unknown product  ([TIME])
    belt: 3 pictures in [TIME]: 2 ok, 1 without a verdict
    ----- stderr
    note: thresholds of the calibration: `bolt` [N], `plate` [N]; promised: at most 1 % false alarms, at 95 % confidence
    note: products are recognised; a picture that is far from all of them has no verdict, and `--product` names one
    ");
    insta::assert_snapshot!(desk.says("--source belt/2.png --format text --threshold 1"), @r"
    status: 0
    ----- stdout
    defect [SCORE]  belt/2.png  plate  1 region 96x96 at 0,0  ([TIME])
    belt/2.png: 1 picture in [TIME]: 1 defect
    ----- stderr
    note: threshold 1, as given, in place of those of the calibration
    note: products are recognised; a picture that is far from all of them is held against the threshold all the same, and `--product` names one
    ");
}

#[test]
fn a_named_product_is_not_looked_for() {
    let desk = line();
    let ended = desk.run("--source belt --product plate").success();
    let named = lines(&ended);
    assert!(named[..3].iter().all(|line| line["product"] == "plate" && line["verdict"].is_string()), "{named:?}");
    let ended = desk.run("--source a=belt/1.png b=belt/1.png --product b=plate").success();
    let of_two: Vec<_> = lines(&ended).into_iter().filter(|line| line.get("verdict").is_some()).collect();
    assert_eq!((&of_two[0]["product"], &of_two[1]["product"]), (&json!("bolt"), &json!("plate")));
    let ended = desk.program("--source belt/1.png").env("MOEAD_PRODUCT", "plate").run().success();
    assert_eq!(lines(&ended)[0]["product"], "plate");
    // A picture that cannot be read would have been held against the same.
    desk.write("broken.png", "no picture");
    let ended = desk.run("--source broken.png belt/2.png --product plate");
    let broken = &lines(&ended)[0];
    assert_eq!((&broken["product"], &broken["threshold"]), (&json!("plate"), &lines(&ended)[2]["threshold"]));

    insta::assert_snapshot!(desk.says("--source belt --product screw"), @r"
    status: 1
    ----- stderr
    error: model.onnx: no product `screw` in the calibration, which has `bolt`, `plate`
    hint: give one of them as `--product [SOURCE=]NAME`, or leave it out to have products recognised
    ");
    insta::assert_snapshot!(desk.says("--source line1=belt --product line2=plate"), @r"
    status: 2
    ----- stderr
    error: `--product line2=plate`: expected one of the sources `line1`, found `line2`
    ");
    let desk = Desk::new();
    insta::assert_snapshot!(desk.says("--source part.png --product screw"), @r"
    status: 1
    ----- stderr
    error: model.onnx: expected a calibration with the product `screw`, found none in the model file
    hint: `moead-calibrate --model FILE GOOD/` writes a new calibration from good pictures
    ");
}

#[test]
fn the_threshold_of_the_command_line_wins() {
    let desk = line();
    let ended = desk.run("--source belt --threshold 0.001").success();
    let lines = lines(&ended);
    assert!(lines[..3].iter().all(|line| line["verdict"] == "defect" && line["threshold"] == 0.001), "{lines:?}");
    assert_eq!((&lines[0]["product"], &lines[2]["product"]), (&json!("bolt"), &Value::Null));
    // Below the median there is no scale; regions begin at that threshold too.
    assert_eq!(lines[0]["severity"], Value::Null);
    assert!(!lines[0]["regions"].as_array().unwrap().is_empty());
    let ended = desk.run("--source belt/1.png --threshold 1000").success();
    let line = crate::desk::lines(&ended).remove(0);
    assert_eq!(line["verdict"], "ok");
    assert!(line["severity"].as_f64().unwrap() < 0.05, "{line}");
}

#[test]
fn a_lamp_that_fades_is_told_before_it_changes_a_verdict() {
    let desk = line();
    desk.folder("shift");
    let brightnesses = [1.0, 1.01, 0.99, 0.95, 0.95, 0.95, 0.95, 1.0, 1.01, 0.99, 1.0];
    for (number, brightness) in brightnesses.into_iter().enumerate() {
        part(&desk, &format!("shift/{number:02}.png"), brightness);
    }
    let ended = desk.run("--source line1=shift").success();
    let lines = lines(&ended);
    let events: Vec<_> = lines.iter().filter(|line| line.get("event").is_some()).collect();
    let names: Vec<_> = events.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["drift", "steady", "summary"], "{events:?}");
    let [drift, steady, _] = events[..] else { panic!("{events:?}") };
    assert_eq!((&drift["source"], &drift["product"]), (&json!("line1"), &json!("bolt")));
    let measure = drift["drift"].as_f64().unwrap();
    assert!(measure >= 1.0 && steady["drift"].as_f64().unwrap() < 0.8, "{drift} {steady}");
    let cause = format!("together at {measure:.2} times the distance that good ones reach");
    assert!(drift["cause"].as_str().unwrap().ends_with(&cause), "{drift}");
    assert_eq!(summary(&lines)["drifts"], 1);
    assert!(lines.iter().filter(|line| line.get("verdict").is_some()).all(|line| line["verdict"] == "ok"));
    let text = desk.run("--source shift --format text").success().stdout;
    assert_eq!(text.lines().filter(|line| line.starts_with("drift  ")).count(), 1, "{text}");
    assert!(text.ends_with(": 11 ok, 1 drift\n"), "{text}");
}

#[test]
fn a_common_threshold_refuses_nothing() {
    let desk = line();
    let plain = json!({"threshold": 1.0, "score": {"median": 0.5, "mad": 0.1}});
    let mut common = calibration(json!({}));
    common["common"] = plain.clone();
    calibrate(&desk, common);
    let ended = desk.run("--source belt").success();
    assert!(lines(&ended)[..3].iter().all(|line| told(line) == (&Value::Null, &json!("defect"), None)));
    // Beside products it is for what is far from all of them.
    let mut both = calibration(json!({"bolt": product(&desk, part)}));
    both["common"] = plain;
    calibrate(&desk, both);
    let ended = desk.run("--source belt").success();
    let lines = lines(&ended);
    assert_eq!(told(&lines[0]), (&json!("bolt"), &json!("ok"), None));
    assert_eq!(told(&lines[2]), (&Value::Null, &json!("defect"), None));
}

#[test]
fn another_precision_or_an_engine_that_nobody_tested_is_told() {
    let desk = line();
    let warnings = |engine: &str, precision: &str, flags: &str| {
        let mut other = calibration(json!({"bolt": product(&desk, part)}));
        (other["engine"], other["precision"]) = (engine.into(), precision.into());
        calibrate(&desk, other);
        let ended = desk.run(&format!("--source belt/1.png {flags}")).success();
        ended.stderr.lines().filter(|line| line.starts_with("warning: ")).map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(warnings("tract", "f32", ""), [""; 0]);
    // The self-test shows that the numbers are those of the other engine.
    assert_eq!(warnings("ort cpu", "f32", ""), [""; 0]);
    let untested = "warning: the calibration was made with ort cpu, and without the self-test nothing shows that tract gives the same scores";
    assert_eq!(warnings("ort cpu", "f32", "--no-verify"), [untested]);
    let rounded = "warning: the calibration was made with the precision f16, and the model has f32: its thresholds are for other scores; `moead-calibrate` makes new ones";
    assert_eq!(warnings("tract", "f16", ""), [rounded]);
}

#[test]
fn calibrations_that_cannot_be_used_end_the_run_before_the_first_picture() {
    let desk = Desk::new();
    let good = product(&desk, part);
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut value = calibration(json!({"bolt": good}));
        change(&mut value);
        calibrate(&desk, value);
        let ended = desk.run("--source part.png");
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""), "{}", ended.stderr);
        let [error, hint] = ended.stderr.lines().collect::<Vec<_>>()[..] else { panic!("{}", ended.stderr) };
        assert!(hint.starts_with("hint: "), "{hint}");
        error.strip_prefix("error: model.onnx: ").unwrap_or_else(|| panic!("{error}")).to_owned()
    };
    let set = |pointer: &'static str, to: Value| {
        move |value: &mut Value| *value.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = to.clone()
    };
    let said: Vec<String> = [
        set("", json!(7)),
        set("", json!({})),
        set("/products", json!([])),
        set("/products", json!({})),
        set("/products/bolt", json!("bolt")),
        set("/products/bolt/threshold", json!("high")),
        set("/products/bolt/threshold", json!(null)),
        set("/products/bolt/threshold", json!(-1.0)),
        set("/products/bolt/threshold", json!(1e300)),
        set("/products/bolt/pixel_threshold", json!(0.0)),
        set("/products/bolt/embedding/mean", json!([0.5])),
        set("/products/bolt/embedding/mean/3", json!("nan")),
        set("/products/bolt/embedding/std/3", json!(0.0)),
        set("/products/bolt/embedding/std/3", json!(1e-60)),
        set("/products/bolt/embedding/refusal", json!(-2.0)),
        set("/products/bolt/embedding", json!({"mean": [1.0], "std": [1.0], "refusal": 2.0})),
        set("/products/bolt/embedding", json!(null)),
        set("/products/bolt/drift/window", json!(0)),
        set("/products/bolt/drift/window", json!(-3)),
        set("/products/bolt/drift/window", json!(18_446_744_073_709_551_615_u64)),
        set("/products/bolt/drift/limit", json!(0.0)),
        set("/target/confidence", json!(95)),
    ]
    .iter()
    .map(|change| refused(change))
    .collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    manifest: calibration: invalid type: integer `7`, expected struct Calibration
    manifest: calibration: missing field `images`
    manifest: calibration.products: invalid type: sequence, expected a map
    the calibration has neither a product nor a common threshold
    manifest: calibration.products.bolt: invalid type: string "bolt", expected struct Product
    manifest: calibration.products.bolt.threshold: invalid type: string "high", expected f32
    manifest: calibration.products.bolt.threshold: invalid type: null, expected f32
    manifest: calibration.threshold: expected a finite number above 0, found -1
    manifest: calibration.threshold: expected a finite number above 0, found inf
    manifest: calibration.pixel_threshold: expected a finite number above 0, found 0
    manifest: calibration.embedding: expected as many means as deviations, at least one, found 1 means and 192 deviations
    manifest: calibration.products.bolt.embedding.mean: invalid type: string "nan", expected f32
    manifest: calibration.embedding.std: expected finite numbers above 0, found 0
    manifest: calibration.embedding.std: expected finite numbers above 0, found 0
    manifest: calibration.embedding.refusal: expected a finite number above 0, found -2
    the calibration's embedding of `bolt`: expected 192 features, as the network has, found 1
    no product of the calibration can be recognised, since none has statistics of embeddings: `bolt`
    manifest: calibration.drift.window: expected 1 to 100000, found 0
    manifest: calibration.products.bolt.drift.window: invalid value: integer `-3`, expected usize
    manifest: calibration.drift.window: expected 1 to 100000, found 18446744073709552000
    manifest: calibration.drift.limit: expected a finite number above 0, found 0
    manifest: calibration.target.confidence: expected above 0, below 1, found 95
    "#);
    insta::assert_snapshot!(desk.run("--source part.png").transcript(), @r"
    status: 1
    ----- stderr
    error: model.onnx: manifest: calibration.target.confidence: expected above 0, below 1, found 95
    hint: `moead-calibrate --model FILE GOOD/` writes a new calibration from good pictures
    ");
}

#[test]
fn the_picture_beside_a_result_shows_the_product_s_threshold() {
    let desk = line();
    let mut bolt = product(&desk, part);
    // Regions too begin at the score's threshold then.
    bolt["pixel_threshold"] = Value::Null;
    calibrate(&desk, calibration(json!({"bolt": bolt})));
    desk.folder("seen");
    desk.run("--source belt --heatmaps seen").success();
    let drawn = |name: &str| std::fs::read(desk.path(Path::new("seen").join(name).to_str().unwrap())).unwrap();
    let calibrated = drawn("1.heatmap.png");
    let ended = desk.run("--source belt/1.png").success();
    let threshold = lines(&ended)[0]["threshold"].clone();
    desk.run(&format!("--source belt/1.png --threshold {threshold} --heatmaps seen")).success();
    assert!(calibrated == drawn("1.heatmap.png"), "the same threshold is drawn in the same way");
    desk.run("--source belt/1.png --threshold 1000 --heatmaps seen").success();
    assert!(calibrated != drawn("1.heatmap.png"), "another threshold is seen");
}
