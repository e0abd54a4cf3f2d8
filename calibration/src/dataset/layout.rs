//! Which layouts there are, and by what each is recognised.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::files::{folders, pictures, pictures_of};
use super::{DatasetError, folder, json, mvtec, visa};

/// How a data set lies in its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `train.json` or `test.json`: one JSON object a line.
    Json,
    /// `split_csv/1cls.csv`, or products with `test/bad` or `ground_truth/bad`, whose masks have the picture's own name (or `NAME_mask`).
    Visa,
    /// `PRODUCT/train/good`, `PRODUCT/test/KIND`, `PRODUCT/ground_truth/KIND/NAME_mask.png`.
    Mvtec,
    /// `good/`, `defect/`, `masks/`, by product or not; or a folder of good pictures.
    Folder,
}

/// Not a layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {names}, found {0}", names = Layout::NAMES.join(", "))]
pub struct UnknownLayout(pub String);

impl Layout {
    /// In the order in which they are looked for: the one with the clearest mark first.
    pub const ALL: [Self; 4] = [Self::Json, Self::Visa, Self::Mvtec, Self::Folder];
    /// Their names, in the order of the documentation.
    pub const NAMES: [&'static str; 4] = ["mvtec", "visa", "json", "folder"];

    /// As users write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Visa => "visa",
            Self::Mvtec => "mvtec",
            Self::Folder => "folder",
        }
    }

    /// The layout whose marks are in a folder.
    pub(super) fn recognise(root: &Path) -> Result<Option<Self>, DatasetError> {
        if json::lists(root).next().is_some() {
            return Ok(Some(Self::Json));
        }
        let products = mvtec::products(root)?;
        if visa::list(root).is_file() || products.iter().any(|product| visa::is_product(product)) {
            return Ok(Some(Self::Visa));
        }
        if !products.is_empty() {
            return Ok(Some(Self::Mvtec));
        }
        let has_good = folder::is_product(root) || folders(root)?.iter().any(|below| folder::is_product(below));
        // Folders below that nobody knows might hold defects: only who asks for this layout says that they do not.
        let direct = pictures_of(root)?.len();
        let is_plain = direct > 0 && direct == pictures(root)?.len();
        Ok((has_good || is_plain).then_some(Self::Folder))
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Layout {
    type Err = UnknownLayout;

    fn from_str(name: &str) -> Result<Self, UnknownLayout> {
        Self::ALL.into_iter().find(|layout| layout.name() == name).ok_or_else(|| UnknownLayout(name.to_owned()))
    }
}
