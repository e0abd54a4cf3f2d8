//! Whether the run does what it is for.

use std::time::Duration;

use serde::Serialize;

use crate::stream::status::State;

use super::figures::Life;
use super::shared::Shared;

/// Well, or why not.
#[derive(Debug, Serialize)]
pub(super) struct Health {
    pub(super) healthy: bool,
    pub(super) reasons: Vec<Reason>,
}

/// What is wrong.
#[derive(Debug, Serialize)]
pub(super) struct Reason {
    /// None when it concerns the engine.
    source: Option<String>,
    state: &'static str,
    cause: Option<String>,
}

/// Well is: frames come from every source that has not ended, they show something, and the engine has answered lately.
pub(super) fn look(shared: &Shared) -> Health {
    let elapsed = shared.elapsed();
    let mut reasons = Vec::new();
    let mut streaming_since = None;
    let mut answered = None;
    for source in &shared.sources {
        let figures = source.figures();
        answered = answered.max(figures.judged);
        match figures.life {
            Life::Ended => {}
            Life::In(State::Streaming) => {
                let since = figures.state_since;
                streaming_since = Some(streaming_since.map_or(since, |earlier: Duration| earlier.min(since)));
            }
            Life::In(State::Connecting | State::Stalled | State::Lost | State::Blind(_)) => reasons.push(Reason {
                source: Some(source.name.clone()),
                state: figures.life.name(),
                cause: (!figures.state_cause.is_empty()).then(|| figures.state_cause.clone()),
            }),
        }
    }
    // Without frames there is nothing to answer.
    if let Some(since) = streaming_since {
        let silence = elapsed.saturating_sub(answered.map_or(since, |answered| answered.max(since)));
        if silence > shared.settings.patience {
            let cause = format!("frames come, and the engine has not answered for {} s", silence.as_secs());
            reasons.push(Reason { source: None, state: "silent", cause: Some(cause) });
        }
    }
    Health { healthy: reasons.is_empty(), reasons }
}
