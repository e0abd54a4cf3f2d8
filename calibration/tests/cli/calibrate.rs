//! `moead-calibrate`: help, version, and command lines that are wrong.

use crate::Desk;

fn desk() -> Desk {
    Desk::of("moead-calibrate")
}

#[test]
fn wrong_command_lines() {
    let desk = desk();
    insta::assert_snapshot!(desk.says(""), @r"
    status: 2
    ----- stderr
    error: the following required arguments were not provided:
      --model <FILE>
      <FOLDER>...

    Usage: moead-calibrate --model <FILE> <FOLDER>...

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("good --model a.onnx --false-alarms 1"), @r"
    status: 2
    ----- stderr
    error: invalid value '1' for '--false-alarms <SHARE>': expected a share above 0 and below 1, as in 0.01 for 1 %

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("good --model a.onnx --confidence often"), @r"
    status: 2
    ----- stderr
    error: invalid value 'often' for '--confidence <SHARE>': expected a share above 0 and below 1, as in 0.01 for 1 %

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("good --model a.onnx --recall 0.9"), @r"
    status: 2
    ----- stderr
    error: the following required arguments were not provided:
      --defects <FOLDER>

    Usage: moead-calibrate --model <FILE> --defects <FOLDER> --recall <SHARE> <FOLDER>...

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("good --model a.onnx --order any"), @r"
    status: 2
    ----- stderr
    error: invalid value 'any' for '--order <ORDER>'
      [possible values: collection, stream]

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("show"), @r"
    status: 2
    ----- stderr
    error: the following required arguments were not provided:
      <MODEL>

    Usage: moead-calibrate show <MODEL>

    For more information, try '--help'.
    ");
}

#[test]
fn the_version_names_engines() {
    insta::assert_snapshot!(desk().says("--version"), @r"
    status: 0
    ----- stdout
    moead-calibrate 0.1.0
    commit: [COMMIT]
    target: [TARGET]
    engines: tract 0.23.9, ort 2.0.0-rc.15 (ONNX Runtime 1.17 or later, from the machine)
    features: camera, ort, tract
    ");
}

#[test]
fn help_shows_how_it_is_used() {
    let help = desk().says("--help");
    for example in ["moead-calibrate --model bolt.onnx good/ ", "moead-calibrate show bolt.onnx", "--exclude-outliers"]
    {
        assert!(help.contains(example), "{help}");
    }
}

#[test]
fn what_is_missing_is_found_before_any_work() {
    let desk = desk();
    desk.write("good/a.png", "");
    insta::assert_snapshot!(desk.says("good --model a.onnx"), @r"
    status: 1
    ----- stderr
    error: a.onnx: No such file or directory (os error 2)
    hint: check the path given as `--model`; `moead-export CKPT` writes a model file
    ");
    desk.write("a.onnx", "text");
    insta::assert_snapshot!(desk.says("good --model a.onnx"), @r"
    status: 1
    ----- stderr
    error: a.onnx: not an ONNX file
    hint: write the model file anew with `moead-export CKPT`
    ");
    insta::assert_snapshot!(desk.says("good --model a.onnx -o none/b.onnx"), @r"
    status: 1
    ----- stderr
    error: none/b.onnx: none: expected a folder, found nothing
    hint: check the path
    ");
    insta::assert_snapshot!(desk.says("good --model a.onnx --report none/b.html"), @r"
    status: 1
    ----- stderr
    error: none/b.html: none: expected a folder, found nothing
    hint: `--report PATH`: a file that ends in .html, or a folder; the folder must exist
    ");
    insta::assert_snapshot!(desk.says("show a.onnx"), @r"
    status: 1
    ----- stderr
    error: a.onnx: not an ONNX file
    hint: write the model file anew with `moead-export CKPT`
    ");
}
