//! Runs a MoEAD model on pictures.
