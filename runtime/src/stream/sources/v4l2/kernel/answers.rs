//! What a driver answered, as this program's types. Which field of a union an answer has depends on what was asked.
#![expect(unsafe_code, reason = "the API's structures have unions")]

use moead_model::architecture::ImageSize;
use v4l::v4l_sys as sys;

use crate::stream::sources::v4l2::node::{
    Capabilities, Control, ControlKind, FormatDescription, FourCc, Interval, Intervals, Layout, MenuItem, Sizes,
};

/// `V4L2_CAP_DEVICE_CAPS`.
const HAS_NODE_FLAGS: u32 = 0x8000_0000;
/// `V4L2_PIX_FMT_PRIV_MAGIC`: the structure's later fields have a meaning.
pub(super) const HAS_LATER_FIELDS: u32 = 0xfeed_cafe;
/// `V4L2_CAP_TIMEPERFRAME`.
const HAS_INTERVAL: u32 = 0x1000;

/// `VIDIOC_QUERYCAP`.
pub(super) fn capabilities(answer: &sys::v4l2_capability) -> Capabilities {
    // Before Linux 3.4 a driver told all its nodes' abilities at once.
    let has_node_flags = answer.capabilities & HAS_NODE_FLAGS != 0;
    Capabilities {
        driver: text(&answer.driver),
        card: text(&answer.card),
        bus: text(&answer.bus_info),
        flags: if has_node_flags { answer.device_caps } else { answer.capabilities },
    }
}

/// `VIDIOC_ENUM_FMT`.
pub(super) fn format(answer: &sys::v4l2_fmtdesc) -> FormatDescription {
    let format = FourCc::from_number(answer.pixelformat);
    FormatDescription { format, description: text(&answer.description) }
}

/// `VIDIOC_ENUM_FRAMESIZES`.
pub(super) fn sizes(answer: &sys::v4l2_frmsizeenum) -> Sizes {
    // SAFETY: both fields are structures of numbers, of which every pattern of bits is one.
    let (one, range) = unsafe { (answer.__bindgen_anon_1.discrete, answer.__bindgen_anon_1.stepwise) };
    if answer.type_ == sys::v4l2_frmsizetypes_V4L2_FRMSIZE_TYPE_DISCRETE {
        Sizes::One(size(one.width, one.height))
    } else {
        Sizes::Range {
            least: size(range.min_width, range.min_height),
            most: size(range.max_width, range.max_height),
            step: size(range.step_width.max(1), range.step_height.max(1)),
        }
    }
}

/// `VIDIOC_ENUM_FRAMEINTERVALS`. None: a fraction that is no number.
pub(super) fn intervals(answer: &sys::v4l2_frmivalenum) -> Option<Intervals> {
    // SAFETY: both fields are structures of numbers, of which every pattern of bits is one.
    let (one, range) = unsafe { (answer.__bindgen_anon_1.discrete, answer.__bindgen_anon_1.stepwise) };
    let interval = |fraction: sys::v4l2_fract| Interval::new(fraction.numerator, fraction.denominator);
    if answer.type_ == sys::v4l2_frmivaltypes_V4L2_FRMIVAL_TYPE_DISCRETE {
        return interval(one).map(Intervals::One);
    }
    Some(Intervals::Range { shortest: interval(range.min)?, longest: interval(range.max)? })
}

/// `VIDIOC_QUERYMENU`, asked for the item `value` of a control of that kind.
pub(super) fn menu_item(answer: &sys::v4l2_querymenu, value: i64, kind: ControlKind) -> MenuItem {
    // SAFETY: both fields are numbers, of which every pattern of bits is one.
    let (name, number) = unsafe { (answer.__bindgen_anon_1.name, answer.__bindgen_anon_1.value) };
    let title = if kind == ControlKind::Menu { text(&name) } else { number.to_string() };
    MenuItem { value, title }
}

/// `VIDIOC_G_FMT` and `VIDIOC_S_FMT`, for capture.
pub(super) fn layout(answer: &sys::v4l2_format) -> Layout {
    // SAFETY: the field is a structure of numbers, of which every pattern of bits is one.
    let (pixels, encoding) = unsafe { (answer.fmt.pix, answer.fmt.pix.__bindgen_anon_1.ycbcr_enc) };
    let has_later_fields = pixels.priv_ == HAS_LATER_FIELDS;
    Layout {
        format: FourCc::from_number(pixels.pixelformat),
        size: size(pixels.width, pixels.height),
        field: pixels.field,
        stride: pixels.bytesperline as usize,
        bytes: pixels.sizeimage as usize,
        colour_space: pixels.colorspace,
        encoding: if has_later_fields { encoding } else { 0 },
        quantization: if has_later_fields { pixels.quantization } else { 0 },
    }
}

/// `VIDIOC_G_PARM` and `VIDIOC_S_PARM`, for capture. None: the device keeps no interval.
pub(super) fn interval(answer: &sys::v4l2_streamparm) -> Option<Interval> {
    // SAFETY: the field is a structure of numbers, of which every pattern of bits is one.
    let capture = unsafe { answer.parm.capture };
    let fraction = capture.timeperframe;
    // Some drivers have an interval and do not say so in their abilities, hence no look at the flag but where there is none.
    let is_kept = capture.capability & HAS_INTERVAL != 0 || fraction.denominator > 0;
    is_kept.then(|| Interval::new(fraction.numerator, fraction.denominator))?
}

/// `VIDIOC_QUERYCTRL`, of a control whose menu has these items.
pub(super) fn control(query: &sys::v4l2_queryctrl, kind: ControlKind, items: Vec<MenuItem>) -> Control {
    let number = |value: i32| {
        let is_unsigned = kind == ControlKind::Bitmask;
        if is_unsigned { i64::from(value.cast_unsigned()) } else { i64::from(value) }
    };
    Control {
        id: query.id,
        title: text(&query.name),
        kind,
        least: number(query.minimum),
        most: number(query.maximum),
        step: i64::from(query.step.max(1)),
        default: number(query.default_value),
        flags: query.flags,
        items,
    }
}

/// Of `VIDIOC_QUERYCTRL`.
pub(super) fn kind(number: u32) -> ControlKind {
    match number {
        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_INTEGER => ControlKind::Integer,
        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_BOOLEAN => ControlKind::Boolean,
        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_MENU => ControlKind::Menu,
        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_INTEGER_MENU => ControlKind::IntegerMenu,
        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_BUTTON => ControlKind::Button,
        sys::v4l2_ctrl_type_V4L2_CTRL_TYPE_BITMASK => ControlKind::Bitmask,
        other => ControlKind::Other(other),
    }
}

fn size(width: u32, height: u32) -> ImageSize {
    ImageSize { height: height as usize, width: width as usize }
}

/// Text up to the first zero; bytes that are no UTF-8 are replaced.
pub(super) fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).trim().to_owned()
}
