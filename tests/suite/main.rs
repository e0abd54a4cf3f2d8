//! One suite, every engine: golden cases and properties are data; the plain evaluation, tract, our own ONNX Runtime engine and Python's each answer all
//! of them. A new case in `tests/golden/cases` reaches all of them at once.

mod engines;
mod problem;

mod agreement;
mod checkpoint_forms;
mod distances;
mod eight_bit;
mod every_backbone;
mod experts;
mod features;
mod graph_forms;
mod half_precision;
mod plain_evaluation;
mod preprocessing;
mod reader;
mod structure;
