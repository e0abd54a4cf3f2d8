//! Whether numbers are right: `moead-edge verify`, the self-test at every start, and `moead-edge bench`.

use moead_tests::golden::Case;
use moead_tests::python;
use moead_tests::synthetic_checkpoint::{Checkpoint, Form};
use serde_json::{Value, json};

use crate::desk::Desk;

/// `moead-edge verify` and more arguments, with the library of the tests' Python.
fn verify(desk: &Desk, arguments: &str) -> moead_tests::command::Ended {
    let library = python::onnxruntime_library().display().to_string();
    desk.bare_program(&format!("verify {arguments}")).env("ORT_DYLIB_PATH", &library).run()
}

/// Changes the manifest inside of the model: the same number of bytes, or the file would be cut.
fn rewrite(desk: &Desk, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let mut model = desk.read("model.onnx");
    let at = model.windows(from.len()).rposition(|bytes| bytes == from.as_bytes()).unwrap();
    model[at..at + to.len()].copy_from_slice(to.as_bytes());
    desk.write("model.onnx", model);
}

/// A grid that no engine answers with.
pub(crate) fn spoil_the_self_test(desk: &Desk) {
    rewrite(desk, "\"self_test\":{\"seed\":1,", "\"self_test\":{\"seed\":7,");
}

#[test]
fn every_engine_of_this_machine_is_tested() {
    let desk = Desk::new();
    let ended = verify(&desk, "--model model.onnx --json").success();
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let engines = report["engines"].as_array().unwrap();
    assert_eq!(engines.len(), 4, "{report}");
    for (row, name) in engines.iter().zip(["tract", "ort cpu"]) {
        assert!(row["engine"].as_str().unwrap().starts_with(name), "{row}");
        assert_eq!(row["passed"], true, "{row}");
        assert!(row["map_error"].as_f64().unwrap() < 1e-5 && row["score_error"].as_f64().unwrap() < 1e-5, "{row}");
    }
    for row in &engines[2..] {
        assert_eq!(row["usable"], false, "{row}");
        assert!(row["error"].as_str().unwrap().len() > 10, "{row}");
    }
}

#[test]
fn an_engine_whose_numbers_are_off_is_named_and_judges_nothing() {
    let desk = Desk::new();
    spoil_the_self_test(&desk);
    let ended = verify(&desk, "--model model.onnx");
    assert_eq!(ended.status, Some(1), "{}", ended.stdout);
    assert!(ended.stdout.lines().any(|line| line.starts_with("tract") && line.ends_with("WRONG")), "{}", ended.stdout);
    assert!(ended.stderr.ends_with("error: model.onnx: the numbers of an engine are wrong\n"), "{}", ended.stderr);
    let start = desk.run("--source part.png --threshold 10");
    assert_eq!((start.status, start.stdout.as_str()), (Some(1), ""), "{}", start.stderr);
    assert!(
        start.stderr.starts_with("error: model.onnx: tract: the self-test fails: the map is off by "),
        "{}",
        start.stderr
    );
    assert!(start.stderr.contains("\nhint: "), "{}", start.stderr);
    let anyway = desk.run("--source part.png --threshold 10 --no-verify").success();
    assert!(anyway.stdout.contains("\"verdict\":"), "{}", anyway.stdout);
}

#[test]
fn a_model_without_a_self_test_says_that_nothing_shows_it() {
    let desk = Desk::new();
    desk.program_of("moead-export", "model.safetensors --no-check -o bare.onnx").run().success();
    let ended = verify(&desk, "--model bare.onnx");
    insta::assert_snapshot!(ended.transcript(), @r"
    status: 1
    ----- stderr
    error: bare.onnx: the model file has no self-test
    hint: write the model file anew with `moead-export CKPT`, without `--no-check`
    ");
    let start = desk.bare_program("--model bare.onnx --source part.png --threshold 10").run().success();
    assert!(start.stderr.contains("warning: the model file has no self-test"), "{}", start.stderr);
}

#[test]
fn two_engines_are_compared_on_pictures() {
    let desk = Desk::new();
    desk.folder("parts");
    desk.copy("parts/a.png");
    desk.copy("parts/b.png");
    desk.write("parts/c.png", "no picture");
    let ended = verify(&desk, "--model model.onnx --against parts --threshold 10 --json").success();
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&report["pictures"], &report["unreadable"]), (&json!(2), &json!(1)), "{report}");
    assert_eq!((&report["other_verdicts"], &report["tokens_with_other_experts"]), (&json!(0), &json!(0)), "{report}");
    assert!(report["map_error"]["worst"].as_f64().unwrap() < 1e-5, "{report}");
    // Three rounds of two choices by sixteen tokens, for two pictures.
    assert_eq!(report["tokens"], 3 * 2 * 16 * 2, "{report}");
    assert!(ended.stderr.contains("parts/c.png"), "{}", ended.stderr);
}

#[test]
fn an_engine_is_compared_with_another_and_not_with_itself() {
    let desk = Desk::new();
    for (asked_for, other) in [("tract", "ort cpu"), ("ort", "tract")] {
        let ended = verify(&desk, &format!("--model model.onnx --against part.png --engine {asked_for}")).success();
        let (first, second) = ended.stdout.lines().next().unwrap().split_once(", compared with ").unwrap();
        assert!(first.starts_with(&format!("model.onnx on {asked_for}")), "{}", ended.stdout);
        assert!(second.starts_with(&format!("model.onnx on {other}")), "{}", ended.stdout);
    }
    let alone = desk.bare_program("verify --model model.onnx --against part.png --engine tract");
    insta::assert_snapshot!(alone.run().transcript(), @"
    status: 1
    ----- stderr
    error: tract is the only engine on this machine: there is nothing to compare with
    ");
}

#[test]
fn a_library_that_a_flag_names_must_be_there() {
    let desk = Desk::new();
    for command in
        ["verify --model model.onnx", "verify --model model.onnx --against part.png", "bench --model model.onnx"]
    {
        let ended = desk.bare_program(&format!("{command} --ort-lib nowhere.so")).run();
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""), "{command}");
        assert!(ended.stderr.contains("error: ort cpu: nowhere.so: No such file or directory"), "{}", ended.stderr);
    }
}

#[test]
fn models_of_other_inputs_have_scores_to_compare_and_no_maps() {
    let desk = Desk::new();
    Checkpoint::of(&Case::small("tiny_rect")).write(Form::Safetensors, &desk.path("wide.safetensors"));
    desk.program_of("moead-export", "wide.safetensors").run().success();
    let ended = verify(&desk, "--model model.onnx --model wide.onnx --against part.png --threshold 10").success();
    let lines: Vec<&str> = ended.stdout.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(lines, ["wide.onnx", "relative", "score", "other"], "{}", ended.stdout);
    assert!(ended.stderr.contains(": maps and experts cannot be compared"), "{}", ended.stderr);
}

#[test]
fn two_models_are_compared_on_pictures() {
    let desk = Desk::new();
    desk.program_of("moead-export", "model.safetensors --precision f16 -o half.onnx").run().success();
    let ended = verify(&desk, "--model model.onnx --model half.onnx --against part.png --threshold 10").success();
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(lines[0], "half.onnx on tract, compared with model.onnx on tract: 1 pictures", "{}", ended.stdout);
    assert!(lines[2].starts_with("map ") && lines[3].starts_with("score "), "{}", ended.stdout);
    assert!(
        lines[4].starts_with("other experts: ") && lines[5].starts_with("other verdicts at 10: "),
        "{}",
        ended.stdout
    );
    // Half precision moves numbers, so a comparison that shows nothing would compare a model with itself.
    assert!(!lines[2].contains("0.0e0"), "{}", ended.stdout);
}

#[test]
fn the_wrong_number_of_models_is_a_wrong_command_line() {
    let desk = Desk::new();
    insta::assert_snapshot!(verify(&desk, "--model a.onnx --model b.onnx").transcript(), @r"
    status: 2
    ----- stderr
    error: two models are compared on pictures: give `--against FOLDER`
    ");
    insta::assert_snapshot!(verify(&desk, "--model a --model b --model c --against d").transcript(), @r"
    status: 2
    ----- stderr
    error: at most two models can be compared
    ");
}

#[test]
fn engines_are_measured_side_by_side() {
    let desk = Desk::new();
    let library = python::onnxruntime_library().display().to_string();
    let program = desk.bare_program("bench --model model.onnx --rounds 2 --warm-up 1 --threads 1,2 --json");
    let ended = program.env("ORT_DYLIB_PATH", &library).run().success();
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let contenders = report["contenders"].as_array().unwrap();
    assert_eq!(contenders.len(), 2 * 2, "{report}");
    for row in contenders {
        for number in ["load_ms", "first_ms", "peak_memory_bytes", "model_bytes"] {
            assert!(row[number].as_f64().is_some_and(|value| value > 0.0), "{number}: {row}");
        }
        let latency = &row["latency_ms"];
        assert!(latency["low"].as_f64().unwrap() <= latency["median"].as_f64().unwrap(), "{row}");
        assert!(row["map_error"].as_f64().unwrap() < 1e-5, "{row}");
    }
    assert_eq!(contenders[0]["ratio"]["median"], 1.0, "{report}");
    let refused = report["refused"].as_array().unwrap();
    assert_eq!(refused.len(), 2, "{report}");
    for row in refused {
        assert!(row["error"].as_str().unwrap().len() > 10, "{row}");
    }
}

#[test]
fn a_profile_says_where_the_time_goes() {
    let desk = Desk::new();
    let library = python::onnxruntime_library().display().to_string();
    let program = desk.bare_program("bench --model model.onnx --rounds 2 --warm-up 0 --profile --json");
    let ended = program.env("ORT_DYLIB_PATH", &library).run().success();
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let contenders = report["contenders"].as_array().unwrap();
    assert_eq!(contenders.len(), 2, "{report}");
    for (row, convolution) in contenders.iter().zip(["Pointwise", "Conv"]) {
        let profile = &row["profile"];
        let total = profile["total_ms"].as_f64().unwrap();
        let share = |part: &str| profile["parts"][part]["share"].as_f64().unwrap();
        for part in ["backbone", "neck", "decoder", "head"] {
            assert!(share(part) > 0.0, "{part}: {row}");
        }
        assert!(share("backbone") + share("decoder") > 0.5, "{row}");
        let operators = profile["operators"].as_array().unwrap();
        let sum = |tables: &mut dyn Iterator<Item = &Value>| {
            let times = tables.map(|table| [table["ms"].as_f64().unwrap(), table["share"].as_f64().unwrap()]);
            times.fold([0.0, 0.0], |sum, time| [sum[0] + time[0], sum[1] + time[1]])
        };
        for [ms, share] in [sum(&mut profile["parts"].as_object().unwrap().values()), sum(&mut operators.iter())] {
            assert!((ms - total).abs() < 1e-6 * total && (share - 1.0).abs() < 1e-6, "{row}");
        }
        assert!(operators.iter().any(|operator| operator["operator"] == convolution), "{row}");
    }
}

#[test]
fn a_profile_is_two_tables_and_a_word_on_what_it_cost() {
    let desk = Desk::new();
    let program = "bench --model model.onnx --rounds 1 --warm-up 0 --profile --engine tract";
    let ended = desk.bare_program(program).run().success();
    let tables: Vec<&str> = ended.stdout.split("\n\n").collect();
    assert_eq!(tables.len(), 3, "{}", ended.stdout);
    // One digit for every number, and one blank for every gap: both are wider where a machine is slower.
    let plain = |table: &str| {
        let mut plain = String::new();
        for line in table.lines().take(2) {
            let words = line.split_whitespace().map(|word| {
                let is_number = word.trim_start_matches('(').parse::<f64>().is_ok();
                if is_number { "N" } else { word }
            });
            plain += &(words.collect::<Vec<_>>().join(" ") + "\n");
        }
        plain
    };
    insta::assert_snapshot!(plain(tables[1]), @r"
    engine threads backbone neck decoder head other profiled ms
    tract N N N %) N N %) N N %) N N %) N N %) N
    ");
    assert!(plain(tables[2]).starts_with("engine threads ms share\ntract N N N % "), "{}", tables[2]);
    let note = ended.stderr.lines().find(|line| line.starts_with("note: profiles")).unwrap_or_default();
    insta::assert_snapshot!(note, @"note: profiles were taken after the rounds with a look at every node: their milliseconds include what that costs; `other` are nodes whose names tell no part, as those that an engine adds");
}

#[test]
fn a_bench_of_nothing_is_an_error() {
    let desk = Desk::new();
    let ended = desk.bare_program("bench --model model.onnx --engine ort --ort-lib missing.so --rounds 1").run();
    assert_eq!(ended.status, Some(1), "{}", ended.stdout);
    assert!(ended.stderr.contains("missing.so"), "{}", ended.stderr);
    assert!(ended.stderr.ends_with("error: no engine could be measured\n"), "{}", ended.stderr);
}
