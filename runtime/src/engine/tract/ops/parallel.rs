//! Work in parts, on the threads that run the engine.

use std::ops::Range;

use tract_linalg::multithread::{Executor, current_tract_executor};

/// Cuts `count` units into ranges of whole multiples of `step`, as equal as can be, one for each thread but no range of
/// nothing; a single one when there is one thread.
pub(crate) fn parts(count: usize, step: usize) -> Vec<Range<usize>> {
    let threads = match current_tract_executor() {
        Executor::SingleThread => 1,
        Executor::MultiThread(pool) => pool.current_num_threads(),
        Executor::RayonGlobal => rayon::current_num_threads(),
    };
    cut(count, step, threads)
}

fn cut(count: usize, step: usize, parts: usize) -> Vec<Range<usize>> {
    let steps = count.div_ceil(step);
    let parts = parts.min(steps).max(1);
    (0..parts).map(|part| (steps * part / parts * step)..(steps * (part + 1) / parts * step).min(count)).collect()
}

/// Runs `work` on every part; on this thread when there is only one.
pub(crate) fn run_parts<T: Send>(parts: Vec<T>, work: impl Fn(T) + Sync) {
    let work = &work;
    let spawn_all = |parts: Vec<T>| {
        rayon::scope(|scope| parts.into_iter().for_each(|part| scope.spawn(move |_| work(part))));
    };
    match current_tract_executor() {
        _ if parts.len() <= 1 => parts.into_iter().for_each(work),
        Executor::SingleThread => parts.into_iter().for_each(work),
        Executor::MultiThread(pool) => pool.install(|| spawn_all(parts)),
        Executor::RayonGlobal => spawn_all(parts),
    }
}
