//! The pictures that a network learns from: their features, in one file or in several.

use std::io;

use crate::store::Store;

/// Pictures, counted from 0 through all parts.
#[derive(Debug, Clone, Default)]
pub struct Learnt<'a> {
    files: Vec<&'a Store>,
    /// Of each, its file and its place in it.
    pictures: Vec<(usize, usize)>,
}

impl<'a> Learnt<'a> {
    /// Of one file.
    ///
    /// * `places`: in [`Store::pictures`].
    pub fn of(store: &'a Store, places: &[usize]) -> Self {
        Self::default().and(store, places)
    }

    /// With those of another file behind them.
    #[must_use]
    pub fn and(mut self, store: &'a Store, places: &[usize]) -> Self {
        self.pictures.extend(places.iter().map(|place| (self.files.len(), *place)));
        self.files.push(store);
        self
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.pictures.len()
    }

    /// The features of some, one behind the other: tokens x channels each.
    ///
    /// # Errors
    /// Those of the file system.
    ///
    /// # Panics
    /// For a picture that is none of them.
    pub fn read(&self, pictures: &[usize]) -> io::Result<Vec<f32>> {
        let mut features = Vec::new();
        for picture in pictures {
            let (file, place) = self.pictures[*picture];
            features.append(&mut self.files[file].read(&[place])?);
        }
        Ok(features)
    }

    /// Shows each one's features, in their order.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn show(&self, visit: &mut dyn FnMut(&[f32])) -> io::Result<()> {
        (0..self.count()).try_for_each(|picture| self.read(&[picture]).map(|features| visit(&features)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::Writer;

    fn store(folder: &tempfile::TempDir, name: &str, first: f32, count: usize) -> Store {
        let path = folder.path().join(name);
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, [1, 2]);
        for sample in 0..count {
            writer.add(sample, &[first + sample as f32, 0.5]).unwrap();
        }
        writer.finish(&json!({})).unwrap();
        std::fs::write(&path, bytes).unwrap();
        Store::open(&path, [1, 2], &json!({})).unwrap()
    }

    #[test]
    fn pictures_are_counted_through_all_files() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (store(&folder, "one", 0.0, 4), store(&folder, "other", 10.0, 3));
        let learnt = Learnt::of(&one, &[3, 1]).and(&other, &[0, 2]);
        assert_eq!(learnt.count(), 4);
        assert_eq!(learnt.read(&[2, 0, 3, 1]).unwrap(), [10.0, 0.5, 3.0, 0.5, 12.0, 0.5, 1.0, 0.5]);
        let mut shown = Vec::new();
        learnt.show(&mut |picture| shown.push(picture[0])).unwrap();
        assert_eq!(shown, [3.0, 1.0, 10.0, 12.0]);
        assert_eq!(Learnt::default().count(), 0);
    }
}
