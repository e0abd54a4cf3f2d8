//! `--heatmaps` and `--maps`.

use moead_tests::compare::relative_error;

use crate::desk::Desk;

#[test]
fn a_heatmap_is_a_picture_larger_than_its_source() {
    let desk = Desk::new();
    desk.folder("seen");
    desk.run("--source part.png --threshold 10 --heatmaps seen").success();
    assert_eq!(desk.names("seen"), ["part.heatmap.png"]);
    let heatmap = image::open(desk.path("seen/part.heatmap.png")).unwrap();
    let source = image::open(desk.path("part.png")).unwrap();
    assert!(heatmap.width() > source.width() && heatmap.height() > source.height(), "{:?}", heatmap.color());
}

#[test]
fn a_heatmap_needs_no_threshold() {
    let desk = Desk::new();
    desk.folder("seen");
    desk.run("--source part.png --heatmaps seen").success();
    image::open(desk.path("seen/part.heatmap.png")).unwrap();
}

#[test]
fn a_map_holds_the_reference_s_values() {
    let desk = Desk::new();
    desk.folder("maps");
    desk.run("--source part.png --threshold 10 --maps maps").success();
    assert_eq!(desk.names("maps"), ["part.npy"]);
    let file = desk.read("maps/part.npy");
    let (head, data) = file.split_at(128);
    let head = String::from_utf8_lossy(head);
    assert!(head.contains("'descr': '<f4', 'fortran_order': False, 'shape': (64, 64)"), "{head}");
    let found: Vec<f64> = data.as_chunks::<4>().0.iter().map(|&number| f64::from(f32::from_le_bytes(number))).collect();
    let expected = &desk.case.expected()["anomaly_map"].data;
    let error = relative_error(expected, &found);
    assert!(error <= desk.case.tolerance("anomaly_map"), "{error}");
}

#[test]
fn sources_have_folders_of_their_own() {
    let desk = Desk::new();
    for folder in ["a/deep", "b", "out"] {
        desk.folder(folder);
    }
    for name in ["a/1.png", "a/deep/2.png", "b/1.png"] {
        desk.copy(name);
    }
    desk.run("--source left=a right=b --threshold 10 --maps out --heatmaps out").success();
    assert_eq!(desk.names("out"), ["left", "right"]);
    assert_eq!(desk.names("out/left"), ["1.heatmap.png", "1.npy", "deep"]);
    assert_eq!(desk.names("out/left/deep"), ["2.heatmap.png", "2.npy"]);
    assert_eq!(desk.names("out/right"), ["1.heatmap.png", "1.npy"]);
}

#[test]
fn heatmaps_do_not_lie_among_the_pictures_that_are_judged() {
    let desk = Desk::new();
    for folder in ["a/deep", "b"] {
        desk.folder(folder);
    }
    for name in ["a/1.png", "a/1.heatmap.png"] {
        desk.copy(name);
    }
    let before = desk.read("a/1.heatmap.png");
    for (source, heatmaps) in [("a", "a"), ("a", "a/deep"), ("a", "b/../a"), ("a/*.png", "a"), ("x=a", "a")] {
        let ended = desk.run(&format!("--source {source} --threshold 10 --heatmaps {heatmaps}"));
        assert_eq!(ended.status, Some(2), "{source}, {heatmaps}: {}", ended.stderr);
        assert!(ended.stderr.contains("would lie among the pictures of"), "{}", ended.stderr);
    }
    assert_eq!(desk.read("a/1.heatmap.png"), before);
    desk.run("--source a/1.png --threshold 10 --heatmaps b").success();
    desk.run("--source a/*.png --threshold 10 --heatmaps a/deep").success();
}

#[test]
fn a_missing_folder_is_an_error_before_any_picture() {
    let desk = Desk::new();
    insta::assert_snapshot!(desk.says("--source part.png --threshold 10 --heatmaps seen"), @r"
    status: 1
    ----- stderr
    error: seen: expected a folder, found nothing
    hint: make it first: `mkdir -p seen`
    ");
    assert_eq!(desk.names("."), ["model.onnx", "model.safetensors", "part.png"]);
}

/// A limit on the size of files stands in for a full disk.
#[test]
fn a_full_disk_ends_the_run_with_a_summary() {
    let desk = Desk::new();
    desk.folder("maps");
    let program = desk.program("--source part.png --threshold 10 --maps maps --format text");
    let limited = program.through_shell("trap '' XFSZ; ulimit -f 8; exec \"$@\"");
    insta::assert_snapshot!(limited.run().transcript(), @r"
    status: 1
    ----- stdout
    defect    19.887  part.png  1 region 131x97 at 0,0  ([TIME])
    part.png: 1 picture in [TIME]: 1 defect
    ----- stderr
    error: maps/part.npy: File too large (os error 27)
    hint: the file system or `ulimit -f` limits the size of files; what was written before is whole
    ");
    assert!(desk.names("maps").is_empty());
}
