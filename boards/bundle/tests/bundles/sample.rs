//! A small bundle, the key that signed it, and ways to sign what no honest program writes.

use std::path::PathBuf;
use std::sync::LazyLock;

use minisign::KeyPair;
use moead_bundle::archive;
use moead_bundle::digest::Digest;
use moead_bundle::manifest::{Downgrade, Kind, Manifest, SCHEMA, Target};
use moead_bundle::member_path::MemberPath;
use moead_bundle::reader::{Bundle, BundleError, Sealed};
use moead_bundle::signature::PublicKey;
use moead_bundle::version::Version;
use moead_bundle::writer::{Content, Draft};
use serde_json::Value;

static KEYS: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate_unencrypted_keypair().unwrap());

pub(crate) fn public_key() -> PublicKey {
    PublicKey::parse(&KEYS.pk.to_base64()).unwrap()
}

pub(crate) fn sign(message: &[u8]) -> String {
    sign_with(&KEYS, message)
}

pub(crate) fn sign_with(keys: &KeyPair, message: &[u8]) -> String {
    minisign::sign(Some(&keys.pk), &keys.sk, message, Some("bolt 1.4.0"), None).unwrap().to_string()
}

pub(crate) fn contents() -> Vec<Content> {
    let content = |path, kind, bytes: Vec<u8>| Content { path: MemberPath::parse(path).unwrap(), kind, bytes };
    let noise: Vec<u8> =
        (0_u32..3000).flat_map(|index| Digest::of(&index.to_le_bytes()).to_string().into_bytes()).collect();
    vec![
        content("moead-edge", Kind::Program, noise),
        content("model.onnx", Kind::File, b"a model".repeat(40)),
        content("empty", Kind::File, Vec::new()),
        content("systemd/moead-edge.service", Kind::File, b"[Unit]\n".to_vec()),
    ]
}

pub(crate) fn manifest() -> Manifest {
    Manifest {
        schema: SCHEMA,
        name: "bolt".into(),
        version: Version::parse("1.4.0").unwrap(),
        created_by: "test".into(),
        target: Target {
            profile: "aarch64".into(),
            triple: "aarch64-unknown-linux-gnu".into(),
            glibc: Version::parse("2.31").unwrap(),
            boards: Vec::new(),
        },
        expires: None,
        replaces_from: None,
        downgrade: Downgrade::Refused,
        members: Vec::new(),
    }
}

/// The bytes of an honest bundle.
pub(crate) fn honest() -> Vec<u8> {
    let draft = Draft::new(manifest(), &contents()).unwrap();
    let mut bytes = Vec::new();
    draft.write(&sign(draft.message()), &mut bytes).unwrap();
    bytes
}

/// A bundle made by hand: this manifest, signed with our key, and these files behind it.
pub(crate) fn signed(manifest: &Value, files: &[(&str, &[u8])]) -> Vec<u8> {
    let text = serde_json::to_vec_pretty(manifest).unwrap();
    let signature = sign(&text);
    let mut bytes = Vec::new();
    let first = [(archive::MANIFEST, text.as_slice()), (archive::SIGNATURE, signature.as_bytes())];
    for (name, content) in first.into_iter().chain(files.iter().copied()) {
        file(&mut bytes, &archive::header(name, content.len() as u64), content);
    }
    bytes.extend([0; archive::END as usize]);
    bytes
}

/// The manifest of a bundle with one member `model.onnx` of that content, stored as these bytes.
pub(crate) fn with_member(size: u64, content: &[u8], stored: &[u8]) -> Value {
    let mut value = serde_json::to_value(manifest()).unwrap();
    let stored = serde_json::json!({"size": stored.len(), "sha256": Digest::of(stored)});
    value["members"] = serde_json::json!([
        {"path": "model.onnx", "kind": "file", "size": size, "sha256": Digest::of(content), "stored": stored}
    ]);
    value
}

pub(crate) fn file(bytes: &mut Vec<u8>, header: &tar::Header, content: &[u8]) {
    bytes.extend(header.as_bytes());
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
}

/// A file with these bytes, which lives as long as the folder.
pub(crate) fn on_disk(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bolt.moead");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

pub(crate) fn open(bytes: &[u8]) -> Result<Bundle, BundleError> {
    let (_folder, path) = on_disk(bytes);
    Sealed::open(&path)?.verify(&public_key())
}

/// What a reader says about bytes that it must refuse.
#[track_caller]
pub(crate) fn refused(bytes: &[u8]) -> String {
    open(bytes).map(|bundle| bundle.manifest().clone()).unwrap_err().to_string()
}
