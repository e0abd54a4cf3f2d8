//! Small files that ask for much: an error, and memory in proportion to the file, never a panic.

use std::cell::Cell;

use crate::small_model::{changed, node, small_model};
use bytes::Bytes;
use moead_model::onnx::envelope::Envelope;
use moead_model::onnx::limits;
use moead_model::onnx::messages::ModelProto;
use moead_model::onnx::model_file::ModelFile;
use moead_tests::allocator::{Watch, Watched};
use proptest::prelude::*;
use prost::Message;

/// Counts what the current thread holds, and its peak.
struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

impl Watch for Counting {
    fn takes(&self, bytes: usize) -> bool {
        // A thread that is ending has no counters any more.
        let _ = HELD.try_with(|held| {
            held.set(held.get().wrapping_add(bytes));
            let _ = PEAK.try_with(|peak| peak.set(peak.get().max(held.get())));
        });
        true
    }

    fn gives_back(&self, bytes: usize) {
        let _ = HELD.try_with(|held| held.set(held.get().saturating_sub(bytes)));
    }
}

#[global_allocator]
static ALLOCATOR: Watched<Counting> = Watched(Counting);

/// The error, and the most memory that was taken beyond the file itself.
fn refuse(bytes: Vec<u8>) -> (String, usize) {
    let bytes = Bytes::from(bytes);
    let before = HELD.get();
    PEAK.set(before);
    let result = ModelFile::from_bytes(bytes);
    let peak = PEAK.get() - before;
    (result.expect_err("hostile files are refused").to_string(), peak)
}

fn around(graph: &[u8]) -> Vec<u8> {
    let mut bytes = ModelProto { graph: None, ..small_model() }.encode_to_vec();
    prost::encoding::bytes::encode(7, &graph.to_vec(), &mut bytes);
    bytes
}

/// What reading the envelope and a small manifest takes.
const SMALL: usize = 64 << 10;

#[test]
fn a_megabyte_of_empty_nodes_is_refused_without_memory() {
    let (message, peak) = refuse(around(&[0x0a, 0x00].repeat(1 << 19)));
    assert_eq!(message, "graph at byte 32768: more than 16384 of node");
    assert!(peak < SMALL, "{peak}");
}

#[test]
fn a_megabyte_of_empty_names_is_refused_without_memory() {
    let node = [&[0x0a, 0x80, 0x01][..], &[0x0a, 0x00].repeat(64)].concat();
    let (message, peak) = refuse(around(&node.repeat(12_000)));
    assert!(message.ends_with("decoding would take more than 33554432 bytes"), "{message}");
    assert!(peak < SMALL, "{peak}");
}

#[test]
fn a_length_beyond_every_file_is_refused_without_memory() {
    let mut bytes = around(&[]);
    bytes.extend([0x72, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
    let (message, peak) = refuse(bytes);
    assert!(message.starts_with("cut short: a field at byte "), "{message}");
    assert!(message.contains("claims 18446744073709551615 bytes, but 0 are left"), "{message}");
    assert!(peak < SMALL, "{peak}");
}

#[test]
fn a_number_without_end_is_refused() {
    let (message, peak) = refuse(around(&[0xff; 4096]));
    assert_eq!(message, "graph at byte 0: a number does not end");
    assert!(peak < SMALL, "{peak}");
}

#[test]
fn names_with_control_characters_or_megabytes_are_refused() {
    let mut graph = small_model().graph.unwrap();
    graph.node[0].name = Some("\u{1b}[2J".into());
    let (message, _) = refuse(around(&graph.encode_to_vec()));
    assert!(message.ends_with("name is not a name in printable ASCII"), "{message}");
    graph.node[0].name = Some("n".repeat(1 << 20));
    let (message, peak) = refuse(around(&graph.encode_to_vec()));
    assert!(message.ends_with("name has 1048576 bytes, expected at most 256"), "{message}");
    assert!(peak < SMALL, "{peak}");
}

#[test]
fn as_many_nodes_as_are_allowed_take_memory_in_proportion() {
    let bytes = changed(|graph| {
        for index in 0..limits::NODES - graph.node.len() {
            graph.node.push(node("Sigmoid", &["stem"], &[&format!("s{index}")], vec![]));
        }
    });
    let size = bytes.len();
    let before = HELD.get();
    PEAK.set(before);
    ModelFile::from_bytes(bytes).unwrap();
    let peak = PEAK.get() - before;
    assert!(peak < limits::DECODED_BYTES, "{peak} for {size}");
}

#[test]
fn a_file_beyond_the_limit_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sparse.onnx");
    std::fs::File::create(&path).unwrap().set_len(limits::FILE_BYTES + 1).unwrap();
    let before = HELD.get();
    PEAK.set(before);
    let error = ModelFile::open(&path).unwrap_err();
    assert_eq!(error.to_string(), "more than 536870912 bytes");
    assert!(PEAK.get() - before < SMALL);
}

proptest! {
    #[test]
    fn no_bytes_are_a_reason_to_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = ModelFile::from_bytes(bytes.clone().into());
        let _ = ModelFile::from_bytes(around(&bytes).into());
    }

    #[test]
    fn no_change_of_a_good_file_is_a_reason_to_panic(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = changed(|_| {}).to_vec();
        for (index, byte) in edits {
            *index.get_mut(&mut bytes) = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = ModelFile::from_bytes(bytes.into());
    }

    #[test]
    fn no_number_in_a_good_file_is_a_reason_to_panic(
        which in any::<prop::sample::Index>(),
        position in any::<prop::sample::Index>(),
        value in prop_oneof![Just(i64::MIN), Just(i64::MAX), -3_i64..20, any::<i64>()],
    ) {
        let bytes = changed(|graph| {
            let attributes = graph.node.iter_mut().flat_map(|node| &mut node.attribute);
            let mut numbers: Vec<&mut [i64]> = attributes.map(|attribute| attribute.ints.as_mut_slice()).collect();
            numbers.extend(graph.initializer.iter_mut().map(|tensor| tensor.dims.as_mut_slice()));
            numbers.retain(|numbers| !numbers.is_empty());
            let which = which.index(numbers.len());
            *position.get_mut(&mut *numbers[which]) = value;
        });
        let _ = ModelFile::from_bytes(bytes);
    }

    #[test]
    fn no_constant_in_a_good_file_is_a_reason_to_panic(
        which in any::<prop::sample::Index>(),
        words in proptest::collection::vec(prop_oneof![Just(i64::MIN), Just(i64::MAX), -3_i64..20, any::<i64>()], 4),
    ) {
        let bytes = changed(|graph| {
            let tensor = which.get_mut(&mut graph.initializer);
            let length = tensor.raw_data().len();
            let data: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).cycle().take(length).collect();
            tensor.raw_data = Some(data.into());
        });
        let _ = ModelFile::from_bytes(bytes);
    }

    #[test]
    fn a_rewrite_of_metadata_leaves_the_graph_byte_for_byte(
        entries in proptest::collection::vec((".{0,20}", ".{0,200}"), 0..8),
        calibrated in "\\PC{0,400}",
    ) {
        let original = changed(|_| {});
        let mut envelope = Envelope::read(original.clone()).unwrap();
        for (key, value) in &entries {
            envelope.set_metadata(key, value.clone());
        }
        envelope.set_metadata("calibrated", calibrated.clone());
        let mut written = Vec::new();
        envelope.write(&mut written).unwrap();
        let again = Envelope::read(written.clone().into()).unwrap();
        let before = Envelope::read(original).unwrap();
        prop_assert_eq!(again.graph(), before.graph());
        prop_assert_eq!(again.metadata("calibrated"), Some(calibrated.as_str()));
        prop_assert_eq!(&again, &envelope);
        // The standard's own reader finds the same.
        let model = ModelProto::decode(written.as_slice()).unwrap();
        prop_assert_eq!(model.graph, small_model().graph);
    }
}

#[test]
fn a_file_that_is_read_and_written_is_the_same_file() {
    let original = changed(|_| {});
    let mut written = Vec::new();
    Envelope::read(original.clone()).unwrap().write(&mut written).unwrap();
    assert!(original == written);
}
