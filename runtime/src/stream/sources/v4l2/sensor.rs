//! Raw sensors on camera connectors (CSI): their nodes deliver what the sensor sees before anything has made a picture of it.

use std::fmt;

use super::node::{Capabilities, FormatDescription, FourCc};

/// Where a raw sensor is wired up; each has its own program that makes pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Board {
    /// `rpicam-vid`.
    RaspberryPi,
    /// GStreamer's `nvarguscamerasrc`.
    Jetson,
    /// Whatever its maker has, mostly libcamera.
    Other,
}

impl fmt::Display for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RaspberryPi => "a Raspberry Pi",
            Self::Jetson => "a Jetson",
            Self::Other => "this board",
        })
    }
}

/// Drivers of receivers that a sensor is wired to, by the beginnings of their names.
const RECEIVERS: [(&str, Board); 15] = [
    // Raspberry Pi up to 4, in its own kernel and in Linux; Raspberry Pi 5.
    ("unicam", Board::RaspberryPi),
    ("bcm2835-unicam", Board::RaspberryPi),
    ("rp1-cfe", Board::RaspberryPi),
    // Both NVIDIA's and Linux's.
    ("tegra-video", Board::Jetson),
    ("tegra_capture", Board::Jetson),
    ("imx6-csi", Board::Other),
    ("imx7-csi", Board::Other),
    ("imx8-isi", Board::Other),
    ("imx-media", Board::Other),
    ("sun4i_csi", Board::Other),
    ("sun6i-csi", Board::Other),
    ("rkcif", Board::Other),
    ("stm32-dcmi", Board::Other),
    ("ipu3-cio2", Board::Other),
    ("isys", Board::Other),
];

/// The board, if the node is a raw sensor's.
///
/// A receiver's driver alone is no proof: the same one serves an HDMI converter, which delivers pictures. What gives a raw
/// sensor away are its formats, or that a media controller decides about them, so that the node lists whatever the receiver
/// could do with any sensor.
pub(super) fn raw_sensor(capabilities: &Capabilities, formats: &[FormatDescription]) -> Option<Board> {
    let receiver = RECEIVERS.iter().find(|(driver, _)| capabilities.driver.starts_with(driver));
    let has_raw = formats.iter().any(|format| is_raw(format.format));
    let has_only_raw = has_raw && formats.iter().all(|format| is_raw(format.format));
    match receiver {
        Some((_, board)) if has_raw || capabilities.has(Capabilities::MEDIA_CONTROLLER) => Some(*board),
        _ => has_only_raw.then_some(Board::Other),
    }
}

/// Codes of mosaics of single colours (`videodev2.h`, "Bayer formats"), and the Raspberry Pi's compressed ones.
const MOSAICS: &[&[u8; 4]] = &[
    // 8 bits.
    b"BA81", b"GBRG", b"GRBG", b"RGGB", // 10, in two bytes each.
    b"BG10", b"GB10", b"BA10", b"RG10", // 12, 14, 16.
    b"BG12", b"GB12", b"BA12", b"RG12", b"BG14", b"GB14", b"GR14", b"RG14", b"BYR2", b"GB16", b"GR16", b"RG16",
    // 10, 12, 14, packed.
    b"pBAA", b"pGAA", b"pgAA", b"pRAA", b"pBCC", b"pGCC", b"pgCC", b"pRCC", b"pBEE", b"pGEE", b"pgEE", b"pREE",
    // 10, compressed to 8.
    b"aBA8", b"aGA8", b"agA8", b"aRA8", b"bBA8", b"bGA8", b"BD10", b"bRA8", // Intel's and the Raspberry Pi's own.
    b"ip3b", b"ip3g", b"ip3G", b"ip3r", b"PC1B", b"PC1G", b"PC1g", b"PC1R",
];

fn is_raw(format: FourCc) -> bool {
    MOSAICS.contains(&&format.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(driver: &str, flags: u32, codes: &[&[u8; 4]]) -> Option<Board> {
        let capabilities = Capabilities { driver: driver.into(), flags, ..Capabilities::default() };
        let format = |code: &&[u8; 4]| FormatDescription { format: FourCc(**code), description: String::new() };
        raw_sensor(&capabilities, &codes.iter().map(format).collect::<Vec<_>>())
    }

    #[test]
    fn sensors_are_known_by_their_receiver_and_what_it_offers() {
        // What an imx219 offers on a Raspberry Pi 4, an imx708 on a 5, an imx219 on a Jetson.
        assert_eq!(seen("unicam", 0, &[b"pRAA", b"RG10", b"BA81", b"RGGB"]), Some(Board::RaspberryPi));
        let controller = Capabilities::MEDIA_CONTROLLER;
        assert_eq!(seen("rp1-cfe", controller, &[b"YUYV", b"RGB3", b"RG10", b"pRAA"]), Some(Board::RaspberryPi));
        assert_eq!(seen("tegra-video", 0, &[b"RG10"]), Some(Board::Jetson));
        assert_eq!(seen("imx7-csi", controller, &[b"YUYV"]), Some(Board::Other));
        assert_eq!(seen("some-isp", 0, &[b"BG12", b"pBCC"]), Some(Board::Other));
    }

    #[test]
    fn cameras_and_converters_are_not_taken_for_sensors() {
        assert_eq!(seen("uvcvideo", 0, &[b"MJPG", b"YUYV"]), None);
        // A converter from HDMI behind the same receiver.
        assert_eq!(seen("unicam", 0, &[b"UYVY", b"RGB3"]), None);
        assert_eq!(seen("tegra-video", 0, &[b"UYVY", b"NV16"]), None);
        // It offers everything there is.
        assert_eq!(seen("vivid", 0, &[b"YUYV", b"RG10", b"BA81", b"GREY"]), None);
        assert_eq!(seen("v4l2 loopback", 0, &[]), None);
    }
}
