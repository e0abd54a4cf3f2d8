//! Folders.

use std::path::Path;

use super::*;
use crate::preprocess::picture::Picture;
use crate::sinks::heatmap;
use crate::stream::sources::files::{FileList, PictureFile};

/// Grey pictures of rising brightness; the third is none.
pub(super) fn pictures(folder: &Path, count: u8) -> (Feed, Option<Box<dyn Source>>) {
    let file = |number: u8| {
        let path = folder.join(format!("{number}.png"));
        if number == 2 {
            std::fs::write(&path, b"no picture").unwrap();
        } else {
            heatmap::write_png(&path, &Picture::filled(SIZE, [100 + number; 3])).unwrap();
        }
        PictureFile { path, output: number.to_string().into() }
    };
    let opener = Arc::new(FileList { files: (0..count).map(file).collect() });
    (Feed { opener, nature: Nature::Files, policy: Policy::Never, region: None }, None)
}

pub(super) fn ticking() -> Arc<dyn Clock> {
    Arc::new(Scripted { tick: Duration::from_secs(1), ..Scripted::default() })
}

/// Runs five pictures.
fn five(settings: &Settings, fails_at: Option<u64>) -> (Vec<String>, Counts) {
    let folder = tempfile::tempdir().unwrap();
    let engine = Mean { fails_at, ..Mean::default() };
    let notes = noted(engine, vec![pictures(folder.path(), 5)], settings, &ticking());
    (notes.lines, notes.summaries[0].tally.counts)
}

#[test]
fn results_come_in_order_and_an_unreadable_picture_stops_nothing() {
    let (lines, counts) = five(&settings(), None);
    assert_eq!(lines, ["0 ok", "1 ok", "2 error", "3 ok", "4 defect"]);
    let expected = Counts { judged: 4, corrupt: 1, ok: 3, defects: 1, ..Counts::default() };
    assert_eq!(counts, expected);
}

#[test]
fn an_engine_that_fails_once_loses_one_picture() {
    let (lines, counts) = five(&settings(), Some(2));
    assert_eq!(lines[1], "1 error");
    assert_eq!((counts.judged, counts.corrupt), (3, 2));
}

#[test]
fn a_map_with_a_hole_is_no_verdict_and_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Mean { broken_from: Some(3), ..Mean::default() };
    let notes = noted(engine, vec![pictures(folder.path(), 5)], &settings(), &ticking());
    // The third picture is no picture; the one behind it would be ok, and the last one a defect.
    assert_eq!(notes.lines, ["0 ok", "1 ok", "2 error", "3 error", "4 error"]);
    let expected = Counts { judged: 2, corrupt: 3, ok: 2, ..Counts::default() };
    assert_eq!(notes.summaries[0].tally.counts, expected);
}

#[test]
fn a_run_ends_by_itself() {
    let (lines, _) = five(&Settings { frames: Some(2), ..settings() }, None);
    assert_eq!(lines.len(), 2);
    let (lines, counts) = five(&Settings { duration: Some(Duration::from_secs(15)), ..settings() }, None);
    assert!(lines.len() < 5 && counts.received() == lines.len() as u64, "{lines:?}");
}

#[test]
fn folders_are_read_one_after_the_other_and_each_has_a_summary() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let sources = folders.iter().map(|folder| pictures(folder.path(), 2)).collect();
    let notes = noted(Mean::default(), sources, &settings(), &ticking());
    assert_eq!(notes.lines, ["0 ok", "1 ok", "0 ok", "1 ok"]);
    assert_eq!(notes.summaries.iter().map(|summary| summary.source).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn a_sink_that_fails_ends_the_run_with_its_error_and_a_summary() {
    let folder = tempfile::tempdir().unwrap();
    let sources = vec![pictures(folder.path(), 5), pictures(folder.path(), 5)];
    let mut summaries = 0;
    let engine = Mean::default();
    let runs = Arc::clone(&engine.runs);
    let outcome =
        run(&mut Crew::new(engine), sources, &settings(), &ticking(), &Interrupt::default(), |event| match event {
            Event::Frame(..) => Err("full disk"),
            Event::Status(_) | Event::Turn(_) => Ok(Told::Written),
            Event::Summary(summary) => {
                summaries += 1;
                let counts = summary.tally.counts;
                assert_eq!(counts.received(), counts.judged + counts.policy + counts.corrupt);
                Ok(Told::Written)
            }
        });
    assert!(matches!(outcome, Err(RunError::Sink("full disk"))));
    assert_eq!(summaries, 1);
    assert!(runs.load(Ordering::Relaxed) < 5, "the rest was not computed");
}

#[test]
fn an_interrupt_leaves_the_rest_unread() {
    let folder = tempfile::tempdir().unwrap();
    let sources = vec![pictures(folder.path(), 40)];
    let interrupt = Interrupt::default();
    let mut received = 0;
    run(&mut Crew::new(Mean::default()), sources, &settings(), &ticking(), &interrupt, |event| {
        match event {
            Event::Frame(..) => interrupt.request(),
            Event::Status(_) | Event::Turn(_) => {}
            Event::Summary(summary) => received = summary.tally.counts.received(),
        }
        Ok::<_, ()>(Told::Written)
    })
    .unwrap();
    // What waits in a queue and two hands is still judged.
    assert!((1..=6).contains(&received), "{received}");
}
