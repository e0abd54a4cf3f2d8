//! Fuzz targets: whatever the bytes, a reader gives an error or an answer. `README.md` says how to run them for longer.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

mod bundle;
mod corpus;
mod stream;

use std::cell::{OnceCell, RefCell};

use moead_exporter::checkpoint::{Checkpoint, TensorError, strict_json};
use moead_exporter::resolve::{self, Wishes};
use moead_exporter::weights::Weights;
use moead_model::architecture::{ImageSize, Normalization};
use moead_model::onnx::foreign::ForeignModel;
use moead_model::onnx::model_file::ModelFile;
use moead_runtime::preprocess::convert::Converter;
use moead_runtime::preprocess::decode::decode;
use moead_runtime::preprocess::motion_jpeg::MotionJpeg;
use moead_runtime::preprocess::raw::{ColourSpace, Matrix, PixelFormat, Range, RawFormat};
use moead_runtime::score::regions::Rect;
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
target!(foreign, 2000, foreign_model);
target!(motion_jpeg, 2000, frame);
target!(raw, 2000, raw_frame);
target!(stream, 2000, stream::pictures);
target!(bundle, 2000, bundle::whole);
target!(signed_bundle, 2000, bundle::signed);
target!(packed_file, 2000, bundle::packed);

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

fn foreign_model(bytes: &[u8]) {
    let bytes = Bytes::copy_from_slice(bytes);
    if let Ok(model) = ForeignModel::from_bytes(bytes.clone(), None, Normalization::IMAGENET) {
        let ImageSize { height, width } = model.input().size();
        assert!(height > 0 && width > 0 && model.bytes() == &bytes);
    }
}

/// Decodes a frame behind whatever came before, and by itself.
fn frame(bytes: &[u8]) {
    thread_local! {
        static STREAM: RefCell<MotionJpeg> = RefCell::default();
    }
    STREAM.with_borrow_mut(|stream| {
        let found = stream.decode(bytes);
        if let Ok((size, pixels)) = &found {
            assert_eq!(pixels.len(), 3 * size.height * size.width);
        }
        assert_eq!(found, MotionJpeg::default().decode(bytes));
    });
}

/// The first bytes are format, region and target; what is left are the frame's.
fn raw_frame(bytes: &[u8]) {
    const FORMATS: [PixelFormat; 10] = [
        PixelFormat::Yuyv,
        PixelFormat::Uyvy,
        PixelFormat::Nv12,
        PixelFormat::Yu12,
        PixelFormat::Yuv422p,
        PixelFormat::Yuv444p,
        PixelFormat::Rgb3,
        PixelFormat::Bgr3,
        PixelFormat::Grey,
        PixelFormat::Y16,
    ];
    let Some((&[pixels, colour], rest)) = bytes.split_first_chunk() else { return };
    let Some((numbers, bytes)) = rest.split_first_chunk::<18>() else { return };
    // Small numbers, and some beyond everything.
    let [height, width, padding, x, y, across, down, rows, columns] = std::array::from_fn(|at| {
        let [number, shift] = [2 * at, 2 * at + 1].map(|at| usize::from(numbers[at]));
        number << if shift < 192 { 0 } else { shift % 64 }
    });
    let matrix = if colour & 1 == 0 { Matrix::Bt601 } else { Matrix::Bt709 };
    let range = if colour & 2 == 0 { Range::Limited } else { Range::Full };
    let pixels = FORMATS[usize::from(pixels) % FORMATS.len()];
    let size = ImageSize { height, width };
    let mut format = RawFormat { pixels, size, stride: 0, colour: ColourSpace { matrix, range } };
    format.stride = format.row_bytes().wrapping_add(padding);
    let target = ImageSize { height: rows, width: columns };
    let converter = Converter::new(format, Rect { x, y, width: across, height: down }, target);
    assert_eq!(format.check().is_ok(), format.bytes().is_some());
    let Ok(mut converter) = converter else { return };
    let mut picture = vec![0; (rows * columns * 3).min(1 << 20)];
    let fits = Some(bytes.len()) >= format.bytes() && picture.len() == rows * columns * 3;
    assert_eq!(converter.run(bytes, &mut picture).is_ok(), fits);
}
