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
        let value = (is_read && !control.has(Control::WRITE_ONLY)).then(|| node.value(control.id).ok()).flatten();
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
    let value = node.value(control.id).ok()?;
    Some(format!("{}={}", name_of(&control.title), shown(control, value)))
}

/// What the camera made of a wish, if it is something else.
fn difference(node: &dyn Node, controls: &[Control], wish: &Wanted) -> Option<String> {
    let control = controls.iter().find(|control| control.id == wish.id)?;
    if control.kind == ControlKind::Button || control.has(Control::WRITE_ONLY) {
        return None;
    }
    match node.value(wish.id) {
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
