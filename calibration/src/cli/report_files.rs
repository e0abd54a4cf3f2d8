//! Where the report goes.

use std::io;
use std::path::{Path, PathBuf};

use moead_model::atomic_file;
use moead_model::outputs::Output;
use moead_terminal::failure::At as _;
use serde_json::Value;

/// A report cannot be put there.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", .path.display())]
pub(super) struct NoPlace {
    path: PathBuf,
    source: io::Error,
}

/// The page, and the figures beside it.
pub(super) struct ReportFiles {
    pub(super) page: PathBuf,
    figures: PathBuf,
}

impl ReportFiles {
    /// A file whose name ends as pages do, or `report.html` in a folder. That both can be written is looked at before minutes of work.
    ///
    /// * `figures`: the name of the file of figures.
    pub(super) fn at(path: &Path, figures: &str) -> anyhow::Result<Self> {
        let is_page = path.extension().is_some_and(|ending| ending == "html" || ending == "htm");
        let page = if is_page { path.to_owned() } else { path.join("report.html") };
        let figures = page.with_file_name(figures);
        for file in [&page, &figures] {
            atomic_file::check_writable(file).map_err(|source| NoPlace { path: file.clone(), source })?;
        }
        Ok(Self { page, figures })
    }

    pub(super) fn outputs(&self) -> [Output<'_>; 2] {
        [Output { what: "the report", path: &self.page }, Output { what: "the report's figures", path: &self.figures }]
    }

    pub(super) fn write(&self, page: &str, document: &Value) -> anyhow::Result<()> {
        write(&self.figures, &format!("{document:#}\n"))?;
        write(&self.page, page)
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    atomic_file::write::<io::Error>(path, |out| out.write_all(text.as_bytes())).at(path.display())
}
