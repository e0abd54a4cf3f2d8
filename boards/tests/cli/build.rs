//! `moead-board build`.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use moead_bundle::reader::Sealed;
use moead_bundle::signature::PublicKey;
use prost::Message as _;

use crate::desk::{BUILD, Desk, PUBLIC};
use crate::small_model::small_model;

#[test]
fn a_bundle_is_written_and_says_what_it_is() {
    let desk = Desk::ready();
    insta::assert_snapshot!(desk.says(&format!("{BUILD} --release 1.4 --expires 2027-06-30")), @r"
    status: 0
    ----- stdout
    small-1.4.moead: 0.1 MB, release 1.4 of small for raspberry-pi-5, signed with key [KEY], not checked (--no-check)
    ");
    assert!(desk.path("small-1.4.moead").is_file());
    assert_eq!(desk.names(), ["model.onnx", "moead-edge", "moead.key", "moead.pub", "small-1.4.moead"]);
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let desk = Desk::ready();
    desk.write("edge.env", "MOEAD_THRESHOLD=4.5\n");
    for name in ["one", "other"] {
        desk.run(&format!("{BUILD} --config edge.env -o {name} -- --http 8080")).success();
    }
    let files = desk.files();
    assert!(files["one"] == files["other"]);
}

#[test]
fn unit_and_settings_have_what_was_asked_for() {
    let desk = Desk::ready();
    desk.write("edge.env", "MOEAD_THREADS=2\nMOEAD_PRODUCT=\"bolt M8\"\n");
    desk.run(&format!("{BUILD} --config edge.env -o bolt.moead -- --http 0.0.0.0:80 --product 50%")).success();
    let unpacked = |name: &str| {
        let key = PublicKey::parse(PUBLIC).unwrap();
        let mut bundle = Sealed::open(&desk.path("bolt.moead")).unwrap().verify(&key).unwrap();
        let member = bundle.manifest().member(name).unwrap().clone();
        let mut bytes = Vec::new();
        bundle.unpack(&member, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    insta::assert_snapshot!(unpacked("edge.env"), @r#"
    # Written by moead-board for raspberry-pi-5. Changes go into /etc/moead/edge.env, which is read after this.
    MOEAD_MODEL=/opt/moead/current/model.onnx
    MOEAD_ENGINE=tract
    MOEAD_PROVIDER=cpu
    MOEAD_THREADS=2
    MOEAD_PRODUCT="bolt M8"
    "#);
    let unit = unpacked("systemd/moead-edge.service");
    let start = unit.lines().find(|line| line.starts_with("ExecStart=")).unwrap().to_owned();
    insta::assert_snapshot!(start, @r#"ExecStart=/opt/moead/current/moead-edge --source v4l2:///dev/video0 --wait-for-cameras --http 0.0.0.0:80 --product "50%%""#);
    let bill: serde_json::Value = serde_json::from_str(&unpacked("sbom.cdx.json")).unwrap();
    assert!(bill["components"].as_array().unwrap().len() > 50);
    assert!(unpacked("licences/third-party.txt").contains("serde 1."));
}

#[test]
fn keys_are_asked_for_their_passphrase_and_watched() {
    let desk = Desk::ready();
    std::fs::set_permissions(desk.path("moead.key"), Permissions::from_mode(0o644)).unwrap();
    insta::assert_snapshot!(desk.says(&format!("{BUILD} -o bolt.moead")), @r"
    status: 0
    ----- stdout
    bolt.moead: 0.1 MB, release 1 of small for raspberry-pi-5, signed with key [KEY], not checked (--no-check)
    ----- stderr
    warning: moead.key: others may read it (mode 644): chmod 600 moead.key
    ");
    let with = |key: &str| BUILD.replace("--key moead.key", &format!("--key {key}"));
    insta::assert_snapshot!(desk.refuses(&with("moead.pub")), @r"
    status: 1
    ----- stderr
    warning: moead.pub: others may read it (mode 644): chmod 600 moead.pub
    error: moead.pub: a public key, expected the secret one
    hint: name the half that does not end in .pub
    ");
    insta::assert_snapshot!(desk.refuses(&with("model.onnx")), @r"
    status: 1
    ----- stderr
    error: model.onnx: not UTF-8 text
    ");
    desk.write("words", "correct horse\n");
    desk.run("key new locked.key --passphrase-file words").success();
    insta::assert_snapshot!(desk.refuses(&with("locked.key")), @r"
    status: 1
    ----- stderr
    error: locked.key: the key is locked with a passphrase
    hint: `--passphrase-file FILE` has it in its first line
    ");
    desk.write("wrong", "battery staple\n");
    insta::assert_snapshot!(desk.refuses(&format!("{} --passphrase-file wrong", with("locked.key"))), @r"
    status: 1
    ----- stderr
    error: locked.key: the passphrase is wrong
    ");
    desk.run(&format!("{} --passphrase-file words -o locked.moead", with("locked.key"))).success();
}

#[test]
fn what_would_not_run_on_the_board_is_refused() {
    let desk = Desk::ready();
    insta::assert_snapshot!(desk.refuses(&BUILD.replace("raspberry-pi-5", "pc")), @r"
    status: 1
    ----- stderr
    error: moead-edge: a program for aarch64-unknown-linux-gnu, expected x86_64-unknown-linux-gnu
    hint: a board needs a moead-edge that was built for it; `just dist` builds one for each machine
    ");
    insta::assert_snapshot!(desk.refuses(&BUILD.replace("raspberry-pi-5", "jetson-orin-nx-cuda")), @r"
    status: 1
    ----- stderr
    error: model.onnx: experts are sparse, expected dense
    hint: write another file with `moead-export CKPT --moe dense`
    ");
    insta::assert_snapshot!(desk.refuses(&BUILD.replace("--binary moead-edge", "--binary model.onnx")), @r"
    status: 1
    ----- stderr
    error: model.onnx: not a program: it does not begin as ELF files do
    hint: name the program moead-edge; `just dist` builds one for each machine
    ");
    insta::assert_snapshot!(desk.refuses(&BUILD.replace("--model model.onnx", "--model moead-edge")), @r"
    status: 1
    ----- stderr
    error: moead-edge: expected an ONNX file, found a program
    hint: `moead-export CKPT` writes a model file
    ");
    desk.write("edge.env", "MOEAD_TRESHOLD=4.5\n");
    insta::assert_snapshot!(desk.refuses(&format!("{BUILD} --config edge.env")), @r"
    status: 1
    ----- stderr
    error: edge.env: line 1: moead-edge has no variable MOEAD_TRESHOLD
    hint: did you mean MOEAD_THRESHOLD?
    ");
    insta::assert_snapshot!(desk.refuses(&format!("{BUILD} --name a/b")), @r#"
    status: 2
    ----- stderr
    error: --name: expected letters, digits, `.`, `_` and `-`, at most 64, found "a/b"
    "#);
    insta::assert_snapshot!(desk.refuses(&format!("{BUILD} -o gone/bolt.moead")), @r"
    status: 1
    ----- stderr
    error: gone/bolt.moead: gone: expected a folder, found nothing
    hint: check the path
    ");
    insta::assert_snapshot!(desk.refuses(&format!("{BUILD} --release 1.4-rc1")), @r"
    status: 2
    ----- stderr
    error: invalid value '1.4-rc1' for '--release <VERSION>': expected one to four numbers with points between them, as in 1.4.0

    For more information, try '--help'.
    ");
}

#[test]
fn a_day_that_is_over_is_told() {
    let desk = Desk::ready();
    let said = desk.run(&format!("{BUILD} --expires 2026-01-02 -o bolt.moead")).success().stderr;
    let warning = "warning: --expires 2026-01-02: boards refuse it from that day on, and that day is over\n";
    // Without the runtime there is no clock.
    assert_eq!(said, if cfg!(feature = "runtime") { warning } else { "" });
    assert_eq!(desk.run(&format!("{BUILD} --expires 9999-01-02 -o bolt.moead")).success().stderr, "");
}

#[test]
fn a_bundle_needs_a_key() {
    let desk = Desk::ready();
    let without = BUILD.replace(" --key moead.key", "");
    let said = desk.refuses(&without);
    insta::assert_snapshot!(said, @"
    status: 2
    ----- stderr
    error: a bundle is signed: `--key FILE` names the secret key
    ");
    assert_eq!(desk.refuses(&format!("{without} --format bundle")), said);
}

#[test]
fn what_the_unit_says_is_not_said_again() {
    let desk = Desk::ready();
    insta::assert_snapshot!(desk.refuses(&format!("{BUILD} -- --model /opt/other.onnx")), @"
    status: 2
    ----- stderr
    error: --model: the release says that, leave it out behind `--`
    ");
    for word in ["--model=x", "-m x", "-mx", "-qmx", "--state-file /run/x", "--state-file=/run/x"] {
        let said = desk.refuses(&format!("{BUILD} -- --http 8080 {word}"));
        assert!(said.contains(": the release says that, leave it out behind `--`\n"), "{word}: {said}");
    }
    desk.run(&format!("{BUILD} -o bolt.moead -- --max-cpu-nodes 3")).success();
}

#[test]
fn no_output_takes_the_place_of_an_input() {
    let desk = Desk::ready();
    desk.write("edge.env", "MOEAD_THREADS=2\n");
    for input in ["model.onnx", "moead-edge", "moead.key", "edge.env", "./moead.key"] {
        let said = desk.refuses(&format!("{BUILD} --config edge.env -o {input}"));
        let name = input.trim_start_matches("./");
        let expected = format!(
            "status: 2\n----- stderr\nerror: the output {input} would replace {name}, which is read\n\
             hint: give another `--output FILE`\n"
        );
        assert_eq!(said, expected);
    }
}

#[test]
fn nor_does_one_whose_name_nobody_gave() {
    let desk = Desk::ready();
    std::fs::rename(desk.path("moead.key"), desk.path("small-1.moead")).unwrap();
    insta::assert_snapshot!(desk.refuses(&BUILD.replace("moead.key", "small-1.moead")), @r"
    status: 2
    ----- stderr
    error: the output small-1.moead would replace small-1.moead, which is read
    hint: give another `--output FILE`
    ");
    std::fs::rename(desk.path("small-1.moead"), desk.path("moead.key")).unwrap();
    let profile = "title = \"Line 7\"\ninherits = [\"raspberry-pi-5\"]\n[tested]\nhow = \"hardware\"\n";
    desk.write("line-7.toml", profile);
    let said = desk.refuses(&format!("{} -o line-7.toml", BUILD.replace("raspberry-pi-5", "line-7.toml")));
    assert!(said.contains("error: the output line-7.toml would replace line-7.toml, which is read\n"), "{said}");
    // The name of a profile inside the program is no file.
    desk.run(&format!("{BUILD} -o raspberry-pi-5")).success();
}

#[test]
fn a_bill_of_something_else_is_not_signed() {
    let desk = Desk::ready();
    insta::assert_snapshot!(desk.refuses(&format!("{BUILD} --sbom moead-edge")), @r"
    status: 1
    ----- stderr
    error: moead-edge: not a bill of materials: not JSON: expected value at line 1 column 1
    hint: `--sbom FILE` names one in CycloneDX's JSON form, as `cargo cyclonedx --format json` writes it
    ");
    desk.write("sbom.json", r#"{"spdxVersion": "SPDX-2.3"}"#);
    insta::assert_snapshot!(desk.refuses(&format!("{BUILD} --sbom sbom.json")), @r"
    status: 1
    ----- stderr
    error: sbom.json: not a bill of materials: bomFormat: expected CycloneDX, found none
    hint: `--sbom FILE` names one in CycloneDX's JSON form, as `cargo cyclonedx --format json` writes it
    ");
    desk.write("sbom.json", r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}"#);
    desk.run(&format!("{BUILD} --sbom sbom.json -o bolt.moead")).success();
}

#[test]
fn an_output_that_takes_no_words_is_named_and_the_bundle_is_there() {
    let desk = Desk::ready();
    let full = desk.program(&format!("{BUILD} -o bolt.moead")).through_shell("exec \"$@\" >/dev/full").run();
    insta::assert_snapshot!(full.transcript(), @r"
    status: 1
    ----- stderr
    error: standard output: No space left on device (os error 28)
    ");
    desk.run("inspect bolt.moead --key moead.pub").success();
}

#[test]
fn a_form_that_is_slower_is_told() {
    let desk = Desk::ready();
    let manifest = crate::small_model::MANIFEST.replace("\"sparse\"", "\"dense\"");
    let mut model = small_model();
    model.metadata_props[0].value = Some(manifest);
    desk.write("model.onnx", model.encode_to_vec());
    insta::assert_snapshot!(desk.says(&format!("{BUILD} -o bolt.moead")), @r"
    status: 0
    ----- stdout
    bolt.moead: 0.1 MB, release 1 of small for raspberry-pi-5, signed with key [KEY], not checked (--no-check)
    ----- stderr
    warning: model.onnx: experts are dense; sparse ones are faster on cpu
    ");
}
