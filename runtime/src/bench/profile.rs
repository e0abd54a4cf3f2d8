//! Where a picture's time goes: by part of the network, and by kind of operator.

use std::collections::BTreeMap;

use moead_model::onnx::parts::Part;
use serde::{Deserialize, Serialize};

/// Milliseconds of one picture, the mean of several, node by node added up twice: both tables have the same sum. What an engine
/// does between nodes is in none of them; what looking at each costs is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    parts: BTreeMap<Part, f64>,
    operators: BTreeMap<String, f64>,
}

/// A part of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// Of one picture.
    pub ms: f64,
    /// Between 0 and 1, of all nodes' time.
    pub share: f64,
}

impl Profile {
    /// Adds the time of one node.
    pub fn add(&mut self, node: &str, operator: &str, milliseconds: f64) {
        *self.parts.entry(Part::of(node)).or_default() += milliseconds;
        *self.operators.entry(operator.to_owned()).or_default() += milliseconds;
    }

    /// Of one of so many pictures, from the sum of all.
    #[must_use]
    pub fn divided_by(mut self, pictures: usize) -> Self {
        let times = self.parts.values_mut().chain(self.operators.values_mut());
        times.for_each(|time| *time /= pictures.max(1) as f64);
        self
    }

    /// Milliseconds of all nodes.
    pub fn total(&self) -> f64 {
        self.parts.values().sum()
    }

    /// Every part, in the order of a picture's way; those without a node took no time.
    pub fn parts(&self) -> [(Part, Share); 5] {
        Part::ALL.map(|part| (part, self.share(self.parts.get(&part).copied().unwrap_or_default())))
    }

    /// Every kind of operator, in the engine's words, the costly first.
    pub fn operators(&self) -> Vec<(&str, Share)> {
        let mut operators: Vec<_> = self.operators.iter().map(|(name, &ms)| (name.as_str(), self.share(ms))).collect();
        operators.sort_by(|(_, left), (_, right)| right.ms.total_cmp(&left.ms));
        operators
    }

    fn share(&self, ms: f64) -> Share {
        let total = self.total();
        Share { ms, share: if total > 0.0 { ms / total } else { 0.0 } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> Profile {
        let mut profile = Profile::default();
        for (node, operator, milliseconds) in [
            ("stem", "Conv", 4.0),
            ("block1.reduce", "Conv", 8.0),
            ("round0.moe_ffn.expert0.fc1.matmul", "MatMul", 2.0),
            ("ReorderOutput_token_3", "ReorderOutput", 1.0),
            ("anomaly_map", "MatMul", 1.0),
        ] {
            profile.add(node, operator, milliseconds);
        }
        profile
    }

    #[test]
    fn nodes_are_added_up_by_part_and_by_operator() {
        let parts = profile().divided_by(2).parts().map(|(part, share)| (part.name(), share.ms, share.share));
        let expected = [
            ("backbone", 6.0, 0.75),
            ("neck", 0.0, 0.0),
            ("decoder", 1.0, 0.125),
            ("head", 0.5, 0.0625),
            ("other", 0.5, 0.0625),
        ];
        assert_eq!(parts, expected);
        let profile = profile();
        let operators: Vec<_> = profile.operators().into_iter().map(|(name, share)| (name, share.ms)).collect();
        assert_eq!(operators, [("Conv", 12.0), ("MatMul", 3.0), ("ReorderOutput", 1.0)]);
        assert_eq!(profile.total(), 16.0);
    }

    #[test]
    fn a_picture_that_took_no_time_has_shares_all_the_same() {
        let mut profile = Profile::default();
        profile.add("stem", "Conv", 0.0);
        assert!(profile.divided_by(0).parts().iter().all(|(_, share)| share.share == 0.0 && share.ms == 0.0));
    }

    #[test]
    fn what_a_process_tells_another_is_the_profile() {
        let line = serde_json::to_string(&profile()).unwrap();
        assert_eq!(serde_json::from_str::<Profile>(&line).unwrap(), profile());
    }
}
