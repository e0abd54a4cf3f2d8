//! What a pickle may hold.

use std::collections::HashSet;
use std::rc::Rc;

use crate::checkpoint::element::Element;

use super::globals::Global;

/// A value's place in its [`Pickled`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::checkpoint) struct Id(u32);

/// A value, kept small: there are millions in a hostile pickle. Containers hold places, so sharing and cycles cost nothing
/// and nobody recurses by accident.
#[derive(Debug, PartialEq)]
pub(in crate::checkpoint) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// Little-endian two's complement, more than 8 bytes.
    Long(Box<[u8]>),
    Float(f64),
    Str(Rc<str>),
    Tuple(Box<[Id]>),
    List(Vec<Id>),
    /// Also OrderedDict, EasyDict and defaultdict. In order; a key may occur twice.
    Dict(Vec<(Id, Id)>),
    Global(Global),
    Storage(Box<StorageName>),
    Tensor(Box<TensorView>),
    /// Known to be harmless, of no use here: numpy numbers, devices.
    Opaque(&'static str),
}

/// A storage as a pickle names it; where it lies is the container's business.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::checkpoint) struct StorageName {
    /// Shared: a pickle may name one storage in a million tensors.
    pub(in crate::checkpoint) key: Rc<str>,
    pub(in crate::checkpoint) element: Element,
    /// Numbers in the whole storage.
    pub(in crate::checkpoint) length: usize,
    /// Numbers before this view of it (files before torch 0.4 or so).
    pub(in crate::checkpoint) first: usize,
}

/// A tensor as a pickle describes it; nothing is checked yet but the number of sides.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::checkpoint) struct TensorView {
    pub(in crate::checkpoint) storage: StorageName,
    pub(in crate::checkpoint) first: usize,
    pub(in crate::checkpoint) shape: Box<[usize]>,
    pub(in crate::checkpoint) strides: Box<[usize]>,
}

impl Value {
    /// How many values a container holds; none for anything else.
    pub(super) fn elements(&self) -> usize {
        match self {
            Self::Tuple(items) => items.len(),
            Self::List(items) => items.len(),
            Self::Dict(items) => items.len(),
            _ => 0,
        }
    }

    /// As an error message names it.
    pub(in crate::checkpoint) fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "a bool",
            Self::Int(_) | Self::Long(_) => "an int",
            Self::Float(_) => "a float",
            Self::Str(_) => "a string",
            Self::Tuple(_) => "a tuple",
            Self::List(_) => "a list",
            Self::Dict(_) => "a dict",
            Self::Global(_) => "a class",
            Self::Storage(_) => "a storage",
            Self::Tensor(_) => "a tensor",
            Self::Opaque(what) => what,
        }
    }
}

/// All values of one pickle, and the one that it is about.
#[derive(Debug)]
pub(in crate::checkpoint) struct Pickled {
    pub(super) values: Vec<Value>,
    pub(super) root: Id,
    /// Bytes read, the STOP included.
    pub(in crate::checkpoint) length: u64,
}

impl Pickled {
    pub(in crate::checkpoint) fn root(&self) -> Id {
        self.root
    }

    pub(in crate::checkpoint) fn get(&self, id: Id) -> &Value {
        // Ids come from the machine, which never removes a value.
        &self.values[id.index()]
    }

    /// `top` and everything below it, but for what is in `seen`; each value once, however often and in whatever circles it is
    /// named. Keys of dicts are passed over.
    pub(in crate::checkpoint) fn below<'a, 'seen>(
        &'a self,
        top: Id,
        seen: &'seen mut HashSet<Id>,
    ) -> impl Iterator<Item = &'a Value> + use<'a, 'seen> {
        let mut open: Vec<Id> = seen.insert(top).then_some(top).into_iter().collect();
        std::iter::from_fn(move || {
            let value = self.get(open.pop()?);
            let mut visit = |id| {
                if seen.insert(id) {
                    open.push(id);
                }
            };
            match value {
                Value::List(items) => items.iter().copied().for_each(visit),
                Value::Tuple(items) => items.iter().copied().for_each(visit),
                Value::Dict(items) => items.iter().for_each(|&(_, value)| visit(value)),
                _ => {}
            }
            Some(value)
        })
    }

    pub(in crate::checkpoint) fn str(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }
}

impl Id {
    pub(super) fn new(index: usize) -> Option<Self> {
        u32::try_from(index).ok().map(Self)
    }

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}
