//! `moead-board program`, and the program that `moead-board build` finds by itself.

use crate::desk::{BUILD, Desk};

#[test]
fn programs_say_what_they_ask_for() {
    let desk = Desk::ready();
    insta::assert_snapshot!(desk.says("program raspberry-pi-5 moead-edge moead-edge"), @r"
    status: 0
    ----- stdout
    moead-edge: 0.0 MB, aarch64-unknown-linux-gnu, glibc 2.17 for _exit, getpid, libraries: libc.so.6
    moead-edge: 0.0 MB, aarch64-unknown-linux-gnu, glibc 2.17 for _exit, getpid, libraries: libc.so.6
    ");
    desk.write("packed", include_bytes!("../programs/x86_64-packed"));
    insta::assert_snapshot!(desk.refuses("program pc packed"), @r"
    status: 1
    ----- stderr
    error: packed: asks for glibc 2.36 for GLIBC_ABI_DT_RELR, and the board has 2.31
    hint: build it against an older glibc: `just dist`, see docs/reference/moead-board.md
    ");
    insta::assert_snapshot!(desk.refuses("program pc moead.pub"), @r"
    status: 1
    ----- stderr
    error: moead.pub: not a program: it does not begin as ELF files do
    hint: name the program moead-edge; `just dist` builds one for each machine
    ");
}

#[test]
fn build_takes_the_program_from_the_folder_of_the_boards_machine() {
    let desk = Desk::ready();
    for machine in ["aarch64", "x86_64"] {
        std::fs::create_dir_all(desk.path(&format!("dist/{machine}-unknown-linux-gnu"))).unwrap();
    }
    std::fs::rename(desk.path("moead-edge"), desk.path("dist/aarch64-unknown-linux-gnu/moead-edge")).unwrap();
    // The program that is under test, as a release has it.
    let released = r#"here=dist/x86_64-unknown-linux-gnu && cp "$1" $here/ && shift && exec $here/moead-board "$@""#;
    let build = BUILD.replace("--binary moead-edge ", "");
    let said = desk.program(&build).through_shell(released).run().success().transcript();
    assert!(said.contains("dist/aarch64-unknown-linux-gnu/moead-edge\n"), "{said}");
    assert!(desk.path("small-1.moead").is_file());
    // For the other machine there is none, neither there nor beside the program.
    let build = build.replace("raspberry-pi-5", "pc");
    let said = desk.program(&build).through_shell(released).run().transcript();
    assert!(
        said.ends_with("dist/x86_64-unknown-linux-gnu/moead-edge: No such file or directory (os error 2)\n"),
        "{said}"
    );
}
