//! Bundles that never were honest: of other people, and of ours with a program that is not.

use minisign::KeyPair;
use moead_bundle::archive;
use moead_bundle::limits;
use moead_bundle::signature::PublicKey;
use moead_bundle::writer::Draft;

use crate::sample::{
    contents, file, honest, manifest, open, public_key, refused, sign, sign_with, signed, with_member,
};

#[test]
fn another_key_is_named() {
    let others = KeyPair::generate_unencrypted_keypair().unwrap();
    let id = PublicKey::parse(&others.pk.to_base64()).unwrap().id();
    let draft = Draft::new(manifest(), &contents()).unwrap();
    let mut bytes = Vec::new();
    draft.write(&sign_with(&others, draft.message()), &mut bytes).unwrap();
    assert_eq!(refused(&bytes), format!("signature: made with key {id}, expected {}", public_key().id()));
}

#[test]
fn another_key_with_our_number_is_refused() {
    let mut others = KeyPair::generate_unencrypted_keypair().unwrap();
    let draft = Draft::new(manifest(), &contents()).unwrap();
    let honest = sign(draft.message());
    // The number of our key, on a signature of theirs.
    let number = minisign::SignatureBox::from_string(&honest).unwrap().keynum().to_vec();
    let mut secret = others.sk.to_bytes();
    secret[54..62].copy_from_slice(&number);
    others.sk = minisign::SecretKey::from_bytes(&secret).unwrap();
    let signature = minisign::sign(None, &others.sk, draft.message(), None, None).unwrap().to_string();
    let mut bytes = Vec::new();
    draft.write(&signature, &mut bytes).unwrap();
    assert_eq!(refused(&bytes), "signature: does not fit the manifest");
}

#[test]
fn a_signature_of_another_bundle_does_not_fit() {
    let draft = Draft::new(manifest(), &contents()).unwrap();
    let mut bytes = Vec::new();
    draft.write(&sign(b"another manifest"), &mut bytes).unwrap();
    assert_eq!(refused(&bytes), "signature: does not fit the manifest");
    let mut bytes = Vec::new();
    draft.write("untrusted comment: none\n", &mut bytes).unwrap();
    assert_eq!(refused(&bytes), "signature: not a minisign signature");
}

#[test]
fn paths_out_of_the_folder_are_refused_even_when_signed() {
    for path in ["../../etc/passwd", "/etc/passwd", "systemd/../../x", "", "a\\..\\b"] {
        let mut value = with_member(3, b"abc", b"x");
        value["members"][0]["path"] = path.into();
        let said = refused(&signed(&value, &[]));
        assert!(said.contains("expected plain names below the release's folder"), "{path}: {said}");
    }
}

#[test]
fn anything_but_the_announced_file_is_refused_in_its_place() {
    let honest = honest();
    let at = honest.windows(14).position(|bytes| bytes == b"moead-edge.zst").unwrap();
    let (before, size) = (&honest[..at], tar::Header::from_byte_slice(&honest[at..at + 512]).entry_size().unwrap());
    let with = |header: &tar::Header| {
        let mut bytes = before.to_vec();
        file(&mut bytes, header, &[]);
        bytes.extend([0; 4096]);
        refused(&bytes)
    };
    let expected = format!("at byte {at}: expected moead-edge.zst, a file of {size} bytes, found ");
    let kind = |kind, link: &str| {
        let mut header = archive::header("moead-edge.zst", size);
        header.set_entry_type(kind);
        if !link.is_empty() {
            header.set_link_name(link).unwrap();
        }
        header.set_cksum();
        header
    };
    let symlink = with(&kind(tar::EntryType::Symlink, "/etc/passwd"));
    assert_eq!(symlink, format!("{expected}moead-edge.zst, a symbolic link"));
    assert_eq!(with(&kind(tar::EntryType::Link, "/etc/passwd")), format!("{expected}moead-edge.zst, a hard link"));
    assert_eq!(with(&kind(tar::EntryType::Directory, "")), format!("{expected}moead-edge.zst, a folder"));
    assert_eq!(with(&kind(tar::EntryType::Char, "")), format!("{expected}moead-edge.zst, a device or a pipe"));
    assert_eq!(with(&kind(tar::EntryType::XHeader, "")), format!("{expected}moead-edge.zst, a long name"));
    let mut upwards = archive::header("moead-edge.zst", size);
    upwards.as_old_mut().name[..20].copy_from_slice(b"../../../etc/passwd\0");
    upwards.set_cksum();
    assert_eq!(with(&upwards), format!("{expected}../../../etc/passwd, a file of {size} bytes"));
    let mut set_user = archive::header("moead-edge.zst", size);
    set_user.set_mode(0o4755);
    set_user.set_cksum();
    let same = format!("moead-edge.zst, a file of {size} bytes with other attributes");
    assert_eq!(with(&set_user), format!("{expected}{same}"));
    assert_eq!(
        with(&archive::header("moead-edge.zst", size + 1)),
        format!("{expected}moead-edge.zst, a file of {} bytes", size + 1)
    );
}

#[test]
fn members_that_nobody_announced_are_refused() {
    let stored = zstd::encode_all(b"abc".as_slice(), 3).unwrap();
    let value = with_member(3, b"abc", &stored);
    assert!(open(&signed(&value, &[("model.onnx.zst", &stored)])).is_ok());
    let said = refused(&signed(&value, &[("model.onnx.zst", &stored), ("more.zst", b"more")]));
    assert!(said.ends_with("expected zeros, found data"), "{said}");
}

#[test]
fn a_bomb_unpacks_to_no_more_than_was_signed() {
    let bomb = zstd::encode_all(std::io::Read::take(std::io::repeat(0), 1 << 30), 3).unwrap();
    let value = with_member(1000, b"abc", &bomb);
    let mut bundle = open(&signed(&value, &[("model.onnx.zst", &bomb)])).unwrap();
    let member = bundle.manifest().members[0].clone();
    let mut out = Vec::new();
    let said = bundle.unpack(&member, &mut out).unwrap_err().to_string();
    assert!(said.starts_with("model.onnx: unpacks to something else: expected 1000 bytes with SHA-256 ba78"), "{said}");
    assert!(said.ends_with("found more"), "{said}");
    assert!(out.len() <= 1000, "{}", out.len());
}

#[test]
fn a_window_that_takes_the_boards_memory_is_refused() {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.window_log(limits::WINDOW_LOG + 4).unwrap();
    std::io::Write::write_all(&mut encoder, &[7; 3000]).unwrap();
    let stored = encoder.finish().unwrap();
    let value = with_member(3000, &[7; 3000], &stored);
    let mut bundle = open(&signed(&value, &[("model.onnx.zst", &stored)])).unwrap();
    let member = bundle.manifest().members[0].clone();
    let said = bundle.unpack(&member, &mut Vec::new()).unwrap_err().to_string();
    assert!(said.contains("found damaged data: "), "{said}");
}

#[test]
fn signed_bytes_that_are_something_else_are_refused_when_unpacked() {
    let good = zstd::encode_all(b"abc".as_slice(), 3).unwrap();
    let cut = &good[..good.len() - 1];
    let followed = [good.as_slice(), b"more"].concat();
    let two = [good.as_slice(), &good].concat();
    let other = zstd::encode_all(b"abd".as_slice(), 3).unwrap();
    for stored in [b"no zstd".as_slice(), cut, &followed, &two, &other, b""] {
        let value = with_member(3, b"abc", stored);
        let mut bundle = open(&signed(&value, &[("model.onnx.zst", stored)])).unwrap();
        let member = bundle.manifest().members[0].clone();
        let said = bundle.unpack(&member, &mut Vec::new()).unwrap_err().to_string();
        assert!(said.starts_with("model.onnx: unpacks to something else: "), "{stored:?}: {said}");
    }
}

#[test]
fn a_manifest_or_signature_without_end_takes_no_memory() {
    let mut bytes = Vec::new();
    file(&mut bytes, &archive::header(archive::MANIFEST, 1 << 33), b"{}");
    assert_eq!(refused(&bytes), "manifest.json: 8589934592 bytes, expected at most 1048576");
    let mut bytes = Vec::new();
    file(&mut bytes, &archive::header(archive::MANIFEST, 2), b"{}");
    file(&mut bytes, &archive::header(archive::SIGNATURE, 5000), &[b'x'; 5000]);
    assert_eq!(refused(&bytes), "manifest.json.minisig: 5000 bytes, expected at most 4096");
}

#[test]
fn a_member_of_another_bundle_cannot_be_unpacked() {
    let mut bundle = open(&honest()).unwrap();
    let mut member = bundle.manifest().members[0].clone();
    member.size += 1;
    let said = bundle.unpack(&member, &mut Vec::new()).unwrap_err().to_string();
    assert!(said.ends_with("found no such member"), "{said}");
}

#[test]
fn other_files_are_no_bundles() {
    let (_folder, path) = crate::sample::on_disk(&[b"PK\x03\x04".as_slice(), &[0; 2000]].concat());
    let said = moead_bundle::reader::Sealed::open(&path).unwrap_err().to_string();
    assert_eq!(said, "not a bundle: it does not begin with manifest.json");
    // Shorter than any bundle, and no part of one.
    for other in [b"x".as_slice(), b"manifest.jso_", b"manifest.json.minisig", b"PK\x03\x04"] {
        assert_eq!(refused(other), said, "{other:?}");
    }
}

#[test]
fn keys_are_told_apart() {
    let keys = KeyPair::generate_unencrypted_keypair().unwrap();
    let secret = keys.sk.to_box(None).unwrap().to_string();
    assert_eq!(PublicKey::parse(&secret).unwrap_err().to_string(), "a secret key, expected the public one");
    for wrong in ["", "untrusted comment: x\n", "AAAA", "RWQ"] {
        assert_eq!(PublicKey::parse(wrong).unwrap_err().to_string(), "not a minisign public key", "{wrong}");
    }
    assert!(PublicKey::parse(&keys.pk.to_box().unwrap().to_string()).is_ok());
}
