//! Real pictures: solar cells of two kinds, EfficientNet-Lite0 as published, and what this crate makes of them. Prints tables for
//! `docs/benchmarks.md`; `tests/benches/README.md` says how it is run.
//!
//! Nothing is trained: the model's decoder has seeded weights, and PaDiM is the detector. Products, drift and thresholds need no decoder.

mod cells;
mod changes;
mod drift;
mod padim;
mod promise;
mod recognition;
mod subject;

use std::io::Write as _;
use std::path::PathBuf;

use cells::Cells;
use subject::{Looker, Subject};

/// The two products.
const KINDS: [&str; 2] = ["mono", "poly"];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let is_wanted = |part: &str| words.is_empty() || words.iter().any(|word| word == part);
    let home = std::env::var_os("HOME").map(PathBuf::from).expect("a home folder");
    let cache = std::env::var_os("MOEAD_ELPV").map_or(home.join(".cache/moead-edge/elpv"), PathBuf::from);
    let subject = Subject::fetch(&cache);
    if is_wanted("padim") {
        padim::report(&subject);
    }
    if !["products", "drift", "promise"].into_iter().any(is_wanted) {
        return;
    }
    let mut looker = Looker::new(&subject);
    let cells = KINDS.map(|kind| Cells::look(kind, &subject, &mut looker));
    if is_wanted("products") {
        recognition::report(&cells);
    }
    if is_wanted("promise") {
        promise::report(&cells, &looker.input);
    }
    if is_wanted("drift") {
        drift::report(&cells, &mut looker);
    }
}

/// A line of the report.
fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("a reader");
}
