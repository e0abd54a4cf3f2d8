//! Bundles that were honest once: cut short, altered, with something behind them.

use std::sync::LazyLock;

use moead_bundle::limits;
use moead_bundle::reader::{Beginning, beginning};
use proptest::prelude::*;

use crate::sample::{honest, open, refused};

#[test]
fn a_bundle_that_was_cut_anywhere_is_refused() {
    let whole = honest();
    // Every byte of the beginning and of the end, and enough in between.
    let lengths = (0..4096).chain((4096..whole.len() - 4096).step_by(509)).chain(whole.len() - 4096..whole.len());
    for length in lengths {
        let said = refused(&whole[..length]);
        assert!(said.starts_with("cut short: "), "{length}: {said}");
    }
    assert_eq!(
        refused(&whole[..whole.len() - 1]),
        format!("cut short: the end ends at byte {}, and the file has {}", whole.len(), whole.len() - 1)
    );
    assert_eq!(refused(b""), "cut short: manifest.json ends at byte 512, and the file has 0");
}

#[test]
fn no_altered_byte_is_accepted_but_in_the_comment_that_minisign_does_not_sign() {
    let whole = honest();
    let comment = whole.windows(19).position(|bytes| bytes == b"untrusted comment: ").unwrap();
    let end = comment + whole[comment..].iter().position(|&byte| byte == b'\n').unwrap();
    for at in (0..comment).chain(end..8192).chain((8192..whole.len()).step_by(251)) {
        let mut altered = whole.clone();
        altered[at] ^= 0x20;
        let said = refused(&altered);
        assert!(!said.is_empty(), "{at}");
    }
}

#[test]
fn an_altered_member_is_named() {
    let mut altered = honest();
    let header = altered.windows(14).position(|bytes| bytes == b"model.onnx.zst").unwrap();
    altered[header + 512 + 20] ^= 1;
    let said = refused(&altered);
    assert!(said.starts_with("model.onnx: altered: expected SHA-256 "), "{said}");
}

#[test]
fn an_altered_manifest_does_not_fit_its_signature() {
    let mut altered = honest();
    let at = altered.windows(7).position(|bytes| bytes == b"\"1.4.0\"").unwrap();
    altered[at + 1] = b'9';
    assert_eq!(refused(&altered), "signature: does not fit the manifest");
}

#[test]
fn data_behind_the_end_is_refused() {
    let mut longer = honest();
    longer.extend([0; 512]);
    assert_eq!(refused(&longer), "512 bytes behind the end of the bundle");
}

#[test]
fn a_bundle_is_not_repaired_by_padding_that_is_not_zero() {
    let mut altered = honest();
    let start = altered.windows(21).position(|bytes| bytes == b"manifest.json.minisig").unwrap();
    altered[start - 1] = 1;
    let said = refused(&altered);
    assert!(said.ends_with("expected zeros, found data"), "{said}");
}

static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(honest);

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        prop_assert!(open(&bytes).is_err());
    }

    /// What comes over a network: whatever it is, the reader asks for more than there is, for no more than it allows, or refuses.
    #[test]
    fn a_beginning_never_asks_for_too_much(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..3000),
        start in prop_oneof![Just(0), 0..6000_usize],
        flips in proptest::collection::vec((0..4096_usize, any::<u8>()), 0..8),
    ) {
        bytes.splice(0..0, WHOLE.iter().copied().take(start));
        for (at, with) in flips {
            let length = bytes.len().max(1);
            if let Some(byte) = bytes.get_mut(at % length) {
                *byte ^= with;
            }
        }
        if let Ok(Beginning::Needs(needed)) = beginning(&bytes) {
            prop_assert!(needed > bytes.len() as u64);
            prop_assert!(needed <= limits::MANIFEST_BYTES + limits::SIGNATURE_BYTES + 4 * 512);
        }
    }
}
