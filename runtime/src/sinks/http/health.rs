//! Whether the run does what it is for.

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
    source: String,
    state: &'static str,
    cause: Option<String>,
}

/// Well is: frames come from every source that has not ended, they show something, and the engine has answered lately about each.
pub(super) fn look(shared: &Shared) -> Health {
    let elapsed = shared.elapsed();
    let mut reasons = Vec::new();
    for source in &shared.sources {
        let figures = source.figures();
        match figures.life {
            Life::Waiting | Life::Ended => {}
            Life::In(State::Streaming) => {
                let answered = figures.judged.unwrap_or_default().max(figures.state_since);
                let silence = elapsed.saturating_sub(answered);
                if silence > shared.settings.patience {
                    let cause = format!("no frame has been judged for {} s", silence.as_secs());
                    reasons.push(Reason { source: source.name.clone(), state: "silent", cause: Some(cause) });
                }
            }
            Life::In(State::Connecting | State::Stalled | State::Lost | State::Blind(_)) => reasons.push(Reason {
                source: source.name.clone(),
                state: figures.life.name(),
                cause: (!figures.state_cause.is_empty()).then(|| figures.state_cause.clone()),
            }),
        }
    }
    Health { healthy: reasons.is_empty(), reasons }
}
