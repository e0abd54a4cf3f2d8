//! A model file with another calibration, the graph's bytes as they were.

use super::envelope::Envelope;
use super::model_file::ModelFile;
use crate::calibration::Calibration;
use crate::manifest::{self, ManifestError};

impl ModelFile {
    /// The file to write: its manifest with this calibration, or without any. All else is kept, keys that this version does not know
    /// included.
    ///
    /// # Errors
    /// [`ManifestError::TooLarge`] for more products than a manifest holds.
    pub fn with_calibration(&self, calibration: Option<&Calibration>) -> Result<Envelope, ManifestError> {
        let mut envelope = self.envelope().clone();
        let mut manifest = self.manifest().clone();
        manifest.calibration = calibration.map(Calibration::to_value);
        let text = manifest.to_json();
        if text.len() > manifest::MAX_BYTES {
            return Err(ManifestError::TooLarge { found: text.len() });
        }
        envelope.set_metadata(manifest::KEY, text);
        Ok(envelope)
    }
}
