//! Cameras, by Video4Linux.
//!
//! * [`request`]: what is asked. [`modes`]: what is chosen of what there is. `agreement`: what the driver made of it.
//! * [`controls`]: exposure, gain and the like. `colour`: what samples mean.
//! * `capture`: frames. [`identity`]: the same camera again. [`survey`]: all there are.
//! * [`node`] and [`machine`]: what all of this asks the kernel, as traits; `kernel`: the real one.

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
#[cfg(test)]
mod recorded;
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
#[derive(Clone)]
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
        // Not locked while devices are asked: one of them may hang, and then another thread tries.
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some(Known { identity, node }) if !self.is_link(device) => {
                let found = identity.find(machine, &node);
                found.ok_or_else(|| CameraError::Absent { identity, cameras: survey::cameras(machine) })
            }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::node::{Capabilities, FormatDescription, FourCc};
    use super::recorded::{Desk, Device, Step, Still};
    use super::*;
    use crate::stream::clock::SystemClock;
    use crate::stream::sources::{Next, Order};
    use crate::stream::uri::query::Query;

    const LEAST: ImageSize = ImageSize { height: 224, width: 224 };

    fn opener(desk: &Arc<Desk>, device: &str, query: &str) -> CameraOpener {
        let request = CameraRequest::parse(device, &mut Query::parse(query).unwrap()).unwrap();
        let machine: Arc<dyn Machine> = desk.clone();
        CameraOpener::on(machine, request, LEAST, Arc::new(SystemClock))
    }

    fn refusal(opener: &CameraOpener) -> String {
        match opener.open() {
            Ok(source) => panic!("opened: {}", source.mode()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_camera_is_opened_streams_and_stops_when_it_is_closed() {
        let device = Device::vivid();
        device.change(|answers| answers.script.push_back(Step::Frame(Still::new(3, 460_800))));
        let mut source = opener(&Desk::new([device.clone()]), "0", "").open().unwrap();
        assert_eq!(source.mode().to_string(), "YUYV 640x360 at 30 fps");
        let next = source.next(Duration::ZERO, Order::Newest).unwrap();
        assert!(matches!(next, Next::Frame(arrival) if arrival.sequence == Some(3)));
        drop(source);
        let log = device.change(|answers| answers.log.clone());
        let calls =
            ["YUYV 640x360 None", "30 fps", "VIDIOC_REQBUFS", "VIDIOC_QBUF", "VIDIOC_STREAMON", "VIDIOC_STREAMOFF"];
        assert_eq!(log, calls);
    }

    #[test]
    fn a_camera_is_found_again_under_another_number_and_no_other_is_taken_for_it() {
        let [first, second] = ["platform:vivid-000", "platform:vivid-001"].map(|bus| Device::vivid().at(bus));
        let desk = Desk::new([first.clone(), second.clone()]);
        let opener = opener(&desk, "0", "");
        drop(opener.open().unwrap());
        // The other one gets its number.
        desk.unplug(0);
        desk.unplug(1);
        desk.plug(0, Ok(second.clone()));
        assert_eq!(
            refusal(&opener),
            "vivid (platform:vivid-000): the camera is not there; there is /dev/video0 (vivid)"
        );
        desk.plug(2, Ok(first.clone()));
        let before = second.change(|answers| answers.log.len());
        drop(opener.open().unwrap());
        assert_eq!(second.change(|answers| answers.log.len()), before, "the other camera was touched");
        assert_eq!(first.streams(), 2);
    }

    #[test]
    fn a_serial_number_goes_with_the_camera_into_another_socket() {
        let [first, second] = ["usb-0000:00:14.0-1", "usb-0000:00:14.0-2"].map(|bus| Device::vivid().at(bus));
        let desk = Desk::new([first.clone(), second.clone()]);
        desk.socket(0, "A1\n");
        desk.socket(1, "B2\n");
        let opener = opener(&desk, "/dev/video0", "");
        drop(opener.open().unwrap());
        // Both are plugged in again, each in the other's socket.
        desk.socket(0, "B2\n");
        desk.socket(1, "A1\n");
        drop(opener.open().unwrap());
        assert_eq!((first.streams(), second.streams()), (1, 1));
    }

    #[test]
    fn a_serial_number_that_two_cameras_have_tells_nothing() {
        let [first, second] = ["usb-0000:00:14.0-1", "usb-0000:00:14.0-2"].map(|bus| Device::vivid().at(bus));
        let desk = Desk::new([first.clone(), second]);
        for number in [0, 1] {
            desk.socket(number, "200901010001\n");
        }
        let opener = opener(&desk, "/dev/video0", "");
        drop(opener.open().unwrap());
        desk.unplug(0);
        assert!(refusal(&opener).starts_with("vivid (usb-0000:00:14.0-1): the camera is not there; "));
        desk.plug(4, Ok(first.clone()));
        desk.socket(4, "200901010001\n");
        drop(opener.open().unwrap());
        assert_eq!(first.streams(), 2);
    }

    #[test]
    fn a_camera_that_is_there_and_cannot_be_opened_is_not_called_missing() {
        let desk = Desk::new([Device::vivid()]);
        let opener = opener(&desk, "/dev/video0", "");
        drop(opener.open().unwrap());
        desk.plug(0, Err(Errno::ACCESS));
        assert!(refusal(&opener).starts_with("/dev/video0: permission denied; "));
    }

    #[test]
    fn a_link_is_followed_each_time() {
        let [first, second] = ["platform:vivid-000", "platform:vivid-001"].map(|bus| Device::vivid().at(bus));
        let desk = Desk::new([first.clone(), second.clone()]);
        desk.link("dev/v4l/by-id/usb-A-video-index0", "../../video0");
        let opener = opener(&desk, "/dev/v4l/by-id/usb-A-video-index0", "");
        drop(opener.open().unwrap());
        desk.link("dev/v4l/by-id/usb-A-video-index0", "../../video1");
        drop(opener.open().unwrap());
        assert_eq!((first.streams(), second.streams()), (1, 1));
        std::fs::remove_file(desk.path("dev/v4l/by-id/usb-A-video-index0")).unwrap();
        let missing =
            "/dev/v4l/by-id/usb-A-video-index0: no such device; there is /dev/video0 (vivid), /dev/video1 (vivid)";
        assert_eq!(refusal(&opener), missing);
    }

    #[test]
    fn what_is_no_use_is_refused_before_anything_is_changed() {
        let raw =
            Device::named("unicam", "unicam", "platform:fe801000.csi", Capabilities::CAPTURE | Capabilities::STREAMING);
        let raw_formats = [b"YUYV", b"pBAA", b"BG10"]
            .map(|code| FormatDescription { format: FourCc(*code), description: String::new() });
        raw.change(|answers| answers.formats = raw_formats.into());
        let only = |flags| Device::named("some", "A thing", "platform:some", flags);
        for (device, words) in [
            (Device::several_planes(), "delivers frames in several memory planes"),
            (Device::idle_loopback(), "not a camera: an output, or a loopback that no program feeds yet"),
            (raw, "the raw node of a sensor on a Raspberry Pi (driver unicam; formats YUYV, pBAA, BG10)"),
            (only(Capabilities::METADATA | Capabilities::STREAMING), "not a camera: a camera's metadata (driver some)"),
            (only(Capabilities::CODEC_PLANES), "not a camera: a codec"),
            (only(0), "not a camera: nothing that delivers pictures"),
            (only(Capabilities::CAPTURE), "driver some cannot stream"),
            (
                only(Capabilities::CAPTURE | Capabilities::STREAMING),
                "no format that can be read; the camera offers none",
            ),
        ] {
            let desk = Desk::new([device.clone()]);
            let message = refusal(&opener(&desk, "0", ""));
            assert!(message.starts_with("/dev/video0: ") && message.contains(words), "{message}");
            assert!(device.change(|answers| answers.log.is_empty()));
        }
    }

    #[test]
    fn what_cannot_be_opened_says_why() {
        let desk = Desk::new([Device::vivid()]);
        desk.write(
            "etc/group",
            "root:x:0:
",
        );
        for (errno, words) in [
            (Errno::ACCESS, "/dev/video1: permission denied; "),
            (Errno::BUSY, "/dev/video1: the camera is busy; another program has it"),
            (Errno::NODEV, "/dev/video1: no such device; there is /dev/video0 (vivid)"),
            (Errno::NOTTY, "/dev/video1: not a camera: not a video device"),
            (Errno::MFILE, "/dev/video1: open: Too many open files"),
        ] {
            desk.plug(1, Err(errno));
            let message = refusal(&opener(&desk, "1", ""));
            assert!(message.starts_with(words), "{message}");
        }
        assert_eq!(refusal(&opener(&desk, "9", "")), "/dev/video9: no such device; there is /dev/video0 (vivid)");
    }

    #[test]
    fn what_fails_on_the_way_to_the_first_frame_says_where() {
        for (call, errno, words) in [
            ("VIDIOC_S_FMT", Errno::BUSY, "/dev/video0: the camera is busy; held by `cheese` (process 812)"),
            ("VIDIOC_REQBUFS", Errno::BUSY, "/dev/video0: the camera is busy; held by `cheese` (process 812)"),
            ("VIDIOC_REQBUFS", Errno::INVAL, "/dev/video0: VIDIOC_REQBUFS: Invalid argument (os error 22)"),
            ("VIDIOC_QBUF", Errno::INVAL, "/dev/video0: VIDIOC_QBUF: Invalid argument (os error 22)"),
            ("VIDIOC_STREAMON", Errno::NODEV, "/dev/video0: the camera is gone"),
            ("VIDIOC_STREAMON", Errno::NOSPC, "/dev/video0: the bus has no room left for YUYV 640x360 at 30 fps"),
        ] {
            let device = Device::vivid();
            device.change(|answers| answers.refused.insert(call, errno));
            let desk = Desk::new([device]);
            desk.write(
                "proc/812/comm",
                "cheese
",
            );
            desk.link("proc/812/fd/7", "/dev/video0");
            desk.link("proc/900/fd/1", "/dev/null");
            assert_eq!(refusal(&opener(&desk, "0", "")), words);
        }
    }
}
