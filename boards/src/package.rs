//! Releases in the forms of others: [`deb`] for apt, [`oci`] for whatever runs containers.

mod archive;
pub mod deb;
pub mod oci;
