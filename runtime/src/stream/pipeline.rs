//! Three threads and two queues: read and prepare, infer, write.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use moead_model::architecture::{ImageSize, Normalization};

use super::clock::{Clock, Monotonic, WallClock};
use super::interrupt::Interrupt;
use super::judge::{self, Judgement, Latency, MissingOutput};
use super::sources::files::FileList;
use super::tally::Tally;
use crate::engine::{Engine, EngineError};
use crate::preprocess::decode::{self, DecodeError};
use crate::preprocess::normalize;
use crate::preprocess::picture::Picture;
use crate::preprocess::resize;
use crate::score::verdict::Threshold;

/// Pictures that wait between two threads. Two keep the slower side busy while the faster one hiccups; a picture in the
/// queue takes its network input, and its pixels where a heatmap is drawn.
pub const QUEUE: usize = 2;

/// What a run needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How pixels become numbers.
    pub normalization: Normalization,
    /// From which score on a picture is defective.
    pub threshold: Option<Threshold>,
    /// Whether results carry their picture, to be drawn on.
    pub pictures: Pictures,
    /// End after so many pictures of each source.
    pub frames: Option<u64>,
    /// End after that time.
    pub duration: Option<Duration>,
}

/// What becomes of a picture's pixels after the network has seen them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pictures {
    /// They go on to the sinks.
    Kept,
    /// They are freed before inference.
    Dropped,
}

/// One picture's result.
#[derive(Debug)]
pub struct FrameResult {
    /// Index of the source.
    pub source: usize,
    /// From 0, per source.
    pub frame: u64,
    /// When it was received.
    pub time: WallClock,
    /// Its file.
    pub file: PathBuf,
    /// Relative path for what is written about it, without an ending.
    pub output: PathBuf,
    /// What came of it.
    pub outcome: Result<Judged, FrameError>,
    /// How long it took.
    pub latency: Latency,
}

/// A picture that the network answered.
#[derive(Debug)]
pub struct Judged {
    /// The answer, against the threshold.
    pub judgement: Judgement,
    /// The source picture's size.
    pub size: ImageSize,
    /// Its pixels, if they were kept.
    pub picture: Option<Picture>,
}

/// Why a picture has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The file is no picture that can be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A decoder gave up in a way that it should not.
    #[error("the decoder failed: {0}")]
    DecoderPanicked(String),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The model lacks an output.
    #[error(transparent)]
    MissingOutput(#[from] MissingOutput),
}

/// What a run tells its sinks.
#[derive(Debug)]
pub enum Event<'a> {
    /// A picture is done.
    Frame(&'a FrameResult),
    /// A source is done.
    Summary(&'a Summary),
}

/// The end of a source.
#[derive(Debug)]
pub struct Summary {
    /// Index of the source.
    pub source: usize,
    /// When it ended.
    pub time: WallClock,
    /// How long it ran.
    pub elapsed: Duration,
    /// What was counted.
    pub tally: Tally,
}

/// Runs `engine` over all pictures, one source after the other, and hands results to `sink` in order. Ends early, after
/// what is in hand, when `interrupt` is requested; summaries come in any case.
///
/// # Errors
/// The first error of `sink`. The source's summary is still handed out before it is returned.
pub fn run<E>(
    engine: &mut dyn Engine,
    sources: &[FileList],
    settings: &Settings,
    clock: &dyn Clock,
    interrupt: &Interrupt,
    mut sink: impl FnMut(Event<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let start = clock.monotonic();
    for (index, source) in sources.iter().enumerate() {
        let source_start = clock.monotonic();
        let mut tally = Tally::default();
        let outcome = std::thread::scope(|scope| {
            let (prepared_sender, prepared) = sync_channel(QUEUE);
            let (result_sender, results) = sync_channel(QUEUE);
            let size = engine.input();
            scope.spawn(move || {
                let reader = Reader { index, source, size, settings, clock, start, interrupt };
                reader.run(&prepared_sender);
            });
            scope.spawn(|| infer(engine, settings, clock, prepared, result_sender));
            let mut outcome = Ok(());
            for result in results {
                match &result.outcome {
                    Ok(judged) => tally.judged(judged.judgement.verdict, result.latency.age),
                    Err(_) => tally.corrupt(),
                }
                outcome = sink(Event::Frame(&result));
                if outcome.is_err() {
                    // Dropping the queue ends the other threads at their next picture.
                    interrupt.request();
                    break;
                }
            }
            outcome
        });
        let elapsed = clock.monotonic().since(source_start);
        let summary = Summary { source: index, time: clock.wall(), elapsed, tally };
        let summed = sink(Event::Summary(&summary));
        outcome?;
        summed?;
        if interrupt.is_requested() {
            break;
        }
    }
    Ok(())
}

/// A picture on its way to the engine.
struct Prepared {
    source: usize,
    frame: u64,
    received: Monotonic,
    time: WallClock,
    file: PathBuf,
    output: PathBuf,
    content: Result<Content, FrameError>,
    preprocess: Duration,
}

struct Content {
    size: ImageSize,
    picture: Option<Picture>,
    input: Vec<f32>,
}

/// The first thread.
struct Reader<'a> {
    index: usize,
    source: &'a FileList,
    size: ImageSize,
    settings: &'a Settings,
    clock: &'a dyn Clock,
    start: Monotonic,
    interrupt: &'a Interrupt,
}

impl Reader<'_> {
    fn run(&self, queue: &SyncSender<Prepared>) {
        let frames = self.settings.frames.unwrap_or(u64::MAX);
        for (frame, file) in (0..frames).zip(&self.source.files) {
            let received = self.clock.monotonic();
            let is_over = self.settings.duration.is_some_and(|limit| received.since(self.start) >= limit);
            if is_over || self.interrupt.is_requested() {
                return;
            }
            let time = self.clock.wall();
            let content = self.prepare(&file.path);
            let preprocess = self.clock.monotonic().since(received);
            let (path, output) = (file.path.clone(), file.output.clone());
            let prepared =
                Prepared { source: self.index, frame, received, time, file: path, output, content, preprocess };
            if queue.send(prepared).is_err() {
                return;
            }
        }
    }

    fn prepare(&self, path: &Path) -> Result<Content, FrameError> {
        // Decoders read bytes from anywhere; a panic in one costs its picture, not the run.
        let picture = catch_unwind(AssertUnwindSafe(|| decode::read(path)))
            .map_err(|panic| FrameError::DecoderPanicked(words(&*panic)))??;
        let size = picture.size();
        let resized = resize::resize(&picture, self.size);
        let input = normalize::normalize(resized.pixels(), self.settings.normalization);
        let picture = (self.settings.pictures == Pictures::Kept).then_some(picture);
        Ok(Content { size, picture, input })
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}

/// The second thread.
fn infer(
    engine: &mut dyn Engine,
    settings: &Settings,
    clock: &dyn Clock,
    prepared: Receiver<Prepared>,
    results: SyncSender<FrameResult>,
) {
    for Prepared { source, frame, received, time, file, output, content, preprocess } in prepared {
        let mut latency = Latency { preprocess, ..Latency::default() };
        let outcome = content.and_then(|Content { size, picture, input }| {
            let before = clock.monotonic();
            let outputs = engine.run(&input)?;
            let after = clock.monotonic();
            latency.inference = after.since(before);
            let judgement = judge::judge(outputs, engine.input(), size, settings.threshold)?;
            latency.postprocess = clock.monotonic().since(after);
            Ok(Judged { judgement, size, picture })
        });
        latency.age = clock.monotonic().since(received);
        if results.send(FrameResult { source, frame, time, file, output, outcome, latency }).is_err() {
            return;
        }
    }
}
