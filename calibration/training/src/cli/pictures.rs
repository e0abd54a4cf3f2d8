//! The pictures of a run: which are learnt from, which are held back.

use std::fs::File;
use std::path::Path;

use moead_calibration::calibrate::pictures::Pictures;
use moead_calibration::dataset::Sample;
use moead_model::outputs::Outputs;
use moead_terminal::failure::UsageError;
use moead_terminal::printer::Printer;
use sha2::{Digest as _, Sha256};

use super::arguments::TrainArguments;
use super::network::hexadecimal;

/// Good pictures, product after product.
pub(super) struct GoodPictures {
    pub(super) samples: Vec<Sample>,
    /// Of each sample, the number of its product.
    pub(super) product_of: Vec<usize>,
    /// Their names.
    pub(super) products: Vec<String>,
    /// SHA-256 of all pictures' bytes, in their order, in hexadecimal.
    pub(super) hash: String,
}

impl GoodPictures {
    /// * `outputs`: which no picture may be one of.
    pub(super) fn open(arguments: &TrainArguments, outputs: &Outputs, printer: &Printer) -> anyhow::Result<Self> {
        let pictures = Pictures::of_good(&[arguments.data().to_owned()], arguments.layout, None)?;
        if pictures.left_aside > 0 {
            printer.note(format_args!("{} defective pictures left aside", pictures.left_aside));
        }
        if pictures.kept_for_testing > 0 {
            printer.note(format_args!("{} good pictures left aside: they are for testing", pictures.kept_for_testing));
        }
        let (mut samples, mut product_of, mut products) = (Vec::new(), Vec::new(), Vec::new());
        for (number, (name, of)) in pictures.products.into_iter().enumerate() {
            products.push(name.unwrap_or_default());
            product_of.extend(std::iter::repeat_n(number, of.good.len()));
            samples.extend(of.good);
        }
        outputs.spare(samples.iter().flat_map(Sample::files)).map_err(UsageError::of)?;
        let hash = hash(&samples, arguments.data());
        Ok(Self { samples, product_of, products, hash })
    }

    /// Each product's name and the places of its pictures among those that are usable.
    pub(super) fn by_product(&self, usable: &[usize]) -> Vec<(&str, Vec<usize>)> {
        let of = |product: usize| usable.iter().copied().filter(|at| self.product_of[*at] == product).collect();
        self.products.iter().enumerate().map(|(number, name)| (name.as_str(), of(number))).collect()
    }
}

/// Of the pictures' bytes: a picture that changes makes other features, whatever its name. That one cannot be read is part of it, too; how many may
/// be so is asked when they are decoded.
fn hash(samples: &[Sample], folder: &Path) -> String {
    let mut all = Sha256::new();
    for sample in samples {
        let mut one = Sha256::new();
        let read = File::open(&sample.path).and_then(|mut file| std::io::copy(&mut file, &mut HashWriter(&mut one)));
        if let Err(error) = read {
            one.update(format!("unreadable: {}", error.kind()));
        }
        all.update(one.finalize());
        let name = sample.path.strip_prefix(folder).unwrap_or(&sample.path);
        all.update(name.as_os_str().as_encoded_bytes());
        all.update([0]);
    }
    hexadecimal(&all.finalize())
}

struct HashWriter<'a>(&'a mut Sha256);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
