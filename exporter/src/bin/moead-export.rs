//! The program `moead-export`.

fn main() {}
