//! What `torch.save` was given: a state dict, or the training program's dict around one.

use std::collections::HashSet;

use serde_json::{Map, Number};

use super::error::CheckpointError;
use super::limits::{MAX_ARCH_DEPTH, MAX_ARCH_VALUES};
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
        return Err(CheckpointError::NotACheckpoint { found: format!("a dict with the keys {}", keys.join(", ")) });
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
        for (key, value) in items {
            match key {
                "state_dict" => {}
                "arch" => {
                    contents.architecture = Some(Plain { pickled, left: MAX_ARCH_VALUES }.json(value, "arch", 0)?)
                }
                "epoch" => {
                    contents.epoch = match pickled.get(value) {
                        Value::Int(epoch) => Some(*epoch),
                        _ => None,
                    }
                }
                _ => contents.skipped.push(weigh(pickled, key, value)),
            }
        }
    }
    Ok(contents)
}

/// A dict's items with their keys as text; none if `id` is no dict. Keys that are no strings are left out.
fn dict<'a>(pickled: &'a Pickled, id: Id, place: &str) -> Result<Option<Vec<(&'a str, Id)>>, CheckpointError> {
    let Value::Dict(items) = pickled.get(id) else { return Ok(None) };
    let named: Vec<_> = items.iter().filter_map(|&(key, value)| Some((pickled.str(key)?, value))).collect();
    let mut seen = HashSet::with_capacity(named.len());
    match named.iter().find(|(key, _)| !seen.insert(*key)) {
        Some((key, _)) => Err(CheckpointError::DuplicateKey { place: place.to_owned(), key: (*key).to_owned() }),
        None => Ok(Some(named)),
    }
}

/// How many tensors lie below a value, and their bytes as stored; each is counted once.
fn weigh(pickled: &Pickled, name: &str, id: Id) -> Skipped {
    let mut skipped = Skipped { name: name.to_owned(), tensors: 0, bytes: 0 };
    let mut seen = HashSet::from([id]);
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        let mut visit = |id| {
            if seen.insert(id) {
                open.push(id)
            }
        };
        match pickled.get(id) {
            Value::List(items) => items.iter().copied().for_each(visit),
            Value::Tuple(items) => items.iter().copied().for_each(visit),
            Value::Dict(items) => items.iter().for_each(|&(_, value)| visit(value)),
            Value::Tensor(view) => {
                let numbers = view.shape.iter().fold(1_u64, |product, &side| product.saturating_mul(side as u64));
                skipped.tensors += 1;
                skipped.bytes =
                    skipped.bytes.saturating_add(numbers.saturating_mul(view.storage.element.bytes() as u64));
            }
            _ => {}
        }
    }
    skipped
}

/// Settings as JSON, with a budget: a pickle may share and nest its lists as it likes.
struct Plain<'a> {
    pickled: &'a Pickled,
    left: usize,
}

impl Plain<'_> {
    fn json(&mut self, id: Id, place: &str, depth: usize) -> Result<serde_json::Value, CheckpointError> {
        let problem = |problem: String| CheckpointError::Architecture { place: place.to_owned(), problem };
        if depth > MAX_ARCH_DEPTH {
            return Err(problem(format!("expected at most {MAX_ARCH_DEPTH} levels")));
        }
        self.left =
            self.left.checked_sub(1).ok_or_else(|| problem(format!("expected at most {MAX_ARCH_VALUES} values")))?;
        let pickled = self.pickled;
        Ok(match pickled.get(id) {
            Value::None => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Int(value) => (*value).into(),
            Value::Float(value) => Number::from_f64(*value)
                .ok_or_else(|| problem(format!("expected a finite number, found {value}")))?
                .into(),
            Value::Str(value) => (**value).into(),
            Value::List(items) => self.list(items, place, depth)?,
            Value::Tuple(items) => self.list(items, place, depth)?,
            Value::Dict(_) => {
                let mut map = Map::new();
                for (key, value) in dict(pickled, id, place)?.unwrap_or_default() {
                    map.insert(key.to_owned(), self.json(value, &format!("{place}.{key}"), depth + 1)?);
                }
                map.into()
            }
            other => return Err(problem(format!("expected a plain value, found {}", other.kind()))),
        })
    }

    fn list(&mut self, items: &[Id], place: &str, depth: usize) -> Result<serde_json::Value, CheckpointError> {
        items
            .iter()
            .enumerate()
            .map(|(index, &item)| self.json(item, &format!("{place}[{index}]"), depth + 1))
            .collect()
    }
}
