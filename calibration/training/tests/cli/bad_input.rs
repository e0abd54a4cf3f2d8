//! Folders, files and runs that cannot be used.

use super::Desk;

#[test]
fn folders_without_good_pictures() {
    let desk = Desk::new();
    desk.backbone();
    insta::assert_snapshot!(desk.says("nowhere --backbone backbone.safetensors -o c.safetensors"), @r"
    status: 1
    ----- stderr
    error: nowhere: No such file or directory (os error 2)
    hint: check the path
    ");
    desk.write("empty/readme.txt", "");
    insta::assert_snapshot!(desk.says("empty --backbone backbone.safetensors -o c.safetensors"), @r"
    status: 1
    ----- stderr
    error: empty: expected a data set (mvtec, visa, json, folder), found none of these layouts
    hint: the simplest layout is a folder of good pictures; docs/reference/moead-eval.md shows the others
    ");
    desk.pictures("few", 7);
    insta::assert_snapshot!(desk.says("few --backbone backbone.safetensors -o c.safetensors"), @r"
    status: 1
    ----- stderr
    error: few: expected at least 8 good pictures to learn from, found 7
    hint: take more pictures: 50 to 200 of each product are a good start
    ");
}

#[test]
fn pictures_that_cannot_be_read() {
    let desk = Desk::new();
    desk.backbone();
    desk.pictures("good", 9);
    desk.write("good/a.png", "text");
    desk.write("good/b.png", "text");
    let arguments = "good --backbone backbone.safetensors -o c.safetensors --preset tiny --steps 2";
    insta::assert_snapshot!(desk.says(&format!("{arguments} --max-unreadable 1")), @r"
    status: 1
    ----- stderr
    note: 11 good pictures; efficientnet_b0, layers [1, 2, 3, 4]: 192 features at 7x7 places of 112x112
    warning: good/a.png: not a PNG, JPEG, BMP, TIFF or WebP: begins with 74 65 78 74
    warning: good/b.png: not a PNG, JPEG, BMP, TIFF or WebP: begins with 74 65 78 74
    error: 2 pictures cannot be used, at most 1 are allowed
    hint: see what is wrong with them; `--max-unreadable N` trains without them
    ");
    insta::assert_snapshot!(desk.says(&format!("{arguments} --max-unreadable 2")), @r"
    status: 0
    ----- stderr
    note: 11 good pictures; efficientnet_b0, layers [1, 2, 3, 4]: 192 features at 7x7 places of 112x112
    warning: good/a.png: not a PNG, JPEG, BMP, TIFF or WebP: begins with 74 65 78 74
    warning: good/b.png: not a PNG, JPEG, BMP, TIFF or WebP: begins with 74 65 78 74
    note: fewer than 10 pictures of each product: none is held back, and the last network is kept unjudged
    note: kept: step 2, loss [LOSS]
    note: written: c.safetensors (the run itself: c.last.safetensors)
    ");
    // What was computed stays; what could not be is not forgotten.
    insta::assert_snapshot!(desk.says(&format!("{arguments} --max-unreadable 1")), @r"
    status: 1
    ----- stderr
    note: 11 good pictures; efficientnet_b0, layers [1, 2, 3, 4]: 192 features at 7x7 places of 112x112
    note: a run begins anew, without `--resume`, and will replace c.safetensors and c.last.safetensors
    error: 2 pictures cannot be used, at most 1 are allowed
    hint: see what is wrong with them; `--max-unreadable N` trains without them
    ");
}

#[test]
fn links_that_lead_nowhere_are_pictures_that_cannot_be_read() {
    let desk = Desk::new();
    desk.backbone();
    desk.pictures("good", 9);
    for name in ["good/c.png", "good/.#note.txt"] {
        std::os::unix::fs::symlink("nowhere", desk.folder.path().join(name)).unwrap();
    }
    let arguments = "good --backbone backbone.safetensors -o c.safetensors --preset tiny --steps 2";
    insta::assert_snapshot!(desk.says(arguments), @r"
    status: 0
    ----- stderr
    note: 10 good pictures; efficientnet_b0, layers [1, 2, 3, 4]: 192 features at 7x7 places of 112x112
    warning: good/c.png: No such file or directory (os error 2)
    note: fewer than 10 pictures of each product: none is held back, and the last network is kept unjudged
    note: kept: step 2, loss [LOSS]
    note: written: c.safetensors (the run itself: c.last.safetensors)
    ");
    std::os::unix::fs::symlink("nowhere", desk.folder.path().join("good/day2")).unwrap();
    insta::assert_snapshot!(desk.says(arguments), @r"
    status: 1
    ----- stderr
    error: good/day2: No such file or directory (os error 2)
    hint: check the path
    ");
}

#[test]
fn files_that_hold_no_backbone() {
    let desk = Desk::new();
    desk.pictures("good", 9);
    insta::assert_snapshot!(desk.says("good --backbone b.pth -o c.safetensors"), @r"
    status: 1
    ----- stderr
    error: b.pth: No such file or directory (os error 2)
    hint: `--backbone FILE`: weights of EfficientNet-B0 to B6 or Lite0 in the names of lukemelas' package, of a ResNet as torchvision has them, or a MoEAD checkpoint
    ");
    desk.write("b.pth", "weights");
    insta::assert_snapshot!(desk.says("good --backbone b.pth -o c.safetensors"), @r#"
    status: 1
    ----- stderr
    error: b.pth: expected a torch file or safetensors, found 7 bytes that begin with "weights"
    hint: `--backbone FILE`: weights of EfficientNet-B0 to B6 or Lite0 in the names of lukemelas' package, of a ResNet as torchvision has them, or a MoEAD checkpoint
    "#);
}

#[test]
fn distances_that_the_features_do_not_allow() {
    let desk = Desk::new();
    desk.backbone();
    desk.pictures("good", 9);
    insta::assert_snapshot!(desk.says("good --backbone backbone.safetensors -o c.safetensors --distance position-cov:200"), @r"
    status: 1
    ----- stderr
    error: distance position-cov:200: expected 1 to 192 axes
    hint: `--distance position-cov:192` is the most that this backbone's features allow
    ");
    // The same picture nine times: residuals that never differ.
    let picture = desk.read("good/000.png");
    (1..9).for_each(|number| desk.write(&format!("good/{number:03}.png"), &picture));
    let same = "good --backbone backbone.safetensors -o c.safetensors --preset tiny --steps 2";
    insta::assert_snapshot!(desk.says(&format!("{same} --distance position-std")), @r"
    status: 1
    ----- stderr
    note: 9 good pictures; efficientnet_b0, layers [1, 2, 3, 4]: 192 features at 7x7 places of 112x112
    note: fewer than 10 pictures of each product: none is held back, and the last network is kept unjudged
    error: residuals of step 2, position-std: expected vectors that differ from picture to picture, found the same in all 9
    hint: are they copies of one picture? Take pictures of parts that differ as good ones do: 50 to 200 are a good start
    ");
    insta::assert_snapshot!(desk.says(&format!("{same} --distance position-cov:8 --features raw")), @r"
    status: 1
    ----- stderr
    note: 9 good pictures; efficientnet_b0, layers [1, 2, 3, 4]: 192 features at 7x7 places of 112x112
    note: features of 9 pictures: read from c.features
    note: fewer than 10 pictures of each product: none is held back, and the last network is kept unjudged
    error: residuals of step 2, position-cov:8: expected vectors that differ from picture to picture, found the same in all 9
    hint: are they copies of one picture? Take pictures of parts that differ as good ones do: 50 to 200 are a good start
    ");
}

#[test]
fn checkpoints_that_cannot_be_written() {
    let desk = Desk::new();
    desk.pictures("good", 9);
    insta::assert_snapshot!(desk.says("good --backbone b.pth -o nowhere/c.safetensors"), @r"
    status: 1
    ----- stderr
    error: nowhere/c.safetensors: nowhere: expected a folder, found nothing
    hint: check the path
    ");
    insta::assert_snapshot!(desk.says("good --backbone b.pth -o good"), @r"
    status: 1
    ----- stderr
    error: good: expected a file, found a folder
    ");
}

#[test]
fn runs_that_cannot_be_taken_up() {
    let desk = Desk::new();
    desk.backbone();
    desk.pictures("good", 20);
    let arguments = "good --backbone backbone.safetensors -o c.safetensors --preset tiny --quiet";
    insta::assert_snapshot!(desk.says(&format!("{arguments} --steps 2 --resume")), @r"
    status: 1
    ----- stderr
    error: c.last.safetensors: No such file or directory (os error 2)
    hint: no run was begun with this `--output`: leave `--resume` out
    ");
    desk.program(&format!("{arguments} --steps 2")).run().success();
    insta::assert_snapshot!(desk.says(&format!("{arguments} --steps 3 --resume")), @r"
    status: 1
    ----- stderr
    error: c.last.safetensors: steps: the run was begun with 2, expected 3
    hint: `--steps 2` goes on with it; without `--resume` a run begins anew
    ");
    insta::assert_snapshot!(desk.says(&format!("{arguments} --steps 2 --seed 2 --resume")), @r"
    status: 1
    ----- stderr
    error: c.last.safetensors: seed: the run was begun with 1, expected 2
    hint: give the settings and pictures that the run was begun with, or begin anew without `--resume`
    ");
    let bytes = desk.read("c.last.safetensors");
    desk.write("c.last.safetensors", &bytes[..bytes.len() / 2]);
    insta::assert_snapshot!(desk.says(&format!("{arguments} --steps 2 --resume")), @r"
    status: 1
    ----- stderr
    error: c.last.safetensors: not a complete safetensors file: incomplete metadata, file not fully covered
    hint: begin anew without `--resume`
    ");
}
