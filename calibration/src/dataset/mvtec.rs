//! MVTec-AD: `PRODUCT/train/good`, `PRODUCT/test/KIND` (one of them `good`), `PRODUCT/ground_truth/KIND/NAME_mask.png`.
//!
//! Bergmann and others, "MVTec AD - A Comprehensive Real-World Dataset for Unsupervised Anomaly Detection" (CVPR 2019). The folder of
//! one product is a data set too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::files::{folders, name, name_of_root, pictures, stem};
use super::{DatasetError, MaskSource, Sample, Split, Truth};

/// How masks are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaskNames {
    /// `NAME_mask`, as MVTec-AD has them; `NAME` is taken too.
    WithSuffix,
    /// `NAME`, as VisA has them; `NAME_mask` is taken too: one kind of defect, `bad`, makes no data set VisA's.
    Same,
}

/// The folders of products: those with `train/good` or `test`, the root itself or what is in it.
pub(super) fn products(root: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let is_product = |path: &Path| path.join("train/good").is_dir() || path.join("test").is_dir();
    if is_product(root) {
        return Ok(vec![root.to_owned()]);
    }
    Ok(folders(root)?.into_iter().filter(|path| is_product(path)).collect())
}

/// The samples of all products.
pub(super) fn samples(root: &Path, names: MaskNames) -> Result<Vec<Sample>, DatasetError> {
    let mut samples = Vec::new();
    for folder in products(root)? {
        let product = if folder == root { name_of_root(root)? } else { name(&folder)? };
        let good = folder.join("train/good");
        if good.is_dir() {
            add(&mut samples, &product, Split::Train, pictures(&good)?, |_| Ok(Truth::Good))?;
        }
        let test = folder.join("test");
        let truth = folder.join("ground_truth");
        for kind_folder in if test.is_dir() { folders(&test)? } else { Vec::new() } {
            let kind = name(&kind_folder)?;
            let found = pictures(&kind_folder)?;
            if kind == "good" {
                add(&mut samples, &product, Split::Test, found, |_| Ok(Truth::Good))?;
                continue;
            }
            let masks = Masks::of(truth.is_dir(), &truth.join(&kind), names)?;
            add(&mut samples, &product, Split::Test, found, |picture| {
                Ok(Truth::Defective { kind: kind.clone(), mask: masks.find(picture)? })
            })?;
        }
    }
    Ok(samples)
}

fn add(
    samples: &mut Vec<Sample>,
    product: &str,
    split: Split,
    pictures: Vec<PathBuf>,
    truth: impl Fn(&Path) -> Result<Truth, DatasetError>,
) -> Result<(), DatasetError> {
    for path in pictures {
        samples.push(Sample { truth: truth(&path)?, path, product: product.to_owned(), split: Some(split) });
    }
    Ok(())
}

/// The masks of one kind of defect, by the name of their picture.
pub(super) struct Masks {
    files: Option<BTreeMap<String, PathBuf>>,
    names: MaskNames,
}

impl Masks {
    /// * `any`: whether the data set has masks at all; then one that is not there is missing.
    pub(super) fn of(any: bool, folder: &Path, names: MaskNames) -> Result<Self, DatasetError> {
        let found = if any && folder.is_dir() { pictures(folder)? } else { Vec::new() };
        let files = found.into_iter().map(|path| Ok((stem(&path)?, path))).collect::<Result<_, DatasetError>>()?;
        Ok(Self { files: any.then_some(files), names })
    }

    pub(super) fn find(&self, picture: &Path) -> Result<MaskSource, DatasetError> {
        let Some(files) = &self.files else { return Ok(MaskSource::None) };
        let stem = stem(picture)?;
        let (same, with_suffix) = (|| files.get(&stem), || files.get(&format!("{stem}_mask")));
        let found = match self.names {
            MaskNames::WithSuffix => with_suffix().or_else(same),
            MaskNames::Same => same().or_else(with_suffix),
        };
        Ok(found.map_or(MaskSource::Missing, |path| MaskSource::File(path.clone())))
    }
}
