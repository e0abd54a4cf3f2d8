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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use jiff::Timestamp;

    use super::*;
    use crate::engine::{Output, Outputs, Tensor};
    use crate::sinks::heatmap;
    use crate::stream::sources::files::PictureFile;

    const SIZE: ImageSize = ImageSize { height: 2, width: 2 };

    /// Answers with the mean of its input, and fails on demand.
    struct Mean {
        runs: u64,
        fails_at: Option<u64>,
    }

    impl Engine for Mean {
        fn input(&self) -> ImageSize {
            SIZE
        }

        fn run(&mut self, input: &[f32]) -> Result<Outputs, EngineError> {
            self.runs += 1;
            if self.fails_at == Some(self.runs) {
                return Err(EngineError::Run { engine: "mean", message: "as asked".into() });
            }
            let mean = input.iter().sum::<f32>() / input.len() as f32;
            Ok(Outputs::new(vec![
                (Output::PredScore, Tensor { shape: vec![1], data: vec![mean] }),
                (Output::AnomalyMap, Tensor { shape: vec![1, 1, 2, 2], data: vec![mean; 4] }),
            ]))
        }
    }

    /// A second passes whenever somebody looks.
    #[derive(Default)]
    struct Ticking(AtomicU64);

    impl Clock for Ticking {
        fn monotonic(&self) -> Monotonic {
            Monotonic::after(Duration::from_secs(self.0.fetch_add(1, Ordering::Relaxed)))
        }

        fn wall(&self) -> WallClock {
            WallClock::new(Timestamp::UNIX_EPOCH)
        }
    }

    /// Grey pictures of rising brightness; the third is none.
    fn pictures(folder: &Path, count: u8) -> FileList {
        let file = |number: u8| {
            let path = folder.join(format!("{number}.png"));
            if number == 2 {
                std::fs::write(&path, b"no picture").unwrap();
            } else {
                heatmap::write_png(&path, &Picture::filled(SIZE, [100 + number; 3])).unwrap();
            }
            PictureFile { path, output: number.to_string().into() }
        };
        FileList { name: "x".into(), files: (0..count).map(file).collect() }
    }

    fn settings() -> Settings {
        Settings {
            normalization: Normalization { mean: [0.0; 3], std: [1.0 / 255.0; 3] },
            threshold: Threshold::new(103.5).ok(),
            pictures: Pictures::Dropped,
            frames: None,
            duration: None,
        }
    }

    /// Runs five pictures and notes what comes out.
    fn noted(settings: &Settings, fails_at: Option<u64>) -> (Vec<String>, Tally) {
        let folder = tempfile::tempdir().unwrap();
        let sources = [pictures(folder.path(), 5)];
        let mut lines = Vec::new();
        let mut last = None;
        let mut engine = Mean { runs: 0, fails_at };
        run(&mut engine, &sources, settings, &Ticking::default(), &Interrupt::default(), |event| {
            match event {
                Event::Frame(result) => lines.push(match &result.outcome {
                    Ok(judged) => format!("{} {:?}", result.frame, judged.judgement.verdict),
                    Err(_) => format!("{} error", result.frame),
                }),
                Event::Summary(summary) => last = Some(summary.tally.clone()),
            }
            Ok::<_, ()>(())
        })
        .unwrap();
        (lines, last.unwrap())
    }

    #[test]
    fn results_come_in_order_and_an_unreadable_picture_stops_nothing() {
        let (lines, tally) = noted(&settings(), None);
        assert_eq!(lines, ["0 Some(Ok)", "1 Some(Ok)", "2 error", "3 Some(Ok)", "4 Some(Defect)"]);
        assert_eq!((tally.received(), tally.judged, tally.corrupt, tally.ok, tally.defects), (5, 4, 1, 3, 1));
    }

    #[test]
    fn an_engine_that_fails_once_loses_one_picture() {
        let (lines, tally) = noted(&settings(), Some(2));
        assert_eq!(lines[1], "1 error");
        assert_eq!((tally.judged, tally.corrupt), (3, 2));
    }

    #[test]
    fn a_run_ends_by_itself() {
        let (lines, _) = noted(&Settings { frames: Some(2), ..settings() }, None);
        assert_eq!(lines.len(), 2);
        let (lines, tally) = noted(&Settings { duration: Some(Duration::from_secs(3)), ..settings() }, None);
        assert!(lines.len() < 5 && tally.received() == lines.len() as u64, "{lines:?}");
    }

    #[test]
    fn a_sink_that_fails_ends_the_run_with_its_error_and_a_summary() {
        let folder = tempfile::tempdir().unwrap();
        let sources = [pictures(folder.path(), 5), pictures(folder.path(), 5)];
        let mut summaries = 0;
        let mut engine = Mean { runs: 0, fails_at: None };
        let interrupt = Interrupt::default();
        let outcome = run(&mut engine, &sources, &settings(), &Ticking::default(), &interrupt, |event| match event {
            Event::Frame(_) => Err("full disk"),
            Event::Summary(_) => {
                summaries += 1;
                Ok(())
            }
        });
        assert_eq!((outcome, summaries), (Err("full disk"), 1));
        assert!(engine.runs < 5, "the rest was not computed");
    }

    #[test]
    fn an_interrupt_leaves_the_rest_unread() {
        let folder = tempfile::tempdir().unwrap();
        let sources = [pictures(folder.path(), 40)];
        let interrupt = Interrupt::default();
        let mut engine = Mean { runs: 0, fails_at: None };
        let mut received = 0;
        run(&mut engine, &sources, &settings(), &Ticking::default(), &interrupt, |event| {
            match event {
                Event::Frame(_) => interrupt.request(),
                Event::Summary(summary) => received = summary.tally.received(),
            }
            Ok::<_, ()>(())
        })
        .unwrap();
        // What waits in two queues and three hands is still judged.
        assert!((1..=8).contains(&received), "{received}");
    }
}
