//! A camera's frames through the stream: what that costs over bare inference, how old results are, and whether memory grows.

#[expect(dead_code, reason = "the other benchmarks use the rest")]
mod subject;
#[expect(dead_code, reason = "the other benchmarks use the rest")]
mod timing;

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use moead_model::architecture::ImageSize;
use moead_model::self_test;
use moead_runtime::engine::Output;
use moead_runtime::engine::crew::Crew;
use moead_runtime::engine::tract::Session;
use moead_runtime::preprocess::raw::{ColourSpace, Matrix, PixelFormat, Range, RawFormat};
use moead_runtime::sinks::json_lines;
use moead_runtime::sinks::lines::{LineSink, WhenFailing, WhenFull};
use moead_runtime::stream::clock::{Clock, SystemClock};
use moead_runtime::stream::frame::{Arrival, Content};
use moead_runtime::stream::interrupt::Interrupt;
use moead_runtime::stream::pipeline::{self, Event, Feed, FrameResult, Nature, Settings, Told};
use moead_runtime::stream::policy::Policy;
use moead_runtime::stream::sources::synthetic::SceneRequest;
use moead_runtime::stream::sources::synthetic::camera::SceneOpener;
use moead_runtime::stream::sources::{Mode, Next, Opener, Order, Source, SourceError};
use moead_runtime::stream::uri::query::Query;
use moead_tests::golden::Case;
use subject::{Subject, settings};
use timing::{Summary, say};

const FORMAT: RawFormat = RawFormat {
    pixels: PixelFormat::Yuyv,
    size: ImageSize { height: 480, width: 640 },
    stride: 1280,
    colour: ColourSpace { matrix: Matrix::Bt601, range: Range::Limited },
};
/// Different frames that are in memory; they come again and again.
const LOADED: usize = 16;
/// Frames of a round of the overhead, and rounds, each of both ways.
const FRAMES: u64 = 60;
const ROUNDS: usize = 9;
/// How long latency is measured, at this rate.
const WATCHED: Duration = Duration::from_secs(40);
const RATE: u32 = 30;
/// Frames after which memory is compared.
const EARLY: u64 = 1_000;
const LATE: u64 = 100_000;

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wants = |part: &str| asked.is_empty() || asked.iter().any(|argument| argument == part);
    if wants("overhead") {
        overhead();
    }
    if wants("latency") {
        latency();
    }
    if wants("memory") {
        memory();
    }
}

/// Runs a source with its results written as lines to nowhere.
fn stream(
    crew: &mut Crew,
    opener: Arc<dyn Opener>,
    policy: Policy,
    settings: &Settings,
    mut look: impl FnMut(&FrameResult),
) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let interrupt = Interrupt::default();
    let lines = LineSink::start(Box::new(std::io::sink()), WhenFailing::Retry, Arc::clone(&clock), &interrupt);
    let feed = Feed { opener, nature: Nature::Live, policy, region: None };
    pipeline::run(crew, vec![(feed, None)], settings, &clock, &interrupt, |event| {
        Ok::<_, Infallible>(match event {
            Event::Frame(result, _) => {
                look(result);
                lines
                    .result(WhenFull::Drop, |line| json_lines::frame(result, "camera", line))
                    .expect("nowhere has room")
            }
            Event::Status(_) | Event::Turn(_) | Event::Summary(_) => Told::Written,
        })
    })
    .expect("nothing fails");
    lines.finish().expect("nowhere has room");
}

fn overhead() {
    let subject = Subject::official();
    let session = Session::load(&subject.model, &Output::JUDGED, NonZeroUsize::MIN).expect("our own model loads");
    let mut crew = Crew::new(session);
    let frames = (0..LOADED)
        .map(|number| {
            let size = ImageSize { height: FORMAT.size.height, width: FORMAT.stride / 3 + 1 };
            let mut bytes = self_test::picture(number as u64, size);
            bytes.truncate(FORMAT.stride * FORMAT.size.height);
            bytes
        })
        .collect();
    let camera = Arc::new(Preloaded(Arc::new(frames)));
    let settings = Settings { frames: Some(FRAMES), ..settings(&subject.model) };
    let clock = SystemClock;
    let (mut bare, mut whole) = (Summary::new("bare inference, a frame"), Summary::new("640x480 YUYV streamed"));
    for _ in 0..ROUNDS {
        let start = clock.monotonic();
        for _ in 0..FRAMES {
            crew.first().run(&subject.input).expect("an answer");
        }
        let middle = clock.monotonic();
        let opener = Arc::clone(&camera) as Arc<dyn Opener>;
        stream(&mut crew, opener, Policy::Never, &settings, |_| {});
        let per_frame = |duration: Duration| duration.as_secs_f64() / FRAMES as f64;
        bare.add(per_frame(middle.since(start)));
        whole.add(per_frame(clock.monotonic().since(middle)));
    }
    bare.report(None);
    whole.report(Some(&bare));
}

/// Frames in memory, as fast as they are taken.
struct Preloaded(Arc<Vec<Vec<u8>>>);

impl Opener for Preloaded {
    fn open(&self) -> Result<Box<dyn Source>, SourceError> {
        let mode = Mode { size: Some(FORMAT.size), ..Mode::default() };
        Ok(Box::new(Open { frames: Arc::clone(&self.0), mode, sequence: 0 }))
    }
}

struct Open {
    frames: Arc<Vec<Vec<u8>>>,
    mode: Mode,
    sequence: u32,
}

impl Source for Open {
    fn mode(&self) -> &Mode {
        &self.mode
    }

    fn next(&mut self, _patience: Duration, _order: Order) -> Result<Next<'_>, SourceError> {
        self.sequence += 1;
        let bytes = &self.frames[self.sequence as usize % LOADED];
        let content = Content::Raw { format: FORMAT, bytes };
        Ok(Next::Frame(Arrival { content, sequence: Some(self.sequence), captured: None, passed_over: 0, truth: None }))
    }
}

fn scene(settings: &str) -> Arc<dyn Opener> {
    let mut query = Query::parse(settings).expect("settings of a scene");
    let request = SceneRequest::parse("conveyor", &mut query).expect("settings of a scene");
    Arc::new(SceneOpener::new(request, Arc::new(SystemClock), Interrupt::default()))
}

fn latency() {
    let subject = Subject::official();
    let session = Session::load(&subject.model, &Output::JUDGED, NonZeroUsize::MIN).expect("our own model loads");
    let mut crew = Crew::new(session);
    let settings = Settings { duration: Some(WATCHED), ..settings(&subject.model) };
    let (mut ages, mut inferences) = (Vec::new(), Vec::new());
    let opener = scene(&format!("fps={RATE}&format=YUYV"));
    stream(&mut crew, opener, Policy::Latest, &settings, |result| {
        ages.push(result.latency.age.as_secs_f64() * 1e3);
        inferences.push(result.latency.inference.as_secs_f64() * 1e3);
    });
    let share = |values: &mut Vec<f64>, share: f64| {
        values.sort_by(f64::total_cmp);
        values[((values.len() - 1) as f64 * share) as usize]
    };
    let interval = 1e3 / f64::from(RATE);
    let late = ages.iter().zip(&inferences).filter(|(age, inference)| **age > interval + 1.3 * **inference).count();
    let [median, p99] = [0.5, 0.99].map(|at| share(&mut inferences, at));
    let bound = interval + 1.3 * median;
    say(&format!("inference: p50 {median:.1} ms, p99 {p99:.1} ms, {} results", inferences.len()));
    let [p50, p99, most] = [0.5, 0.99, 1.0].map(|at| share(&mut ages, at));
    say(&format!("capture to verdict: p50 {p50:.1} ms, p99 {p99:.1} ms, largest {most:.1} ms"));
    say(&format!("one interval + 1.3 x median inference: {bound:.1} ms; p99 / this: {:.2}", p99 / bound));
    say(&format!("results older than one interval + 1.3 x their own inference: {late}"));
}

fn memory() {
    let subject = Subject::of(&Case::small("tiny"));
    let session = Session::load(&subject.model, &Output::JUDGED, NonZeroUsize::MIN).expect("our own model loads");
    let mut crew = Crew::new(session);
    let settings = Settings { frames: Some(LATE), ..settings(&subject.model) };
    let (mut seen, mut early) = (0, 0);
    let mut late = 0;
    stream(&mut crew, scene("size=320x240&pace=free&format=YUYV"), Policy::Never, &settings, |_| {
        seen += 1;
        match seen {
            EARLY => early = resident(),
            LATE => late = resident(),
            _ => {}
        }
    });
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let (early, late) = (megabytes(early), megabytes(late));
    say(&format!("resident after {EARLY} frames: {early:.2} MB, after {LATE}: {late:.2} MB, {:+.2} MB", late - early));
}

/// Bytes of this process that are in memory.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").expect("Linux with smaps_rollup");
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:")).expect("a line about it");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}
