//! The trained numbers: one array of them all, and which tensor stands where.

use std::ops::Range;

/// Where a tensor stands.
pub type Place = Range<usize>;

/// A tensor of the decoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// As in a checkpoint, without `reconstruction.`.
    pub name: String,
    /// Sides.
    pub shape: Vec<usize>,
    /// Where its numbers are.
    pub place: Place,
    /// Whether the network uses it. One that it does not use has no gradient, and so no step and no decay.
    pub is_used: bool,
}

/// All tensors, in the order of the reference's state dict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    entries: Vec<Entry>,
    length: usize,
}

impl Layout {
    /// In their order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Numbers of all tensors.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The tensor of that name.
    pub fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// Another tensor, behind those that are there.
    pub(crate) fn push(&mut self, name: String, shape: &[usize], is_used: bool) -> Place {
        let place = self.length..self.length + shape.iter().product::<usize>();
        self.length = place.end;
        self.entries.push(Entry { name, shape: shape.to_vec(), place: place.clone(), is_used });
        place
    }
}
