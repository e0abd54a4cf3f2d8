//! `torch.save` before 1.6: a magic number, a protocol version, facts about the machine, the object, the storages' keys, each
//! a pickle; then every storage in the order of the keys: its length as a 64-bit integer, and its numbers.

use std::collections::{HashMap, HashSet};
use std::io::BufReader;

use super::error::CheckpointError;
use super::file::PositionedFile;
use super::limits::MAX_PICKLE_BYTES;
use super::pickle::{self, Id, Pickled, StorageName, Value};
use super::stored::Storage;
use super::{Contents, saved_object};

/// 0x1950a86a20f9469cfc6c, little-endian.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const VERSION: i64 = 1001;

pub(super) fn read(file: &PositionedFile) -> Result<Contents, CheckpointError> {
    let mut position = 0;
    let mut next = |part: &str| {
        let left = file.length() - position;
        let stream = BufReader::new(file.stream(position, file.length()));
        let pickled = pickle::load(stream, left.min(MAX_PICKLE_BYTES))
            .map_err(|source| CheckpointError::Pickle { part: format!("{part} (from byte {position})"), source })?;
        position += pickled.length;
        Ok::<_, CheckpointError>(pickled)
    };
    let magic = next("magic number")?;
    if !matches!(magic.get(magic.root()), Value::Long(bytes) if **bytes == MAGIC) {
        return Err(legacy("expected torch's magic number in front, found another pickle"));
    }
    let version = next("version")?;
    if version.get(version.root()) != &Value::Int(VERSION) {
        return Err(legacy(&format!("expected version {VERSION}, found another one")));
    }
    let machine = next("machine")?;
    if entry(&machine, machine.root(), "little_endian").map(|id| machine.get(id)) == Some(&Value::Bool(false)) {
        return Err(CheckpointError::BigEndian);
    }
    let object = next("object")?;
    let keys = next("storage keys")?;
    let storages = storages(file, position, &object, &keys)?;
    saved_object::interpret(&object, |name| match storages.get(&*name.key) {
        Some(storage) if storage.element == name.element => Ok(*storage),
        Some(storage) => Err(format!(
            "storage {}: expected one type, found {} and {}",
            name.key,
            storage.element.name(),
            name.element.name()
        )),
        None => Err(format!("expected the storage {} after the pickles, found none", name.key)),
    })
}

/// Walks over the storages without reading their numbers.
fn storages(
    file: &PositionedFile,
    mut position: u64,
    object: &Pickled,
    keys: &Pickled,
) -> Result<HashMap<Box<str>, Storage>, CheckpointError> {
    // What type a storage has is said only where a tensor uses it.
    let mut named: HashMap<&str, &StorageName> = HashMap::new();
    for name in storage_names(object) {
        named.entry(&name.key).or_insert(name);
    }
    let Value::List(keys_list) = keys.get(keys.root()) else {
        return Err(legacy("expected a list of storage keys after the object, found something else"));
    };
    let mut storages = HashMap::new();
    for &key in keys_list {
        let key = keys.str(key).ok_or_else(|| legacy("expected storage keys as strings"))?;
        let name = *named.get(key).ok_or_else(|| legacy(&format!("storage {key}: no tensor uses it")))?;
        let mut length = [0; 8];
        let at = |problem: String| legacy(&format!("storage {key} at byte {position}: {problem}"));
        if file.length().saturating_sub(position) < 8 {
            return Err(at("the file ends here".into()));
        }
        file.read_exact_at(&mut length, position)?;
        let length = i64::from_le_bytes(length);
        if u64::try_from(length).ok() != Some(name.length as u64) {
            return Err(at(format!("expected {} numbers, found {length}", name.length)));
        }
        let left = file.length() - position - 8;
        let bytes = (name.length as u64).checked_mul(name.element.bytes() as u64).filter(|&bytes| bytes <= left);
        let bytes = bytes.ok_or_else(|| at(format!("expected {length} numbers, found {left} bytes")))?;
        let storage = Storage { element: name.element, offset: position + 8, length: name.length };
        if storages.insert(key.into(), storage).is_some() {
            return Err(at("the key occurs twice".into()));
        }
        position += 8 + bytes;
    }
    Ok(storages)
}

/// Every storage below the object.
fn storage_names(object: &Pickled) -> Vec<&StorageName> {
    let mut seen = HashSet::new();
    let named = object.below(object.root(), &mut seen).filter_map(|value| match value {
        Value::Tensor(view) => Some(&view.storage),
        Value::Storage(name) => Some(name),
        _ => None,
    });
    named.collect()
}

fn entry(pickled: &Pickled, dict: Id, key: &str) -> Option<Id> {
    let Value::Dict(items) = pickled.get(dict) else { return None };
    items.iter().find(|&&(name, _)| pickled.str(name) == Some(key)).map(|&(_, value)| value)
}

fn legacy(problem: &str) -> CheckpointError {
    CheckpointError::Legacy { problem: problem.to_owned() }
}
