//! Help, version, completions, and command lines that are wrong.

use super::Desk;

#[test]
fn wrong_command_lines() {
    let desk = Desk::new();
    insta::assert_snapshot!(desk.says(""), @r"
    status: 2
    ----- stderr
    error: the following required arguments were not provided:
      --output <FILE>
      --backbone <FILE>
      <DATA>

    Usage: moead-train --output <FILE> --backbone <FILE> <DATA>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("data --backbone b -o c --steps 0"), @r"
    status: 2
    ----- stderr
    error: invalid value '0' for '--steps <N>': expected a whole number, at least 1

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("data --backbone b -o c --distance position-cov"), @r"
    status: 2
    ----- stderr
    error: invalid value 'position-cov' for '--distance <DISTANCE>': expected l2, position-std or position-cov:K with K from 1 to 256

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("data --backbone b -o c --time-limit soon"), @r"
    status: 2
    ----- stderr
    error: invalid value 'soon' for '--time-limit <TIME>': expected a time, as in 90s, 10m or 2h

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("data --backbone b -o c --time-limit 1m --resume"), @r"
    status: 2
    ----- stderr
    error: the argument '--time-limit <TIME>' cannot be used with '--resume'

    Usage: moead-train --output <FILE> --backbone <FILE> --time-limit <TIME> <DATA>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("data --backbone b -o c --preset large"), @r"
    status: 2
    ----- stderr
    error: invalid value 'large' for '--preset <PRESET>'
      [possible values: official, small, tiny]

    For more information, try '--help'.
    ");
}

#[test]
fn copies_that_make_no_sense() {
    let desk = Desk::new();
    insta::assert_snapshot!(desk.says("data --backbone b -o c --augment mirror,rotate"), @"
    status: 2
    ----- stderr
    error: invalid value 'rotate' for '--augment <WHAT,…>': expected one of mirror, flip, turn, tilt, shift, light

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("data --backbone b -o c --copies 3"), @"
    status: 2
    ----- stderr
    error: the following required arguments were not provided:
      --augment <WHAT,…>

    Usage: moead-train --output <FILE> --backbone <FILE> --augment <WHAT,…> --copies <N> <DATA>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("data --backbone b -o c --augment light --copies 0"), @"
    status: 2
    ----- stderr
    error: invalid value '0' for '--copies <N>': expected a whole number, 1 to 100

    For more information, try '--help'.
    ");
}

#[test]
fn the_version_names_engines() {
    insta::assert_snapshot!(Desk::new().says("--version"), @r"
    status: 0
    ----- stdout
    moead-train 0.1.0
    commit: [COMMIT]
    target: [TARGET]
    engines: tract [VERSION], ort 2.0.0-rc.15 (ONNX Runtime 1.17 or later, from the machine)
    features: ort, tract
    ");
}

#[test]
fn help_fits_a_terminal_and_shows_examples() {
    let help = Desk::new().says("--help");
    for part in [
        "Usage: moead-train [OPTIONS] --output <FILE> --backbone <FILE> <DATA>",
        "Examples:",
        "moead-train bolts/ --backbone lite0.pth -o bolt.safetensors --time-limit 10m",
        "- small:    For processors without a GPU",
        "Exit status:",
    ] {
        assert!(help.contains(part), "{part}: {help}");
    }
}

#[test]
fn completions_and_the_manual_are_made() {
    let desk = Desk::new();
    let completions = desk.says("completions bash");
    assert!(completions.contains("moead-train") && completions.contains("--balance-products"), "{completions}");
    let manual = desk.says("man");
    assert!(manual.contains(".TH moead-train"), "{manual}");
}
