//! A machine whose cameras answer as real ones did (`tests/cameras/`), and fail when a test says so.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use moead_model::architecture::ImageSize;
use rustix::io::Errno;
use serde_json::Value;

use super::machine::{self, Machine};
use super::node::{
    Buffer, CallError, Capabilities, Control, ControlKind, FormatDescription, FourCc, Frames, Interval, Intervals,
    Layout, LayoutRequest, MenuItem, Node, Ready, Sizes, Stamp,
};
use crate::stream::sources::Order;

/// A camera. Clones are the same one.
#[derive(Clone)]
pub(super) struct Device(Arc<Mutex<Answers>>);

/// What it answers, for tests to change.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) capabilities: Capabilities,
    pub(super) formats: Vec<FormatDescription>,
    sizes: Vec<(FourCc, Sizes, Vec<Intervals>)>,
    /// None: the driver refuses to say.
    pub(super) layout: Option<Layout>,
    pub(super) layouts: Vec<(LayoutRequest, Option<Layout>)>,
    pub(super) interval: Option<Interval>,
    /// What it makes of any interval that is asked. None: just that.
    pub(super) forced_interval: Option<Interval>,
    pub(super) controls: Vec<Control>,
    pub(super) values: BTreeMap<u32, i64>,
    /// Controls that take another value than the one that they are given.
    pub(super) stubborn: BTreeMap<u32, i64>,
    /// Calls that are refused.
    pub(super) refused: BTreeMap<&'static str, Errno>,
    /// What happens when frames are waited for.
    pub(super) script: VecDeque<Step>,
    /// Calls that change something, in their order.
    pub(super) log: Vec<String>,
}

/// Something that happens to a camera that streams.
pub(super) enum Step {
    Frame(Still),
    Quiet,
    /// Ready, and then there is no frame.
    Empty,
    Failure(Errno),
}

/// A frame.
#[derive(Clone)]
pub(super) struct Still {
    pub(super) bytes: Vec<u8>,
    pub(super) used: usize,
    pub(super) is_flagged: bool,
    pub(super) sequence: u32,
    pub(super) stamp: Stamp,
}

impl Still {
    /// A whole frame of so many bytes, of 7 s after the machine's start.
    pub(super) fn new(sequence: u32, used: usize) -> Self {
        let stamp = Stamp { seconds: 7, microseconds: 0, is_monotonic: true };
        // Buffers are rounded up to pages.
        Self { bytes: vec![sequence as u8; used.next_multiple_of(4096)], used, is_flagged: false, sequence, stamp }
    }
}

impl Device {
    pub(super) fn vivid() -> Self {
        Self::read(include_str!("../../../../tests/cameras/vivid.json"))
    }

    pub(super) fn several_planes() -> Self {
        Self::read(include_str!("../../../../tests/cameras/vivid-multiplanar.json"))
    }

    pub(super) fn idle_loopback() -> Self {
        Self::read(include_str!("../../../../tests/cameras/v4l2loopback-idle.json"))
    }

    pub(super) fn yuyv_loopback() -> Self {
        Self::read(include_str!("../../../../tests/cameras/v4l2loopback-yuyv.json"))
    }

    pub(super) fn jpeg_loopback() -> Self {
        Self::read(include_str!("../../../../tests/cameras/v4l2loopback-mjpg.json"))
    }

    /// One that only says what it is.
    pub(super) fn named(driver: &str, card: &str, bus: &str, flags: u32) -> Self {
        let capabilities = Capabilities { driver: driver.into(), card: card.into(), bus: bus.into(), flags };
        Self(Arc::new(Mutex::new(Answers { capabilities, ..Answers::default() })))
    }

    /// The same answers on another socket.
    pub(super) fn at(self, bus: &str) -> Self {
        self.change(|answers| answers.capabilities.bus = bus.into());
        self
    }

    /// Looks at its answers, or changes them.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Answers) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    /// How often it began to stream.
    pub(super) fn streams(&self) -> usize {
        self.change(|answers| answers.log.iter().filter(|call| *call == "VIDIOC_STREAMON").count())
    }

    fn call(&self, call: &'static str, words: String) -> io::Result<()> {
        self.change(|answers| {
            answers.log.push(words);
            answers.refused.get(call).map_or(Ok(()), |errno| Err((*errno).into()))
        })
    }

    fn read(text: &str) -> Self {
        let record: Value = serde_json::from_str(text).unwrap();
        let capabilities = &record["capabilities"];
        let words = |value: &Value| value.as_str().unwrap().to_owned();
        let mut answers = Answers {
            capabilities: Capabilities {
                driver: words(&capabilities["driver"]),
                card: words(&capabilities["card"]),
                bus: words(&capabilities["bus"]),
                flags: number(&capabilities["flags"]) as u32,
            },
            layout: layout(&record["layout"]),
            interval: fraction(&record["interval"]),
            ..Answers::default()
        };
        for entry in list(&record["formats"]) {
            let format = code(&entry["format"]);
            answers.formats.push(FormatDescription { format, description: words(&entry["description"]) });
            for sizes in list(&entry["sizes"]) {
                let intervals = list(&sizes["intervals"]).iter().map(intervals).collect();
                let sizes = if sizes["one"].is_array() {
                    Sizes::One(size(&sizes["one"]))
                } else {
                    let [least, most, step] = ["least", "most", "step"].map(|key| size(&sizes[key]));
                    Sizes::Range { least, most, step }
                };
                answers.sizes.push((format, sizes, intervals));
            }
        }
        for entry in list(&record["set_layout"]) {
            let [width, height] = ["width", "height"].map(|key| number(&entry[key]) as usize);
            let stride = Some(number(&entry["stride"]) as u32).filter(|&stride| stride > 0);
            let request = LayoutRequest { format: code(&entry["format"]), size: ImageSize { height, width }, stride };
            answers.layouts.push((request, layout(&entry["answer"])));
        }
        for entry in list(&record["controls"]) {
            let control = control(entry);
            if let Some(value) = entry["value"].as_i64() {
                answers.values.insert(control.id, value);
            }
            answers.controls.push(control);
        }
        Self(Arc::new(Mutex::new(answers)))
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap()
}

/// Each character is one byte.
fn code(value: &Value) -> FourCc {
    let bytes: Vec<u8> = value.as_str().unwrap().chars().map(|char| u8::try_from(char).unwrap()).collect();
    FourCc(bytes.try_into().unwrap())
}

fn size(value: &Value) -> ImageSize {
    ImageSize { width: number(&value[0]) as usize, height: number(&value[1]) as usize }
}

fn fraction(value: &Value) -> Option<Interval> {
    Interval::new(value[0].as_u64()? as u32, value[1].as_u64()? as u32)
}

fn intervals(value: &Value) -> Intervals {
    match fraction(value) {
        Some(interval) => Intervals::One(interval),
        None => {
            let end = |key: &str| fraction(&value[key]).unwrap();
            Intervals::Range { shortest: end("shortest"), longest: end("longest") }
        }
    }
}

/// None where an errno's name stands in its place.
fn layout(value: &Value) -> Option<Layout> {
    let field = |key: &str| number(&value[key]) as u32;
    value.is_object().then(|| Layout {
        format: code(&value["format"]),
        size: ImageSize { height: field("height") as usize, width: field("width") as usize },
        field: field("field"),
        stride: field("stride") as usize,
        bytes: field("bytes") as usize,
        colour_space: field("colour_space"),
        encoding: field("encoding"),
        quantization: field("quantization"),
    })
}

fn control(entry: &Value) -> Control {
    let kind = match number(&entry["kind"]) {
        1 => ControlKind::Integer,
        2 => ControlKind::Boolean,
        3 => ControlKind::Menu,
        4 => ControlKind::Button,
        8 => ControlKind::Bitmask,
        9 => ControlKind::IntegerMenu,
        other => ControlKind::Other(other as u32),
    };
    // The API's numbers are signed, and bits are not.
    let bits =
        |key: &str| if kind == ControlKind::Bitmask { number(&entry[key]) & 0xffff_ffff } else { number(&entry[key]) };
    let item = |item: &Value| MenuItem { value: number(&item[0]), title: item[1].as_str().unwrap().into() };
    Control {
        id: number(&entry["id"]) as u32,
        title: entry["title"].as_str().unwrap().into(),
        kind,
        least: bits("least"),
        most: bits("most"),
        step: number(&entry["step"]).max(1),
        default: bits("default"),
        flags: number(&entry["flags"]) as u32,
        items: list(&entry["items"]).iter().map(item).collect(),
    }
}

impl Node for Device {
    fn capabilities(&self) -> io::Result<Capabilities> {
        self.change(|answers| match answers.refused.get("VIDIOC_QUERYCAP") {
            Some(errno) => Err((*errno).into()),
            None => Ok(answers.capabilities.clone()),
        })
    }

    fn formats(&self) -> Vec<FormatDescription> {
        self.change(|answers| answers.formats.clone())
    }

    fn sizes(&self, format: FourCc) -> Vec<Sizes> {
        self.change(|answers| {
            let sizes = answers.sizes.iter().filter(|(known, ..)| *known == format);
            sizes.map(|(_, sizes, _)| *sizes).collect()
        })
    }

    fn intervals(&self, format: FourCc, size: ImageSize) -> Vec<Intervals> {
        self.change(|answers| {
            let is_it = |(known, sizes, _): &&(FourCc, Sizes, Vec<Intervals>)| {
                *known == format
                    && match *sizes {
                        Sizes::One(one) => one == size,
                        Sizes::Range { .. } => true,
                    }
            };
            answers.sizes.iter().find(is_it).map_or_else(Vec::new, |(.., intervals)| intervals.clone())
        })
    }

    fn layout(&self) -> io::Result<Layout> {
        self.change(|answers| answers.layout.ok_or_else(|| Errno::INVAL.into()))
    }

    fn set_layout(&self, request: &LayoutRequest) -> io::Result<Layout> {
        let (width, height) = (request.size.width, request.size.height);
        self.call("VIDIOC_S_FMT", format!("{} {width}x{height} {:?}", request.format, request.stride))?;
        self.change(|answers| {
            let recorded = answers.layouts.iter().find(|(known, _)| known == request);
            let (_, answer) = recorded.unwrap_or_else(|| panic!("{request:?} was not recorded"));
            answers.layout = answer.or(answers.layout);
            answer.ok_or_else(|| Errno::INVAL.into())
        })
    }

    fn interval(&self) -> io::Result<Option<Interval>> {
        Ok(self.change(|answers| answers.interval))
    }

    fn set_interval(&self, interval: Interval) -> io::Result<Option<Interval>> {
        self.call("VIDIOC_S_PARM", interval.to_string())?;
        Ok(self.change(|answers| {
            answers.interval = Some(answers.forced_interval.unwrap_or(interval));
            answers.interval
        }))
    }

    fn controls(&self) -> Vec<Control> {
        self.change(|answers| answers.controls.clone())
    }

    fn value(&self, control: u32) -> io::Result<i64> {
        self.change(|answers| answers.values.get(&control).copied().ok_or_else(|| Errno::ACCESS.into()))
    }

    fn set_value(&self, control: u32, value: i64) -> io::Result<()> {
        /// `gain_automatic` and `gain`, of which the former holds the latter in vivid.
        const AUTOMATIC: u32 = 0x0098_0912;
        const GAIN: u32 = 0x0098_0913;
        self.call("VIDIOC_S_CTRL", format!("{control:#010x}={value}"))?;
        self.change(|answers| {
            let value = answers.stubborn.get(&control).copied().unwrap_or(value);
            answers.values.insert(control, value);
            if let Some(gain) = answers.controls.iter_mut().find(|gain| (control, gain.id) == (AUTOMATIC, GAIN)) {
                gain.flags = if value == 0 { gain.flags & !Control::INACTIVE } else { gain.flags | Control::INACTIVE };
            }
        });
        Ok(())
    }

    fn start(&self) -> Result<Box<dyn Frames>, CallError> {
        for call in ["VIDIOC_REQBUFS", "VIDIOC_QBUF", "VIDIOC_STREAMON"] {
            self.call(call, call.into()).map_err(|source| CallError { call, source })?;
        }
        Ok(Box::new(Streaming { device: self.clone(), last: Still::new(0, 0) }))
    }
}

struct Streaming {
    device: Device,
    last: Still,
}

impl Frames for Streaming {
    fn wait(&mut self, _patience: Duration) -> io::Result<Ready> {
        Ok(self.device.change(|answers| match answers.script.front() {
            Some(Step::Frame(_) | Step::Empty | Step::Failure(_)) => Ready::Something,
            Some(Step::Quiet) => {
                answers.script.pop_front();
                Ready::Nothing
            }
            None => Ready::Nothing,
        }))
    }

    fn next(&mut self, order: Order) -> Result<Option<Buffer<'_>>, CallError> {
        let taken = self.device.change(|answers| {
            let mut passed_over = 0;
            loop {
                let still = match answers.script.pop_front() {
                    Some(Step::Frame(still)) => still,
                    Some(Step::Empty) => return Ok(None),
                    Some(Step::Failure(errno)) => return Err(CallError { call: "VIDIOC_DQBUF", source: errno.into() }),
                    Some(Step::Quiet) | None => panic!("taken without a look whether there is one"),
                };
                if order == Order::Oldest || !matches!(answers.script.front(), Some(Step::Frame(_))) {
                    return Ok(Some((still, passed_over)));
                }
                passed_over += 1;
            }
        })?;
        let Some((still, passed_over)) = taken else { return Ok(None) };
        self.last = still;
        let Still { used, is_flagged, sequence, stamp, .. } = self.last;
        Ok(Some(Buffer { bytes: &self.last.bytes, used, is_flagged, sequence, stamp, passed_over }))
    }
}

impl Drop for Streaming {
    fn drop(&mut self) {
        self.device.change(|answers| answers.log.push("VIDIOC_STREAMOFF".into()));
    }
}

/// A machine with files of its own.
pub(super) struct Desk {
    root: tempfile::TempDir,
    devices: Mutex<BTreeMap<PathBuf, Result<Device, Errno>>>,
}

impl Desk {
    /// With these cameras as `/dev/video0` and so on.
    pub(super) fn new(devices: impl IntoIterator<Item = Device>) -> Arc<Self> {
        let desk = Self { root: tempfile::tempdir().unwrap(), devices: Mutex::default() };
        for (number, device) in devices.into_iter().enumerate() {
            desk.plug(number, Ok(device));
        }
        Arc::new(desk)
    }

    /// Gives a number to a camera, or to something that cannot be opened.
    pub(super) fn plug(&self, number: usize, device: Result<Device, Errno>) {
        self.write(&format!("dev/video{number}"), "");
        self.write(&format!("sys/class/video4linux/video{number}/index"), "0\n");
        self.devices.lock().unwrap().insert(format!("/dev/video{number}").into(), device);
    }

    /// Takes a number away.
    pub(super) fn unplug(&self, number: usize) {
        std::fs::remove_file(self.root.path().join(format!("dev/video{number}"))).unwrap();
        std::fs::remove_dir_all(self.root.path().join(format!("sys/class/video4linux/video{number}"))).unwrap();
        self.devices.lock().unwrap().remove(&PathBuf::from(format!("/dev/video{number}")));
    }

    /// The USB device that a number belongs to.
    pub(super) fn socket(&self, number: usize, serial: &str) {
        let folder = format!("sys/devices/usb{number}");
        for (name, text) in
            [("idVendor", "046d\n"), ("idProduct", "082d\n"), ("serial", serial), ("interface/name", "")]
        {
            self.write(&format!("{folder}/{name}"), text);
        }
        let link = format!("sys/class/video4linux/video{number}/device");
        self.link(&link, &format!("../../../devices/usb{number}/interface"));
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A link, as udev keeps them. The old one goes.
    pub(super) fn link(&self, path: &str, target: &str) {
        let path = self.root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = std::fs::remove_file(&path);
        std::os::unix::fs::symlink(target, path).unwrap();
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }
}

impl Machine for Desk {
    fn open(&self, path: &Path) -> io::Result<Box<dyn Node>> {
        let node = machine::followed(self, path);
        match self.devices.lock().unwrap().get(&node) {
            Some(Ok(device)) => Ok(Box::new(device.clone())),
            Some(Err(errno)) => Err((*errno).into()),
            None => Err(Errno::NOENT.into()),
        }
    }

    fn root(&self) -> &Path {
        self.root.path()
    }
}
