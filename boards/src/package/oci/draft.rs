//! A layout that is being written: blobs first, the index last. What fails, or is given up, leaves nothing behind.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use moead_bundle::digest::Digest;
use moead_model::atomic_file;
use serde_json::json;
use tempfile::TempDir;

use super::index::Index;
use super::layout::{Descriptor, Layout, check};
use super::{OciError, to_bytes};
use crate::temporaries::Temporaries;

/// A layout that is being written.
#[derive(Debug)]
pub(super) struct Draft {
    layout: Layout,
    /// Where one is made that was not there, and where it is going to be.
    new: Option<(TempDir, PathBuf)>,
    /// Files and folders that were not there, as they were made.
    made: Vec<PathBuf>,
}

impl Draft {
    /// One more image in a layout that is there, or a new layout: in an empty folder, or beside the folder's place where there is none, to be
    /// renamed when it is whole.
    pub(super) fn begin(folder: &Path, temporaries: &Temporaries) -> Result<Self, OciError> {
        let is_empty = match std::fs::read_dir(folder) {
            Ok(mut entries) => Some(entries.next().is_none()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        match is_empty {
            Some(false) => Ok(Self { layout: Layout::open(folder)?, new: None, made: Vec::new() }),
            // Somebody's own: it may be a mount point, or have permissions that are meant.
            Some(true) => Self::without_images(Layout::at(folder), None),
            None => {
                let place = temporaries.folder_in(atomic_file::folder_of(folder))?;
                Self::without_images(Layout::at(place.path()), Some((place, folder.to_owned())))
            }
        }
    }

    fn without_images(layout: Layout, new: Option<(TempDir, PathBuf)>) -> Result<Self, OciError> {
        let mut draft = Self { layout, new, made: Vec::new() };
        for name in ["blobs", "blobs/sha256"] {
            let path = draft.layout.path(name);
            std::fs::create_dir(&path)?;
            draft.made.push(path);
        }
        let text = to_bytes(&json!({"imageLayoutVersion": "1.0.0"}));
        draft.make(draft.layout.path("oci-layout"), |path| Ok(write(path, &text)?))?;
        Ok(draft)
    }

    /// Writes a blob.
    pub(super) fn write(&mut self, bytes: &[u8], media_type: &str) -> Result<Descriptor, OciError> {
        let digest = Digest::of(bytes);
        self.make(self.layout.blob(digest), |path| Ok(write(path, bytes)?))?;
        Ok(Descriptor { media_type: media_type.to_owned(), digest, size: bytes.len() as u64 })
    }

    /// Copies a blob of another layout, and compares the copy.
    pub(super) fn copy(&mut self, other: &Layout, descriptor: &Descriptor) -> Result<(), OciError> {
        let mut source = other.open_blob(descriptor.digest)?;
        self.make(self.layout.blob(descriptor.digest), |path| {
            atomic_file::write_checked::<OciError>(
                path,
                |out| Ok(io::copy(&mut source, &mut &mut *out).map(drop)?),
                |written| check(File::open(written)?, descriptor),
            )
        })
    }

    /// Remembers a file that was not there before.
    fn make(&mut self, path: PathBuf, write: impl FnOnce(&Path) -> Result<(), OciError>) -> Result<(), OciError> {
        let is_new = !path.exists();
        write(&path)?;
        self.made.extend(is_new.then_some(path));
        Ok(())
    }

    /// Puts an image into the index. From then on it is there.
    pub(super) fn finish(mut self, image: &Descriptor, architecture: &str, version: &str) -> Result<(), OciError> {
        let mut index = Index::read(&self.layout)?;
        index.put(image, architecture, version);
        let (text, superseded) = index.write(&mut self)?;
        write(&self.layout.path("index.json"), &text)?;
        if let Some((place, folder)) = self.new.take() {
            std::fs::rename(place.path(), &folder)?;
            // It has its name now, and is nobody's to remove.
            let _ = place.keep();
            File::open(atomic_file::folder_of(&folder))?.sync_all()?;
        }
        self.made.clear();
        for digest in superseded {
            // One document too many does no harm.
            let _ = std::fs::remove_file(self.layout.blob(digest));
        }
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // What was made last goes first, so that folders are empty. What cannot be removed is said by the error that led here.
        for path in self.made.iter().rev() {
            let _ = if path.is_dir() { std::fs::remove_dir(path) } else { std::fs::remove_file(path) };
        }
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    atomic_file::write::<io::Error>(path, |out| out.write_all(bytes))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn begin(folder: &Path) -> Draft {
        Draft::begin(folder, &Temporaries::default()).unwrap()
    }

    #[test]
    fn what_is_given_up_leaves_nothing_behind() {
        let desk = tempfile::tempdir().unwrap();
        let folder = desk.path().join("image");
        let mut draft = begin(&folder);
        draft.write(b"a layer", "x").unwrap();
        assert!(!folder.exists());
        drop(draft);
        assert_eq!(names(desk.path()), [""; 0]);

        std::fs::create_dir(&folder).unwrap();
        begin(&folder).write(b"a layer", "x").unwrap();
        assert_eq!(names(&folder), [""; 0]);

        let mut draft = begin(&folder);
        let layer = draft.write(b"a layer", "x").unwrap();
        draft.finish(&layer, "arm64", "1").unwrap();
        let blobs = names(&folder.join("blobs/sha256"));
        let mut draft = begin(&folder);
        draft.write(b"a layer", "x").unwrap();
        draft.write(b"another", "x").unwrap();
        drop(draft);
        assert_eq!(names(&folder.join("blobs/sha256")), blobs);
        assert_eq!(names(&folder), ["blobs", "index.json", "oci-layout"]);
    }

    #[test]
    fn a_new_layout_is_as_readable_as_any_folder() {
        let desk = tempfile::tempdir().unwrap();
        let [usual, folder] = ["usual", "image"].map(|name| desk.path().join(name));
        std::fs::create_dir(&usual).unwrap();
        let mut draft = begin(&folder);
        let layer = draft.write(b"a layer", "x").unwrap();
        draft.finish(&layer, "arm64", "1").unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode();
        assert_eq!(mode(&folder), mode(&usual));
        assert_eq!(names(desk.path()), ["image", "usual"]);
    }

    #[test]
    fn a_folder_of_something_else_is_left_alone() {
        let desk = tempfile::tempdir().unwrap();
        std::fs::write(desk.path().join("one.jpg"), "x").unwrap();
        let error = Draft::begin(desk.path(), &Temporaries::default()).unwrap_err();
        assert_eq!(error.to_string(), "not an OCI image layout: it has no file oci-layout");
        assert_eq!(names(desk.path()), ["one.jpg"]);
    }
}
