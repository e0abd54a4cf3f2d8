//! tract, the engine inside the binary: CPU.
//!
//! tract reads, simplifies and runs the graph; `passes` put our own `ops` where its general ones are slow. What is not
//! recognised stays as it was, so any graph of ours runs, and a new form of it runs slower, not wrong.
//! Why each exists, and what did not pay: docs/design/engine.md.

mod kernels;
mod ops;
mod passes;
mod pool;
mod session;

pub use session::{Session, tensors};
