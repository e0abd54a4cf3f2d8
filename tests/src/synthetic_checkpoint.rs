//! Checkpoints drawn from a seed: the rule of `tests/golden/make_checkpoint.py`, in Rust.
//!
//! ```text
//! h      = FNV-1a-64("<seed>/<tensor name>")
//! z_i    = i-th output of SplitMix64 started at h
//! u_i    = f32(z_i >> 40) * 2^-23 - 1
//! value  = offset + scale * u_i       in f32, one rounding each
//! ```

use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::Value;

use crate::golden::{Case, Rule};
use crate::torch_file::{self, Element, Item};

/// A tensor of a checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTensor {
    /// Without `module.`.
    pub name: String,
    /// Sides.
    pub shape: Vec<usize>,
    /// Type of its numbers.
    pub element: Element,
    /// Little-endian.
    pub bytes: Vec<u8>,
}

impl NamedTensor {
    /// A tensor of f32.
    pub fn new(name: &str, shape: &[usize], values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { name: name.to_owned(), shape: shape.to_vec(), element: Element::F32, bytes }
    }

    /// The numbers, of an f32 tensor.
    pub fn values(&self) -> Vec<f32> {
        assert_eq!(self.element, Element::F32, "{}", self.name);
        self.bytes.as_chunks::<4>().0.iter().map(|&number| f32::from_le_bytes(number)).collect()
    }
}

/// How a checkpoint is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// torch 1.6 and later.
    Zip,
    /// Before 1.6.
    Legacy,
    /// One JSON header.
    Safetensors,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Zip, Self::Legacy, Self::Safetensors];
}

/// What is written.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// In the order of the state dict.
    pub tensors: Vec<NamedTensor>,
    /// The three net entries; a bare state dict without.
    pub arch: Option<Value>,
    /// In front of each name in torch files: `module.`, as DataParallel has it.
    pub prefix: &'static str,
}

impl Checkpoint {
    /// A case's whole checkpoint.
    pub fn of(case: &Case) -> Self {
        let tensors = case.rules.iter().map(|rule| draw(&case.facts.seed, rule)).collect();
        Self { tensors, arch: Some(case.facts.arch.clone()), prefix: "module." }
    }

    /// As a state dict alone.
    pub fn bare(mut self) -> Self {
        self.arch = None;
        self.prefix = "";
        self
    }

    /// Splits off the backbone, its names bare as published backbone files have them.
    pub fn split_backbone(mut self) -> (Self, Self) {
        let (backbone, head): (Vec<_>, Vec<_>) =
            self.tensors.into_iter().partition(|tensor| tensor.name.starts_with("backbone."));
        self.tensors = head;
        let bare = |mut tensor: NamedTensor| {
            tensor.name = tensor.name.trim_start_matches("backbone.").to_owned();
            tensor
        };
        let backbone = Self { tensors: backbone.into_iter().map(bare).collect(), arch: None, prefix: "" };
        (self, backbone)
    }

    /// A tensor, to change it.
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn tensor_mut(&mut self, name: &str) -> &mut NamedTensor {
        self.tensors.iter_mut().find(|tensor| tensor.name == name).unwrap_or_else(|| panic!("no tensor {name}"))
    }

    /// With features that are normalised before they are rebuilt.
    ///
    /// # Panics
    /// When there are no settings.
    #[must_use]
    pub fn with_normalized_features(mut self) -> Self {
        let [places, channels] = self.sides();
        self.arch.as_mut().expect("settings")[2]["kwargs"]["features"] = "normalized".into();
        for (name, shape, offset) in [("mean", vec![places, channels], 0.0), ("scale", vec![channels], 1.0)] {
            let name = format!("reconstruction.features.{name}");
            self.tensors
                .push(draw("features", &Rule { name, dtype: "F32".into(), shape, offset, scale: 0.5, value: 0 }));
        }
        self
    }

    /// Tokens and channels.
    fn sides(&mut self) -> [usize; 2] {
        let channels = self.tensor_mut("reconstruction.input_proj.weight").shape[1];
        let size = &self.arch.as_ref().expect("settings")[2]["kwargs"]["feature_size"];
        let side = |index: usize| size[index].as_u64().expect("a grid") as usize;
        [side(0) * side(1), channels]
    }

    /// With statistics of residuals, as `distance` (`position-std`, `position-cov:K`) has them: factors and diagonals from 0.5 to 1.5.
    ///
    /// # Panics
    /// When there are no settings, or for another distance.
    #[must_use]
    pub fn with_distance(mut self, distance: &str) -> Self {
        let [places, channels] = self.sides();
        self.arch.as_mut().expect("settings")[2]["kwargs"]["distance"] = distance.into();
        let mut add = |name: &str, shape: [usize; 2], offset: f64, scale: f64| {
            let name = format!("reconstruction.distance.{name}");
            let rule = Rule { name, dtype: "F32".into(), shape: shape.to_vec(), offset, scale, value: 0 };
            self.tensors.push(draw("distance", &rule));
        };
        let Some(axes) = distance.strip_prefix("position-cov:") else {
            assert_eq!(distance, "position-std");
            add("mean", [places, channels], 0.0, 0.5);
            add("scale", [places, channels], 1.0, 0.5);
            return self;
        };
        let axes: usize = axes.parse().expect("a number of axes");
        let numbers = axes * (axes + 1) / 2;
        add("axes", [axes, channels], 0.0, (3.0 / channels as f64).sqrt());
        add("mean", [places, axes], 0.0, 0.5);
        add("whitening", [places, numbers], 0.0, (3.0 / axes as f64).sqrt());
        let whitening = self.tensor_mut("reconstruction.distance.whitening");
        let mut values = whitening.values();
        for triangle in values.chunks_exact_mut(numbers) {
            (1..=axes).for_each(|rows| triangle[rows * (rows + 1) / 2 - 1] = 1.0 + 0.5 / rows as f32);
        }
        *whitening = NamedTensor::new(&whitening.name, &whitening.shape, &values);
        self
    }

    /// The file's bytes.
    pub fn encode(&self, form: Form) -> Vec<u8> {
        if form == Form::Safetensors {
            let view = |tensor: &NamedTensor| {
                let NamedTensor { shape, element, .. } = tensor;
                let dtype = match element {
                    Element::F64 => Dtype::F64,
                    Element::F32 => Dtype::F32,
                    Element::F16 => Dtype::F16,
                    Element::Bf16 => Dtype::BF16,
                    Element::I64 => Dtype::I64,
                };
                (dtype, shape.clone())
            };
            let views = self.tensors.iter().map(|tensor| {
                let (dtype, shape) = view(tensor);
                let view = TensorView::new(dtype, shape, &tensor.bytes).expect("bytes fill the shape");
                (&tensor.name, view)
            });
            let metadata = self.arch.as_ref().map(|arch| [("moead.architecture".to_owned(), arch.to_string())].into());
            return safetensors::serialize(views, metadata).expect("a header that can be written");
        }
        let tensors = self.tensors.iter().map(|tensor| (format!("{}{}", self.prefix, tensor.name), tensor));
        let state = Item::OrderedDict(tensors.map(|(name, tensor)| (name, Item::Tensor(tensor.clone()))).collect());
        let object = match &self.arch {
            None => state,
            Some(arch) => Item::Dict(vec![
                ("epoch".into(), Item::Int(1000)),
                ("arch".into(), Item::from_json(arch)),
                ("state_dict".into(), state),
                ("best_metric".into(), Item::Float(0.5)),
            ]),
        };
        match form {
            Form::Legacy => torch_file::legacy(&object),
            Form::Zip | Form::Safetensors => torch_file::zip(&object),
        }
    }

    /// Writes the file.
    pub fn write(&self, form: Form, path: &Path) {
        std::fs::write(path, self.encode(form)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

/// The tensor that one line of `tensors.json` describes.
pub fn draw(seed: &str, rule: &Rule) -> NamedTensor {
    let count: usize = rule.shape.iter().product();
    let (name, shape) = (rule.name.clone(), rule.shape.clone());
    if rule.dtype == "I64" {
        let bytes = rule.value.to_le_bytes().repeat(count);
        return NamedTensor { name, shape, element: Element::I64, bytes };
    }
    let (offset, scale) = (rule.offset as f32, rule.scale as f32);
    let mut state = fnv1a(format!("{seed}/{name}").as_bytes());
    let mut bytes = Vec::with_capacity(4 * count);
    for _ in 0..count {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let unit = ((z ^ (z >> 31)) >> 40) as f32 * 2_f32.powi(-23) - 1.0;
        bytes.extend((offset + scale * unit).to_le_bytes());
    }
    NamedTensor { name, shape, element: Element::F32, bytes }
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector that `tests/golden/README.md` prints.
    #[test]
    fn the_stream_is_the_published_one() {
        assert_eq!(fnv1a(b"1/a.weight"), 0xe148_f089_30ae_254a);
        let rule =
            Rule { name: "a.weight".into(), dtype: "F32".into(), shape: vec![4], offset: 0.0, scale: 1.0, value: 0 };
        let expected = [0.785_457_25, -0.092_821, -0.809_630_16, 0.215_220_69];
        assert_eq!(draw("1", &rule).values(), expected);
    }
}
