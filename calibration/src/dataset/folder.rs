//! The simplest layout: `good/`, `defect/` and perhaps `masks/`, in the data set's folder or once for each product below it; or just a
//! folder of good pictures. The last is recognised by itself when all pictures lie in it directly; where this layout is asked for, those in any
//! folder below are good, too.
//!
//! Folders in `defect/` are kinds of defects; pictures that lie in it directly are of the kind `defect`. The mask of
//! `defect/KIND/NAME.jpg` is `masks/KIND/NAME.png` or `…_mask.png`.

use std::path::Path;

use super::files::{folders, name, name_of_root, pictures, pictures_of};
use super::mvtec::{MaskNames, Masks};
use super::{DatasetError, Sample, Truth};

const GOOD: &str = "good";
const DEFECT: &str = "defect";
const MASKS: &str = "masks";

/// Whether a folder has this layout's folders.
pub(super) fn is_product(folder: &Path) -> bool {
    folder.join(GOOD).is_dir()
}

/// Whether the folder holds products, and is not one itself.
pub(super) fn has_named_products(root: &Path) -> Result<bool, DatasetError> {
    let is_one = is_product(root) || root.join(DEFECT).is_dir();
    Ok(!is_one && folders(root)?.iter().any(|folder| is_product(folder)))
}

/// All samples.
pub(super) fn samples(root: &Path) -> Result<Vec<Sample>, DatasetError> {
    let mut samples = Vec::new();
    if is_product(root) || root.join(DEFECT).is_dir() {
        product(root, &name_of_root(root)?, &mut samples)?;
        return Ok(samples);
    }
    let products: Vec<_> = folders(root)?.into_iter().filter(|folder| is_product(folder)).collect();
    if products.is_empty() {
        let name = name_of_root(root)?;
        samples.extend(pictures(root)?.into_iter().map(|path| sample(path, &name, Truth::Good)));
    }
    for folder in products {
        product(&folder, &name(&folder)?, &mut samples)?;
    }
    Ok(samples)
}

fn product(folder: &Path, product: &str, samples: &mut Vec<Sample>) -> Result<(), DatasetError> {
    let (good, defect, masks) = (folder.join(GOOD), folder.join(DEFECT), folder.join(MASKS));
    if good.is_dir() {
        samples.extend(pictures(&good)?.into_iter().map(|path| sample(path, product, Truth::Good)));
    }
    if !defect.is_dir() {
        return Ok(());
    }
    let has_masks = masks.is_dir();
    let direct = Masks::of(has_masks, &masks, MaskNames::WithSuffix)?;
    for path in pictures_of(&defect)? {
        let truth = Truth::Defective { kind: DEFECT.to_owned(), mask: direct.find(&path)? };
        samples.push(sample(path, product, truth));
    }
    for kind_folder in folders(&defect)? {
        let kind = name(&kind_folder)?;
        let of_kind = Masks::of(has_masks, &masks.join(&kind), MaskNames::WithSuffix)?;
        for path in pictures(&kind_folder)? {
            let truth = Truth::Defective { kind: kind.clone(), mask: of_kind.find(&path)? };
            samples.push(sample(path, product, truth));
        }
    }
    Ok(())
}

fn sample(path: std::path::PathBuf, product: &str, truth: Truth) -> Sample {
    Sample { path, product: product.to_owned(), split: None, truth }
}
