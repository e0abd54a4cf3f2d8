//! The power goes after every single effect of an update: the next start runs the old release or the new one, whole, by checksum.
//!
//! The disk is a model that keeps apart what was written and what was synced. After each effect it lists every disk that a power cut could leave:
//! what was synced, and any subset of what was not: names, renames and removals in any combination, files empty, in part, full of zeros or whole. From
//! each of those the board is started, and while it recovers the power goes again, after every single effect, until no disk is met that was
//! not met before. So it is not a number of random cuts: it is all of them, any number of cuts in a row included.
//!
//! What it is not: a file system. That a disk keeps what it has said to be on the medium is taken for granted.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

mod cuts;
mod failures;
mod memory;
mod releases;
mod service;
mod world;
