//! tract, the engine inside the binary: CPU.
//!
//! `graph` puts a file's nodes together as tract has them; tract simplifies and runs them; `passes` put our own `ops` where its general ones are
//! slow. What is not recognised stays as it was, so any graph of ours runs, and a new form of it runs slower, not wrong.
//! Why each exists, and what did not pay: docs/design/engine.md.

mod graph;
mod kernels;
mod ops;
mod passes;
mod pool;
mod session;

pub use session::{Session, tensors};
