//! Frames that are played into a loopback device, in each format.
//!
//! Their colours are those of which each channel comes out far from the middle between two whole numbers: every sensible
//! conversion rounds them to the same pixels.

use std::path::Path;

use image::codecs::jpeg::JpegEncoder;

use crate::naive::Layout;

/// Pictures per format and size: enough to tell whether the right one was judged.
const PICTURES: u64 = 3;

/// Sizes of frames: the network's own, which needs no shrinking, and one that does.
const SIZES: [(usize, usize); 2] = [(64, 64), (320, 180)];

const FORMATS: [&str; 8] = ["YUYV", "UYVY", "NV12", "YU12", "RGB3", "BGR3", "GREY", "Y16"];

/// Writes `FORMAT_WIDTHxHEIGHT_N.raw` and `MJPG_WIDTHxHEIGHT_N.jpg` into a folder.
pub(crate) fn write(folder: &Path) {
    let colours = colours();
    for (width, height) in SIZES {
        for picture in 0..PICTURES {
            let scene = Scene { colours: &colours, width, height, seed: picture };
            for format in FORMATS {
                let name = format!("{format}_{width}x{height}_{picture}.raw");
                std::fs::write(folder.join(name), scene.encode(format)).unwrap();
            }
            let name = format!("MJPG_{width}x{height}_{picture}.jpg");
            std::fs::write(folder.join(name), scene.jpeg()).unwrap();
        }
    }
}

fn layout(format: &str, width: usize, height: usize) -> Layout {
    Layout { format: format.into(), width, height, stride: width, matrix: 601, range: "limited".into() }
}

/// Y, Cb, Cr of colours that are rounded without doubt.
fn colours() -> Vec<[u8; 3]> {
    let formula = layout("YUYV", 0, 0);
    let is_clear = |[y, cb, cr]: [u8; 3]| {
        let mut values = formula.exact(y, cb, cr).into_iter();
        values.all(|value| (value - value.floor() - 0.5).abs() >= 0.25 && (3.0..252.0).contains(&value))
    };
    let chroma = || (16..=240).step_by(7);
    let all = (16..=235).flat_map(|y| chroma().flat_map(move |cb| chroma().map(move |cr| [y, cb, cr])));
    all.filter(|&colour| is_clear(colour)).collect()
}

/// Blocks of colours, drawn from a seed.
struct Scene<'a> {
    colours: &'a [[u8; 3]],
    width: usize,
    height: usize,
    seed: u64,
}

impl Scene<'_> {
    /// Y, Cb, Cr at a place; the same in each block of 4 x 4 and more, so that neighbours may share their chroma.
    fn at(&self, x: usize, y: usize) -> [u8; 3] {
        let block = 4_u64 << self.seed;
        let mut z =
            ((self.seed << 40) | ((y as u64 / block) << 20) | (x as u64 / block)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        self.colours[((z ^ (z >> 31)) % self.colours.len() as u64) as usize]
    }

    /// What `read` makes of each place in a grid with that step, row by row.
    fn plane(&self, step: usize, read: impl Fn([u8; 3], usize) -> Vec<u8>) -> Vec<u8> {
        let rows = (0..self.height).step_by(step);
        rows.flat_map(|y| (0..self.width).step_by(step).flat_map(|x| read(self.at(x, y), x)).collect::<Vec<_>>())
            .collect()
    }

    fn encode(&self, format: &str) -> Vec<u8> {
        let formula = layout(format, self.width, self.height);
        match format {
            "YUYV" => self.plane(1, |[y, cb, cr], x| vec![y, if x % 2 == 0 { cb } else { cr }]),
            "UYVY" => self.plane(1, |[y, cb, cr], x| vec![if x % 2 == 0 { cb } else { cr }, y]),
            "NV12" => [self.plane(1, |[y, ..], _| vec![y]), self.plane(2, |[_, cb, cr], _| vec![cb, cr])].concat(),
            "YU12" => [
                self.plane(1, |[y, ..], _| vec![y]),
                self.plane(2, |[_, cb, _], _| vec![cb]),
                self.plane(2, |[_, _, cr], _| vec![cr]),
            ]
            .concat(),
            "RGB3" => self.plane(1, |[y, cb, cr], _| formula.rgb(y, cb, cr).to_vec()),
            "BGR3" => self.plane(1, |[y, cb, cr], _| formula.rgb(y, cb, cr).into_iter().rev().collect()),
            "GREY" => self.plane(1, |[y, ..], _| vec![y]),
            // What stands in the lower byte must not matter.
            "Y16" => self.plane(1, |[y, ..], x| vec![x as u8, y]),
            other => panic!("no frames are drawn in {other}"),
        }
    }

    fn jpeg(&self) -> Vec<u8> {
        let pixels = self.encode("RGB3");
        let mut file = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut file, 90);
        encoder.encode(&pixels, self.width as u32, self.height as u32, image::ExtendedColorType::Rgb8).unwrap();
        file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_shows_the_same_scene() {
        let colours = colours();
        assert!(colours.len() > 1000, "{}", colours.len());
        let scene = Scene { colours: &colours, width: 16, height: 12, seed: 1 };
        let expected = scene.encode("RGB3");
        for (format, bytes) in [("YUYV", 2_usize), ("UYVY", 2), ("NV12", 1), ("YU12", 1), ("BGR3", 3)] {
            let layout = Layout { stride: bytes * 16, ..layout(format, 16, 12) };
            assert!(layout.convert(&scene.encode(format)).into_raw() == expected, "{format}");
        }
        let grey = |format: &str, bytes: usize| {
            Layout { stride: bytes * 16, ..layout(format, 16, 12) }.convert(&scene.encode(format)).into_raw()
        };
        assert!(grey("GREY", 1) == grey("Y16", 2));
    }
}
