//! The scores of the last five minutes, for a chart.

use std::collections::VecDeque;
use std::time::Duration;

use crate::score::verdict::{Score, Verdict};

/// Results within one step become one point.
pub(super) const STEP: Duration = Duration::from_millis(500);

/// Five minutes.
const STEPS: u64 = 600;

/// What was seen within a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    /// Steps since the server began.
    pub(super) step: u64,
    /// The largest score; none when there was no number.
    pub(super) score: Option<f32>,
    /// `defect` if there was one, else `ok` if there was one.
    pub(super) verdict: Option<Verdict>,
}

/// Points of the last five minutes, oldest first.
#[derive(Debug, Clone)]
pub(super) struct History {
    points: VecDeque<Point>,
}

/// The step that a moment belongs to.
pub(super) fn step_at(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_millis() / STEP.as_millis()).unwrap_or(u64::MAX)
}

impl History {
    pub(super) fn new() -> Self {
        Self { points: VecDeque::with_capacity(STEPS as usize) }
    }

    /// Adds a result, `elapsed` after the server began.
    pub(super) fn add(&mut self, elapsed: Duration, score: Option<Score>, verdict: Option<Verdict>) {
        let step = step_at(elapsed);
        let score = score.map(|Score(score)| score).filter(|score| score.is_finite());
        match self.points.back_mut() {
            Some(last) if last.step == step => {
                last.score = match (last.score, score) {
                    (Some(one), Some(other)) => Some(one.max(other)),
                    (one, other) => one.or(other),
                };
                last.verdict = worse(last.verdict, verdict);
            }
            _ => {
                if self.points.len() == STEPS as usize {
                    self.points.pop_front();
                }
                self.points.push_back(Point { step, score, verdict });
            }
        }
    }

    /// The points from that step on that are not older than five minutes, oldest first.
    pub(super) fn since(&self, step: u64, elapsed: Duration) -> impl Iterator<Item = Point> {
        let first = step.max((step_at(elapsed) + 1).saturating_sub(STEPS));
        self.points.iter().copied().skip_while(move |point| point.step < first)
    }
}

fn worse(one: Option<Verdict>, other: Option<Verdict>) -> Option<Verdict> {
    match (one, other) {
        (Some(Verdict::Defect), _) | (_, Some(Verdict::Defect)) => Some(Verdict::Defect),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(history: &History, from: u64, elapsed: Duration) -> Vec<u64> {
        history.since(from, elapsed).map(|point| point.step).collect()
    }

    #[test]
    fn results_of_one_step_become_its_worst() {
        let mut history = History::new();
        let at = Duration::from_millis;
        history.add(at(100), None, None);
        history.add(at(200), Some(Score(2.0)), Some(Verdict::Defect));
        history.add(at(499), Some(Score(1.0)), Some(Verdict::Ok));
        history.add(at(500), Some(Score(f32::NAN)), None);
        let points: Vec<_> = history.since(0, at(600)).collect();
        let first = Point { step: 0, score: Some(2.0), verdict: Some(Verdict::Defect) };
        assert_eq!(points, [first, Point { step: 1, score: None, verdict: None }]);
    }

    #[test]
    fn five_minutes_are_kept_and_no_more() {
        let mut history = History::new();
        let capacity = history.points.capacity();
        for step in 0..2000 {
            history.add(STEP * step, Some(Score(1.0)), None);
        }
        assert_eq!(steps(&history, 0, STEP * 1999), (1400..2000).collect::<Vec<_>>());
        assert_eq!(steps(&history, 1998, STEP * 1999), [1998, 1999]);
        assert_eq!(steps(&history, 0, STEP * 2597), [1998, 1999]);
        assert_eq!(history.points.capacity(), capacity);
    }
}
