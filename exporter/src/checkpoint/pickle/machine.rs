//! The stack machine: one opcode after another, every claim checked against what is left.

use std::collections::HashMap;
use std::io::{self, Read};

use crate::checkpoint::limits::{MAX_MARKS, MAX_NAME_BYTES, MAX_RANK, MAX_STRING_BYTES, MAX_VALUES};

use super::globals::Global;
use super::value::{Id, Pickled, StorageName, TensorView, Value};

/// Where a pickle breaks the rules.
#[derive(Debug, thiserror::Error)]
#[error("pickle, byte {offset}: {problem}")]
pub struct PickleError {
    /// Of the opcode, from the pickle's first byte.
    pub offset: u64,
    /// What was wrong.
    pub problem: PickleProblem,
}

/// What is wrong with a pickle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PickleProblem {
    /// A class or function that has no meaning here. It is not looked for, imported or called.
    #[error("the global {module}.{name} is none that weights need")]
    Global {
        /// As written.
        module: String,
        /// As written.
        name: String,
    },
    /// An opcode that weights have no use for, or none at all.
    #[error("expected an opcode of a checkpoint, found 0x{0:02x}")]
    Opcode(u8),
    /// A pickle of another protocol.
    #[error("expected pickle protocol 2 to 5, found {0}")]
    Protocol(u8),
    /// The bytes end, or cannot be read.
    #[error("cut short: {0}")]
    Read(#[from] io::Error),
    /// The pickle wants more than its opcode may want.
    #[error("expected at most {limit} {what}, found {found}")]
    Limit {
        /// Of what.
        what: &'static str,
        /// How many may be.
        limit: u64,
        /// How many there are, or at least how many.
        found: u64,
    },
    /// Opcodes that do not fit together.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// By the opcode.
        expected: &'static str,
        /// On the stack, or in the bytes.
        found: String,
    },
}

/// Reads one pickle of at most `length` bytes.
///
/// # Errors
/// [`PickleError`] with the offset of the opcode.
pub(in crate::checkpoint) fn load(source: impl Read, length: u64) -> Result<Pickled, PickleError> {
    let mut machine = Machine {
        source,
        position: 0,
        length,
        values: Vec::new(),
        spent: 0,
        copied: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    loop {
        let offset = machine.position;
        match machine.step() {
            Ok(None) => {}
            Ok(Some(root)) => return Ok(Pickled { values: machine.values, root, length: machine.position }),
            Err(problem) => return Err(PickleError { offset, problem }),
        }
    }
}

struct Machine<R> {
    source: R,
    position: u64,
    length: u64,
    values: Vec<Value>,
    /// Values made and fetched.
    spent: usize,
    /// Elements of containers that were copied into others.
    copied: u64,
    stack: Vec<Id>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

type Step<T> = Result<T, PickleProblem>;

impl<R: Read> Machine<R> {
    /// One opcode; the root when it was STOP.
    fn step(&mut self) -> Step<Option<Id>> {
        let [opcode] = self.bytes()?;
        match opcode {
            b'.' => return self.pop("a value to stop with").map(Some),
            0x80 => {
                let [protocol] = self.bytes()?;
                if !(2..=5).contains(&protocol) {
                    return Err(PickleProblem::Protocol(protocol));
                }
            }
            b'(' => self.mark()?,
            b'0' => drop(self.pop("a value to drop")?),
            b'1' => drop(self.pop_to_mark()?),
            b'N' => self.push(Value::None)?,
            0x88 => self.push(Value::Bool(true))?,
            0x89 => self.push(Value::Bool(false))?,
            b'K' => {
                let [number] = self.bytes()?;
                self.push(Value::Int(number.into()))?;
            }
            b'M' => {
                let number = u16::from_le_bytes(self.bytes()?);
                self.push(Value::Int(number.into()))?;
            }
            b'J' => {
                let number = i32::from_le_bytes(self.bytes()?);
                self.push(Value::Int(number.into()))?;
            }
            0x8a => {
                let [length] = self.bytes()?;
                self.long(length.into())?;
            }
            0x8b => {
                let length = u32::from_le_bytes(self.bytes()?);
                self.long(length.into())?;
            }
            b'G' => {
                let number = f64::from_be_bytes(self.bytes()?);
                self.push(Value::Float(number))?;
            }
            b'X' | b'T' | b'B' => {
                let length = u32::from_le_bytes(self.bytes()?);
                self.string(length.into())?;
            }
            b'U' | b'C' | 0x8c => {
                let [length] = self.bytes()?;
                self.string(length.into())?;
            }
            0x8d | 0x8e => {
                let length = u64::from_le_bytes(self.bytes()?);
                self.string(length)?;
            }
            b')' => self.push(Value::Tuple(Box::default()))?,
            b'}' => self.push(Value::Dict(Vec::new()))?,
            b']' => self.push(Value::List(Vec::new()))?,
            0x85 => self.tuple(1)?,
            0x86 => self.tuple(2)?,
            0x87 => self.tuple(3)?,
            b't' => {
                let items = self.pop_to_mark()?;
                self.push(Value::Tuple(items.into()))?;
            }
            b'l' => {
                let items = self.pop_to_mark()?;
                self.push(Value::List(items))?;
            }
            b'd' => {
                let items = self.pop_to_mark()?;
                let pairs = pairs(&items)?;
                self.push(Value::Dict(pairs))?;
            }
            b'a' => {
                let item = self.pop("an item to append")?;
                self.append(&[item])?;
            }
            b'e' => {
                let items = self.pop_to_mark()?;
                self.append(&items)?;
            }
            b's' => {
                let value = self.pop("a value to set")?;
                let key = self.pop("a key to set")?;
                self.set(&[key, value])?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.set(&items)?;
            }
            b'q' => {
                let [index] = self.bytes()?;
                self.put(index.into())?;
            }
            b'r' => {
                let index = u32::from_le_bytes(self.bytes()?);
                self.put(index)?;
            }
            0x94 => {
                let index = u32::try_from(self.memo.len()).map_err(|_| wrong("a memo of 32 bits", "a larger one"))?;
                self.put(index)?;
            }
            b'h' => {
                let [index] = self.bytes()?;
                self.get(index.into())?;
            }
            b'j' => {
                let index = u32::from_le_bytes(self.bytes()?);
                self.get(index)?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.global(&module, &name)?;
            }
            0x93 => {
                let (name, module) = (self.pop("a global's name")?, self.pop("a global's module")?);
                let text = |id| match self.value(id) {
                    Value::Str(text) => Ok(text.clone()),
                    other => Err(wrong("a global's name as text", other.kind())),
                };
                let (module, name) = (text(module)?, text(name)?);
                self.global(&module, &name)?;
            }
            // A frame: how many bytes follow that may be read at once. Nothing is taken at its word.
            0x95 => drop(self.bytes::<8>()?),
            b'R' | 0x81 => self.call()?,
            b'b' => self.build()?,
            b'Q' => self.storage()?,
            other => return Err(PickleProblem::Opcode(other)),
        }
        Ok(None)
    }

    // Bytes

    fn bytes<const N: usize>(&mut self) -> Step<[u8; N]> {
        let mut bytes = [0; N];
        self.claim(N as u64)?;
        self.source.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Moves on by `count` bytes, if there are so many.
    fn claim(&mut self, count: u64) -> Step<()> {
        let left = self.length - self.position;
        if count > left {
            let text = format!("{count} more bytes wanted, {left} left");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text).into());
        }
        self.position += count;
        Ok(())
    }

    fn block(&mut self, length: u64) -> Step<Vec<u8>> {
        if length > MAX_STRING_BYTES {
            return Err(limit("bytes in a string", MAX_STRING_BYTES, length));
        }
        self.claim(length)?;
        let mut bytes = vec![0; length as usize];
        self.source.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Text up to a line feed.
    fn line(&mut self) -> Step<String> {
        let mut line = Vec::new();
        loop {
            match self.bytes()? {
                [b'\n'] => return text(line),
                [byte] => line.push(byte),
            }
            if line.len() > MAX_NAME_BYTES {
                return Err(limit("bytes in a name", MAX_NAME_BYTES as u64, line.len() as u64));
            }
        }
    }

    fn global(&mut self, module: &str, name: &str) -> Step<()> {
        let global = Global::find(module, name)
            .ok_or_else(|| PickleProblem::Global { module: shown(module), name: shown(name) })?;
        self.push(Value::Global(global))
    }

    fn string(&mut self, length: u64) -> Step<()> {
        let bytes = self.block(length)?;
        // Python 2 wrote names as byte strings; other bytes (a numpy number's) are of no use here.
        let value = match text(bytes) {
            Ok(text) => Value::Str(text.into()),
            Err(_) => Value::Opaque("bytes"),
        };
        self.push(value)
    }

    fn long(&mut self, length: u64) -> Step<()> {
        let bytes = self.block(length)?;
        let value = if bytes.len() <= 8 {
            let fill = if bytes.last().is_some_and(|&last| last >= 0x80) { 0xff } else { 0 };
            let mut number = [fill; 8];
            number[..bytes.len()].copy_from_slice(&bytes);
            Value::Int(i64::from_le_bytes(number))
        } else {
            Value::Long(bytes.into())
        };
        self.push(value)
    }

    // Stack and memo

    fn spend(&mut self, values: usize) -> Step<()> {
        self.spent += values;
        if self.spent > MAX_VALUES {
            return Err(limit("values", MAX_VALUES as u64, self.spent as u64));
        }
        Ok(())
    }

    /// Honest pickles copy a container at most once, and each of its elements took a byte to write.
    fn copy(&mut self, elements: usize) -> Step<()> {
        self.copied += elements as u64;
        if self.copied > self.length {
            return Err(limit("copied elements", self.length, self.copied));
        }
        Ok(())
    }

    fn push(&mut self, value: Value) -> Step<()> {
        self.spend(1)?;
        let id = Id::new(self.values.len()).ok_or_else(|| limit("values", u32::MAX.into(), self.spent as u64))?;
        self.values.push(value);
        self.stack.push(id);
        Ok(())
    }

    fn pop(&mut self, expected: &'static str) -> Step<Id> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err(wrong(expected, if floor == 0 { "an empty stack" } else { "a mark" }));
        }
        self.stack.pop().ok_or_else(|| wrong(expected, "an empty stack"))
    }

    fn mark(&mut self) -> Step<()> {
        if self.marks.len() >= MAX_MARKS {
            return Err(limit("open marks", MAX_MARKS as u64, self.marks.len() as u64 + 1));
        }
        self.marks.push(self.stack.len());
        Ok(())
    }

    fn pop_to_mark(&mut self) -> Step<Vec<Id>> {
        let mark = self.marks.pop().ok_or_else(|| wrong("a mark on the stack", "none"))?;
        Ok(self.stack.split_off(mark))
    }

    fn put(&mut self, index: u32) -> Step<()> {
        let id = *self.stack.last().ok_or_else(|| wrong("a value to remember", "an empty stack"))?;
        self.spend(1)?;
        self.memo.insert(index, id);
        Ok(())
    }

    fn get(&mut self, index: u32) -> Step<()> {
        let id = *self.memo.get(&index).ok_or_else(|| wrong("a remembered value", &format!("nothing at {index}")))?;
        self.spend(1)?;
        self.stack.push(id);
        Ok(())
    }

    fn value(&self, id: Id) -> &Value {
        &self.values[id.index()]
    }

    // Containers

    fn tuple(&mut self, length: usize) -> Step<()> {
        let mut items = vec![self.pop("an item of a tuple")?];
        while items.len() < length {
            items.push(self.pop("an item of a tuple")?);
        }
        items.reverse();
        self.push(Value::Tuple(items.into()))
    }

    fn append(&mut self, new: &[Id]) -> Step<()> {
        let list = *self.stack.last().ok_or_else(|| wrong("a list to append to", "an empty stack"))?;
        match &mut self.values[list.index()] {
            Value::List(items) => {
                items.extend_from_slice(new);
                Ok(())
            }
            other => Err(wrong("a list to append to", other.kind())),
        }
    }

    fn set(&mut self, items: &[Id]) -> Step<()> {
        let pairs = pairs(items)?;
        let dict = *self.stack.last().ok_or_else(|| wrong("a dict to set in", "an empty stack"))?;
        match &mut self.values[dict.index()] {
            Value::Dict(items) => {
                items.extend(pairs);
                Ok(())
            }
            other => Err(wrong("a dict to set in", other.kind())),
        }
    }

    // Objects

    /// REDUCE and NEWOBJ: a callable or class, and a tuple of arguments.
    fn call(&mut self) -> Step<()> {
        let arguments = self.pop("arguments")?;
        let callable = self.pop("a global to call")?;
        let Value::Global(global) = *self.value(callable) else {
            return Err(wrong("a global to call", self.value(callable).kind()));
        };
        let Value::Tuple(arguments) = self.value(arguments) else {
            return Err(wrong("a tuple of arguments", self.value(arguments).kind()));
        };
        let value = match (global, &**arguments) {
            (Global::Dict, [] | [_]) => Value::Dict(match arguments.first() {
                None => Vec::new(),
                Some(&items) => {
                    self.copy(self.value(items).elements())?;
                    self.dict_items(items)?
                }
            }),
            (Global::DefaultDict, [] | [_]) => Value::Dict(Vec::new()),
            (Global::Size, &[sizes]) => {
                self.copy(self.value(sizes).elements())?;
                match self.value(sizes) {
                    Value::Tuple(sizes) => Value::Tuple(sizes.clone()),
                    Value::List(sizes) => Value::Tuple(sizes.clone().into()),
                    other => return Err(wrong("a tuple of sizes", other.kind())),
                }
            }
            (Global::RebuildTensor, &[storage, first, shape, strides, ..]) => {
                Value::Tensor(Box::new(self.tensor(storage, first, shape, strides)?))
            }
            (Global::RebuildParameter, &[tensor, ..]) => match self.value(tensor) {
                Value::Tensor(view) => Value::Tensor(view.clone()),
                other => return Err(wrong("a tensor as parameter", other.kind())),
            },
            (Global::Opaque(what), _) => Value::Opaque(what),
            (Global::Storage(_), _) => return Err(wrong("a function to call", "the type of a storage")),
            (_, arguments) => return Err(wrong("other arguments", &format!("{} of them", arguments.len()))),
        };
        self.push(value)
    }

    /// What `OrderedDict(items)` takes: a dict, or a list of pairs.
    fn dict_items(&self, items: Id) -> Step<Vec<(Id, Id)>> {
        match self.value(items) {
            Value::Dict(pairs) => Ok(pairs.clone()),
            Value::List(list) => list
                .iter()
                .map(|&item| match self.value(item) {
                    Value::Tuple(pair) if pair.len() == 2 => Ok((pair[0], pair[1])),
                    Value::List(pair) if pair.len() == 2 => Ok((pair[0], pair[1])),
                    other => Err(wrong("a pair of key and value", other.kind())),
                })
                .collect(),
            other => Err(wrong("a dict or a list of pairs", other.kind())),
        }
    }

    /// BUILD: attributes of an object. None of the known objects has one that matters (EasyDict repeats its items, a state
    /// dict notes its modules' versions).
    fn build(&mut self) -> Step<()> {
        self.pop("attributes")?;
        let object = *self.stack.last().ok_or_else(|| wrong("an object to build", "an empty stack"))?;
        match self.value(object) {
            Value::Dict(_) | Value::Opaque(_) => Ok(()),
            other => Err(wrong("an object with attributes", other.kind())),
        }
    }

    /// BINPERSID: `("storage", type, key, location, numbers[, view])`.
    fn storage(&mut self) -> Step<()> {
        let identity = self.pop("a storage's identity")?;
        let Value::Tuple(parts) = self.value(identity) else {
            return Err(wrong("a storage's identity as a tuple", self.value(identity).kind()));
        };
        let (&[word, element, key, _location, length], view) = parts
            .split_first_chunk::<5>()
            .ok_or_else(|| wrong("the five parts of a storage's identity", &format!("{} of them", parts.len())))?;
        match self.value(word) {
            Value::Str(word) if &**word == "storage" => {}
            other => return Err(wrong("the word storage", other.kind())),
        }
        let Value::Global(Global::Storage(element)) = *self.value(element) else {
            return Err(wrong("the type of a storage", self.value(element).kind()));
        };
        let key = match self.value(key) {
            Value::Str(key) if key.len() > MAX_NAME_BYTES => {
                return Err(limit("bytes in a storage's key", MAX_NAME_BYTES as u64, key.len() as u64));
            }
            Value::Str(key) => key.clone(),
            other => return Err(wrong("a storage's key as a string", other.kind())),
        };
        let length = self.count(length, "a storage's length")?;
        let first = match view.first().map(|&view| self.value(view)) {
            None | Some(Value::None) => 0,
            Some(Value::Tuple(view)) if view.len() == 3 => self.count(view[1], "a storage view's offset")?,
            Some(other) => return Err(wrong("a storage view of three parts", other.kind())),
        };
        self.push(Value::Storage(Box::new(StorageName { key, element, length, first })))
    }

    fn tensor(&self, storage: Id, first: Id, shape: Id, strides: Id) -> Step<TensorView> {
        let Value::Storage(storage) = self.value(storage) else {
            return Err(wrong("a tensor's storage", self.value(storage).kind()));
        };
        let first = self.count(first, "a tensor's offset")?;
        let (shape, strides) = (self.counts(shape, "a tensor's shape")?, self.counts(strides, "a tensor's strides")?);
        Ok(TensorView { storage: StorageName::clone(storage), first, shape, strides })
    }

    fn count(&self, id: Id, expected: &'static str) -> Step<usize> {
        match self.value(id) {
            Value::Int(number) => {
                usize::try_from(*number).map_err(|_| wrong(expected, &format!("the number {number}")))
            }
            other => Err(wrong(expected, other.kind())),
        }
    }

    fn counts(&self, id: Id, expected: &'static str) -> Step<Box<[usize]>> {
        let items: &[Id] = match self.value(id) {
            Value::Tuple(items) => items,
            Value::List(items) => items,
            other => return Err(wrong(expected, other.kind())),
        };
        if items.len() > MAX_RANK {
            return Err(limit("sides of a tensor", MAX_RANK as u64, items.len() as u64));
        }
        items.iter().map(|&item| self.count(item, expected)).collect()
    }
}

fn pairs(items: &[Id]) -> Step<Vec<(Id, Id)>> {
    match items.as_chunks::<2>() {
        (pairs, []) => Ok(pairs.iter().map(|&[key, value]| (key, value)).collect()),
        (_, rest) => Err(wrong("keys and values in turn", &format!("{} left over", rest.len()))),
    }
}

fn text(bytes: Vec<u8>) -> Step<String> {
    String::from_utf8(bytes).map_err(|_| wrong("text in UTF-8", "other bytes"))
}

/// As much of a name as a message repeats.
fn shown(name: &str) -> String {
    name.chars().take(MAX_NAME_BYTES).collect()
}

fn wrong(expected: &'static str, found: &str) -> PickleProblem {
    PickleProblem::Expected { expected, found: found.to_owned() }
}

fn limit(what: &'static str, limit: u64, found: u64) -> PickleProblem {
    PickleProblem::Limit { what, limit, found }
}

#[cfg(test)]
mod tests;
