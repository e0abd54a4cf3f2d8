//! Times of contenders, and how they are reported.

use moead_runtime::bench::statistics::Quartiles;
use rustix::time::{ClockId, clock_gettime};

/// CPU time of this thread.
pub(crate) fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Times of one contender.
pub(crate) struct Summary {
    name: String,
    seconds: Vec<f64>,
}

impl Summary {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), seconds: Vec::new() }
    }

    pub(crate) fn add(&mut self, seconds: f64) {
        self.seconds.push(seconds);
    }

    /// Prints median and spread, and the ratio to `base`, round by round.
    pub(crate) fn report(&self, base: Option<&Self>) {
        let Some(Quartiles { low, median, high }) = Quartiles::of(self.seconds.iter().map(|seconds| seconds * 1e3))
        else {
            return say(&format!("{}: nothing was measured", self.name));
        };
        let mut line = format!("{:<34} {median:8.2} ms (quartiles {low:.2} to {high:.2})", self.name);
        if let Some(base) = base
            && let Some(Quartiles { low, median, high }) = Quartiles::of_ratios(&base.seconds, &self.seconds)
        {
            line += &format!("   {} / this: {median:.2} ({low:.2} to {high:.2})", base.name);
        }
        say(&line);
    }
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its result")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}
