//! Whether a new release is well: decided from what is seen of it, moment by moment. No clock, no service: a function of what it is told.
//!
//! Well is: it said that it is ready, so many frames were judged, and for a while from then on it neither ended nor was ended. Ending once is not
//! well: what ran before did not. A camera that is missing is not well either, whoever's fault that is: a release that has never judged a
//! frame here is not known to.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::service::{Active, Observation};

/// What well means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criteria {
    /// Frames that must be judged.
    pub frames: u64,
    /// Seconds until then.
    pub patience: u64,
    /// Seconds that it must stay alive afterwards: longer than the unit's watchdog, which is what finds a program that hangs.
    pub soak: u64,
}

impl Default for Criteria {
    /// 5 frames within 5 minutes, and 90 s afterwards: TensorRT compiles for minutes, and the longest watchdog of a profile has 60 s.
    fn default() -> Self {
        Self { frames: 5, patience: 300, soak: 90 }
    }
}

/// Why a release is not well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Reason {
    /// It ended, or was ended.
    Ended {
        /// How: `exit-code`, `watchdog`, `timeout`, `signal`, …
        result: String,
        /// The last that it said.
        words: String,
    },
    /// It did not say that it is ready.
    NotReady {
        /// Seconds that were waited.
        waited: u64,
        /// The last that it said.
        words: String,
    },
    /// It judged too few frames.
    Blind {
        /// Frames.
        judged: u64,
        /// Frames.
        expected: u64,
        /// Seconds that were waited.
        waited: u64,
        /// What the service says is wrong.
        causes: String,
    },
    /// It judged, and then was no longer well.
    Faded {
        /// What the service says is wrong.
        causes: String,
    },
    /// The board was started again and again before it was known.
    Starts {
        /// How often.
        starts: u32,
    },
    /// The service's manager failed.
    Manager {
        /// Its words.
        said: String,
    },
    /// Somebody asked for it.
    Asked,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let behind = |words: &str| if words.is_empty() { String::new() } else { format!("; {words}") };
        match self {
            Self::Ended { result, words } => write!(formatter, "it ended ({result}){}", behind(words)),
            Self::NotReady { waited, words } => write!(formatter, "not ready after {waited} s{}", behind(words)),
            Self::Blind { judged, expected, waited, causes } => {
                write!(formatter, "{judged} of {expected} frames judged after {waited} s{}", behind(causes))
            }
            Self::Faded { causes } => write!(formatter, "no longer well after the first frames{}", behind(causes)),
            Self::Starts { starts } => write!(formatter, "the board was started {starts} times while it was on trial"),
            Self::Manager { said } => formatter.write_str(said),
            Self::Asked => formatter.write_str("as asked"),
        }
    }
}

/// What a look at the service leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Look again.
    Wait,
    /// It is well.
    Well,
    /// It is not.
    Back(Reason),
}

/// A trial as far as it was watched.
#[derive(Debug, Clone)]
pub struct Watch {
    criteria: Criteria,
    began: Duration,
    /// Restarts at the first look.
    restarts: Option<u32>,
    /// The process that was seen last.
    process: Option<u32>,
    /// When that process had judged enough frames.
    judged_at: Option<Duration>,
}

impl Watch {
    /// Begins now.
    #[must_use]
    pub fn new(criteria: Criteria, now: Duration) -> Self {
        Self { criteria, began: now, restarts: None, process: None, judged_at: None }
    }

    /// Looks. An error is the manager's word: one that fails now may answer later, within the patience that there is.
    pub fn look(&mut self, now: Duration, seen: Result<&Observation, String>) -> Decision {
        let waited = now.saturating_sub(self.began);
        let is_late = waited >= Duration::from_secs(self.criteria.patience) && self.judged_at.is_none()
            || waited >= Duration::from_secs(self.criteria.patience.saturating_add(self.criteria.soak));
        let seen = match seen {
            Ok(seen) => seen,
            Err(said) if is_late => return Decision::Back(Reason::Manager { said }),
            Err(_) => return Decision::Wait,
        };
        let restarts = *self.restarts.get_or_insert(seen.restarts);
        if seen.restarts != restarts || matches!(seen.active, Active::Ended | Active::Failed) {
            return Decision::Back(Reason::Ended { result: seen.result.clone(), words: String::new() });
        }
        let report = seen.report.as_ref().filter(|_| seen.active == Active::Ready);
        if let Some((report, _)) = report {
            // What the release before had judged while it was being stopped is not this one's.
            if self.process.replace(report.pid).is_some_and(|before| before != report.pid) {
                self.judged_at = None;
            }
        }
        let judged = report.filter(|(report, _)| report.ready).map(|(report, _)| report.judged());
        if judged.is_some_and(|judged| judged >= self.criteria.frames) {
            let since = *self.judged_at.get_or_insert(now);
            let is_healthy = report.is_some_and(|(_, health)| health.healthy);
            if is_healthy && now.saturating_sub(since) >= Duration::from_secs(self.criteria.soak) {
                return Decision::Well;
            }
        }
        if !is_late {
            return Decision::Wait;
        }
        let causes = report.map_or(String::new(), |(_, health)| {
            health.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        });
        Decision::Back(match judged {
            _ if self.judged_at.is_some() => Reason::Faded { causes },
            None => Reason::NotReady { waited: waited.as_secs(), words: String::new() },
            Some(judged) => Reason::Blind { judged, expected: self.criteria.frames, waited: waited.as_secs(), causes },
        })
    }
}

impl Reason {
    /// With the last that the service said, where that explains something.
    #[must_use]
    pub fn with_words(self, last: &str) -> Self {
        let last = last.trim().to_owned();
        match self {
            Self::Ended { result, words } if words.is_empty() => Self::Ended { result, words: last },
            Self::NotReady { waited, words } if words.is_empty() => Self::NotReady { waited, words: last },
            other => other,
        }
    }
}

#[cfg(test)]
mod tests;
