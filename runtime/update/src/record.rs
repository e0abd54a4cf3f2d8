//! What must outlive a power cut: a trial that is going on, and how the last update ended. `/var/lib/moead-update/state.json`, schema 1.
//!
//! ```json
//! {"schema":1,
//!  "trial":{"from":"1.4.0-3fa9c1d2e4b5","to":"1.5.0-0011aabbccdd","before":"1.3.2-ffeeddccbbaa","starts":0,
//!           "criteria":{"frames":5,"patience":300,"soak":90},"phase":{"name":"trying"}},
//!  "last":{"release":"1.4.0-3fa9c1d2e4b5","date":"2027-01-02T03:04:05.000Z","end":{"kind":"well"}}}
//! ```
//!
//! Times are in seconds. `before`: the release that was kept beside `from`. `starts`: of the board, since the switch. `phase`: `switching`, `trying` (it was
//! started), or `going-back` with the reason; a way back by hand is written down so, too (`asked`), with `before` the same as `to`. `end`: `well`, `went-back` with its reason, `by-hand`, `interrupted` (before the switch), `replaced` (by something else, while on
//! trial).

use std::path::{Path, PathBuf};

use moead_bundle::release::RECORD;
use serde::{Deserialize, Serialize};

use crate::disk::{self, Disk};
use crate::error::{DiskError, OnDisk as _};
use crate::installed::ReleaseName;
use crate::switch::NEXT;
use crate::trial::{Criteria, Reason};
use crate::unpack;

/// The schema that this version writes, and the newest that it reads.
pub const SCHEMA: u64 = 1;
/// No honest record is larger: reasons are cut.
const LIMIT: u64 = 1 << 16;

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Grows when a field changes its meaning.
    pub schema: u64,
    /// Going on.
    pub trial: Option<Trial>,
    /// How the last one ended.
    pub last: Option<Last>,
}

impl Default for Record {
    fn default() -> Self {
        Self { schema: SCHEMA, trial: None, last: None }
    }
}

/// A release on trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// What ran before, and runs again when the new one is not well.
    pub from: ReleaseName,
    /// The new one.
    pub to: ReleaseName,
    /// What was kept beside `from`.
    pub before: Option<ReleaseName>,
    /// Of the board, or of whoever watches, since the switch.
    pub starts: u32,
    /// What well means.
    pub criteria: Criteria,
    /// How far it is.
    pub phase: Phase,
}

/// How far a trial is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case")]
pub enum Phase {
    /// The links are being switched; whether the service was started since is not known.
    Switching,
    /// It was started. Whether it is well is not known yet.
    Trying,
    /// It is not, and what ran before is being put back.
    GoingBack {
        /// Why.
        reason: Reason,
    },
}

/// How an update ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    /// The one that was to run.
    pub release: ReleaseName,
    /// By the board's clock.
    pub date: String,
    /// How.
    pub end: End,
}

/// How an update ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum End {
    /// It runs.
    Well,
    /// The old one is back.
    WentBack {
        /// Why.
        reason: Reason,
    },
    /// Somebody went back to it.
    ByHand,
    /// It was never switched to.
    Interrupted,
    /// Something else was installed while it was on trial.
    Replaced,
}

impl std::fmt::Display for End {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Well => formatter.write_str("well"),
            Self::WentBack { reason } => write!(formatter, "went back: {reason}"),
            Self::ByHand => formatter.write_str("went back to, as asked"),
            Self::Interrupted => formatter.write_str("interrupted before it ran"),
            Self::Replaced => formatter.write_str("replaced while it was on trial"),
        }
    }
}

/// Why a record cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The file system's.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Not the JSON that the schema asks for.
    #[error("{}: {error}", .path.display())]
    Json {
        /// Of the file.
        path: PathBuf,
        /// Why.
        #[source]
        error: serde_json::Error,
    },
    /// From a later version.
    #[error("{}: schema {found}, expected 1 to {SCHEMA}", .path.display())]
    Schema {
        /// Of the file.
        path: PathBuf,
        /// As written.
        found: u64,
    },
}

impl Record {
    /// Reads it; a board that was never updated has none.
    ///
    /// # Errors
    /// [`RecordError`]
    pub fn load(disk: &dyn Disk) -> Result<Self, RecordError> {
        let path = Path::new(RECORD);
        let Some(text) = disk::read(disk, path, LIMIT)? else { return Ok(Self::default()) };
        let record: Self =
            serde_json::from_slice(&text).map_err(|error| RecordError::Json { path: path.to_owned(), error })?;
        if record.schema == 0 || record.schema > SCHEMA {
            return Err(RecordError::Schema { path: path.to_owned(), found: record.schema });
        }
        Ok(record)
    }

    /// Writes it; after a power cut there is the old one or this one.
    ///
    /// # Errors
    /// The file system's.
    pub fn store(&self, disk: &mut dyn Disk) -> Result<(), DiskError> {
        let path = Path::new(RECORD);
        let next = PathBuf::from(format!("{RECORD}{NEXT}"));
        let folder = path.parent().unwrap_or(path);
        disk::make_folders(disk, folder)?;
        if disk.kind(&next).on(&next)?.is_some() {
            disk.remove_file(&next).on(&next)?;
        }
        let mut text = serde_json::to_vec(self).map_err(std::io::Error::from).on(path)?;
        text.push(b'\n');
        unpack::write(disk, &next, &text)?;
        disk.rename(&next, path).on(path)?;
        disk.sync(folder).on(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_documentation_is_read_and_written() {
        let head = include_str!("record.rs").lines().take_while(|line| line.starts_with("//!"));
        let text: String = head.map(|line| line.trim_start_matches("//!").trim()).collect();
        let example = text.split("```json").nth(1).unwrap().split("```").next().unwrap();
        let record: Record = serde_json::from_str(example).unwrap();
        assert_eq!(record.trial.as_ref().unwrap().phase, Phase::Trying);
        assert_eq!(serde_json::to_string(&record).unwrap(), example);
    }

    #[test]
    fn what_is_no_record_is_an_error_and_none_is_none() {
        let root = tempfile::tempdir().unwrap();
        let mut disk = crate::disk::board::BoardDisk::below(root.path());
        assert_eq!(Record::load(&disk).unwrap(), Record::default());
        Record::default().store(&mut disk).unwrap();
        Record::default().store(&mut disk).unwrap();
        assert_eq!(Record::load(&disk).unwrap(), Record::default());
        let path = root.path().join("var/lib/moead-update/state.json");
        for (text, expected) in [
            (r#"{"schema":2,"trial":null,"last":null}"#, "/var/lib/moead-update/state.json: schema 2, expected 1 to 1"),
            ("{", "/var/lib/moead-update/state.json: EOF while parsing an object at line 1 column 1"),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(Record::load(&disk).unwrap_err().to_string(), expected);
        }
        std::fs::write(&path, vec![b' '; 70_000]).unwrap();
        assert!(Record::load(&disk).unwrap_err().to_string().ends_with("expected at most 65536 bytes, found more"));
    }
}
