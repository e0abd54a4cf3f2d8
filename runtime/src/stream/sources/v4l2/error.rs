//! Why a camera delivers nothing.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::controls::ControlError;
use super::identity::Identity;
use super::modes::NotOffered;
use super::node::FourCc;
use super::sensor::Board;

/// Why a camera delivers nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CameraError {
    /// There is no such device.
    #[error("{}: no such device; {}", .path.display(), Listed(.cameras))]
    NotFound {
        /// As asked for.
        path: PathBuf,
        /// The cameras that there are, with their names.
        cameras: Vec<String>,
    },
    /// The camera that was there before is not there now.
    #[error("{identity}: the camera is not there; {}", Listed(.cameras))]
    Absent {
        /// The one that is looked for.
        identity: Identity,
        /// The cameras that there are, with their names.
        cameras: Vec<String>,
    },
    /// The user may not open it.
    #[error("{}: permission denied; {}", .path.display(), match .group {
        Some(group) => format!("the device belongs to the group `{group}`"),
        None => "only its owner may use the device".into(),
    })]
    Permission {
        /// The node.
        path: PathBuf,
        /// Whose members may open it.
        group: Option<String>,
    },
    /// Another program has it.
    #[error("{}: the camera is busy; {}", .path.display(), Held(.holders))]
    Busy {
        /// The node.
        path: PathBuf,
        /// Programs that hold the node open, as far as this one may know.
        holders: Vec<Holder>,
    },
    /// Not something that pictures come from.
    #[error("{}: not a camera: {role}{}", .path.display(), match .driver {
        Some(driver) => format!(" (driver {driver})"),
        None => String::new(),
    })]
    NotACamera {
        /// The node.
        path: PathBuf,
        /// None where the node has no driver to ask.
        driver: Option<String>,
        /// What it is instead.
        role: Role,
    },
    /// Frames come in several pieces of memory.
    #[error("{}: driver {driver} delivers frames in several memory planes (V4L2_CAP_VIDEO_CAPTURE_MPLANE), which cannot be read", .path.display())]
    SeveralPlanes {
        /// The node.
        path: PathBuf,
        /// The driver's name.
        driver: String,
    },
    /// What the sensor sees, before anything has made a picture of it.
    #[error("{}: not a camera but the raw node of a sensor on {board} (driver {driver}; formats {})", .path.display(), Codes(.formats))]
    RawSensor {
        /// The node.
        path: PathBuf,
        /// The driver's name.
        driver: String,
        /// What the node offers.
        formats: Vec<FourCc>,
        /// Where it is wired up.
        board: Board,
    },
    /// Frames can only be read like a file.
    #[error("{}: driver {driver} cannot stream (V4L2_CAP_STREAMING)", .path.display())]
    NoStreaming {
        /// The node.
        path: PathBuf,
        /// The driver's name.
        driver: String,
    },
    /// None of its formats is read.
    #[error("{}: no format that can be read; the camera offers {}", .path.display(), Codes(.formats))]
    NoFormat {
        /// The node.
        path: PathBuf,
        /// What it offers.
        formats: Vec<FourCc>,
    },
    /// Something that was asked for is not there.
    #[error("{}: the camera {not_offered}", .path.display())]
    NotOffered {
        /// The node.
        path: PathBuf,
        /// What, and what is there instead.
        not_offered: NotOffered,
    },
    /// The driver set a format that cannot be read.
    #[error("{}: the camera delivers {found}, which cannot be read", .path.display())]
    Unreadable {
        /// The node.
        path: PathBuf,
        /// In words.
        found: String,
    },
    /// A control cannot be set as asked.
    #[error("{}: {problem}", .path.display())]
    Control {
        /// The node.
        path: PathBuf,
        /// Which, and why.
        problem: ControlError,
    },
    /// The bus has no room for that many pixels a second.
    #[error("{}: the bus has no room left for {mode}", .path.display())]
    Bandwidth {
        /// The node.
        path: PathBuf,
        /// What was agreed.
        mode: String,
    },
    /// The camera's frames are others than agreed.
    #[error("{}: the camera delivers something else since {agreed} was agreed: {found}", .path.display())]
    Changed {
        /// The node.
        path: PathBuf,
        /// What was agreed.
        agreed: String,
        /// What comes now.
        found: String,
    },
    /// It was unplugged, or its driver was taken away.
    #[error("{}: the camera is gone", .path.display())]
    Gone {
        /// The node.
        path: PathBuf,
    },
    /// The driver refused something.
    #[error("{}: {call}: {source}", .path.display())]
    Refused {
        /// The node.
        path: PathBuf,
        /// As the API calls it.
        call: &'static str,
        /// By the kernel.
        source: io::Error,
    },
}

/// What a node is, if not a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// Not a video device.
    Other,
    /// Exposure times and the like of a camera that is another node.
    Metadata,
    /// It takes pictures and delivers others: an encoder, a decoder, a scaler.
    Codec,
    /// It takes pictures; so does a v4l2loopback device until a program feeds it.
    Output,
    /// Radio, teletext, touch: whatever else there is.
    Unknown,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Other => "not a video device",
            Self::Metadata => "a camera's metadata",
            Self::Codec => "a codec, which changes pictures",
            Self::Output => "an output, or a loopback that no program feeds yet",
            Self::Unknown => "nothing that delivers pictures",
        })
    }
}

/// A program that holds a node open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its process's number.
    pub process: u32,
    /// Its name.
    pub program: String,
}

/// Cameras as the end of a sentence.
struct Listed<'a>(&'a [String]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("this machine has no camera"),
            cameras => write!(f, "there is {}", cameras.join(", ")),
        }
    }
}

/// Holders as the end of a sentence.
struct Held<'a>(&'a [Holder]);

impl fmt::Display for Held<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("another program has it");
        }
        for (index, holder) in self.0.iter().enumerate() {
            let separator = if index == 0 { "held by" } else { "," };
            write!(f, "{separator} `{}` (process {})", holder.program, holder.process)?;
        }
        Ok(())
    }
}

/// Codes, one after the other, not too many.
struct Codes<'a>(&'a [FourCc]);

impl fmt::Display for Codes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// More make no sensor clearer.
        const SHOWN: usize = 8;
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (index, format) in self.0.iter().take(SHOWN).enumerate() {
            write!(f, "{}{format}", if index == 0 { "" } else { ", " })?;
        }
        if self.0.len() > SHOWN { write!(f, " and {} more", self.0.len() - SHOWN) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_what_was_found() {
        let path = || PathBuf::from("/dev/video0");
        let holder = |process, program: &str| Holder { process, program: program.into() };
        for (error, words) in [
            (
                CameraError::NotFound { path: path(), cameras: vec!["/dev/video2 (HD Webcam)".into()] },
                "/dev/video0: no such device; there is /dev/video2 (HD Webcam)",
            ),
            (
                CameraError::NotFound { path: path(), cameras: Vec::new() },
                "/dev/video0: no such device; this machine has no camera",
            ),
            (
                CameraError::Permission { path: path(), group: Some("video".into()) },
                "/dev/video0: permission denied; the device belongs to the group `video`",
            ),
            (
                CameraError::Busy { path: path(), holders: vec![holder(812, "cheese"), holder(9, "vlc")] },
                "/dev/video0: the camera is busy; held by `cheese` (process 812), `vlc` (process 9)",
            ),
            (
                CameraError::Busy { path: path(), holders: Vec::new() },
                "/dev/video0: the camera is busy; another program has it",
            ),
            (
                CameraError::NotACamera { path: path(), driver: Some("uvcvideo".into()), role: Role::Metadata },
                "/dev/video0: not a camera: a camera's metadata (driver uvcvideo)",
            ),
            (
                CameraError::RawSensor {
                    path: path(),
                    driver: "unicam".into(),
                    formats: vec![FourCc(*b"pRAA"), FourCc(*b"RG10")],
                    board: Board::RaspberryPi,
                },
                "/dev/video0: not a camera but the raw node of a sensor on a Raspberry Pi (driver unicam; formats pRAA, RG10)",
            ),
        ] {
            assert_eq!(error.to_string(), words);
        }
    }

    #[test]
    fn a_long_list_of_codes_is_cut() {
        let codes: Vec<_> = (b'0'..=b'9').map(|digit| FourCc([b'X', b'X', b'X', digit])).collect();
        assert!(Codes(&codes).to_string().ends_with("XXX7 and 2 more"));
        assert_eq!(Codes(&[]).to_string(), "none");
    }
}
