//! A tensor that still lies in its file.

use super::element::Element;
use super::error::TensorError;
use super::file::PositionedFile;
use super::limits::MAX_REPEATED_NUMBERS;

/// Bytes that are read at once: a tensor's raw bytes never stand in memory beside all its numbers.
const PIECE: usize = 1 << 20;

/// Where a tensor lies and how it is laid out. Everything has been checked: no index leaves the storage, and the storage
/// lies in the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StoredTensor {
    element: Element,
    /// Of the first number, in the file.
    offset: u64,
    shape: Box<[usize]>,
    layout: Layout,
}

#[derive(Debug, Clone, PartialEq)]
enum Layout {
    /// Row-major, without gaps.
    Contiguous,
    /// Numbers to step over, per side.
    Strided(Box<[usize]>),
}

/// A run of numbers in the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Storage {
    pub(super) element: Element,
    /// Of the first number, in the file.
    pub(super) offset: u64,
    /// Numbers.
    pub(super) length: usize,
}

impl StoredTensor {
    /// A view of `storage` that begins at number `first`; `strides` in numbers, one per side.
    ///
    /// # Errors
    /// What is wrong with the view, in words.
    pub(super) fn new(
        storage: Storage,
        first: usize,
        shape: Box<[usize]>,
        strides: Box<[usize]>,
    ) -> Result<Self, String> {
        let length = storage.length;
        if shape.len() != strides.len() {
            return Err(format!("expected {} strides, one per side, found {}", shape.len(), strides.len()));
        }
        let numbers = shape.iter().try_fold(1_usize, |product, &side| product.checked_mul(side));
        // A number may stand for many (`expand`), but not for any size.
        let most = if strides.contains(&0) { length.max(MAX_REPEATED_NUMBERS) } else { length };
        let numbers = numbers.filter(|&numbers| numbers <= most).ok_or_else(|| {
            let shape = shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
            format!("expected at most {most} numbers from its storage of {length}, found the shape {shape}")
        })?;
        let last = shape
            .iter()
            .zip(&strides)
            .try_fold(first, |last, (&side, &stride)| last.checked_add(side.saturating_sub(1).checked_mul(stride)?));
        if numbers > 0 && last.is_none_or(|last| last >= length) {
            return Err(format!("expected a view inside its storage of {length} numbers, found one that leaves it"));
        }
        let contiguous = row_major(&shape).iter().zip(&strides).zip(&shape).all(|((a, b), &side)| side < 2 || a == b);
        let layout = if contiguous || numbers == 0 { Layout::Contiguous } else { Layout::Strided(strides) };
        let offset = storage.offset + if numbers == 0 { 0 } else { (first * storage.element.bytes()) as u64 };
        Ok(Self { element: storage.element, offset, shape, layout })
    }

    /// The whole of `storage`, row-major.
    ///
    /// # Errors
    /// As [`StoredTensor::new`].
    pub(super) fn whole(storage: Storage, shape: Box<[usize]>) -> Result<Self, String> {
        let strides = row_major(&shape);
        Self::new(storage, 0, shape, strides)
    }

    pub(super) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The numbers, row-major, as f32.
    pub(super) fn read(&self, file: &PositionedFile, name: &str) -> Result<Vec<f32>, TensorError> {
        if !self.element.is_float() {
            return Err(TensorError::NotFloat { name: name.to_owned(), found: self.element.name() });
        }
        let numbers = self.shape.iter().product();
        let read =
            |count| self.read_run(file, count).map_err(|source| TensorError::Read { name: name.to_owned(), source });
        match &self.layout {
            Layout::Contiguous => read(numbers),
            Layout::Strided(strides) => {
                let span = self.shape.iter().zip(strides).map(|(side, stride)| (side - 1) * stride).sum::<usize>() + 1;
                let run = read(span)?;
                let mut values = Vec::with_capacity(numbers);
                let mut index = vec![0; self.shape.len()];
                for _ in 0..numbers {
                    values.push(run[index.iter().zip(strides).map(|(at, stride)| at * stride).sum::<usize>()]);
                    // The next index in row-major order.
                    for (at, &side) in index.iter_mut().zip(&self.shape).rev() {
                        *at += 1;
                        if *at < side {
                            break;
                        }
                        *at = 0;
                    }
                }
                Ok(values)
            }
        }
    }

    fn read_run(&self, file: &PositionedFile, numbers: usize) -> std::io::Result<Vec<f32>> {
        let mut values = Vec::with_capacity(numbers);
        let mut bytes = numbers * self.element.bytes();
        let mut piece = vec![0; bytes.min(PIECE)];
        let mut offset = self.offset;
        while bytes > 0 {
            let now = bytes.min(PIECE);
            file.read_exact_at(&mut piece[..now], offset)?;
            self.element.decode_into(&piece[..now], &mut values);
            offset += now as u64;
            bytes -= now;
        }
        Ok(values)
    }
}

/// Strides of a row-major tensor. Overflow is excluded where it matters: sides of 0 and 1 never step.
fn row_major(shape: &[usize]) -> Box<[usize]> {
    let mut strides: Box<[usize]> = shape.into();
    let mut step = 1_usize;
    for (stride, &side) in strides.iter_mut().zip(shape).rev() {
        *stride = step;
        step = step.saturating_mul(side.max(1));
    }
    strides
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn numbers(count: u8) -> (tempfile::NamedTempFile, Storage) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        for number in 0..count {
            file.write_all(&f32::from(number).to_le_bytes()).unwrap();
        }
        (file, Storage { element: Element::F32, offset: 0, length: usize::from(count) })
    }

    fn read(tensor: &StoredTensor, file: &tempfile::NamedTempFile) -> Vec<f32> {
        tensor.read(&PositionedFile::open(file.path()).unwrap(), "x").unwrap()
    }

    #[test]
    fn a_transposed_view_is_read_row_by_row() {
        let (file, storage) = numbers(6);
        let tensor = StoredTensor::new(storage, 0, [3, 2].into(), [1, 3].into()).unwrap();
        assert_eq!(read(&tensor, &file), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    }

    #[test]
    fn a_slice_of_a_shared_storage_begins_where_it_says() {
        let (file, storage) = numbers(6);
        let tensor = StoredTensor::new(storage, 2, [2, 2].into(), [2, 1].into()).unwrap();
        assert_eq!(read(&tensor, &file), [2.0, 3.0, 4.0, 5.0]);
    }

    #[test]
    fn one_number_may_stand_for_many() {
        let (file, storage) = numbers(2);
        let tensor = StoredTensor::new(storage, 0, [3, 2].into(), [0, 1].into()).unwrap();
        assert_eq!(read(&tensor, &file), [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
        let error = StoredTensor::new(storage, 0, [1 << 20, 1 << 10].into(), [0, 0].into()).unwrap_err();
        assert_eq!(error, "expected at most 16777216 numbers from its storage of 2, found the shape 1048576x1024");
    }

    #[test]
    fn a_view_may_not_leave_its_storage_or_repeat_it() {
        let (_file, storage) = numbers(6);
        for (first, shape, strides) in [
            (1, [3, 2], [2, 1]),
            (0, [3, 2], [3, 1]),
            (usize::MAX, [1, 1], [1, 1]),
            (0, [7, 1], [1, 1]),
            (0, [usize::MAX, 2], [0, 0]),
            (0, [2, 2], [usize::MAX, 1]),
        ] {
            let found = StoredTensor::new(storage, first, shape.into(), strides.into());
            assert!(found.is_err(), "{first} {shape:?} {strides:?}");
        }
    }

    #[test]
    fn a_tensor_without_numbers_is_empty() {
        let (file, storage) = numbers(1);
        let tensor = StoredTensor::new(storage, 9, [0, 4].into(), [4, 1].into()).unwrap();
        assert_eq!(read(&tensor, &file), Vec::<f32>::new());
    }
}
