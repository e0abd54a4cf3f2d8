//! The network that is trained: the preset's decoder on the backbone that the file holds.

use std::path::Path;

use moead_exporter::checkpoint::{Checkpoint, TensorError};
use moead_exporter::export::{self, Provenance};
use moead_exporter::graph::Form;
use moead_exporter::resolve::{self, WithBackbone, expected_tensors};
use moead_exporter::weights::Weights;
use moead_model::architecture::{Architecture, Distance, FeatureForm, Reconstruction};
use moead_model::manifest::{Moe, Precision, Source};
use moead_model::onnx::model_file::ModelFile;
use moead_terminal::failure::At as _;
use sha2::{Digest as _, Sha256};

use super::arguments::TrainArguments;
use crate::checkpoint::{self, Trained};
use crate::decoder::Decoder;
use crate::random::Seed;

/// The file with the backbone's weights, and the network on top of it.
pub(super) struct Network {
    backbone: Checkpoint,
    pub(super) architecture: Architecture,
    pub(super) decoder: Decoder,
    /// SHA-256 of the backbone's tensors that the network uses, in hexadecimal.
    pub(super) backbone_hash: String,
}

/// No decoder: what a file without one is joined to.
struct Nothing;

impl Weights for Nothing {
    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(std::iter::empty())
    }

    fn shape(&self, _: &str) -> Option<&[usize]> {
        None
    }

    fn read(&self, name: &str) -> Result<Vec<f32>, TensorError> {
        Err(TensorError::Missing { name: name.to_owned() })
    }
}

impl Network {
    /// Finds out what the file holds, and reads all that is used of it once.
    pub(super) fn open(arguments: &TrainArguments) -> anyhow::Result<Self> {
        let path = arguments.backbone();
        let backbone = Checkpoint::open(path).at(path.display())?;
        let alone = WithBackbone::new(&Nothing, &backbone).at(path.display())?;
        let kind = resolve::recognised_backbone(&alone).at(path.display())?;
        let preset = arguments.preset();
        // Of the five layers of an EfficientNet the first four, as published; of a ResNet's four the first three.
        let layers = (1..kind.layers().len()).collect();
        let (features, distance) = (arguments.features(), arguments.distance());
        let reconstruction = Reconstruction { features, distance, ..preset.reconstruction() };
        let architecture = Architecture::new(kind, layers, 16, preset.input(), reconstruction)?;
        let decoder = Decoder::new(architecture.channels(), architecture.grid(), architecture.reconstruction())?;
        let mut hash = Sha256::new();
        for (name, shape) in expected_tensors(&architecture) {
            if !name.starts_with("backbone.") {
                continue;
            }
            let found = alone.shape(&name).unwrap_or_default().to_vec();
            let values = alone.read(&name).at(path.display())?;
            if found != shape {
                return Err(TensorError::Shape { name, expected: shape, found }).at(path.display());
            }
            hash.update(&name);
            hash.update(checkpoint::bytes_of(&values));
        }
        let backbone_hash = hexadecimal(&hash.finalize());
        drop(alone);
        Ok(Self { backbone, architecture, decoder, backbone_hash })
    }

    /// A model file whose aligned features are the ones to be rebuilt; what its decoder says does not matter.
    pub(super) fn model(&self, arguments: &TrainArguments) -> anyhow::Result<ModelFile> {
        let reconstruction = Reconstruction {
            features: FeatureForm::Raw,
            distance: Distance::Euclidean,
            ..self.architecture.reconstruction().clone()
        };
        let (kind, layers) = (self.architecture.backbone(), self.architecture.layers().to_vec());
        let architecture = Architecture::new(kind, layers, 16, self.architecture.input(), reconstruction)?;
        let parameters = arguments.preset().initial().draw(self.decoder.layout(), Seed(0));
        let layout = self.decoder.layout();
        let head = Trained { layout, parameters: &parameters, normalization: None, statistics: None }.head();
        let weights = WithBackbone::new(&head, &self.backbone)?;
        let source = Source {
            file: arguments.backbone().display().to_string(),
            sha256: self.backbone_hash.clone(),
            extra: serde_json::Map::default(),
        };
        let form = Form { precision: Precision::F32, moe: Moe::Sparse };
        let exported = export::export(&architecture, &weights, form, Provenance { name: "features".into(), source });
        Ok(exported.at(arguments.backbone().display())?.model().clone())
    }

    /// Writes the whole network.
    pub(super) fn write(&self, path: &Path, trained: Trained<'_>) -> anyhow::Result<()> {
        let head = trained.head();
        let weights = WithBackbone::new(&head, &self.backbone)?;
        checkpoint::write(path, &self.architecture, &weights).at(path.display())
    }
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
