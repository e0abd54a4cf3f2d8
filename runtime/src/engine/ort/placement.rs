//! What really ran where. A provider may take a part of a graph and leave the rest to the processor, in silence: then the GPU waits.
//!
//! The library's own profile of one picture tells it ([`profile`]). Copies between processor and GPU are nodes that the library
//! adds (`MemcpyToHost`, `MemcpyFromHost`). A part that TensorRT took is one node, whatever it was made of.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use super::profile::{self, ProfileError, Record};

/// The processor's provider, as profiles name it.
const CPU: &str = "CPUExecutionProvider";
/// Nodes of one graph; model files have at most so many.
const MAX_NODES: usize = 100_000;
/// Names that are told. The rest is counted.
const TOLD: usize = 8;

/// Nodes per provider.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Placement {
    /// How many nodes each provider ran, by its name in the library; copies are counted apart.
    pub nodes: BTreeMap<String, usize>,
    /// Those that the processor ran, in the order in which they ran.
    pub on_cpu: Vec<String>,
    /// Copies between the processor's memory and the GPU's, inside of the graph.
    pub copies: usize,
}

/// Why what ran where is not good enough.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlacementError {
    /// Too much is left to the processor.
    #[error("{placement}, expected at most {limit} on the processor")]
    TooManyOnCpu {
        /// What ran where.
        placement: Placement,
        /// As asked for.
        limit: usize,
    },
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: usize = self.nodes.values().sum();
        write!(f, "{} of {all} nodes run on the processor", self.on_cpu.len())?;
        if !self.on_cpu.is_empty() {
            let named = self.on_cpu.iter().take(TOLD).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = self.on_cpu.len().saturating_sub(TOLD);
            if more > 0 { write!(f, " ({named} and {more} more)")? } else { write!(f, " ({named})")? }
        }
        match self.copies {
            0 => Ok(()),
            1 => f.write_str(", with 1 copy between it and the GPU"),
            copies => write!(f, ", with {copies} copies between it and the GPU"),
        }
    }
}

impl Placement {
    /// Reads a profile. A node counts once, however often it ran.
    ///
    /// # Errors
    /// [`ProfileError::Form`] for what is no profile, or one without nodes: that would be taken for a perfect placement.
    pub fn of(profile: &[u8]) -> Result<Self, ProfileError> {
        let mut placement = Self::default();
        let mut seen = HashSet::new();
        profile::read(profile, &mut |record| {
            let Record::Node(node) = record else { return Ok(()) };
            if !seen.insert(node.name.clone()) {
                return Ok(());
            }
            if seen.len() > MAX_NODES {
                return Err(format!("more than {MAX_NODES} nodes"));
            }
            if node.operator.starts_with("Memcpy") {
                placement.copies += 1;
                return Ok(());
            }
            if node.provider == CPU {
                placement.on_cpu.push(node.name);
            }
            *placement.nodes.entry(node.provider).or_default() += 1;
            Ok(())
        })?;
        if seen.is_empty() {
            return Err(ProfileError::Form("it names no node".into()));
        }
        Ok(placement)
    }

    /// Accepts at most `limit` nodes on the processor.
    ///
    /// # Errors
    /// [`PlacementError::TooManyOnCpu`]
    pub fn check(self, limit: usize) -> Result<Self, PlacementError> {
        if self.on_cpu.len() > limit {
            return Err(PlacementError::TooManyOnCpu { placement: self, limit });
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the CPU wheel of 1.32.0 wrote about one picture on a network of 51 nodes.
    const RECORDED: &[u8] = include_bytes!("placement/onnxruntime-1.32.0-cpu.json");
    /// What the GPU wheel of 1.31.1 wrote about the published network on an H200: the first 60 of its 541 nodes.
    const ON_GPU: &[u8] = include_bytes!("placement/onnxruntime-1.31.1-cuda.json");
    /// Composed by hand, since everything of ours runs on the GPU: the names of copies, categories and providers are those in the
    /// library's sources (`core/framework/sequential_executor.cc`, `core/optimizer/transformer_memcpy.cc`).
    const COMPOSED: &[u8] = include_bytes!("placement/composed-cuda.json");

    #[test]
    fn a_recorded_profile_has_every_node_on_the_processor() {
        let placement = Placement::of(RECORDED).unwrap();
        assert_eq!(placement.nodes, BTreeMap::from([(CPU.to_owned(), 51)]));
        assert_eq!((placement.on_cpu.len(), placement.copies), (51, 0));
        assert_eq!(placement.on_cpu[0], "stem_nchwc");
        let error = placement.check(50).unwrap_err().to_string();
        assert!(error.starts_with("51 of 51 nodes run on the processor (stem_nchwc, "), "{error}");
        assert!(error.ends_with(" and 43 more), expected at most 50 on the processor"), "{error}");
    }

    #[test]
    fn a_profile_recorded_on_a_gpu_has_nothing_on_the_processor() {
        let placement = Placement::of(ON_GPU).unwrap();
        assert_eq!(placement.nodes, BTreeMap::from([("CUDAExecutionProvider".to_owned(), 60)]));
        assert_eq!(placement.check(0).unwrap().to_string(), "0 of 60 nodes run on the processor");
    }

    #[test]
    fn nodes_are_counted_once_and_copies_apart() {
        let placement = Placement::of(COMPOSED).unwrap();
        assert_eq!(placement.nodes["CUDAExecutionProvider"], 2);
        assert_eq!(placement.on_cpu, ["round1.choice"]);
        assert_eq!(placement.copies, 2);
        assert_eq!(
            placement.to_string(),
            "1 of 3 nodes run on the processor (round1.choice), with 2 copies between it and the GPU"
        );
        assert_eq!(placement.clone().check(1).unwrap(), placement);
        assert!(placement.check(0).is_err());
    }

    #[test]
    fn a_profile_without_nodes_is_no_placement() {
        let refused = |text: &str| Placement::of(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(refused("[]"), "the profile cannot be understood: it names no node");
        assert_eq!(refused(r#"[{"cat":"Session","name":"model_run"}]"#), refused("[]"));
    }
}
