//! A model on a data set.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use moead_model::manifest::Input;
use moead_model::onnx::foreign::ForeignModel;
use moead_model::onnx::model_file::{ModelFile, ModelFileError};
use moead_runtime::cli::engine;
use moead_runtime::engine::Output;
use moead_runtime::engine::choice::{Choice, Request};
use moead_runtime::engine::crew::{Crew, InFlight};
use moead_runtime::stream::clock::{Clock, SystemClock};
use moead_terminal::failure::{At as _, UsageError};
use moead_terminal::printer::Printer;

use super::arguments::EvalArguments;
use super::timed::{Spent, Timed};
use crate::cli::running;
use crate::dataset::Sample;
use crate::dataset::layout::Layout;
use crate::evaluation::baseline::{self, Baseline, WithBaseline};
use crate::evaluation::document::Subject;
use crate::evaluation::{self, Evaluation};

/// The pictures to measure on.
pub(super) struct Data {
    pub(super) path: PathBuf,
    pub(super) layout: Layout,
    pub(super) samples: Vec<Sample>,
    /// What a baseline is fitted to; none without one.
    pub(super) training: Option<Vec<Sample>>,
}

/// What came of it.
pub(super) struct Measured {
    pub(super) subject: Subject,
    pub(super) evaluation: Evaluation,
    pub(super) baseline: Option<Baseline>,
}

pub(super) fn run(path: &Path, data: &Data, arguments: &EvalArguments, printer: &Printer) -> anyhow::Result<Measured> {
    let Loaded { judging, features, input } = load(path, arguments, printer)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let start = clock.monotonic();
    let training = data.training.as_deref().unwrap_or_default();
    let pictures = data.samples.len() + training.len();
    let bar = printer.progress().bar(pictures as u64, "pictures");
    let mut told = running::told(&bar, printer);
    let most = arguments.max_unreadable;
    let spent = Spent::default();
    let timed = |crew: Crew| crew.map(|engine| Timed { engine, clock: Arc::clone(&clock), spent: spent.clone() });
    let engines = judging.crew.count().get();
    let mut crew = timed(judging.crew);
    let measured = match features {
        None => {
            let evaluated = evaluation::evaluate(&mut crew, &input, &data.samples, most, &mut told);
            evaluated.map(|evaluation| (evaluation, None)).at(path.display())
        }
        Some(features) => {
            let mut of_features = timed(features.crew);
            let crews = baseline::Crews { judging: &mut crew, features: &mut of_features };
            let drawn = arguments.baseline_features.map(NonZeroUsize::get);
            let evaluated = baseline::evaluate(crews, &input, [training, &data.samples], drawn, most, &mut told);
            let both = evaluated.map(|WithBaseline { model, baseline }| (model, Some(baseline)));
            both.at(path.display())
        }
    };
    let seconds = clock.monotonic().since(start).as_secs_f64();
    let computed = spent.total().as_secs_f64() / engines as f64;
    drop(told);
    drop(bar);
    let (evaluation, baseline) = measured?;
    printer.detail(format_args!(
        "{pictures} pictures in {seconds:.1} s, {:.1} a second; the engine computed for {:.0} % of the time",
        pictures as f64 / seconds.max(1e-9),
        100.0 * computed / seconds.max(1e-9)
    ));
    let is_one_judged = evaluation.products.iter().any(|product| !product.pictures.is_empty());
    anyhow::ensure!(is_one_judged, "{}: no picture can be used", data.path.display());
    let subject = Subject {
        model: path.display().to_string(),
        engine: judging.candidate.to_string(),
        data: data.path.display().to_string(),
        layout: data.layout.to_string(),
        size: input.size(),
    };
    Ok(Measured { subject, evaluation, baseline })
}

/// A model, ready to run, and what it expects of pictures.
struct Loaded {
    judging: Choice,
    /// The same model for its features alone, where a baseline is fitted to them.
    features: Option<Choice>,
    input: Input,
}

fn load(path: &Path, arguments: &EvalArguments, printer: &Printer) -> anyhow::Result<Loaded> {
    let in_flight = arguments.in_flight.of(InFlight::Filling);
    let request = Request { in_flight, ..arguments.engine.request(arguments.threads.threads)? };
    let model = match (ModelFile::open(path), arguments.normalize) {
        (Err(ModelFileError::NoManifest), Some(_)) if arguments.baseline.is_some() => {
            let text = format!(
                "{} is a model of somebody else, whose features nobody knows: leave `--baseline` out",
                path.display()
            );
            return Err(UsageError::new(text).into());
        }
        (Err(ModelFileError::NoManifest), Some(normalize)) => {
            let model = ForeignModel::open(path, arguments.input_size, normalize.into()).at(path.display())?;
            let judging = engine::load_foreign(&request, (path, &model), &Output::JUDGED, printer)?;
            return Ok(Loaded { judging, features: None, input: model.input().clone() });
        }
        // Of two models, one may need it.
        (Ok(_), Some(_)) if arguments.compare.is_none() => {
            let text =
                format!("{} has a manifest, which says what it expects: leave `--normalize` out", path.display());
            return Err(UsageError::new(text).into());
        }
        (opened, _) => opened.at(path.display())?,
    };
    let wanted = arguments.baseline.map(|_| Output::Features);
    let outputs: Vec<Output> = Output::JUDGED.into_iter().chain(wanted).collect();
    let judging = running::load(&request, (path, &model), &outputs, printer)?;
    let features = match wanted {
        None => None,
        Some(features) => {
            let same = arguments.engine.request_of(judging.candidate, arguments.threads.threads)?;
            let same = Request { in_flight, ..same };
            Some(engine::load(&same, (path, &model), &[features], printer)?)
        }
    };
    Ok(Loaded { judging, features, input: model.manifest().input.clone() })
}
