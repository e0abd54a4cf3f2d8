//! Cameras, by Video4Linux.
//!
//! * [`request`]: what is asked. [`modes`]: what is chosen of what there is. [`agreement`]: what the driver made of it.
//! * [`controls`]: exposure, gain and the like. [`colour`]: what samples mean.
//! * [`capture`]: frames. [`identity`]: the same camera again. [`survey`]: all there are.
//! * [`node`] and [`machine`]: what all of this asks the kernel, as traits; [`kernel`]: the real one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use moead_model::architecture::ImageSize;

mod agreement;
mod capture;
mod colour;
pub mod controls;
pub mod encoding;
pub mod error;
pub mod identity;
mod kernel;
mod limits;
pub mod machine;
pub mod modes;
pub mod node;
pub mod request;
pub mod sensor;
pub mod survey;

use agreement::Negotiation;
use capture::{Camera, First};
use error::CameraError;
use identity::Identity;
use machine::{Machine, ThisMachine};
use request::CameraRequest;
use rustix::io::Errno;

use super::{Opener, Source, SourceError};
use crate::stream::clock::Clock;

/// Folder of links that udev keeps.
const LINKS: &str = "/dev/v4l";

/// Opens a camera, and the same one again after a loss.
pub struct CameraOpener {
    request: CameraRequest,
    least: ImageSize,
    clock: Arc<dyn Clock>,
    machine: Arc<dyn Machine>,
    known: Mutex<Option<Known>>,
}

/// The camera that was opened first, and the node that it had last.
struct Known {
    identity: Identity,
    node: PathBuf,
}

impl CameraOpener {
    /// A camera of this machine. Where the request leaves the size open, no side is shorter than those of `least`, if the
    /// camera can help it.
    pub fn new(request: CameraRequest, least: ImageSize, clock: Arc<dyn Clock>) -> Self {
        Self::on(Arc::new(ThisMachine), request, least, clock)
    }

    /// The same on another machine.
    pub fn on(machine: Arc<dyn Machine>, request: CameraRequest, least: ImageSize, clock: Arc<dyn Clock>) -> Self {
        Self { request, least, clock, machine, known: Mutex::new(None) }
    }

    /// Where the camera is now. A link is followed each time: whoever gives one has said what he wants. A number is that of
    /// the first time alone.
    fn place(&self) -> Result<PathBuf, CameraError> {
        let device = &self.request.device;
        let machine = &*self.machine;
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some(known) if !self.is_link(device) => known.identity.find(machine, &known.node).ok_or_else(|| {
                CameraError::Absent { identity: known.identity.clone(), cameras: survey::cameras(machine) }
            }),
            _ => Ok(device.clone()),
        }
    }

    fn is_link(&self, path: &Path) -> bool {
        path.starts_with(LINKS) || machine::followed(&*self.machine, path) != *path
    }

    fn open_camera(&self) -> Result<Camera, CameraError> {
        let path = self.place()?;
        let machine = &*self.machine;
        let (node, capabilities) = survey::open(machine, &path)?;
        let formats = survey::usable(&path, &*node, &capabilities)?;
        let negotiation = Negotiation { machine, path: &path, node: &*node };
        let agreement = negotiation.agree(&formats, &self.request, self.least)?;
        let frames = node.start().map_err(|error| {
            let (call, source) = (error.call, error.source);
            match Errno::from_io_error(&source) {
                Some(Errno::NOSPC) => {
                    CameraError::Bandwidth { path: path.clone(), mode: agreement.mode.description.clone() }
                }
                _ => negotiation.refused(call)(source),
            }
        })?;
        let identity = Identity::of(machine, &path, &capabilities);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(Known { identity, node: path.clone() });
        let first = First::of(&capabilities.driver);
        Ok(Camera::new(path, node, frames, agreement, first, Arc::clone(&self.clock)))
    }
}

impl Opener for CameraOpener {
    fn open(&self) -> Result<Box<dyn Source>, SourceError> {
        Ok(Box::new(self.open_camera()?))
    }
}
