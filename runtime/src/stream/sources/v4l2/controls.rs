//! A camera's controls: found by name, checked, set, read back.
//!
//! A line of parts needs an exposure that does not change by itself, so what is asked for here either holds or is an error.

use std::fmt;
use std::io;

use super::node::{Control, ControlKind, MenuItem, Node};
use super::request::CameraRequest;

/// Names of the same control: Linux renamed those of webcams in 5.16, and scripts still have the old ones. With their ids in
/// `v4l2-controls.h`.
const RENAMED: [(u32, &[&str]); 6] = [
    (id::EXPOSURE_AUTO, &["auto_exposure", "exposure_auto"]),
    (id::EXPOSURE_ABSOLUTE, &["exposure_time_absolute", "exposure_absolute"]),
    (id::EXPOSURE_AUTO_PRIORITY, &["exposure_dynamic_framerate", "exposure_auto_priority"]),
    (id::FOCUS_AUTO, &["focus_automatic_continuous", "focus_auto"]),
    (
        id::WHITE_BALANCE_AUTO,
        &["white_balance_automatic", "white_balance_temperature_auto", "white_balance_component_auto"],
    ),
    (id::GAIN_AUTO, &["gain_automatic", "autogain"]),
];

/// What is out of our hands while its automatic control is on.
const AUTOMATICS: [(u32, u32); 11] = [
    (id::EXPOSURE_ABSOLUTE, id::EXPOSURE_AUTO),
    (id::EXPOSURE, id::EXPOSURE_AUTO),
    (id::IRIS_ABSOLUTE, id::EXPOSURE_AUTO),
    (id::GAIN, id::GAIN_AUTO),
    (id::WHITE_BALANCE_TEMPERATURE, id::WHITE_BALANCE_AUTO),
    (id::RED_BALANCE, id::WHITE_BALANCE_AUTO),
    (id::BLUE_BALANCE, id::WHITE_BALANCE_AUTO),
    (id::FOCUS_ABSOLUTE, id::FOCUS_AUTO),
    (id::HUE, id::HUE_AUTO),
    (id::BRIGHTNESS, id::BRIGHTNESS_AUTO),
    (id::SENSITIVITY, id::SENSITIVITY_AUTO),
];

/// `V4L2_CID_…` of `v4l2-controls.h`.
mod id {
    pub(super) const BRIGHTNESS: u32 = 0x0098_0900;
    pub(super) const HUE: u32 = 0x0098_0903;
    pub(super) const WHITE_BALANCE_AUTO: u32 = 0x0098_090c;
    pub(super) const RED_BALANCE: u32 = 0x0098_090e;
    pub(super) const BLUE_BALANCE: u32 = 0x0098_090f;
    pub(super) const EXPOSURE: u32 = 0x0098_0911;
    pub(super) const GAIN_AUTO: u32 = 0x0098_0912;
    pub(super) const GAIN: u32 = 0x0098_0913;
    pub(super) const HUE_AUTO: u32 = 0x0098_0919;
    pub(super) const WHITE_BALANCE_TEMPERATURE: u32 = 0x0098_091a;
    pub(super) const BRIGHTNESS_AUTO: u32 = 0x0098_0920;
    pub(super) const EXPOSURE_AUTO: u32 = 0x009a_0901;
    pub(super) const EXPOSURE_ABSOLUTE: u32 = 0x009a_0902;
    pub(super) const EXPOSURE_AUTO_PRIORITY: u32 = 0x009a_0903;
    pub(super) const FOCUS_ABSOLUTE: u32 = 0x009a_090a;
    pub(super) const FOCUS_AUTO: u32 = 0x009a_090c;
    pub(super) const IRIS_ABSOLUTE: u32 = 0x009a_0911;
    pub(super) const SENSITIVITY: u32 = 0x009a_0917;
    pub(super) const SENSITIVITY_AUTO: u32 = 0x009a_0918;
}

/// Least likeness of a name that is proposed for another, and how many are.
const LIKENESS: f64 = 0.75;
const PROPOSALS: usize = 3;

/// Why a control cannot be set as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// There is none of that name.
    #[error("the camera has no control `{name}`{}", match .closest.as_slice() {
        [] => String::new(),
        closest => format!("; did you mean `{}`?", closest.join("`, `")),
    })]
    Unknown {
        /// As asked for.
        name: String,
        /// Controls and settings that it looks like, the likeliest first.
        closest: Vec<String>,
    },
    /// Two names of one control.
    #[error("`{first}` and `{second}` are the same control")]
    Twice {
        /// As asked for.
        first: String,
        /// As asked for, too.
        second: String,
    },
    /// A value that the control cannot have.
    #[error("control `{name}={value}`: expected {expected}")]
    Value {
        /// As asked for.
        name: String,
        /// As asked for.
        value: String,
        /// What it can have.
        expected: String,
    },
    /// It can only be read.
    #[error("control `{name}` can only be read")]
    ReadOnly {
        /// As asked for.
        name: String,
    },
    /// Its values are something that cannot be written on a command line.
    #[error("control `{name}` has values of a kind that cannot be set here (V4L2_CTRL_TYPE {kind})")]
    Kind {
        /// As asked for.
        name: String,
        /// `V4L2_CTRL_TYPE_…`.
        kind: u32,
    },
    /// The camera sets it itself.
    #[error("control `{name}` has no effect now{}", match .automatic {
        Some(automatic) => format!(": `{automatic}` is on"),
        None => ": another control switches it off".into(),
    })]
    Inactive {
        /// As asked for.
        name: String,
        /// The automatic control that sets it, with its value: `auto_exposure=3 (Aperture Priority Mode)`.
        automatic: Option<String>,
    },
    /// The driver needs it as it is.
    #[error("control `{name}` cannot be changed now: the camera is in use")]
    Grabbed {
        /// As asked for.
        name: String,
    },
    /// The driver refused.
    #[error("control `{name}={value}`: {source}")]
    Refused {
        /// As asked for.
        name: String,
        /// As asked for.
        value: String,
        /// By the kernel.
        source: io::Error,
    },
}

/// A control with the value that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlState {
    /// As users write it.
    pub name: String,
    /// What it is.
    pub control: Control,
    /// None where it cannot be read, or is of a kind that is not read here.
    pub value: Option<i64>,
}

/// A control's name as users write it, which is v4l2-ctl's: small letters and digits, anything else one `_`.
pub(super) fn name_of(title: &str) -> String {
    let parts = title.split(|char: char| !char.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    parts.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("_")
}

/// All controls with their values.
pub(super) fn states(node: &dyn Node) -> Vec<ControlState> {
    let state = |control: Control| {
        let is_read = is_settable(control.kind) && control.kind != ControlKind::Button;
        let value = (is_read && !control.has(Control::WRITE_ONLY)).then(|| value_of(node, &control).ok()).flatten();
        ControlState { name: name_of(&control.title), control, value }
    };
    node.controls().into_iter().map(state).collect()
}

/// Sets controls: first all are found and their values checked, then switches are set, then what they switch. Says what the
/// camera made of it where that is something else.
///
/// # Errors
/// [`ControlError`]
pub(super) fn set(node: &dyn Node, asked: &[(String, String)]) -> Result<Vec<String>, ControlError> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let controls = node.controls();
    let mut wanted: Vec<Wanted> = Vec::new();
    for (name, value) in asked {
        let control = find(&controls, name)?;
        if let Some(first) = wanted.iter().find(|known| known.id == control.id) {
            return Err(ControlError::Twice { first: first.name.clone(), second: name.clone() });
        }
        let number = number_of(control, name, value)?;
        let order = match control.kind {
            ControlKind::Boolean | ControlKind::Menu | ControlKind::IntegerMenu => 0,
            ControlKind::Integer | ControlKind::Bitmask | ControlKind::Other(_) => 1,
            ControlKind::Button => 2,
        };
        wanted.push(Wanted { id: control.id, name: name.clone(), value: value.clone(), number, order });
    }
    wanted.sort_by_key(|wanted| wanted.order);
    let mut now = controls;
    for (index, wish) in wanted.iter().enumerate() {
        // What was switched off a moment ago may be on now.
        if wish.order > 0 && (index == 0 || wanted[index - 1].order == 0) {
            now = node.controls();
        }
        let current = now.iter().find(|control| control.id == wish.id);
        if current.is_some_and(|control| control.has(Control::GRABBED)) {
            return Err(ControlError::Grabbed { name: wish.name.clone() });
        }
        if current.is_some_and(|control| control.has(Control::INACTIVE)) && wish.order > 0 {
            return Err(ControlError::Inactive { name: wish.name.clone(), automatic: automatic(node, &now, wish.id) });
        }
        node.set_value(wish.id, wish.number).map_err(|source| ControlError::Refused {
            name: wish.name.clone(),
            value: wish.value.clone(),
            source,
        })?;
    }
    Ok(wanted.iter().filter_map(|wish| difference(node, &now, wish)).collect())
}

/// A control that is to be set.
struct Wanted {
    id: u32,
    name: String,
    value: String,
    number: i64,
    /// Switches, values, buttons.
    order: u8,
}

/// The control of that name, old or new.
fn find<'a>(controls: &'a [Control], name: &str) -> Result<&'a Control, ControlError> {
    let wanted = name_of(name);
    let by_title = controls.iter().find(|control| name_of(&control.title) == wanted);
    let by_id = || {
        let renamed = RENAMED.iter().find(|(_, names)| names.contains(&wanted.as_str()));
        renamed.and_then(|(id, _)| controls.iter().find(|control| control.id == *id))
    };
    by_title
        .or_else(by_id)
        .ok_or_else(|| ControlError::Unknown { name: name.into(), closest: closest(controls, &wanted) })
}

fn closest(controls: &[Control], wanted: &str) -> Vec<String> {
    let names = controls.iter().map(|control| name_of(&control.title));
    let settings = CameraRequest::SETTINGS.map(str::to_owned);
    let mut known: Vec<_> = names
        .chain(settings)
        .map(|known| (strsim::jaro_winkler(&known, wanted), known))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .collect();
    known.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    known.truncate(PROPOSALS);
    known.into_iter().map(|(_, name)| name).collect()
}

/// The value that a control has now.
fn value_of(node: &dyn Node, control: &Control) -> io::Result<i64> {
    /// The API's numbers are signed, and bits are not.
    const BITS: i64 = 0xffff_ffff;
    let value = node.value(control.id)?;
    Ok(if control.kind == ControlKind::Bitmask { value & BITS } else { value })
}

fn is_settable(kind: ControlKind) -> bool {
    !matches!(kind, ControlKind::Other(_))
}

/// The number that stands for what the user wrote.
fn number_of(control: &Control, name: &str, value: &str) -> Result<i64, ControlError> {
    if let ControlKind::Other(kind) = control.kind {
        return Err(ControlError::Kind { name: name.into(), kind });
    }
    if control.has(Control::READ_ONLY) {
        return Err(ControlError::ReadOnly { name: name.into() });
    }
    let number = value.parse::<i64>().ok();
    let hexadecimal = value.strip_prefix("0x").and_then(|digits| i64::from_str_radix(digits, 16).ok());
    let is_inside = |number: &i64| (control.least..=control.most).contains(number);
    let (found, expected) = match control.kind {
        ControlKind::Boolean => {
            let found = match value.to_ascii_lowercase().as_str() {
                "0" | "off" | "false" | "no" => Some(0),
                "1" | "on" | "true" | "yes" => Some(1),
                _ => None,
            };
            (found, "0 (off) or 1 (on)".to_owned())
        }
        ControlKind::Menu | ControlKind::IntegerMenu => {
            let by_number = control.items.iter().find(|item| Some(item.value) == number);
            let by_name = || control.items.iter().find(|item| name_of(&item.title) == name_of(value));
            let items = control.items.iter().map(|item| Item(item).to_string()).collect::<Vec<_>>().join(", ");
            (by_number.or_else(by_name).map(|item| item.value), format!("one of {items}"))
        }
        ControlKind::Bitmask => {
            let bits = number.or(hexadecimal).filter(|bits| *bits >= 0 && bits & !control.most == 0);
            (bits, format!("bits out of {:#x}", control.most))
        }
        ControlKind::Button => (number.filter(|number| *number == 1), "1, which presses the button".to_owned()),
        ControlKind::Integer | ControlKind::Other(_) => {
            (number.or(hexadecimal).filter(is_inside), format!("a number from {} to {}", control.least, control.most))
        }
    };
    found.ok_or_else(|| ControlError::Value { name: name.into(), value: value.into(), expected })
}

/// The automatic control that holds another one, with its value.
fn automatic(node: &dyn Node, controls: &[Control], held: u32) -> Option<String> {
    let (_, holder) = AUTOMATICS.iter().find(|(known, _)| *known == held)?;
    let control = controls.iter().find(|control| control.id == *holder)?;
    let value = value_of(node, control).ok()?;
    Some(format!("{}={}", name_of(&control.title), shown(control, value)))
}

/// What the camera made of a wish, if it is something else.
fn difference(node: &dyn Node, controls: &[Control], wish: &Wanted) -> Option<String> {
    let control = controls.iter().find(|control| control.id == wish.id)?;
    if control.kind == ControlKind::Button || control.has(Control::WRITE_ONLY) {
        return None;
    }
    match value_of(node, control) {
        Ok(value) if value == wish.number => None,
        Ok(value) => Some(format!(
            "control `{}`: asked for {}, the camera set {}",
            wish.name,
            shown(control, wish.number),
            shown(control, value)
        )),
        Err(error) => Some(format!("control `{}`: cannot be read back: {error}", wish.name)),
    }
}

/// A value for people: menus with the item's name.
pub(crate) fn shown(control: &Control, value: i64) -> String {
    match (control.kind, control.items.iter().find(|item| item.value == value)) {
        (ControlKind::Menu | ControlKind::IntegerMenu, Some(item)) => Item(item).to_string(),
        (ControlKind::Bitmask, _) => format!("{value:#x}"),
        _ => value.to_string(),
    }
}

/// `3 (Aperture Priority Mode)`.
struct Item<'a>(&'a MenuItem);

impl fmt::Display for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0.value, self.0.title)
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::super::recorded::Device;
    use super::*;

    fn asked(device: &Device, controls: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let controls: Vec<_> = controls.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        set(device, &controls).map_err(|error| error.to_string())
    }

    fn refused(controls: &[(&str, &str)]) -> String {
        asked(&Device::vivid(), controls).unwrap_err()
    }

    fn control(id: u32, title: &str, kind: ControlKind, flags: u32, items: &[(i64, &str)]) -> Control {
        let items = items.iter().map(|&(value, title)| MenuItem { value, title: title.into() }).collect();
        Control { id, title: title.into(), kind, least: 0, most: 5000, step: 1, default: 0, flags, items }
    }

    /// Controls as uvcvideo names them, today or before Linux 5.16.
    fn webcam(titles: [&str; 2]) -> Device {
        let device = Device::named("uvcvideo", "HD Webcam", "usb-0000:00:14.0-1", 0);
        let modes = [(1, "Manual Mode"), (3, "Aperture Priority Mode")];
        device.change(|answers| {
            answers.controls = vec![
                control(id::EXPOSURE_AUTO, titles[0], ControlKind::Menu, 0, &modes),
                control(id::EXPOSURE_ABSOLUTE, titles[1], ControlKind::Integer, 0, &[]),
            ];
            answers.values = [(id::EXPOSURE_AUTO, 3), (id::EXPOSURE_ABSOLUTE, 250)].into();
        });
        device
    }

    #[test]
    fn names_are_written_as_v4l2_ctl_writes_them() {
        // Titles and names out of v4l2-ctl's own listing.
        for (title, name) in [
            ("Exposure Time, Absolute", "exposure_time_absolute"),
            ("White Balance, Automatic", "white_balance_automatic"),
            ("Gain, Automatic", "gain_automatic"),
            ("Y'CbCr Encoding", "y_cbcr_encoding"),
            ("Fill Percentage of Frame", "fill_percentage_of_frame"),
            ("Inject V4L2_BUF_FLAG_ERROR", "inject_v4l2_buf_flag_error"),
            ("  (odd) -- ", "odd"),
            ("", ""),
        ] {
            assert_eq!(name_of(title), name);
        }
    }

    #[test]
    fn switches_are_set_before_what_they_switch() {
        let device = Device::vivid();
        assert_eq!(asked(&device, &[("gain", "3"), ("brightness", "10"), ("gain_automatic", "off")]), Ok(Vec::new()));
        let log = device.change(|answers| answers.log.clone());
        assert_eq!(log, ["0x00980912=0", "0x00980913=3", "0x00980900=10"]);
    }

    #[test]
    fn old_and_new_names_mean_the_same() {
        for titles in [["Exposure, Auto", "Exposure (Absolute)"], ["Auto Exposure", "Exposure Time, Absolute"]] {
            for names in [["exposure_auto", "exposure_absolute"], ["auto_exposure", "exposure_time_absolute"]] {
                let device = webcam(titles);
                assert_eq!(
                    asked(&device, &[(names[1], "200"), (names[0], "1")]),
                    Ok(Vec::new()),
                    "{titles:?} {names:?}"
                );
                let values = device.change(|answers| answers.values.clone());
                assert_eq!(values, [(id::EXPOSURE_AUTO, 1), (id::EXPOSURE_ABSOLUTE, 200)].into());
            }
        }
        let twice =
            asked(&webcam(["Auto Exposure", "x"]), &[("exposure_auto", "1"), ("auto_exposure", "3")]).unwrap_err();
        assert_eq!(twice, "`exposure_auto` and `auto_exposure` are the same control");
    }

    #[test]
    fn items_of_menus_go_by_number_or_name() {
        for value in ["1", "Manual Mode", "manual_mode"] {
            let device = webcam(["Auto Exposure", "Exposure Time, Absolute"]);
            assert_eq!(asked(&device, &[("auto_exposure", value)]), Ok(Vec::new()), "{value}");
            assert_eq!(device.change(|answers| answers.values[&id::EXPOSURE_AUTO]), 1);
        }
        let device = webcam(["Auto Exposure", "Exposure Time, Absolute"]);
        assert_eq!(
            asked(&device, &[("auto_exposure", "2")]).unwrap_err(),
            "control `auto_exposure=2`: expected one of 1 (Manual Mode), 3 (Aperture Priority Mode)"
        );
    }

    #[test]
    fn values_are_checked_before_anything_is_set() {
        for (control, words) in [
            (("gian", "3"), "the camera has no control `gian`; did you mean `gain`?"),
            (("qqq", "3"), "the camera has no control `qqq`"),
            (("brightness", "256"), "control `brightness=256`: expected a number from 0 to 255"),
            (("brightness", "much"), "control `brightness=much`: expected a number from 0 to 255"),
            (("gain_automatic", "2"), "control `gain_automatic=2`: expected 0 (off) or 1 (on)"),
            (("test_pattern", "no such"), "control `test_pattern=no such`: expected one of 0 (75% Colorbar), "),
            (("button", "2"), "control `button=2`: expected 1, which presses the button"),
            (("bitmask", "0x1"), "control `bitmask=0x1`: expected bits out of 0x80402010"),
            (("string", "abc"), "control `string` has values of a kind that cannot be set here (V4L2_CTRL_TYPE 7)"),
        ] {
            let device = Device::vivid();
            let error = asked(&device, &[("hue", "1"), control]).unwrap_err();
            assert!(error.starts_with(words), "{error}");
            assert!(device.change(|answers| answers.log.is_empty()), "{words}");
        }
        assert_eq!(asked(&Device::vivid(), &[("bitmask", "0x80000000"), ("test_pattern", "noise")]), Ok(Vec::new()));
        // A typing error in a setting looks like a control.
        assert!(
            refused(&[("formatt", "YUYV")]).contains("did you mean `format`"),
            "{}",
            refused(&[("formatt", "YUYV")])
        );
    }

    #[test]
    fn what_has_no_effect_is_an_error_that_names_the_reason() {
        assert_eq!(refused(&[("gain", "3")]), "control `gain` has no effect now: `gain_automatic=1` is on");
        let flagged = |flags| {
            let device = webcam(["Auto Exposure", "Exposure Time, Absolute"]);
            device.change(|answers| answers.controls[1].flags = flags);
            asked(&device, &[("exposure_time_absolute", "200")]).unwrap_err()
        };
        assert_eq!(
            flagged(Control::INACTIVE),
            "control `exposure_time_absolute` has no effect now: `auto_exposure=3 (Aperture Priority Mode)` is on"
        );
        assert_eq!(flagged(Control::READ_ONLY), "control `exposure_time_absolute` can only be read");
        assert_eq!(
            flagged(Control::GRABBED),
            "control `exposure_time_absolute` cannot be changed now: the camera is in use"
        );
        let device = Device::vivid();
        device.change(|answers| answers.refused.insert("VIDIOC_S_CTRL", Errno::IO));
        assert_eq!(asked(&device, &[("hue", "1")]).unwrap_err(), "control `hue=1`: Input/output error (os error 5)");
    }

    #[test]
    fn what_the_camera_made_of_a_value_is_said() {
        let device = webcam(["Auto Exposure", "Exposure Time, Absolute"]);
        device.change(|answers| answers.stubborn = [(id::EXPOSURE_ABSOLUTE, 156), (id::EXPOSURE_AUTO, 3)].into());
        assert_eq!(
            asked(&device, &[("auto_exposure", "1"), ("exposure_time_absolute", "157")]),
            Ok(vec![
                "control `auto_exposure`: asked for 1 (Manual Mode), the camera set 3 (Aperture Priority Mode)".into(),
                "control `exposure_time_absolute`: asked for 157, the camera set 156".into(),
            ])
        );
    }

    #[test]
    fn every_control_of_a_driver_with_every_kind_is_listed() {
        let states = states(&Device::vivid());
        let value = |name: &str| states.iter().find(|state| state.name == name).unwrap().value;
        assert_eq!(
            (value("brightness"), value("gain_automatic"), value("button"), value("string")),
            (Some(128), Some(1), None, None)
        );
        assert_eq!(states.len(), Device::vivid().change(|answers| answers.controls.len()));
    }
}
