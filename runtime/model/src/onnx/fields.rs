//! The protobuf fields that a model file may have, checked and counted before anything is decoded.
//!
//! [`Scan`] walks over the bytes without taking memory. A field that is in no table below is refused, never skipped: an
//! engine might know it. A singular field that appears twice is refused too: protobuf would merge two embedded messages and
//! take the last of two numbers, and two readers might not agree. No table contains itself, so nesting is as deep as the
//! tables are and no deeper.

use prost::encoding::WireType;

mod tables;
mod wire;

pub use tables::{FOREIGN_GRAPH, GRAPH, MODEL};
use wire::Reader;

use super::limits;

/// A message of the schema and its fields.
#[derive(Debug)]
pub struct Message {
    /// As in the schema.
    pub name: &'static str,
    fields: &'static [Field],
}

/// A field of a message.
#[derive(Debug)]
struct Field {
    number: u32,
    name: &'static str,
    kind: Kind,
    /// 1 for a singular field.
    at_most: usize,
    /// Of one decoded element, when it is kept in a list.
    size: usize,
    /// Elements of the tensor whose sides are in the same message.
    is_data: bool,
}

/// What a field holds.
#[derive(Debug)]
enum Kind {
    Integer,
    Float,
    /// Sides of a tensor, whose product is not larger than its data.
    Sides,
    /// Printable ASCII, at most [`limits::NAME_BYTES`].
    Name,
    /// UTF-8 of at most so many bytes.
    Text(usize),
    /// Not looked into.
    Bytes,
    Message(&'static Message),
    /// Part of the standard, not of our files.
    Refused,
}

/// Why bytes are not a message of the schema. Offsets count from the file's first byte.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldsError {
    /// No protobuf, or protobuf of something else.
    #[error("{message} at byte {at}: {reason}")]
    Malformed {
        /// The message that the bytes should be.
        message: &'static str,
        /// Where.
        at: usize,
        /// In words.
        reason: &'static str,
    },
    /// A field is longer than what is left of its message.
    #[error("{message} at byte {at}: a field claims {claimed} bytes, but {available} are left")]
    BeyondEnd {
        /// The message.
        message: &'static str,
        /// Where the field's content begins.
        at: usize,
        /// By the field.
        claimed: u64,
        /// In the message.
        available: usize,
    },
    /// A field that the schema does not have.
    #[error("{message} at byte {at}: unknown field {number}")]
    Unknown {
        /// The message.
        message: &'static str,
        /// Where.
        at: usize,
        /// The field's number.
        number: u32,
    },
    /// A field that the standard has and our files have not.
    #[error("{message} at byte {at}: {field} is not part of a model file")]
    Refused {
        /// The message.
        message: &'static str,
        /// Where.
        at: usize,
        /// The field.
        field: &'static str,
    },
    /// A field more often than allowed; a singular one twice.
    #[error("{message} at byte {at}: more than {at_most} of {field}")]
    TooMany {
        /// The message.
        message: &'static str,
        /// Where the first one too many is.
        at: usize,
        /// The field.
        field: &'static str,
        /// The limit.
        at_most: usize,
    },
    /// A text longer than allowed.
    #[error("{message} at byte {at}: {field} has {found} bytes, expected at most {at_most}")]
    TooLong {
        /// The message.
        message: &'static str,
        /// Where.
        at: usize,
        /// The field.
        field: &'static str,
        /// Bytes.
        found: usize,
        /// The limit.
        at_most: usize,
    },
    /// A name with control characters or letters beyond ASCII, or a text that is not UTF-8.
    #[error("{message} at byte {at}: {field} is not {expected}")]
    Text {
        /// The message.
        message: &'static str,
        /// Where.
        at: usize,
        /// The field.
        field: &'static str,
        /// In words.
        expected: &'static str,
    },
    /// A tensor of more elements than it has data for: an engine might take memory for all of them.
    #[error("{message} at byte {at}: {elements} elements, but data for at most {data}")]
    Unbacked {
        /// The message.
        message: &'static str,
        /// Where it begins.
        at: usize,
        /// By its sides.
        elements: u64,
        /// The most that the data can be: a number each, or half a raw byte.
        data: u64,
    },
    /// Small bytes that decode into much memory.
    #[error("{message} at byte {at}: decoding would take more than {} bytes", limits::DECODED_BYTES)]
    Amplification {
        /// The message.
        message: &'static str,
        /// Where the limit is reached.
        at: usize,
    },
}

/// Most fields that a table has.
const TABLE_FIELDS: usize = 20;

/// The walk over one file.
#[derive(Debug, Default)]
pub struct Scan {
    decoded: usize,
}

impl Scan {
    /// Checks that `bytes` are a message of kind `message`. `base` is their offset in the file. Takes no memory; linear.
    ///
    /// # Errors
    /// The first field that breaks a rule, as [`FieldsError`].
    pub fn check(&mut self, message: &'static Message, bytes: &[u8], base: usize) -> Result<(), FieldsError> {
        let mut counts = [0_usize; TABLE_FIELDS];
        let mut reader = Reader { message: message.name, bytes, at: 0, base };
        let (mut elements, mut data) = (None, 0);
        while let Some((at, number, wire)) = reader.key()? {
            let name = message.name;
            let Some((index, field)) = message.fields.iter().enumerate().find(|(_, field)| field.number == number)
            else {
                return Err(FieldsError::Unknown { message: name, at, number });
            };
            let count = &mut counts[index];
            match &field.kind {
                Kind::Refused => return Err(FieldsError::Refused { message: name, at, field: field.name }),
                Kind::Sides => {
                    let before = elements.unwrap_or(1);
                    let (items, product) = reader.sides(wire, at)?;
                    elements = Some(product.saturating_mul(before));
                    *count = self.count(message, field, *count, items, at)?;
                }
                Kind::Integer | Kind::Float => {
                    let items = match (&field.kind, wire) {
                        (Kind::Integer, WireType::Varint) => reader.varint().map(|_| 1)?,
                        (Kind::Float, WireType::ThirtyTwoBit) => reader.take(4).map(|_| 1)?,
                        (Kind::Integer, WireType::LengthDelimited) if field.at_most > 1 => reader.packed_varints()?,
                        (Kind::Float, WireType::LengthDelimited) if field.at_most > 1 => reader.packed_floats()?,
                        _ => return Err(reader.malformed(at, "a number is expected")),
                    };
                    *count = self.count(message, field, *count, items, at)?;
                    data += if field.is_data { items as u64 } else { 0 };
                }
                kind => {
                    if wire != WireType::LengthDelimited {
                        return Err(reader.malformed(at, "a text, bytes or a message is expected"));
                    }
                    *count = self.count(message, field, *count, 1, at)?;
                    let content = reader.delimited()?;
                    let start = base + reader.at - content.len();
                    // The smallest elements that the standard has take four bits.
                    data += if field.is_data { 2 * content.len() as u64 } else { 0 };
                    match kind {
                        Kind::Message(inner) => self.check(inner, content, start)?,
                        kind => check_text(name, field, kind, content, start)?,
                    }
                }
            }
        }
        match elements {
            Some(elements) if elements > data => {
                Err(FieldsError::Unbacked { message: message.name, at: base, elements, data })
            }
            _ => Ok(()),
        }
    }

    /// A list's first element takes room for four, and every later one for itself and its successor.
    fn count(
        &mut self,
        message: &Message,
        field: &Field,
        before: usize,
        items: usize,
        at: usize,
    ) -> Result<usize, FieldsError> {
        let after = before.saturating_add(items);
        if after > field.at_most {
            let (message, field, at_most) = (message.name, field.name, field.at_most);
            return Err(FieldsError::TooMany { message, at, field, at_most });
        }
        let room = |count: usize| if count == 0 { 0 } else { (2 * count + 2) * field.size };
        self.decoded = self.decoded.saturating_add(room(after) - room(before));
        if self.decoded > limits::DECODED_BYTES {
            return Err(FieldsError::Amplification { message: message.name, at });
        }
        Ok(after)
    }
}

fn check_text(message: &'static str, field: &Field, kind: &Kind, content: &[u8], at: usize) -> Result<(), FieldsError> {
    let (at_most, expected, good) = match kind {
        Kind::Name => {
            (limits::NAME_BYTES, "a name in printable ASCII", content.iter().all(|byte| (0x20..0x7f).contains(byte)))
        }
        Kind::Text(at_most) => (*at_most, "UTF-8", std::str::from_utf8(content).is_ok()),
        _ => return Ok(()),
    };
    if content.len() > at_most {
        return Err(FieldsError::TooLong { message, at, field: field.name, found: content.len(), at_most });
    }
    if good { Ok(()) } else { Err(FieldsError::Text { message, at, field: field.name, expected }) }
}
