//! A stream that runs takes no memory: counted over a thousand frames, from the converter to the written line.

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use moead_model::architecture::{ImageSize, Normalization};
use moead_model::calibration::Calibration;
use moead_runtime::engine::crew::Crew;
use moead_runtime::engine::{Engine, EngineError, Output, Outputs, Tensor};
use moead_runtime::preprocess::raw::{ColourSpace, Matrix, PixelFormat, Range, RawFormat};
use moead_runtime::score::regions::Rect;
use moead_runtime::score::standards::Standards;
use moead_runtime::sinks::json_lines;
use moead_runtime::sinks::lines::{LineSink, WhenFailing, WhenFull};
use moead_runtime::stream::clock::{Clock, SystemClock};
use moead_runtime::stream::frame::{Arrival, Content, Truth};
use moead_runtime::stream::interrupt::Interrupt;
use moead_runtime::stream::pipeline::{self, Event, Nature, OnLoss, Settings, Told};
use moead_runtime::stream::policy::Policy;
use moead_runtime::stream::prepare::Pictures;
use moead_runtime::stream::sources::standard_input::feed::{Fed, Feed};
use moead_runtime::stream::sources::standard_input::{StreamOpener, StreamRequest};
use moead_runtime::stream::sources::synthetic::camera::SceneOpener;
use moead_runtime::stream::sources::{Mode, Next, Opener, Order, Source, SourceError};
use moead_runtime::stream::uri::{SourceKind, SourceUri};
use moead_tests::allocator::{Watch, Watched};
use serde_json::json;

/// Counts what all threads of this process take, once it is told to; the engine's own is left out.
struct Counting;

static IS_COUNTING: AtomicBool = AtomicBool::new(false);
static TAKEN: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static IN_ENGINE: Cell<bool> = const { Cell::new(false) };
}

impl Watch for Counting {
    fn takes(&self, _bytes: usize) -> bool {
        if IS_COUNTING.load(Ordering::Relaxed) && !IN_ENGINE.try_with(Cell::get).unwrap_or(false) {
            TAKEN.fetch_add(1, Ordering::Relaxed);
        }
        true
    }
}

#[global_allocator]
static ALLOCATOR: Watched<Counting> = Watched(Counting);

const NETWORK: ImageSize = ImageSize { height: 32, width: 32 };
const FRAME: ImageSize = ImageSize { height: 120, width: 160 };
/// Frames until every buffer has its size and every thread its memory.
const WARM_UP: u64 = 100;
const COUNTED: u64 = 1000;

/// Says that everything is unusual, so that there are regions to be found and written.
struct Unusual;

impl Engine for Unusual {
    fn input(&self) -> ImageSize {
        NETWORK
    }

    fn run(&mut self, input: &[f32]) -> Result<Outputs, EngineError> {
        IN_ENGINE.set(true);
        let map: Vec<f32> = (0..1024).map(|at| if at % 5 == 0 { 2.0 + input[at].abs() } else { 0.0 }).collect();
        let outputs = Outputs::new(vec![
            (Output::PredScore, Tensor { shape: vec![1], data: vec![2.0 + input[0].abs()] }),
            (Output::AnomalyMap, Tensor { shape: vec![1, 1, 32, 32], data: map }),
            (Output::Embedding, Tensor { shape: vec![1, 2], data: vec![9.0, input[0]] }),
        ]);
        IN_ENGINE.set(false);
        Ok(outputs)
    }
}

/// A camera of that format, as fast as it is read.
struct Camera(PixelFormat);

impl Opener for Camera {
    fn open(&self) -> Result<Box<dyn Source>, SourceError> {
        let colour = ColourSpace { matrix: Matrix::Bt601, range: Range::Limited };
        let stride = FRAME.width * 3;
        let format = RawFormat { pixels: self.0, size: FRAME, stride, colour };
        let mode = Mode { size: Some(FRAME), interval: Some(Duration::from_millis(33)), ..Mode::default() };
        Ok(Box::new(Open { format, mode, sequence: 0, bytes: vec![90; stride * FRAME.height * 2] }))
    }
}

struct Open {
    format: RawFormat,
    mode: Mode,
    sequence: u32,
    bytes: Vec<u8>,
}

impl Source for Open {
    fn mode(&self) -> &Mode {
        &self.mode
    }

    fn next(&mut self, _patience: Duration, _order: Order) -> Result<Next<'_>, SourceError> {
        self.sequence += 1;
        self.bytes[0] = self.sequence as u8;
        let content = Content::Raw { format: self.format, bytes: &self.bytes };
        let bounds = Some(Rect { x: 1, y: 2, width: 3, height: 4 });
        let truth = Some(Truth { kind: Some("scratch"), bounds });
        Ok(Next::Frame(Arrival { content, sequence: Some(self.sequence), captured: None, passed_over: 0, truth }))
    }
}

/// YUV4MPEG2 without end.
struct Endless {
    header: &'static [u8],
    frame: Vec<u8>,
    /// Bytes that were read.
    at: usize,
}

impl Feed for Endless {
    fn read(&mut self, room: &mut [u8], _patience: Duration) -> io::Result<Fed> {
        let rest = match self.at.checked_sub(self.header.len()) {
            None => &self.header[self.at..],
            Some(at) => &self.frame[at % self.frame.len()..],
        };
        let length = rest.len().min(room.len());
        room[..length].copy_from_slice(&rest[..length]);
        self.at += length;
        Ok(Fed::Bytes(length))
    }
}

/// Two products that are recognised, one of them shown and drifting.
fn standards() -> Standards {
    let product = |at: f32| {
        json!({"threshold": 1.0, "score": {"median": 0.5, "mad": 0.1}, "drift": {"window": 16, "limit": 0.1},
               "embedding": {"mean": [at, 0.0], "std": [1.0, 1.0], "refusal": 100.0}})
    };
    let calibration = json!({
        "images": 300, "created": "2026-01-02T03:04:05Z", "target": {"false_alarms": 0.01, "confidence": 0.95},
        "products": {"bolt": product(5.0), "nut": product(8.0)}
    });
    let calibration = Calibration::parse(&calibration).expect("a calibration");
    Standards::calibrated(&calibration, 2, None, &[None]).expect("of two features")
}

/// A drawn scene, as fast as it is read.
fn scene(settings: &str) -> Arc<dyn Opener> {
    let uri = SourceUri::parse(&format!("synthetic://conveyor?pace=free&{settings}")).expect("settings of a scene");
    let SourceKind::Synthetic(request) = uri.kind else { panic!("{uri:?}") };
    Arc::new(SceneOpener::new(request, Arc::new(SystemClock), Interrupt::default()))
}

/// Frames on standard input.
fn standard_input() -> Arc<dyn Opener> {
    let frame = [&b"FRAME\n"[..], &vec![90; 160 * 120 * 3 / 2]].concat();
    let feed = Endless { header: b"YUV4MPEG2 W160 H120 F30:1 C420\n", frame, at: 0 };
    Arc::new(StreamOpener::over(StreamRequest::default(), Box::new(feed), Interrupt::default()))
}

/// Streams the source's frames and gives back how often memory was taken for the counted ones.
fn taken(opener: Arc<dyn Opener>) -> u64 {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let interrupt = Interrupt::default();
    let settings = Settings {
        normalization: Normalization::IMAGENET,
        standards: Arc::new(standards()),
        pictures: Pictures::Shrunk(80),
        frames: Some(WARM_UP + COUNTED),
        duration: None,
        stall_timeout: Duration::from_secs(20),
        frozen_after: Duration::from_secs(10),
        on_loss: OnLoss::Retry,
        pulse: None,
    };
    let lines = LineSink::start(Box::new(io::sink()), WhenFailing::Retry, Arc::clone(&clock), &interrupt);
    let feed = pipeline::Feed { opener, nature: Nature::Live, policy: Policy::Never, region: None };
    let mut judged = 0;
    TAKEN.store(0, Ordering::Relaxed);
    let outcome =
        pipeline::run(
            &mut Crew::new(Unusual),
            vec![(feed, None)],
            &settings,
            &clock,
            &interrupt,
            |event| match event {
                Event::Frame(result, _) => {
                    judged += 1;
                    IS_COUNTING.store(judged > WARM_UP && judged < WARM_UP + COUNTED, Ordering::Relaxed);
                    lines.result(WhenFull::Wait, |line| json_lines::frame(result, "line1", line))
                }
                Event::Status(_) | Event::Turn(_) => Ok(Told::Written),
                Event::Summary(summary) => {
                    let counts = summary.tally.counts;
                    assert_eq!((counts.judged, counts.defects), (WARM_UP + COUNTED, WARM_UP + COUNTED));
                    assert!(counts.drifts > 0, "{counts:?}");
                    Ok(Told::Written)
                }
            },
        );
    assert!(outcome.is_ok(), "{outcome:?}");
    lines.finish().expect("nowhere has room");
    TAKEN.load(Ordering::Relaxed)
}

/// One test, since they would count each other's memory where a runner puts several into one process.
#[test]
fn a_thousand_frames_take_no_memory() {
    for pixels in [PixelFormat::Yuyv, PixelFormat::Nv12, PixelFormat::Rgb3, PixelFormat::Y16] {
        assert_eq!(taken(Arc::new(Camera(pixels))), 0, "{pixels:?}");
    }
    for settings in ["size=160x120&defects=0.5", "size=128x96&defects=0.5&format=NV12&fault=drop:0.1,repeat:0.1"] {
        assert_eq!(taken(scene(settings)), 0, "{settings}");
    }
    assert_eq!(taken(standard_input()), 0);
}
