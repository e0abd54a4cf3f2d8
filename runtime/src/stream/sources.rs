//! Where pictures come from, one module per kind.

pub mod files;
