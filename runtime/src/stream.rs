//! From sources to sinks: who waits for whom.
//!
//! Every source has a thread, which opens it, prepares its frames and hands them over through a bounded slot; every engine has
//! one, which takes them there; and one judges the answers and hands results to the sinks. What happens when frames come
//! faster than engines take them is the source's [`policy::Policy`]. Memory is bounded by the slots, however long a run lasts.

mod backoff;
pub mod blindness;
pub mod clock;
mod computing;
mod consumer;
pub mod drift;
pub mod frame;
pub mod interrupt;
pub mod judge;
pub mod pipeline;
pub mod policy;
pub mod prepare;
mod shared;
mod slot;
pub mod sources;
pub mod status;
mod supervisor;
pub mod tally;
pub mod uri;
pub mod watchdog;
