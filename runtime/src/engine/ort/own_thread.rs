//! An engine on a thread of its own. A recorded CUDA graph belongs to the thread that recorded it: on another one the library would
//! record it anew, while other threads ask for memory, which the driver does not allow.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use moead_model::architecture::ImageSize;

use super::session::NAME;
use crate::engine::{Engine, EngineError, Outputs};

/// Asks the engine on its thread. Dropped, it ends both, and waits for it: a session that is still being closed when the program ends
/// finds the driver gone, and the library aborts.
pub(super) struct OnOwnThread {
    size: ImageSize,
    /// Some until the end.
    pictures: Option<SyncSender<Vec<f32>>>,
    thread: Option<JoinHandle<()>>,
    answers: Receiver<(Vec<f32>, Result<Outputs, EngineError>)>,
    /// Goes to the thread and back.
    picture: Vec<f32>,
}

impl OnOwnThread {
    /// Moves the engine to a thread and prepares it there.
    ///
    /// # Errors
    /// Those of `prepare`, and [`EngineError::Load`] where no thread can be had.
    pub(super) fn start<E: Engine + 'static>(
        mut engine: E,
        prepare: impl FnOnce(&mut E) -> Result<(), EngineError> + Send + 'static,
    ) -> Result<Self, EngineError> {
        let size = engine.input();
        let (pictures, asked) = sync_channel::<Vec<f32>>(1);
        let (tell, answers) = sync_channel(1);
        let (tell_ready, ready) = sync_channel(1);
        let work = move || {
            let prepared = prepare(&mut engine);
            let is_ready = prepared.is_ok();
            if tell_ready.send(prepared).is_err() || !is_ready {
                return;
            }
            for picture in asked {
                let answer = engine.run(&picture);
                if tell.send((picture, answer)).is_err() {
                    return;
                }
            }
        };
        let failed = |message: String| EngineError::Load { engine: NAME, message };
        let thread = thread::Builder::new().name("ort-cuda".into()).spawn(work);
        let thread = Some(thread.map_err(|error| failed(error.to_string()))?);
        let this = Self { size, pictures: Some(pictures), thread, answers, picture: Vec::new() };
        ready.recv().map_err(|_| failed("its thread has ended".into()))??;
        Ok(this)
    }
}

impl Engine for OnOwnThread {
    fn input(&self) -> ImageSize {
        self.size
    }

    fn run(&mut self, picture: &[f32]) -> Result<Outputs, EngineError> {
        let ended = || EngineError::Run { engine: NAME, message: "its thread has ended".into() };
        let mut lent = std::mem::take(&mut self.picture);
        lent.clear();
        lent.extend_from_slice(picture);
        self.pictures.as_ref().ok_or_else(ended)?.send(lent).map_err(|_| ended())?;
        let (picture, answer) = self.answers.recv().map_err(|_| ended())?;
        self.picture = picture;
        answer
    }
}

impl Drop for OnOwnThread {
    fn drop(&mut self) {
        drop(self.pictures.take());
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for OnOwnThread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OnOwnThread").field("size", &self.size).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread::ThreadId;

    use super::*;
    use crate::engine::{Output, Tensor};

    /// Answers with the first number of the picture, if it is on the thread on which it was prepared.
    struct Local(Option<ThreadId>);

    /// Says when it is closed.
    struct Closing(Arc<AtomicBool>);

    impl Engine for Closing {
        fn input(&self) -> ImageSize {
            ImageSize { height: 1, width: 1 }
        }

        fn run(&mut self, _picture: &[f32]) -> Result<Outputs, EngineError> {
            Ok(Outputs::new(Vec::new()))
        }
    }

    impl Drop for Closing {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[test]
    fn it_is_closed_when_it_is_dropped_and_not_later() {
        let is_closed = Arc::new(AtomicBool::new(false));
        drop(OnOwnThread::start(Closing(Arc::clone(&is_closed)), |_| Ok(())).unwrap());
        assert!(is_closed.load(Ordering::Relaxed));
    }

    impl Engine for Local {
        fn input(&self) -> ImageSize {
            ImageSize { height: 1, width: 1 }
        }

        fn run(&mut self, picture: &[f32]) -> Result<Outputs, EngineError> {
            assert_eq!(self.0, Some(thread::current().id()));
            assert!(picture[0] >= 0.0, "as asked");
            let score = Tensor { shape: vec![1], data: vec![picture[0]] };
            Ok(Outputs::new(vec![(Output::PredScore, score)]))
        }
    }

    fn prepare(engine: &mut Local) -> Result<(), EngineError> {
        engine.0 = Some(thread::current().id());
        Ok(())
    }

    #[test]
    fn it_runs_where_it_was_prepared_whoever_asks() {
        let mut engine = OnOwnThread::start(Local(None), prepare).unwrap();
        for number in 0..3 {
            let asked = thread::scope(|scope| scope.spawn(|| engine.run(&[number as f32])).join().unwrap()).unwrap();
            assert_eq!(asked.get(Output::PredScore).unwrap().data, [number as f32]);
        }
    }

    #[test]
    fn what_preparing_says_is_told() {
        let failed = |message: &str| EngineError::Run { engine: NAME, message: message.into() };
        let error = OnOwnThread::start(Local(None), move |_| Err(failed("no room"))).unwrap_err();
        assert_eq!(error.to_string(), "ONNX Runtime failed: no room");
        let error = OnOwnThread::start(Local(None), |_| panic!("as asked")).unwrap_err();
        assert_eq!(error.to_string(), "ONNX Runtime cannot load the model: its thread has ended");
    }

    #[test]
    fn a_thread_that_is_gone_is_an_error_of_every_picture() {
        let mut engine = OnOwnThread::start(Local(None), prepare).unwrap();
        for number in [-1.0, 1.0] {
            let error = engine.run(&[number]).unwrap_err();
            assert_eq!(error.to_string(), "ONNX Runtime failed: its thread has ended");
        }
    }
}
