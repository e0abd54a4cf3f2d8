//! Releases on a board: unpacked beside what runs, switched by one rename, back by themselves when they are not well.
//!
//! * [`apply`], [`settle`], [`rollback`]: what is done, step by step, on a [`host::Host`].
//! * [`trial`], [`recovery`]: what is decided: is a release well, what does a start find. Pure functions of what was seen.
//! * [`disk`], [`service`]: the two sides of a board that all of it works on, as traits: a real board ([`disk::board`], [`service::systemd`]), or one that
//!   loses its power after every single write.
//! * [`record`]: what outlives a power cut. [`report`]: what the service says about itself, and whether that is well.
//! * [`installed`], [`switch`], [`strays`], [`unpack`]: releases and links. [`lock`]: one update at a time. [`download`]: no byte more than was signed.
//!
//! Not here: engines and models, the command line, the network, a clock. Why it is so: docs/design/updates.md.
#![forbid(unsafe_code)]

pub mod apply;
pub mod disk;
pub mod download;
pub mod error;
pub mod host;
pub mod installed;
pub mod lock;
pub mod record;
pub mod recovery;
pub mod report;
pub mod rollback;
pub mod service;
pub mod settle;
pub mod strays;
pub mod switch;
pub mod trial;
pub mod unpack;
