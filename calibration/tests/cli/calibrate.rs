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
    error: a.onnx: expected an ONNX file, found a text
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
    error: a.onnx: expected an ONNX file, found a text
    hint: write the model file anew with `moead-export CKPT`
    ");
}

#[test]
fn a_list_of_names_is_a_file_that_ends() {
    let desk = desk();
    desk.write("good/a.png", "");
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/assets/demo/demo.onnx");
    desk.write("m.onnx", std::fs::read(demo).unwrap());
    insta::assert_snapshot!(desk.says("good --model m.onnx --veto /dev/zero"), @r"
    status: 1
    ----- stderr
    error: /dev/zero: expected a file, found a device or a pipe
    hint: `--veto FILE` is a text in a file of its own: the end of a picture's path in each line
    ");
    std::fs::File::create(desk.folder.path().join("veto.txt")).unwrap().set_len((16 << 20) + 1).unwrap();
    insta::assert_snapshot!(desk.says("good --model m.onnx --veto veto.txt"), @r"
    status: 1
    ----- stderr
    error: veto.txt: expected at most 16777216 bytes
    hint: `--veto FILE` is a text in a file of its own: the end of a picture's path in each line
    ");
    insta::assert_snapshot!(desk.says("good --model m.onnx --veto none.txt"), @r"
    status: 1
    ----- stderr
    error: none.txt: No such file or directory (os error 2)
    hint: check the path
    ");
}

#[test]
fn a_picture_that_is_there_again_and_again_counts_once() {
    let desk = desk();
    desk.write("good/000.png", "a picture");
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/assets/demo/demo.onnx");
    desk.write("m.onnx", std::fs::read(demo).unwrap());
    for number in 1..300 {
        std::os::unix::fs::symlink("000.png", desk.folder.path().join(format!("good/{number:03}.png"))).unwrap();
    }
    insta::assert_snapshot!(desk.says("good --model m.onnx -n"), @r"
    status: 1
    ----- stderr
    warning: (any): 299 of 300 pictures are copies of others, byte for byte, and do not count
    error: (any), without 299 copies: 1 good images cannot promise 0.01 false alarms at a confidence of 0.95: expected at least 100 (extrapolated), or 299 without any assumption
    hint: take more pictures, or promise less: a larger `--false-alarms`, a smaller `--confidence`; with defective pictures, `--defects FOLDER`
    ");
}

#[test]
fn nothing_that_is_read_is_written_over() {
    let desk = desk();
    desk.write("good/a.png", "");
    desk.write("veto.txt", "a.png");
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/assets/demo/demo.onnx");
    desk.write("m.html", std::fs::read(demo).unwrap());
    insta::assert_snapshot!(desk.says("good --model m.html --report m.html -o new.onnx"), @r"
    status: 2
    ----- stderr
    error: the report m.html would replace m.html, which is read
    hint: give another `--output FILE` or `--report PATH`; calibration.json is written beside the page
    ");
    for (flags, expected) in [
        ("-o r.html --report r.html", "the report r.html and the calibrated model r.html are the same file"),
        ("-o good/a.png", "the calibrated model good/a.png would replace good/a.png, which is read"),
        ("-o good/a.png --veto veto.txt", "the calibrated model good/a.png would replace good/a.png, which is read"),
        ("-o ./veto.txt --veto veto.txt", "the calibrated model ./veto.txt would replace veto.txt, which is read"),
    ] {
        // With enough of them for any promise.
        (0..300).for_each(|number| desk.write(&format!("good/{number}.png"), ""));
        let said = desk.says(&format!("good --model m.html {flags}"));
        assert!(said.starts_with("status: 2") && said.contains(expected), "{said}");
    }
}
