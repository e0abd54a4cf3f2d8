//! `moead-calibrate`: good pictures go in, and the model file says what it promises.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Stdio;

use image::{DynamicImage, imageops};
use moead_model::onnx::model_file::ModelFile;
use moead_tests::browser::Browser;
use moead_tests::command::Ended;
use moead_tests::python;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::pages::look_at;

/// What eight pictures can promise.
const PROMISE: &str = "--false-alarms 0.2 --confidence 0.8";

/// Pieces of brick walls, no two alike.
fn walls(desk: &Desk, folder: &str, count: u32) {
    desk.folder(folder);
    for number in 0..count {
        let name = format!("images/bricks/good_{}.png", number % 5);
        let wall = image::open(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
        let mut piece = wall.crop_imm(number, 2 * number, 160, 160).to_rgb8();
        if number % 2 == 1 {
            imageops::flip_horizontal_in_place(&mut piece);
        }
        DynamicImage::from(piece).save(desk.path(&format!("{folder}/{number:02}.png"))).unwrap();
    }
}

/// Stripes, which are no walls.
fn stripes(desk: &Desk, folder: &str, count: u32) {
    desk.folder(folder);
    for number in 0..count {
        let shade = |x: u32| {
            if (x / (6 + number % 3) + number).is_multiple_of(2) { [200, 40, 40] } else { [20, 30, 90 + number as u8] }
        };
        let picture = image::RgbImage::from_fn(96, 96, |x, y| image::Rgb(shade(x + y / (2 + number))));
        picture.save(desk.path(&format!("{folder}/{number:02}.png"))).unwrap();
    }
}

fn calibrate(desk: &Desk, arguments: &str) -> Ended {
    desk.program_of("moead-calibrate", arguments).run()
}

fn stored(desk: &Desk, model: &str) -> Value {
    let shown = calibrate(desk, &format!("show {model} --json")).success().stdout;
    serde_json::from_str(&shown).unwrap_or_else(|error| panic!("{error}: {shown}"))
}

fn graph(desk: &Desk, model: &str) -> Vec<u8> {
    ModelFile::open(&desk.path(model)).unwrap().envelope().graph().to_vec()
}

#[test]
fn a_folder_of_good_pictures_becomes_a_threshold_inside_the_model() {
    let desk = Desk::new();
    walls(&desk, "good", 12);
    let before = (graph(&desk, "model.onnx"), ModelFile::open(&desk.path("model.onnx")).unwrap().manifest().clone());
    insta::assert_snapshot!(calibrate(&desk, "show model.onnx").transcript(), @r"
    status: 1
    ----- stderr
    error: model.onnx: the model file has no calibration
    hint: `moead-calibrate --model FILE FOLDER` writes one from good pictures
    ");
    insta::assert_snapshot!(calibrate(&desk, &format!("--model model.onnx good {PROMISE}")).transcript(), @r"
    status: 0
    ----- stdout
    product  good  left out           method  threshold  median  regions from  recognised       drift
    (any)      12         0  order-statistic     39.551  18.173        41.759          no  3 pictures
    ----- stderr
    note: (any): of good pictures like these 12, at most 20 % are called defective; calibrations are wrong about that in at most 20 % of cases; nothing is assumed about the scores
    note: written: model.onnx
    ");
    let model = ModelFile::open(&desk.path("model.onnx")).unwrap();
    assert!(model.envelope().graph() == &before.0, "the graph's bytes have changed");
    let mut manifest = model.manifest().clone();
    manifest.calibration = None;
    assert_eq!(manifest, before.1);
    insta::assert_snapshot!(calibrate(&desk, "show model.onnx").transcript(), @r"
    status: 0
    ----- stdout
    product  good  left out           method  threshold  median  regions from  recognised       drift
    (any)      12         0  order-statistic     39.551  18.173        41.759          no  3 pictures

    (any): of good pictures like these 12, at most 20 % are called defective; calibrations are wrong about that in at most 20 % of cases; nothing is assumed about the scores
    made [TIME] by moead-calibrate 0.1.0, judged by tract, weights f32
    ");
    // The promise, counted: rank 1 of 12 good pictures would be called defective by nobody, and the largest one lies just below.
    let calibration = stored(&desk, "model.onnx");
    let ended = desk.run("--source good --format json").success();
    let scores: Vec<f32> =
        crate::desk::lines(&ended).iter().filter_map(|line| line["score"].as_f64()).map(|score| score as f32).collect();
    assert_eq!(scores.len(), 12);
    let highest = scores.iter().copied().fold(0.0, f32::max);
    assert_eq!(calibration["common"]["threshold"].as_f64().unwrap() as f32, highest.next_up());
    assert_eq!(calibration["common"]["images"], 12);
    assert_eq!((&calibration["engine"], &calibration["precision"]), (&json!("tract"), &json!("f32")));
    assert_eq!(calibration["target"], json!({"false_alarms": 0.2, "confidence": 0.8}));
}

#[test]
fn pictures_for_training_are_warned_of() {
    let desk = Desk::new();
    walls(&desk, "parts/wall/train/good", 8);
    walls(&desk, "parts/wall/test/good", 3);
    insta::assert_snapshot!(calibrate(&desk, &format!("--model model.onnx parts {PROMISE}")).transcript(), @r"
    status: 0
    ----- stdout
    product  good  left out           method  threshold  median  regions from  recognised       drift
    wall        8         0  order-statistic     39.551  18.173        41.759         yes  2 pictures
    ----- stderr
    warning: 8 pictures are those that the data set has for training: a model that was trained on them scores them lower than new ones, and the threshold is too low for these; keep good pictures back from training, and calibrate with those
    note: wall: of good pictures like these 8, at most 20 % are called defective; calibrations are wrong about that in at most 20 % of cases; nothing is assumed about the scores
    note: written: model.onnx
    ");
}

#[test]
fn products_stand_beside_each_other_and_are_renewed_one_by_one() {
    let desk = Desk::new();
    walls(&desk, "parts/wall/good", 8);
    stripes(&desk, "parts/stripe/good", 9);
    let run = |arguments: &str| calibrate(&desk, &format!("--model model.onnx {arguments} {PROMISE}"));
    run("parts -o parts.onnx").success();
    // The model itself was left as it was.
    assert_eq!(calibrate(&desk, "show model.onnx").status, Some(1));
    let both = stored(&desk, "parts.onnx");
    assert_eq!(
        (&both["images"], &both["products"]["wall"]["images"], &both["common"]),
        (&json!(17), &json!(8), &Value::Null)
    );
    walls(&desk, "more", 10);
    let renewed = calibrate(&desk, &format!("--model parts.onnx more --product wall {PROMISE}")).success();
    assert!(!renewed.stdout.contains("stripe"), "{}", renewed.stdout);
    let after = stored(&desk, "parts.onnx");
    assert_eq!(
        (&after["products"]["wall"]["images"], &after["products"]["stripe"]),
        (&json!(10), &both["products"]["stripe"])
    );
    insta::assert_snapshot!(
        calibrate(&desk, "--model parts.onnx more --product wall --false-alarms 0.3 --confidence 0.8").transcript(),
        @r"
    status: 1
    ----- stderr
    error: the file's calibration of stripe has another target: 0.2 at 0.8, and this one 0.3 at 0.8
    hint: calibrate them again in the same way, or forget them with `--replace`
    "
    );
    calibrate(&desk, "--model parts.onnx more --product wall --false-alarms 0.3 --confidence 0.8 --replace").success();
    assert_eq!(stored(&desk, "parts.onnx")["products"].as_object().unwrap().len(), 1);
    // Nobody else's model was lost on the way, and a part of a file never shows.
    assert!(desk.names(".").iter().all(|name| !name.ends_with(".part")), "{:?}", desk.names("."));
}

#[test]
fn defective_pictures_choose_the_threshold_and_both_rates_are_told() {
    let desk = Desk::new();
    walls(&desk, "good", 6);
    stripes(&desk, "bad", 5);
    let run = |more: &str| calibrate(&desk, &format!("--model model.onnx good --defects bad {more}"));
    insta::assert_snapshot!(run("").transcript(), @r"
    status: 0
    ----- stdout
    product  good  left out  method  threshold  median  regions from  recognised  drift
    (any)       6         0      f1     17.830  18.173             -          no      -
    ----- stderr
    warning: (any): half of the good pictures are called defective: the threshold 17.83002 lies below their median 18.1727; this model does not tell these defects from good pictures
    warning: (any): no threshold for regions, which then begin at the score's: 6 good images cannot promise 0.01 false alarms at a confidence of 0.95: expected at least 100 (extrapolated), or 299 without any assumption
    warning: (any): no statistics of embeddings, by which products are recognised and drift is watched: 6 good images cannot promise 0.01 false alarms at a confidence of 0.5: expected at least 69 (extrapolated), or 69 without any assumption
    note: (any): of these good pictures 3 of 6 (11.8 % to 88.2 %) are called defective, of these defective ones 0 of 5 (0 % to 52.2 %) are missed (intervals at 95 %; new pictures do somewhat worse than those that the threshold was chosen on)
    note: written: model.onnx
    ");
    let document: Value = serde_json::from_str(&run("--recall 0.9 --json --dry-run").success().stdout).unwrap();
    let common = &document["calibration"]["common"];
    assert_eq!((&document["written"], &common["method"]), (&Value::Null, &json!("recall")));
    assert_eq!(common["defects"]["misses"]["errors"], 0);
    // The dry run left the first one.
    assert_eq!(stored(&desk, "model.onnx")["common"]["method"], "f1");
}

#[test]
fn vetoed_and_unreadable_pictures_are_left_out_and_said() {
    let desk = Desk::new();
    walls(&desk, "good", 10);
    desk.write("good/03.png", "no picture");
    desk.write("veto.txt", "# blurred\ngood/07.png\n");
    insta::assert_snapshot!(
        calibrate(&desk, &format!("--model model.onnx good --veto veto.txt {PROMISE}")).transcript(),
        @r"
    status: 0
    ----- stdout
    product  good  left out           method  threshold  median  regions from  recognised       drift
    (any)       8         1  order-statistic     32.070  18.173        33.129          no  2 pictures
    ----- stderr
    warning: good/03.png: not a PNG, JPEG, BMP, TIFF or WebP: begins with 6e 6f 20 70 69 63 74 75
    note: (any): of good pictures like these 8, at most 20 % are called defective; calibrations are wrong about that in at most 20 % of cases; nothing is assumed about the scores
    note: written: model.onnx
    "
    );
    let calibration = stored(&desk, "model.onnx");
    assert_eq!(calibration["common"]["excluded"], json!(["good/07.png"]));
    assert_eq!(calibration["common"]["images"], 8);
    insta::assert_snapshot!(
        calibrate(&desk, &format!("--model model.onnx good --max-unreadable 0 {PROMISE}")).transcript(),
        @r"
    status: 1
    ----- stderr
    warning: good/03.png: not a PNG, JPEG, BMP, TIFF or WebP: begins with 6e 6f 20 70 69 63 74 75
    error: model.onnx: 1 pictures cannot be used, at most 0 are allowed
    hint: see what is wrong with them; `--max-unreadable N` goes on without them
    "
    );
    desk.write("veto.txt", "07.jpg\n");
    insta::assert_snapshot!(calibrate(&desk, &format!("--model model.onnx good --veto veto.txt {PROMISE}")).transcript(), @r"
    status: 1
    ----- stderr
    error: veto.txt:1: no picture has the name 07.jpg
    hint: write the end of a picture's path: its name, or its folder and name
    ");
}

#[test]
fn copies_change_neither_threshold_nor_promise() {
    let desk = Desk::new();
    walls(&desk, "good", 9);
    let once = calibrate(&desk, &format!("--model model.onnx good {PROMISE}")).success();
    let before = stored(&desk, "model.onnx")["common"].clone();
    for name in desk.names("good") {
        std::fs::copy(desk.path(&format!("good/{name}")), desk.path(&format!("good/copy-{name}"))).unwrap();
    }
    let twice = calibrate(&desk, &format!("--model model.onnx good --report page.html {PROMISE}")).success();
    assert_eq!(twice.stdout, once.stdout);
    let warning = "warning: (any): 9 of 18 pictures are copies of others, byte for byte, and do not count";
    let said: Vec<_> = twice.stderr.lines().filter(|line| *line != "note: report: page.html").collect();
    assert_eq!(said, std::iter::once(warning).chain(once.stderr.lines()).collect::<Vec<_>>());
    assert_eq!(stored(&desk, "model.onnx")["common"], before);
    let document: Value = serde_json::from_slice(&desk.read("calibration.json")).unwrap();
    assert_eq!(document["products"][""]["copies"], 9);
    let page = String::from_utf8(desk.read("page.html")).unwrap();
    assert!(page.contains("<li>9 of 18 pictures are copies of others"), "{page}");
}

#[test]
fn what_cannot_be_promised_is_refused_with_numbers() {
    let desk = Desk::new();
    walls(&desk, "good", 7);
    let before = desk.read("model.onnx");
    insta::assert_snapshot!(calibrate(&desk, "--model model.onnx good").transcript(), @r"
    status: 1
    ----- stderr
    error: (any): 7 good images cannot promise 0.01 false alarms at a confidence of 0.95: expected at least 100 (extrapolated), or 299 without any assumption
    hint: take more pictures, or promise less: a larger `--false-alarms`, a smaller `--confidence`; with defective pictures, `--defects FOLDER`
    ");
    // One picture eight times.
    desk.folder("same");
    for number in 0..8 {
        std::fs::copy(desk.path("good/00.png"), desk.path(&format!("same/{number}.png"))).unwrap();
    }
    insta::assert_snapshot!(calibrate(&desk, &format!("--model model.onnx same {PROMISE}")).transcript(), @r"
    status: 1
    ----- stderr
    warning: (any): 7 of 8 pictures are copies of others, byte for byte, and do not count
    error: (any), without 7 copies: 1 good images cannot promise 0.2 false alarms at a confidence of 0.8: expected at least 8 (extrapolated), or 8 without any assumption
    hint: take more pictures, or promise less: a larger `--false-alarms`, a smaller `--confidence`; with defective pictures, `--defects FOLDER`
    ");
    desk.folder("parts/defect");
    desk.copy("parts/defect/a.png");
    insta::assert_snapshot!(calibrate(&desk, "--model model.onnx parts --layout folder").transcript(), @r"
    status: 1
    ----- stderr
    error: parts: expected good pictures, found 1 defective ones
    hint: give folders of good pictures; defective ones as `--defects FOLDER`
    ");
    desk.folder("empty");
    insta::assert_snapshot!(calibrate(&desk, "--model model.onnx empty").transcript(), @r"
    status: 1
    ----- stderr
    error: empty: expected a data set (mvtec, visa, json, folder), found none of these layouts
    hint: the simplest layout is a folder of good pictures; docs/reference/moead-eval.md shows the others
    ");
    assert!(desk.read("model.onnx") == before, "a refusal must not touch the file");
}

#[test]
fn a_model_without_manifest_is_refused_and_says_why() {
    let desk = Desk::new();
    walls(&desk, "good", 8);
    let mut bytes = desk.read("model.onnx");
    let at = bytes.windows(14).rposition(|bytes| bytes == b"moead.manifest").unwrap();
    bytes[at..at + 5].copy_from_slice(b"other");
    desk.write("peer.onnx", bytes);
    insta::assert_snapshot!(calibrate(&desk, &format!("--model peer.onnx good {PROMISE}")).transcript(), @r"
    status: 1
    ----- stderr
    error: peer.onnx: not a MoEAD model file: it has no metadata moead.manifest
    hint: a calibration lives in the manifest, which only files of `moead-export` have; `moead-eval --normalize …` measures others
    ");
}

#[test]
fn a_calibration_that_cannot_be_read_is_not_overwritten_unasked() {
    let desk = Desk::new();
    walls(&desk, "good", 8);
    let model = ModelFile::open(&desk.path("model.onnx")).unwrap();
    let mut manifest = model.manifest().clone();
    manifest.calibration = Some(json!({"images": 3, "products": {"bolt": {"threshold": -1.0}}}));
    let mut envelope = model.envelope().clone();
    envelope.set_metadata("moead.manifest", manifest.to_json());
    let mut bytes = Vec::new();
    envelope.write(&mut bytes).unwrap();
    desk.write("model.onnx", bytes);
    insta::assert_snapshot!(calibrate(&desk, &format!("--model model.onnx good {PROMISE}")).transcript(), @r"
    status: 1
    ----- stderr
    error: model.onnx: manifest: calibration.products.bolt: missing field `score`
    hint: `--replace` writes a new calibration in its place
    ");
    calibrate(&desk, &format!("--model model.onnx good {PROMISE} --replace")).success();
    assert_eq!(stored(&desk, "model.onnx")["common"]["images"], 8);
}

#[test]
fn both_engines_and_all_precisions_promise_nearly_the_same() {
    let desk = Desk::new();
    walls(&desk, "good", 8);
    let library = python::onnxruntime_library().display().to_string();
    let threshold = |model: &str, engine: &str| {
        let arguments = format!("--model {model} good {PROMISE} --engine {engine}");
        desk.program_of("moead-calibrate", &arguments).env("ORT_DYLIB_PATH", &library).run().success();
        let calibration = stored(&desk, model);
        (
            calibration["common"]["threshold"].as_f64().unwrap(),
            calibration["engine"].clone(),
            calibration["precision"].clone(),
        )
    };
    let (tract, engine, _) = threshold("model.onnx", "tract");
    let (ort, other, _) = threshold("model.onnx", "ort");
    assert_eq!((engine, other), (json!("tract"), json!("ort cpu")));
    assert!((tract / ort - 1.0).abs() < 1e-4, "{tract} {ort}");
    for (precision, tolerance) in [("f16", 1e-2), ("int8", 1e-1)] {
        desk.program_of("moead-export", &format!("model.safetensors -o small.onnx --precision {precision}"))
            .run()
            .success();
        let (small, _, recorded) = threshold("small.onnx", "tract");
        assert_eq!(recorded, json!(precision));
        assert!((small / tract - 1.0).abs() < tolerance, "{precision}: {small} {tract}");
    }
}

#[test]
fn frames_of_a_camera_are_kept_and_become_a_calibration() {
    let desk = Desk::new();
    desk.folder("frames");
    let scene = "line1=synthetic://conveyor?size=160x120&fps=200&seed=7";
    let run = |more: &str| {
        calibrate(
            &desk,
            &format!("from-stream --model model.onnx --source {scene} --keep frames --every 0s {more} {PROMISE}"),
        )
    };
    let ended = run("--frames 9 --report page.html").success();
    assert_eq!(desk.names("frames").len(), 9, "{:?}", desk.names("frames"));
    assert!(ended.stderr.contains("note: 9 frames in frames; "), "{}", ended.stderr);
    let again = "`moead-calibrate --model model.onnx frames --layout folder --order stream --veto FILE`";
    assert!(ended.stderr.contains(again), "{}", ended.stderr);
    let calibration = stored(&desk, "model.onnx");
    assert_eq!(calibration["common"]["images"], 9);
    // The command that it prints, less one frame.
    desk.write("veto.txt", &desk.names("frames")[0]);
    let again = format!("--model model.onnx frames --layout folder --order stream --veto veto.txt {PROMISE}");
    calibrate(&desk, &again).success();
    assert_eq!(stored(&desk, "model.onnx")["common"]["images"], 8);
    insta::assert_snapshot!(run("").transcript(), @r"
    status: 1
    ----- stderr
    error: frames: expected a folder without pictures, found 9
    hint: give a new folder, or calibrate with the pictures that are there: `moead-calibrate --model FILE FOLDER`
    ");
    insta::assert_snapshot!(calibrate(&desk, "from-stream --model model.onnx --source part.png --keep none").transcript(), @r"
    status: 1
    ----- stderr
    error: none: expected a folder, found nothing
    hint: make it first: `mkdir -p none`
    ");
}

#[test]
fn what_the_camera_showed_is_what_the_kept_frames_show() {
    let desk = Desk::new();
    desk.folder("frames");
    // Two sources, each with its folder; pictures in files are frames, too.
    walls(&desk, "a", 4);
    stripes(&desk, "b", 5);
    let arguments =
        format!("from-stream --model model.onnx --source a b --keep frames --every 0s --frames 4 {PROMISE}");
    calibrate(&desk, &arguments).success();
    assert_eq!((desk.names("frames"), desk.names("frames/a").len()), (vec!["a".to_owned(), "b".to_owned()], 4));
    for number in 0..4 {
        let [kept, given] = [format!("frames/b/{number:02}.png"), format!("b/{number:02}.png")]
            .map(|name| image::open(desk.path(&name)).unwrap().to_rgb8());
        assert!(kept == given, "{number}");
    }
}

/// A limit on the size of files stands in for a full disk.
#[test]
fn a_full_disk_leaves_the_old_model() {
    let desk = Desk::new();
    walls(&desk, "good", 8);
    let before = desk.read("model.onnx");
    let program = desk.program_of("moead-calibrate", &format!("--model model.onnx good {PROMISE}"));
    let limited = program.through_shell("trap '' XFSZ; ulimit -f 64; exec \"$@\"");
    insta::assert_snapshot!(limited.run().transcript(), @r"
    status: 1
    ----- stderr
    note: (any): of good pictures like these 8, at most 20 % are called defective; calibrations are wrong about that in at most 20 % of cases; nothing is assumed about the scores
    error: model.onnx: File too large (os error 27)
    hint: the file system or `ulimit -f` limits the size of files; what was written before is whole
    ");
    assert!(desk.read("model.onnx") == before, "the old file is whole");
    assert!(desk.names(".").iter().all(|name| !name.ends_with(".part")), "{:?}", desk.names("."));
}

/// Calibrates with frames that arrive on standard input, and does something in the midst of it.
fn interrupted(desk: &Desk, then: impl FnOnce()) -> String {
    let frame = |number: u8| [b"FRAME\n".as_slice(), &[60 + 9 * number; 160 * 120 * 3 / 2]].concat();
    let arguments = format!(
        "from-stream --model model.onnx --source - --policy never --keep frames --every 0s --frames 9 -q {PROMISE}"
    );
    let mut program = desk.program_of("moead-calibrate", &arguments).command();
    let mut program = program.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut frames = program.stdin.take().unwrap();
    frames.write_all(b"YUV4MPEG2 W160 H120 F25:1 Ip C420jpeg\n").unwrap();
    // More than a pipe holds: when they are written, they are being read, and the model was read before.
    (0..5).for_each(|number| frames.write_all(&frame(number)).unwrap());
    then();
    (5..9).for_each(|number| frames.write_all(&frame(number)).unwrap());
    drop(frames);
    let ended = program.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    String::from_utf8(ended.stderr).unwrap()
}

#[test]
fn what_somebody_else_wrote_meanwhile_is_not_undone() {
    let desk = Desk::new();
    desk.folder("frames");
    walls(&desk, "good", 8);
    let said = interrupted(&desk, || drop(calibrate(&desk, &format!("--model model.onnx good {PROMISE}")).success()));
    insta::assert_snapshot!(said, @r"
    error: model.onnx: another calibration was written into the file while the pictures were judged
    hint: run it again: what the file says of other products is kept
    ");
    assert_eq!(stored(&desk, "model.onnx")["common"]["images"], 8);
}

#[test]
fn thresholds_of_one_model_are_not_written_into_another() {
    let desk = Desk::new();
    desk.folder("frames");
    desk.program_of("moead-export", "model.safetensors --precision f16 -o other.onnx").run().success();
    let other = desk.read("other.onnx");
    let said = interrupted(&desk, || desk.write("model.onnx", &other));
    insta::assert_snapshot!(said, @r"
    error: model.onnx: the file was replaced by another model while the pictures were judged
    hint: run it again with the new model
    ");
    assert!(desk.read("model.onnx") == other);
}

#[test]
fn a_running_program_says_that_its_model_file_was_replaced() {
    let desk = Desk::new();
    walls(&desk, "good", 8);
    // It ends by itself if the line never comes.
    let mut edge = desk.program("--source synthetic://conveyor?fps=20 --threshold 9 --duration 60s").command();
    let mut edge = edge.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // With the first result, the model has been loaded.
    let mut first = String::new();
    BufReader::new(edge.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with('{'), "{first}");
    calibrate(&desk, &format!("--model model.onnx good {PROMISE}")).success();
    let lines = BufReader::new(edge.stderr.take().unwrap()).lines().map_while(Result::ok);
    let told = lines.into_iter().find(|line| line.contains("replaced"));
    edge.kill().unwrap();
    edge.wait().unwrap();
    insta::assert_snapshot!(told.unwrap_or_default(), @"warning: model.onnx: the file has been replaced; this run goes on with the model that it loaded, and takes the new one when it is started again");
}

#[test]
fn the_page_shows_the_worst_good_pictures_and_fetches_nothing() {
    let Some(mut browser) = Browser::start() else { return };
    let desk = Desk::new();
    walls(&desk, "parts/wall/good", 9);
    stripes(&desk, "parts/<i>stripe/good", 8);
    desk.folder("report");
    calibrate(&desk, &format!("--model model.onnx parts --report report {PROMISE}")).success();
    assert_eq!(desk.names("report"), ["calibration.json", "report.html"]);
    browser.show(1280, 1800, 1, "light");
    look_at(&mut browser, &desk.path("report/report.html"), "calibration.png");
    let shown = browser.evaluate(
        "({images: document.images.length, charts: document.querySelectorAll('svg').length, \
           products: [...document.querySelectorAll('h2')].map((head) => head.textContent)})",
    );
    assert_eq!(shown, json!({"images": 24, "charts": 4, "products": ["<i>stripe", "wall"]}));
    browser.show(360, 740, 2, "dark");
    look_at(&mut browser, &desk.path("report/report.html"), "calibration-phone.png");
}
