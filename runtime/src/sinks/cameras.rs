//! What `moead-edge devices` tells: text for people, one JSON document for programs. This module is its specification.
//!
//! ```json
//! {"schema":1,"devices":[{"path":"/dev/video0","links":["/dev/v4l/by-id/usb-Maker_HD_Webcam_A1-video-index0"],
//!  "uri":"v4l2:///dev/v4l/by-id/usb-Maker_HD_Webcam_A1-video-index0","driver":"uvcvideo","card":"HD Webcam",
//!  "bus":"usb-0000:00:14.0-1","usable":true,"reason":null,
//!  "current":{"format":"YUYV","width":640,"height":480,"fps":30.0},
//!  "formats":[{"format":"YUYV","description":"YUYV 4:2:2","readable":true,
//!   "sizes":[{"width":640,"height":480,"fps":[30.0,15.0]}]}],
//!  "controls":[{"name":"auto_exposure","title":"Auto Exposure","id":10094849,"type":"menu","min":0,"max":3,"step":1,
//!   "default":3,"value":3,"menu":[{"value":1,"name":"Manual Mode"},{"value":3,"name":"Aperture Priority Mode"}],
//!   "settable":true,"inactive":false}]}]}
//! ```
//!
//! | field | meaning |
//! | --- | --- |
//! | `links` | other paths that stay when the node's number changes, the steadiest first |
//! | `uri` | for `--source`: by the steadiest path |
//! | `driver`, `card`, `bus` | null where the node cannot be opened |
//! | `usable`, `reason` | whether frames can be had from it, and why not |
//! | `current` | what is set now, by whomever; null where nothing is, and so is its `fps` |
//! | `readable` | whether `format=` takes it |
//! | `sizes` | a range of sizes has `min_width`, `max_width`, `step_width`, `min_height`, `max_height`, `step_height` in place of `width` and `height` |
//! | `fps` | empty where the driver lists none; a range is `{"min":1.0,"max":90.0}`; those of a range of sizes are those of its largest |
//! | `name` | as a control is set in a URI |
//! | `type` | `integer`, `boolean`, `menu`, `integer_menu`, `button`, `bitmask` or `other` |
//! | `value` | null where it cannot be read |
//! | `menu` | null for other types |
//! | `settable` | false: it can only be read, or its type cannot be written in a URI |
//! | `inactive` | setting it has no effect now: another control, mostly an automatic one, has it |
//!
//! A node that is no use has no `current`, `formats` and `controls`: they are null.

use std::fmt::{self, Write as _};

use serde_json::{Value, json};

use super::text::Printable;
use crate::stream::sources::v4l2::controls::{ControlState, shown};
use crate::stream::sources::v4l2::modes::{FormatOffer, rates};
use crate::stream::sources::v4l2::node::{Control, ControlKind, Intervals, Pixels, Sizes};
use crate::stream::sources::v4l2::survey::{CameraReport, NodeReport};

/// One JSON document.
pub fn json(reports: &[NodeReport]) -> Value {
    json!({"schema": 1, "devices": reports.iter().map(node_json).collect::<Vec<_>>()})
}

fn node_json(report: &NodeReport) -> Value {
    let camera = report.camera.as_ref();
    let capabilities = report.capabilities.as_ref();
    json!({
        "path": report.path.to_string_lossy(),
        "links": report.links.iter().map(|link| link.to_string_lossy()).collect::<Vec<_>>(),
        "uri": uri(report),
        "driver": capabilities.map(|capabilities| &capabilities.driver),
        "card": capabilities.map(|capabilities| &capabilities.card),
        "bus": capabilities.map(|capabilities| &capabilities.bus),
        "usable": camera.is_ok(),
        "reason": camera.err().map(ToString::to_string),
        "current": camera.ok().and_then(current_json),
        "formats": camera.ok().map(|camera| camera.formats.iter().map(format_json).collect::<Vec<_>>()),
        "controls": camera.ok().map(|camera| camera.controls.iter().map(control_json).collect::<Vec<_>>()),
    })
}

/// For `--source`, by the steadiest path.
fn uri(report: &NodeReport) -> String {
    format!("v4l2://{}", report.links.first().unwrap_or(&report.path).display())
}

fn current_json(camera: &CameraReport) -> Option<Value> {
    let layout = camera.layout.as_ref()?;
    Some(json!({
        "format": layout.format.to_string(),
        "width": layout.size.width,
        "height": layout.size.height,
        "fps": camera.interval.map(|interval| interval.rate()),
    }))
}

fn format_json(offer: &FormatOffer) -> Value {
    let sizes = offer.sizes.iter().map(|(sizes, intervals)| {
        let fps: Vec<_> = intervals.iter().map(interval_json).collect();
        match sizes {
            Sizes::One(size) => json!({"width": size.width, "height": size.height, "fps": fps}),
            Sizes::Range { least, most, step } => json!({
                "min_width": least.width, "max_width": most.width, "step_width": step.width,
                "min_height": least.height, "max_height": most.height, "step_height": step.height,
                "fps": fps,
            }),
        }
    });
    json!({
        "format": offer.format.format.to_string(),
        "description": offer.format.description,
        "readable": offer.encoding.is_some(),
        "sizes": sizes.collect::<Vec<_>>(),
    })
}

fn interval_json(intervals: &Intervals) -> Value {
    match intervals {
        Intervals::One(interval) => json!(interval.rate()),
        Intervals::Range { shortest, longest } => json!({"min": longest.rate(), "max": shortest.rate()}),
    }
}

fn control_json(state: &ControlState) -> Value {
    let control = &state.control;
    let is_menu = matches!(control.kind, ControlKind::Menu | ControlKind::IntegerMenu);
    let item = |item: &crate::stream::sources::v4l2::node::MenuItem| json!({"value": item.value, "name": item.title});
    json!({
        "name": state.name,
        "title": control.title,
        "id": control.id,
        "type": kind(control.kind),
        "min": control.least,
        "max": control.most,
        "step": control.step,
        "default": control.default,
        "value": state.value,
        "menu": is_menu.then(|| control.items.iter().map(item).collect::<Vec<_>>()),
        "settable": is_settable(control),
        "inactive": control.has(Control::INACTIVE),
    })
}

fn kind(kind: ControlKind) -> &'static str {
    match kind {
        ControlKind::Integer => "integer",
        ControlKind::Boolean => "boolean",
        ControlKind::Menu => "menu",
        ControlKind::IntegerMenu => "integer_menu",
        ControlKind::Button => "button",
        ControlKind::Bitmask => "bitmask",
        ControlKind::Other(_) => "other",
    }
}

fn is_settable(control: &Control) -> bool {
    !control.has(Control::READ_ONLY) && !matches!(control.kind, ControlKind::Other(_))
}

/// Lines for people. `hint` says what can be done about a node that is no use.
pub fn text(report: &NodeReport, hint: impl Fn(&NodeReport) -> Option<String>) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_text(&mut text, report, hint);
    text
}

fn write_text(text: &mut String, report: &NodeReport, hint: impl Fn(&NodeReport) -> Option<String>) -> fmt::Result {
    write!(text, "{}", Printable(report.path.display()))?;
    if let Some(about) = &report.capabilities {
        write!(text, "  {} (driver {}, {})", Printable(&about.card), Printable(&about.driver), Printable(&about.bus))?;
    }
    writeln!(text)?;
    let camera = match &report.camera {
        Ok(camera) => camera,
        Err(error) => {
            let reason = error.to_string();
            // The path stands above.
            let path = format!("{}: ", report.path.display());
            writeln!(text, "  {}", Printable(reason.strip_prefix(&path).unwrap_or(&reason)))?;
            for line in hint(report).iter().flat_map(|hint| hint.lines()) {
                writeln!(text, "  hint: {}", Printable(line))?;
            }
            return Ok(());
        }
    };
    writeln!(text, "  --source '{}'", Printable(uri(report)))?;
    if let Some(layout) = &camera.layout {
        let rate = camera.interval.map_or_else(String::new, |interval| format!(" at {interval}"));
        writeln!(text, "  set now: {} {}{rate}", layout.format, Pixels(layout.size))?;
    }
    write_formats(text, &camera.formats)?;
    write_controls(text, &camera.controls)
}

/// Formats with the same sizes and rates share their lines.
fn write_formats(text: &mut String, offers: &[FormatOffer]) -> fmt::Result {
    let mut groups: Vec<(Vec<String>, &FormatOffer)> = Vec::new();
    for offer in offers.iter().filter(|offer| offer.encoding.is_some()) {
        let name = offer.format.format.to_string();
        match groups.iter_mut().find(|(_, known)| known.sizes == offer.sizes) {
            Some((names, _)) => names.push(name),
            None => groups.push((vec![name], offer)),
        }
    }
    for (names, offer) in groups {
        writeln!(text, "  format {}", names.join(", "))?;
        for (sizes, intervals) in &offer.sizes {
            let size = match sizes {
                Sizes::One(size) => Pixels(*size).to_string(),
                Sizes::Range { least, most, step } => {
                    format!("{} to {} in steps of {}", Pixels(*least), Pixels(*most), Pixels(*step))
                }
            };
            let rates = if intervals.is_empty() { String::new() } else { format!("{} fps", rates(intervals)) };
            writeln!(text, "    {size:<10} {rates}")?;
        }
    }
    let unread = offers.iter().filter(|offer| offer.encoding.is_none()).count();
    let plural = if unread == 1 { "" } else { "s" };
    if unread > 0 { writeln!(text, "  and {unread} format{plural} that cannot be read") } else { Ok(()) }
}

fn write_controls(text: &mut String, states: &[ControlState]) -> fmt::Result {
    if states.is_empty() {
        return Ok(());
    }
    writeln!(text, "  controls")?;
    let longest = states.iter().map(|state| state.name.chars().count()).max().unwrap_or_default();
    for state in states {
        let control = &state.control;
        let value = state.value.map_or_else(|| "-".into(), |value| value.to_string());
        let values = match control.kind {
            ControlKind::Boolean => "0 or 1".into(),
            ControlKind::Menu | ControlKind::IntegerMenu => {
                control.items.iter().map(|item| shown(control, item.value)).collect::<Vec<_>>().join(", ")
            }
            ControlKind::Button => "1 presses it".into(),
            ControlKind::Bitmask => format!("bits out of {:#x}", control.most),
            ControlKind::Integer => format!("{} to {}", control.least, control.most),
            ControlKind::Other(_) => "cannot be set here".into(),
        };
        // A name is letters, digits and `_`, and a title is not.
        write!(text, "    {:<longest$}  {value:<6} {}", state.name, Printable(values))?;
        if control.kind == ControlKind::Integer && control.step > 1 {
            write!(text, " in steps of {}", control.step)?;
        }
        if state.value.is_some_and(|value| value != control.default) {
            write!(text, ", default {}", control.default)?;
        }
        for (flag, words) in [(Control::READ_ONLY, "only to be read"), (Control::INACTIVE, "has no effect now")] {
            if control.has(flag) {
                write!(text, "; {words}")?;
            }
        }
        writeln!(text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use moead_model::architecture::ImageSize;

    use super::*;
    use crate::stream::sources::v4l2::encoding::Encoding;
    use crate::stream::sources::v4l2::error::{CameraError, Role};
    use crate::stream::sources::v4l2::node::{Capabilities, FormatDescription, FourCc, Interval, Layout, MenuItem};

    fn webcam() -> NodeReport {
        let size = |width, height| ImageSize { height, width };
        let fps = |rate: f64| Intervals::One(Interval::of_rate(rate).unwrap());
        let offer = |code: &[u8; 4], description: &str, sizes| FormatOffer {
            format: FormatDescription { format: FourCc(*code), description: description.into() },
            encoding: Encoding::of(FourCc(*code)),
            sizes,
        };
        let layout = Layout {
            format: FourCc(*b"YUYV"),
            size: size(640, 480),
            field: 1,
            stride: 1280,
            bytes: 614_400,
            colour_space: 8,
            encoding: 0,
            quantization: 0,
        };
        let item = |value, title: &str| MenuItem { value, title: title.into() };
        let exposure = Control {
            id: 0x009a_0901,
            title: "Auto Exposure".into(),
            kind: ControlKind::Menu,
            least: 0,
            most: 3,
            step: 1,
            default: 3,
            flags: 0,
            items: vec![item(1, "Manual Mode"), item(3, "Aperture Priority Mode")],
        };
        NodeReport {
            path: "/dev/video0".into(),
            links: vec!["/dev/v4l/by-id/usb-Maker_HD_Webcam_A1-video-index0".into()],
            capabilities: Some(Capabilities {
                driver: "uvcvideo".into(),
                card: "HD Webcam".into(),
                bus: "usb-0000:00:14.0-1".into(),
                flags: 0,
            }),
            camera: Ok(CameraReport {
                formats: vec![offer(
                    b"YUYV",
                    "YUYV 4:2:2",
                    vec![(Sizes::One(size(640, 480)), vec![fps(30.0), fps(15.0)])],
                )],
                layout: Some(layout),
                interval: Interval::of_rate(30.0),
                controls: vec![ControlState { name: "auto_exposure".into(), control: exposure, value: Some(3) }],
            }),
        }
    }

    /// The example of this module's documentation.
    fn example() -> Value {
        let lines = include_str!("cameras.rs").lines().map(|line| line.trim_start_matches("//!"));
        let inside =
            lines.skip_while(|line| !line.contains("```json")).skip(1).take_while(|line| !line.contains("```"));
        serde_json::from_str(&inside.collect::<String>()).unwrap()
    }

    #[test]
    fn the_document_is_as_specified() {
        assert_eq!(json(&[webcam()]), example());
    }

    #[test]
    fn ranges_and_nodes_of_no_use_have_forms_of_their_own() {
        let end = |rate: f64| Interval::of_rate(rate).unwrap();
        let range = Intervals::Range { shortest: end(90.0), longest: end(1.0) };
        let size = |side| ImageSize { height: side, width: side };
        let offer = FormatOffer {
            format: FormatDescription { format: FourCc(*b"H264"), description: "H.264".into() },
            encoding: None,
            sizes: vec![(Sizes::Range { least: size(32), most: size(64), step: size(2) }, vec![range])],
        };
        assert_eq!(
            format_json(&offer),
            json!({"format": "H264", "description": "H.264", "readable": false, "sizes": [{
                "min_width": 32, "max_width": 64, "step_width": 2, "min_height": 32, "max_height": 64, "step_height": 2,
                "fps": [{"min": 1.0, "max": 90.0}],
            }]})
        );
        let path = std::path::PathBuf::from("/dev/video1");
        let error = CameraError::NotACamera { path: path.clone(), driver: None, role: Role::Other };
        let report = NodeReport { path, links: Vec::new(), capabilities: None, camera: Err(error) };
        let document = node_json(&report);
        assert_eq!(document["reason"], "/dev/video1: not a camera: not a video device");
        assert_eq!(
            (&document["usable"], &document["formats"], &document["card"]),
            (&json!(false), &Value::Null, &Value::Null)
        );
        let hinted = text(&report, |_| Some("one\ntwo".into()));
        assert_eq!(hinted, "/dev/video1\n  not a camera: not a video device\n  hint: one\n  hint: two\n");
    }

    #[test]
    fn people_see_what_they_can_ask_for() {
        let mut report = webcam();
        if let Ok(camera) = &mut report.camera {
            let mut grey = camera.formats[0].clone();
            (grey.format.format, grey.encoding) = (FourCc(*b"GREY"), Encoding::of(FourCc(*b"GREY")));
            let mut unread = grey.clone();
            (unread.format.format, unread.encoding) = (FourCc(*b"H264"), None);
            camera.formats.extend([grey, unread]);
            let mut gain = camera.controls[0].clone();
            gain.name = "gain".into();
            gain.value = Some(28);
            gain.control.kind = ControlKind::Integer;
            gain.control.flags = Control::INACTIVE;
            camera.controls.push(gain);
        }
        insta::assert_snapshot!(text(&report, |_| None), @r"
        /dev/video0  HD Webcam (driver uvcvideo, usb-0000:00:14.0-1)
          --source 'v4l2:///dev/v4l/by-id/usb-Maker_HD_Webcam_A1-video-index0'
          set now: YUYV 640x480 at 30 fps
          format YUYV, GREY
            640x480    30, 15 fps
          and 1 format that cannot be read
          controls
            auto_exposure  3      1 (Manual Mode), 3 (Aperture Priority Mode)
            gain           28     0 to 3, default 3; has no effect now
        ");
    }

    #[test]
    fn a_name_cannot_move_the_cursor() {
        let mut report = webcam();
        if let Some(about) = &mut report.capabilities {
            about.card = "\u{1b}[2J".into();
        }
        assert!(text(&report, |_| None).starts_with("/dev/video0  \\u{1b}[2J (driver"));
    }
}
