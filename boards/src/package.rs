//! Releases in the forms of others: [`deb`] for apt.

pub mod deb;
