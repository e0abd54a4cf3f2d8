//! `moead-edge --model FILE --source URI…`.

use std::sync::Arc;

use moead_model::manifest::Manifest;
use moead_model::onnx::model_file::{ModelFile, ModelFileError};
use moead_terminal::exit::Exit;
use moead_terminal::failure::{At, UsageError};
use moead_terminal::printer::Printer;
use moead_terminal::signals;

use super::arguments::RunArguments;
#[cfg(feature = "demo")]
use super::demo::{self, Demo};
use super::engine;
use super::outputs::{Outputs, Seen};
use super::replaced::Loaded;
use super::service::Service;
use super::sources::SourceUris;
use super::standards::Basis;
#[cfg(feature = "update")]
use super::state;
use crate::engine::choice::{Choice, Request};
use crate::sinks::drawings::{Folder, Wanted};
use crate::stream::clock::{Clock, SystemClock};
use crate::stream::interrupt::Interrupt;
use crate::stream::judge;
#[cfg(feature = "demo")]
use crate::stream::pipeline::Event;
use crate::stream::pipeline::{self, RunError, Settings, Sign};
use crate::verify::self_test::{self, SelfTestError, SelfTestResult};

pub(super) fn run(arguments: RunArguments, printer: &Printer) -> anyhow::Result<Exit> {
    #[cfg(feature = "demo")]
    let (arguments, mut demo) = Demo::of(arguments)?;
    let arguments = &arguments;
    arguments.check()?;
    if let Some(file) = &arguments.config {
        printer.detail(format_args!("with the settings of {}", file.display()));
    }
    let folder = |path: &Option<_>| path.as_deref().map(Folder::existing).transpose();
    let wanted = Wanted { heatmaps: folder(&arguments.heatmaps)?, maps: folder(&arguments.maps)? };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let interrupt = Interrupt::default();
    let uris = SourceUris::list(&arguments.sources)?;
    arguments.heatmaps.iter().try_for_each(|folder| uris.spare(folder))?;
    let mut steps = printer.progress().steps();
    steps.begin(&format!("loading {}", arguments.model().display()));
    let loaded = Loaded::before_reading(arguments.model());
    let model = open(arguments).at(arguments.model().display())?;
    let manifest = model.manifest().clone();
    steps.end();
    let basis = Basis::of(arguments, &model, &uris.names())?;
    if arguments.fail_on_defect && !basis.has_verdicts() {
        return Err(UsageError::new("`--fail-on-defect` needs `--threshold SCORE`, or a model that `moead-calibrate` has calibrated: nothing says yet from which score on a \
             picture is defective").into());
    }
    let outputs = judge::outputs(&basis.standards);
    let in_flight = arguments.in_flight.of(uris.in_flight());
    let request = Request { in_flight, ..arguments.engine.request(arguments.threads.threads)? };
    let mut choice = engine::load(&request, (arguments.model(), &model), &outputs, printer)?;
    drop(model);
    let mut self_test = None;
    if !arguments.no_verify {
        steps.begin("self-test");
        self_test = check_numbers(&mut choice, &manifest, printer).at(arguments.model().display())?;
        steps.end();
    }
    basis.compare(choice.candidate, manifest.precision, self_test, printer);
    basis.tell(printer);
    let crew = &mut choice.crew;
    let mut sources = uris.open(&arguments.sources, arguments.frames, crew.input(), &clock, &interrupt, printer)?;
    let asked = interrupt.clone();
    signals::heed(move |_| asked.request())?;
    let service = Service::of_environment();
    #[cfg(feature = "update")]
    let state = state::begin(arguments, &sources, &clock)?;
    #[cfg(feature = "update")]
    let tell_state = state.as_ref().map(|state| state::pulse(state, printer));
    #[cfg(not(feature = "update"))]
    let tell_state = None;
    let settings = Settings {
        normalization: manifest.input.normalization(),
        standards: Arc::new(basis.standards),
        pictures: arguments.pictures(),
        frames: arguments.frames,
        duration: arguments.duration,
        stall_timeout: arguments.sources.stall_timeout,
        frozen_after: arguments.sources.frozen_after,
        on_loss: arguments.sources.on_loss(),
        pulse: Some(pulse(service, loaded, tell_state, printer.clone())),
    };
    let mut outputs = Outputs::start(arguments, wanted, &sources, crew.input(), &clock, &interrupt, printer)?;
    #[cfg(feature = "update")]
    if let Some(state) = &state {
        state.ready();
        state.write()?;
    }
    service.ready();
    let feeds = std::mem::take(&mut sources.feeds);
    let outcome = pipeline::run(crew, feeds, &settings, &clock, &interrupt, |event| {
        #[cfg(feature = "demo")]
        if let (Some(demo), Event::Frame(result, _)) = (&mut demo, &event) {
            demo.see(result);
        }
        #[cfg(feature = "update")]
        if let Some(state) = &state {
            state.tell(&event);
        }
        outputs.take(event, printer)
    });
    service.stopping();
    let seen = outputs.finish(printer);
    match outcome {
        Ok(()) => {}
        Err(RunError::Sink(error)) => return Err(error),
        Err(RunError::Loss { source_index, error }) => {
            return Err(anyhow::Error::new(error).context(sources.place(source_index)));
        }
    }
    if interrupt.is_requested() {
        printer.note("stopped early, as asked");
    }
    let Seen { judged, defects, unreadable, broken, problem } = seen?;
    anyhow::ensure!(
        judged > 0 || unreadable == 0,
        "none of {unreadable} pictures could be judged; their lines say why"
    );
    anyhow::ensure!(
        judged > 0 || broken == 0,
        "none of {broken} frames could be judged: all were broken, the last one: {}",
        problem.unwrap_or_default()
    );
    if unreadable > 0 {
        let all = unreadable + judged;
        printer.warning(format_args!("{unreadable} of {all} pictures could not be judged; their lines say why"));
    }
    #[cfg(feature = "demo")]
    if let Some(demo) = demo {
        demo.finish(printer);
    }
    Ok(if arguments.fail_on_defect && defects > 0 { Exit::Defects } else { Exit::Fine })
}

/// The model file, or the one inside of the program.
fn open(arguments: &RunArguments) -> Result<ModelFile, ModelFileError> {
    #[cfg(feature = "demo")]
    if arguments.demo {
        return demo::model();
    }
    ModelFile::open(arguments.model())
}

/// What is done about once a second while the engine answers. Where only a restart helps, whoever supervises hears nothing.
fn pulse(
    service: Service,
    loaded: Loaded,
    tell_state: Option<Arc<dyn Fn() + Send + Sync>>,
    printer: Printer,
) -> Arc<dyn Fn(Sign) + Send + Sync> {
    let watchdog = service.pulse();
    Arc::new(move |sign| {
        if let Some(watchdog) = watchdog.as_ref().filter(|_| sign == Sign::Alive) {
            watchdog();
        }
        tell_state.iter().for_each(|tell| tell());
        loaded.look(&printer);
    })
}

/// Before the first verdict: whether this engine, on this machine, computes what the exporter computed. None: nothing shows it.
fn check_numbers(
    choice: &mut Choice,
    manifest: &Manifest,
    printer: &Printer,
) -> anyhow::Result<Option<SelfTestResult>> {
    match self_test::check(choice.crew.first(), manifest) {
        Ok(result) => {
            printer.detail(format_args!(
                "self-test: map off by {:.1e}, score by {:.1e}",
                result.map_error, result.score_error
            ));
            Ok(Some(result))
        }
        Err(SelfTestError::Absent) => {
            printer.warning("the model file has no self-test: nothing shows that this engine computes it right");
            Ok(None)
        }
        Err(error) => Err(error).at(choice.candidate),
    }
}
