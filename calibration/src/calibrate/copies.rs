//! Copies among the pictures of a calibration. A promise counts pictures that are independent of each other, and the same one again is no further one.
//!
//! A copy has the bytes of another picture of its product, whatever its name: a file beside it, or a link that leads to it. A picture that was encoded
//! anew has other bytes, and is not recognised.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use moead_runtime::preprocess::decode;
use sha2::{Digest as _, Sha256};

use super::pictures::{Pictures, ProductName};
use crate::dataset::Sample;

/// How many of a product's pictures are copies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copies {
    /// Left aside.
    pub found: usize,
    /// Pictures, with these.
    pub all: usize,
}

impl fmt::Display for Copies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { found, all } = self;
        write!(f, "{found} of {all} pictures are copies of others, byte for byte, and do not count")
    }
}

/// Leaves copies aside, among good pictures and among defective ones; how many is known to each product from then on.
///
/// Reads the files that are as long as another one. What cannot be read is no copy: why not is told when it is to be judged.
///
/// * `vetoed`: as [`Pictures::veto`] returned them; copies of these are left aside, too.
pub fn leave_aside(pictures: &mut Pictures, vetoed: &BTreeMap<ProductName, Vec<PathBuf>>) {
    for (name, samples) in &mut pictures.products {
        let all = samples.good.len() + samples.defective.len();
        keep_first(&mut samples.good, vetoed.get(name).map(Vec::as_slice).unwrap_or_default());
        keep_first(&mut samples.defective, &[]);
        samples.copies = Copies { found: all - samples.good.len() - samples.defective.len(), all };
    }
}

/// Of those with the same bytes, keeps the first, and none if one of them is vetoed.
fn keep_first(samples: &mut Vec<Sample>, vetoed: &[PathBuf]) {
    let mut of_length = BTreeMap::<u64, usize>::new();
    for length in samples.iter().map(|sample| &sample.path).chain(vetoed).filter_map(|path| length_of(path)) {
        *of_length.entry(length).or_default() += 1;
    }
    let digest = |path: &Path| -> Option<[u8; 32]> {
        length_of(path).filter(|length| of_length.get(length).is_some_and(|files| *files > 1))?;
        Some(Sha256::digest(decode::bytes_of(path).ok()?).into())
    };
    let mut seen: BTreeSet<_> = vetoed.iter().filter_map(|path| digest(path)).collect();
    samples.retain(|sample| digest(&sample.path).is_none_or(|digest| seen.insert(digest)));
}

/// Of a file that has any bytes: empty ones show nothing, the same or other.
fn length_of(path: &Path) -> Option<u64> {
    let metadata = path.metadata().ok()?;
    Some(metadata.len()).filter(|length| metadata.is_file() && *length > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::vetoes::Vetoes;

    fn desk(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (file, content) in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        folder
    }

    fn names(samples: &[Sample]) -> Vec<&str> {
        samples.iter().map(|sample| sample.path.file_name().unwrap().to_str().unwrap()).collect()
    }

    #[test]
    fn a_picture_counts_once_whatever_it_is_called() {
        let desk = desk(&[
            ("good/a.png", "one"),
            ("good/b.png", "two"),
            ("good/c.png", "one"),
            ("good/d.png", "three"),
            ("bad/x.png", "defect"),
            ("bad/y.png", "defect"),
        ]);
        let good = desk.path().join("good");
        std::os::unix::fs::symlink("d.png", good.join("e.png")).unwrap();
        let mut pictures = Pictures::of_good(&[good], None, None).unwrap();
        pictures.add_defective(&desk.path().join("bad"), None, None).unwrap();
        leave_aside(&mut pictures, &BTreeMap::new());
        let samples = &pictures.products[&None];
        assert_eq!(names(&samples.good), ["a.png", "b.png", "d.png"]);
        assert_eq!(names(&samples.defective), ["x.png"]);
        assert_eq!(samples.copies.to_string(), "3 of 7 pictures are copies of others, byte for byte, and do not count");
    }

    #[test]
    fn products_have_the_same_picture_each_for_itself() {
        let desk = desk(&[("parts/bolt/good/a.png", "one"), ("parts/nut/good/a.png", "one")]);
        let mut pictures = Pictures::of_good(&[desk.path().join("parts")], None, None).unwrap();
        leave_aside(&mut pictures, &BTreeMap::new());
        assert!(pictures.products.values().all(|samples| samples.good.len() == 1 && samples.copies.found == 0));
    }

    #[test]
    fn who_vetoes_a_picture_vetoes_its_copies() {
        let desk = desk(&[("good/a.png", "one"), ("good/b.png", "one"), ("good/c.png", "two")]);
        let mut pictures = Pictures::of_good(&[desk.path().join("good")], None, None).unwrap();
        let vetoed = pictures.veto(&Vetoes::parse(Path::new("veto.txt"), "a.png")).unwrap();
        leave_aside(&mut pictures, &vetoed);
        let samples = &pictures.products[&None];
        assert_eq!((names(&samples.good), samples.copies), (vec!["c.png"], Copies { found: 1, all: 2 }));
    }

    #[test]
    fn what_cannot_be_read_is_no_copy() {
        let desk = desk(&[("good/a.png", ""), ("good/b.png", "")]);
        let good = desk.path().join("good");
        for name in ["c.png", "d.png"] {
            std::os::unix::fs::symlink("nowhere", good.join(name)).unwrap();
        }
        let mut pictures = Pictures::of_good(&[good], None, None).unwrap();
        leave_aside(&mut pictures, &BTreeMap::new());
        assert_eq!(pictures.products[&None].good.len(), 4);
    }
}
