//! The threads that run engines. Each takes the next frame, asks its engine about it, and hands frame and answer to the thread
//! that judges, which puts them in order again.

use std::sync::mpsc::SyncSender;
use std::time::Duration;

use super::frame::Frame;
use super::prepare::FrameError;
use super::shared::Shared;
use super::slot::{Slots, Taken, Work};
use super::status::Status;
use super::watchdog::{Heartbeat, Stage};
use crate::engine::{Engine, Outputs};

/// How long a run that was asked to stop waits for a source that hangs in its driver.
const LAST_WAIT: Duration = Duration::from_secs(3);

/// What comes out of a thread with an engine.
#[derive(Debug)]
pub(super) struct Done {
    /// How much was taken before it.
    pub(super) order: u64,
    /// What it is.
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// A frame of that lane, and what became of it.
    Frame(usize, Box<Frame>, Fate),
    /// Something that happened to a source, after the frames before it.
    Status(Status),
    /// A source has ended.
    SourceEnd(usize),
}

/// What became of a frame.
#[derive(Debug)]
pub(super) enum Fate {
    /// The engine was asked, for that long, or had no need to be.
    Answered(Result<Outputs, FrameError>, Duration),
    /// Nobody wants to know any more.
    GivenUp,
}

/// Closes the slots when its thread panics: the others would wait for ever for what that thread has taken.
pub(super) struct CloseOnPanic<'a>(pub(super) &'a Slots);

impl Drop for CloseOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.close();
        }
    }
}

/// What the thread of an engine does, until nothing more will come.
pub(super) fn compute(shared: &Shared, engine: &mut dyn Engine, heartbeat: &Heartbeat, done: &SyncSender<Done>) {
    let _guard = CloseOnPanic(&shared.slots);
    let mut asked_to_stop = None;
    loop {
        let (order, work) = match shared.slots.take() {
            Taken::Work(order, work) => (order, work),
            Taken::End => return,
            Taken::Nothing if shared.is_over() => {
                let now = shared.clock.monotonic();
                if now.since(*asked_to_stop.get_or_insert(now)) >= LAST_WAIT {
                    return;
                }
                continue;
            }
            Taken::Nothing => continue,
        };
        let what = match work {
            Work::Frame(lane, mut frame) => {
                let fate = ask(shared, engine, heartbeat, &mut frame);
                What::Frame(lane, frame, fate)
            }
            Work::Status(status) => What::Status(status),
            Work::SourceEnd(source) => What::SourceEnd(source),
        };
        if done.send(Done { order, what }).is_err() {
            return;
        }
    }
}

fn ask(shared: &Shared, engine: &mut dyn Engine, heartbeat: &Heartbeat, frame: &mut Frame) -> Fate {
    if shared.has_failed() {
        return Fate::GivenUp;
    }
    if let Some(problem) = frame.problem.take() {
        return Fate::Answered(Err(problem), Duration::ZERO);
    }
    let clock = &*shared.clock;
    let before = clock.monotonic();
    heartbeat.reach(Stage::Preparing, clock);
    let outputs = engine.run(&frame.input);
    heartbeat.reach(Stage::Waiting, clock);
    Fate::Answered(outputs.map_err(FrameError::from), clock.monotonic().since(before))
}
