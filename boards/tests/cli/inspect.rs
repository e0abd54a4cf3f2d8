//! `moead-board inspect`.

use crate::desk::{Desk, KEY};

#[test]
fn a_bundle_is_listed_and_its_signature_is_checked_when_a_key_is_named() {
    let desk = Desk::with_bundle();
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"(?m)^(sbom.cdx.json|licences/third-party.txt) .*$", "$1 [SIZES]");
    settings.add_filter(r" +\d+ +(\d+) +\[SHA256\]", " [SIZES]");
    let _filters = settings.bind_to_scope();
    insta::assert_snapshot!(desk.says("inspect bolt.moead --key moead.pub"), @r"
    status: 0
    ----- stdout
    release     1 of small
    profile     raspberry-pi-5
    boards      Raspberry Pi 5, Raspberry Pi Compute Module 5
    target      aarch64-unknown-linux-gnu, glibc 2.36 or newer
    replaces    older releases
    expires     never
    written by  moead-board 0.1.0
    signature   key [KEY], good; every file is whole

    file                                bytes  stored                                                           SHA-256
    moead-edge [SIZES]
    model.onnx [SIZES]
    edge.env [SIZES]
    licences/LICENSE-APACHE [SIZES]
    licences/LICENSE-MIT [SIZES]
    licences/third-party.txt [SIZES]
    sbom.cdx.json [SIZES]
    systemd/moead-edge.service [SIZES]
    systemd/moead-edge-update.service [SIZES]
    udev/70-moead-edge.rules [SIZES]
    ");
    let said = desk.run("inspect bolt.moead").success();
    assert!(said.stdout.contains(", as it says; every file is whole\n"), "{}", said.stdout);
    insta::assert_snapshot!(said.stderr, @"warning: who signed it was not checked: `--key FILE` names the public key that it must be signed with");
    let json: serde_json::Value =
        serde_json::from_str(&desk.run("inspect bolt.moead --json --key moead.pub").success().stdout).unwrap();
    assert_eq!((&json["version"], &json["signature"]["checked"]), (&"1".into(), &true.into()));
}

#[test]
fn bundles_that_are_not_whole_or_not_ours_are_refused() {
    let desk = Desk::with_bundle();
    let bundle = desk.files().remove("bolt.moead").unwrap();
    desk.write("cut.moead", &bundle[..bundle.len() / 2]);
    let said = desk.refuses("inspect cut.moead --key moead.pub");
    assert!(said.contains("error: cut.moead: cut short: "), "{said}");
    let mut altered = bundle.clone();
    let at = bundle.len() / 2;
    altered[at] ^= 1;
    desk.write("altered.moead", &altered);
    let said = desk.refuses("inspect altered.moead");
    assert!(said.contains(": altered: expected SHA-256 ") && said.contains("hint: copy it again"), "{said}");
    desk.run("key new other.key --no-passphrase").success();
    insta::assert_snapshot!(desk.refuses("inspect bolt.moead --key other.pub"), @r"
    status: 1
    ----- stderr
    error: bolt.moead: signature: made with key [KEY], expected [KEY]
    hint: it is somebody else's, or `--key` names another key than the one that signed it
    ");
    insta::assert_snapshot!(desk.refuses("inspect model.onnx"), @r"
    status: 1
    ----- stderr
    error: model.onnx: not a bundle: it does not begin with manifest.json
    ");
    desk.write("short", "{}\n");
    insta::assert_snapshot!(desk.refuses("inspect short"), @r"
    status: 1
    ----- stderr
    error: short: not a bundle: it does not begin with manifest.json
    ");
    insta::assert_snapshot!(desk.refuses("inspect gone.moead"), @r"
    status: 1
    ----- stderr
    error: gone.moead: No such file or directory (os error 2)
    hint: check the path
    ");
    assert!(KEY.contains("secret key"));
    insta::assert_snapshot!(desk.refuses("inspect bolt.moead --key moead.key"), @r"
    status: 1
    ----- stderr
    error: moead.key: a secret key, expected the public one
    hint: name the half that ends in .pub
    ");
}
