//! `moead-board key new`.

use std::os::unix::fs::PermissionsExt as _;

use crate::desk::{Desk, KEY, PUBLIC};

#[test]
fn a_key_is_its_owners_alone() {
    let desk = Desk::empty();
    insta::assert_snapshot!(desk.says("key new --no-passphrase"), @r"
    status: 0
    ----- stdout
    moead.key: signs, keep it secret; without a passphrase
    moead.pub: checks, goes onto boards; key [KEY]
    ");
    assert_eq!(desk.names(), ["moead.key", "moead.pub"]);
    let mode = |name| std::fs::metadata(desk.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("moead.key"), mode("moead.pub") & 0o400), (0o600, 0o400));
}

#[test]
fn a_key_never_takes_the_place_of_another() {
    let desk = Desk::empty();
    desk.write("moead.pub", PUBLIC);
    insta::assert_snapshot!(desk.refuses("key new --no-passphrase"), @r"
    status: 1
    ----- stderr
    error: moead.pub: there is one already
    hint: choose another name; a key is never replaced
    ");
    desk.write("line.key", KEY);
    insta::assert_snapshot!(desk.refuses("key new line.key --no-passphrase"), @r"
    status: 1
    ----- stderr
    error: line.key: there is one already
    hint: choose another name; a key is never replaced
    ");
    insta::assert_snapshot!(desk.refuses("key new gone/line.key --no-passphrase"), @r"
    status: 1
    ----- stderr
    error: gone/line.key: gone: expected a folder, found nothing
    hint: check the path
    ");
    std::fs::create_dir(desk.path("folder")).unwrap();
    insta::assert_snapshot!(desk.refuses("key new folder --no-passphrase"), @r"
    status: 1
    ----- stderr
    error: folder: expected a file, found a folder
    ");
    insta::assert_snapshot!(desk.refuses("key new /proc/line.key --no-passphrase"), @r"
    status: 1
    ----- stderr
    error: /proc/line.key: entity not found
    hint: check the path
    ");
    insta::assert_snapshot!(desk.refuses("key new line.pub --no-passphrase"), @r"
    status: 1
    ----- stderr
    error: line.pub: the public half would have that name
    ");
}

#[test]
fn without_a_terminal_the_passphrase_is_in_a_file() {
    let desk = Desk::empty();
    insta::assert_snapshot!(desk.refuses("key new"), @r"
    status: 2
    ----- stderr
    error: there is no terminal to ask for a passphrase: `--passphrase-file FILE`, or `--no-passphrase`
    ");
    desk.write("words", "correct horse\nand more\n");
    insta::assert_snapshot!(desk.says("key new --passphrase-file words"), @r"
    status: 0
    ----- stdout
    moead.key: signs, keep it secret; locked with the passphrase
    moead.pub: checks, goes onto boards; key [KEY]
    ");
}

#[test]
fn a_file_without_a_passphrase_makes_no_key() {
    let desk = Desk::empty();
    desk.write("words", "");
    insta::assert_snapshot!(desk.refuses("key new --passphrase-file words"), @r"
    status: 1
    ----- stderr
    error: words: expected a passphrase in the first line, found nothing there
    hint: `--no-passphrase` makes a key without one
    ");
    desk.write("words", " \ncorrect horse\n");
    let said = desk.refuses("key new --passphrase-file words");
    assert!(said.contains("error: words: expected a passphrase in the first line"), "{said}");
}

#[test]
fn an_output_that_takes_no_words_is_named_and_the_keys_are_there() {
    let desk = Desk::empty();
    let full = desk.program("key new --no-passphrase").through_shell("exec \"$@\" >/dev/full").run();
    insta::assert_snapshot!(full.transcript(), @r"
    status: 1
    ----- stderr
    error: standard output: No space left on device (os error 28)
    ");
    assert_eq!(desk.names(), ["moead.key", "moead.pub"]);
}
