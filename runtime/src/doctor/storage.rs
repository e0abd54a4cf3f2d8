//! Room where results are written.

use super::answers::{Access, Space, Storage};
use super::finding::{Area, Finding, is_plain};
use super::quantity::Bytes;

/// Full within minutes, if heatmaps are written.
const FULL: Bytes = Bytes(100_000_000);
/// Full within hours.
const LOW: Bytes = Bytes(1_000_000_000);

pub(super) fn findings(folders: &[Storage]) -> Vec<Finding> {
    folders.iter().map(finding).collect()
}

fn finding(storage: &Storage) -> Finding {
    const AREA: Area = Area::Storage;
    let path = storage.path.display().to_string();
    let commanded = |command: &str| is_plain(&path).then(|| format!("`{command} {path}`"));
    let Space { total, free, access } = match &storage.space {
        Ok(space) => *space,
        Err(error) => return Finding::problem(AREA, path, format!("cannot be asked for its room: {error}")),
    };
    let value = format!("{} of {} are free", Bytes(free), Bytes(total));
    let finding = match access {
        Access::ReadOnly => {
            let finding = Finding::problem(AREA, &path, format!("can only be read: no result can be written; {value}"));
            return match commanded("sudo mount -o remount,rw") {
                Some(command) => {
                    finding.remedy(format!("`sudo dmesg | tail` says why, if it was not meant; then {command}"))
                }
                None => finding,
            };
        }
        Access::ReadWrite if Bytes(free) < FULL => Finding::problem(AREA, &path, value),
        Access::ReadWrite if Bytes(free) < LOW => Finding::warning(AREA, &path, value),
        Access::ReadWrite => return Finding::ok(AREA, &path, value),
    };
    match commanded("sudo du -xh -d2") {
        Some(command) => finding.remedy(format!("make room: {command} shows what takes it")),
        None => finding,
    }
}
