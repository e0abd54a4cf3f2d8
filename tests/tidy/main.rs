//! Tidiness that the compiler does not check: each test below is a rule, and reports every place that breaks it.
//!
//! The checks work on texts, so that each can be shown a sample that it must object to; those tests are beside the checks.

use crate::tree::{Finding, Tree};

mod code;
mod commands;
mod dependencies;
mod figures;
mod files;
mod links;
mod rust_code;
mod tree;

#[track_caller]
fn assert_tidy(mut findings: Vec<Finding>) {
    findings.sort();
    let lines: Vec<_> = findings.iter().map(Finding::to_string).collect();
    assert!(lines.is_empty(), "{} places are untidy:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn every_source_begins_with_what_it_is_for() {
    assert_tidy(files::heads(&Tree::of_repository()));
}

#[test]
fn no_source_is_too_long() {
    assert_tidy(files::lengths(&Tree::of_repository()));
}

#[test]
fn names_say_what_is_inside() {
    assert_tidy(files::names(&Tree::of_repository()));
}

#[test]
fn nothing_is_left_over() {
    assert_tidy(files::leftovers(&Tree::of_repository()));
}

#[test]
fn code_names_only_what_it_may() {
    assert_tidy(code::rules(&Tree::of_repository()));
}

#[test]
fn the_reference_shares_nothing_with_the_graph() {
    assert_tidy(code::reference_stands_alone(&Tree::of_repository()));
}

#[test]
fn documents_that_are_mentioned_exist() {
    assert_tidy(links::documents(&Tree::of_repository()));
}

#[test]
fn relative_links_lead_somewhere() {
    assert_tidy(links::relative_links(&Tree::of_repository()));
}

#[test]
fn the_folders_of_the_readme_exist() {
    assert_tidy(links::folders_of_readme(&Tree::of_repository()));
}

#[test]
fn the_readme_says_what_the_demonstration_finds() {
    assert_tidy(figures::demonstration(&Tree::of_repository()));
}

#[test]
fn documented_flags_exist() {
    assert_tidy(commands::flags(&Tree::of_repository()));
}

#[test]
fn crates_depend_downwards() {
    assert_tidy(dependencies::edges(&dependencies::metadata()));
}

#[test]
fn all_places_are_reported_in_order() {
    let findings = vec![Finding::new("b.rs", 2, "second"), Finding::new("a.rs", 9, "first")];
    let panic = std::panic::catch_unwind(|| assert_tidy(findings)).expect_err("two findings are untidy");
    let message = panic.downcast_ref::<String>().expect("a panic with a formatted message");
    assert_eq!(message, "2 places are untidy:\na.rs:9: first\nb.rs:2: second");
}
