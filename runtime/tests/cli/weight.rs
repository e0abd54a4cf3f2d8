//! What must not be in the program: code that no model file can lead to, and that came in by itself (docs/design/size.md).

use memchr::memmem;

#[test]
fn of_tract_there_is_what_model_files_need() {
    let program = std::fs::read(env!("CARGO_BIN_EXE_moead-edge")).unwrap();
    // A function that may panic keeps the name of its source file, in a program without symbols, too.
    let has = |source: &str| memmem::find(&program, source.as_bytes()).is_some();
    assert!(has("/tract-core-"), "sources are named otherwise than was thought");
    for absent in ["/rustfft-", "/tract-nnef-"] {
        assert!(!has(absent), "{absent}: something registers or names more of tract again");
    }
}
