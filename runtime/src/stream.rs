//! From sources to sinks: who waits for whom.
//!
//! Three threads overlap: reading and preprocessing of the next picture, inference on this one, scoring, drawing and
//! writing of the one before. Between them stand queues of [`pipeline::QUEUE`] pictures, so memory is bounded however many
//! pictures a folder holds.

pub mod clock;
pub mod interrupt;
pub mod judge;
pub mod pipeline;
pub mod sources;
pub mod tally;
pub mod uri;
