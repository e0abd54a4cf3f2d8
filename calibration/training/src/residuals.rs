//! What a network does not rebuild: features minus their reconstruction, of one picture after the other.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::decoder::{Decoder, Noise};
use crate::learnt::Learnt;
use crate::normalization::Normalization;

/// Pictures that are rebuilt at a time.
const BATCH: usize = 8;

/// A network as it is at the moment.
#[derive(Debug, Clone, Copy)]
pub struct Rebuilder<'a> {
    /// Its structure.
    pub decoder: &'a Decoder,
    /// Its numbers.
    pub parameters: &'a [f32],
    /// Where features are normalised.
    pub normalization: Option<&'a Normalization>,
}

impl Rebuilder<'_> {
    /// Of the features of some pictures, as a [`Learnt`] reads them; normalised where the network's are.
    pub fn residuals(self, mut features: Vec<f32>) -> Vec<f32> {
        if let Some(normalization) = self.normalization {
            normalization.apply(&mut features);
        }
        let passed = self.decoder.forward(self.parameters, features.clone(), Noise::NONE);
        features.iter_mut().zip(&passed.rebuilt).for_each(|(feature, rebuilt)| *feature -= rebuilt);
        features
    }
}

/// Residuals of pictures, to be looked at several times. They lie in a file without a name, which is gone with this: as large as the features'.
#[derive(Debug)]
pub struct Residuals {
    file: File,
    pictures: usize,
    /// Numbers of a picture.
    length: usize,
}

impl Residuals {
    /// Computes them.
    ///
    /// * `folder`: where there is room for them.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn compute(rebuilder: Rebuilder<'_>, learnt: &Learnt<'_>, folder: &Path) -> io::Result<Self> {
        let length = rebuilder.decoder.grid().tokens() * rebuilder.decoder.channels();
        let mut out = BufWriter::new(tempfile::tempfile_in(folder)?);
        let pictures: Vec<usize> = (0..learnt.count()).collect();
        for batch in pictures.chunks(BATCH) {
            for residual in rebuilder.residuals(learnt.read(batch)?) {
                out.write_all(&residual.to_le_bytes())?;
            }
        }
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Self { file, pictures: pictures.len(), length })
    }

    /// Shows each picture's, tokens x channels, in their order.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn show(&self, visit: &mut dyn FnMut(&[f32])) -> io::Result<()> {
        let mut bytes = vec![0; 4 * self.length];
        for picture in 0..self.pictures {
            self.file.read_exact_at(&mut bytes, (4 * picture * self.length) as u64)?;
            let numbers: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            visit(&numbers);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use moead_model::architecture::TokenGrid;
    use serde_json::json;

    use super::*;
    use crate::presets::Preset;
    use crate::random::{Purpose, Seed};
    use crate::store::{Store, Writer};

    #[test]
    fn each_picture_is_shown_as_often_as_asked_for() {
        let (channels, grid) = (5, TokenGrid { rows: 4, columns: 4 });
        let sides = [grid.tokens(), channels];
        let decoder = Decoder::new(channels, grid, &Preset::Tiny.reconstruction()).unwrap();
        let parameters = Preset::Official.initial().draw(decoder.layout(), Seed(3));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.features");
        let (mut bytes, mut random) = (Vec::new(), Seed(4).stream(Purpose::Order, &[]));
        let mut writer = Writer::new(&mut bytes, sides);
        // One more than are rebuilt at a time.
        for sample in 0..BATCH + 2 {
            let features: Vec<f32> = (0..sides[0] * sides[1]).map(|_| random.normals()[0] as f32).collect();
            writer.add(sample, &features).unwrap();
        }
        writer.finish(&json!({})).unwrap();
        std::fs::write(&path, bytes).unwrap();
        let store = Store::open(&path, sides, &json!({})).unwrap();
        let normalization = Normalization { mean: vec![0.5; sides[0] * sides[1]], scale: vec![2.0; channels] };
        let rebuilder = Rebuilder { decoder: &decoder, parameters: &parameters, normalization: Some(&normalization) };
        // All but the first one, and what each of them leaves when it is rebuilt alone.
        let pictures: Vec<usize> = (1..BATCH + 2).collect();
        let wanted: Vec<Vec<f32>> = pictures
            .iter()
            .map(|picture| {
                let mut features = store.read(&[*picture]).unwrap();
                normalization.apply(&mut features);
                let rebuilt = decoder.forward(&parameters, features.clone(), Noise::NONE).rebuilt;
                features.iter().zip(rebuilt).map(|(feature, rebuilt)| feature - rebuilt).collect()
            })
            .collect();
        let residuals = Residuals::compute(rebuilder, &Learnt::of(&store, &pictures), folder.path()).unwrap();
        for _ in 0..2 {
            let mut shown = Vec::new();
            residuals.show(&mut |picture| shown.push(picture.to_vec())).unwrap();
            assert_eq!(shown, wanted);
        }
        // The file has no name: nothing is left when the program dies.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
