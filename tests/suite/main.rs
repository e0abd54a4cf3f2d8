//! One suite, every engine: golden cases and properties are data; the plain evaluation, tract and ONNX Runtime each answer all
//! of them. A new case in `tests/golden/cases` reaches all of them at once.

mod engines;
mod problem;

mod checkpoint_forms;
mod every_backbone;
mod graph_forms;
mod half_precision;
mod plain_evaluation;
mod preprocessing;
mod structure;
