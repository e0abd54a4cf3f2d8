//! Pickle opcodes by hand, and archives around them.

use moead_tests::torch_file::zip_of;

/// A class or function.
pub(crate) fn global(module: &str, name: &str) -> Vec<u8> {
    format!("c{module}\n{name}\n").into_bytes()
}

/// A string.
pub(crate) fn text(text: &str) -> Vec<u8> {
    let mut opcodes = vec![b'X'];
    opcodes.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
    opcodes.extend(text.as_bytes());
    opcodes
}

/// A number of 64 bits.
pub(crate) fn int(number: i64) -> Vec<u8> {
    [&[0x8a, 8][..], &number.to_le_bytes()].concat()
}

/// A tuple of whatever the parts leave on the stack.
pub(crate) fn tuple(parts: &[Vec<u8>]) -> Vec<u8> {
    [b"(", &parts.concat()[..], b"t"].concat()
}

/// A dict with these texts as keys.
pub(crate) fn dict(items: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let items: Vec<u8> = items.iter().flat_map(|(key, value)| [text(key), value.clone()].concat()).collect();
    [b"}(", &items[..], b"u"].concat()
}

/// A tensor as torch rebuilds it.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) class: &'static str,
    pub(crate) key: &'static str,
    pub(crate) numbers: i64,
    pub(crate) first: i64,
    pub(crate) shape: Vec<i64>,
    pub(crate) strides: Vec<i64>,
}

impl View {
    /// All six numbers of a storage `0`.
    pub(crate) fn new(shape: &[i64], strides: &[i64]) -> Self {
        let (shape, strides) = (shape.to_vec(), strides.to_vec());
        Self { class: "FloatStorage", key: "0", numbers: 6, first: 0, shape, strides }
    }

    /// Its opcodes.
    pub(crate) fn opcodes(&self) -> Vec<u8> {
        let class = global("torch", self.class);
        let identity = tuple(&[text("storage"), class, text(self.key), text("cpu"), int(self.numbers)]);
        let sides = |sides: &[i64]| tuple(&sides.iter().map(|&side| int(side)).collect::<Vec<_>>());
        let arguments = tuple(&[
            [&identity[..], b"Q"].concat(),
            int(self.first),
            sides(&self.shape),
            sides(&self.strides),
            b"\x89}".to_vec(),
        ]);
        [global("torch._utils", "_rebuild_tensor_v2"), arguments, b"R".to_vec()].concat()
    }
}

/// The numbers 0 to 5.
pub(crate) fn six() -> Vec<u8> {
    (0..6_u8).flat_map(|number| f32::from(number).to_le_bytes()).collect()
}

/// An archive of torch around these opcodes and storages.
pub(crate) fn archive(opcodes: &[u8], storages: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let pickle = [b"\x80\x02", opcodes, b"."].concat();
    let mut entries = vec![("archive/data.pkl".to_owned(), pickle)];
    entries.extend(storages.iter().map(|(key, bytes)| (format!("archive/data/{key}"), bytes.clone())));
    zip_of(&entries)
}
