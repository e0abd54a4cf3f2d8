//! What is asked of a camera: `v4l2:///dev/video0?format=MJPG&size=1280x720&fps=30&gain=10`.

use std::path::PathBuf;

use moead_model::architecture::ImageSize;

use super::encoding::Encoding;
use crate::stream::uri::UriError;
use crate::stream::uri::query::Query;

/// What is asked of a camera. Whatever is left open is chosen by cost.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraRequest {
    /// The node, or a link to it that udev keeps.
    pub device: PathBuf,
    /// How frames are encoded.
    pub encoding: Option<Encoding>,
    /// Of whole frames.
    pub size: Option<ImageSize>,
    /// Frames per second.
    pub rate: Option<f64>,
    /// Bytes from one row to the next.
    pub stride: Option<u32>,
    /// Controls by name with their values, in this order.
    pub controls: Vec<(String, String)>,
}

impl CameraRequest {
    /// Its settings, apart from controls.
    pub const SETTINGS: [&'static str; 5] = ["format", "size", "fps", "stride", "roi"];

    /// Reads what stands behind `v4l2://`: a path, `video0` or `0`. Settings that it does not know are controls: what
    /// controls there are, only the camera can tell.
    ///
    /// # Errors
    /// [`UriError`]
    pub fn parse(address: &str, query: &mut Query) -> Result<Self, UriError> {
        let device = device(address).ok_or_else(|| UriError::Value {
            key: "v4l2://".into(),
            value: address.into(),
            expected: "a device, as in v4l2:///dev/video0, v4l2:///dev/v4l/by-id/… or v4l2://0".into(),
        })?;
        let names = Encoding::ALL.map(Encoding::name).join(", ");
        let encoding = query.take_with("format", &format!("one of {names}"), Encoding::parse)?;
        let size = query.take_size("size")?;
        let rate = query.take_rate("fps")?;
        let stride = query.take_number("stride", "bytes from one row to the next, as in 1280")?;
        Ok(Self { device, encoding, size, rate, stride, controls: query.take_rest() })
    }
}

/// The path of a device: a path as it is, `video0`, or `0`. None: nothing that could be one.
pub fn device(address: &str) -> Option<PathBuf> {
    // No path has a zero in it, and the kernel's interface cannot say one.
    if address.is_empty() || address.contains('\0') {
        return None;
    }
    let number = address.strip_prefix("video").unwrap_or(address);
    if number.bytes().all(|byte| byte.is_ascii_digit()) {
        return (!number.is_empty()).then(|| format!("/dev/video{number}").into());
    }
    Some(address.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(address: &str, query: &str) -> Result<CameraRequest, UriError> {
        CameraRequest::parse(address, &mut Query::parse(query).unwrap())
    }

    #[test]
    fn a_device_has_a_path_or_a_number() {
        let path = |address| parsed(address, "").map(|request| request.device);
        assert_eq!(path("/dev/video2"), Ok("/dev/video2".into()));
        assert_eq!(path("2"), Ok("/dev/video2".into()));
        assert_eq!(path("video10"), Ok("/dev/video10".into()));
        assert_eq!(path("/dev/v4l/by-id/usb-A-video-index0"), Ok("/dev/v4l/by-id/usb-A-video-index0".into()));
        for nothing in ["", "video", "a\0b"] {
            assert!(path(nothing).is_err(), "{nothing:?}");
        }
    }

    #[test]
    fn settings_are_taken_and_the_rest_are_controls_in_their_order() {
        let request = parsed("0", "gain=10&format=mjpg&size=1280x720&fps=29.97&stride=4096&exposure_auto=1").unwrap();
        let size = ImageSize { height: 720, width: 1280 };
        assert_eq!((request.encoding, request.size), (Some(Encoding::Jpeg), Some(size)));
        assert_eq!((request.rate, request.stride), (Some(29.97), Some(4096)));
        let controls = [("gain", "10"), ("exposure_auto", "1")].map(|(name, value)| (name.into(), value.into()));
        assert_eq!(request.controls, controls);
    }

    #[test]
    fn a_format_that_cannot_be_read_is_refused_with_those_that_can() {
        let error = parsed("0", "format=H264").unwrap_err().to_string();
        assert_eq!(error, "`format=H264`: expected one of YUYV, UYVY, NV12, YU12, RGB3, BGR3, GREY, Y16, MJPG");
        assert!(parsed("0", "stride=-1").is_err());
    }
}
