//! The folders that a run writes into.

use std::io;
use std::path::{Path, PathBuf};

use moead_model::architecture::ImageSize;
use moead_terminal::failure::At;

use crate::score::verdict::Threshold;
use crate::sinks::heatmap::{self, Annotation, Scale};
use crate::sinks::maps;
use crate::stream::pipeline::{FrameResult, Judged};

/// An output folder that was there when the run began.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

/// Why a folder cannot be written into.
#[derive(Debug, thiserror::Error)]
pub(super) enum FolderError {
    #[error("{}: expected a folder, found nothing", .0.display())]
    Missing(PathBuf),
    #[error("{}: expected a folder, found a file", .0.display())]
    NotAFolder(PathBuf),
    #[error("{}: {source}", .path.display())]
    Read { path: PathBuf, source: io::Error },
}

impl Folder {
    /// The folder must exist: a typing error would otherwise fill the disk at a place where nobody looks.
    pub(super) fn existing(path: &Path) -> Result<Self, FolderError> {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Ok(Self { path: path.to_owned() }),
            Ok(_) => Err(FolderError::NotAFolder(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(FolderError::Missing(path.to_owned())),
            Err(source) => Err(FolderError::Read { path: path.to_owned(), source }),
        }
    }

    /// Where `output` with this ending goes; folders below ours are made.
    fn place(&self, source: Option<&str>, output: &Path, ending: &str) -> io::Result<PathBuf> {
        let mut place = self.path.clone();
        if let Some(source) = source {
            place.push(plain(source));
        }
        place.push(output);
        let mut name = place.file_name().map(ToOwned::to_owned).unwrap_or_default();
        name.push(ending);
        place.set_file_name(name);
        if let Some(parent) = place.parent() {
            std::fs::create_dir_all(parent)?;
        }
        Ok(place)
    }
}

/// A source's name as a folder's name.
fn plain(source: &str) -> String {
    let name: String =
        source.chars().map(|char| if char.is_alphanumeric() || "-_.".contains(char) { char } else { '_' }).collect();
    // `.` and `..` are folders already.
    if name.chars().all(|char| char == '.') { "_".repeat(name.len().max(1)) } else { name }
}

/// What is written about each picture beside its line.
#[derive(Debug, Default)]
pub(super) struct Drawings {
    pub(super) heatmaps: Option<Folder>,
    pub(super) maps: Option<Folder>,
}

impl Drawings {
    /// Writes them. `source` is the folder below, when there are several sources.
    pub(super) fn write(
        &self,
        result: &FrameResult,
        judged: &Judged,
        network: ImageSize,
        threshold: Option<Threshold>,
        source: Option<&str>,
    ) -> anyhow::Result<()> {
        let judgement = &judged.judgement;
        if let Some(folder) = &self.maps {
            let path = folder.place(source, &result.output, ".npy").at(folder.path.display())?;
            maps::write_npy(&path, &[network.height, network.width], &judgement.map.data).at(path.display())?;
        }
        if let (Some(folder), Some(picture)) = (&self.heatmaps, &judged.picture) {
            let path = folder.place(source, &result.output, ".heatmap.png").at(folder.path.display())?;
            let title = result.file.file_name().unwrap_or_default().to_string_lossy();
            let annotation = Annotation {
                picture,
                map: &judgement.map.data,
                map_size: network,
                score: judgement.score,
                threshold,
                verdict: judgement.verdict,
                regions: &judgement.regions,
                title: &title,
            };
            let scale = Scale::around(threshold);
            heatmap::write_png(&path, &heatmap::draw(&annotation, scale)).at(path.display())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_cannot_lead_out_of_the_folder() {
        assert_eq!(plain("../../etc"), ".._.._etc");
        assert_eq!(plain(".."), "__");
        assert_eq!(plain("line 1"), "line_1");
    }

    #[test]
    fn outputs_keep_their_folders() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::existing(root.path()).unwrap();
        let place = folder.place(Some("b"), Path::new("deep/a.b"), ".npy").unwrap();
        assert_eq!(place, root.path().join("b/deep/a.b.npy"));
        assert!(place.parent().unwrap().is_dir());
    }
}
