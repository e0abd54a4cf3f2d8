//! A model on a data set.

use std::path::{Path, PathBuf};

use moead_model::manifest::Input;
use moead_model::onnx::foreign::ForeignModel;
use moead_model::onnx::model_file::{ModelFile, ModelFileError};
use moead_runtime::cli::engine;
use moead_runtime::engine::choice::Choice;
use moead_runtime::stream::clock::{Clock as _, SystemClock};
use moead_runtime::verify::self_test::{self, OUTPUTS, SelfTestError};
use moead_terminal::failure::{At as _, UsageError};
use moead_terminal::printer::Printer;

use super::arguments::EvalArguments;
use super::timed::Timed;
use crate::dataset::Sample;
use crate::dataset::layout::Layout;
use crate::evaluation::document::Subject;
use crate::evaluation::{self, Evaluation};

/// The pictures to measure on.
pub(super) struct Data {
    pub(super) path: PathBuf,
    pub(super) layout: Layout,
    pub(super) samples: Vec<Sample>,
}

/// What came of it.
pub(super) struct Measured {
    pub(super) subject: Subject,
    pub(super) evaluation: Evaluation,
}

pub(super) fn run(path: &Path, data: &Data, arguments: &EvalArguments, printer: &Printer) -> anyhow::Result<Measured> {
    let (mut choice, input) = load(path, arguments, printer)?;
    let clock = SystemClock;
    let mut timed = Timed::new(&mut *choice.engine, &clock);
    let start = clock.monotonic();
    let bar = printer.progress().bar(data.samples.len() as u64, "pictures");
    let told = |unjudged: Option<(&Path, &str)>| {
        if let Some((path, cause)) = unjudged {
            printer.warning(format_args!("{}: {cause}", path.display()));
        }
        bar.advance(1);
    };
    let evaluated = evaluation::evaluate(&mut timed, &input, &data.samples, arguments.max_unreadable, told);
    let (seconds, computed) = (clock.monotonic().since(start).as_secs_f64(), timed.spent.as_secs_f64());
    drop(bar);
    let evaluation = evaluated.at(path.display())?;
    let pictures = data.samples.len();
    printer.detail(format_args!(
        "{pictures} pictures in {seconds:.1} s, {:.1} a second; the engine computed for {:.0} % of the time",
        pictures as f64 / seconds.max(1e-9),
        100.0 * computed / seconds.max(1e-9)
    ));
    anyhow::ensure!(!evaluation.products.is_empty(), "{}: no picture can be used", data.path.display());
    let subject = Subject {
        model: path.display().to_string(),
        engine: choice.candidate.to_string(),
        data: data.path.display().to_string(),
        layout: data.layout.to_string(),
        size: input.size(),
    };
    Ok(Measured { subject, evaluation })
}

/// The model, ready to run, and what it expects of pictures. Whether the engine computes it right is asked first, where the file says how.
fn load(path: &Path, arguments: &EvalArguments, printer: &Printer) -> anyhow::Result<(Choice, Input)> {
    let request = arguments.engine.request(arguments.threads.threads)?;
    let model = match (ModelFile::open(path), arguments.normalize) {
        (Err(ModelFileError::NoManifest), Some(normalize)) => {
            let model = ForeignModel::open(path, arguments.input_size, normalize.into()).at(path.display())?;
            let choice = engine::load_foreign(&request, (path, &model), &OUTPUTS, printer)?;
            return Ok((choice, model.input().clone()));
        }
        // Of two models, one may need it.
        (Ok(_), Some(_)) if arguments.compare.is_none() => {
            let text =
                format!("{} has a manifest, which says what it expects: leave `--normalize` out", path.display());
            return Err(UsageError::new(text).into());
        }
        (opened, _) => opened.at(path.display())?,
    };
    let manifest = model.manifest();
    let mut choice = engine::load(&request, (path, &model), &OUTPUTS, printer)?;
    match self_test::run(&mut *choice.engine, manifest) {
        Ok(_) => {}
        Err(SelfTestError::Absent) => printer.warning(format_args!(
            "{}: the model file has no self-test: nothing shows that this engine computes it right",
            path.display()
        )),
        Err(error) => return Err(error).at(format_args!("{}: {}", path.display(), choice.candidate)),
    }
    Ok((choice, manifest.input.clone()))
}
