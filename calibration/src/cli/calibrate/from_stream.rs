//! `moead-calibrate from-stream`: the first good frames of running cameras become pictures, and these a calibration.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _};
use moead_model::atomic_file;
use moead_runtime::cli::sources::SourceUris;
use moead_runtime::engine::crew::InFlight;
use moead_runtime::preprocess::picture::Picture;
use moead_runtime::sinks::drawings::Folder;
use moead_runtime::stream::clock::{Clock, Monotonic, SystemClock};
use moead_runtime::stream::interrupt::Interrupt;
use moead_runtime::stream::judge::{Judgement, NoVerdict};
use moead_runtime::stream::pipeline::{self, Event, FrameResult, RunError, Settings, Told};
use moead_runtime::stream::prepare::Pictures as Wanted;
use moead_terminal::exit::Exit;
use moead_terminal::failure::At as _;
use moead_terminal::printer::Printer;
use moead_terminal::progress::Bar;
use moead_terminal::signals;

use super::arguments::FromStreamArguments;
use super::job::{Job, Vetoed};
use crate::calibrate::pictures::Pictures;
use crate::dataset::files;
use crate::dataset::layout::Layout;
use crate::drift::Order;

/// The folder for new frames has pictures already: which of them would be of this run?
#[derive(Debug, thiserror::Error)]
#[error("{}: expected a folder without pictures, found {pictures}", .folder.display())]
pub(super) struct NotEmpty {
    folder: PathBuf,
    pictures: usize,
}

/// The sources ended and gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no frame could be taken: {unusable} of {received} showed nothing or were broken")]
pub(super) struct NoFrames {
    received: u64,
    unusable: u64,
}

pub(super) fn run(arguments: &FromStreamArguments, printer: &Printer) -> anyhow::Result<Exit> {
    let keep = Folder::existing(&arguments.keep)?;
    let pictures = files::pictures(&arguments.keep)?.len();
    anyhow::ensure!(pictures == 0, NotEmpty { folder: arguments.keep.clone(), pictures });
    let mut job = Job::open(&arguments.fit, InFlight::default())?;
    let Taken { kept, is_complete, received, unusable } = take(arguments, &mut job, keep, printer)?;
    printer.note(format_args!(
        "{kept} frames in {}; {unusable} of {received} showed nothing or were broken",
        arguments.keep.display()
    ));
    let again = format!(
        "moead-calibrate --model {} {} --layout folder --order stream",
        arguments.fit.model().display(),
        arguments.keep.display()
    );
    if !is_complete {
        printer.note(format_args!(
            "stopped early, as asked; `{again}`, with the other flags of this run, calibrates with what there is"
        ));
        return Ok(Exit::Fine);
    }
    anyhow::ensure!(kept > 0, NoFrames { received, unusable });
    let name = arguments.fit.product.as_deref();
    let mut pictures = Pictures::of_good(std::slice::from_ref(&arguments.keep), Some(Layout::Folder), name)?;
    if let Some(folder) = &arguments.fit.defects {
        pictures.add_defective(folder, None, name)?;
    }
    job.run(pictures, &Vetoed::new(), Order::Stream, printer)?;
    printer.note(format_args!(
        "`{again} --veto FILE`, with the other flags of this run, does it again without the frames that FILE names"
    ));
    Ok(Exit::Fine)
}

/// What came of the sources.
struct Taken {
    kept: u64,
    /// Nobody asked to stop before enough were taken, or the sources ended.
    is_complete: bool,
    received: u64,
    unusable: u64,
}

fn take(
    arguments: &FromStreamArguments,
    job: &mut Job<'_>,
    folder: Folder,
    printer: &Printer,
) -> anyhow::Result<Taken> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let interrupt = Interrupt::default();
    let uris = SourceUris::list(&arguments.sources)?;
    let normalization = job.model.manifest().input.normalization();
    let crew = &mut job.choice(printer)?.crew;
    let mut sources = uris.open(&arguments.sources, None, crew.input(), &clock, &interrupt, printer)?;
    let settings = Settings {
        normalization,
        standards: Arc::new(None.into()),
        pictures: Wanted::Kept,
        frames: None,
        duration: None,
        stall_timeout: arguments.sources.stall_timeout,
        frozen_after: arguments.sources.frozen_after,
        on_loss: arguments.sources.on_loss(),
        pulse: None,
    };
    let asked = Interrupt::default();
    let (handler, stop) = (asked.clone(), interrupt.clone());
    signals::heed(move |_| {
        handler.request();
        stop.request();
    })?;
    let frames = arguments.frames();
    let mut keeper = Keeper {
        folder,
        frames,
        every: arguments.every,
        kept: vec![0; sources.names.len()],
        last: vec![None; sources.names.len()],
        received: 0,
        unusable: 0,
        bar: printer.progress().bar(frames * sources.names.len() as u64, "frames"),
        names: sources.names.clone(),
    };
    let feeds = std::mem::take(&mut sources.feeds);
    let outcome = pipeline::run(crew, feeds, &settings, &clock, &interrupt, |event| match event {
        Event::Frame(result, _) => {
            keeper.take(result)?;
            if keeper.is_full() {
                interrupt.request();
            }
            Ok::<_, anyhow::Error>(Told::Written)
        }
        Event::Status(status) => {
            let cause = status.cause.as_deref().unwrap_or_default();
            printer.detail(format_args!("{}: {} {cause}", keeper.names[status.source], status.state.name()));
            Ok(Told::Written)
        }
        Event::Turn(_) | Event::Summary(_) => Ok(Told::Written),
    });
    match outcome {
        Ok(()) => {}
        Err(RunError::Sink(error)) => return Err(error),
        Err(RunError::Loss { source_index, error }) => {
            return Err(anyhow::Error::new(error).context(sources.place(source_index)));
        }
    }
    Ok(Taken {
        kept: keeper.kept.iter().sum(),
        is_complete: keeper.is_full() || !asked.is_requested(),
        received: keeper.received,
        unusable: keeper.unusable,
    })
}

/// Writes frames until there are enough.
struct Keeper {
    folder: Folder,
    /// By source.
    names: Vec<String>,
    /// Of each source.
    frames: u64,
    every: Duration,
    /// By source.
    kept: Vec<u64>,
    /// By source: when the latest one that was kept was captured.
    last: Vec<Option<Monotonic>>,
    received: u64,
    unusable: u64,
    bar: Bar,
}

impl Keeper {
    fn is_full(&self) -> bool {
        self.kept.iter().all(|kept| *kept >= self.frames)
    }

    fn take(&mut self, result: &FrameResult) -> anyhow::Result<()> {
        let frame = &result.frame;
        let source = frame.source;
        self.received += 1;
        let shows_something = |judgement: &Judgement| !matches!(judgement.verdict, Err(NoVerdict::Blind(_)));
        let Some(picture) = frame.picture.as_ref().filter(|_| result.outcome.as_ref().is_ok_and(shows_something))
        else {
            self.unusable += 1;
            return Ok(());
        };
        let is_early = self.last[source].is_some_and(|last| frame.captured.since(last) < self.every);
        if is_early || self.kept[source] >= self.frames {
            return Ok(());
        }
        let name = (self.names.len() > 1).then(|| self.names[source].as_str());
        let path = self.folder.place(name, &frame.output(), ".png")?;
        write(&path, picture).at(path.display())?;
        self.last[source] = Some(frame.captured);
        self.kept[source] += 1;
        self.bar.advance(1);
        Ok(())
    }
}

/// Lossless, and quick rather than small: it is done between two frames.
fn write(path: &Path, picture: &Picture) -> io::Result<()> {
    let size = picture.size();
    let side = |pixels: usize| u32::try_from(pixels).map_err(io::Error::other);
    let (width, height) = (side(size.width)?, side(size.height)?);
    atomic_file::write(path, |out| {
        let encoder = PngEncoder::new_with_quality(out, CompressionType::Fast, FilterType::Adaptive);
        encoder.write_image(picture.pixels(), width, height, ExtendedColorType::Rgb8).map_err(io::Error::other)
    })
}
