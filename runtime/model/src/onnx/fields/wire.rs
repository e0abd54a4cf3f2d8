//! Protobuf's wire format over a slice: keys, varints, lengths. Nothing is copied.

use prost::encoding::{WireType, decode_varint};

use super::FieldsError;

/// Reads one message from front to back.
pub(super) struct Reader<'a> {
    pub(super) message: &'static str,
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    /// Offset of `bytes` in the file.
    pub(super) base: usize,
}

impl<'a> Reader<'a> {
    /// Offset in the file, number and wire type of the next field.
    pub(super) fn key(&mut self) -> Result<Option<(usize, u32, WireType)>, FieldsError> {
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        let at = self.base + self.at;
        let key = u32::try_from(self.varint()?).map_err(|_| self.malformed(at, "no field has such a key"))?;
        let number = key >> 3;
        if number == 0 {
            return Err(self.malformed(at, "no field has the number 0"));
        }
        match WireType::try_from(u64::from(key & 7)) {
            Ok(WireType::StartGroup | WireType::EndGroup) | Err(_) => Err(self.malformed(at, "no field is a group")),
            Ok(wire) => Ok(Some((at, number, wire))),
        }
    }

    pub(super) fn varint(&mut self) -> Result<u64, FieldsError> {
        let mut rest = self.rest();
        let before = rest.len();
        let value =
            decode_varint(&mut rest).map_err(|_| self.malformed(self.base + self.at, "a number does not end"))?;
        self.at += before - rest.len();
        Ok(value)
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], FieldsError> {
        self.take_claimed(count as u64)
    }

    /// A length and so many bytes.
    pub(super) fn delimited(&mut self) -> Result<&'a [u8], FieldsError> {
        let claimed = self.varint()?;
        self.take_claimed(claimed)
    }

    /// How many varints a packed field has.
    pub(super) fn packed_varints(&mut self) -> Result<usize, FieldsError> {
        let content = self.delimited()?;
        let base = self.base + self.at - content.len();
        let mut inner = Reader { message: self.message, bytes: content, at: 0, base };
        let mut count = 0;
        while inner.at < content.len() {
            inner.varint()?;
            count += 1;
        }
        Ok(count)
    }

    /// How many sides a field has, packed or single, and their product; a negative one is huge.
    pub(super) fn sides(&mut self, wire: WireType, at: usize) -> Result<(usize, u64), FieldsError> {
        let content = match wire {
            WireType::Varint => return Ok((1, self.varint()?)),
            WireType::LengthDelimited => self.delimited()?,
            _ => return Err(self.malformed(at, "a number is expected")),
        };
        let base = self.base + self.at - content.len();
        let mut inner = Reader { message: self.message, bytes: content, at: 0, base };
        let (mut count, mut product) = (0, 1_u64);
        while inner.at < content.len() {
            product = product.saturating_mul(inner.varint()?);
            count += 1;
        }
        Ok((count, product))
    }

    /// How many floats a packed field has.
    pub(super) fn packed_floats(&mut self) -> Result<usize, FieldsError> {
        let content = self.delimited()?;
        if content.len().is_multiple_of(4) {
            Ok(content.len() / 4)
        } else {
            Err(self.malformed(self.base + self.at - content.len(), "floats have four bytes each"))
        }
    }

    pub(super) fn malformed(&self, at: usize, reason: &'static str) -> FieldsError {
        FieldsError::Malformed { message: self.message, at, reason }
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn take_claimed(&mut self, claimed: u64) -> Result<&'a [u8], FieldsError> {
        let rest = self.rest();
        match usize::try_from(claimed).ok().and_then(|claimed| rest.get(..claimed)) {
            Some(content) => {
                self.at += content.len();
                Ok(content)
            }
            None => Err(FieldsError::BeyondEnd {
                message: self.message,
                at: self.base + self.at,
                claimed,
                available: rest.len(),
            }),
        }
    }
}
