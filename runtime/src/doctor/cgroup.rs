//! Limits that a service manager or a container puts on this process: control groups, of both versions.

use std::path::{Path, PathBuf};

use super::limits;
use super::root::Root;

/// How many cores' time the process may use; None without a limit.
pub fn cpu_quota(root: &Root) -> Option<f64> {
    let quota = |quota: f64, period: f64| (quota > 0.0 && period > 0.0).then(|| quota / period);
    let new = folders(root, Version::Two).into_iter().filter_map(|folder| {
        // `200000 100000`, or `max 100000`
        let line = root.line(folder.join("cpu.max"))?;
        let (time, period) = line.split_once(' ')?;
        quota(time.parse().ok()?, period.parse().ok()?)
    });
    let old = folders(root, Version::One("cpu")).into_iter().filter_map(|folder| {
        let number = |name: &str| root.number::<f64>(folder.join(name));
        quota(number("cpu.cfs_quota_us")?, number("cpu.cfs_period_us")?)
    });
    new.chain(old).filter(|quota| quota.is_finite()).min_by(f64::total_cmp)
}

/// How many bytes of memory the process may use together with the others of its group; None without a limit.
pub fn memory_limit(root: &Root) -> Option<u64> {
    /// The old version's way of saying that there is none: the largest number of whole pages.
    const NONE: u64 = 1 << 62;
    let new = folders(root, Version::Two).into_iter().filter_map(|folder| root.number(folder.join("memory.max")));
    let old = folders(root, Version::One("memory"));
    let old = old.into_iter().filter_map(|folder| root.number(folder.join("memory.limit_in_bytes")));
    new.chain(old).filter(|&limit| limit < NONE).min()
}

#[derive(Debug, Clone, Copy)]
enum Version {
    /// One tree, with a folder per controller.
    One(&'static str),
    /// One tree for all.
    Two,
}

/// The process's group and those that it is in: each may limit it.
fn folders(root: &Root, version: Version) -> Vec<PathBuf> {
    let base = Path::new("sys/fs/cgroup");
    let base = match version {
        Version::One(controller) => base.join(controller),
        Version::Two => base.to_owned(),
    };
    // `0::/system.slice/moead.service`, or `4:memory:/…` and `5:cpu,cpuacct:/…`
    let text = root.text("proc/self/cgroup").unwrap_or_default();
    let group = text.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (number, controllers, group) = (fields.next()?, fields.next()?, fields.next()?);
        let is_it = match version {
            Version::One(controller) => controllers.split(',').any(|name| name == controller),
            Version::Two => number == "0" && controllers.is_empty(),
        };
        is_it.then_some(group)
    });
    let Some(group) = group else { return Vec::new() };
    let group = Path::new(group.trim_start_matches('/'));
    group.ancestors().take(limits::GROUPS).map(|part| base.join(part)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let root = Root::recorded(folder.path()).unwrap();
        (folder, root)
    }

    #[test]
    fn the_tightest_limit_on_the_way_up_counts() {
        let (_folder, root) = tree(&[
            ("proc/self/cgroup", "0::/system.slice/moead.service\n"),
            ("sys/fs/cgroup/system.slice/cpu.max", "150000 100000\n"),
            ("sys/fs/cgroup/system.slice/moead.service/cpu.max", "max 100000\n"),
            ("sys/fs/cgroup/system.slice/memory.max", "max\n"),
            ("sys/fs/cgroup/system.slice/moead.service/memory.max", "600000000\n"),
        ]);
        assert_eq!((cpu_quota(&root), memory_limit(&root)), (Some(1.5), Some(600_000_000)));
    }

    #[test]
    fn the_old_version_has_a_folder_per_controller_and_huge_numbers_for_none() {
        let (_folder, root) = tree(&[
            ("proc/self/cgroup", "5:cpu,cpuacct:/a\n4:memory:/a\n"),
            ("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n"),
            ("sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
            ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n"),
        ]);
        assert_eq!((cpu_quota(&root), memory_limit(&root)), (Some(0.5), None));
    }

    #[test]
    fn a_group_that_climbs_out_is_not_followed() {
        let (_folder, root) =
            tree(&[("proc/self/cgroup", "0::/../../../proc\n"), ("sys/fs/cgroup/x", ""), ("proc/memory.max", "5\n")]);
        assert_eq!(memory_limit(&root), None);
    }
}
