//! Values inside a graph, made outputs of a copy: to see what an engine chose, not only what came of it.
//!
//! The copy is for an engine's eyes in memory. It does not keep the contract (its further outputs have no declared type,
//! which ONNX allows and engines work out), and is never written.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::messages::ValueInfoProto;
use super::model_file::ModelFile;

/// The number of `output` in `GraphProto`.
const OUTPUT_FIELD: u32 = 12;
/// What chooses experts: its second result is their numbers.
const CHOICE: &str = "TopK";
/// The node that makes tokens of aligned features: its first input is what the neck ends with.
const TO_TOKENS: &str = "neck.flat";

impl ModelFile {
    /// Names of the values that hold chosen experts, tokens x k whole numbers each, in the graph's order; none where
    /// nothing is chosen.
    pub fn expert_choices(&self) -> Vec<String> {
        // It was decoded once, when the file was checked.
        let graph = self.graph().unwrap_or_default();
        let choices = graph.node.into_iter().filter(|node| node.op_type() == CHOICE);
        choices.filter_map(|node| node.output.into_iter().nth(1)).collect()
    }

    /// Name of the value that holds the aligned features, N x C x h x w: what the network rebuilds, and what other detectors are fitted on. `None`
    /// where no node has the exporter's name for what follows.
    pub fn features(&self) -> Option<String> {
        let graph = self.graph().unwrap_or_default();
        let follows = graph.node.into_iter().find(|node| node.name() == TO_TOKENS)?;
        follows.input.into_iter().next()
    }

    /// The file's bytes with the values of these names as further outputs. Names that are outputs already are passed over; without
    /// any other these are the bytes themselves, not a copy.
    pub fn with_outputs(&self, names: &[&str]) -> Bytes {
        let graph = self.graph().unwrap_or_default();
        let is_new = |name: &&&str| graph.output.iter().all(|output| output.name() != **name);
        let mut new = names.iter().filter(is_new).peekable();
        if new.peek().is_none() {
            return self.bytes().clone();
        }
        let mut encoded = BytesMut::from(&self.envelope().graph()[..]);
        for name in new {
            let output = ValueInfoProto { name: Some((*name).to_owned()), ..ValueInfoProto::default() };
            prost::encoding::message::encode(OUTPUT_FIELD, &output, &mut encoded);
        }
        let mut envelope = self.envelope().clone();
        envelope.set_graph(encoded.freeze());
        let mut file = BytesMut::with_capacity(self.bytes().len() + 64 * names.len()).writer();
        envelope.write(&mut file).expect("memory takes everything");
        file.into_inner().freeze()
    }
}
