//! ONNX files: the messages, the envelope around a graph, and what a model file of ours may contain.
//!
//! [`model_file::ModelFile`] is the door: what it returns has been checked from the bytes up, so that an engine never sees
//! a file that was not.
//!
//! * [`messages`]: generated from `onnx.proto`, a reduced copy of the standard's own; `constructors` make them, [`attributes`] read a node's.
//! * [`envelope`]: everything around the graph; rewrites metadata and leaves the graph's bytes as they are.
//! * [`fields`]: the protobuf fields that a file may have, counted before anything is decoded.
//! * [`limits`]: how large things may be, and why.
//! * [`operators`]: what nodes may be.
//! * [`contract`]: names, order, constants, inputs and outputs of a graph; [`shapes`]: the shapes of everything between.
//! * [`inner_outputs`]: a copy whose inner values can be seen.
//! * `rewrite`: a model file with another calibration.
//! * [`parts`]: backbone, neck, decoder or head, by a node's name.
//! * [`model_file`]: a file with a manifest whose graph keeps the contract.

pub mod attributes;
mod constructors;
pub mod contract;
pub mod envelope;
pub mod fields;
pub mod foreign;
mod initializers;
pub mod inner_outputs;
pub mod limits;
#[rustfmt::skip]
#[expect(missing_docs, reason = "generated; the ONNX standard documents the fields")]
pub mod messages;
pub mod model_file;
pub mod operators;
pub mod parts;
mod rewrite;
pub mod shapes;
pub mod value;
