//! The camera that looks at a scene: when frames come, which are lost, what fails.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::stream::clock::{Clock, Monotonic};
use crate::stream::frame::{Arrival, Content};
use crate::stream::interrupt::Interrupt;
use crate::stream::sources::{Corruption, Mode, Next, Opener, Order, Source, SourceError};

use super::canvas::{Canvas, Light};
use super::chance::{Purpose, dice};
use super::driver::{Buffers, Flaw, Shot};
use super::faults::{Mishap, Trouble};
use super::stage::Stage;
use super::{Pace, SceneRequest, name_of};

/// Why a scene's camera delivers nothing: a fault that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SceneError {
    /// [`Trouble::Lost`].
    #[error("the drawn camera is unplugged")]
    Lost,
    /// [`Trouble::Busy`].
    #[error("the drawn camera is busy: somebody else has it")]
    Busy,
    /// [`Trouble::Fatal`].
    #[error("the drawn camera's stream broke off")]
    Fatal,
}

/// Opens the camera, again and again.
pub struct SceneOpener {
    shared: Arc<Shared>,
}

struct Shared {
    request: SceneRequest,
    stage: Stage,
    clock: Arc<dyn Clock>,
    interrupt: Interrupt,
    life: Mutex<Life>,
}

/// What outlasts a loss.
#[derive(Debug, Default)]
struct Life {
    /// The first opening, where the scene begins.
    began: Option<Monotonic>,
    /// The scene's time, where nobody waits for it.
    free: Duration,
    /// Frames that were captured.
    captured: u64,
}

impl SceneOpener {
    /// Draws what stays the same. Waiting goes through `clock`, and ends early when `interrupt` is requested.
    pub fn new(request: SceneRequest, clock: Arc<dyn Clock>, interrupt: Interrupt) -> Self {
        let stage = Stage::new(&request);
        Self { shared: Arc::new(Shared { request, stage, clock, interrupt, life: Mutex::default() }) }
    }
}

impl Shared {
    fn life(&self) -> MutexGuard<'_, Life> {
        // Nothing in here leaves it half changed.
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the scene began, and how long ago.
    fn now(&self) -> (Monotonic, Duration) {
        let now = self.clock.monotonic();
        let mut life = self.life();
        let began = *life.began.get_or_insert(now);
        match self.request.pace {
            Pace::Real => (began, now.since(began)),
            Pace::Free => (began, life.free),
        }
    }

    /// Lets time pass.
    fn wait(&self, duration: Duration) {
        match self.request.pace {
            Pace::Real => self.clock.pause(duration, &self.interrupt),
            Pace::Free => self.life().free += duration,
        }
    }
}

impl Opener for SceneOpener {
    fn open(&self) -> Result<Box<dyn Source>, SourceError> {
        let shared = &self.shared;
        let (_, now) = shared.now();
        for (trouble, error) in [(Trouble::Lost, SceneError::Lost), (Trouble::Busy, SceneError::Busy)] {
            if let Some((_, end)) = shared.request.faults.during(trouble, now) {
                if shared.request.pace == Pace::Free {
                    shared.life().free = end;
                }
                return Err(error.into());
            }
        }
        Ok(Box::new(Camera::new(Arc::clone(shared), now)))
    }
}

/// An open camera.
struct Camera {
    shared: Arc<Shared>,
    mode: Mode,
    canvas: Canvas,
    /// When it was opened.
    opened: Duration,
    /// The frame of the scene that is captured next.
    frame: u64,
    /// The number it gets.
    sequence: u32,
    buffers: Buffers,
    /// What was put into a buffer last.
    filled: Option<Shot>,
}

impl Camera {
    fn new(shared: Arc<Shared>, now: Duration) -> Self {
        let request = &shared.request;
        let rate = 1.0 / request.interval.as_secs_f64();
        let (width, height) = (request.size.width, request.size.height);
        let mode = Mode {
            size: Some(request.size),
            interval: Some(request.interval),
            description: format!(
                "{} {width}x{height} at {} fps, drawn",
                name_of(request.format),
                (rate * 100.0).round() / 100.0
            ),
            differences: Vec::new(),
        };
        let canvas = Canvas::new(&shared.stage, request.format);
        let frame = u64::try_from(now.as_nanos().div_ceil(request.interval.as_nanos())).unwrap_or(u64::MAX);
        Self { shared, mode, canvas, opened: now, frame, sequence: 0, buffers: Buffers::new(), filled: None }
    }

    /// When that frame is captured.
    fn time(&self, frame: u64) -> Duration {
        let nanoseconds = self.shared.request.interval.as_nanos() * u128::from(frame);
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }

    /// Whether the scene has no more frames.
    fn is_over(&self) -> bool {
        self.shared.request.frames.is_some_and(|frames| self.shared.life().captured >= frames)
    }

    /// Captures everything up to `now`.
    fn capture(&mut self, now: Duration) {
        while self.time(self.frame) <= now && !self.is_over() {
            let (frame, time) = (self.frame, self.time(self.frame));
            self.frame += 1;
            let request = &self.shared.request;
            if request.faults.during(Trouble::Stall, time).is_some() {
                continue;
            }
            let mishap = request.faults.mishap(request.seed, frame);
            if let (Some(Mishap::Repeated), Some(shot)) = (mishap, self.filled) {
                self.buffers.fill(shot);
                continue;
            }
            let flaw = match mishap {
                Some(Mishap::Flagged) => Some(Flaw::Flagged),
                Some(Mishap::Short) => {
                    Some(Flaw::Short((dice(request.seed, Purpose::Frame, frame).next_u64() >> 56) as u8))
                }
                Some(Mishap::Dropped | Mishap::Repeated) | None => None,
            };
            let (frame, light) = self.sight(frame, time);
            let shot = Shot { frame, light, sequence: self.sequence, time, flaw };
            self.sequence = self.sequence.wrapping_add(1);
            self.shared.life().captured += 1;
            if mishap != Some(Mishap::Dropped) {
                self.buffers.fill(shot);
                self.filled = Some(shot);
            }
        }
    }

    /// What the camera sees at that time: which frame of the scene, in which light.
    fn sight(&self, frame: u64, time: Duration) -> (u64, Light) {
        let faults = &self.shared.request.faults;
        let light = if faults.during(Trouble::Dark, time).is_some() {
            Light::Out
        } else if faults.during(Trouble::Bright, time).is_some() {
            Light::Glaring
        } else {
            Light::On
        };
        let Some((start, _)) = faults.during(Trouble::Frozen, time) else { return (frame, light) };
        let frozen = start.as_nanos().div_ceil(self.shared.request.interval.as_nanos());
        (u64::try_from(frozen).unwrap_or(frame), light)
    }

    /// What keeps the stream from going on.
    fn failure(&self, now: Duration) -> Option<SceneError> {
        let began = |trouble| self.shared.request.faults.began(trouble, self.opened, now);
        if began(Trouble::Lost) {
            Some(SceneError::Lost)
        } else if began(Trouble::Fatal) {
            Some(SceneError::Fatal)
        } else {
            None
        }
    }

    /// The end of a hang that began while the camera was open.
    fn hangs_until(&self, now: Duration) -> Option<Duration> {
        let (start, end) = self.shared.request.faults.during(Trouble::Hang, now)?;
        (start > self.opened).then_some(end)
    }

    /// Lends the next frame, if one waits.
    fn lend(&mut self, order: Order) -> Option<Next<'_>> {
        let (shot, passed_over) = self.buffers.lend(order)?;
        let sequence = Some(shot.sequence);
        let expected = || self.canvas.bytes();
        let problem = shot.flaw.map(|flaw| match flaw {
            Flaw::Flagged => Corruption::Flagged,
            Flaw::Short(part) => {
                Corruption::Short { expected: expected(), found: expected() * usize::from(part) / 256 }
            }
        });
        if let Some(problem) = problem {
            return Some(Next::Corrupt { sequence, passed_over, problem });
        }
        let captured = match self.shared.request.pace {
            Pace::Real => self.shared.life().began.map(|began| began.plus(shot.time)),
            // The scene's time is nobody else's.
            Pace::Free => None,
        };
        let format = self.canvas.format();
        let (bytes, truth) = self.canvas.draw(&self.shared.stage, shot.frame, shot.light);
        let content = Content::Raw { format, bytes };
        Some(Next::Frame(Arrival { content, sequence, captured, passed_over, truth: Some(truth) }))
    }
}

impl Source for Camera {
    fn mode(&self) -> &Mode {
        &self.mode
    }

    fn next(&mut self, patience: Duration, order: Order) -> Result<Next<'_>, SourceError> {
        let (_, mut now) = self.shared.now();
        let deadline = now.saturating_add(patience);
        loop {
            if let Some(error) = self.failure(now) {
                return Err(error.into());
            }
            if let Some(end) = self.hangs_until(now) {
                self.shared.wait(end - now);
                return Ok(Next::Nothing);
            }
            // While the frame before was in use, its buffer was not free.
            self.capture(now);
            self.buffers.give_back();
            if !self.buffers.is_empty() {
                break;
            }
            if self.is_over() {
                return Ok(Next::End);
            }
            if now >= deadline || self.shared.interrupt.is_requested() {
                return Ok(Next::Nothing);
            }
            self.shared.wait(self.time(self.frame).min(deadline).saturating_sub(now));
            let (_, later) = self.shared.now();
            if later <= now {
                return Ok(Next::Nothing);
            }
            now = later;
        }
        Ok(self.lend(order).unwrap_or(Next::Nothing))
    }
}

#[cfg(test)]
mod tests;
