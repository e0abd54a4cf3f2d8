//! Honest checkpoints, cut and with single bytes changed, everywhere.

use std::fs::File;

use moead_exporter::checkpoint::Checkpoint as Opened;
use moead_exporter::weights::Weights;
use moead_tests::golden::Case;
use moead_tests::synthetic_checkpoint::{Checkpoint, Form};

use crate::memory;
use crate::sample::{in_every_form, small};
use crate::subject::{contents, with_file};

#[test]
fn a_small_file_that_is_cut_is_refused_wherever_it_is_cut() {
    for (form, whole) in in_every_form(&small()) {
        assert!(contents(&whole).is_ok());
        for length in 0..whole.len() {
            let found = contents(&whole[..length]);
            assert!(found.is_err(), "{form:?} cut to {length} of {} bytes is read", whole.len());
        }
    }
}

#[test]
fn bytes_behind_the_end_change_nothing_or_are_refused() {
    for (form, whole) in in_every_form(&small()) {
        let expected = contents(&whole);
        for behind in [vec![0], vec![0; 100], vec![0xff; 70_000], b"PK\x05\x06".to_vec(), whole.clone()] {
            let found = contents(&[&whole[..], &behind].concat());
            assert!(found.is_err() || found == expected, "{form:?} with {} bytes behind it", behind.len());
        }
    }
}

#[test]
fn a_changed_byte_is_never_worse_than_another_number() {
    for (form, whole) in in_every_form(&small()) {
        let (mut refused, mut read) = (0, 0);
        for place in 0..whole.len() {
            for change in [0x01, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[place] ^= change;
                match contents(&changed) {
                    Err(_) => refused += 1,
                    Ok(_) => read += 1,
                }
            }
        }
        // Most bytes are names and structure, and some are numbers.
        assert!(refused > 500 && read > 500, "{form:?}: {refused} refused, {read} read");
    }
}

/// Where an archive's records begin, or where a tensor's numbers do.
fn boundaries(form: Form, checkpoint: &Checkpoint, whole: &[u8]) -> Vec<usize> {
    let numbers: usize = checkpoint.tensors.iter().map(|tensor| tensor.bytes.len()).sum();
    match form {
        Form::Zip => {
            let starts = whole.windows(4).enumerate().filter(|(_, window)| {
                matches!(window, [b'P', b'K', 1, 2] | [b'P', b'K', 3, 4] | [b'P', b'K', 5, 6] | [b'P', b'K', 7, 8])
            });
            starts.map(|(start, _)| start).collect()
        }
        Form::Legacy => {
            let mut place = whole.len() - numbers - 8 * checkpoint.tensors.len();
            let mut found = vec![15, place];
            for tensor in &checkpoint.tensors {
                place += 8;
                found.push(place);
                place += tensor.bytes.len();
                found.push(place);
            }
            found
        }
        Form::Safetensors => {
            // In another order than the tensors', so every size is tried from the end.
            let end = |tensor: usize| checkpoint.tensors[..tensor].iter().map(|it| it.bytes.len()).sum::<usize>();
            let header = whole.len() - numbers;
            [8, header].into_iter().chain((0..checkpoint.tensors.len()).map(|tensor| header + end(tensor))).collect()
        }
    }
}

#[test]
fn a_large_file_that_is_cut_between_its_parts_is_refused() {
    let checkpoint = Checkpoint::of(&Case::small("tiny"));
    for (form, whole) in in_every_form(&checkpoint) {
        let around =
            boundaries(form, &checkpoint, &whole).into_iter().flat_map(|place| place.saturating_sub(1)..=place + 1);
        let mut cuts: Vec<usize> = around.filter(|&cut| cut < whole.len()).collect();
        assert!(cuts.len() > 1000, "{form:?}: {}", cuts.len());
        cuts.sort_unstable();
        with_file(&whole, |path| {
            let file = File::options().write(true).open(path).unwrap();
            for &cut in cuts.iter().rev() {
                file.set_len(cut as u64).unwrap();
                let opened = memory::bounded(cut, || Opened::open(path));
                assert!(opened.is_err(), "{form:?} cut to {cut} of {} bytes is opened", whole.len());
            }
        });
    }
}

#[test]
fn a_file_that_shrinks_after_it_was_opened_gives_errors() {
    for (form, whole) in in_every_form(&small()) {
        with_file(&whole, |path| {
            let opened = Opened::open(path).unwrap();
            File::options().write(true).open(path).unwrap().set_len(whole.len() as u64 / 4).unwrap();
            let error = opened.read("layer.weight").unwrap_err().to_string();
            assert!(error.starts_with("tensor layer.weight: "), "{form:?}: {error}");
        });
    }
}

#[test]
fn files_of_other_kinds_are_named() {
    for bytes in
        [&b""[..], b"P", b"PK", b"PK\x03\x04", b"PK\x05\x06", b"\x80", b"\x89PNG\r\n\x1a\n", &[0; 100], &[0xff; 100]]
    {
        let error = contents(bytes).unwrap_err();
        assert!(!error.is_empty());
    }
    let folder = tempfile::tempdir().unwrap();
    let error = Opened::open(folder.path()).unwrap_err().to_string();
    assert_eq!(error, "expected a file, found a folder");
    let error = Opened::open("/dev/zero".as_ref()).unwrap_err().to_string();
    assert_eq!(error, "expected a file, found a device or a pipe");
}
