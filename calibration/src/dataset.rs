//! Folders and lists of pictures become samples with their truth.
//!
//! [`Dataset::open`] recognises a [`Layout`] by itself or takes the one that is asked for. Samples come in the same order on every
//! machine: by product, split, good before defective, kind of defect, path. Nothing is decoded here; [`mask`] reads a mask when it is
//! wanted.

pub(crate) mod files;
pub mod folder;
pub mod json;
pub mod layout;
pub mod limits;
pub mod mask;
pub mod mvtec;
pub mod visa;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use layout::Layout;

/// One picture and what is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// To open it.
    pub path: PathBuf,
    /// What it shows.
    pub product: String,
    /// `None` where the layout does not split.
    pub split: Option<Split>,
    /// Good or defective.
    pub truth: Truth,
}

/// What a picture is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Split {
    /// To learn from.
    Train,
    /// To be measured on.
    Test,
}

/// What a picture is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// Without defect.
    Good,
    /// With one.
    Defective {
        /// As the data set names it.
        kind: String,
        /// Where the defect is.
        mask: MaskSource,
    },
}

/// Where a defect is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum MaskSource {
    /// A picture whose pixels above 0 are defective.
    File(PathBuf),
    /// The data set has masks, and none for this picture. By convention all its pixels count as defective.
    Missing,
    /// The data set has no masks.
    None,
}

/// A data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// As recognised or asked for.
    pub layout: Layout,
    /// In a fixed order; at least one.
    pub samples: Vec<Sample>,
    /// Whether the products have names of their own. Where not, there is one, and it goes by the data set's folder.
    pub has_named_products: bool,
}

/// Why a folder is no data set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// It cannot be read. A folder that contains itself by a link is reported here.
    #[error("{}: {source}", .path.display())]
    Read {
        /// File or folder.
        path: PathBuf,
        /// By the file system.
        source: io::Error,
    },
    /// No layout fits.
    #[error("{}: expected a data set ({}), found none of these layouts", .path.display(), layout::Layout::NAMES.join(", "))]
    Unknown {
        /// The folder.
        path: PathBuf,
    },
    /// A layout was found, or asked for, and there is nothing in it.
    #[error("{}: expected pictures in layout {layout}, found none", .path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
        /// That was looked for.
        layout: Layout,
    },
    /// A product, a kind of defect or a picture has a name that cannot be written into results.
    #[error("{}: expected a name in UTF-8", .path.display())]
    Name {
        /// With replacement characters where it is not.
        path: PathBuf,
    },
    /// Two products whose names people and file systems may take for one.
    #[error("products `{first}` and `{second}` differ in capitals or spaces only")]
    SimilarProducts {
        /// One.
        first: String,
        /// The other.
        second: String,
    },
    /// A picture is listed twice: in both splits, or with two truths, or simply again.
    #[error("{}: listed {first} and again {second}", .path.display())]
    Twice {
        /// The picture.
        path: PathBuf,
        /// What it was listed as.
        first: String,
        /// What it was listed as later.
        second: String,
    },
    /// A line of a list cannot be used.
    #[error("{}:{line}: {problem}", .path.display())]
    Line {
        /// The list.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// Expected and found.
        problem: LineProblem,
    },
    /// Larger than any honest one.
    #[error("{}: expected at most {most} {unit}", .path.display())]
    TooLarge {
        /// List or folder.
        path: PathBuf,
        /// Of [`limits`].
        most: u64,
        /// Bytes, pictures.
        unit: &'static str,
    },
    /// The pictures of a list are nowhere.
    #[error("{}: expected the listed picture {} here or in a folder below", .root.display(), .picture.display())]
    NoImages {
        /// The data set.
        root: PathBuf,
        /// The first of the list.
        picture: PathBuf,
    },
}

/// What is wrong with a line of a list.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// Not JSON, or without what is needed.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// Not CSV, or without what is needed.
    #[error("{0}")]
    Csv(#[from] csv::Error),
    /// Not a line of text.
    #[error("expected UTF-8")]
    Encoding,
    /// Longer than any honest one.
    #[error("expected at most {} bytes", limits::LINE_BYTES)]
    TooLong,
    /// It leads out of the data set's folder.
    #[error("{field}: expected a path inside of the folder of pictures, found {found}")]
    Outside {
        /// Of the line.
        field: &'static str,
        /// The path.
        found: String,
    },
    /// A value that has no meaning.
    #[error("{field}: expected {expected}, found {found}")]
    Value {
        /// Of the line.
        field: &'static str,
        /// In words.
        expected: &'static str,
        /// As written.
        found: String,
    },
}

impl Sample {
    /// The files that are read of it: the picture, and its mask if it has one.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let mask = match &self.truth {
            Truth::Defective { mask: MaskSource::File(mask), .. } => Some(&**mask),
            Truth::Good | Truth::Defective { .. } => None,
        };
        std::iter::once(&*self.path).chain(mask)
    }
}

impl Dataset {
    /// Opens a folder. Without `layout` the first of [`Layout::ALL`] whose marks are there is taken.
    ///
    /// # Errors
    /// [`DatasetError`]
    pub fn open(root: &Path, layout: Option<Layout>) -> Result<Self, DatasetError> {
        std::fs::read_dir(root).map_err(|source| DatasetError::Read { path: root.to_owned(), source })?;
        let layout = match layout {
            Some(layout) => layout,
            None => Layout::recognise(root)?.ok_or_else(|| DatasetError::Unknown { path: root.to_owned() })?,
        };
        let has_named_products = match layout {
            Layout::Json => true,
            Layout::Visa | Layout::Mvtec => mvtec::products(root)?.iter().all(|product| product != root),
            Layout::Folder => folder::has_named_products(root)?,
        };
        let mut samples = match layout {
            Layout::Json => json::samples(root)?,
            Layout::Visa => visa::samples(root)?,
            Layout::Mvtec => mvtec::samples(root, mvtec::MaskNames::WithSuffix)?,
            Layout::Folder => folder::samples(root)?,
        };
        if samples.is_empty() {
            return Err(DatasetError::Empty { path: root.to_owned(), layout });
        }
        if samples.len() > limits::SAMPLES {
            let most = limits::SAMPLES as u64;
            return Err(DatasetError::TooLarge { path: root.to_owned(), most, unit: "pictures" });
        }
        samples.sort_by(|a, b| {
            let key = |sample: &Sample| (sample.split, matches!(sample.truth, Truth::Defective { .. }));
            let kind = |sample: &'_ Sample| match &sample.truth {
                Truth::Good => None,
                Truth::Defective { kind, .. } => Some(kind.clone()),
            };
            (&a.product, key(a), kind(a), &a.path).cmp(&(&b.product, key(b), kind(b), &b.path))
        });
        refuse_doubles(&samples)?;
        refuse_similar_products(&samples)?;
        Ok(Self { layout, samples, has_named_products })
    }

    /// The lists that a folder is read by, where its layout has any.
    pub fn lists(root: &Path) -> impl Iterator<Item = PathBuf> {
        let table = Some(visa::list(root)).filter(|list| list.is_file());
        json::lists(root).map(|(list, _)| list).chain(table)
    }

    /// Products and how many good and defective pictures each has, by name.
    pub fn products(&self) -> BTreeMap<&str, Counts> {
        let mut products = BTreeMap::<_, Counts>::new();
        for sample in &self.samples {
            let counts = products.entry(sample.product.as_str()).or_default();
            match &sample.truth {
                Truth::Good => counts.good += 1,
                Truth::Defective { mask, .. } => {
                    counts.defective += 1;
                    counts.missing_masks += u64::from(*mask == MaskSource::Missing);
                }
            }
        }
        products
    }
}

/// Pictures of one product.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Good ones.
    pub good: u64,
    /// Defective ones.
    pub defective: u64,
    /// Defective ones without a mask, where others have one.
    pub missing_masks: u64,
}

/// The same picture in training and test flatters every figure; the same picture twice counts double.
fn refuse_doubles(samples: &[Sample]) -> Result<(), DatasetError> {
    let mut seen = BTreeMap::new();
    for sample in samples {
        if let Some(first) = seen.insert(&sample.path, sample) {
            return Err(DatasetError::Twice { path: sample.path.clone(), first: words(first), second: words(sample) });
        }
    }
    Ok(())
}

fn words(sample: &Sample) -> String {
    let split = match sample.split {
        Some(Split::Train) => " for training",
        Some(Split::Test) => " for testing",
        None => "",
    };
    let truth = match &sample.truth {
        Truth::Good => "good",
        Truth::Defective { kind, .. } => kind,
    };
    format!("as {truth} {}{split}", sample.product)
}

fn refuse_similar_products(samples: &[Sample]) -> Result<(), DatasetError> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for sample in samples {
        let plain = sample.product.trim().to_lowercase();
        let first = *seen.entry(plain).or_insert(&sample.product);
        if first != sample.product {
            return Err(DatasetError::SimilarProducts { first: first.to_owned(), second: sample.product.clone() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
