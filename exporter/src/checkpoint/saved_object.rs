//! What `torch.save` was given: a state dict, or the training program's dict around one.

use std::collections::HashSet;
use std::fmt::Write as _;

use serde_json::{Map, Number};

use super::error::CheckpointError;
use super::limits::{MAX_ARCH_DEPTH, MAX_ARCH_TEXT_BYTES, MAX_ARCH_VALUES, MAX_NAME_BYTES};
use super::pickle::{Id, Pickled, StorageName, Value};
use super::stored::{Storage, StoredTensor};
use super::{Contents, Skipped, network_name};

/// Takes tensors, `arch` and `epoch` out of a pickle; `find` says where a storage lies in the file.
pub(super) fn interpret(
    pickled: &Pickled,
    mut find: impl FnMut(&StorageName) -> Result<Storage, String>,
) -> Result<Contents, CheckpointError> {
    let root = pickled.root();
    let items = dict(pickled, root, "the saved object")?
        .ok_or_else(|| CheckpointError::NotACheckpoint { found: pickled.get(root).kind().to_owned() })?;
    let mut contents = Contents::default();
    let wrapped = items.iter().find(|(key, _)| *key == "state_dict").map(|&(_, value)| value);
    if wrapped.is_none() && !items.iter().any(|&(_, value)| matches!(pickled.get(value), Value::Tensor(_))) {
        let keys: Vec<_> = items.iter().map(|(key, _)| *key).take(20).collect();
        let found = match keys.as_slice() {
            [] => "a dict without names".to_owned(),
            keys => format!("a dict with the keys {}", keys.join(", ")),
        };
        return Err(CheckpointError::NotACheckpoint { found });
    }
    let state = match wrapped {
        Some(state) => dict(pickled, state, "state_dict")?.ok_or_else(|| CheckpointError::NotACheckpoint {
            found: format!("{} as state_dict", pickled.get(state).kind()),
        })?,
        None => items.clone(),
    };
    for (key, value) in state {
        let name = network_name(key).to_owned();
        let Value::Tensor(view) = pickled.get(value) else {
            contents.skipped.push(Skipped { name, tensors: 0, bytes: 0 });
            continue;
        };
        let tensor = find(&view.storage).and_then(|storage| {
            let first = view.first.checked_add(view.storage.first).ok_or("an offset beyond every storage")?;
            StoredTensor::new(storage, first, view.shape.clone(), view.strides.clone())
        });
        match tensor {
            Ok(tensor) => contents.tensors.push((name, tensor)),
            Err(problem) => return Err(CheckpointError::Tensor { name, problem }),
        }
    }
    if wrapped.is_some() {
        let mut weighed = HashSet::new();
        for (key, value) in items {
            match key {
                "state_dict" => {}
                "arch" => {
                    contents.architecture = Some(Plain::new(pickled).json(value, 0)?);
                }
                "epoch" => {
                    contents.epoch = match pickled.get(value) {
                        Value::Int(epoch) => Some(*epoch),
                        _ => None,
                    }
                }
                _ => contents.skipped.push(weigh(pickled, key, value, &mut weighed)),
            }
        }
    }
    Ok(contents)
}

/// A dict's items with their keys as text; none if `id` is no dict. Keys that are no strings are left out.
fn dict<'a>(pickled: &'a Pickled, id: Id, place: &str) -> Result<Option<Vec<(&'a str, Id)>>, CheckpointError> {
    let Value::Dict(items) = pickled.get(id) else { return Ok(None) };
    let named: Vec<_> = items.iter().filter_map(|&(key, value)| Some((pickled.str(key)?, value))).collect();
    if let Some((key, _)) = named.iter().find(|(key, _)| key.len() > MAX_NAME_BYTES) {
        return Err(CheckpointError::LongKey { place: place.to_owned(), limit: MAX_NAME_BYTES, found: key.len() });
    }
    let mut seen = HashSet::with_capacity(named.len());
    match named.iter().find(|(key, _)| !seen.insert(*key)) {
        Some((key, _)) => Err(CheckpointError::DuplicateKey { place: place.to_owned(), key: (*key).to_owned() }),
        None => Ok(Some(named)),
    }
}

/// How many tensors lie below a value, and their bytes as stored. What was `weighed` before is not weighed again: a dict may
/// name one list under a hundred thousand keys.
fn weigh(pickled: &Pickled, name: &str, id: Id, weighed: &mut HashSet<Id>) -> Skipped {
    let mut skipped = Skipped { name: name.to_owned(), tensors: 0, bytes: 0 };
    for value in pickled.below(id, weighed) {
        if let Value::Tensor(view) = value {
            let numbers = view.shape.iter().fold(1_u64, |product, &side| product.saturating_mul(side as u64));
            skipped.tensors += 1;
            skipped.bytes = skipped.bytes.saturating_add(numbers.saturating_mul(view.storage.element.bytes() as u64));
        }
    }
    skipped
}

/// Settings as JSON, with a budget: a pickle may share and nest its lists and texts as it likes.
struct Plain<'a> {
    pickled: &'a Pickled,
    /// Path of the value that is being read.
    place: String,
    values_left: usize,
    text_left: usize,
}

impl<'a> Plain<'a> {
    fn new(pickled: &'a Pickled) -> Self {
        Self { pickled, place: "arch".to_owned(), values_left: MAX_ARCH_VALUES, text_left: MAX_ARCH_TEXT_BYTES }
    }

    fn problem(&self, problem: String) -> CheckpointError {
        let mut place: String = self.place.chars().take(MAX_NAME_BYTES).collect();
        if place.len() < self.place.len() {
            place.push('…');
        }
        CheckpointError::Architecture { place, problem }
    }

    fn spend(&mut self, values: usize) -> Result<(), CheckpointError> {
        let left = self.values_left.checked_sub(values);
        self.values_left = left.ok_or_else(|| self.problem(format!("expected at most {MAX_ARCH_VALUES} values")))?;
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<String, CheckpointError> {
        let left = self.text_left.checked_sub(text.len());
        let wrong = || self.problem(format!("expected at most {MAX_ARCH_TEXT_BYTES} bytes of text"));
        self.text_left = left.ok_or_else(wrong)?;
        Ok(text.to_owned())
    }

    fn json(&mut self, id: Id, depth: usize) -> Result<serde_json::Value, CheckpointError> {
        if depth > MAX_ARCH_DEPTH {
            return Err(self.problem(format!("expected at most {MAX_ARCH_DEPTH} levels")));
        }
        self.spend(1)?;
        let pickled = self.pickled;
        Ok(match pickled.get(id) {
            Value::None => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Int(value) => (*value).into(),
            Value::Float(value) => Number::from_f64(*value)
                .ok_or_else(|| self.problem(format!("expected a finite number, found {value}")))?
                .into(),
            Value::Str(value) => self.text(value)?.into(),
            Value::List(items) => self.list(items, depth)?,
            Value::Tuple(items) => self.list(items, depth)?,
            Value::Dict(items) => {
                // Keys that are no strings take time, too.
                self.spend(items.len())?;
                let mut map = Map::new();
                for (key, value) in dict(pickled, id, &self.place)?.unwrap_or_default() {
                    let key = self.text(key)?;
                    let here = self.place.len();
                    let _ = write!(self.place, ".{key}");
                    map.insert(key, self.json(value, depth + 1)?);
                    self.place.truncate(here);
                }
                map.into()
            }
            other => return Err(self.problem(format!("expected a plain value, found {}", other.kind()))),
        })
    }

    fn list(&mut self, items: &[Id], depth: usize) -> Result<serde_json::Value, CheckpointError> {
        let mut list = Vec::new();
        for (index, &item) in items.iter().enumerate() {
            let here = self.place.len();
            let _ = write!(self.place, "[{index}]");
            list.push(self.json(item, depth + 1)?);
            self.place.truncate(here);
        }
        Ok(list.into())
    }
}
