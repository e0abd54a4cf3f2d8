//! `moead-board profiles`, and profiles of others.

use crate::desk::Desk;

#[test]
fn the_boards_are_listed_with_how_they_were_tested() {
    insta::assert_snapshot!(Desk::empty().says("profiles"), @r"
    status: 0
    ----- stdout
    profile                glibc  threads     tested
    jetson-orin-nano        2.35        4  not tried  Jetson Orin Nano: tract on cpu
    jetson-orin-nano-cuda   2.35        2  not tried  Jetson Orin Nano, on the GPU: ort on cuda
    jetson-orin-nx          2.35        6  not tried  Jetson Orin NX: tract on cpu
    jetson-orin-nx-cuda     2.35        2  not tried  Jetson Orin NX, on the GPU: ort on cuda
    jetson-agx-orin         2.35        8  not tried  Jetson AGX Orin: tract on cpu
    jetson-agx-orin-cuda    2.35        2  not tried  Jetson AGX Orin, on the GPU: ort on cuda
    raspberry-pi-5          2.36        4  not tried  Raspberry Pi 5: tract on cpu
    raspberry-pi-4          2.36        4  not tried  Raspberry Pi 4: tract on cpu
    pc                      2.31        4   emulated  PC, x86-64: tract on cpu
    aarch64                 2.31        2   emulated  64-bit ARM, any board: tract on cpu
    ");
}

#[test]
fn one_board_is_told_whole() {
    insta::assert_snapshot!(Desk::empty().says("profiles jetson-orin-nano-cuda"), @r"
    status: 0
    ----- stdout
    profile     jetson-orin-nano-cuda
    title       Jetson Orin Nano, on the GPU
    boards      NVIDIA Jetson Orin Nano
    system      JetPack 6, Ubuntu 22.04
    target      aarch64-unknown-linux-gnu, glibc 2.35 or newer
    engine      ort on cuda
    model form  dense
    threads     2
    camera      v4l2:///dev/video0
    groups      video, render
    memory      at most 3G
    start       at most 300 s
    watchdog    60 s
    drop-ins    jetson-gpu
    tested      not tried
    note        needs the JetPack build of ONNX Runtime on the board
    ");
    let json = Desk::empty().run("profiles --json").success().stdout;
    let profiles: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(profiles.as_array().unwrap().len(), 10);
    let json = Desk::empty().run("profiles pc --json").success().stdout;
    let profile: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(profile["target"]["triple"], "x86_64-unknown-linux-gnu");
}

#[test]
fn a_profile_of_ones_own_inherits() {
    let desk = Desk::empty();
    desk.write(
        "line-7.toml",
        "title = \"Line 7\"\ninherits = [\"raspberry-pi-5\"]\n[camera]\nsource = \"v4l2:///dev/video2\"\n[tested]\nhow = \"hardware\"\n",
    );
    insta::assert_snapshot!(desk.says("profiles line-7.toml"), @r"
    status: 0
    ----- stdout
    profile     line-7
    title       Line 7
    boards      Raspberry Pi 5, Raspberry Pi Compute Module 5
    system      Raspberry Pi OS, Debian 12
    target      aarch64-unknown-linux-gnu, glibc 2.36 or newer
    engine      tract on cpu
    model form  sparse or dense
    threads     4
    camera      v4l2:///dev/video2
    groups      video
    memory      at most 600M
    start       at most 120 s
    watchdog    20 s
    drop-ins    none
    tested      hardware
    ");
}

#[test]
fn a_variant_of_a_profile_may_have_its_name() {
    let desk = Desk::empty();
    desk.write("pc.toml", "title = \"Line 7\"\ninherits = [\"pc\"]\n[tested]\nhow = \"hardware\"\n");
    let said = desk.run("profiles pc.toml").success().stdout;
    assert!(said.starts_with("profile     pc\ntitle       Line 7\n"), "{said}");
}

#[test]
fn wrong_profiles_are_refused() {
    let desk = Desk::empty();
    insta::assert_snapshot!(desk.refuses("profiles raspbery-pi-5"), @r#"
    status: 1
    ----- stderr
    error: no profile "raspbery-pi-5"
    hint: did you mean "raspberry-pi-5"? `moead-board profiles` lists all
    "#);
    insta::assert_snapshot!(desk.refuses("profiles toaster"), @r#"
    status: 1
    ----- stderr
    error: no profile "toaster"
    hint: `moead-board profiles` lists them; a profile of your own is named FILE.toml
    "#);
    insta::assert_snapshot!(desk.refuses("profiles jetson-cuda"), @r"
    status: 1
    ----- stderr
    error: jetson-cuda: a part of other profiles, not a board
    hint: `moead-board profiles` lists those for boards
    ");
    insta::assert_snapshot!(desk.refuses("profiles gone.toml"), @r"
    status: 1
    ----- stderr
    error: gone.toml: No such file or directory (os error 2)
    hint: check the path
    ");
    desk.write("mine.toml", "title = \"Mine\"\ninherits = [\"pc\"]\n[engine]\ntreads = 4\n");
    insta::assert_snapshot!(desk.refuses("profiles mine.toml"), @r#"
    status: 1
    ----- stderr
    error: mine.toml: unknown key "engine.treads"
    hint: did you mean "engine.threads"?
    "#);
    desk.write("mine.toml", "title = \"Mine\"\ninherits = [\"pcs\"]\n");
    insta::assert_snapshot!(desk.refuses("profiles mine.toml"), @r#"
    status: 1
    ----- stderr
    error: mine.toml: inherits: no profile "pcs"
    hint: did you mean "pc"?
    "#);
    desk.write("mine.toml", "title = \"Mine\"\n\n[engine]\nthreads = \"four\"\n");
    insta::assert_snapshot!(desk.refuses("profiles mine.toml"), @r#"
    status: 1
    ----- stderr
    error: mine.toml: line 4: invalid type: string "four", expected a nonzero u16
    "#);
    desk.write("mine.toml", "title = \n");
    insta::assert_snapshot!(desk.refuses("profiles mine.toml"), @r"
    status: 1
    ----- stderr
    error: mine.toml: line 1: string values must be quoted, expected literal string
    ");
}
