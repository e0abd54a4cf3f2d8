//! Folders, files and runs that cannot be used.

use super::Desk;

#[test]
fn folders_without_good_pictures() {
    let desk = Desk::new();
    desk.backbone();
    insta::assert_snapshot!(desk.says("nowhere --backbone backbone.safetensors -o c.safetensors"), @"");
    desk.write("empty/readme.txt", "");
    insta::assert_snapshot!(desk.says("empty --backbone backbone.safetensors -o c.safetensors"), @"");
    desk.pictures("few", 7);
    insta::assert_snapshot!(desk.says("few --backbone backbone.safetensors -o c.safetensors"), @"");
}

#[test]
fn pictures_that_cannot_be_read() {
    let desk = Desk::new();
    desk.backbone();
    desk.pictures("good", 9);
    desk.write("good/a.png", "text");
    desk.write("good/b.png", "text");
    let arguments = "good --backbone backbone.safetensors -o c.safetensors --preset tiny --steps 2";
    insta::assert_snapshot!(desk.says(&format!("{arguments} --max-unreadable 1")), @"");
    insta::assert_snapshot!(desk.says(&format!("{arguments} --max-unreadable 2")), @"");
    // What was computed stays; what could not be is not forgotten.
    insta::assert_snapshot!(desk.says(&format!("{arguments} --max-unreadable 1")), @"");
}

#[test]
fn files_that_hold_no_backbone() {
    let desk = Desk::new();
    desk.pictures("good", 9);
    insta::assert_snapshot!(desk.says("good --backbone b.pth -o c.safetensors"), @"");
    desk.write("b.pth", "weights");
    insta::assert_snapshot!(desk.says("good --backbone b.pth -o c.safetensors"), @"");
}

#[test]
fn checkpoints_that_cannot_be_written() {
    let desk = Desk::new();
    desk.pictures("good", 9);
    insta::assert_snapshot!(desk.says("good --backbone b.pth -o nowhere/c.safetensors"), @"");
    insta::assert_snapshot!(desk.says("good --backbone b.pth -o good"), @"");
}

#[test]
fn runs_that_cannot_be_taken_up() {
    let desk = Desk::new();
    desk.backbone();
    desk.pictures("good", 20);
    let arguments = "good --backbone backbone.safetensors -o c.safetensors --preset tiny --quiet";
    insta::assert_snapshot!(desk.says(&format!("{arguments} --steps 2 --resume")), @"");
    desk.program(&format!("{arguments} --steps 2")).run().success();
    insta::assert_snapshot!(desk.says(&format!("{arguments} --steps 3 --resume")), @"");
    insta::assert_snapshot!(desk.says(&format!("{arguments} --steps 2 --seed 2 --resume")), @"");
    let bytes = desk.read("c.last.safetensors");
    desk.write("c.last.safetensors", &bytes[..bytes.len() / 2]);
    insta::assert_snapshot!(desk.says(&format!("{arguments} --steps 2 --resume")), @"");
}
