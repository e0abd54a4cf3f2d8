//! What was put in comes out, for the one who has the key.

use std::process::Command;

use moead_bundle::manifest::Manifest;
use moead_bundle::reader::{Beginning, Sealed, beginning};
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

#[test]
fn a_beginning_says_what_it_needs_and_how_long_the_whole_is() {
    let bytes = honest();
    let mut needs = Vec::new();
    let mut there = 0;
    while let Beginning::Needs(more) = beginning(&bytes[..there]).unwrap() {
        assert!(more as usize > there, "{more} after {there}");
        // One byte less asks for the same again.
        assert_eq!(beginning(&bytes[..more as usize - 1]).unwrap(), Beginning::Needs(more));
        there = more as usize;
        needs.push(there);
    }
    assert_eq!((needs.len(), needs[0]), (3, 512));
    let (_folder, path) = on_disk(&bytes[..there]);
    let sealed = Sealed::open(&path).unwrap();
    sealed.check_signature(&public_key()).unwrap();
    assert_eq!(sealed.whole_length(), bytes.len() as u64);
    assert_eq!(sealed.digest(), open(&bytes).unwrap().digest());
    let cut = sealed.verify(&public_key()).unwrap_err().to_string();
    assert!(cut.starts_with("cut short: moead-edge.zst"), "{cut}");
}

#[test]
fn what_is_no_beginning_is_refused_before_more_is_asked_for() {
    let refused = |bytes: &[u8]| beginning(bytes).unwrap_err().to_string();
    assert_eq!(refused(&[0; 512]), "not a bundle: it does not begin with manifest.json");
    let large = moead_bundle::archive::header("manifest.json", 2 << 20);
    assert_eq!(refused(large.as_bytes()), "manifest.json: 2097152 bytes, expected at most 1048576");
    let mut bytes = honest();
    let Beginning::Needs(second) = beginning(&bytes[..512]).unwrap() else { panic!("a header is no beginning") };
    bytes[second as usize - 512..][..512].fill(0);
    assert!(refused(&bytes).ends_with("expected manifest.json.minisig, a file, found the end of the archive"));
}
