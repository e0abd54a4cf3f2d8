//! `moead-calibrate --model FILE FOLDER…`.

use moead_model::atomic_file;
use moead_runtime::engine::crew::InFlight;
use moead_terminal::exit::Exit;
use moead_terminal::failure::At as _;
use moead_terminal::printer::Printer;
use moead_terminal::signals;

use super::arguments::CalibrateArguments;
use super::job::{Job, Vetoed};
use crate::calibrate::pictures::Pictures;
use crate::calibrate::vetoes::Vetoes;
use crate::dataset::Dataset;
use crate::drift::Order;

pub(super) fn run(arguments: &CalibrateArguments, printer: &Printer) -> anyhow::Result<Exit> {
    let job = Job::open(&arguments.fit, InFlight::Filling)?;
    signals::before_end(atomic_file::abandon)?;
    job.spare(arguments.veto.iter())?;
    job.spare(arguments.folders.iter().chain(&arguments.fit.defects).flat_map(|folder| Dataset::lists(folder)))?;
    let (pictures, vetoed) = pictures(arguments, printer)?;
    job.run(pictures, &vetoed, Order::Unknown, printer)?;
    Ok(Exit::Fine)
}

fn pictures(arguments: &CalibrateArguments, printer: &Printer) -> anyhow::Result<(Pictures, Vetoed)> {
    let (layout, name) = (arguments.layout, arguments.fit.product.as_deref());
    let mut pictures = Pictures::of_good(&arguments.folders, layout, name)?;
    let vetoed = match &arguments.veto {
        Some(list) => pictures.veto(&Vetoes::read(list).at(list.display())?)?,
        None => Vetoed::new(),
    };
    if let Some(folder) = &arguments.fit.defects {
        // A defect has no layout of its own unless it says so by itself.
        pictures.add_defective(folder, None, name)?;
    } else if pictures.left_aside > 0 {
        printer
            .note(format_args!("{} defective pictures left aside: `--defects FOLDER` uses them", pictures.left_aside));
    }
    if pictures.for_training > 0 {
        printer.warning(format_args!(
            "{} pictures are those that the data set has for training: a model that was trained on them scores them lower than new ones, and the \
             threshold is too low for these; keep good pictures back from training, and calibrate with those",
            pictures.for_training
        ));
    }
    if pictures.kept_for_testing > 0 {
        printer.detail(format_args!("{} good pictures left aside: they are for testing", pictures.kept_for_testing));
    }
    Ok((pictures, vetoed))
}
