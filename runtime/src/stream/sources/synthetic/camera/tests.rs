//! A camera on a clock of its own: what comes when, and what fails.

use std::sync::atomic::{AtomicU64, Ordering};

use moead_model::architecture::ImageSize;

use super::*;
use crate::stream::clock::WallClock;
use crate::stream::uri::query::Query;

/// A clock that moves when somebody waits.
#[derive(Debug, Default)]
struct Still(AtomicU64);

const START: Duration = Duration::from_secs(1000);

impl Still {
    fn pass(&self, duration: Duration) {
        self.0.fetch_add(u64::try_from(duration.as_nanos()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for Still {
    fn monotonic(&self) -> Monotonic {
        Monotonic::after(START + Duration::from_nanos(self.0.load(Ordering::Relaxed)))
    }

    fn wall(&self) -> WallClock {
        WallClock::default()
    }

    fn pause(&self, duration: Duration, _interrupt: &Interrupt) {
        self.pass(duration);
    }
}

struct Set {
    clock: Arc<Still>,
    interrupt: Interrupt,
    opener: SceneOpener,
}

/// A camera of 10 frames per second.
fn set(settings: &str) -> Set {
    let mut query = Query::parse(&format!("size=32x32&fps=10&{settings}")).unwrap();
    let request = SceneRequest::parse("conveyor", &mut query).unwrap();
    query.finish().unwrap();
    let (clock, interrupt) = (Arc::new(Still::default()), Interrupt::default());
    let opener = SceneOpener::new(request, Arc::clone(&clock) as Arc<dyn Clock>, interrupt.clone());
    Set { clock, interrupt, opener }
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// What came, in short: number and age in milliseconds, what else.
fn read(set: &Set, source: &mut dyn Source, order: Order) -> String {
    match source.next(ms(100), order) {
        Ok(Next::Frame(arrival)) => {
            let age = arrival.captured.map(|captured| set.clock.monotonic().since(captured).as_millis());
            let passed_over =
                if arrival.passed_over > 0 { format!(" over {}", arrival.passed_over) } else { String::new() };
            format!("{} old {}{passed_over}", arrival.sequence.unwrap(), age.map_or("?".into(), |age| age.to_string()))
        }
        Ok(Next::Corrupt { sequence, problem, .. }) => format!("{} {problem}", sequence.unwrap()),
        Ok(Next::Nothing) => "nothing".into(),
        Ok(Next::End) => "end".into(),
        Err(error) => error.to_string(),
    }
}

/// Reads so many times, one after the other without a pause.
fn reads(set: &Set, count: usize) -> Vec<String> {
    let mut source = set.opener.open().unwrap();
    (0..count).map(|_| read(set, &mut *source, Order::Oldest)).collect()
}

fn elapsed(set: &Set) -> Duration {
    set.clock.monotonic().since(Monotonic::after(START))
}

fn error(result: Result<Box<dyn Source>, SourceError>) -> String {
    result.err().map_or("none".into(), |error| error.to_string())
}

#[test]
fn frames_come_at_their_time() {
    let set = set("");
    assert_eq!(reads(&set, 4), ["0 old 0", "1 old 0", "2 old 0", "3 old 0"]);
    assert_eq!(elapsed(&set), ms(300));
    let source = set.opener.open().unwrap();
    assert_eq!(source.mode().size, Some(ImageSize { height: 32, width: 32 }));
    assert_eq!(source.mode().interval, Some(ms(100)));
    assert_eq!(source.mode().to_string(), "RGB3 32x32 at 10 fps, drawn");
}

#[test]
fn patience_ends_before_the_frame_comes() {
    let set = set("");
    let mut source = set.opener.open().unwrap();
    assert_eq!(read(&set, &mut *source, Order::Oldest), "0 old 0");
    assert!(matches!(source.next(ms(30), Order::Oldest), Ok(Next::Nothing)));
    assert_eq!(elapsed(&set), ms(30));
    assert_eq!(read(&set, &mut *source, Order::Oldest), "1 old 0");
    set.interrupt.request();
    assert_eq!(read(&set, &mut *source, Order::Oldest), "nothing");
}

#[test]
fn whoever_reads_slowly_gets_old_frames_and_loses_others() {
    let set = set("");
    let mut source = set.opener.open().unwrap();
    let mut slowly = |order| {
        let found = read(&set, &mut *source, order);
        set.clock.pass(ms(300));
        found
    };
    let found: Vec<_> = (0..8).map(|_| slowly(Order::Oldest)).collect();
    // One buffer is lent, three are full: at the end the age is three readings, as measured on a real driver.
    let expected =
        ["0 old 0", "1 old 200", "2 old 400", "3 old 600", "4 old 800", "7 old 800", "10 old 800", "13 old 800"];
    assert_eq!(found, expected);
    assert_eq!(slowly(Order::Newest), "22 old 200 over 2");
    assert_eq!(slowly(Order::Newest), "27 old 0 over 2");
}

#[test]
fn what_happens_to_single_frames_is_seen() {
    let count =
        |settings: &str, what: fn(&str) -> bool| reads(&set(settings), 1000).iter().filter(|found| what(found)).count();
    // Four standard deviations of a binomial distribution of 1000 at 0.3 are 58.
    let around_300 = 242..=358;
    assert!(around_300.contains(&count("fault=corrupt:0.3", |found| found.ends_with("marked the frame as broken"))));
    assert!(around_300.contains(&count("fault=short:0.3", |found| found.contains(" the frame has "))));
    let numbers = |settings: &str| -> Vec<u32> {
        let found = reads(&set(settings), 1000);
        found.iter().filter_map(|found| found.split(' ').next()?.parse().ok()).collect()
    };
    let dropped = numbers("fault=drop:0.3");
    let missing = dropped.last().unwrap() + 1 - u32::try_from(dropped.len()).unwrap();
    // A wait for a frame that is lost comes to nothing.
    assert!(dropped.len() > 600 && (200..500).contains(&missing), "{missing}");
    let repeated = numbers("fault=repeat:0.3");
    assert!(around_300.contains(&repeated.windows(2).filter(|pair| pair[0] == pair[1]).count()));
    assert!(repeated.windows(2).all(|pair| pair[1] - pair[0] <= 1));
}

#[test]
fn a_repeated_frame_is_the_same_in_everything() {
    let set = set("fault=repeat:1");
    let mut source = set.opener.open().unwrap();
    let mut next = || match source.next(ms(100), Order::Oldest).unwrap() {
        Next::Frame(Arrival { content: Content::Raw { bytes, .. }, sequence, captured, .. }) => {
            (bytes.to_vec(), sequence, captured)
        }
        other => panic!("{other:?}"),
    };
    let first = next();
    assert!(next() == first && next() == first);
}

#[test]
fn a_stall_brings_nothing_and_then_the_next_number() {
    let set = set("fault=stall:300ms@150ms");
    let expected = ["0 old 0", "1 old 0", "nothing", "nothing", "nothing", "2 old 0", "3 old 0"];
    assert_eq!(reads(&set, 7), expected);
    // Frames at 0, 100, 500 and 600.
    assert_eq!(elapsed(&set), ms(600));
}

#[test]
fn a_lost_camera_fails_until_it_is_back_and_then_counts_anew() {
    let set = set("fault=lost:1s@250ms/1h");
    let lost = "the drawn camera is unplugged";
    assert_eq!(reads(&set, 4), ["0 old 0", "1 old 0", "2 old 0", lost]);
    assert_eq!(error(set.opener.open()), lost);
    set.clock.pass(ms(940));
    assert_eq!(error(set.opener.open()), lost);
    set.clock.pass(ms(10));
    assert_eq!(reads(&set, 2), ["0 old 0", "1 old 0"]);
    // And the next time.
    set.clock.pass(Duration::from_secs(3600) - ms(300));
    assert_eq!(error(set.opener.open()), lost);
}

#[test]
fn a_busy_camera_cannot_be_opened_and_a_running_stream_goes_on() {
    let set = set("fault=busy:1s@150ms,fatal@350ms");
    let broke = "the drawn camera's stream broke off";
    assert_eq!(reads(&set, 5), ["0 old 0", "1 old 0", "2 old 0", "3 old 0", broke]);
    assert_eq!(error(set.opener.open()), "the drawn camera is busy: somebody else has it");
    set.clock.pass(ms(1000));
    assert_eq!(error(set.opener.open()), "none");
}

#[test]
fn a_fatal_error_comes_once() {
    let set = set("fault=fatal@100ms");
    assert_eq!(reads(&set, 2), ["0 old 0", "the drawn camera's stream broke off"]);
    assert_eq!(reads(&set, 2), ["0 old 0", "1 old 0"]);
}

#[test]
fn a_hang_takes_longer_than_any_patience_and_the_next_opening_works() {
    let set = set("fault=hang:30s@150ms");
    assert_eq!(reads(&set, 3), ["0 old 0", "1 old 0", "nothing"]);
    assert_eq!(elapsed(&set), ms(30_150));
    // Who opens while another thread hangs is well.
    let set = self::set("fault=hang:30s@150ms");
    assert_eq!(reads(&set, 2).len(), 2);
    set.clock.pass(ms(300));
    assert_eq!(reads(&set, 2), ["0 old 0", "1 old 0"]);
}

#[test]
fn frozen_dark_and_bright_frames_come_at_their_time() {
    let bytes = |settings: &str| -> Vec<Vec<u8>> {
        let set = set(settings);
        let mut source = set.opener.open().unwrap();
        let mut next = || match source.next(ms(100), Order::Oldest).unwrap() {
            Next::Frame(Arrival { content: Content::Raw { bytes, .. }, .. }) => bytes.to_vec(),
            other => panic!("{other:?}"),
        };
        (0..6).map(|_| next()).collect()
    };
    let usual = bytes("");
    let frozen = bytes("fault=freeze:250ms@150ms");
    assert!(usual[1] != usual[2] && frozen[..3] == usual[..3]);
    // The picture of 200 ms stays until 400 ms.
    assert!(frozen[3] == usual[2] && frozen[4] == usual[4] && frozen[5] == usual[5]);
    let is_dark = |frame: &Vec<u8>| frame.iter().all(|&byte| byte <= 20);
    let dark: Vec<_> = bytes("fault=dark:200ms@100ms").iter().map(is_dark).collect();
    assert_eq!(dark, [false, true, true, false, false, false]);
    let is_bright = |frame: &Vec<u8>| frame.iter().filter(|&&byte| byte < 250).count() < 8;
    let bright: Vec<_> = bytes("fault=bright:200ms@100ms").iter().map(is_bright).collect();
    assert_eq!(bright, [false, true, true, false, false, false]);
}

#[test]
fn a_scene_of_so_many_frames_ends() {
    let set = set("frames=3");
    assert_eq!(reads(&set, 5), ["0 old 0", "1 old 0", "2 old 0", "end", "end"]);
    // Over all openings.
    assert_eq!(reads(&set, 1), ["end"]);
    // Those that nobody took are counted: received and lost together are as many as asked for.
    let set = self::set("frames=10");
    let mut source = set.opener.open().unwrap();
    set.clock.pass(ms(5000));
    let found: Vec<_> = (0..5).map(|_| read(&set, &mut *source, Order::Oldest)).collect();
    assert_eq!(found, ["0 old 5000", "1 old 4900", "2 old 4800", "3 old 4700", "end"]);
}

#[test]
fn without_pace_nothing_is_waited_for() {
    let set = set("pace=free&frames=6&fault=stall:200ms@150ms,lost:2h@520ms");
    let first = ["0 old ?", "1 old ?", "nothing", "nothing", "2 old ?", "3 old ?", "the drawn camera is unplugged"];
    assert_eq!(reads(&set, 7), first);
    assert_eq!(error(set.opener.open()), "the drawn camera is unplugged");
    assert_eq!(reads(&set, 3), ["0 old ?", "1 old ?", "end"]);
    assert_eq!(elapsed(&set), ms(0));
}

#[test]
fn a_frame_carries_the_truth_of_what_it_shows() {
    let set = set("defects=1");
    let mut source = set.opener.open().unwrap();
    let mut seen = 0;
    for _ in 0..30 {
        let Next::Frame(arrival) = source.next(ms(100), Order::Oldest).unwrap() else { panic!("a frame is due") };
        let truth = arrival.truth.unwrap();
        assert_eq!(truth.kind.is_some(), truth.bounds.is_some());
        seen += usize::from(truth.kind.is_some());
    }
    assert!(seen > 20, "{seen}");
}
