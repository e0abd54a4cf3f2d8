//! The program `moead-edge`.

fn main() {}
