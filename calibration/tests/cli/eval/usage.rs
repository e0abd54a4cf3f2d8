//! Help, version, completions, and command lines that are wrong.

use super::desk;

#[test]
fn wrong_command_lines() {
    let desk = desk();
    insta::assert_snapshot!(desk.says(""), @r"
    status: 2
    ----- stderr
    error: the following required arguments were not provided:
      --model <FILE>
      <DATA>

    Usage: moead-eval --model <FILE> <DATA>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("data --compare a.onnx"), @r"
    status: 2
    ----- stderr
    error: 2 values required for '--compare <FILE> <FILE>' but 1 was provided

    Usage: moead-eval [OPTIONS] <DATA>
           moead-eval <COMMAND>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("data --model a.onnx --compare a.onnx b.onnx"), @r"
    status: 2
    ----- stderr
    error: the argument '--model <FILE>' cannot be used with '--compare <FILE> <FILE>'

    Usage: moead-eval --model <FILE> <DATA>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("data --baseline padim --compare a.onnx b.onnx"), @r"
    status: 2
    ----- stderr
    error: the argument '--baseline <WHAT>' cannot be used with '--compare <FILE> <FILE>'

    Usage: moead-eval --baseline <WHAT> <DATA>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("data --model a.onnx --baseline-features 0 --baseline padim"), @r"
    status: 2
    ----- stderr
    error: invalid value '0' for '--baseline-features <N>': expected a whole number from 1

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("data --model a.onnx --layout coco"), @r"
    status: 2
    ----- stderr
    error: invalid value 'coco' for '--layout <LAYOUT>'
      [possible values: mvtec, visa, json, folder]

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("data --model a.onnx --max-unreadable some"), @r"
    status: 2
    ----- stderr
    error: invalid value 'some' for '--max-unreadable <N>': expected a whole number

    For more information, try '--help'.
    ");
}

#[test]
fn the_version_names_engines() {
    insta::assert_snapshot!(desk().says("--version"), @r"
    status: 0
    ----- stdout
    moead-eval 0.1.0
    commit: [COMMIT]
    target: [TARGET]
    engines: tract 0.23.9, ort 2.0.0-rc.15 (ONNX Runtime 1.17 or later, from the machine)
    features: ort, tract
    ");
}

#[test]
fn help_fits_a_terminal_and_shows_examples() {
    let help = desk().says("--help");
    for part in
        ["Usage: moead-eval [OPTIONS]", "Examples:", "moead-eval --compare f32.onnx f16.onnx bolts/", "Exit status:"]
    {
        assert!(help.contains(part), "{part}: {help}");
    }
}

#[test]
fn completions_and_the_manual_are_made() {
    let desk = desk();
    let completions = desk.says("completions bash");
    assert!(completions.contains("moead-eval") && completions.contains("--max-unreadable"), "{completions}");
    let manual = desk.says("man");
    assert!(manual.contains(".TH moead-eval"), "{manual}");
}
