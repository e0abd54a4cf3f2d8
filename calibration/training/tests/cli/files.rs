//! Files that a run writes: none takes the place of something else, whatever it is called.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use moead_tests::command::Program;

use super::Desk;

#[test]
fn nothing_that_is_read_is_written_over() {
    let desk = Desk::new();
    desk.backbone();
    desk.pictures("good", 9);
    let (weights, picture) = (desk.read("backbone.safetensors"), desk.read("good/000.png"));
    let good = "good --backbone backbone.safetensors";
    insta::assert_snapshot!(desk.says(&format!("{good} -o backbone.safetensors")), @r"
    status: 2
    ----- stderr
    error: the checkpoint backbone.safetensors would replace backbone.safetensors, which is read
    hint: give `--output`, `--metrics` and `--report` files of their own; the run itself and its features are named after `--output`
    ");
    insta::assert_snapshot!(desk.says(&format!("{good} -o c.safetensors --metrics good/../backbone.safetensors")), @r"
    status: 2
    ----- stderr
    error: the metrics good/../backbone.safetensors would replace backbone.safetensors, which is read
    hint: give `--output`, `--metrics` and `--report` files of their own; the run itself and its features are named after `--output`
    ");
    insta::assert_snapshot!(desk.says(&format!("{good} -o c.safetensors --report good/000.png")), @r"
    status: 2
    ----- stderr
    error: the report good/000.png would replace good/000.png, which is read
    hint: give `--output`, `--metrics` and `--report` files of their own; the run itself and its features are named after `--output`
    ");
    // By another name, and as a file that is named after the checkpoint.
    std::fs::hard_link(desk.folder.path().join("good/000.png"), desk.folder.path().join("c.drawn.features")).unwrap();
    let said = desk.says(&format!("{good} -o c.safetensors"));
    let expected =
        "error: the file of features with drawn defects c.drawn.features would replace good/000.png, which is read";
    assert!(said.starts_with("status: 2") && said.contains(expected), "{said}");
    let line = r#"{"filename": "000.png", "label": 0, "clsname": "bolt"}"#;
    desk.write("good/train.json", line);
    let said = desk.says(&format!("{good} -o d.safetensors --metrics good/train.json"));
    assert!(said.contains("error: the metrics good/train.json would replace good/train.json, which is read"), "{said}");
    assert!(desk.read("backbone.safetensors") == weights && desk.read("good/000.png") == picture);
    assert_eq!(desk.read("good/train.json"), line.as_bytes());
}

#[test]
fn each_file_that_is_written_is_one_of_its_own() {
    let desk = Desk::new();
    desk.backbone();
    desk.pictures("good", 9);
    let good = "good --backbone backbone.safetensors -o c.safetensors";
    insta::assert_snapshot!(desk.says(&format!("{good} --metrics ./c.safetensors")), @r"
    status: 2
    ----- stderr
    error: the checkpoint c.safetensors and the metrics ./c.safetensors are the same file
    hint: give `--output`, `--metrics` and `--report` files of their own; the run itself and its features are named after `--output`
    ");
    for (flags, expected) in [
        ("--metrics m --report good/../m", "the metrics m and the report good/../m are the same file"),
        ("--metrics c.last.safetensors", "the metrics c.last.safetensors and the run itself c.last.safetensors are"),
        ("--report c.features", "the report c.features and the file of features c.features are the same file"),
        ("--report c.drawn.features", "the report c.drawn.features and the file of features with drawn defects"),
        ("--report c.altered.features", "the report c.altered.features and the file of features of altered copies"),
    ] {
        let said = desk.says(&format!("{good} {flags}"));
        assert!(said.starts_with("status: 2") && said.contains(expected), "{said}");
    }
}

#[test]
fn files_keep_names_that_are_not_utf_8() {
    let desk = Desk::new();
    desk.backbone();
    desk.pictures("good", 9);
    let run = "good --backbone backbone.safetensors --preset tiny --steps 2 --quiet -o";
    let output = OsStr::from_bytes(b"b\xff.safetensors");
    let program = Program::new("moead-train").args(run.split_whitespace()).args([output]);
    program.in_folder(desk.folder.path()).run().success();
    for name in [&b"b\xff.safetensors"[..], b"b\xff.last.safetensors", b"b\xff.features"] {
        assert!(desk.folder.path().join(OsStr::from_bytes(name)).is_file(), "{}", name.escape_ascii());
    }
}
