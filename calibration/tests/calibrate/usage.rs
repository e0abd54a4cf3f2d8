//! Help, version, and command lines that are wrong.

use crate::Desk;

#[test]
fn wrong_command_lines() {
    let desk = Desk::empty();
    insta::assert_snapshot!(desk.says(""), @"");
    insta::assert_snapshot!(desk.says("good --model a.onnx --false-alarms 1"), @"");
    insta::assert_snapshot!(desk.says("good --model a.onnx --confidence often"), @"");
    insta::assert_snapshot!(desk.says("good --model a.onnx --recall 0.9"), @"");
    insta::assert_snapshot!(desk.says("good --model a.onnx --order any"), @"");
    insta::assert_snapshot!(desk.says("show"), @"");
}

#[test]
fn the_version_names_engines() {
    insta::assert_snapshot!(Desk::empty().says("--version"), @"");
}

#[test]
fn help_shows_how_it_is_used() {
    let help = Desk::empty().says("--help");
    for example in ["moead-calibrate --model bolt.onnx good/ ", "moead-calibrate show bolt.onnx", "--exclude-outliers"]
    {
        assert!(help.contains(example), "{help}");
    }
}

#[test]
fn what_is_missing_is_found_before_any_work() {
    let desk = Desk::empty();
    desk.write("good/a.png", "");
    insta::assert_snapshot!(desk.says("good --model a.onnx"), @"");
    desk.write("a.onnx", "text");
    insta::assert_snapshot!(desk.says("good --model a.onnx"), @"");
    insta::assert_snapshot!(desk.says("good --model a.onnx -o none/b.onnx"), @"");
    insta::assert_snapshot!(desk.says("good --model a.onnx --report none/b.html"), @"");
    insta::assert_snapshot!(desk.says("show a.onnx"), @"");
}
