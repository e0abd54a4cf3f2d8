//! The threads that work on one picture: our ops share them. tract could share its products of matrices, too, but has hardly any left to compute,
//! and each of its kernels would come with code for it (docs/design/size.md).
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::num::NonZeroUsize;

use rayon::ThreadPool;
use rayon::prelude::*;

thread_local! {
    /// How many threads the pool has that this one belongs to.
    static THREADS: Cell<usize> = const { Cell::new(1) };
}

/// Threads that wait for work without spinning, and on any processor: bound to one each, they wait for whatever else runs
/// there (docs/design/engine.md). One thread is the caller's, and there is no pool.
#[derive(Debug)]
pub(super) struct Pool(Option<ThreadPool>);

/// Why there are no threads.
#[derive(Debug, thiserror::Error)]
pub(super) enum PoolError {
    #[error("{threads} threads do not start: {source}")]
    Start { threads: NonZeroUsize, source: rayon::ThreadPoolBuildError },
}

impl Pool {
    /// The caller's thread.
    pub(super) fn one() -> Self {
        Self(None)
    }

    pub(super) fn new(threads: NonZeroUsize) -> Result<Self, PoolError> {
        if threads.get() == 1 {
            return Ok(Self::one());
        }
        let builder = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.get())
            .thread_name(|index| format!("tract-{index}"))
            .start_handler(move |_| THREADS.set(threads.get()));
        let pool = builder.build().map_err(|source| PoolError::Start { threads, source })?;
        Ok(Self(Some(pool)))
    }

    /// A pool of its own, as large as this one.
    pub(super) fn another(&self) -> Result<Self, PoolError> {
        let threads = self.0.as_ref().map_or(1, |pool| pool.current_num_threads());
        Self::new(NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN))
    }

    /// Does `work` on a thread of the pool: from there, sharing a part of it needs no hand-over from outside.
    pub(super) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.0 {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
}

/// How many threads work on a picture, asked on one of them; 1 on threads that are of no pool or of somebody else's.
pub(super) fn threads() -> usize {
    THREADS.get()
}

/// Parts a thread: more than one, so that a thread that was kept away from its processor does not keep the others waiting.
const PARTS: usize = 4;

/// Lets the threads of the plan that runs work on rows of `row` numbers, each of which has one more number in `beside`.
///
/// `work` gets the number of its first row, rows, and what stands beside them. What it computes for a row must not depend on
/// the other rows: then the answer is the same, bit for bit, with any number of threads.
pub(super) fn share(
    rows: &mut [f32],
    row: usize,
    beside: &mut [f32],
    work: impl Fn(usize, &mut [f32], &mut [f32]) + Sync,
) {
    if threads() == 1 {
        return work(0, rows, beside);
    }
    let together = beside.len().div_ceil(PARTS * threads()).max(1);
    let parts = rows.par_chunks_mut(together * row).zip(beside.par_chunks_mut(together));
    parts.enumerate().for_each(|(index, (rows, beside))| work(index * together, rows, beside));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(threads: usize) -> Pool {
        Pool::new(NonZeroUsize::new(threads).expect("some")).expect("threads start")
    }

    #[test]
    fn one_thread_is_the_caller_s() {
        let caller = std::thread::current().id();
        assert_eq!(pool(1).run(|| std::thread::current().id()), caller);
        assert_eq!(pool(1).run(threads), 1);
    }

    #[test]
    fn as_many_threads_as_asked_for_start() {
        for threads in [2, 3, 200] {
            let pool = pool(threads);
            assert_ne!(pool.run(|| std::thread::current().id()), std::thread::current().id());
            assert_eq!(pool.run(super::threads), threads);
        }
    }

    #[test]
    fn threads_of_somebody_else_are_not_counted() {
        let theirs = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("threads start");
        assert_eq!(theirs.install(|| pool(1).run(threads)), 1);
        assert_eq!(theirs.install(|| pool(2).run(threads)), 2);
    }

    #[test]
    fn rows_are_shared_out_whole_and_once() {
        for (threads, rows, row) in [(1, 7, 3), (2, 1, 5), (3, 40, 2), (2, 0, 4)] {
            let (mut numbers, mut beside) = (vec![0.0; rows * row], vec![0.0; rows]);
            let pool = pool(threads);
            let share_all = || {
                share(&mut numbers, row, &mut beside, |first, rows, beside| {
                    for (index, (numbers, number)) in rows.chunks_exact_mut(row).zip(beside).enumerate() {
                        numbers.iter_mut().for_each(|value| *value += (first + index) as f32);
                        *number += 1.0;
                    }
                });
            };
            pool.run(share_all);
            assert_eq!(beside, vec![1.0; rows]);
            let expected: Vec<f32> = (0..rows).flat_map(|index| vec![index as f32; row]).collect();
            assert_eq!(numbers, expected, "{threads} threads");
        }
    }
}
