//! The files that a run writes: none takes the place of another, nor of anything that the run reads.

use moead_calibration::dataset::Dataset;
use moead_model::atomic_file;
use moead_model::outputs::{Output, Outputs};
use moead_terminal::failure::{At as _, UsageError};
use moead_terminal::printer::Printer;

use super::arguments::TrainArguments;

/// How the names of the files beside the checkpoint end.
pub(super) const LAST: &str = "last.safetensors";
pub(super) const FEATURES: &str = "features";
pub(super) const DRAWN_FEATURES: &str = "drawn.features";
pub(super) const ALTERED_FEATURES: &str = "altered.features";

/// All files of a run, those among them that this run may not need. That they can be written, and that backbone and lists are spared, is looked
/// at before minutes of work.
pub(super) fn outputs(arguments: &TrainArguments) -> anyhow::Result<Outputs> {
    let beside = [
        ("the run itself", LAST),
        ("the file of features", FEATURES),
        ("the file of features with drawn defects", DRAWN_FEATURES),
        ("the file of features of altered copies", ALTERED_FEATURES),
    ];
    let beside = beside.map(|(what, ending)| (what, arguments.beside(ending)));
    let beside = beside.iter().map(|(what, path)| Output { what, path });
    let given = [
        Some(Output { what: "the checkpoint", path: arguments.output() }),
        arguments.metrics.as_deref().map(|path| Output { what: "the metrics", path }),
        arguments.report.as_deref().map(|path| Output { what: "the report", path }),
    ];
    let all = given.into_iter().flatten().chain(beside);
    for Output { path, .. } in all.clone() {
        atomic_file::check_writable(path).at(path.display())?;
    }
    let outputs = Outputs::new(all).map_err(UsageError::of)?;
    outputs.spare([arguments.backbone()]).map_err(UsageError::of)?;
    outputs.spare(Dataset::lists(arguments.data())).map_err(UsageError::of)?;
    Ok(outputs)
}

/// Says what of another run is there and will be gone, if this one does not go on with it. A network that was made before may be the better one.
pub(super) fn tell_replaced(arguments: &TrainArguments, printer: &Printer) {
    if arguments.resume {
        return;
    }
    let made = [arguments.output().to_owned(), arguments.beside(LAST)].into_iter().filter(|path| path.exists());
    let made: Vec<_> = made.map(|path| path.display().to_string()).collect();
    if !made.is_empty() {
        printer.note(format_args!("a run begins anew, without `--resume`, and will replace {}", made.join(" and ")));
    }
}
