//! Fuzz targets: whatever the bytes, a reader gives an error or an answer. `README.md` says how to run them for longer.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

mod corpus;

use std::cell::OnceCell;
use std::io;
use std::time::Duration;

use moead_exporter::checkpoint::{Checkpoint, TensorError, strict_json};
use moead_exporter::resolve::{self, Wishes};
use moead_exporter::weights::Weights;
use moead_model::onnx::model_file::ModelFile;
use moead_runtime::preprocess::decode::decode;
use moead_runtime::stream::frame::Content;
use moead_runtime::stream::interrupt::Interrupt;
use moead_runtime::stream::sources::standard_input::feed::{Fed, Feed};
use moead_runtime::stream::sources::standard_input::{StreamOpener, StreamRequest};
use moead_runtime::stream::sources::{Next, Opener as _, Order};
use moead_tests::golden::Case;
use moead_tests::torch_file::zip_of;
use prost::bytes::Bytes;

use corpus::Corpus;

/// One target: the kept inputs first, then new ones, each as it is and as edits of a kept one. Whoever wants more sets
/// `BOLERO_RANDOM_ITERATIONS`.
macro_rules! target {
    ($name:ident, $iterations:literal, $test:path) => {
        #[test]
        fn $name() {
            let corpus = Corpus::of(stringify!($name));
            corpus.each($test);
            bolero::check!().with_iterations($iterations).with_max_len(400).for_each(|bytes: &[u8]| {
                $test(bytes);
                $test(&corpus.edited(bytes));
            });
        }
    };
}

target!(pickle, 2000, pickle_in_an_archive);
target!(zip, 2000, checkpoint);
target!(legacy, 2000, checkpoint);
target!(safetensors, 2000, checkpoint);
target!(architecture, 500, settings);
target!(picture, 2000, picture_file);
target!(model_file, 2000, model);
target!(stream, 2000, stream_of_pictures);

/// Opens a checkpoint, reads all of it, and asks whether it is a network.
fn checkpoint(bytes: &[u8]) {
    thread_local! {
        static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
    }
    FOLDER.with(|folder| {
        let path = folder.get_or_init(|| tempfile::tempdir().unwrap()).path().join("checkpoint");
        std::fs::write(&path, bytes).unwrap();
        let Ok(checkpoint) = Checkpoint::open(&path) else { return };
        for name in checkpoint.names() {
            if let Ok(numbers) = checkpoint.read(name) {
                assert_eq!(numbers.len(), checkpoint.shape(name).unwrap().iter().product::<usize>());
            }
        }
        let _ = resolve::resolve(&checkpoint, checkpoint.architecture(), Wishes::default());
    });
}

/// The bytes are a pickle; beside it lies one storage of six numbers.
fn pickle_in_an_archive(bytes: &[u8]) {
    let storage = (0..6_u8).flat_map(|number| f32::from(number).to_le_bytes()).collect();
    checkpoint(&zip_of(&[("archive/data.pkl".into(), bytes.to_vec()), ("archive/data/0".into(), storage)]));
}

/// The tensors of a small network, without numbers.
struct Shapes(Case);

impl Weights for Shapes {
    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.0.rules.iter().map(|rule| rule.name.as_str()))
    }

    fn shape(&self, name: &str) -> Option<&[usize]> {
        self.0.rules.iter().find(|rule| rule.name == name).map(|rule| &rule.shape[..])
    }

    fn read(&self, name: &str) -> Result<Vec<f32>, TensorError> {
        Err(TensorError::Missing { name: name.to_owned() })
    }
}

fn settings(bytes: &[u8]) {
    thread_local! {
        static TINY: Shapes = Shapes(Case::small("tiny"));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(arch) = strict_json::parse(text) else { return };
    if let Ok(resolved) = TINY.with(|tiny| resolve::resolve(tiny, Some(&arch), Wishes::default())) {
        // What is written into a manifest is read back as the same network.
        let entries = resolve::entries(&resolved.architecture);
        let again = TINY.with(|tiny| resolve::resolve(tiny, Some(&entries), Wishes::default()));
        assert_eq!(again.unwrap().architecture, resolved.architecture);
    }
}

fn picture_file(bytes: &[u8]) {
    if let Ok(picture) = decode(bytes) {
        assert_eq!(picture.pixels().len(), 3 * picture.size().height * picture.size().width);
    }
}

fn model(bytes: &[u8]) {
    if let Ok(model) = ModelFile::from_bytes(Bytes::copy_from_slice(bytes)) {
        assert_eq!(model.bytes(), bytes);
    }
}

/// Bytes in pieces of one length.
struct Pieces {
    bytes: Vec<u8>,
    given: usize,
    length: usize,
}

impl Feed for Pieces {
    fn read(&mut self, room: &mut [u8], _patience: Duration) -> io::Result<Fed> {
        let rest = &self.bytes[self.given..];
        let piece = &rest[..rest.len().min(self.length).min(room.len())];
        room[..piece.len()].copy_from_slice(piece);
        self.given += piece.len();
        Ok(if piece.is_empty() { Fed::End } else { Fed::Bytes(piece.len()) })
    }
}

/// What a stream gives when it comes in pieces of that length; pictures with their bytes.
fn given(bytes: &[u8], length: usize, order: Order) -> Result<Vec<(String, Vec<u8>)>, String> {
    let feed = Box::new(Pieces { bytes: bytes.to_vec(), given: 0, length });
    let opener = StreamOpener::over(StreamRequest::default(), feed, Interrupt::default());
    let mut source = opener.open().map_err(|error| error.to_string())?;
    let mut given = Vec::new();
    // Nothing comes twice, so there is an end.
    for _ in 0..10 * bytes.len() + 100 {
        match source.next(Duration::ZERO, order).map_err(|error| error.to_string())? {
            Next::Frame(arrival) => given.push(match arrival.content {
                Content::Jpeg(bytes) => ("JPEG".to_owned(), bytes.to_vec()),
                Content::Raw { format, bytes } => {
                    assert_eq!(format.bytes(), Some(bytes.len()));
                    (format!("{format:?}"), bytes.to_vec())
                }
                Content::File(file) => panic!("no stream has files: {file:?}"),
            }),
            Next::Corrupt { problem, .. } => given.push((problem.to_string(), Vec::new())),
            Next::Nothing => {}
            Next::End => return Ok(given),
        }
    }
    panic!("the stream does not end");
}

fn stream_of_pictures(bytes: &[u8]) {
    let whole = given(bytes, usize::MAX, Order::Oldest);
    for length in [1, 7] {
        assert_eq!(given(bytes, length, Order::Oldest), whole, "in pieces of {length}");
    }
    // The newest of all are some of them.
    if let (Ok(all), Ok(newest)) = (whole, given(bytes, 64, Order::Newest)) {
        assert!(newest.iter().all(|event| all.contains(event)));
    }
}
