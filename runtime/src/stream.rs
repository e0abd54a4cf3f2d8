//! From sources to sinks: who waits for whom.
//!
//! Three threads overlap: reading and preprocessing of the next picture, inference on this one, scoring, drawing and
//! writing of the one before. Between them stand queues of [`pipeline::QUEUE`] pictures, so memory is bounded however many
//! pictures a folder holds.

pub mod blindness;
pub mod clock;
pub mod frame;
pub mod interrupt;
pub mod judge;
pub mod pipeline;
pub mod policy;
pub mod prepare;
mod slot;
pub mod sources;
pub mod status;
mod supervisor;
pub mod tally;
pub mod uri;
pub mod watchdog;
