//! Help, version, completions, and command lines that are wrong.

use super::Desk;

#[test]
fn wrong_command_lines() {
    let desk = Desk::new();
    insta::assert_snapshot!(desk.says(""), @"");
    insta::assert_snapshot!(desk.says("data --backbone b -o c --steps 0"), @"");
    insta::assert_snapshot!(desk.says("data --backbone b -o c --time-limit soon"), @"");
    insta::assert_snapshot!(desk.says("data --backbone b -o c --time-limit 1m --resume"), @"");
    insta::assert_snapshot!(desk.says("data --backbone b -o c --preset large"), @"");
}

#[test]
fn the_version_names_engines() {
    insta::assert_snapshot!(Desk::new().says("--version"), @"");
}

#[test]
fn help_shows_examples() {
    insta::assert_snapshot!(Desk::new().says("--help"), @"");
}

#[test]
fn completions_and_the_manual_are_made() {
    let desk = Desk::new();
    let completions = desk.says("completions bash");
    assert!(completions.contains("moead-train") && completions.contains("--balance-products"), "{completions}");
    let manual = desk.says("man");
    assert!(manual.contains(".TH moead-train"), "{manual}");
}
