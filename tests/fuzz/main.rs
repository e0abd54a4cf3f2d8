//! Fuzz targets: whatever the bytes, a reader gives an error or an answer. `README.md` says how to run them for longer.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

mod corpus;

use std::cell::OnceCell;

use moead_exporter::checkpoint::{Checkpoint, TensorError, strict_json};
use moead_exporter::resolve::{self, Wishes};
use moead_exporter::weights::Weights;
use moead_model::onnx::model_file::ModelFile;
use moead_runtime::preprocess::decode::decode;
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
