//! What is asked of a contender and what it answers: a JSON document a line, on its standard input and output.

use serde::{Deserialize, Serialize};

use super::profile::Profile;

/// Asked of a contender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Judge the self-test's kind of picture, drawn from this seed.
    Run {
        /// See [`moead_model::self_test::picture`].
        seed: u64,
    },
    /// The same, and tell the map.
    Map {
        /// As above.
        seed: u64,
    },
    /// Do nothing for so long.
    Wait {
        /// Milliseconds.
        milliseconds: u64,
    },
    /// How much memory was taken at most.
    Memory,
    /// Where the time of these pictures goes. The last question: from here on memory is that of another session.
    Profile {
        /// Drawn from the seeds 1 to this.
        pictures: usize,
    },
}

/// A contender's answer. The first comes unasked, when the model is loaded or is not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Ready.
    Loaded {
        /// The engine and provider that were chosen, as `ort cuda`.
        engine: String,
        /// With version.
        description: String,
        /// From the model's bytes to a session.
        load_ms: f64,
        /// The first picture, which also warms what is made when it is needed.
        first_ms: f64,
    },
    /// Not to be had, and why.
    Refused {
        /// In words.
        cause: String,
    },
    /// A picture was judged.
    Ran {
        /// By the clock on the wall.
        wall_ms: f64,
        /// Of all threads.
        cpu_ms: f64,
    },
    /// The anomaly map, row-major.
    Map(Vec<f32>),
    /// Share of one core that was used while there was nothing to do.
    Waited {
        /// 0 is none, 1 a whole core.
        cpu_share: f64,
    },
    /// Bytes.
    Memory {
        /// The most that ever was resident; `None` where the system does not tell.
        peak: Option<u64>,
    },
    /// Where the time goes.
    Profile(Profile),
}
