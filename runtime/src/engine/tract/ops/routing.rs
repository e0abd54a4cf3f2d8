//! Which tokens go to which expert.

use super::parallel::{parts, run_parts};

/// A round's tokens and experts. No number stands twice in a token's choices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::tract) struct Routing {
    pub(in crate::engine::tract) tokens: usize,
    pub(in crate::engine::tract) hidden: usize,
    /// By which the choices name the experts, in the order in which they add to a token.
    pub(in crate::engine::tract) numbers: Vec<i64>,
}

impl Routing {
    /// Calls `work` for parts of the tokens that chose expert `number`, on several threads where there are: the first token's
    /// number, tokens (counted from it) and their gates, and the sums from that token on.
    ///
    /// * `choices`, `gates`: tokens x choices.
    /// * `sums`: tokens x hidden.
    /// * `step`: tokens that a kernel takes at once.
    pub(super) fn visit(
        &self,
        number: i64,
        (choices, gates): (&[i64], &[f32]),
        sums: &mut [f32],
        step: usize,
        work: impl Fn(usize, &[(usize, f32)], &mut [f32]) + Sync,
    ) {
        let places = self.places(number, choices, gates);
        let mut rest = sums;
        let mut done = 0;
        let mut jobs = Vec::new();
        let parts = parts(places.len(), step);
        for (index, part) in parts.iter().enumerate() {
            // A token is in `places` once, so parts of it are apart in the sums too.
            let first = if index == 0 { 0 } else { places[part.start].0 };
            let end = parts.get(index + 1).map_or(self.tokens, |next| places[next.start].0);
            let (sums, behind) = rest.split_at_mut((end - done) * self.hidden);
            (rest, done) = (behind, end);
            let places: Vec<_> = places[part.clone()].iter().map(|&(token, gate)| (token - first, gate)).collect();
            jobs.push((first, places, sums));
        }
        run_parts(jobs, |(first, places, sums)| work(first, &places, sums));
    }

    /// Tokens that chose an expert, and their gates, in ascending order.
    fn places(&self, number: i64, choices: &[i64], gates: &[f32]) -> Vec<(usize, f32)> {
        let each = choices.len() / self.tokens.max(1);
        let mut places = Vec::with_capacity(self.tokens);
        for (place, (&choice, &gate)) in choices.iter().zip(gates).enumerate() {
            if choice == number {
                places.push((place / each, gate));
            }
        }
        places
    }
}
