//! Places that cannot be written: the old file stays, and nothing else is left.

use moead_tests::command::Program;

use crate::desk::{Desk, tiny};

fn desk() -> Desk {
    let desk = Desk::with(&tiny());
    desk.write("old.onnx", "old");
    std::fs::create_dir(desk.path("folder")).unwrap();
    desk
}

#[test]
fn a_folder_that_is_not_there() {
    insta::assert_snapshot!(desk().refuses("ckpt.pth.tar -o missing/model.onnx"), @r"
    status: 1
    ----- stderr
    error: missing/model.onnx: missing: expected a folder, found nothing
    hint: make the folder first, or write elsewhere with `--output FILE`
    ");
}

#[test]
fn a_folder_in_place_of_a_file() {
    insta::assert_snapshot!(desk().refuses("ckpt.pth.tar -o folder"), @r"
    status: 1
    ----- stderr
    error: folder: expected a file, found a folder
    hint: name a file in a folder with `--output FILE`
    ");
}

#[test]
fn a_file_in_place_of_a_folder() {
    insta::assert_snapshot!(desk().refuses("ckpt.pth.tar -o old.onnx/model.onnx"), @r"
    status: 1
    ----- stderr
    error: old.onnx/model.onnx: old.onnx: expected a folder, found a file
    hint: name a file in a folder with `--output FILE`
    ");
}

#[test]
fn a_device() {
    insta::assert_snapshot!(desk().refuses("ckpt.pth.tar -o /dev/full"), @r"
    status: 1
    ----- stderr
    error: /dev/full: expected a regular file, found a device or a pipe
    hint: name a file in a folder with `--output FILE`
    ");
}

/// A limit on the size of files stands in for a full disk: the write fails in the middle. Its signal is ignored, as most
/// supervisors have it.
#[test]
fn a_disk_that_is_full() {
    let desk = desk();
    let program: Program = desk.program("ckpt.pth.tar -o old.onnx");
    let limited = program.through_shell("trap '' XFSZ; ulimit -f 1000; exec \"$@\"");
    insta::assert_snapshot!(desk.refuses_program(&limited), @r"
    status: 1
    ----- stderr
    error: old.onnx: File too large (os error 27)
    hint: the file system or `ulimit -f` limits the size of files: write elsewhere with `--output FILE`
    ");
}

/// Over its own checkpoint: a model file is no checkpoint any more, and the weights would be gone.
#[test]
fn the_checkpoint_itself() {
    insta::assert_snapshot!(desk().refuses("ckpt.pth.tar -o ckpt.pth.tar"), @r"
    status: 2
    ----- stderr
    error: the model ckpt.pth.tar would replace ckpt.pth.tar, which is read
    hint: give another `--output FILE`
    ");
    insta::assert_snapshot!(desk().refuses("ckpt.pth.tar -o ./ckpt.pth.tar"), @r"
    status: 2
    ----- stderr
    error: the model ./ckpt.pth.tar would replace ckpt.pth.tar, which is read
    hint: give another `--output FILE`
    ");
}
