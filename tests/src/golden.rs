//! Golden cases: what the published MoEAD code computed. `tests/golden/README.md` says how they were made.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use serde_json::Value;

/// Cases of the published size: 5 MB, so not in the repository.
const LARGE: [&str; 2] = ["official_224", "visa_256"];

/// One case.
#[derive(Debug)]
pub struct Case {
    /// Of its folder.
    pub name: String,
    /// Where its files are.
    pub folder: PathBuf,
    /// What `case.json` says.
    pub facts: Facts,
    /// What `tensors.json` says: every tensor of the state dict, in order.
    pub rules: Vec<Rule>,
}

/// `case.json`.
#[derive(Debug, Deserialize)]
pub struct Facts {
    /// Of all weights.
    pub seed: String,
    /// The network's input.
    pub input: Input,
    /// The source picture.
    pub image: Image,
    /// The three net entries, as a checkpoint holds them.
    pub arch: Value,
    /// Tensors that are stored thinned, and the step per side.
    pub slices: BTreeMap<String, Vec<usize>>,
    /// What f32 arithmetic alone may do.
    pub noise: Noise,
    /// The score from a run in double precision.
    pub pred_score_f64: f64,
}

/// Size of the network's input.
#[derive(Debug, Deserialize)]
pub struct Input {
    /// Pixels.
    pub height: usize,
    /// Pixels.
    pub width: usize,
}

/// The source picture.
#[derive(Debug, Deserialize)]
pub struct Image {
    /// In the case's folder.
    pub file: String,
    /// Pixels.
    pub height: usize,
    /// Pixels.
    pub width: usize,
}

/// max |f32 - f64| / max |f64|.
#[derive(Debug, Deserialize)]
pub struct Noise {
    /// By tensor.
    pub per_tensor: BTreeMap<String, f64>,
    /// Of `anomaly_map`.
    pub anomaly_map: f64,
    /// Of any tensor.
    pub largest: f64,
}

/// How a tensor of the checkpoint follows from the seed.
#[derive(Debug, Clone, Deserialize)]
pub struct Rule {
    /// Without `module.`.
    pub name: String,
    /// `F32` or `I64`.
    pub dtype: String,
    /// Sides.
    pub shape: Vec<usize>,
    /// Added.
    #[serde(default)]
    pub offset: f64,
    /// Times a number in [-1, 1).
    #[serde(default)]
    pub scale: f64,
    /// Of integers.
    #[serde(default)]
    pub value: i64,
}

/// What the reference computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// As stored: thinned where the case says so.
    pub shape: Vec<usize>,
    /// Widened to f64, which holds every stored type.
    pub data: Vec<f64>,
}

impl Case {
    /// Opens a case of the repository.
    pub fn small(name: &str) -> Self {
        Self::open(&cases().join(name))
    }

    /// The cases in the repository.
    pub fn all_small() -> Vec<Self> {
        let folders = std::fs::read_dir(cases()).expect("tests/golden/cases is in the repository");
        let mut folders: Vec<_> = folders.map(|entry| entry.expect("a readable folder").path()).collect();
        folders.sort();
        folders.iter().map(|folder| Self::open(folder)).collect()
    }

    /// All cases. The large ones lie outside the repository: in CI their absence is an error; elsewhere it is said in words.
    pub fn all() -> Vec<Self> {
        let mut all = Self::all_small();
        all.extend(LARGE.iter().filter_map(|name| Self::large(name)));
        all
    }

    /// One of the large cases, if it is here.
    pub fn large(name: &str) -> Option<Self> {
        let places = large_places();
        let found = places.iter().map(|place| place.join(name)).find(|folder| folder.join("case.json").is_file());
        if found.is_none() {
            let places: Vec<_> = places.iter().map(|place| place.display().to_string()).collect();
            let message = format!("golden case {name} is not in {}", places.join(" or "));
            assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{message}: in CI every case must run");
            write_note(&format!("skipped: {message}; MOEAD_GOLDEN names another folder of cases\n"));
        }
        found.map(|folder| Self::open(&folder))
    }

    fn open(folder: &Path) -> Self {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        Self {
            name: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            folder: folder.to_owned(),
            facts: serde_json::from_str(&read("case.json")).expect("case.json is well formed"),
            rules: serde_json::from_str(&read("tensors.json")).expect("tensors.json is well formed"),
        }
    }

    /// The source picture.
    pub fn picture(&self) -> PathBuf {
        self.folder.join(&self.facts.image.file)
    }

    /// Everything that the reference computed, by name.
    pub fn expected(&self) -> BTreeMap<String, Expected> {
        let bytes = std::fs::read(self.folder.join("expected.safetensors")).expect("expected.safetensors is there");
        let tensors = SafeTensors::deserialize(&bytes).expect("expected.safetensors is well formed");
        let decode = |view: &safetensors::tensor::TensorView<'_>| {
            let bytes = view.data();
            let data = match view.dtype() {
                Dtype::F32 => each(bytes, |number| f64::from(f32::from_le_bytes(number))),
                Dtype::F64 => each(bytes, f64::from_le_bytes),
                Dtype::I32 => each(bytes, |number| f64::from(i32::from_le_bytes(number))),
                Dtype::U8 => each(bytes, |[number]: [u8; 1]| f64::from(number)),
                other => panic!("expected.safetensors: unexpected type {other:?}"),
            };
            Expected { shape: view.shape().to_vec(), data }
        };
        tensors.iter().map(|(name, view)| (name.to_owned(), decode(&view))).collect()
    }

    /// A whole tensor thinned as the case stores `name`.
    pub fn thinned(&self, name: &str, shape: &[usize], data: &[f64]) -> Expected {
        let Some(steps) = self.facts.slices.get(name) else {
            return Expected { shape: shape.to_vec(), data: data.to_vec() };
        };
        let thin: Vec<usize> = shape.iter().zip(steps).map(|(side, step)| side.div_ceil(*step)).collect();
        let numbers = thin.iter().product();
        let place = |mut index: usize| {
            let (mut place, mut stride) = (0, 1);
            for ((&side, &whole), &step) in thin.iter().zip(shape).zip(steps).rev() {
                place += index % side * step * stride;
                index /= side;
                stride *= whole;
            }
            place
        };
        Expected { data: (0..numbers).map(|index| data[place(index)]).collect(), shape: thin }
    }

    /// What a tensor may be off, relative to its largest value: 20 times the case's own noise or 1e-4, whichever is larger.
    pub fn tolerance(&self, name: &str) -> f64 {
        let noise = self.facts.noise.per_tensor.get(name).copied().unwrap_or(self.facts.noise.largest);
        (20.0 * noise).max(1e-4)
    }
}

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository")
}

fn cases() -> PathBuf {
    root().join("tests/golden/cases")
}

/// Beside the checkout, or beside the one that this is a clone of.
fn large_places() -> Vec<PathBuf> {
    if let Some(golden) = std::env::var_os("MOEAD_GOLDEN").map(PathBuf::from) {
        return vec![golden.join("cases"), golden];
    }
    let origin = Command::new("git").args(["config", "--get", "remote.origin.url"]).current_dir(root()).output();
    let origin = origin.ok().and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    let checkouts = [root(), Path::new(origin.trim())].into_iter().filter(|checkout| checkout.is_dir());
    checkouts.map(|checkout| checkout.join("../shared/golden/cases")).collect()
}

fn each<const N: usize>(bytes: &[u8], decode: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    bytes.as_chunks::<N>().0.iter().map(|&number| decode(number)).collect()
}

/// Says something beside the test's own output.
#[expect(clippy::print_stderr, reason = "a skipped case is said in words, in the test's output")]
pub fn write_note(text: &str) {
    eprint!("{text}");
}
