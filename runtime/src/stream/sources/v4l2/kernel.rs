//! A node of the running kernel, by the bare calls of the crate `v4l`.
//!
//! Their meaning is these files': what the crate builds on them panics on names that are no UTF-8 (a card's name is cut after 31
//! bytes, wherever that is), on controls and colour spaces that it does not know, and, amid a panic, on a driver that cannot be
//! stopped. `unsafe` is in the three below: handing a structure over, reading a union of an answer, and the driver's memory.

mod answers;
mod frames;
mod requests;

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use moead_model::architecture::ImageSize;
use rustix::fs::OFlags;
use rustix::io::Errno;
use v4l::v4l_sys as sys;

use self::frames::KernelFrames;
use self::requests::{
    CAPTURE, Door, ENUMERATE_FORMATS, ENUMERATE_INTERVALS, ENUMERATE_SIZES, GET_CONTROL, GET_FORMAT, GET_PARAMETERS,
    Plain, QUERY_CAPABILITIES, QUERY_CONTROL, QUERY_MENU, Request, SET_CONTROL, SET_FORMAT, SET_PARAMETERS, ask,
    zeroed,
};
use super::limits;
use super::node::{
    CallError, Capabilities, Control, ControlKind, FormatDescription, FourCc, Frames, Interval, Intervals, Layout,
    LayoutRequest, MenuItem, Node, Sizes,
};

/// Major number of video devices, `VIDEO_MAJOR`.
const VIDEO_MAJOR: u32 = 81;
/// `V4L2_FIELD_NONE`: whole frames, not every second row.
const WHOLE_FRAMES: u32 = 1;
/// `V4L2_CTRL_FLAG_NEXT_CTRL`.
const NEXT_CONTROL: u32 = 0x8000_0000;

/// An open node.
pub(super) struct KernelNode {
    door: Arc<dyn Door>,
}

impl KernelNode {
    /// Opens a node for reading and writing, as the API wants it.
    ///
    /// # Errors
    /// By the kernel; `ENOTTY` for what is no video device: opening another kind of device may do things to it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        if !metadata.file_type().is_char_device() || rustix::fs::major(metadata.rdev()) != VIDEO_MAJOR {
            return Err(Errno::NOTTY.into());
        }
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let node = File::options().read(true).write(true).custom_flags(flags).open(path)?;
        Ok(Self { door: Arc::new(node) })
    }

    fn ask<T: Plain>(&self, request: Request<T>, argument: &mut T) -> io::Result<()> {
        ask(&*self.door, request, argument)
    }

    fn menu(&self, control: &sys::v4l2_queryctrl, kind: ControlKind) -> Vec<MenuItem> {
        if !matches!(kind, ControlKind::Menu | ControlKind::IntegerMenu) {
            return Vec::new();
        }
        let numbers = i64::from(control.minimum)..=i64::from(control.maximum);
        let item = |value: i64| {
            let mut query = zeroed::<sys::v4l2_querymenu>();
            (query.id, query.index) = (control.id, u32::try_from(value).ok()?);
            // Drivers leave out items that the device does not have.
            self.ask(QUERY_MENU, &mut query).ok()?;
            Some(answers::menu_item(&query, value, kind))
        };
        numbers.take(limits::MENU_ITEMS as usize).filter_map(item).collect()
    }
}

impl Node for KernelNode {
    fn capabilities(&self) -> io::Result<Capabilities> {
        let mut answer = zeroed::<sys::v4l2_capability>();
        self.ask(QUERY_CAPABILITIES, &mut answer)?;
        Ok(answers::capabilities(&answer))
    }

    fn formats(&self) -> Vec<FormatDescription> {
        let format = |index| {
            let mut query = zeroed::<sys::v4l2_fmtdesc>();
            (query.index, query.type_) = (index, CAPTURE);
            self.ask(ENUMERATE_FORMATS, &mut query).ok()?;
            Some(answers::format(&query))
        };
        (0..limits::FORMATS).map_while(format).collect()
    }

    fn sizes(&self, format: FourCc) -> Vec<Sizes> {
        let sizes = |index| {
            let mut query = zeroed::<sys::v4l2_frmsizeenum>();
            (query.index, query.pixel_format) = (index, format.number());
            self.ask(ENUMERATE_SIZES, &mut query).ok()?;
            Some(answers::sizes(&query))
        };
        (0..limits::SIZES).map_while(sizes).collect()
    }

    fn intervals(&self, format: FourCc, size: ImageSize) -> Vec<Intervals> {
        let queries = (0..limits::INTERVALS).map_while(|index| {
            let mut query = zeroed::<sys::v4l2_frmivalenum>();
            (query.index, query.pixel_format) = (index, format.number());
            (query.width, query.height) = (u32::try_from(size.width).ok()?, u32::try_from(size.height).ok()?);
            self.ask(ENUMERATE_INTERVALS, &mut query).ok()?;
            Some(query)
        });
        queries.filter_map(|query| answers::intervals(&query)).collect()
    }

    fn layout(&self) -> io::Result<Layout> {
        let mut answer = zeroed::<sys::v4l2_format>();
        answer.type_ = CAPTURE;
        self.ask(GET_FORMAT, &mut answer)?;
        Ok(answers::layout(&answer))
    }

    fn set_layout(&self, request: &LayoutRequest) -> io::Result<Layout> {
        let mut wish = zeroed::<sys::v4l2_format>();
        let mut pixels = zeroed::<sys::v4l2_pix_format>();
        let side = |side: usize| u32::try_from(side).map_err(|_| io::Error::from(Errno::INVAL));
        (pixels.width, pixels.height) = (side(request.size.width)?, side(request.size.height)?);
        pixels.pixelformat = request.format.number();
        pixels.field = WHOLE_FRAMES;
        pixels.bytesperline = request.stride.unwrap_or(0);
        pixels.priv_ = answers::HAS_LATER_FIELDS;
        wish.type_ = CAPTURE;
        wish.fmt.pix = pixels;
        self.ask(SET_FORMAT, &mut wish)?;
        Ok(answers::layout(&wish))
    }

    fn interval(&self) -> io::Result<Option<Interval>> {
        let mut answer = zeroed::<sys::v4l2_streamparm>();
        answer.type_ = CAPTURE;
        self.ask(GET_PARAMETERS, &mut answer)?;
        Ok(answers::interval(&answer))
    }

    fn set_interval(&self, wish: Interval) -> io::Result<Option<Interval>> {
        let mut parameters = zeroed::<sys::v4l2_streamparm>();
        let mut capture = zeroed::<sys::v4l2_captureparm>();
        capture.timeperframe = sys::v4l2_fract { numerator: wish.numerator, denominator: wish.denominator };
        parameters.type_ = CAPTURE;
        parameters.parm.capture = capture;
        self.ask(SET_PARAMETERS, &mut parameters)?;
        Ok(answers::interval(&parameters))
    }

    fn controls(&self) -> Vec<Control> {
        let mut controls = Vec::new();
        let mut last = 0;
        while controls.len() < limits::CONTROLS {
            let mut query = zeroed::<sys::v4l2_queryctrl>();
            query.id = last | NEXT_CONTROL;
            // A list that goes backwards would have no end.
            if self.ask(QUERY_CONTROL, &mut query).is_err() || query.id <= last {
                break;
            }
            last = query.id;
            if query.flags & Control::DISABLED == 0 && query.type_ != sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_CTRL_CLASS {
                let kind = answers::kind(query.type_);
                controls.push(answers::control(&query, kind, self.menu(&query, kind)));
            }
        }
        controls
    }

    fn value(&self, id: u32) -> io::Result<i64> {
        let mut answer = sys::v4l2_control { id, value: 0 };
        self.ask(GET_CONTROL, &mut answer)?;
        Ok(i64::from(answer.value))
    }

    fn set_value(&self, id: u32, value: i64) -> io::Result<()> {
        // Bits beyond the 31st are a negative number in the API.
        let value = i32::try_from(value).or_else(|_| u32::try_from(value).map(u32::cast_signed));
        let mut wish = sys::v4l2_control { id, value: value.map_err(|_| io::Error::from(Errno::RANGE))? };
        self.ask(SET_CONTROL, &mut wish)
    }

    fn start(&self) -> Result<Box<dyn Frames>, CallError> {
        Ok(Box::new(KernelFrames::start(Arc::clone(&self.door))?))
    }
}

#[cfg(test)]
mod tests;
