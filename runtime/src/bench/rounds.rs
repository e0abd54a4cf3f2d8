//! Who runs when, and what is written down.

use moead_model::self_test::SplitMix64;

use super::process::{Contender, ContenderError};
use super::profile::Profile;
use super::protocol::{Answer, Question};
use super::statistics::Quartiles;
use crate::verify;

/// So many different pictures are judged: how many tokens choose which expert depends on the picture, and so does the time.
const PICTURES: u64 = 8;
/// How long everyone does nothing, to see what that costs.
const WAIT_MS: u64 = 1000;

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Rounds that are thrown away: caches fill, clocks rise.
    pub warm_up: usize,
    /// Rounds that count.
    pub rounds: usize,
    /// How closely is looked.
    pub detail: Detail,
}

/// How closely is looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// At pictures.
    Pictures,
    /// At nodes too, when all rounds are over.
    Nodes,
}

/// What was measured of one contender.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// As chosen: `ort cuda`.
    pub engine: String,
    /// With version.
    pub description: String,
    /// Milliseconds to load the model.
    pub load_ms: f64,
    /// Milliseconds of the first picture.
    pub first_ms: f64,
    /// Milliseconds per picture, by the clock on the wall, round by round.
    pub wall_ms: Vec<f64>,
    /// Milliseconds per picture of all threads together, round by round.
    pub cpu_ms: Vec<f64>,
    /// Share of a core while there is nothing to do.
    pub idle_cpu: f64,
    /// Bytes; `None` where the system does not tell.
    pub peak_memory: Option<u64>,
    /// Largest difference of the map from the first contender's, relative to its largest value, over all pictures.
    pub map_error: f64,
    /// Where the time of the pictures goes, or why that is not known; `None` when nobody asked.
    pub profile: Option<Result<Profile, String>>,
}

impl Measurement {
    /// Of a picture, by the clock on the wall.
    pub fn wall(&self) -> Option<Quartiles> {
        Quartiles::of(self.wall_ms.iter().copied())
    }

    /// Of a picture, of all threads together.
    pub fn cpu(&self) -> Option<Quartiles> {
        Quartiles::of(self.cpu_ms.iter().copied())
    }

    /// This contender's time as a part of `base`'s, round by round.
    pub fn ratio(&self, base: &Self) -> Option<Quartiles> {
        Quartiles::of_ratios(&self.wall_ms, &base.wall_ms)
    }
}

/// Runs the contenders in turn. Those that fail are out, with the reason; the others go on. `progress` hears of every round.
pub fn run(
    contenders: Vec<Result<Contender, ContenderError>>,
    effort: Effort,
    progress: &mut dyn FnMut(),
) -> Vec<Result<Measurement, ContenderError>> {
    let mut lanes: Vec<Result<Lane, ContenderError>> =
        contenders.into_iter().map(|contender| contender.and_then(Lane::begin)).collect();
    // Whoever runs after a heavy neighbour finds cold caches, so the order changes from round to round.
    let mut order = SplitMix64::new(1);
    for round in 0..effort.warm_up + effort.rounds {
        let count = lanes.len().max(1);
        let first = order.next_u64() as usize % count;
        for offset in 0..lanes.len() {
            let index = (first + offset) % count;
            let counts = round >= effort.warm_up;
            step(&mut lanes[index], |lane| lane.run(round as u64 % PICTURES + 1, counts));
        }
        progress();
    }
    lanes.iter_mut().for_each(|lane| step(lane, Lane::wait));
    compare(&mut lanes);
    lanes.into_iter().map(|lane| lane.and_then(|lane| lane.end(effort.detail))).collect()
}

/// Does something with a lane that is still in, and takes it out if that fails.
fn step(lane: &mut Result<Lane, ContenderError>, action: impl FnOnce(&mut Lane) -> Result<(), ContenderError>) {
    if let Ok(running) = lane
        && let Err(error) = action(running)
    {
        *lane = Err(error);
    }
}

/// Compares everyone's maps with those of the first that is still in.
fn compare(lanes: &mut [Result<Lane, ContenderError>]) {
    for seed in 1..=PICTURES {
        let mut base: Option<Vec<f32>> = None;
        for lane in &mut *lanes {
            step(lane, |lane| {
                let map = lane.map(seed)?;
                match &base {
                    None => base = Some(map),
                    Some(base) => {
                        lane.measurement.map_error = lane.measurement.map_error.max(verify::map_error(base, &map))
                    }
                }
                Ok(())
            });
        }
    }
}

struct Lane {
    contender: Contender,
    measurement: Measurement,
}

impl Lane {
    fn begin(mut contender: Contender) -> Result<Self, ContenderError> {
        let Answer::Loaded { engine, description, load_ms, first_ms } = contender.answer()? else {
            return Err(unexpected());
        };
        let measurement = Measurement {
            engine,
            description,
            load_ms,
            first_ms,
            wall_ms: Vec::new(),
            cpu_ms: Vec::new(),
            idle_cpu: 0.0,
            peak_memory: None,
            map_error: 0.0,
            profile: None,
        };
        Ok(Self { contender, measurement })
    }

    fn run(&mut self, seed: u64, counts: bool) -> Result<(), ContenderError> {
        let Answer::Ran { wall_ms, cpu_ms } = self.contender.ask(Question::Run { seed })? else {
            return Err(unexpected());
        };
        if counts {
            self.measurement.wall_ms.push(wall_ms);
            self.measurement.cpu_ms.push(cpu_ms);
        }
        Ok(())
    }

    fn wait(&mut self) -> Result<(), ContenderError> {
        let Answer::Waited { cpu_share } = self.contender.ask(Question::Wait { milliseconds: WAIT_MS })? else {
            return Err(unexpected());
        };
        self.measurement.idle_cpu = cpu_share;
        Ok(())
    }

    fn map(&mut self, seed: u64) -> Result<Vec<f32>, ContenderError> {
        match self.contender.ask(Question::Map { seed })? {
            Answer::Map(map) => Ok(map),
            _ => Err(unexpected()),
        }
    }

    fn profile(&mut self) -> Result<Profile, ContenderError> {
        match self.contender.ask(Question::Profile { pictures: PICTURES as usize })? {
            Answer::Profile(profile) => Ok(profile),
            _ => Err(unexpected()),
        }
    }

    fn end(mut self, detail: Detail) -> Result<Measurement, ContenderError> {
        let Answer::Memory { peak } = self.contender.ask(Question::Memory)? else { return Err(unexpected()) };
        self.measurement.peak_memory = peak;
        if detail == Detail::Nodes {
            // What was measured before stays, whatever becomes of this.
            self.measurement.profile = Some(self.profile().map_err(|error| error.to_string()));
        }
        Ok(self.measurement)
    }
}

fn unexpected() -> ContenderError {
    ContenderError::Answer("another question".into())
}
