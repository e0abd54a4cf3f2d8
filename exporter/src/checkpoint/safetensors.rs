//! Safetensors: the header's length, the header in JSON, the numbers. The crate checks that the tensors fill the file without
//! gaps or overlaps; keys that occur twice, which it would merge, are found here.

use std::collections::{HashMap, HashSet};
use std::fmt;

use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use serde::Deserialize;
use serde::de::{Error, MapAccess, Visitor};

use super::element::Element;
use super::error::CheckpointError;
use super::file::PositionedFile;
use super::limits::{MAX_ARCH_JSON_BYTES, MAX_MESSAGE_CHARACTERS, MAX_NAME_BYTES, MAX_RANK, MAX_SAFETENSORS_HEADER};
use super::stored::{Storage, StoredTensor};
use super::{Contents, network_name, strict_json};

/// In the metadata of a safetensors file: the key of the three net entries, as JSON.
pub const ARCHITECTURE: &str = "moead.architecture";

/// Whether a file may be safetensors: eight bytes of length, the upper ones zero, and the brace of a JSON object. A header
/// that ends beyond the file is safetensors too, only cut short.
pub(super) fn is_plausible(head: [u8; 9]) -> bool {
    matches!(head, [.., 0, 0, 0, 0, b'{'])
}

pub(super) fn read(file: &PositionedFile) -> Result<Contents, CheckpointError> {
    let header_length = u64::from_le_bytes(file.head()?);
    let present = file.length().saturating_sub(8);
    if header_length > MAX_SAFETENSORS_HEADER {
        return Err(problem(format!("expected at most {MAX_SAFETENSORS_HEADER} bytes, found {header_length}")));
    }
    if header_length > present {
        return Err(problem(format!("expected {header_length} bytes, found {present}: the file is cut short")));
    }
    let mut text = vec![0; header_length as usize];
    file.read_exact_at(&mut text, 8)?;
    let header: Header = serde_json::from_slice(&text).map_err(|error| problem(shortened(&error)))?;
    drop(text);
    let architecture =
        match header.metadata.get(ARCHITECTURE) {
            None => None,
            Some(text) => Some(architecture(text).map_err(|problem| CheckpointError::Architecture {
                place: format!("metadata {ARCHITECTURE}"),
                problem,
            })?),
        };
    let mut tensors = header.tensors;
    tensors.sort_by_key(|(_, info)| info.data_offsets);
    let checked = Metadata::new(None, tensors.clone()).map_err(|error| problem(shortened(&error)))?;
    let (expected, found) = (checked.data_len() as u64, present - header_length);
    if expected != found {
        return Err(problem(format!("expected {expected} bytes of numbers after the header, found {found}")));
    }
    let mut contents = Contents { architecture, ..Contents::default() };
    for (name, info) in tensors {
        let name = network_name(&name).to_owned();
        let element = element(info.dtype);
        let storage = Storage {
            element,
            offset: 8 + header_length + info.data_offsets.0 as u64,
            length: (info.data_offsets.1 - info.data_offsets.0) / element.bytes(),
        };
        let tensor = match info.shape.len() {
            0..=MAX_RANK => StoredTensor::whole(storage, info.shape.into()),
            sides => Err(format!("expected at most {MAX_RANK} sides, found {sides}")),
        };
        match tensor {
            Ok(tensor) => contents.tensors.push((name, tensor)),
            Err(problem) => return Err(CheckpointError::Tensor { name, problem }),
        }
    }
    Ok(contents)
}

fn element(dtype: Dtype) -> Element {
    match dtype {
        Dtype::F64 => Element::F64,
        Dtype::F32 => Element::F32,
        Dtype::F16 => Element::F16,
        Dtype::BF16 => Element::Bf16,
        Dtype::I64 => Element::I64,
        Dtype::I32 => Element::I32,
        Dtype::I16 => Element::I16,
        Dtype::I8 => Element::I8,
        Dtype::U8 => Element::U8,
        Dtype::BOOL => Element::Bool,
        other => Element::Other { name: "another type", bytes: (other.bitsize() / 8).max(1) },
    }
}

fn architecture(text: &str) -> Result<serde_json::Value, String> {
    if text.len() > MAX_ARCH_JSON_BYTES {
        return Err(format!("expected at most {MAX_ARCH_JSON_BYTES} bytes, found {}", text.len()));
    }
    strict_json::parse(text).map_err(|error| shortened(&error))
}

/// A parser's message; it may repeat whatever it met.
fn shortened(error: &dyn fmt::Display) -> String {
    let text = error.to_string();
    match text.char_indices().nth(MAX_MESSAGE_CHARACTERS) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

fn problem(problem: String) -> CheckpointError {
    CheckpointError::Safetensors { problem }
}

/// The header as it is written, nothing merged.
struct Header {
    metadata: HashMap<String, String>,
    tensors: Vec<(String, TensorInfo)>,
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Header, A::Error> {
        let mut header = Header { metadata: HashMap::new(), tensors: Vec::new() };
        let mut seen = HashSet::new();
        while let Some(key) = items.next_key::<String>()? {
            if key.len() > MAX_NAME_BYTES {
                let found = key.len();
                return Err(A::Error::custom(format!(
                    "expected names of at most {MAX_NAME_BYTES} bytes, found one of {found}"
                )));
            }
            if !seen.insert(key.clone()) {
                return Err(A::Error::custom(format!("the key {key:?} occurs twice")));
            }
            if key == "__metadata__" {
                header.metadata = items.next_value::<MetadataEntries>()?.0;
            } else {
                header.tensors.push((key, items.next_value()?));
            }
        }
        Ok(header)
    }
}

/// `__metadata__`: text by key, no key twice.
struct MetadataEntries(HashMap<String, String>);

impl<'de> Deserialize<'de> for MetadataEntries {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = MetadataEntries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<MetadataEntries, A::Error> {
                let mut map = HashMap::new();
                while let Some((key, value)) = items.next_entry::<String, String>()? {
                    if map.contains_key(&key) {
                        return Err(A::Error::custom(format!("the key {key:?} occurs twice")));
                    }
                    map.insert(key, value);
                }
                Ok(MetadataEntries(map))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}
