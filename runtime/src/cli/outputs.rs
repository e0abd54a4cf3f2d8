//! Where a run's results go: lines, drawings, progress.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd as _;
use std::sync::Arc;

use moead_model::architecture::ImageSize;
use moead_terminal::flags::Reader;
use moead_terminal::printer::{Printer, ReaderGone};
use moead_terminal::progress::Bar;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::arguments::{FormatArgument, RunArguments};
use super::sources::Sources;
use crate::sinks::drawings::{DrawingSink, Missing, Wanted};
#[cfg(feature = "http")]
use crate::sinks::http::{self, LiveView};
use crate::sinks::lines::{LineSink, WhenFailing, WhenFull};
use crate::sinks::{json_lines, text};
use crate::stream::clock::Clock;
use crate::stream::interrupt::Interrupt;
use crate::stream::pipeline::{Event, Nature, Told};
use crate::stream::policy::Policy;

/// All sinks of a run.
pub(super) struct Outputs {
    format: FormatArgument,
    lines: LineSink,
    drawings: Option<DrawingSink>,
    #[cfg(feature = "http")]
    live: Option<LiveView>,
    bar: Option<Bar>,
    names: Vec<String>,
    /// By source.
    natures: Vec<Nature>,
    /// By source.
    when_full: Vec<WhenFull>,
    seen: Seen,
}

/// The sum of all sources.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    pub(super) judged: u64,
    pub(super) defects: u64,
    /// Pictures in files that could not be read.
    pub(super) unreadable: u64,
    /// Frames of cameras that could not be used.
    pub(super) broken: u64,
    /// Why the latest of those could not.
    pub(super) problem: Option<String>,
}

impl Outputs {
    pub(super) fn start(
        arguments: &RunArguments,
        wanted: Wanted,
        sources: &Sources,
        network: ImageSize,
        clock: &Arc<dyn Clock>,
        interrupt: &Interrupt,
        printer: &Printer,
    ) -> anyhow::Result<Self> {
        #[cfg(feature = "http")]
        let live = live_view(arguments, sources, clock, printer)?;
        let reader = Reader::of_stdout();
        let format = arguments.format.unwrap_or(match reader {
            Reader::Person => FormatArgument::Text,
            Reader::Program => FormatArgument::Json,
        });
        let is_live = sources.feeds.iter().any(|(feed, _)| feed.nature == Nature::Live);
        let failing = if is_live { WhenFailing::Retry } else { WhenFailing::End };
        let lines = LineSink::start(output(reader, printer), failing, Arc::clone(clock), interrupt);
        let drawings = (!wanted.is_nothing()).then(|| DrawingSink::start(wanted, network));
        // Where results scroll by on the terminal they are the progress.
        let total = sources.pictures.filter(|&total| total > 1 && reader == Reader::Program);
        let bar = total.map(|total| printer.progress().bar(total, "pictures"));
        // Where nothing may be dropped, no result is either.
        let when_full = sources.feeds.iter().map(|(feed, _)| match (feed.nature, feed.policy) {
            (Nature::Files, _) | (Nature::Live, Policy::Never) => WhenFull::Wait,
            (Nature::Live, Policy::Latest | Policy::Oldest) => WhenFull::Drop,
        });
        let (names, when_full) = (sources.names.clone(), when_full.collect());
        let natures = sources.feeds.iter().map(|(feed, _)| feed.nature).collect();
        let seen = Seen::default();
        Ok(Self {
            format,
            lines,
            drawings,
            #[cfg(feature = "http")]
            live,
            bar,
            names,
            natures,
            when_full,
            seen,
        })
    }

    /// Passes an event on.
    pub(super) fn take(&mut self, event: Event<'_>, printer: &Printer) -> anyhow::Result<Told> {
        if let Some(trouble) = self.lines.trouble() {
            printer.warning(format_args!("results cannot be written, trying again: {trouble}"));
        }
        // Of files, the first one ends the run.
        let is_live = self.natures.contains(&Nature::Live);
        if let Some(trouble) = self.drawings.as_ref().filter(|_| is_live).and_then(DrawingSink::trouble) {
            printer.warning(format_args!("drawings cannot be written: {trouble}"));
        }
        #[cfg(feature = "http")]
        if let Some(live) = &self.live {
            live.tell(&event);
        }
        let Self { format, lines, names, .. } = self;
        let is_json = *format == FormatArgument::Json;
        match event {
            Event::Frame(result, _) => {
                let source = result.frame.source;
                let name = names[source].as_str();
                let several = (names.len() > 1).then_some(name);
                let told = lines.result(self.when_full[source], |line| match is_json {
                    true => json_lines::frame(result, name, line),
                    false => text::frame(result, several, line),
                })?;
                if let Some(drawings) = &self.drawings {
                    let failing = match self.natures[source] {
                        Nature::Files => WhenFailing::End,
                        Nature::Live => WhenFailing::Retry,
                    };
                    drawings.draw(result, several, self.when_full[source], failing)?;
                }
                if let Some(bar) = &self.bar {
                    bar.advance(1);
                }
                Ok(told)
            }
            Event::Status(status) => {
                let name = &names[status.source];
                Ok(lines.other(WhenFull::Drop, |line| match is_json {
                    true => json_lines::status(status, name, line),
                    false => text::status(status, name, line),
                })?)
            }
            Event::Turn(turn) => {
                let name = &names[turn.source];
                Ok(lines.other(self.when_full[turn.source], |line| match is_json {
                    true => json_lines::turn(turn, name, line),
                    false => text::turn(turn, name, line),
                })?)
            }
            Event::Summary(summary) => {
                let counts = &summary.tally.counts;
                self.seen.judged += counts.judged;
                self.seen.defects += counts.defects;
                match self.natures[summary.source] {
                    Nature::Files => self.seen.unreadable += counts.corrupt,
                    Nature::Live => {
                        self.seen.broken += counts.corrupt;
                        self.seen.problem = summary.tally.last_problem.clone().or(self.seen.problem.take());
                    }
                }
                let name = &names[summary.source];
                Ok(lines.other(WhenFull::Wait, |line| match is_json {
                    true => json_lines::summary(summary, name, line),
                    false => text::summary(summary, name, line),
                })?)
            }
        }
    }

    /// Writes what waits. The sum of all sources.
    pub(super) fn finish(self, printer: &Printer) -> anyhow::Result<Seen> {
        let drawn = self.drawings.map(DrawingSink::finish);
        self.lines.finish()?;
        drop(self.bar);
        let Missing { dropped, failed } = drawn.transpose()?.unwrap_or_default();
        if dropped > 0 {
            printer.warning(format_args!("{dropped} results have no drawing: drawing takes longer than judging"));
        }
        if failed > 0 {
            printer.warning(format_args!("{failed} results have no drawing: it could not be written"));
        }
        Ok(self.seen)
    }
}

/// The server of the live view, if it is wanted.
#[cfg(feature = "http")]
fn live_view(
    arguments: &RunArguments,
    sources: &Sources,
    clock: &Arc<dyn Clock>,
    printer: &Printer,
) -> anyhow::Result<Option<LiveView>> {
    let Some(address) = arguments.live_view() else { return Ok(None) };
    let settings = http::Settings {
        sources: sources.natures(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        patience: arguments.sources.stall_timeout,
        limits: http::Limits::default(),
    };
    let live = LiveView::bind(address, settings, Arc::clone(clock))?;
    printer.note(format_args!("live view: http://{}/", live.address()));
    Ok(Some(live))
}

/// Standard output: for people through the printer, which knows about colours and progress; for programs the file itself, so
/// that a line of which a part was written can be continued.
fn output(reader: Reader, printer: &Printer) -> Box<dyn Write + Send> {
    match (reader, io::stdout().as_fd().try_clone_to_owned()) {
        (Reader::Program, Ok(stdout)) => Box::new(Program(stdout.into())),
        _ => Box::new(printer.data()),
    }
}

/// How long one look whether standard output takes something may last.
const ATTENTION: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// Standard output for a program that reads it.
struct Program(File);

impl Write for Program {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(|error| match error.kind() {
            // Marked, so that the program ends quietly.
            io::ErrorKind::BrokenPipe => io::Error::new(io::ErrorKind::BrokenPipe, ReaderGone),
            // Whoever shares it has set it so; a reader is waited for all the same, and then it is tried again.
            io::ErrorKind::WouldBlock => {
                let _ = poll(&mut [PollFd::new(&self.0, PollFlags::OUT)], Some(&ATTENTION));
                io::ErrorKind::Interrupted.into()
            }
            _ => error,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::fd::OwnedFd;

    use rustix::fs::{OFlags, fcntl_setfl};

    use super::*;

    #[test]
    fn a_reader_is_waited_for_where_the_pipe_does_not() {
        let (mut reader, writer) = io::pipe().unwrap();
        fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
        let mut output = Program(OwnedFd::from(writer).into());
        let bytes = vec![7; 1 << 20];
        // Full: whoever writes all is told to try again, and never that it fails.
        while output.write(&bytes).map_err(|error| error.kind()) != Err(io::ErrorKind::Interrupted) {}
        let count = std::thread::spawn(move || reader.read_to_end(&mut Vec::new()).unwrap());
        output.write_all(&bytes).unwrap();
        drop(output);
        assert!(count.join().unwrap() > bytes.len());
    }
}
