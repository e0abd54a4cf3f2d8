//! The threads that work on one picture: tract's matrix products and our own ops share them.

use std::num::NonZeroUsize;
use std::sync::Arc;

use rayon::ThreadPool;
use rayon::prelude::*;
use tract_linalg::multithread::{Executor, current_tract_executor};

/// Threads that wait for work without spinning. One thread is the caller's, and there is no pool.
#[derive(Debug)]
pub(super) struct Pool(Option<Arc<ThreadPool>>);

/// Why there are no threads.
#[derive(Debug, thiserror::Error)]
pub(super) enum PoolError {
    #[error("{threads} threads do not start: {source}")]
    Start { threads: NonZeroUsize, source: rayon::ThreadPoolBuildError },
}

impl Pool {
    pub(super) fn new(threads: NonZeroUsize) -> Result<Self, PoolError> {
        if threads.get() == 1 {
            return Ok(Self(None));
        }
        let builder =
            rayon::ThreadPoolBuilder::new().num_threads(threads.get()).thread_name(|index| format!("tract-{index}"));
        let pool = builder.build().map_err(|source| PoolError::Start { threads, source })?;
        Ok(Self(Some(Arc::new(pool))))
    }

    /// What tract and our ops ask for threads while a plan runs.
    pub(super) fn executor(&self) -> Executor {
        self.0.as_ref().map_or(Executor::SingleThread, |pool| Executor::MultiThread(Arc::clone(pool)))
    }

    /// Does `work` on a thread of the pool: from there, sharing a part of it needs no hand-over from outside.
    pub(super) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.0 {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
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
    match current_tract_executor() {
        Executor::MultiThread(pool) if pool.current_num_threads() > 1 => {
            let together = beside.len().div_ceil(PARTS * pool.current_num_threads()).max(1);
            pool.install(|| {
                let parts = rows.par_chunks_mut(together * row).zip(beside.par_chunks_mut(together));
                parts.enumerate().for_each(|(index, (rows, beside))| work(index * together, rows, beside));
            });
        }
        _ => work(0, rows, beside),
    }
}
