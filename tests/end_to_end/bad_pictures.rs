//! Pictures that cannot be read: lines with an error, and the others go on.

use crate::desk::{Desk, lines, summary};

fn desk() -> Desk {
    let desk = Desk::new();
    desk.folder("parts");
    desk.copy("parts/a_good.png");
    let picture = desk.read("part.png");
    desk.write("parts/b_cut.png", &picture[..picture.len() / 2]);
    desk.write("parts/c_text.png", "the camera was off\n");
    desk.write("parts/d_empty.png", "");
    desk.copy("parts/e_good.png");
    desk
}

#[test]
fn they_are_lines_with_an_error_and_the_others_go_on() {
    let desk = desk();
    insta::assert_snapshot!(desk.says("--source parts --threshold 10 --format text"), @r"
    status: 0
    ----- stdout
    defect    19.887  parts/a_good.png  1 region 131x97 at 0,0  ([TIME])
    error          -  parts/b_cut.png  broken PNG: the file is cut short
    error          -  parts/c_text.png  not a PNG, JPEG, BMP, TIFF or WebP: begins with 74 68 65 20 63 61 6d 65
    error          -  parts/d_empty.png  not a PNG, JPEG, BMP, TIFF or WebP: empty
    defect    19.887  parts/e_good.png  1 region 131x97 at 0,0  ([TIME])
    parts: 5 pictures in [TIME]: 2 defects, 3 unreadable
    ----- stderr
    warning: 3 of 5 pictures could not be judged; their lines say why
    ");
    let ended = desk.run("--source parts --threshold 10");
    insta::assert_snapshot!(ended.transcript(), @r#"
    status: 0
    ----- stdout
    {"schema":1,"source":"parts","frame":0,"time":"[TIME]","file":"parts/a_good.png","product":null,"score":19.88[N],"severity":null,"threshold":10.0,"verdict":"defect","regions":[{"x":0,"y":0,"width":131,"height":97,"score":20.38[N],"area":12707}],"dropped_since_last":0,"latency_ms":{"age":[N],"preprocess":[N],"inference":[N],"postprocess":[N]},"error":null}
    {"schema":1,"source":"parts","frame":1,"time":"[TIME]","file":"parts/b_cut.png","product":null,"score":null,"severity":null,"threshold":10.0,"verdict":null,"regions":[],"dropped_since_last":0,"latency_ms":{"age":[N],"preprocess":[N],"inference":[N],"postprocess":[N]},"error":"broken PNG: the file is cut short"}
    {"schema":1,"source":"parts","frame":2,"time":"[TIME]","file":"parts/c_text.png","product":null,"score":null,"severity":null,"threshold":10.0,"verdict":null,"regions":[],"dropped_since_last":0,"latency_ms":{"age":[N],"preprocess":[N],"inference":[N],"postprocess":[N]},"error":"not a PNG, JPEG, BMP, TIFF or WebP: begins with 74 68 65 20 63 61 6d 65"}
    {"schema":1,"source":"parts","frame":3,"time":"[TIME]","file":"parts/d_empty.png","product":null,"score":null,"severity":null,"threshold":10.0,"verdict":null,"regions":[],"dropped_since_last":0,"latency_ms":{"age":[N],"preprocess":[N],"inference":[N],"postprocess":[N]},"error":"not a PNG, JPEG, BMP, TIFF or WebP: empty"}
    {"schema":1,"source":"parts","frame":4,"time":"[TIME]","file":"parts/e_good.png","product":null,"score":19.88[N],"severity":null,"threshold":10.0,"verdict":"defect","regions":[{"x":0,"y":0,"width":131,"height":97,"score":20.38[N],"area":12707}],"dropped_since_last":0,"latency_ms":{"age":[N],"preprocess":[N],"inference":[N],"postprocess":[N]},"error":null}
    {"schema":1,"event":"summary","source":"parts","time":"[TIME]","seconds":[N],"frames":{"received":5,"judged":2,"dropped":{"policy":0,"driver":0,"sink":0},"corrupt":3,"repeated":0,"late":0},"verdicts":{"ok":0,"defect":2,"null":0},"reconnects":0,"latency_ms":{"p50":[N],"p99":[N],"max":[N]}}
    ----- stderr
    warning: 3 of 5 pictures could not be judged; their lines say why
    "#);
    let lines = lines(&ended);
    for line in &lines[1..4] {
        assert!(line["verdict"].is_null() && line["score"].is_null() && line["error"].is_string(), "{line}");
    }
    let frames = &summary(&lines)["frames"];
    assert_eq!((&frames["received"], &frames["judged"], &frames["corrupt"]), (&5.into(), &2.into(), &3.into()));
}

#[test]
fn nothing_but_unreadable_pictures_is_an_error() {
    let desk = desk();
    for name in ["parts/a_good.png", "parts/e_good.png"] {
        std::fs::remove_file(desk.path(name)).unwrap();
    }
    let ended = desk.run("--source parts --threshold 10");
    insta::assert_snapshot!(ended.stderr, @"error: none of 3 pictures could be judged; their lines say why");
    assert_eq!(ended.status, Some(1));
    assert_eq!(summary(&lines(&ended))["frames"]["corrupt"], 3);
}

/// A picture that was not judged is never a good one, and no defect either.
#[test]
fn an_unreadable_picture_is_no_defect() {
    let ended = desk().run("--source parts --threshold 30 --fail-on-defect");
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
}

#[test]
fn a_picture_that_may_not_be_named_is_shown_escaped() {
    let desk = Desk::new();
    desk.folder("parts");
    desk.copy("parts/a\u{1b}[2Jb\n.png");
    insta::assert_snapshot!(desk.says("--source parts --threshold 10 --format text"), @r"
    status: 0
    ----- stdout
    defect    19.887  parts/a\u{1b}[2Jb\u{a}.png  1 region 131x97 at 0,0  ([TIME])
    parts: 1 picture in [TIME]: 1 defect
    ");
    let ended = desk.run("--source parts --threshold 10");
    assert_eq!(lines(&ended)[0]["file"], "parts/a\u{1b}[2Jb\n.png");
}
