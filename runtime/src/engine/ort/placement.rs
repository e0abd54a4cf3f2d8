//! What really ran where. A provider may take a part of a graph and leave the rest to the processor, in silence: then the GPU waits.
//!
//! The library's own profile of one picture tells it: a JSON array of events, of which those of category `Node` name a node
//! (`stem_kernel_time`), its operator and its provider. Copies between processor and GPU are nodes that the library adds
//! (`MemcpyToHost`, `MemcpyFromHost`). A part that TensorRT took is one node, whatever it was made of.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer as _, SeqAccess, Visitor};

/// The processor's provider, as profiles name it.
const CPU: &str = "CPUExecutionProvider";
/// Bytes of a profile. The published network's, with 400 nodes, has 300 kB; one that was left on for hours fills a disk.
const MAX_BYTES: u64 = 64 << 20;
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

/// Why it is not known what ran where, or what ran where is not good enough.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlacementError {
    /// The profile cannot be written or read.
    #[error("the profile {}: {error}", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// What failed.
        #[source]
        error: io::Error,
    },
    /// Not a profile as the library writes them.
    #[error("the profile cannot be understood: {0}")]
    Form(String),
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
    /// Reads a profile.
    ///
    /// # Errors
    /// [`PlacementError::Form`] for what is no profile, or one without nodes: that would be taken for a perfect placement.
    pub fn parse(profile: &[u8]) -> Result<Self, PlacementError> {
        let mut reader = serde_json::Deserializer::from_slice(profile);
        let nodes = reader
            .deserialize_seq(Events)
            .and_then(|nodes| reader.end().map(|()| nodes))
            .map_err(|error| PlacementError::Form(error.to_string()))?;
        if nodes.is_empty() {
            return Err(PlacementError::Form("it names no node".into()));
        }
        let mut placement = Self::default();
        for node in nodes {
            if node.operator.starts_with("Memcpy") {
                placement.copies += 1;
                continue;
            }
            if node.provider == CPU {
                placement.on_cpu.push(node.name);
            }
            *placement.nodes.entry(node.provider).or_default() += 1;
        }
        Ok(placement)
    }

    /// Takes the profile that the library wrote, and the file away.
    ///
    /// # Errors
    /// [`PlacementError`]
    pub fn take(path: &Path) -> Result<Self, PlacementError> {
        let failed = |error| PlacementError::File { path: path.into(), error };
        let profile = read(path).map_err(failed)?;
        fs::remove_file(path).map_err(failed)?;
        Self::parse(&profile)
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

fn read(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read as _;
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {MAX_BYTES} bytes")));
    }
    Ok(bytes)
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    cat: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    args: Arguments,
}

#[derive(Deserialize, Default)]
struct Arguments {
    #[serde(default)]
    op_name: Option<String>,
    #[serde(default)]
    provider: Option<String>,
}

struct Node {
    name: String,
    operator: String,
    provider: String,
}

/// Reads event after event and keeps a node once, however often it ran.
struct Events;

impl<'de> Visitor<'de> for Events {
    type Value = Vec<Node>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut events: A) -> Result<Vec<Node>, A::Error> {
        let mut nodes = Vec::new();
        let mut seen = HashSet::new();
        while let Some(Event { cat, name, args }) = events.next_element()? {
            let Some(name) = name.strip_suffix("_kernel_time").filter(|_| cat == "Node") else { continue };
            let Some(provider) = args.provider else { continue };
            if !seen.insert(name.to_owned()) {
                continue;
            }
            if seen.len() > MAX_NODES {
                return Err(serde::de::Error::custom(format!("more than {MAX_NODES} nodes")));
            }
            nodes.push(Node { name: name.into(), operator: args.op_name.unwrap_or_default(), provider });
        }
        Ok(nodes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the CPU wheel of 1.32.0 wrote about one picture on a network of 51 nodes.
    const RECORDED: &[u8] = include_bytes!("placement/onnxruntime-1.32.0-cpu.json");
    /// Composed by hand from the format above, for want of a GPU: the names of copies, categories and providers are those in the
    /// library's sources (`core/framework/sequential_executor.cc`, `core/optimizer/transformer_memcpy.cc`).
    const COMPOSED: &[u8] = include_bytes!("placement/composed-cuda.json");

    #[test]
    fn a_recorded_profile_has_every_node_on_the_processor() {
        let placement = Placement::parse(RECORDED).unwrap();
        assert_eq!(placement.nodes, BTreeMap::from([(CPU.to_owned(), 51)]));
        assert_eq!((placement.on_cpu.len(), placement.copies), (51, 0));
        assert_eq!(placement.on_cpu[0], "stem_nchwc");
        let error = placement.check(50).unwrap_err().to_string();
        assert!(error.starts_with("51 of 51 nodes run on the processor (stem_nchwc, "), "{error}");
        assert!(error.ends_with(" and 43 more), expected at most 50 on the processor"), "{error}");
    }

    #[test]
    fn nodes_are_counted_once_and_copies_apart() {
        let placement = Placement::parse(COMPOSED).unwrap();
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
    fn a_profile_that_was_cut_anywhere_is_no_profile() {
        let end = COMPOSED.iter().rposition(|&byte| byte == b']').unwrap();
        for length in 0..end {
            assert!(Placement::parse(&COMPOSED[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn what_is_no_profile_is_refused() {
        let refused = |text: &str| Placement::parse(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(refused("[]"), "the profile cannot be understood: it names no node");
        assert_eq!(refused("[{\"cat\":\"Session\",\"name\":\"model_run\"}]"), refused("[]"));
        for wrong in ["", "{}", "[1]", "[{\"name\":1}]", "[[[[[[[[", "\u{0}", "[{\"args\":1}]", "[]x"] {
            assert!(refused(wrong).starts_with("the profile cannot be understood: "), "{wrong}");
        }
        let deep = "[".repeat(100_000);
        assert!(refused(&deep).contains("cannot be understood"));
    }

    #[test]
    fn a_profile_is_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profile.json");
        fs::write(&path, COMPOSED).unwrap();
        assert_eq!(Placement::take(&path).unwrap().copies, 2);
        assert!(!path.exists());
        assert!(matches!(Placement::take(&path), Err(PlacementError::File { .. })));
    }
}
