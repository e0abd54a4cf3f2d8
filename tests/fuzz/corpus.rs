//! Kept inputs, and edits of them: random bytes alone never get past a magic number.

use std::fs;
use std::path::Path;

/// The inputs of one target, in the order of their names.
pub(crate) struct Corpus(Vec<Vec<u8>>);

impl Corpus {
    /// The files in `corpus/TARGET`.
    pub(crate) fn of(target: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        assert!(!paths.is_empty(), "{}: no inputs", folder.display());
        Self(paths.iter().map(|path| fs::read(path).unwrap()).collect())
    }

    /// Hands every input to `test`.
    pub(crate) fn each(&self, test: fn(&[u8])) {
        self.0.iter().for_each(|bytes| test(bytes));
    }

    /// One of the inputs, chosen and changed as `plan` says: its first byte is which, and how many changes; then each four
    /// are a change. Few changes get deep into a reader, many end at its first check.
    pub(crate) fn edited(&self, plan: &[u8]) -> Vec<u8> {
        let (&first, changes) = plan.split_first().unwrap_or((&0, &[]));
        let mut bytes = self.0[usize::from(first) % self.0.len()].clone();
        for &[kind, high, low, value] in changes.as_chunks::<4>().0.iter().take(1 + usize::from(first / 64)) {
            let place = usize::from(u16::from_be_bytes([high, low])) % (bytes.len() + 1);
            match kind % 16 {
                0..=10 if place < bytes.len() => bytes[place] ^= value.max(1),
                11 | 12 => drop(bytes.drain(place..(place + usize::from(value)).min(bytes.len()))),
                13 | 14 => drop(bytes.splice(place..place, std::iter::repeat_n(value, usize::from(value % 16)))),
                15 => bytes.truncate(place),
                _ => {}
            }
        }
        bytes
    }
}

#[test]
fn a_plan_of_nothing_changes_nothing() {
    let corpus = Corpus(vec![b"one".to_vec(), b"two".to_vec()]);
    assert_eq!(corpus.edited(&[]), b"one");
    assert_eq!(corpus.edited(&[3]), b"two");
    assert_eq!(corpus.edited(&[0, 0, 0, 1, 0x20]), b"oNe");
    assert_eq!(corpus.edited(&[0, 15, 0, 1, 0, 0, 0, 0, 1]), b"o");
    assert_eq!(corpus.edited(&[64, 11, 0, 1, 9, 13, 0, 1, 0x72]), b"orr");
}
