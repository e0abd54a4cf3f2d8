//! Several engines.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Condvar;

use super::files::{pictures, ticking};
use super::*;

/// Answers about the first picture when another one was answered, and about the others at once.
struct Patient {
    inner: Mean,
    answered: Arc<(Mutex<u64>, Condvar)>,
}

/// Longer than any machine needs: a run in which the second picture waits for the first fails here.
const NEVER: Duration = Duration::from_secs(60);

impl Engine for Patient {
    fn input(&self) -> ImageSize {
        SIZE
    }

    fn run(&mut self, input: &[f32]) -> Result<Outputs, EngineError> {
        let (answered, told) = &*self.answered;
        let is_first = (input[0] - 100.0 / 255.0).abs() < 1e-4;
        if is_first {
            let waiting = |answered: &mut u64| *answered == 0;
            let (answered, outcome) = told.wait_timeout_while(answered.lock().unwrap(), NEVER, waiting).unwrap();
            drop(answered);
            assert!(!outcome.timed_out(), "the second picture is not computed beside the first");
        } else {
            *answered.lock().unwrap() += 1;
            told.notify_all();
        }
        self.inner.run(input)
    }
}

#[test]
fn pictures_are_computed_side_by_side_and_told_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let answered = Arc::default();
    let engine = || Patient { inner: Mean::default(), answered: Arc::clone(&answered) };
    let mut crew = Crew::new(engine()).and(engine()).and(engine());
    let mut notes = Notes::default();
    let sources = vec![pictures(folder.path(), 9)];
    run(&mut crew, sources, &settings(), &ticking(), &Interrupt::default(), |event| {
        notes.take(&event);
        Ok::<_, ()>(Told::Written)
    })
    .unwrap();
    let expected = ["0 ok", "1 ok", "2 error", "3 ok", "4 defect", "5 defect", "6 defect", "7 defect", "8 defect"];
    assert_eq!(notes.lines, expected);
    assert_eq!(notes.summaries[0].tally.counts.judged, 8);
}

/// Panics at its second picture.
struct Panicking(u64);

impl Engine for Panicking {
    fn input(&self) -> ImageSize {
        SIZE
    }

    fn run(&mut self, input: &[f32]) -> Result<Outputs, EngineError> {
        self.0 += 1;
        assert!(self.0 < 2, "as asked");
        Mean::default().run(input)
    }
}

#[test]
fn an_engine_that_panics_ends_the_run_and_leaves_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let mut crew = Crew::new(Panicking(0)).and(Mean::default());
    let sources = vec![pictures(folder.path(), 150)];
    let (settings, clock) = (settings(), ticking());
    let ended = catch_unwind(AssertUnwindSafe(|| {
        run(&mut crew, sources, &settings, &clock, &Interrupt::default(), |_| Ok::<_, ()>(Told::Written))
    }));
    assert!(ended.is_err());
}

#[test]
fn a_sink_that_panics_leaves_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let mut crew = Crew::new(Mean::default()).and(Mean::default());
    let sources = vec![pictures(folder.path(), 150)];
    let (settings, clock) = (settings(), ticking());
    let ended = catch_unwind(AssertUnwindSafe(|| {
        let sink = |_: Event<'_>| -> Result<Told, ()> { panic!("as asked") };
        run(&mut crew, sources, &settings, &clock, &Interrupt::default(), sink)
    }));
    assert!(ended.is_err());
}
