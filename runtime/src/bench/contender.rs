//! The side that computes: one engine with one model, doing as it is asked until nobody asks any more.

use std::io::{self, BufRead, Write};
use std::time::Duration;

use moead_model::onnx::model_file::ModelFile;
use moead_model::self_test;

use super::profiler::{self, ProfilerError};
use super::protocol::{Answer, Question};
use super::usage::{Memory, cpu_time};
use crate::engine::choice::{self, Candidate, Request};
use crate::engine::{Engine, EngineError, Output};
use crate::preprocess::normalize::normalize;
use crate::stream::clock::Clock;
use crate::stream::interrupt::Interrupt;

/// The picture that the first run judges.
const FIRST_SEED: u64 = 1;

/// Loads the model as asked and answers questions until `questions` end.
///
/// # Errors
/// Those of the two streams. Everything else is an [`Answer::Refused`].
pub fn serve(
    model: &ModelFile,
    request: &Request,
    clock: &dyn Clock,
    questions: impl BufRead,
    mut answers: impl Write,
) -> io::Result<()> {
    let mut tell = |answer: &Answer| {
        let mut line = serde_json::to_string(answer)?;
        line.push('\n');
        answers.write_all(line.as_bytes())?;
        answers.flush()
    };
    let refused = |cause: &dyn std::fmt::Display| Answer::Refused { cause: cause.to_string() };
    let started = clock.monotonic();
    let chosen = match choice::load(model, &Output::JUDGED, request, &mut |_| {}) {
        Ok(chosen) => chosen,
        Err(error) => return tell(&refused(&error)),
    };
    let load_ms = milliseconds(clock.monotonic().since(started));
    let (engine, description) = (chosen.candidate.to_string(), chosen.description.to_string());
    let mut bench = Bench { model, request, candidate: chosen.candidate, engine: chosen.crew.into_first(), clock };
    match bench.run(FIRST_SEED) {
        Ok(Ran { wall, .. }) => {
            tell(&Answer::Loaded { engine, description, load_ms, first_ms: milliseconds(wall) })?;
        }
        Err(error) => return tell(&refused(&error)),
    }
    for line in questions.lines() {
        let question: Question = serde_json::from_str(&line?)?;
        let answer = bench.answer(question).unwrap_or_else(|error| refused(&error));
        tell(&answer)?;
    }
    Ok(())
}

struct Bench<'a> {
    model: &'a ModelFile,
    request: &'a Request,
    candidate: Candidate,
    engine: Box<dyn Engine>,
    clock: &'a dyn Clock,
}

struct Ran {
    wall: Duration,
    cpu: Duration,
    map: Vec<f32>,
}

impl Bench<'_> {
    fn answer(&mut self, question: Question) -> Result<Answer, ProfilerError> {
        Ok(match question {
            Question::Run { seed } => {
                let Ran { wall, cpu, .. } = self.run(seed)?;
                Answer::Ran { wall_ms: milliseconds(wall), cpu_ms: milliseconds(cpu) }
            }
            Question::Map { seed } => Answer::Map(self.run(seed)?.map),
            Question::Wait { milliseconds } => {
                let (before, started) = (cpu_time(), self.clock.monotonic());
                self.clock.pause(Duration::from_millis(milliseconds), &Interrupt::default());
                let (used, waited) = (cpu_time().saturating_sub(before), self.clock.monotonic().since(started));
                Answer::Waited { cpu_share: used.as_secs_f64() / waited.as_secs_f64() }
            }
            Question::Memory => Answer::Memory { peak: Memory::now().map(|memory| memory.peak) },
            Question::Profile { pictures } => {
                Answer::Profile(profiler::profile(self.model, self.candidate, self.request, pictures, self.clock)?)
            }
        })
    }

    /// Judges a drawn picture. Drawing it is not part of the time.
    fn run(&mut self, seed: u64) -> Result<Ran, EngineError> {
        let normalization = self.model.manifest().input.normalization();
        let input = normalize(&self_test::picture(seed, self.engine.input()), normalization);
        let (cpu, started) = (cpu_time(), self.clock.monotonic());
        let mut outputs = self.engine.run(&input)?;
        let (wall, cpu) = (self.clock.monotonic().since(started), cpu_time().saturating_sub(cpu));
        Ok(Ran { wall, cpu, map: outputs.take(Output::AnomalyMap).map(|map| map.data).unwrap_or_default() })
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
