//! Torch files, written byte by byte: honest ones for the golden cases, and the parts that hostile ones are made of.

use std::io::Write as _;

use serde_json::Value;

use crate::synthetic_checkpoint::NamedTensor;

/// Types of numbers that tests write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say all")]
pub enum Element {
    F64,
    F32,
    F16,
    Bf16,
    I64,
}

impl Element {
    /// Of one number.
    pub fn bytes(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    fn storage(self) -> &'static str {
        match self {
            Self::F64 => "DoubleStorage",
            Self::F32 => "FloatStorage",
            Self::F16 => "HalfStorage",
            Self::Bf16 => "BFloat16Storage",
            Self::I64 => "LongStorage",
        }
    }
}

/// What a pickle may hold.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say all")]
pub enum Item {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(String),
    List(Vec<Item>),
    Dict(Vec<(String, Item)>),
    OrderedDict(Vec<(String, Item)>),
    EasyDict(Vec<(String, Item)>),
    Tensor(NamedTensor),
    /// Opcodes, as they are.
    Raw(Vec<u8>),
}

impl Item {
    /// Settings as EasyDict objects and lists, as the published code saves them.
    pub fn from_json(value: &Value) -> Self {
        match value {
            Value::Null => Self::None,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => match number.as_i64() {
                Some(number) => Self::Int(number),
                None => Self::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Self::Str(text.clone()),
            Value::Array(items) => Self::List(items.iter().map(Self::from_json).collect()),
            Value::Object(items) => {
                Self::EasyDict(items.iter().map(|(key, value)| (key.clone(), Self::from_json(value))).collect())
            }
        }
    }
}

/// Writes pickles, protocol 2, and collects the storages that they name.
#[derive(Debug, Default)]
pub struct Pickler {
    bytes: Vec<u8>,
    storages: Vec<NamedTensor>,
    is_legacy: bool,
}

impl Pickler {
    /// One whole pickle.
    fn pickle(&mut self, item: &Item) -> Vec<u8> {
        self.bytes = b"\x80\x02".to_vec();
        self.item(item);
        self.bytes.push(b'.');
        std::mem::take(&mut self.bytes)
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::None => self.bytes.push(b'N'),
            Item::Bool(value) => self.bytes.push(if *value { 0x88 } else { 0x89 }),
            Item::Int(value) => self.int(*value),
            Item::Float(value) => {
                self.bytes.push(b'G');
                self.bytes.extend(value.to_be_bytes());
            }
            Item::Str(text) => self.str(text),
            Item::List(items) => {
                self.bytes.extend(b"](");
                items.iter().for_each(|item| self.item(item));
                self.bytes.push(b'e');
            }
            Item::Dict(items) => {
                self.bytes.push(b'}');
                self.items(items);
            }
            Item::OrderedDict(items) => {
                self.bytes.extend(b"ccollections\nOrderedDict\n)R");
                self.items(items);
                // Modules' versions, as an attribute.
                self.bytes.extend(b"}");
                self.items(&[("_metadata".into(), Item::Dict(Vec::new()))]);
                self.bytes.push(b'b');
            }
            Item::EasyDict(items) => {
                self.bytes.extend(b"ceasydict\nEasyDict\n)\x81");
                self.items(items);
                // The same once more, as attributes.
                self.bytes.push(b'}');
                self.items(items);
                self.bytes.push(b'b');
            }
            Item::Tensor(tensor) => self.tensor(tensor),
            Item::Raw(opcodes) => self.bytes.extend(opcodes),
        }
    }

    fn items(&mut self, items: &[(String, Item)]) {
        self.bytes.push(b'(');
        for (key, value) in items {
            self.str(key);
            self.item(value);
        }
        self.bytes.push(b'u');
    }

    fn int(&mut self, value: i64) {
        match i32::try_from(value) {
            Ok(value) => {
                self.bytes.push(b'J');
                self.bytes.extend(value.to_le_bytes());
            }
            Err(_) => {
                self.bytes.extend([0x8a, 8]);
                self.bytes.extend(value.to_le_bytes());
            }
        }
    }

    fn str(&mut self, text: &str) {
        self.bytes.push(b'X');
        self.bytes.extend(u32::try_from(text.len()).expect("short text").to_le_bytes());
        self.bytes.extend(text.as_bytes());
    }

    fn tensor(&mut self, tensor: &NamedTensor) {
        let key = self.storages.len().to_string();
        self.bytes.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        self.str("storage");
        self.bytes.extend(format!("ctorch\n{}\n", tensor.element.storage()).as_bytes());
        self.str(&key);
        self.str("cuda:0");
        self.int((tensor.bytes.len() / tensor.element.bytes()) as i64);
        if self.is_legacy {
            self.bytes.push(b'N');
        }
        self.bytes.extend(b"tQ");
        self.int(0);
        let strides: Vec<usize> =
            (0..tensor.shape.len()).map(|side| tensor.shape[side + 1..].iter().product()).collect();
        for sides in [&tensor.shape, &strides] {
            self.bytes.push(b'(');
            sides.iter().for_each(|&side| self.int(side as i64));
            self.bytes.push(b't');
        }
        self.bytes.extend(b"\x89ccollections\nOrderedDict\n)RtR");
        self.storages.push(tensor.clone());
    }
}

/// `torch.save` since 1.6.
pub fn zip(object: &Item) -> Vec<u8> {
    let mut pickler = Pickler::default();
    let pickle = pickler.pickle(object);
    let mut entries =
        vec![("archive/data.pkl".to_owned(), pickle), ("archive/byteorder".to_owned(), b"little".to_vec())];
    let storages = pickler.storages.into_iter().enumerate();
    entries.extend(storages.map(|(key, storage)| (format!("archive/data/{key}"), storage.bytes)));
    entries.push(("archive/version".to_owned(), b"3\n".to_vec()));
    zip_of(&entries)
}

/// A zip archive of stored entries.
pub fn zip_of(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut bytes);
    for (name, content) in entries {
        let path = rawzip::path::EntryPath::verbatim(name.as_bytes());
        let new = archive.new_file(path).compression_method(rawzip::CompressionMethod::STORE);
        let (mut entry, config) = new.start().expect("an entry");
        let mut writer = config.wrap(&mut entry);
        writer.write_all(content).expect("bytes in memory");
        let (_, descriptor) = writer.finish().expect("an entry's end");
        entry.finish(descriptor).expect("an entry's end");
    }
    archive.finish().expect("an archive's end");
    bytes
}

/// `torch.save` before 1.6.
pub fn legacy(object: &Item) -> Vec<u8> {
    let mut pickler = Pickler { is_legacy: true, ..Pickler::default() };
    let mut bytes = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.".to_vec();
    bytes.extend(pickler.pickle(&Item::Int(1001)));
    bytes.extend(pickler.pickle(&Item::Dict(vec![
        ("protocol_version".into(), Item::Int(1001)),
        ("little_endian".into(), Item::Bool(true)),
    ])));
    bytes.extend(pickler.pickle(object));
    let keys = (0..pickler.storages.len()).map(|key| Item::Str(key.to_string())).collect();
    bytes.extend(pickler.pickle(&Item::List(keys)));
    for storage in &pickler.storages {
        bytes.extend(((storage.bytes.len() / storage.element.bytes()) as i64).to_le_bytes());
        bytes.extend(&storage.bytes);
    }
    bytes
}
