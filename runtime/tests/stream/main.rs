//! The stream from outside.

mod allocation;
