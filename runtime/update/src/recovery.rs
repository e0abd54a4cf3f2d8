//! What a start finds: a pure function of the record and of where `current` leads.

use crate::installed::ReleaseName;
use crate::record::{Phase, Record, Trial};
use crate::trial::Reason;

/// Starts of the board during one trial after which the new release is to blame: one that brings the kernel down would otherwise be tried for
/// ever.
pub const MOST_STARTS: u32 = 3;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Quiet,
    /// The new release is linked, and is to be watched; first to be started, while the phase says that it may not have been.
    Trying(Trial),
    /// It is not well, and the way back is to be gone to its end.
    GoingBack(Trial, Reason),
    /// The power went before the switch: the old one runs.
    NotSwitched(Trial),
    /// Something else was installed meanwhile.
    Replaced(Trial),
}

/// Finds it.
#[must_use]
pub fn found(record: &Record, current: &ReleaseName) -> Found {
    let Some(trial) = record.trial.clone() else { return Found::Quiet };
    if *current != trial.to && *current != trial.from {
        return Found::Replaced(trial);
    }
    match &trial.phase {
        Phase::GoingBack { reason } => {
            let reason = reason.clone();
            Found::GoingBack(trial, reason)
        }
        Phase::Switching | Phase::Trying if *current == trial.from => Found::NotSwitched(trial),
        Phase::Switching | Phase::Trying if trial.starts >= MOST_STARTS => {
            let starts = trial.starts;
            Found::GoingBack(trial, Reason::Starts { starts })
        }
        Phase::Switching | Phase::Trying => Found::Trying(trial),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::Criteria;

    fn name(text: &str) -> ReleaseName {
        ReleaseName::parse(text).unwrap()
    }

    fn trial(starts: u32, phase: Phase) -> Trial {
        let (from, to) = (name("1-a"), name("2-b"));
        Trial { from, to, before: None, starts, criteria: Criteria::default(), phase }
    }

    fn found_with(trial: &Trial, current: &str) -> Found {
        found(&Record { trial: Some(trial.clone()), ..Record::default() }, &name(current))
    }

    #[test]
    fn every_state_and_every_link_lead_to_one_thing() {
        assert_eq!(found(&Record::default(), &name("1-a")), Found::Quiet);
        let trying = trial(0, Phase::Trying);
        assert_eq!(found_with(&trying, "1-a"), Found::NotSwitched(trying.clone()));
        assert_eq!(found_with(&trying, "2-b"), Found::Trying(trying.clone()));
        assert_eq!(found_with(&trying, "3-c"), Found::Replaced(trying));
        let switching = trial(0, Phase::Switching);
        assert_eq!(found_with(&switching, "1-a"), Found::NotSwitched(switching.clone()));
        assert_eq!(found_with(&switching, "2-b"), Found::Trying(switching.clone()));
        assert_eq!(found_with(&switching, "3-c"), Found::Replaced(switching));
        let often = trial(MOST_STARTS, Phase::Trying);
        let starts = Reason::Starts { starts: MOST_STARTS };
        assert_eq!(found_with(&often, "2-b"), Found::GoingBack(often.clone(), starts));
        assert_eq!(found_with(&often, "1-a"), Found::NotSwitched(often.clone()));
        let back = trial(1, Phase::GoingBack { reason: Reason::Asked });
        assert_eq!(found_with(&back, "2-b"), Found::GoingBack(back.clone(), Reason::Asked));
        assert_eq!(found_with(&back, "1-a"), Found::GoingBack(back.clone(), Reason::Asked));
        assert_eq!(found_with(&back, "3-c"), Found::Replaced(back));
    }
}
