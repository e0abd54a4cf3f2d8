//! Files that are no checkpoints, and weights that are no weights.

use moead_tests::golden::Case;
use moead_tests::synthetic_checkpoint::Form;
use moead_tests::torch_file::{self, Item};

use crate::desk::{Desk, tiny};

#[test]
fn what_is_no_checkpoint_is_named() {
    let desk = Desk::empty();
    desk.write("notes.txt", "accuracy was fine\n");
    desk.write("picture.png", std::fs::read(Case::small("tiny").picture()).unwrap());
    desk.write("empty.pth", "");
    std::fs::create_dir(desk.path("folder")).unwrap();
    insta::assert_snapshot!(desk.refuses("notes.txt"), @r#"
    status: 1
    ----- stderr
    error: notes.txt: expected a torch file or safetensors, found 18 bytes that begin with "accuracy "
    hint: give a file that `torch.save` or safetensors wrote: .pth.tar, .pth, .pt, .safetensors
    "#);
    insta::assert_snapshot!(desk.refuses("picture.png"), @r"
    status: 1
    ----- stderr
    error: picture.png: expected a torch file or safetensors, found 24920 bytes that begin with 89 50 4e 47 0d 0a 1a 0a 00
    hint: give a file that `torch.save` or safetensors wrote: .pth.tar, .pth, .pt, .safetensors
    ");
    insta::assert_snapshot!(desk.refuses("empty.pth"), @r"
    status: 1
    ----- stderr
    error: empty.pth: expected a torch file or safetensors, found an empty file
    hint: give a file that `torch.save` or safetensors wrote: .pth.tar, .pth, .pt, .safetensors
    ");
    insta::assert_snapshot!(desk.refuses("folder"), @r"
    status: 1
    ----- stderr
    error: folder: expected a file, found a folder
    hint: give a file that `torch.save` or safetensors wrote: .pth.tar, .pth, .pt, .safetensors
    ");
    insta::assert_snapshot!(desk.refuses("missing.pth"), @r"
    status: 1
    ----- stderr
    error: missing.pth: No such file or directory (os error 2)
    hint: check the path
    ");
    insta::assert_snapshot!(desk.refuses("/dev/null"), @r"
    status: 1
    ----- stderr
    error: /dev/null: expected a file, found a device or a pipe
    hint: give a file that `torch.save` or safetensors wrote: .pth.tar, .pth, .pt, .safetensors
    ");
}

#[test]
fn a_file_that_was_cut_is_refused() {
    let desk = Desk::empty();
    for (name, form) in [("a.pth", Form::Zip), ("b.pth", Form::Legacy), ("c.safetensors", Form::Safetensors)] {
        let bytes = tiny().encode(form);
        desk.write(name, &bytes[..bytes.len() / 2]);
    }
    insta::assert_snapshot!(desk.refuses("a.pth"), @r"
    status: 1
    ----- stderr
    error: a.pth: zip archive: Missing end of central directory: the file is cut short or damaged
    hint: fetch the file again, and check that it is the checkpoint
    ");
    insta::assert_snapshot!(desk.refuses("b.pth"), @r"
    status: 1
    ----- stderr
    error: b.pth: torch file (before 1.6): storage 322 at byte 10634435: expected 55296 numbers, found 189054 bytes
    hint: fetch the file again, and check that it is the checkpoint
    ");
    insta::assert_snapshot!(desk.refuses("c.safetensors"), @r"
    status: 1
    ----- stderr
    error: c.safetensors: safetensors header: expected 21547832 bytes of numbers after the header, found 10750368
    hint: fetch the file again, and check that it is the checkpoint
    ");
}

#[test]
fn a_torch_file_with_something_else_inside_is_refused() {
    let desk = Desk::empty();
    desk.write("list.pth", torch_file::zip(&Item::List(vec![Item::Int(1)])));
    desk.write("numbers.pth", torch_file::zip(&Item::Dict(vec![("epoch".into(), Item::Int(3))])));
    desk.write("archive.pth", torch_file::zip_of(&[("readme.md".into(), b"hello".to_vec())]));
    desk.write("code.pth", torch_file::zip(&Item::Raw(b"cos\nsystem\n(X\x02\x00\x00\x00idtR".to_vec())));
    insta::assert_snapshot!(desk.refuses("list.pth"), @r#"
    status: 1
    ----- stderr
    error: list.pth: expected a state dict or a dict with the key state_dict, found a list
    hint: weights lie under `state_dict` or alone: `torch.save({"state_dict": model.state_dict()}, FILE)`
    "#);
    insta::assert_snapshot!(desk.refuses("numbers.pth"), @r#"
    status: 1
    ----- stderr
    error: numbers.pth: expected a state dict or a dict with the key state_dict, found a dict with the keys epoch
    hint: weights lie under `state_dict` or alone: `torch.save({"state_dict": model.state_dict()}, FILE)`
    "#);
    insta::assert_snapshot!(desk.refuses("archive.pth"), @r"
    status: 1
    ----- stderr
    error: archive.pth: zip archive: expected an entry NAME/data.pkl, found none: torch.save did not write this
    hint: fetch the file again, and check that it is the checkpoint
    ");
    insta::assert_snapshot!(desk.refuses("code.pth"), @r"
    status: 1
    ----- stderr
    error: code.pth: archive/data.pkl: pickle, byte 2: the global os.system is none that weights need
    hint: nothing in the file was executed; save the weights alone: `torch.save(model.state_dict(), FILE)`
    ");
}

#[test]
fn a_weight_that_is_no_number_is_named_with_its_index() {
    let mut checkpoint = tiny();
    let tensor = checkpoint.tensor_mut("reconstruction.input_proj.weight");
    tensor.bytes[4 * 100..4 * 101].copy_from_slice(&f32::NAN.to_le_bytes());
    let desk = Desk::with(&checkpoint);
    insta::assert_snapshot!(desk.refuses("ckpt.pth.tar"), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: tensor reconstruction.input_proj.weight: expected finite numbers, found NaN at index 100
    hint: training diverged, or the file is damaged: take an earlier checkpoint, or fetch the file again
    ");
}

#[test]
fn a_weight_that_half_precision_cannot_hold_is_named() {
    let mut checkpoint = tiny();
    let tensor = checkpoint.tensor_mut("reconstruction.input_proj.weight");
    tensor.bytes[..4].copy_from_slice(&1e6_f32.to_le_bytes());
    let desk = Desk::with(&checkpoint);
    insta::assert_snapshot!(desk.refuses("ckpt.pth.tar --precision f16"), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: tensor reconstruction.input_proj.weight: 1000000 at index 0 does not fit half precision, whose largest number is 65504
    hint: export with `--precision f32`
    ");
}

#[test]
fn a_negative_variance_is_named() {
    let mut checkpoint = tiny();
    let tensor = checkpoint.tensor_mut("backbone._bn0.running_var");
    tensor.bytes[4 * 5..4 * 6].copy_from_slice(&(-0.5_f32).to_le_bytes());
    let desk = Desk::with(&checkpoint);
    insta::assert_snapshot!(desk.refuses("ckpt.pth.tar"), @r"
    status: 1
    ----- stderr
    error: ckpt.pth.tar: tensor backbone._bn0.running_var: expected variances of at least 0, found a negative one at index 5
    hint: training diverged, or the file is damaged: take an earlier checkpoint, or fetch the file again
    ");
}
