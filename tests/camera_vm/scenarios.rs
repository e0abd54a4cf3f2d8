//! The groups of scenarios, one boot each: a group is the Python module of that name in `guest/`.

use crate::machine;

#[test]
fn formats() {
    machine::play("formats");
}

#[test]
fn faults() {
    machine::play("faults");
}

#[test]
fn recovery() {
    machine::play("recovery");
}

#[test]
fn refusals() {
    machine::play("refusals");
}
