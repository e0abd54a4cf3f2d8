//! Running a model over pictures: what both programs do.

use std::path::Path;

use moead_model::onnx::model_file::ModelFile;
use moead_runtime::cli::engine;
use moead_runtime::engine::Output;
use moead_runtime::engine::choice::{Choice, Request};
use moead_runtime::verify::self_test::{self, SelfTestError};
use moead_terminal::failure::At as _;
use moead_terminal::printer::Printer;
use moead_terminal::progress::Bar;

/// The model, ready to run. Whether the engine computes it right is asked first, where the file says how: figures and thresholds of an engine
/// whose numbers are off would be wrong everywhere else.
pub(super) fn load(
    request: &Request,
    (path, model): (&Path, &ModelFile),
    outputs: &[Output],
    printer: &Printer,
) -> anyhow::Result<Choice> {
    let mut choice = engine::load(request, (path, model), outputs, printer)?;
    match self_test::run(choice.crew.first(), model.manifest()) {
        Ok(_) => {}
        Err(SelfTestError::Absent) => printer.warning(format_args!(
            "{}: the model file has no self-test: nothing shows that this engine computes it right",
            path.display()
        )),
        Err(error) => return Err(error).at(format_args!("{}: {}", path.display(), choice.candidate)),
    }
    Ok(choice)
}

/// What is told after each picture: the cause where it could not be judged, and that there is one less to come.
pub(super) fn told(bar: &Bar, printer: &Printer) -> impl FnMut(Option<(&Path, &str)>) {
    move |unjudged| {
        if let Some((path, cause)) = unjudged {
            printer.warning(format_args!("{}: {cause}", path.display()));
        }
        bar.advance(1);
    }
}
