//! Bundles whose beginning lies. A manifest is parsed before anybody knows who signed it, so whatever it says costs no more than its bytes; what comes
//! behind the signature is in the bundle's own tests.

use std::sync::LazyLock;

use minisign::KeyPair;
use moead_bundle::archive;
use moead_bundle::digest::Digest;
use moead_bundle::limits;
use moead_bundle::reader::Sealed;
use serde_json::{Value, json};

use crate::memory;
use crate::subject::with_file;

static KEYS: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate_unencrypted_keypair().unwrap());

/// Longer messages help nobody.
const LONGEST_MESSAGE: usize = 4096;

fn file(bytes: &mut Vec<u8>, name: &str, claimed: u64, content: &[u8]) {
    bytes.extend(archive::header(name, claimed).as_bytes());
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
}

/// The bytes of a bundle with that manifest, and nothing in it.
fn bundle(manifest: &[u8]) -> Vec<u8> {
    let signature = minisign::sign(Some(&KEYS.pk), &KEYS.sk, manifest, None, None).unwrap().to_string();
    let mut bytes = Vec::new();
    file(&mut bytes, archive::MANIFEST, manifest.len() as u64, manifest);
    file(&mut bytes, archive::SIGNATURE, signature.len() as u64, signature.as_bytes());
    bytes.extend([0; archive::END as usize]);
    bytes
}

/// Opened within bounds; what is said.
#[track_caller]
fn said(bytes: &[u8]) -> Result<usize, String> {
    let opened = with_file(bytes, |path| memory::bounded(bytes.len(), || Sealed::open(path)));
    opened.map(|sealed| sealed.claims().members.len()).map_err(|error| error.to_string())
}

#[track_caller]
fn assert_refused(what: &str, bytes: &[u8], part: &str) {
    let error = said(bytes).expect_err(what);
    assert!(error.len() <= LONGEST_MESSAGE, "{what}: a message of {} bytes: {error:.200}…", error.len());
    assert!(error.contains(part), "{what}: {part:?} is not in {error:?}");
}

fn member(path: &str) -> Value {
    let digest = Digest::of(b"");
    json!({ "path": path, "kind": "file", "size": 0, "sha256": digest, "stored": { "size": 9, "sha256": digest } })
}

fn with_members(members: &[Value]) -> Value {
    json!({
        "schema": 1, "name": "bolt", "version": "1", "created_by": "test",
        "target": { "profile": "aarch64", "triple": "aarch64-unknown-linux-gnu", "glibc": "2.31", "boards": [] },
        "expires": null, "replaces_from": null, "downgrade": "refused", "members": members,
    })
}

fn manifest(members: &[Value]) -> Vec<u8> {
    bundle(&serde_json::to_vec(&with_members(members)).unwrap())
}

#[test]
fn the_manifest_is_sound_before_it_lies() {
    assert_eq!(said(&manifest(&[member("model.onnx"), member("more/empty")])), Ok(2));
}

#[test]
fn lengths_are_believed_up_to_their_limits() {
    for claimed in [limits::MANIFEST_BYTES + 1, 1 << 32, 8 << 30] {
        let mut bytes = Vec::new();
        file(&mut bytes, archive::MANIFEST, claimed, b"{}");
        assert_refused("a manifest", &bytes, "expected at most 1048576");
    }
    let mut bytes = Vec::new();
    file(&mut bytes, archive::MANIFEST, limits::MANIFEST_BYTES, b"{}");
    assert_refused("a manifest that is not there", &bytes, "cut short: manifest.json ends at byte 1049088");
    let mut bytes = Vec::new();
    file(&mut bytes, archive::MANIFEST, 2, b"{}");
    file(&mut bytes, archive::SIGNATURE, 8 << 30, b"untrusted comment: ");
    assert_refused("a signature", &bytes, "expected at most 4096");
}

#[test]
fn text_that_nests_or_goes_on_costs_no_more_than_its_bytes() {
    let most = usize::try_from(limits::MANIFEST_BYTES).unwrap();
    for (what, text) in [
        ("brackets", b"[".repeat(most)),
        ("braces", br#"{"schema":"#.repeat(most / 10)),
        ("a string", [b"\"".to_vec(), b"x".repeat(most - 1)].concat()),
        ("a number", b"9".repeat(most)),
        ("zeros", vec![0; most]),
    ] {
        assert_refused(what, &bundle(&text), "manifest: ");
    }
    // Keys that nobody knows are kept out of errors and of memory.
    let mut unknown = with_members(&[member("model.onnx")]);
    unknown["x".repeat(400_000)] = json!("y".repeat(400_000));
    let found = said(&bundle(&serde_json::to_vec(&unknown).unwrap()));
    assert!(found.is_ok_and(|members| members == 1));
}

#[test]
fn members_are_bounded_in_number_size_and_place() {
    let many: Vec<Value> = (0..=limits::MEMBERS).map(|index| member(&format!("m{index}"))).collect();
    assert_refused("too many", &manifest(&many), "manifest: 257 members, expected 1 to 256");
    assert_refused("none", &manifest(&[]), "manifest: 0 members, expected 1 to 256");
    for size in [json!(limits::MEMBER_BYTES + 1), json!(u64::MAX)] {
        let mut large = member("model.onnx");
        large["size"] = size.clone();
        assert_refused("unpacked", &manifest(&[large]), "model.onnx: ");
        let mut stored = member("model.onnx");
        stored["stored"]["size"] = size;
        assert_refused("stored", &manifest(&[stored]), "model.onnx: ");
    }
    for size in [json!(-1), json!(1.5), json!(1e300), json!("9")] {
        let mut odd = member("model.onnx");
        odd["size"] = size;
        assert_refused("a size", &manifest(&[odd]), "manifest: ");
    }
    for path in [
        "",
        "/etc/passwd",
        "..",
        "a/../b",
        "a//b",
        "a/",
        "./a",
        "a\0b",
        "a\nb",
        "\u{202e}a",
        &"a/".repeat(5000),
        &"x".repeat(100_000),
    ] {
        assert_refused("a place", &manifest(&[member(path)]), "manifest: ");
    }
    for [first, second] in [["a", "a"], ["a", "a/b"], ["a/b/c", "a/b"]] {
        assert_refused("twice", &manifest(&[member(first), member(second)]), "cannot both be there");
    }
}
