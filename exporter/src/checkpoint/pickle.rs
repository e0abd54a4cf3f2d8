//! Pickle, protocol 2, as *data*: a list of opcodes that fills an arena with values. Python's own reader imports and calls
//! whatever a pickle names; this one knows a fixed list of names, each with one meaning, and refuses everything else.
//!
//! Reference: CPython `Lib/pickletools.py`. Cost: one pass, no recursion; memory in proportion to the pickle.

mod globals;
mod machine;
mod value;

pub(super) use machine::{PickleError, load};
pub(super) use value::{Id, Pickled, StorageName, Value};
