//! How fast each engine is on this machine, with this model.
//!
//! Every contender (an engine on a provider, with a model and a number of threads) is a process of its own, so that peak
//! memory and idle time are its alone; pictures are handed out in turn, one to each, so that what disturbs the machine disturbs
//! all of them, and ratios are taken round by round.
//!
//! * [`protocol`]: what is asked of a contender and what it answers, a line each.
//! * [`contender`]: the side that computes. [`process`]: the side that asks. [`usage`]: time and memory of a process.
//! * [`rounds`]: who runs when. [`statistics`]: what remains of the times.
//! * [`profiler`]: the same again, node by node. [`profile`]: what remains of that.
#![forbid(unsafe_code)]

pub mod contender;
pub mod process;
pub mod profile;
pub mod profiler;
pub mod protocol;
pub mod rounds;
pub mod statistics;
pub mod usage;
