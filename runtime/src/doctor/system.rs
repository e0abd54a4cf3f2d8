//! Operating system and kernel.

use super::finding::{Area, Finding};
use super::root::{Root, cut};

pub(super) fn findings(root: &Root) -> Vec<Finding> {
    const AREA: Area = Area::System;
    let release = root.text("etc/os-release").or_else(|| root.text("usr/lib/os-release")).unwrap_or_default();
    let name = value_of(&release, "PRETTY_NAME").or_else(|| value_of(&release, "NAME"));
    let mut findings = vec![match name {
        Some(name) => Finding::ok(AREA, "name", name),
        None => Finding::note(AREA, "name", "not known: there is no /etc/os-release"),
    }];
    if let Some(kernel) = root.line("proc/sys/kernel/osrelease") {
        findings.push(Finding::ok(AREA, "kernel", format!("Linux {kernel}")));
    }
    findings
}

/// `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"`
fn value_of(release: &str, key: &str) -> Option<String> {
    let value = release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?.trim();
    let plain = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    (!plain.is_empty()).then(|| cut(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_with_and_without_quotes() {
        let release = "PRETTY_NAME_X=no\nPRETTY_NAME=\"Ubuntu 22.04.5 LTS\"\nNAME=Arch\nEMPTY=\"\"\nHALF=\"a\n";
        assert_eq!(value_of(release, "PRETTY_NAME").unwrap(), "Ubuntu 22.04.5 LTS");
        assert_eq!(value_of(release, "NAME").unwrap(), "Arch");
        assert_eq!(value_of(release, "HALF").unwrap(), "\"a");
        assert_eq!((value_of(release, "EMPTY"), value_of(release, "ID")), (None, None));
    }
}
