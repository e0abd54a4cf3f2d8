//! The pictures of a calibration.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::copies::Copies;
use super::vetoes::Vetoes;
use crate::dataset::files;
use crate::dataset::layout::Layout;
use crate::dataset::{Dataset, DatasetError, MaskSource, Sample, Split, Truth};

/// A product's name, or none: what is known of pictures that belong to no named product.
pub type ProductName = Option<String>;

/// Pictures by product, good and defective ones apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pictures {
    /// At least one good picture each.
    pub products: BTreeMap<ProductName, Samples>,
    /// Defective pictures in the folders of good ones, which were left aside.
    pub left_aside: usize,
    /// Good pictures for testing in the folders of good ones, which were left aside.
    pub kept_for_testing: usize,
    /// Good pictures that their data sets have for training. A model that was trained on them scores them lower than new ones.
    pub for_training: usize,
}

/// Of one product.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Samples {
    /// Good.
    pub good: Vec<Sample>,
    /// Defective.
    pub defective: Vec<Sample>,
    /// Those that were left aside as copies.
    pub copies: Copies,
}

/// Why there is nothing to calibrate with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PicturesError {
    /// A folder is no data set.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A data set, but of defects alone.
    #[error("{}: expected good pictures, found {defective} defective ones", .path.display())]
    NoGood {
        /// The folder.
        path: PathBuf,
        /// Pictures.
        defective: usize,
    },
    /// A picture is in two of the folders.
    #[error("{}: given twice", .path.display())]
    Twice {
        /// The picture.
        path: PathBuf,
    },
    /// One name was given for what are several products.
    #[error("{}: expected one product to be called {name}, found {found}", .path.display(), found = .found.join(", "))]
    SeveralProducts {
        /// The folder.
        path: PathBuf,
        /// As asked for.
        name: String,
        /// As the folder names them.
        found: Vec<String>,
    },
    /// Defective pictures of a product that has no good ones.
    #[error("{}: expected defective pictures of {expected}, found some of {found}", .path.display())]
    UnknownProduct {
        /// The folder.
        path: PathBuf,
        /// The products with good pictures.
        expected: String,
        /// The other one.
        found: String,
    },
    /// A line of a list of names that no picture has.
    #[error("{}:{line}: no picture has the name {name}", .list.display())]
    Veto {
        /// The list.
        list: PathBuf,
        /// From 1.
        line: usize,
        /// As written.
        name: String,
    },
}

impl Pictures {
    /// The good pictures of data sets: those for training where a data set splits, all others where it does not.
    ///
    /// * `name`: what all of them show; without it, the names that the data sets give, or none.
    ///
    /// # Errors
    /// [`PicturesError`]
    pub fn of_good(folders: &[PathBuf], layout: Option<Layout>, name: Option<&str>) -> Result<Self, PicturesError> {
        let mut pictures = Self::default();
        let mut seen = BTreeSet::new();
        for folder in folders {
            let dataset = Dataset::open(folder, layout)?;
            let mut given = named(folder, &dataset, name)?;
            let splits =
                given.iter().any(|(_, sample)| sample.truth == Truth::Good && sample.split == Some(Split::Train));
            let all = given.len();
            given.retain(|(_, sample)| sample.truth == Truth::Good);
            let (good, defective) = (given.len(), all - given.len());
            if good == 0 {
                return Err(PicturesError::NoGood { path: folder.clone(), defective });
            }
            given.retain(|(_, sample)| !splits || sample.split == Some(Split::Train));
            pictures.left_aside += defective;
            pictures.kept_for_testing += good - given.len();
            pictures.for_training += if splits { given.len() } else { 0 };
            for (product, sample) in given {
                if !seen.insert(sample.path.clone()) {
                    return Err(PicturesError::Twice { path: sample.path });
                }
                pictures.products.entry(product).or_default().good.push(sample);
            }
        }
        Ok(pictures)
    }

    /// Adds the defective pictures of a folder: those of a data set, or simply all that lie in it.
    ///
    /// # Errors
    /// [`PicturesError`]
    pub fn add_defective(
        &mut self,
        folder: &Path,
        layout: Option<Layout>,
        name: Option<&str>,
    ) -> Result<(), PicturesError> {
        for (product, sample) in defective(folder, layout, name)? {
            let Some(samples) = self.products.get_mut(&product) else {
                let word = |name: &ProductName| name.clone().unwrap_or_else(|| "no named product".to_owned());
                let expected = self.products.keys().map(word).collect::<Vec<_>>().join(", ");
                return Err(PicturesError::UnknownProduct { path: folder.to_owned(), expected, found: word(&product) });
            };
            if samples.good.iter().any(|good| good.path == sample.path) {
                return Err(PicturesError::Twice { path: sample.path });
            }
            samples.defective.push(sample);
        }
        Ok(())
    }

    /// Takes the good pictures of these names away, and returns their paths.
    ///
    /// # Errors
    /// [`PicturesError::Veto`] for a name that fits none: a wrong line must not leave a defect among the good pictures.
    pub fn veto(&mut self, vetoes: &Vetoes) -> Result<BTreeMap<ProductName, Vec<PathBuf>>, PicturesError> {
        let mut vetoed: BTreeMap<ProductName, Vec<PathBuf>> = BTreeMap::new();
        for (line, name) in &vetoes.names {
            let mut is_found = false;
            for (product, samples) in &mut self.products {
                let gone = samples.good.extract_if(.., |sample| sample.path.ends_with(name));
                let gone: Vec<_> = gone.map(|sample| sample.path).collect();
                is_found |= !gone.is_empty();
                vetoed.entry(product.clone()).or_default().extend(gone);
            }
            // The same name twice is no mistake.
            if !is_found && !vetoed.values().flatten().any(|path| path.ends_with(name)) {
                let (list, name) = (vetoes.list.clone(), name.display().to_string());
                return Err(PicturesError::Veto { list, line: *line, name });
            }
        }
        Ok(vetoed)
    }

    /// All samples, product after product, good before defective.
    pub fn samples(&self) -> impl Iterator<Item = (&ProductName, &Sample)> {
        self.products.iter().flat_map(|(product, samples)| {
            samples.good.iter().chain(&samples.defective).map(move |sample| (product, sample))
        })
    }
}

/// Each sample with its product.
fn named(folder: &Path, dataset: &Dataset, name: Option<&str>) -> Result<Vec<(ProductName, Sample)>, PicturesError> {
    let products = dataset.products();
    let product = |sample: &Sample| match name {
        Some(name) => Some(name.to_owned()),
        None => dataset.has_named_products.then(|| sample.product.clone()),
    };
    match name {
        Some(name) if products.len() > 1 => {
            let found = products.into_keys().map(str::to_owned).collect();
            Err(PicturesError::SeveralProducts { path: folder.to_owned(), name: name.to_owned(), found })
        }
        _ => Ok(dataset.samples.iter().map(|sample| (product(sample), sample.clone())).collect()),
    }
}

fn defective(
    folder: &Path,
    layout: Option<Layout>,
    name: Option<&str>,
) -> Result<Vec<(ProductName, Sample)>, PicturesError> {
    let is_defective = |sample: &Sample| matches!(sample.truth, Truth::Defective { .. });
    match Dataset::open(folder, layout) {
        Ok(dataset) if dataset.samples.iter().any(is_defective) => {
            let mut samples = named(folder, &dataset, name)?;
            samples.retain(|(_, sample)| is_defective(sample));
            Ok(samples)
        }
        // Just a folder: what lies in it is defective, or it would not have been given.
        Ok(_) | Err(DatasetError::Unknown { .. }) => {
            let defective = |path| {
                let truth = Truth::Defective { kind: "defect".to_owned(), mask: MaskSource::None };
                (name.map(str::to_owned), Sample { path, product: String::new(), split: None, truth })
            };
            let found = files::pictures(folder)?;
            if found.is_empty() {
                return Err(DatasetError::Empty { path: folder.to_owned(), layout: Layout::Folder }.into());
            }
            Ok(found.into_iter().map(defective).collect())
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        folder
    }

    fn counts(pictures: &Pictures) -> Vec<(Option<&str>, usize, usize)> {
        pictures
            .products
            .iter()
            .map(|(name, samples)| (name.as_deref(), samples.good.len(), samples.defective.len()))
            .collect()
    }

    #[test]
    fn products_are_those_that_the_folders_name() {
        let desk =
            desk(&["one/a.png", "one/b.png", "two/nut/good/a.png", "two/bolt/good/a.png", "two/bolt/defect/x.png"]);
        let at = |name: &str| desk.path().join(name);
        let pictures = |folders: &[PathBuf], name| Pictures::of_good(folders, None, name);
        assert_eq!(counts(&pictures(&[at("one")], None).unwrap()), [(None, 2, 0)]);
        assert_eq!(counts(&pictures(&[at("one")], Some("cap")).unwrap()), [(Some("cap"), 2, 0)]);
        let both = pictures(&[at("one"), at("two")], None).unwrap();
        assert_eq!(counts(&both), [(None, 2, 0), (Some("bolt"), 1, 0), (Some("nut"), 1, 0)]);
        assert_eq!((both.left_aside, both.kept_for_testing), (1, 0));
        let error = pictures(&[at("two")], Some("cap")).unwrap_err().to_string();
        assert!(error.ends_with("expected one product to be called cap, found bolt, nut"), "{error}");
        let error = pictures(&[at("one"), at("one")], None).unwrap_err().to_string();
        assert!(error.ends_with("one/a.png: given twice"), "{error}");
    }

    #[test]
    fn what_is_for_testing_stays_unseen() {
        let desk = desk(&["bolt/train/good/a.png", "bolt/test/good/b.png", "bolt/test/cut/c.png"]);
        let mut pictures = Pictures::of_good(&[desk.path().to_owned()], None, None).unwrap();
        assert_eq!(counts(&pictures), [(Some("bolt"), 1, 0)]);
        assert_eq!((pictures.left_aside, pictures.kept_for_testing, pictures.for_training), (1, 1, 1));
        pictures.add_defective(desk.path(), None, None).unwrap();
        assert_eq!(counts(&pictures), [(Some("bolt"), 1, 1)]);
        // The folder of the product itself has no name to give.
        let one = Pictures::of_good(&[desk.path().join("bolt")], None, None).unwrap();
        assert_eq!(counts(&one), [(None, 1, 0)]);
    }

    #[test]
    fn a_plain_folder_of_defects_is_taken_as_it_is() {
        let desk = desk(&["good/a.png", "bad/x.png", "bad/deep/y.png", "none/readme.txt"]);
        let good = [desk.path().join("good")];
        let mut pictures = Pictures::of_good(&good, None, Some("bolt")).unwrap();
        pictures.add_defective(&desk.path().join("bad"), None, Some("bolt")).unwrap();
        assert_eq!(counts(&pictures), [(Some("bolt"), 1, 2)]);
        let error = pictures.add_defective(&desk.path().join("bad"), None, None).unwrap_err().to_string();
        assert!(error.ends_with("expected defective pictures of bolt, found some of no named product"), "{error}");
        let error = pictures.add_defective(&good[0], None, Some("bolt")).unwrap_err().to_string();
        assert!(error.ends_with("good/a.png: given twice"), "{error}");
        assert!(pictures.add_defective(&desk.path().join("none"), None, Some("bolt")).is_err());
    }

    #[test]
    fn a_veto_must_name_a_picture() {
        let desk = desk(&["day1/a.png", "day1/b.png", "day2/a.png"]);
        let folders = ["day1", "day2"].map(|day| desk.path().join(day));
        let mut pictures = Pictures::of_good(&folders, None, None).unwrap();
        let vetoed =
            pictures.veto(&Vetoes::parse(Path::new("veto.txt"), "# blurred\n\nday2/a.png\na.png\na.png\n")).unwrap();
        assert_eq!(vetoed[&None].len(), 2);
        assert_eq!(counts(&pictures), [(None, 1, 0)]);
        let error = pictures.veto(&Vetoes::parse(Path::new("veto.txt"), "\nc.png")).unwrap_err();
        assert_eq!(error.to_string(), "veto.txt:2: no picture has the name c.png");
    }
}
