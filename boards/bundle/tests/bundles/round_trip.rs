//! What was put in comes out, for the one who has the key.

use std::process::Command;

use moead_bundle::manifest::Manifest;
use moead_bundle::reader::Sealed;
use moead_bundle::writer::Draft;

use crate::sample::{contents, honest, manifest, on_disk, open, public_key};

#[test]
fn what_was_put_in_comes_out() {
    let mut bundle = open(&honest()).unwrap();
    let members = bundle.manifest().members.clone();
    assert_eq!(members.len(), contents().len());
    for (member, content) in members.iter().zip(contents()) {
        let mut bytes = Vec::new();
        bundle.unpack(member, &mut bytes).unwrap();
        assert_eq!((&member.path, member.kind), (&content.path, content.kind));
        assert!(bytes == content.bytes, "{}", member.path);
    }
    assert_eq!(Manifest::parse(bundle.manifest_text()).unwrap(), *bundle.manifest());
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let bytes = || {
        let draft = Draft::new(manifest(), &contents()).unwrap();
        let mut bytes = Vec::new();
        draft.write("signature", &mut bytes).unwrap();
        bytes
    };
    assert!(bytes() == bytes());
}

#[test]
fn whether_a_file_is_whole_can_be_seen_without_a_key() {
    let (_folder, path) = on_disk(&honest());
    let sealed = Sealed::open(&path).unwrap();
    assert_eq!(sealed.claims().name, "bolt");
    assert_eq!(sealed.signature().key_id(), public_key().id());
    sealed.check_whole().unwrap();
}

#[test]
fn tar_lists_a_bundle_and_names_its_files() {
    let (_folder, path) = on_disk(&honest());
    let output = Command::new("tar").arg("-tf").arg(&path).output().unwrap();
    let names = String::from_utf8(output.stdout).unwrap();
    let expected = "manifest.json\nmanifest.json.minisig\nmoead-edge.zst\nmodel.onnx.zst\nempty.zst\nsystemd/moead-edge.service.zst\n";
    assert_eq!(names, expected);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
