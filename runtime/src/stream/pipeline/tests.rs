//! Whole runs on a scripted engine, a scripted clock and scripted devices: nothing waits for time to pass.

mod calibrated;
mod device;
mod files;
mod live;
mod side_by_side;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use moead_model::architecture::ImageSize;

use super::*;
use crate::engine::{Engine, EngineError, Output, Outputs, Tensor};
use crate::score::verdict::Threshold;
use crate::stream::clock::Monotonic;
use crate::stream::watchdog::Stage;

const SIZE: ImageSize = ImageSize { height: 2, width: 2 };

/// Answers with the mean of its input, and fails on demand.
#[derive(Default)]
struct Mean {
    runs: Arc<AtomicU64>,
    fails_at: Option<u64>,
    /// From there on, one value of the map is no number.
    broken_from: Option<u64>,
}

impl Engine for Mean {
    fn input(&self) -> ImageSize {
        SIZE
    }

    fn run(&mut self, input: &[f32]) -> Result<Outputs, EngineError> {
        let run = self.runs.fetch_add(1, Ordering::Relaxed) + 1;
        if self.fails_at == Some(run) {
            return Err(EngineError::Run { engine: "mean", message: "as asked".into() });
        }
        let mean = input.iter().sum::<f32>() / input.len() as f32;
        let mut map = vec![mean; 4];
        if self.broken_from.is_some_and(|first| run >= first) {
            map[2] = f32::NAN;
        }
        Ok(Outputs::new(vec![
            (Output::PredScore, Tensor { shape: vec![1], data: vec![mean] }),
            (Output::AnomalyMap, Tensor { shape: vec![1, 1, 2, 2], data: map }),
            (Output::Embedding, Tensor { shape: vec![1, 1], data: vec![mean] }),
        ]))
    }
}

/// A clock that moves when somebody pauses, and by `tick` whenever somebody looks.
#[derive(Debug, Default)]
struct Scripted {
    now: Mutex<Duration>,
    tick: Duration,
    /// What passes in a round of the watchdog.
    round: Duration,
}

impl Scripted {
    fn advance(&self, time: Duration) -> Duration {
        let mut now = self.now.lock().unwrap();
        *now += time;
        *now
    }
}

impl Clock for Scripted {
    fn monotonic(&self) -> Monotonic {
        Monotonic::after(self.advance(self.tick))
    }

    fn wall(&self) -> WallClock {
        WallClock::new(Timestamp::UNIX_EPOCH + *self.now.lock().unwrap())
    }

    fn pause(&self, duration: Duration, interrupt: &Interrupt) {
        // The thread that looks after the others pauses too; it must neither move the others' time nor spin.
        if duration == watchdog::ROUND {
            interrupt.wait(Duration::from_millis(20));
            self.advance(self.round);
        } else {
            self.advance(duration);
        }
    }
}

fn settings() -> Settings {
    Settings {
        normalization: Normalization { mean: [0.0; 3], std: [1.0 / 255.0; 3] },
        standards: Arc::new(Threshold::new(103.5).ok().into()),
        pictures: Pictures::Dropped,
        frames: None,
        duration: None,
        stall_timeout: Duration::from_secs(20),
        frozen_after: Duration::from_secs(10),
        on_loss: OnLoss::Retry,
        pulse: None,
    }
}

/// What a run said, one line an event.
#[derive(Debug, Default)]
struct Notes {
    lines: Vec<String>,
    summaries: Vec<Summary>,
}

impl Notes {
    fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Frame(result, _) => {
                let number = result.frame.number;
                let verdict = match &result.outcome {
                    Ok(judgement) => match judgement.verdict {
                        Ok(verdict) => verdict.to_string(),
                        Err(cause) => format!("- ({cause})"),
                    },
                    Err(_) => "error".to_owned(),
                };
                let dropped = result.dropped_since_last;
                let skipped = if dropped > 0 { format!(" after {dropped}") } else { String::new() };
                self.lines.push(format!("{number} {verdict}{skipped}"));
            }
            Event::Status(status) => {
                let cause = status.cause.as_deref().map_or(String::new(), |cause| format!(": {cause}"));
                self.lines.push(format!("{}{cause}", status.state.name()));
            }
            Event::Turn(turn) => self.lines.push(format!("{}: {}", turn.drift.course.name(), turn.drift)),
            Event::Summary(summary) => self.summaries.push((*summary).clone()),
        }
    }
}

/// Runs to the end.
fn noted(
    engine: impl Engine + 'static,
    sources: Vec<(Feed, Option<Box<dyn Source>>)>,
    settings: &Settings,
    clock: &Arc<dyn Clock>,
) -> Notes {
    let mut notes = Notes::default();
    run(&mut Crew::new(engine), sources, settings, clock, &Interrupt::default(), |event| {
        notes.take(&event);
        Ok::<_, ()>(Told::Written)
    })
    .unwrap();
    notes
}
