//! Bundles. What was not signed is refused, so most of the reader is behind a signature: two of the three targets sign what they are given.

use std::cell::OnceCell;
use std::io::{self, Write};
use std::path::PathBuf;

use minisign::KeyPair;
use moead_bundle::archive;
use moead_bundle::digest::Digest;
use moead_bundle::limits;
use moead_bundle::reader::{Beginning, Bundle, BundleError, Sealed, beginning};
use moead_bundle::signature::PublicKey;
use serde_json::json;

thread_local! {
    static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
    static KEYS: KeyPair = KeyPair::generate_unencrypted_keypair().unwrap();
}

/// A bundle's bytes, as they come over a network.
pub(crate) fn whole(bytes: &[u8]) {
    match beginning(bytes) {
        Ok(Beginning::Needs(needed)) => {
            assert!(needed > bytes.len() as u64);
            assert!(needed <= limits::MANIFEST_BYTES + limits::SIGNATURE_BYTES + 4 * 512);
        }
        // What is no beginning is no bundle either.
        Err(_) => assert!(open(bytes).is_err()),
        Ok(Beginning::Whole) => {}
    }
    // Nobody has our key.
    if let Ok(sealed) = open(bytes) {
        assert!(verified(sealed).is_err());
    }
}

/// All but the signature: four bytes that say how long the manifest is, the manifest, and what follows.
pub(crate) fn signed(bytes: &[u8]) {
    let Some((length, rest)) = bytes.split_first_chunk() else { return };
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap().min(rest.len());
    let (manifest, members) = rest.split_at(length);
    let Ok(mut bundle) = open(&sign(manifest, members)).and_then(verified) else { return };
    for member in bundle.manifest().members.clone() {
        let mut out = Counted::default();
        let unpacked = bundle.unpack(&member, &mut out);
        assert!(out.bytes <= member.size, "{} bytes for {}", out.bytes, member.size);
        assert!(unpacked.is_err() || out.bytes == member.size);
    }
}

/// A file as it lies in a bundle, behind four bytes that say how long it claims to be: signed, with the checksum of what it unpacks to unknown.
pub(crate) fn packed(bytes: &[u8]) {
    let Some((size, stored)) = bytes.split_first_chunk() else { return };
    let manifest = json!({
        "schema": 1, "name": "bolt", "version": "1", "created_by": "test", "expires": null, "replaces_from": null, "downgrade": "refused",
        "target": { "profile": "aarch64", "triple": "aarch64-unknown-linux-gnu", "glibc": "2.31", "boards": [] },
        "members": [{
            "path": "model.onnx", "kind": "file", "size": u32::from_le_bytes(*size), "sha256": Digest::of(b""),
            "stored": { "size": stored.len(), "sha256": Digest::of(stored) },
        }],
    });
    let mut members = Vec::new();
    file(&mut members, "model.onnx.zst", stored);
    members.extend([0; archive::END as usize]);
    // It is signed, and stored as the manifest says.
    let bundle = open(&sign(&serde_json::to_vec(&manifest).unwrap(), &members)).and_then(verified);
    let Ok(mut bundle) = bundle else { panic!("{:?}", bundle.map(|bundle| bundle.digest())) };
    let member = bundle.manifest().members[0].clone();
    let mut out = Counted::default();
    // Only nothing has the checksum that is claimed.
    let unpacked = bundle.unpack(&member, &mut out);
    assert!(unpacked.is_err() || (member.size, out.bytes) == (0, 0));
    assert!(out.bytes <= member.size, "{} bytes for {}", out.bytes, member.size);
}

/// Counts what is written.
#[derive(Default)]
struct Counted {
    bytes: u64,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn open(bytes: &[u8]) -> Result<Sealed, BundleError> {
    let path: PathBuf = FOLDER.with(|folder| folder.get_or_init(|| tempfile::tempdir().unwrap()).path().join("bundle"));
    std::fs::write(&path, bytes).unwrap();
    Sealed::open(&path)
}

fn verified(sealed: Sealed) -> Result<Bundle, BundleError> {
    KEYS.with(|keys| sealed.verify(&PublicKey::parse(&keys.pk.to_base64()).unwrap()))
}

fn sign(manifest: &[u8], members: &[u8]) -> Vec<u8> {
    let signature =
        KEYS.with(|keys| minisign::sign(Some(&keys.pk), &keys.sk, manifest, None, None).unwrap().to_string());
    let mut bytes = Vec::new();
    file(&mut bytes, archive::MANIFEST, manifest);
    file(&mut bytes, archive::SIGNATURE, signature.as_bytes());
    bytes.extend_from_slice(members);
    bytes
}

fn file(bytes: &mut Vec<u8>, name: &str, content: &[u8]) {
    bytes.extend(archive::header(name, content.len() as u64).as_bytes());
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
}
