//! `moead-edge verify`.

use std::path::Path;

use moead_model::onnx::model_file::ModelFile;
use moead_terminal::exit::Exit;
use moead_terminal::failure::{At as _, UsageError};
use moead_terminal::printer::Printer;

use super::arguments::VerifyArguments;

mod engines;
mod pictures;

pub(super) fn run(arguments: &VerifyArguments, printer: &Printer) -> anyhow::Result<Exit> {
    match (&arguments.against, &arguments.model[..]) {
        (Some(folder), [model]) => pictures::engines(arguments, &open(model)?, folder, printer),
        (Some(folder), [first, second]) => {
            pictures::models(arguments, [&open(first)?, &open(second)?], folder, printer)
        }
        (None, [model]) => engines::run(arguments, &open(model)?, printer),
        (None, _) => Err(UsageError::new("two models are compared on pictures: give `--against FOLDER`").into()),
        (Some(_), _) => Err(UsageError::new("at most two models can be compared").into()),
    }
}

/// A model file with the name that messages give it.
struct Model<'a> {
    path: &'a Path,
    file: ModelFile,
}

fn open(path: &Path) -> anyhow::Result<Model<'_>> {
    Ok(Model { path, file: ModelFile::open(path).at(path.display())? })
}
