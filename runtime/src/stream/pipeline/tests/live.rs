//! Devices: every way from one state to another.

use super::device::{INTERVAL, Opening, Script, Step};
use super::*;

use Step::{Becomes, Broken, Cut, End, Fails, FailsForGood, Frame, Hangs, Late, Panics, Silence};

/// Plays openings of one device to their end.
fn played_with(settings: &Settings, openings: Vec<Opening>) -> (Notes, Vec<Duration>) {
    let clock = Arc::new(Scripted::default());
    let script = Script::new(&clock, openings);
    let clock: Arc<dyn Clock> = clock;
    let notes = noted(Mean::default(), vec![script.feed()], settings, &clock);
    let opened = script.opened.lock().unwrap().clone();
    (notes, opened)
}

fn played(openings: Vec<Opening>) -> (Vec<String>, Counts) {
    let (notes, _) = played_with(&settings(), openings);
    let counts = notes.summaries[0].tally.counts;
    assert_eq!(counts.received(), counts.judged + counts.policy + counts.corrupt);
    (notes.lines, counts)
}

fn plays(steps: &[Step]) -> Opening {
    Opening::Plays(steps.to_vec())
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_device_connects_streams_and_ends() {
    let (lines, counts) = played(vec![plays(&[Frame(0, 100), Frame(1, 104), End])]);
    assert_eq!(lines, ["connecting", "streaming: grey 2x2", "0 ok", "1 defect"]);
    assert_eq!((counts.judged, counts.ok, counts.defects), (2, 1, 1));
}

#[test]
fn gaps_repetitions_and_broken_frames_are_counted_by_cause() {
    let steps = [
        Frame(u32::MAX - 1, 100),
        // Over the end of the counter, with one lost.
        Frame(0, 101),
        Frame(0, 101),
        Broken(1),
        Cut(2),
        Frame(3, 102),
        // Five further on: two were passed over, two were lost.
        Late(2, 8, 103),
        End,
    ];
    let (lines, counts) = played(vec![plays(&steps)]);
    let expected = ["connecting", "streaming: grey 2x2", "0 ok", "1 ok after 1", "4 ok after 2", "7 ok after 4"];
    assert_eq!(lines, expected);
    // Whether a result is late depends on which thread is faster.
    let late = counts.late;
    let expected =
        Counts { judged: 4, ok: 4, policy: 2, driver: 3, corrupt: 2, repeated: 1, late, ..Counts::default() };
    assert_eq!(counts, expected);
}

#[test]
fn a_counter_that_begins_anew_is_no_gap() {
    let (_, counts) = played(vec![plays(&[Frame(500, 100), Frame(0, 101), Frame(1, 102), End])]);
    assert_eq!((counts.judged, counts.driver), (3, 0));
}

#[test]
fn silence_is_a_stall_and_the_next_frame_ends_it() {
    let (lines, _) = played(vec![plays(&[Frame(0, 100), Silence(seconds(3)), Frame(31, 101), End])]);
    let expected = [
        "connecting",
        "streaming: grey 2x2",
        "0 ok",
        "stalled: no frame for 1.0 s",
        "streaming: grey 2x2",
        "1 ok after 30",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn long_silence_is_a_loss_that_names_the_stage_and_the_device_is_opened_again() {
    let (lines, counts) = played(vec![plays(&[Frame(0, 100), Silence(seconds(60))]), plays(&[Frame(0, 101), End])]);
    let expected = [
        "connecting",
        "streaming: grey 2x2",
        "0 ok",
        "stalled: no frame for 1.0 s",
        "lost: no frame for 20 s; the last stage reached is `waiting for a frame`",
        "connecting",
        "streaming: grey 2x2",
        "1 ok",
    ];
    assert_eq!(lines, expected);
    assert_eq!((counts.reconnects, counts.judged, counts.driver), (1, 2, 0));
}

#[test]
fn frames_that_are_all_broken_are_as_bad_as_none() {
    let broken = [Broken(1); 250];
    let (lines, counts) = played(vec![plays(&[&[Frame(0, 100)], &broken[..1]].concat()), plays(&[End])]);
    assert_eq!(lines[3], "stalled: no frame that can be used for 1.0 s: the driver marked the frame as broken");
    let cause = "no frame that can be used for 20 s; the last one: the driver marked the frame as broken";
    assert_eq!(lines[4], format!("lost: {cause}"));
    assert_eq!(counts.corrupt, 1);
}

#[test]
fn a_failure_closes_the_device_and_opens_it_again() {
    let openings = vec![plays(&[Frame(0, 100), Fails("unplugged")]), plays(&[Frame(0, 101), End])];
    let (lines, counts) = played(openings);
    let expected = [
        "connecting",
        "streaming: grey 2x2",
        "0 ok",
        "lost: the source failed: unplugged",
        "connecting",
        "streaming: grey 2x2",
        "1 ok",
    ];
    assert_eq!(lines, expected);
    assert_eq!(counts.reconnects, 1);
}

#[test]
fn a_device_that_is_away_is_tried_with_growing_pauses_and_told_once_a_cause() {
    let mut openings = vec![plays(&[Frame(0, 100), Fails("unplugged")])];
    openings.extend((0..9).map(|_| Opening::Fails("no such device")));
    openings.push(Opening::Fails("busy"));
    openings.push(plays(&[Frame(0, 101), End]));
    let (notes, opened) = played_with(&settings(), openings);
    let expected = [
        "connecting",
        "streaming: grey 2x2",
        "0 ok",
        "lost: the source failed: unplugged",
        "connecting",
        "lost: the source failed: no such device",
        "lost: the source failed: busy",
        "streaming: grey 2x2",
        "1 ok",
    ];
    assert_eq!(notes.lines, expected);
    let pauses: Vec<_> = opened.windows(2).skip(1).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses[0] <= Duration::from_millis(400), "{pauses:?}");
    let longest = pauses.iter().max().unwrap();
    assert!((Duration::from_millis(3750)..=seconds(5)).contains(longest), "{pauses:?}");
    assert_eq!(notes.summaries[0].tally.counts.reconnects, 1);
}

#[test]
fn a_source_that_stays_away_is_lost_and_not_connecting() {
    let mut openings = vec![plays(&[Frame(0, 100), Fails("unplugged")])];
    openings.extend((0..5).map(|_| Opening::Fails("unplugged")));
    openings.push(plays(&[Frame(0, 101), End]));
    let (lines, _) = played(openings);
    let cause = "lost: the source failed: unplugged";
    assert_eq!(lines[3..7], [cause, "connecting", cause, "streaming: grey 2x2"]);
}

#[test]
fn panics_of_a_driver_crate_cost_an_attempt_and_not_the_run() {
    let (lines, counts) = played(vec![Opening::Panics, plays(&[Frame(0, 100), Panics]), plays(&[Frame(0, 101), End])]);
    let expected = [
        "connecting",
        "lost: the source failed: opening panicked, as asked",
        "connecting",
        "streaming: grey 2x2",
        "0 ok",
        "lost: the source failed: reading panicked, as asked",
        "connecting",
        "streaming: grey 2x2",
        "1 ok",
    ];
    assert_eq!(lines, expected);
    assert_eq!(counts.reconnects, 2);
}

#[test]
fn frozen_dark_and_saturated_cameras_have_no_verdict() {
    let frozen = [Frame(0, 100); 1].into_iter().chain((1..=101).map(|number| Frame(number, 90)));
    let others = [Frame(102, 91), Frame(103, 3), Frame(104, 255), Frame(105, 92), End];
    let steps: Vec<_> = frozen.chain(others).collect();
    let (lines, counts) = played(vec![plays(&steps)]);
    let from = lines.iter().position(|line| line.starts_with("frozen")).unwrap();
    let expected = [
        "frozen: the camera is frozen: its frames do not change",
        "101 - (the camera is frozen: its frames do not change)",
        "streaming: the camera shows something again",
        "102 ok",
        "dark: the camera is dark: the frame is black",
        "103 - (the camera is dark: the frame is black)",
        "saturated: the camera is saturated: the frame is white",
        "104 - (the camera is saturated: the frame is white)",
        "streaming: the camera shows something again",
        "105 ok",
    ];
    assert_eq!(lines[from..], expected);
    assert_eq!((counts.no_verdict, counts.ok), (3, 103));
}

#[test]
fn a_region_outside_of_the_frame_is_an_error_of_the_source() {
    let clock = Arc::new(Scripted::default());
    let script = Script::new(&clock, vec![plays(&[Frame(0, 100), End])]);
    let (mut feed, opened) = script.feed();
    feed.region = Some(Rect { x: 1, y: 0, width: 2, height: 2 });
    let settings = Settings { on_loss: OnLoss::End, ..settings() };
    let clock: Arc<dyn Clock> = clock;
    let outcome =
        run(&mut Crew::new(Mean::default()), vec![(feed, opened)], &settings, &clock, &Interrupt::default(), |_| {
            Ok::<_, ()>(Told::Written)
        });
    let Err(RunError::Loss { error, .. }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error.to_string(), "region of interest 2x2 at 1,0: outside of the frame of 2x2");
}

/// A run that a loss ends, and what it told.
fn ended_by_loss(script: &Arc<Script>, clock: Arc<Scripted>) -> (Result<(), RunError<()>>, Notes) {
    let settings = Settings { on_loss: OnLoss::End, ..settings() };
    let clock: Arc<dyn Clock> = clock;
    let mut notes = Notes::default();
    let outcome =
        run(&mut Crew::new(Mean::default()), vec![script.feed()], &settings, &clock, &Interrupt::default(), |event| {
            notes.take(&event);
            Ok::<_, ()>(Told::Written)
        });
    (outcome, notes)
}

#[test]
fn where_a_loss_ends_the_run_it_ends_with_the_cause_and_a_summary() {
    let clock = Arc::new(Scripted::default());
    let script = Script::new(&clock, vec![plays(&[Frame(0, 100), Fails("unplugged")])]);
    let (outcome, notes) = ended_by_loss(&script, clock);
    assert!(matches!(outcome, Err(RunError::Loss { source_index: 0, .. })), "{outcome:?}");
    assert_eq!(notes.lines.last().unwrap(), "lost: the source failed: unplugged");
    assert_eq!(notes.summaries.len(), 1);
}

#[test]
fn results_that_a_sink_drops_are_told_with_the_next_line() {
    let clock = Arc::new(Scripted::default());
    let script = Script::new(&clock, vec![plays(&[Frame(0, 100), Frame(1, 101), Frame(3, 102), Frame(4, 103), End])]);
    let clock: Arc<dyn Clock> = clock;
    let mut told = Vec::new();
    let mut counts = Counts::default();
    run(&mut Crew::new(Mean::default()), vec![script.feed()], &settings(), &clock, &Interrupt::default(), |event| {
        Ok::<_, ()>(match event {
            Event::Frame(result, _) if (1..=2).contains(&result.frame.number) => Told::Dropped,
            Event::Frame(result, _) => {
                told.push((result.frame.number, result.dropped_since_last));
                Told::Written
            }
            Event::Status(_) | Event::Turn(_) => Told::Written,
            Event::Summary(summary) => {
                counts = summary.tally.counts;
                Told::Written
            }
        })
    })
    .unwrap();
    // Two results and one frame of the driver's.
    assert_eq!(told, [(0, 0), (3, 3)]);
    assert_eq!((counts.sink, counts.driver, counts.judged), (2, 1, 4));
}

#[test]
fn a_run_ends_after_so_many_frames_or_so_much_time() {
    let frames: Vec<_> = (0..50).map(|number| Frame(number, 100 + number as u8 % 3)).collect();
    let settings_ = Settings { frames: Some(3), ..settings() };
    let (notes, _) = played_with(&settings_, vec![plays(&frames)]);
    assert_eq!(notes.summaries[0].tally.counts.judged, 3);
    let settings_ = Settings { duration: Some(INTERVAL * 5), ..settings() };
    let (notes, _) = played_with(&settings_, vec![plays(&frames)]);
    let judged = notes.summaries[0].tally.counts.judged;
    assert!((3..=5).contains(&judged), "{judged}");
}

#[test]
fn a_thread_that_hangs_in_a_driver_is_given_up_and_named() {
    let clock = Arc::new(Scripted { round: seconds(7), ..Scripted::default() });
    let script = Script::new(&clock, vec![plays(&[Hangs]), plays(&[Frame(0, 100), End])]);
    let clock: Arc<dyn Clock> = clock;
    let notes = noted(Mean::default(), vec![script.feed()], &settings(), &clock);
    script.released.request();
    assert!(notes.lines[1].starts_with("lost: the source's thread has hung for "), "{:?}", notes.lines);
    assert!(notes.lines[1].ends_with("the last stage reached is `waiting for a frame`"), "{:?}", notes.lines);
    assert_eq!(notes.lines.last().unwrap(), "0 ok");
    assert_eq!(notes.summaries[0].tally.counts.reconnects, 1);
}

#[test]
fn a_device_that_hangs_again_and_again_is_left_alone_and_told_until_a_thread_comes_back() {
    let clock = Arc::new(Scripted { round: seconds(7), ..Scripted::default() });
    let mut openings: Vec<_> = (0..4).map(|_| plays(&[Hangs])).collect();
    openings.push(plays(&[Frame(0, 100), End]));
    let script = Script::new(&clock, openings);
    let signs = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&signs);
    let pulse = Arc::new(move |sign| told.lock().unwrap().push(sign));
    let settings = Settings { pulse: Some(pulse), ..settings() };
    let clock: Arc<dyn Clock> = clock;
    let mut notes = Notes::default();
    run(&mut Crew::new(Mean::default()), vec![script.feed()], &settings, &clock, &Interrupt::default(), |event| {
        notes.take(&event);
        if notes.lines.last().is_some_and(|line| line.contains("no further one is started")) {
            assert_eq!(script.opened.lock().unwrap().len(), 4);
            script.released.request();
        }
        Ok::<_, ()>(Told::Written)
    })
    .unwrap();
    let lost: Vec<_> = notes.lines.iter().filter(|line| line.starts_with("lost")).collect();
    let [first, _, _, last] = lost[..] else { panic!("{:?}", notes.lines) };
    assert!(first.ends_with("the last stage reached is `waiting for a frame`"), "{first}");
    let cause = "`waiting for a frame`; 3 threads of it hang already, so no further one is started";
    assert!(last.ends_with(cause), "{last}");
    assert_eq!(notes.lines.last().unwrap(), "0 ok");
    let signs = signs.lock().unwrap();
    assert_eq!(signs.first(), Some(&Sign::Alive));
    assert!(signs.contains(&Sign::Stuck), "{signs:?}");
}

#[test]
fn a_stream_that_has_ended_does_not_hang() {
    let clock = Arc::new(Scripted { round: seconds(7), ..Scripted::default() });
    let ended = Script::new(&clock, vec![plays(&[Frame(0, 100), End])]);
    let hanging = Script::new(&clock, vec![plays(&[Hangs]), plays(&[Frame(0, 100), End])]);
    let clock: Arc<dyn Clock> = clock;
    let notes = noted(Mean::default(), vec![ended.feed(), hanging.feed()], &settings(), &clock);
    hanging.released.request();
    assert_eq!(ended.opened.lock().unwrap().len(), 1, "{:?}", notes.lines);
    assert_eq!(notes.lines.iter().filter(|line| line.starts_with("lost")).count(), 1, "{:?}", notes.lines);
    assert_eq!(notes.summaries.len(), 2);
}

#[test]
fn where_a_loss_ends_the_run_a_driver_that_hangs_does() {
    let clock = Arc::new(Scripted { round: seconds(7), ..Scripted::default() });
    let script = Script::new(&clock, vec![plays(&[Hangs])]);
    let (outcome, notes) = ended_by_loss(&script, clock);
    script.released.request();
    let Err(RunError::Loss { error: SourceError::Hung { stage, .. }, .. }) = outcome else { panic!("{outcome:?}") };
    assert_eq!((stage, notes.summaries.len()), (Stage::Waiting, 1));
}

#[test]
fn what_is_agreed_later_is_told_with_the_next_frame() {
    let (lines, _) =
        played(vec![plays(&[Becomes("grey 2x2, at last"), Frame(0, 100), Becomes("grey 2x2"), Frame(1, 101), End])]);
    let expected = ["connecting", "streaming: grey 2x2, at last", "0 ok", "streaming: grey 2x2", "1 ok"];
    assert_eq!(lines, expected);
}

#[test]
fn a_loss_that_cannot_be_cured_ends_the_run_at_once() {
    let clock = Arc::new(Scripted::default());
    let script = Script::new(&clock, vec![plays(&[FailsForGood])]);
    let clock: Arc<dyn Clock> = clock;
    let outcome =
        run(&mut Crew::new(Mean::default()), vec![script.feed()], &settings(), &clock, &Interrupt::default(), |_| {
            Ok::<_, ()>(Told::Written)
        });
    let Err(RunError::Loss { error, .. }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error.to_string(), "standard input: the stream ends within the YUV4MPEG2 header");
    assert_eq!(script.opened.lock().unwrap().len(), 1);
}
