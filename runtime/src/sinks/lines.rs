//! Result lines on their way out: a bounded queue and a thread that writes, so that a reader who is slow, a full disk or a
//! blocked pipe never holds the engine.
//!
//! A line is written whole or not at all, in order. What is given up is a line that finds the queue full, and whoever brought
//! it is told.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::stream::clock::Clock;
use crate::stream::interrupt::Interrupt;
use crate::stream::pipeline::Told;

/// Results that wait to be written: two seconds of a fast camera.
const RESULTS: usize = 64;
/// Memory that a line begins with: enough for the most regions.
const LINE: usize = 2048;
/// Lines of other kinds have so much room beyond; they are few, and matter more.
const EXTRA: usize = 64;
/// How long to wait after a failed write before it is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// How long a run that was asked to stop waits for its reader.
const LAST_WAIT: Duration = Duration::from_secs(5);
/// How often a waiting thread looks whether it is asked to stop.
const ATTENTION: Duration = Duration::from_millis(200);

/// What becomes of a line that finds the queue full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// Whoever brings it waits: nothing of a folder is lost.
    Wait,
    /// It is dropped: a camera does not wait.
    Drop,
}

/// What a write that fails means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFailing {
    /// The run ends with the error.
    End,
    /// It is tried again until it succeeds: a disk may have room again. A reader that has gone ends the run all the same.
    Retry,
}

/// A place to put lines into.
#[derive(Debug)]
pub struct LineSink {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
    interrupt: Interrupt,
}

#[derive(Debug, Default)]
struct Queue {
    state: Mutex<State>,
    work: Condvar,
    room: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Vec<u8>>,
    /// Memory of lines that have been written.
    spare: Vec<Vec<u8>>,
    failure: Option<io::Error>,
    /// The last write failed, and is being tried again.
    is_failing: bool,
    /// Why, until somebody asks.
    trouble: Option<String>,
    is_closed: bool,
    /// The thread has nothing more to do.
    is_done: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Lines are moved in and out whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LineSink {
    /// Starts a thread that writes to `output`.
    pub fn start(
        output: Box<dyn Write + Send>,
        failing: WhenFailing,
        clock: Arc<dyn Clock>,
        interrupt: &Interrupt,
    ) -> Self {
        let queue = Arc::new(Queue::default());
        // All that results will need, at once.
        queue.lock().waiting.reserve(RESULTS + EXTRA);
        queue.lock().spare.reserve(RESULTS + EXTRA);
        queue.lock().spare.extend((0..RESULTS + 2).map(|_| Vec::with_capacity(LINE)));
        let (shared, asked) = (Arc::clone(&queue), interrupt.clone());
        let thread = thread::spawn(move || Writer { queue: shared, output, failing, clock, interrupt: asked }.run());
        Self { queue, thread: Some(thread), interrupt: interrupt.clone() }
    }

    /// Puts a result's line in; `write` fills memory that is used again.
    ///
    /// # Errors
    /// The writer's error, once it has given up; [`io::ErrorKind::TimedOut`] when the run was asked to stop and nobody reads.
    pub fn result(&self, when_full: WhenFull, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<Told> {
        self.put(RESULTS, when_full, write)
    }

    /// Puts another line in.
    ///
    /// # Errors
    /// As [`LineSink::result`]
    pub fn other(&self, when_full: WhenFull, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<Told> {
        self.put(RESULTS + EXTRA, when_full, write)
    }

    fn put(&self, room: usize, when_full: WhenFull, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<Told> {
        let mut line = self.queue.lock().spare.pop().unwrap_or_default();
        write(&mut line);
        let mut state = self.queue.lock();
        let mut waited = Duration::ZERO;
        while state.failure.is_none() && state.waiting.len() >= room {
            if when_full == WhenFull::Drop {
                line.clear();
                state.spare.push(line);
                return Ok(Told::Dropped);
            }
            (state, _) = self.queue.room.wait_timeout(state, ATTENTION).unwrap_or_else(PoisonError::into_inner);
            waited = if self.interrupt.is_requested() { waited + ATTENTION } else { Duration::ZERO };
            if waited >= LAST_WAIT {
                return Err(unread());
            }
        }
        if let Some(failure) = state.failure.take() {
            state.failure = Some(io::Error::new(failure.kind(), "writing failed before"));
            return Err(failure);
        }
        state.waiting.push_back(line);
        drop(state);
        self.queue.work.notify_one();
        Ok(Told::Written)
    }

    /// Whether waiting for the writer would only hold up an end: the run was asked to stop, or writing fails again and again.
    fn is_hopeless(&self, state: &State) -> bool {
        state.is_failing || self.interrupt.is_requested()
    }

    /// What keeps the writer from writing, if it has run into something since it wrote last; told once.
    pub fn trouble(&self) -> Option<String> {
        self.queue.lock().trouble.take()
    }

    /// Writes what waits, and ends the thread.
    ///
    /// # Errors
    /// The writer's; [`io::ErrorKind::TimedOut`] when nobody reads and the run was asked to stop, or writing fails for long.
    pub fn finish(mut self) -> io::Result<()> {
        let mut state = self.queue.lock();
        state.is_closed = true;
        self.queue.work.notify_one();
        let mut waited = Duration::ZERO;
        while !state.is_done {
            (state, _) = self.queue.room.wait_timeout(state, ATTENTION).unwrap_or_else(PoisonError::into_inner);
            waited = if self.is_hopeless(&state) { waited + ATTENTION } else { Duration::ZERO };
            if waited >= LAST_WAIT {
                return Err(unread());
            }
        }
        let failure = state.failure.take();
        drop(state);
        if let Some(thread) = self.thread.take() {
            // It is done, so it does not wait.
            let _ = thread.join();
        }
        failure.map_or(Ok(()), Err)
    }
}

fn unread() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "standard output takes nothing; results that waited for it are lost")
}

/// The thread.
struct Writer {
    queue: Arc<Queue>,
    output: Box<dyn Write + Send>,
    failing: WhenFailing,
    clock: Arc<dyn Clock>,
    interrupt: Interrupt,
}

impl Writer {
    fn run(mut self) {
        while let Some(mut line) = self.next() {
            let written = self.write(&line);
            let mut state = self.queue.lock();
            line.clear();
            state.spare.push(line);
            if let Err(error) = written {
                state.failure = Some(error);
                break;
            }
            drop(state);
            self.queue.room.notify_all();
        }
        let flushed = self.output.flush();
        let mut state = self.queue.lock();
        if let Err(error) = flushed {
            state.failure.get_or_insert(error);
        }
        state.is_done = true;
        drop(state);
        self.queue.room.notify_all();
    }

    fn next(&self) -> Option<Vec<u8>> {
        let state = self.queue.lock();
        let idle = |state: &mut State| state.waiting.is_empty() && !state.is_closed;
        self.queue.work.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner).waiting.pop_front()
    }

    /// Writes a line to its end, however often it takes.
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        let mut rest = line;
        while !rest.is_empty() {
            match self.output.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    rest = &rest[count..];
                    self.queue.lock().is_failing = false;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if self.is_for_good(&error) => return Err(error),
                Err(error) => {
                    let mut state = self.queue.lock();
                    if !std::mem::replace(&mut state.is_failing, true) {
                        state.trouble = Some(error.to_string());
                    }
                    drop(state);
                    self.clock.pause(RETRY, &self.interrupt);
                }
            }
        }
        Ok(())
    }

    fn is_for_good(&self, error: &io::Error) -> bool {
        self.failing == WhenFailing::End || error.kind() == io::ErrorKind::BrokenPipe || self.interrupt.is_requested()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::clock::{Monotonic, WallClock};

    /// A clock on which pauses are over at once.
    struct Hasty;

    impl Clock for Hasty {
        fn monotonic(&self) -> Monotonic {
            Monotonic::default()
        }

        fn wall(&self) -> WallClock {
            WallClock::default()
        }

        fn pause(&self, _duration: Duration, _interrupt: &Interrupt) {
            thread::yield_now();
        }
    }

    /// What an output takes, and what it does before: shared with the test.
    #[derive(Clone, Default)]
    struct Output(Arc<Mutex<Taken>>);

    #[derive(Default)]
    struct Taken {
        bytes: Vec<u8>,
        /// Errors that come before anything is taken.
        errors: VecDeque<io::ErrorKind>,
        /// Bytes of one write at most; 0: no limit.
        piece: usize,
    }

    impl Output {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().bytes.clone()).unwrap()
        }

        fn sink(&self, failing: WhenFailing) -> LineSink {
            LineSink::start(Box::new(self.clone()), failing, Arc::new(Hasty), &Interrupt::default())
        }
    }

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut taken = self.0.lock().unwrap();
            let Taken { bytes: all, errors, piece } = &mut *taken;
            // Every other piece of a line fails first, where errors are left.
            if !all.is_empty()
                && let Some(error) = errors.pop_front()
            {
                return Err(error.into());
            }
            let length = if *piece == 0 { bytes.len() } else { bytes.len().min(*piece) };
            all.extend_from_slice(&bytes[..length]);
            Ok(length)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn put(sink: &LineSink, line: &str, when_full: WhenFull) -> io::Result<Told> {
        sink.result(when_full, |to| to.extend_from_slice(line.as_bytes()))
    }

    #[test]
    fn lines_come_whole_and_in_order() {
        let output = Output::default();
        output.0.lock().unwrap().piece = 3;
        let sink = output.sink(WhenFailing::End);
        let lines: Vec<_> = (0..500).map(|number| format!("line {number}\n")).collect();
        for line in &lines {
            assert_eq!(put(&sink, line, WhenFull::Wait).unwrap(), Told::Written);
        }
        sink.finish().unwrap();
        assert_eq!(output.text(), lines.concat());
    }

    #[test]
    fn a_full_disk_is_waited_for_and_the_line_that_was_begun_is_finished() {
        let output = Output::default();
        output.0.lock().unwrap().piece = 4;
        output.0.lock().unwrap().errors = [io::ErrorKind::StorageFull, io::ErrorKind::Interrupted].into();
        let sink = output.sink(WhenFailing::Retry);
        put(&sink, "a line that is begun\n", WhenFull::Drop).unwrap();
        put(&sink, "another\n", WhenFull::Drop).unwrap();
        sink.finish().unwrap();
        assert_eq!(output.text(), "a line that is begun\nanother\n");
    }

    #[test]
    fn a_failure_that_stays_is_told_once_and_ends_a_run_of_files() {
        let output = Output::default();
        output.0.lock().unwrap().piece = 1;
        output.0.lock().unwrap().errors = [io::ErrorKind::StorageFull].into();
        let sink = output.sink(WhenFailing::End);
        put(&sink, "xy\n", WhenFull::Wait).unwrap();
        assert_eq!(sink.finish().unwrap_err().kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn a_reader_that_has_gone_ends_every_run() {
        let output = Output::default();
        output.0.lock().unwrap().piece = 1;
        output.0.lock().unwrap().errors = [io::ErrorKind::BrokenPipe].into();
        let sink = output.sink(WhenFailing::Retry);
        put(&sink, "xy\n", WhenFull::Drop).unwrap();
        assert_eq!(sink.finish().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn a_reader_that_does_not_read_costs_lines_and_never_holds_a_camera() {
        let output = Output::default();
        // Whoever holds the lock keeps the writer from writing.
        let blocked = output.0.lock().unwrap();
        let sink = output.sink(WhenFailing::Retry);
        let told: Vec<_> = (0..200).map(|_| put(&sink, "x\n", WhenFull::Drop).unwrap()).collect();
        let written = told.iter().filter(|&&told| told == Told::Written).count();
        // One may be in the writer's hand.
        assert!((RESULTS..=RESULTS + 1).contains(&written), "{written}");
        let other = sink.other(WhenFull::Drop, |to| to.extend_from_slice(b"lost\n")).unwrap();
        assert_eq!(other, Told::Written, "what happens to a source has room of its own");
        drop(blocked);
        sink.finish().unwrap();
        assert_eq!(output.text(), "x\n".repeat(written) + "lost\n");
    }
}
