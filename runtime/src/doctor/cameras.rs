//! Where pictures come from. Cameras are asked elsewhere (`stream::sources::v4l2::survey`); this tells what they said.

use serde_json::Value;

use super::finding::{Area, Finding};
use super::limits;
use super::root::{Root, cut};

/// A video node, as it answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraFact {
    /// `/dev/video0`
    pub path: String,
    /// Its own name.
    pub name: Option<String>,
    /// None if frames can be had from it; else why not.
    pub reason: Option<String>,
    /// What can be done about that.
    pub remedy: Option<String>,
}

impl CameraFact {
    /// What a survey found; `hint` says what can be done about a node that is no use.
    #[cfg(feature = "camera")]
    pub fn of(
        report: &crate::stream::sources::v4l2::survey::NodeReport,
        hint: impl Fn(&crate::stream::sources::v4l2::survey::NodeReport) -> Option<String>,
    ) -> Self {
        let path = report.path.display().to_string();
        Self {
            name: report.capabilities.as_ref().map(|capabilities| capabilities.card.clone()),
            reason: report.camera.as_ref().err().map(ToString::to_string),
            remedy: hint(report),
            path,
        }
    }
}

pub(super) fn findings(cameras: Option<&[CameraFact]>) -> Vec<Finding> {
    const AREA: Area = Area::Cameras;
    let Some(cameras) = cameras else {
        return vec![Finding::note(AREA, "cameras", "were not asked")];
    };
    let usable = cameras.iter().filter(|camera| camera.reason.is_none()).count();
    let mut findings = Vec::new();
    if cameras.is_empty() {
        let remedy = "plug one in; pictures in files and on standard input need none";
        findings.push(Finding::note(AREA, "cameras", "none").remedy(remedy));
    } else if usable == 0 {
        findings.push(Finding::note(AREA, "cameras", "none that can be used"));
    }
    findings.extend(cameras.iter().map(|camera| {
        let name = camera.name.as_deref().unwrap_or("?");
        match &camera.reason {
            None => Finding::ok(AREA, camera.path.clone(), name),
            Some(reason) => {
                // The path stands beside it.
                let reason = reason.strip_prefix(&format!("{}: ", camera.path)).unwrap_or(reason);
                let value = camera.name.as_ref().map_or_else(|| reason.to_owned(), |name| format!("{name}: {reason}"));
                Finding { remedy: camera.remedy.clone(), ..Finding::note(AREA, camera.path.clone(), value) }
            }
        }
    }));
    findings
}

/// The answers of a recorded machine, or the names that its kernel has for the nodes.
pub(super) fn recorded(root: &Root) -> Option<Vec<CameraFact>> {
    if let Some(text) = root.text("answers/cameras.json") {
        let document: Value = serde_json::from_str(&text).ok()?;
        let nodes = document.get("devices")?.as_array()?.iter().take(limits::PARTS);
        let fact = |node: &Value| {
            let text = |key: &str| node.get(key).and_then(Value::as_str).map(cut);
            let is_usable = node.get("usable")?.as_bool()?;
            let reason = (!is_usable).then(|| text("reason").unwrap_or_default());
            Some(CameraFact { path: text("path")?, name: text("card"), reason, remedy: None })
        };
        return Some(nodes.filter_map(fact).collect());
    }
    const NODES: &str = "sys/class/video4linux";
    let names = root.has(NODES).then(|| root.names(NODES, "video"))?;
    let fact = |name: String| CameraFact {
        name: root.line(format!("{NODES}/{name}/name")),
        reason: Some("was not asked when the machine was recorded".into()),
        remedy: None,
        path: format!("/dev/{name}"),
    };
    Some(names.into_iter().map(fact).collect())
}
