//! What lies in a folder: pictures and folders, sorted, names in UTF-8.

use std::io;
use std::path::{Path, PathBuf};

use moead_runtime::stream::sources::files;
use walkdir::WalkDir;

use super::{DatasetError, limits};

pub(super) fn is_picture(path: &Path) -> bool {
    files::is_picture(path) && !is_hidden(path)
}

/// Names that begin with a dot: what file managers leave behind, such as `._a.png`.
fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// Pictures in a folder and below it, sorted by path, hidden ones and those in hidden folders left out. Links are followed; a folder that contains
/// itself is an error. A picture is what has a picture's name: also a link that leads nowhere, so that it is counted among the unreadable ones.
pub(crate) fn pictures(root: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    walk(root, limits::DEPTH)
}

/// Pictures in a folder, not below it, sorted by path.
pub(super) fn pictures_of(root: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    walk(root, 1)
}

fn walk(root: &Path, depth: usize) -> Result<Vec<PathBuf>, DatasetError> {
    let mut pictures = Vec::new();
    let walk = WalkDir::new(root).follow_links(true).max_depth(depth).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.path())) {
        let path = match entry {
            Ok(entry) => entry.file_type().is_file().then(|| entry.into_path()),
            // Editors lock a file by a hidden link that leads nowhere.
            Err(error) if error.depth() > 0 && error.path().is_some_and(is_hidden) => None,
            Err(error) => Some(picture_that_leads_nowhere(root, error)?),
        };
        if let Some(path) = path.filter(|path| is_picture(path)) {
            if pictures.len() == limits::SAMPLES {
                let most = limits::SAMPLES as u64;
                return Err(DatasetError::TooLarge { path: root.to_owned(), most, unit: "pictures" });
            }
            text(&path)?;
            pictures.push(path);
        }
    }
    Ok(pictures)
}

/// What cannot be followed, if it has a picture's name.
fn picture_that_leads_nowhere(root: &Path, error: walkdir::Error) -> Result<PathBuf, DatasetError> {
    let path = error.path().unwrap_or(root).to_owned();
    let of_itself = error.loop_ancestor().map(|ancestor| format!("the folder contains itself: {}", ancestor.display()));
    match of_itself {
        None if is_picture(&path) && !path.is_dir() => Ok(path),
        Some(words) => Err(DatasetError::Read { path, source: io::Error::other(words) }),
        None => {
            let source = error.into_io_error().unwrap_or_else(|| io::ErrorKind::Other.into());
            Err(DatasetError::Read { path, source })
        }
    }
}

/// Folders in a folder, sorted, hidden ones left out.
pub(super) fn folders(root: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let read = |source: io::Error| DatasetError::Read { path: root.to_owned(), source };
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(root).map_err(read)? {
        let path = entry.map_err(read)?.path();
        if path.is_dir() && !is_hidden(&path) {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

/// The last part of a path, as a name.
pub(super) fn name(path: &Path) -> Result<String, DatasetError> {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_str().map(str::to_owned).ok_or_else(|| DatasetError::Name { path: path.to_owned() })
}

/// The name without its ending.
pub(super) fn stem(path: &Path) -> Result<String, DatasetError> {
    let stem = path.file_stem().unwrap_or(path.as_os_str());
    stem.to_str().map(str::to_owned).ok_or_else(|| DatasetError::Name { path: path.to_owned() })
}

/// The path as text.
fn text(path: &Path) -> Result<&str, DatasetError> {
    path.to_str().ok_or_else(|| DatasetError::Name { path: path.to_owned() })
}

/// What a whole data set is called when it is one product: the folder's own name, also where it was given as `.`.
pub(super) fn name_of_root(root: &Path) -> Result<String, DatasetError> {
    let whole = root.canonicalize().map_err(|source| DatasetError::Read { path: root.to_owned(), source })?;
    name(&whole)
}
