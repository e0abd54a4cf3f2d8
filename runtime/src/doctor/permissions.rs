//! Whether the user may open what a camera or a graphics processor needs.

use std::collections::BTreeMap;

use super::answers::{Answers, DeviceNode, Identity};
use super::board::Kind;
use super::finding::{Area, Finding, is_plain};
use super::quantity::plural;

const AREA: Area = Area::Permissions;

pub(super) fn findings(answers: &Answers, kind: Kind) -> Vec<Finding> {
    let Some(identity) = &answers.identity else { return Vec::new() };
    if identity.user == 0 {
        return vec![Finding::ok(
            AREA,
            "user",
            "root, who may open everything; a service needs its own user and groups",
        )];
    }
    let mut closed: BTreeMap<(&str, bool), Vec<&DeviceNode>> = BTreeMap::new();
    let needed = |node: &&DeviceNode| node.path.starts_with("/dev/video") || kind == Kind::Jetson;
    for node in answers.devices.iter().filter(needed).filter(|node| !may_open(node, identity)) {
        closed.entry((&node.group, for_group(node))).or_default().push(node);
    }
    if closed.is_empty() {
        // Without devices there is nothing to be allowed.
        let finding = Finding::ok(AREA, "devices", "this user may open all that a run needs");
        return if answers.devices.is_empty() { Vec::new() } else { vec![finding] };
    }
    closed
        .into_iter()
        .map(|((group, is_for_group), nodes)| {
            let first = nodes.first().map_or("", |node| node.path.as_str());
            let count = nodes.len() as u64;
            let others =
                if count > 1 { format!(" and {} other node{}", count - 1, plural(count - 1)) } else { String::new() };
            if is_for_group {
                let value =
                    format!("{first}{others} can be opened by the group {group} only, and this user is no member");
                let finding = Finding::problem(AREA, "devices", value);
                if is_plain(group) {
                    let service = format!("a service gets it with `SupplementaryGroups={group}`");
                    finding.remedy(format!("`sudo usermod -aG {group} \"$USER\"`, then log in again; {service}"))
                } else {
                    finding
                }
            } else {
                let value = format!("{first}{others} can be opened by root only");
                let rule =
                    "an udev rule gives it to a group: `SUBSYSTEM==\"video4linux\", GROUP=\"video\", MODE=\"0660\"`";
                Finding::problem(AREA, "devices", value).remedy(rule)
            }
        })
        .collect()
}

/// Read and write, for others or for a group of the user's.
fn may_open(node: &DeviceNode, identity: &Identity) -> bool {
    node.mode & 0o006 == 0o006 || (for_group(node) && identity.groups.contains(&node.group))
}

fn for_group(node: &DeviceNode) -> bool {
    node.mode & 0o060 == 0o060
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(mode: u32, group: &str, user: u32) -> Vec<Finding> {
        let device = |number: u32| DeviceNode { path: format!("/dev/video{number}"), mode, group: group.into() };
        let identity = Identity { user, groups: ["pi".into()].into() };
        let answers = Answers { identity: Some(identity), devices: vec![device(0), device(1)], ..Answers::default() };
        findings(&answers, Kind::Other)
    }

    #[test]
    fn a_missing_group_is_named_with_the_way_into_it() {
        let findings = told(0o660, "video", 1000);
        let [finding] = &findings[..] else { panic!("{findings:?}") };
        assert_eq!(finding.state.name(), "problem");
        assert_eq!(
            finding.value,
            "/dev/video0 and 1 other node can be opened by the group video only, and this user is no member"
        );
        assert!(finding.remedy.as_ref().unwrap().starts_with("`sudo usermod -aG video \"$USER\"`"));
        assert!(told(0o600, "video", 1000)[0].value.contains("by root only"));
    }

    #[test]
    fn who_may_is_told_so() {
        for (mode, group, user) in [(0o660, "pi", 1000), (0o666, "video", 1000), (0o600, "root", 0)] {
            let findings = told(mode, group, user);
            assert_eq!((findings.len(), findings[0].state.name()), (1, "ok"), "{mode:o} {group} {user}");
        }
    }

    #[test]
    fn a_group_that_is_no_name_becomes_no_command() {
        assert_eq!(told(0o660, "$(reboot)", 1000)[0].remedy, None);
    }
}
