//! Where frames come from: one trait, one module per kind.

use std::fmt;
use std::time::Duration;

use moead_model::architecture::ImageSize;

use super::frame::Arrival;
use crate::score::regions::Rect;

pub mod files;
pub mod standard_input;
pub mod synthetic;
#[cfg(feature = "camera")]
pub mod v4l2;

/// Makes a source, the first time and after every loss.
pub trait Opener: Send + Sync {
    /// Opens the device and starts its stream.
    ///
    /// # Errors
    /// [`SourceError`]; nothing is left open then.
    fn open(&self) -> Result<Box<dyn Source>, SourceError>;
}

/// An open source of frames. Dropping it closes it.
pub trait Source: Send {
    /// What was agreed with the device. When that changes, [`Self::next`] answers [`Next::Nothing`] before the first frame to
    /// which it applies.
    fn mode(&self) -> &Mode;

    /// Waits for the next frame, at most for `patience`, which is short: a caller looks after other things in between.
    ///
    /// The frame before it goes back to the device first.
    ///
    /// # Errors
    /// [`SourceError`] when no further frame will come from this source; it is to be closed and opened anew.
    fn next(&mut self, patience: Duration, order: Order) -> Result<Next<'_>, SourceError>;
}

/// Which of the frames that have arrived already is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The newest; the others are passed over.
    Newest,
    /// One after the other.
    Oldest,
}

/// What came.
#[derive(Debug)]
pub enum Next<'a> {
    /// A frame.
    Frame(Arrival<'a>),
    /// A frame that is broken.
    Corrupt {
        /// As in [`Arrival`].
        sequence: Option<u32>,
        /// As in [`Arrival`].
        passed_over: u64,
        /// What is wrong with it.
        problem: Corruption,
    },
    /// Nothing, within the patience.
    Nothing,
    /// There will be no more frames, and that is as it should be.
    End,
}

/// What is wrong with a frame before anybody has looked at its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Corruption {
    /// The driver says so.
    #[error("the driver marked the frame as broken")]
    Flagged,
    /// Fewer bytes than its format needs.
    #[error("the frame has {found} bytes, expected {expected}")]
    Short {
        /// By the format.
        expected: usize,
        /// Used bytes of the buffer.
        found: usize,
    },
    /// The next one begins, or the stream ends, before it is over.
    #[error("the picture breaks off")]
    Cut,
    /// Its parts contradict each other.
    #[error("the picture makes no sense")]
    Senseless,
    /// More bytes than any picture needs.
    #[error("the picture does not end after {limit} bytes")]
    Large {
        /// So many are read.
        limit: usize,
    },
    /// Between two pictures lies what belongs to none.
    #[error("the stream has bytes that belong to no picture")]
    Foreign,
}

/// What was agreed with a device.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mode {
    /// Of whole frames. None where only the frames say so.
    pub size: Option<ImageSize>,
    /// From one frame to the next. None where nobody says.
    pub interval: Option<Duration>,
    /// In words: `YUYV 640x480 at 30 fps`.
    pub description: String,
    /// Where the device does not do what was asked for, in words.
    pub differences: Vec<String>,
}

/// Why a source has no more frames.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// A camera.
    #[cfg(feature = "camera")]
    #[error(transparent)]
    Camera(#[from] v4l2::error::CameraError),
    /// A scene.
    #[error(transparent)]
    Scene(#[from] synthetic::camera::SceneError),
    /// Standard input.
    #[error(transparent)]
    Stream(#[from] standard_input::StreamError),
    /// The part that was asked for does not lie in the frame.
    #[error("region of interest {}x{} at {},{}: outside of the frame of {}x{}", .region.width, .region.height, .region.x, .region.y, .size.width, .size.height)]
    Region {
        /// As asked for.
        region: Rect,
        /// Of the frame.
        size: ImageSize,
    },
    /// No frame came for too long.
    #[error("no frame for {} s; the last stage reached is `{stage}`", .silence.as_secs_f64().round())]
    Silent {
        /// Since the last frame.
        silence: Duration,
        /// Where the source's thread is.
        stage: super::watchdog::Stage,
    },
    /// Its thread is held by its driver.
    #[error("the source's thread has hung for {} s; the last stage reached is `{stage}`", .silence.as_secs_f64().round())]
    Hung {
        /// Since the thread gave a sign of life.
        silence: Duration,
        /// Where it is.
        stage: super::watchdog::Stage,
    },
    /// Frames came, and none could be used for too long.
    #[error("no frame that can be used for {} s; the last one: {problem}", .silence.as_secs_f64().round())]
    OnlyBroken {
        /// Since the last good frame.
        silence: Duration,
        /// What was wrong with the last one.
        problem: String,
    },
    /// Opening or reading panicked: a defect of a driver crate, which costs this attempt and not the run.
    #[error("the source failed: {0}")]
    Panicked(String),
}

impl SourceError {
    /// Whether opening the source again cannot help.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Stream(error) if error.is_final())
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.description)?;
        self.differences.iter().try_for_each(|difference| write!(f, "; {difference}"))
    }
}

impl fmt::Debug for dyn Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("mode", self.mode()).finish_non_exhaustive()
    }
}
