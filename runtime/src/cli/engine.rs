//! The engine of a run, from what was typed. Open to other programs that run models.

use std::path::Path;

use moead_model::onnx::foreign::ForeignModel;
use moead_model::onnx::model_file::ModelFile;
use moead_terminal::failure::At as _;
use moead_terminal::printer::Printer;

pub use super::arguments::{EngineArguments, InFlightArgument, ThreadsArgument, parse_threads};
use crate::engine::Output;
use crate::engine::choice::{self, Candidate, Choice, ChoiceError, Refusal, Request, Step};

/// Loads a model on what was asked for, and says what that is.
///
/// # Errors
/// Those of [`choice::load`], with the model file's path in front where it is the model that is at fault.
pub fn load(
    request: &Request,
    (path, model): (&Path, &ModelFile),
    outputs: &[Output],
    printer: &Printer,
) -> anyhow::Result<Choice> {
    told_of(path, printer, |progress| choice::load(model, outputs, request, progress))
}

/// The same for a model of somebody else.
///
/// # Errors
/// As of [`load`].
pub fn load_foreign(
    request: &Request,
    (path, model): (&Path, &ForeignModel),
    outputs: &[Output],
    printer: &Printer,
) -> anyhow::Result<Choice> {
    told_of(path, printer, |progress| choice::load_foreign(model, outputs, request, progress))
}

fn told_of(
    path: &Path,
    printer: &Printer,
    load: impl FnOnce(&mut dyn FnMut(Step)) -> Result<Choice, ChoiceError>,
) -> anyhow::Result<Choice> {
    let mut steps = printer.progress().steps();
    let loaded = load(&mut |step: Step| {
        if step.is_long() {
            printer.note(&step);
        }
        steps.begin(&step.to_string());
    });
    steps.end();
    let choice = match loaded {
        Err(error @ ChoiceError::Refused { refusal: Refusal::Engine(_) | Refusal::DataDependentShapes, .. }) => {
            Err(error).at(path.display())?
        }
        other => other?,
    };
    tell(&choice, printer);
    Ok(choice)
}

/// Says what runs the model, and why nothing better does.
fn tell(choice: &Choice, printer: &Printer) {
    let Choice { candidate, description, refused, .. } = choice;
    if refused.is_empty() && *candidate == Candidate::TRACT {
        return printer.detail(format_args!("engine: {description}"));
    }
    printer.note(format_args!("engine: {candidate} ({description})"));
    #[cfg(feature = "ort")]
    if let Some(placement) = &choice.placement {
        printer.note(placement);
    }
    #[cfg(feature = "ort")]
    if let Some(launched) = &choice.launched {
        printer.note(launched);
    }
    for warning in &choice.warnings {
        printer.detail(warning);
    }
    for reason in choice::told(refused) {
        printer.note(format_args!("not {reason}"));
    }
}
