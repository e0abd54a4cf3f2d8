//! Work in parts, on the threads that run the engine.

use std::ops::Range;

use super::super::pool::threads;

/// Cuts `count` units into ranges of whole multiples of `step`, as equal as can be, one for each thread but no range of
/// nothing; a single one when there is one thread.
pub(crate) fn parts(count: usize, step: usize) -> Vec<Range<usize>> {
    cut(count, step, threads())
}

fn cut(count: usize, step: usize, parts: usize) -> Vec<Range<usize>> {
    let steps = count.div_ceil(step);
    let parts = parts.min(steps).max(1);
    (0..parts).map(|part| (steps * part / parts * step)..(steps * (part + 1) / parts * step).min(count)).collect()
}

/// Runs `work` on every part; on this thread when there is only one part or one thread.
pub(crate) fn run_parts<T: Send>(parts: Vec<T>, work: impl Fn(T) + Sync) {
    if parts.len() <= 1 || threads() == 1 {
        parts.into_iter().for_each(work);
    } else {
        let work = &work;
        rayon::scope(|scope| parts.into_iter().for_each(|part| scope.spawn(move |_| work(part))));
    }
}
