//! A frame on its way: what a source hands over, what the engine gets, what is told about it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use moead_model::architecture::ImageSize;

use super::blindness::Blindness;
use super::clock::{Monotonic, WallClock};
use super::prepare::FrameError;
use super::sources::files::PictureFile;
use crate::preprocess::picture::Picture;
use crate::preprocess::raw::RawFormat;
use crate::score::regions::{Rect, Region};

/// A frame that has just arrived, still in its source's memory.
#[derive(Debug)]
pub struct Arrival<'a> {
    /// Its pixels.
    pub content: Content<'a>,
    /// Counts the source's frames, those that were lost on the way included; wraps. None where the source does not count.
    pub sequence: Option<u32>,
    /// When it was captured. None where the source does not say: then it was now.
    pub captured: Option<Monotonic>,
    /// Frames that arrived before this one and were passed over to get at it.
    pub passed_over: u64,
    /// What a drawn scene shows.
    pub truth: Option<Truth>,
}

/// The pixels of an arrival.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// In a file, to be opened.
    File(&'a PictureFile),
    /// As a camera delivers them.
    Raw {
        /// How to read the bytes.
        format: RawFormat,
        /// At least as many as the format needs.
        bytes: &'a [u8],
    },
    /// A JPEG picture, perhaps without Huffman tables.
    Jpeg(&'a [u8]),
}

/// What is really to be seen, where the scene was drawn by this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truth {
    /// The kind of defect. None: there is none.
    pub kind: Option<&'static str>,
    /// Where it is, in pixels of the whole frame.
    pub bounds: Option<Rect>,
}

/// A frame on its way to the engine and to the sinks. Made once and used again: its memory is the source's budget.
#[derive(Debug)]
pub struct Frame {
    /// Index of the source.
    pub source: usize,
    /// From 0, per source: its place among the frames that were received.
    pub number: u64,
    /// Frames that the driver had lost until then, of this source.
    pub lost_by_driver: u64,
    /// When it was captured.
    pub captured: Monotonic,
    /// The same for people.
    pub time: WallClock,
    /// Its file, if it comes from one.
    pub file: Option<PictureFile>,
    /// Size of the whole frame.
    pub size: ImageSize,
    /// The part of it that the network sees.
    pub region: Rect,
    /// The network's input, 3 x H x W.
    pub input: Vec<f32>,
    /// The same as pixels, H x W x 3.
    pub pixels: Vec<u8>,
    /// The region's pixels, if somebody wants to draw on them.
    pub picture: Option<Picture>,
    /// Why the camera shows nothing that could be judged.
    pub blindness: Option<Blindness>,
    /// What a drawn scene shows.
    pub truth: Option<Truth>,
    /// Why there is no input.
    pub problem: Option<FrameError>,
    /// How long it took to become input.
    pub preprocess: Duration,
    /// From one frame of the source to the next, as far as it says.
    pub interval: Option<Duration>,
    /// Memory for the regions of its judgement.
    pub(super) regions: Vec<Region>,
}

impl Frame {
    /// One without content, for a network of that input size.
    pub fn blank(network: ImageSize) -> Self {
        let values = network.height * network.width * 3;
        Self {
            source: 0,
            number: 0,
            lost_by_driver: 0,
            captured: Monotonic::default(),
            time: WallClock::default(),
            file: None,
            size: ImageSize { height: 0, width: 0 },
            region: Rect { x: 0, y: 0, width: 0, height: 0 },
            input: vec![0.0; values],
            pixels: vec![0; values],
            picture: None,
            blindness: None,
            truth: None,
            problem: None,
            preprocess: Duration::ZERO,
            interval: None,
            regions: Vec::with_capacity(crate::score::regions::MAX_REGIONS),
        }
    }

    /// Relative path for what is written about it, without an ending: the file's, or the frame's number.
    pub fn output(&self) -> PathBuf {
        match &self.file {
            Some(file) => file.output.clone(),
            None => format!("{:08}", self.number).into(),
        }
    }

    /// A name for people: the file's, or the frame's number.
    pub fn title(&self) -> impl fmt::Display + '_ {
        struct Title<'a>(&'a Frame);
        impl fmt::Display for Title<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match &self.0.file {
                    Some(file) => write!(f, "{}", file.path.display()),
                    None => write!(f, "frame {}", self.0.number),
                }
            }
        }
        Title(self)
    }
}
