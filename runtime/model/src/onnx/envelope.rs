//! Everything around the graph of an ONNX file: read and written without looking into the graph.
//!
//! A rewritten file has the graph's bytes exactly as they were, so what an exporter checked is what still runs. All other
//! fields of the model are kept too; a file with fields that this reader does not know is refused, so nothing is dropped.
//! What is written is in the order of the field numbers, as every protobuf library writes it.

use std::io::{self, Write};

use bytes::Bytes;
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};

use super::fields::{FieldsError, MODEL, Scan};
use super::messages::{ModelEnvelope, OperatorSetIdProto, StringStringEntryProto};

/// The number of `graph` in `ModelProto`.
const GRAPH_FIELD: u32 = 7;

/// A model around its graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// Fields before the graph.
    head: ModelEnvelope,
    graph: Bytes,
    operator_sets: Vec<OperatorSetIdProto>,
    metadata: Vec<StringStringEntryProto>,
}

/// Why bytes are not the envelope of an ONNX graph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Text, a picture, another protobuf, nothing at all.
    #[error("expected an ONNX file, found {found}")]
    NotOnnx {
        /// In words, by its first bytes.
        found: &'static str,
    },
    /// The beginning of an ONNX file.
    #[error("cut short: a field at byte {at} claims {claimed} bytes, but {available} are left")]
    CutShort {
        /// Where the field's content begins.
        at: usize,
        /// By the field.
        claimed: u64,
        /// In the file.
        available: usize,
    },
    /// A field that breaks a rule.
    #[error(transparent)]
    Fields(#[from] FieldsError),
    /// Two entries of the same name: two readers might not take the same one.
    #[error("metadata: {key:?} is there twice")]
    DuplicateMetadata {
        /// The key.
        key: String,
    },
}

impl Envelope {
    /// Reads a file's bytes; the graph shares their buffer.
    ///
    /// # Errors
    /// [`EnvelopeError`]: not ONNX, cut short, a field that breaks a rule, a metadata key twice.
    pub fn read(bytes: Bytes) -> Result<Self, EnvelopeError> {
        Scan::default().check(&MODEL, &bytes, 0).map_err(|error| name_the_file(&bytes, error))?;
        let message = ModelEnvelope::decode(bytes.clone()).map_err(|_| not_onnx(&bytes))?;
        let ModelEnvelope { graph: Some(graph), opset_import, metadata_props, ir_version: Some(_), .. } = message
        else {
            return Err(not_onnx(&bytes));
        };
        for (index, entry) in metadata_props.iter().enumerate() {
            if metadata_props.iter().take(index).any(|earlier| earlier.key() == entry.key()) {
                return Err(EnvelopeError::DuplicateMetadata { key: entry.key().into() });
            }
        }
        let head = ModelEnvelope { graph: None, opset_import: vec![], metadata_props: vec![], ..message };
        Ok(Self { head, graph, operator_sets: opset_import, metadata: metadata_props })
    }

    /// The value under `key`.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.iter().find(|entry| entry.key() == key).map(StringStringEntryProto::value)
    }

    /// Replaces the value under `key` in its place, or appends it.
    pub fn set_metadata(&mut self, key: &str, value: String) {
        match self.metadata.iter_mut().find(|entry| entry.key() == key) {
            Some(entry) => entry.value = Some(value),
            None => self.metadata.push(StringStringEntryProto { key: Some(key.into()), value: Some(value) }),
        }
    }

    /// The encoded graph.
    pub fn graph(&self) -> &Bytes {
        &self.graph
    }

    /// Puts another encoded graph in its place.
    pub fn set_graph(&mut self, graph: Bytes) {
        self.graph = graph;
    }

    /// Version of the file format.
    pub fn ir_version(&self) -> i64 {
        self.head.ir_version()
    }

    /// Domain and version of the imported operator sets, in the file's order. The standard's own domain is empty.
    pub fn operator_sets(&self) -> impl Iterator<Item = (&str, i64)> {
        self.operator_sets.iter().map(|set| (set.domain(), set.version()))
    }

    /// Writes the file. The graph goes from its buffer to `out`, not through another one.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut before = self.head.encode_to_vec();
        encode_key(GRAPH_FIELD, WireType::LengthDelimited, &mut before);
        encode_varint(self.graph.len() as u64, &mut before);
        out.write_all(&before)?;
        out.write_all(&self.graph)?;
        let mut after = Vec::new();
        for set in &self.operator_sets {
            prost::encoding::message::encode(8, set, &mut after);
        }
        for entry in &self.metadata {
            prost::encoding::message::encode(14, entry, &mut after);
        }
        out.write_all(&after)
    }
}

fn not_onnx(bytes: &[u8]) -> EnvelopeError {
    let begins = |with: &[&[u8]]| with.iter().any(|with| bytes.starts_with(with));
    let found = if bytes.is_empty() {
        "nothing"
    } else if begins(&[b"PK\x03\x04"]) {
        "a zip archive, as checkpoints of torch are"
    } else if begins(&[b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"]) {
        "a pickle, as old checkpoints of torch are"
    } else if bytes.get(8) == Some(&b'{') {
        "a safetensors file"
    } else if begins(&[b"\x89PNG", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*", b"RIFF"]) {
        "a picture"
    } else if begins(&[b"\x7fELF"]) {
        "a program"
    } else if bytes.iter().take(64).all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..)) {
        "a text"
    } else {
        "something else"
    };
    EnvelopeError::NotOnnx { found }
}

/// Where the scan stopped, seen from outside: a file that begins as ONNX and ends too early, or no ONNX at all.
fn name_the_file(bytes: &[u8], error: FieldsError) -> EnvelopeError {
    // Every writer puts ir_version first: key 0x08, then a small number.
    let begins_as_onnx = bytes.len() >= 2 && bytes[0] == 0x08 && bytes[1] < 0x80;
    match error {
        _ if !begins_as_onnx => not_onnx(bytes),
        FieldsError::BeyondEnd { message, at, claimed, available } if message == MODEL.name => {
            EnvelopeError::CutShort { at, claimed, available }
        }
        error => EnvelopeError::Fields(error),
    }
}
