//! `moead-edge --model FILE --source URI…`.

use std::io::Write as _;

use moead_model::onnx::model_file::ModelFile;
use moead_terminal::exit::Exit;
use moead_terminal::failure::At;
use moead_terminal::flags::Reader;
use moead_terminal::printer::Printer;

use super::arguments::{EngineArgument, FormatArgument, RunArguments};
use super::outputs::{Drawings, Folder};
use crate::engine::{Engine as _, tract};
use crate::sinks::{json_lines, text};
use crate::stream::clock::SystemClock;
use crate::stream::interrupt::Interrupt;
use crate::stream::judge;
use crate::stream::pipeline::{self, Event, Pictures, Settings};
use crate::stream::sources::files::FileList;

pub(super) fn run(arguments: &RunArguments, printer: &Printer) -> anyhow::Result<Exit> {
    let folder = |path: &Option<_>| path.as_deref().map(Folder::existing).transpose();
    let drawings = Drawings { heatmaps: folder(&arguments.heatmaps)?, maps: folder(&arguments.maps)? };
    let sources = arguments.source.iter().map(FileList::new).collect::<Result<Vec<_>, _>>()?;
    let mut steps = printer.progress().steps();
    steps.begin(&format!("loading {}", arguments.model().display()));
    let model = ModelFile::open(arguments.model()).at(arguments.model().display())?;
    let (input, is_calibrated) = (model.manifest().input.clone(), model.manifest().calibration.is_some());
    let EngineArgument::Tract = arguments.engine;
    let mut engine = tract::Session::load(&model, &judge::OUTPUTS).at(arguments.model().display())?;
    drop(model);
    steps.end();
    if is_calibrated {
        printer.warning("the model file has a calibration, which this version does not use");
    }
    if arguments.threshold.is_none() {
        printer.warning(
            "no verdicts: nothing says from which score on a picture is defective; look at the scores of good pictures \
             and give `--threshold SCORE`",
        );
    }
    let interrupt = Interrupt::default();
    let handler = interrupt.clone();
    ctrlc::set_handler(move || handler.request())?;
    let settings = Settings {
        normalization: input.normalization(),
        threshold: arguments.threshold,
        pictures: if drawings.heatmaps.is_some() { Pictures::Kept } else { Pictures::Dropped },
        frames: arguments.frames,
        duration: arguments.duration,
    };
    let reader = Reader::of_stdout();
    let format = arguments.format.unwrap_or(match reader {
        Reader::Person => FormatArgument::Text,
        Reader::Program => FormatArgument::Json,
    });
    let limit = usize::try_from(arguments.frames.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    let total = sources.iter().map(|source| source.files.len().min(limit) as u64).sum();
    // Where results scroll by on the terminal they are the progress.
    let bar = (reader == Reader::Program && total > 1).then(|| printer.progress().bar(total, "pictures"));
    let network = engine.input();
    let (mut judged_pictures, mut unreadable, mut defects) = (0_u64, 0_u64, 0_u64);
    pipeline::run(&mut engine, &sources, &settings, &SystemClock::start(), &interrupt, |event| {
        let line = match event {
            Event::Frame(result) => {
                if let Ok(judged) = &result.outcome {
                    let below = (sources.len() > 1).then(|| sources[result.source].name.as_str());
                    drawings.write(result, judged, network, settings.threshold, below)?;
                }
                if let Some(bar) = &bar {
                    bar.advance(1);
                }
                match format {
                    FormatArgument::Text => text::frame(result, settings.threshold),
                    FormatArgument::Json => json_lines::frame(result, &sources[result.source].name, settings.threshold),
                }
            }
            Event::Summary(summary) => {
                judged_pictures += summary.tally.judged;
                unreadable += summary.tally.corrupt;
                defects += summary.tally.defects;
                let name = &sources[summary.source].name;
                match format {
                    FormatArgument::Text => text::summary(summary, name),
                    FormatArgument::Json => json_lines::summary(summary, name),
                }
            }
        };
        match format {
            FormatArgument::Text => printer.line(line)?,
            FormatArgument::Json => printer.data().write_all(format!("{line}\n").as_bytes())?,
        }
        anyhow::Ok(())
    })?;
    drop(bar);
    if interrupt.is_requested() {
        printer.note("stopped early, as asked");
    }
    if unreadable > 0 {
        anyhow::ensure!(judged_pictures > 0, "none of {unreadable} pictures could be judged; their lines say why");
        printer.warning(format_args!(
            "{unreadable} of {} pictures could not be judged; their lines say why",
            unreadable + judged_pictures
        ));
    }
    Ok(if arguments.fail_on_defect && defects > 0 { Exit::Defects } else { Exit::Fine })
}
