//! The number types that checkpoints store.

use half::{bf16, f16};

/// Type of a stored number, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    F64,
    F32,
    F16,
    Bf16,
    I64,
    I32,
    I16,
    I8,
    U8,
    Bool,
    /// Known by size and name only: 8-bit floats, complex and unsigned numbers, quantised ones.
    Other {
        name: &'static str,
        bytes: usize,
    },
}

impl Element {
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
            Self::Other { bytes, .. } => bytes,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::F64 => "f64",
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::I64 => "i64",
            Self::I32 => "i32",
            Self::I16 => "i16",
            Self::I8 => "i8",
            Self::U8 => "u8",
            Self::Bool => "bool",
            Self::Other { name, .. } => name,
        }
    }

    pub(super) fn is_float(self) -> bool {
        matches!(self, Self::F64 | Self::F32 | Self::F16 | Self::Bf16)
    }

    /// Appends the numbers in `bytes` (a whole number of them), rounded to f32 where the type is wider.
    pub(super) fn decode_into(self, bytes: &[u8], values: &mut Vec<f32>) {
        fn each<const N: usize>(bytes: &[u8], values: &mut Vec<f32>, decode: impl Fn([u8; N]) -> f32) {
            values.extend(bytes.as_chunks::<N>().0.iter().map(|&number| decode(number)));
        }
        match self {
            Self::F64 => each(bytes, values, |number| f64::from_le_bytes(number) as f32),
            Self::F32 => each(bytes, values, f32::from_le_bytes),
            Self::F16 => each(bytes, values, |number| f16::from_le_bytes(number).to_f32()),
            Self::Bf16 => each(bytes, values, |number| bf16::from_le_bytes(number).to_f32()),
            // Not floats: `StoredTensor::read` refuses them before.
            Self::I64 | Self::I32 | Self::I16 | Self::I8 | Self::U8 | Self::Bool | Self::Other { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_float_type_decodes_one_and_a_half() {
        let cases: [(Element, &[u8]); 4] = [
            (Element::F64, &[0, 0, 0, 0, 0, 0, 0xf8, 0x3f]),
            (Element::F32, &[0, 0, 0xc0, 0x3f]),
            (Element::F16, &[0, 0x3e]),
            (Element::Bf16, &[0xc0, 0x3f]),
        ];
        for (element, bytes) in cases {
            let mut values = Vec::new();
            element.decode_into(bytes, &mut values);
            assert_eq!((values, bytes.len()), (vec![1.5], element.bytes()), "{}", element.name());
        }
    }
}
