//! Cameras on a real kernel: `moead-edge` streams from the drivers `vivid` and `v4l2loopback` in a virtual machine, and both
//! are made to misbehave. `README.md` beside this file says how to boot it by hand and how to add a scenario.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

mod machine;
mod model;
mod naive;
mod pictures;
mod scenarios;
mod scores;
