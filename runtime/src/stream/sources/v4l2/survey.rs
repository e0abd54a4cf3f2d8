//! All video nodes of a machine: what they are, what they offer, why some are no use.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::controls::{self, ControlState};
use super::error::{CameraError, Role};
use super::machine::{self, Machine};
use super::modes::{self, FormatOffer};
use super::node::{Capabilities, FormatDescription, Interval, Layout, Node};
use super::sensor;

/// A node.
#[derive(Debug)]
pub struct NodeReport {
    /// `/dev/video0`.
    pub path: PathBuf,
    /// Links to it that stay when its number changes, the steadiest first.
    pub links: Vec<PathBuf>,
    /// What its driver says. None where the node cannot be opened.
    pub capabilities: Option<Capabilities>,
    /// What it offers, or why it is no use.
    pub camera: Result<CameraReport, CameraError>,
}

/// A camera.
#[derive(Debug)]
pub struct CameraReport {
    /// Formats with their sizes and rates.
    pub formats: Vec<FormatOffer>,
    /// What is set now.
    pub layout: Option<Layout>,
    /// From one frame to the next, as set now.
    pub interval: Option<Interval>,
    /// Controls with their values.
    pub controls: Vec<ControlState>,
}

/// Looks at every node of the machine, or at those that are named.
pub fn survey(machine: &dyn Machine, devices: &[PathBuf]) -> Vec<NodeReport> {
    let nodes = if devices.is_empty() { machine::nodes(machine) } else { devices.to_vec() };
    nodes.into_iter().map(|path| report(machine, path)).collect()
}

fn report(machine: &dyn Machine, path: PathBuf) -> NodeReport {
    let links = machine::links(machine, &path);
    let (node, capabilities) = match open(machine, &path) {
        Ok(open) => open,
        Err(error) => return NodeReport { path, links, capabilities: None, camera: Err(error) },
    };
    let camera = usable(&path, &*node, &capabilities).map(|_| CameraReport {
        formats: modes::offers(&*node),
        layout: node.layout().ok(),
        interval: node.interval().ok().flatten(),
        controls: controls::states(&*node),
    });
    NodeReport { path, links, capabilities: Some(capabilities), camera }
}

/// Opens a node and asks what it is.
///
/// # Errors
/// [`CameraError`]
pub(super) fn open(machine: &dyn Machine, path: &Path) -> Result<(Box<dyn Node>, Capabilities), CameraError> {
    let node = machine.open(path).map_err(|error| not_opened(machine, path, error))?;
    let capabilities = node.capabilities().map_err(|error| not_opened(machine, path, error))?;
    Ok((node, capabilities))
}

/// The formats of a node, if it is a camera that frames can be had from.
///
/// # Errors
/// [`CameraError`]
pub(super) fn usable(
    path: &Path,
    node: &dyn Node,
    capabilities: &Capabilities,
) -> Result<Vec<FormatDescription>, CameraError> {
    let (path, driver) = (path.to_owned(), capabilities.driver.clone());
    if !capabilities.has(Capabilities::CAPTURE) {
        return Err(match role(capabilities) {
            None => CameraError::SeveralPlanes { path, driver },
            Some(role) => CameraError::NotACamera { path, driver: Some(driver), role },
        });
    }
    let formats = node.formats();
    if let Some(board) = sensor::raw_sensor(capabilities, &formats) {
        let formats = formats.iter().map(|format| format.format).collect();
        return Err(CameraError::RawSensor { path, driver, formats, board });
    }
    if !capabilities.has(Capabilities::STREAMING) {
        return Err(CameraError::NoStreaming { path, driver });
    }
    Ok(formats)
}

/// Cameras with their names, for those who asked for another.
pub(super) fn cameras(machine: &dyn Machine) -> Vec<String> {
    let named = |path: PathBuf| {
        let capabilities = machine.open(&path).and_then(|node| node.capabilities()).ok()?;
        capabilities.has(Capabilities::CAPTURE).then(|| format!("{} ({})", path.display(), capabilities.card))
    };
    machine::nodes(machine).into_iter().filter_map(named).collect()
}

/// What a node without plain capture is. None: a camera in several planes.
fn role(capabilities: &Capabilities) -> Option<Role> {
    if capabilities.has(Capabilities::CODEC | Capabilities::CODEC_PLANES) {
        Some(Role::Codec)
    } else if capabilities.has(Capabilities::CAPTURE_PLANES) {
        None
    } else if capabilities.has(Capabilities::METADATA | Capabilities::METADATA_OUTPUT) {
        Some(Role::Metadata)
    } else if capabilities.has(Capabilities::OUTPUT | Capabilities::OUTPUT_PLANES) {
        Some(Role::Output)
    } else {
        Some(Role::Unknown)
    }
}

fn not_opened(machine: &dyn Machine, path: &Path, source: io::Error) -> CameraError {
    let owned = path.to_owned();
    match Errno::from_io_error(&source) {
        Some(Errno::NOENT | Errno::NOTDIR | Errno::NODEV | Errno::NXIO) => {
            CameraError::NotFound { path: owned, cameras: cameras(machine) }
        }
        Some(Errno::ACCESS | Errno::PERM) => {
            CameraError::Permission { path: owned, group: machine::group(machine, path) }
        }
        Some(Errno::BUSY) => CameraError::Busy { path: owned, holders: machine::holders(machine, path) },
        Some(Errno::NOTTY) => CameraError::NotACamera { path: owned, driver: None, role: Role::Other },
        _ => CameraError::Refused { path: owned, call: "open", source },
    }
}

#[cfg(test)]
mod tests {
    use super::super::node::Sizes;
    use super::super::recorded::{Desk, Device};
    use super::*;

    #[test]
    fn every_node_is_told_with_what_it_offers_or_why_it_is_no_use() {
        let desk = Desk::new([Device::vivid(), Device::jpeg_loopback(), Device::several_planes()]);
        desk.plug(3, Err(Errno::ACCESS));
        let reports = survey(&*desk, &[]);
        let [vivid, loopback, planes, locked] = &reports[..] else { panic!("{reports:?}") };
        let camera = vivid.camera.as_ref().unwrap();
        assert_eq!((camera.formats.len(), camera.controls.len()), (83, 63));
        let yuyv = &camera.formats[0];
        assert_eq!((yuyv.format.description.as_str(), yuyv.sizes.len()), ("YUYV 4:2:2", 6));
        let camera = loopback.camera.as_ref().unwrap();
        let size = moead_model::architecture::ImageSize { height: 180, width: 320 };
        assert_eq!(camera.formats[0].sizes[0].0, Sizes::One(size));
        assert!(matches!(&planes.camera, Err(CameraError::SeveralPlanes { driver, .. }) if driver == "vivid"));
        assert!(locked.capabilities.is_none() && matches!(locked.camera, Err(CameraError::Permission { .. })));
        assert_eq!(survey(&*desk, &["/dev/video1".into()]).len(), 1);
    }
}
