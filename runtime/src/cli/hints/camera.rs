//! What to do about a camera that cannot be used.

use std::path::Path;

use crate::stream::sources::v4l2::controls::ControlError;
use crate::stream::sources::v4l2::error::{CameraError, Role};
use crate::stream::sources::v4l2::sensor::Board;
use crate::stream::sources::v4l2::survey::NodeReport;

/// For an error that ends the program.
pub(super) fn hint(error: &CameraError) -> Option<String> {
    match error {
        CameraError::NotFound { .. } | CameraError::Absent { .. } => Some(
            "`moead-edge devices` lists the cameras of this machine\n\
             one that is plugged in later is waited for with `--wait-for-cameras`"
                .into(),
        ),
        CameraError::Permission { group: Some(group), .. } => {
            Some(format!("join the group: `sudo usermod -aG {group} \"$USER\"`, then log in again"))
        }
        CameraError::Permission { group: None, .. } => Some(
            "an udev rule gives it to a group: `SUBSYSTEM==\"video4linux\", GROUP=\"video\", MODE=\"0660\"`".into(),
        ),
        CameraError::Busy { .. } => {
            Some("close the other program, or wait for its end with `--wait-for-cameras`".into())
        }
        CameraError::NotACamera { role: Role::Output, .. } => {
            Some("start the program that feeds it first, or wait for it with `--wait-for-cameras`".into())
        }
        CameraError::NotACamera { .. } => Some("`moead-edge devices` says what each device is".into()),
        CameraError::SeveralPlanes { path, .. } => Some(gstreamer(path)),
        CameraError::RawSensor { board, .. } => Some(sensor(*board)),
        CameraError::NoFormat { path, .. } | CameraError::NoStreaming { path, .. } => Some(ffmpeg(path)),
        CameraError::NotOffered { path, .. } => Some(format!(
            "`moead-edge devices {}` lists what it offers; what is left out of the URI is chosen",
            path.display()
        )),
        CameraError::Unreadable { path, .. } => Some(format!(
            "ask for another mode, as in `format=YUYV`: `moead-edge devices {}` lists them",
            path.display()
        )),
        CameraError::Control { path, problem } => Some(match problem {
            ControlError::Inactive { automatic: Some(automatic), .. } => {
                let switch = automatic.split('=').next().unwrap_or(automatic);
                format!(
                    "switch the automatic off in the same URI, as in `{switch}=…`: `moead-edge devices {}` lists its values",
                    path.display()
                )
            }
            _ => format!("`moead-edge devices {}` lists controls and their values", path.display()),
        }),
        CameraError::Bandwidth { .. } => Some(
            "ask for a smaller `size=`, a lower `fps=` or `format=MJPG`, or use a USB controller of its own".into(),
        ),
        CameraError::Changed { .. } | CameraError::Gone { .. } | CameraError::Refused { .. } => None,
    }
}

/// For a node in a list of all: where to look is no help there.
pub(in crate::cli) fn of_node(report: &NodeReport) -> Option<String> {
    match report.camera.as_ref().err()? {
        CameraError::NotFound { .. } | CameraError::NotACamera { .. } | CameraError::Busy { .. } => None,
        error => hint(error),
    }
}

/// The pipe that works where a sensor is wired to a board.
fn sensor(board: Board) -> String {
    let raspberry_pi = "rpicam-vid -n -t 0 --codec mjpeg --width 1280 --height 720 -o - | moead-edge --source - …";
    let jetson = "gst-launch-1.0 -q nvarguscamerasrc ! 'video/x-raw(memory:NVMM),width=1280,height=720,framerate=30/1' \
                  ! nvjpegenc ! fdsink fd=3 3>&1 1>&2 | moead-edge --source - …";
    let other =
        "gst-launch-1.0 -q libcamerasrc ! videoconvert ! jpegenc ! fdsink fd=3 3>&1 1>&2 | moead-edge --source - …";
    let pipe = match board {
        Board::RaspberryPi => raspberry_pi,
        Board::Jetson => jetson,
        Board::Other => other,
    };
    format!("have the board's own program make pictures of it: `{pipe}`")
}

fn gstreamer(path: &Path) -> String {
    format!(
        "have it converted: `gst-launch-1.0 -q v4l2src device={} ! videoconvert ! jpegenc ! fdsink fd=3 3>&1 1>&2 \
         | moead-edge --source - …`",
        path.display()
    )
}

fn ffmpeg(path: &Path) -> String {
    format!(
        "have it converted: `ffmpeg -loglevel error -f v4l2 -i {} -f yuv4mpegpipe -pix_fmt yuv420p - \
         | moead-edge --source - …`",
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_sensor_gets_the_pipe_of_its_board() {
        let hint = |board| {
            let (path, driver) = ("/dev/video0".into(), "x".into());
            hint(&CameraError::RawSensor { path, driver, formats: Vec::new(), board }).unwrap()
        };
        for (board, program) in
            [(Board::RaspberryPi, "rpicam-vid"), (Board::Jetson, "nvarguscamerasrc"), (Board::Other, "libcamerasrc")]
        {
            assert!(hint(board).contains(program) && hint(board).contains("| moead-edge --source -"));
        }
    }

    #[test]
    fn a_permission_is_got_from_the_group_if_there_is_one() {
        let hint = |group: Option<&str>| {
            hint(&CameraError::Permission { path: "/dev/video0".into(), group: group.map(Into::into) }).unwrap()
        };
        assert_eq!(hint(Some("video")), "join the group: `sudo usermod -aG video \"$USER\"`, then log in again");
        assert!(hint(None).contains("udev"));
    }
}
