//! `moead-edge --model FILE --source URI…`.

use std::num::NonZeroUsize;
use std::sync::Arc;

use moead_model::onnx::model_file::ModelFile;
use moead_terminal::exit::Exit;
use moead_terminal::failure::At;
use moead_terminal::printer::Printer;

use super::arguments::{EngineArgument, RunArguments};
use super::outputs::{Outputs, Seen};
use super::service::Service;
use super::sources::SourceUris;
use crate::engine::{Engine as _, tract};
use crate::sinks::drawings::{Folder, Wanted};
use crate::stream::clock::{Clock, SystemClock};
use crate::stream::interrupt::Interrupt;
use crate::stream::judge;
use crate::stream::pipeline::{self, OnLoss, RunError, Settings};

pub(super) fn run(arguments: &RunArguments, printer: &Printer) -> anyhow::Result<Exit> {
    let folder = |path: &Option<_>| path.as_deref().map(Folder::existing).transpose();
    let wanted = Wanted { heatmaps: folder(&arguments.heatmaps)?, maps: folder(&arguments.maps)? };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let interrupt = Interrupt::default();
    let uris = SourceUris::list(arguments)?;
    let mut steps = printer.progress().steps();
    steps.begin(&format!("loading {}", arguments.model().display()));
    let model = ModelFile::open(arguments.model()).at(arguments.model().display())?;
    let (input, is_calibrated) = (model.manifest().input.clone(), model.manifest().calibration.is_some());
    let EngineArgument::Tract = arguments.engine;
    let mut engine =
        tract::Session::load(&model, &judge::OUTPUTS, NonZeroUsize::MIN).at(arguments.model().display())?;
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
    let mut sources = uris.open(arguments, engine.input(), &clock, &interrupt, printer)?;
    let handler = interrupt.clone();
    ctrlc::set_handler(move || handler.request())?;
    let service = Service::of_environment();
    let settings = Settings {
        normalization: input.normalization(),
        threshold: arguments.threshold,
        pictures: arguments.pictures(),
        frames: arguments.frames,
        duration: arguments.duration,
        stall_timeout: arguments.stall_timeout,
        frozen_after: arguments.frozen_after,
        on_loss: if arguments.exit_on_loss { OnLoss::End } else { OnLoss::Retry },
        pulse: service.pulse(),
    };
    let mut outputs = Outputs::start(arguments, wanted, &sources, engine.input(), &clock, &interrupt, printer)?;
    service.ready();
    let feeds = std::mem::take(&mut sources.feeds);
    let outcome =
        pipeline::run(&mut engine, feeds, &settings, &clock, &interrupt, |event| outputs.take(event, printer));
    service.stopping();
    let seen = outputs.finish(printer);
    match outcome {
        Ok(()) => {}
        Err(RunError::Sink(error)) => return Err(error),
        Err(RunError::Loss { source_index, error }) => {
            return Err(anyhow::Error::new(error).context(sources.names[source_index].clone()));
        }
    }
    if interrupt.is_requested() {
        printer.note("stopped early, as asked");
    }
    let Seen { judged, defects, unreadable, broken } = seen?;
    anyhow::ensure!(
        judged > 0 || unreadable == 0,
        "none of {unreadable} pictures could be judged; their lines say why"
    );
    anyhow::ensure!(judged > 0 || broken == 0, "none of {broken} frames could be judged: all were broken");
    if unreadable > 0 {
        let all = unreadable + judged;
        printer.warning(format_args!("{unreadable} of {all} pictures could not be judged; their lines say why"));
    }
    Ok(if arguments.fail_on_defect && defects > 0 { Exit::Defects } else { Exit::Fine })
}
