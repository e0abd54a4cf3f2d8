//! The threads that work on one picture: tract's matrix products and our own ops share them.

use std::num::NonZeroUsize;
use std::sync::Arc;

use rayon::ThreadPool;
use tract_linalg::multithread::Executor;

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
