//! Where the report goes.

use std::io;
use std::path::{Path, PathBuf};

use moead_model::atomic_file;
use moead_terminal::failure::At as _;
use serde_json::Value;

/// A report cannot be put there.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", .path.display())]
pub(super) struct NoPlace {
    path: PathBuf,
    source: io::Error,
}

/// The page and the figures beside it.
pub(super) struct ReportFiles {
    pub(super) page: PathBuf,
    metrics: PathBuf,
}

impl ReportFiles {
    /// A file whose name ends as pages do, or `report.html` in a folder. That both can be written is looked at before minutes of work.
    pub(super) fn at(path: &Path) -> anyhow::Result<Self> {
        let is_page = path.extension().is_some_and(|ending| ending == "html" || ending == "htm");
        let page = if is_page { path.to_owned() } else { path.join("report.html") };
        let metrics = page.with_file_name("metrics.json");
        for file in [&page, &metrics] {
            atomic_file::check_target(file).map_err(|source| NoPlace { path: file.clone(), source })?;
        }
        Ok(Self { page, metrics })
    }

    pub(super) fn write(&self, page: &str, document: &Value) -> anyhow::Result<()> {
        write(&self.metrics, &format!("{document:#}\n"))?;
        write(&self.page, page)
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    atomic_file::write::<io::Error>(path, |out| out.write_all(text.as_bytes())).at(path.display())
}
