//! UniAD's side: its script trains it, and what it rebuilds comes back in a file.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;
use std::process::Command;

use moead_tests::python;
use moead_training::normalization::Normalization;
use moead_training::random::Seed;

use crate::pictures::Pictures;

/// What UniAD does not rebuild of the pictures that it was given: those it learnt from, then those to judge by.
pub(crate) struct Residuals {
    normalized: File,
    rebuilt: File,
    /// Numbers of a picture.
    length: usize,
    /// What the script says of its run.
    pub(crate) said: String,
}

/// Whether there is a PyTorch to train it.
pub(crate) fn is_there() -> bool {
    let asked = Command::new(python::interpreter()).args(["-c", "import torch"]).output();
    asked.is_ok_and(|output| output.status.success())
}

/// Trains it.
///
/// * `places`: in the pictures' store; the first `learnt` of them are learnt from.
pub(crate) fn train(
    pictures: &Pictures,
    normalization: &Normalization,
    places: &[usize],
    learnt: usize,
    steps: u64,
    seed: Seed,
) -> io::Result<Residuals> {
    let [tokens, channels] = pictures.sides();
    let folder = tempfile::tempdir()?;
    let (features, rebuilt) = (folder.path().join("features.f32"), folder.path().join("rebuilt.f32"));
    let mut out = BufWriter::new(File::create(&features)?);
    for place in places {
        let mut picture = pictures.store.read(&[*place])?;
        normalization.apply(&mut picture);
        picture.iter().try_for_each(|number| out.write_all(&number.to_le_bytes()))?;
    }
    out.flush()?;
    let side = pictures.extractor.decoder.grid().rows;
    let numbers = [channels as u64, side as u64, learnt as u64, steps, seed.0].map(|number| number.to_string());
    let mut arguments = vec![features.as_os_str(), rebuilt.as_os_str()];
    arguments.extend(numbers.iter().map(OsStr::new));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/products/uniad.py");
    let said = python::run(script.as_ref(), &arguments).trim_end().to_owned();
    Ok(Residuals { normalized: File::open(features)?, rebuilt: File::open(rebuilt)?, length: tokens * channels, said })
}

impl Residuals {
    /// Of a picture, tokens x channels.
    ///
    /// * `at`: among those that it was given.
    pub(crate) fn of(&self, at: usize) -> io::Result<Vec<f32>> {
        let numbers = |file: &File| -> io::Result<Vec<f32>> {
            let mut bytes = vec![0; 4 * self.length];
            file.read_exact_at(&mut bytes, (4 * at * self.length) as u64)?;
            Ok(bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
        };
        let (features, rebuilt) = (numbers(&self.normalized)?, numbers(&self.rebuilt)?);
        Ok(features.iter().zip(&rebuilt).map(|(feature, rebuilt)| feature - rebuilt).collect())
    }
}
