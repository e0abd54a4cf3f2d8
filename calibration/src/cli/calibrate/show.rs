//! `moead-calibrate show MODEL`.

use moead_model::calibration::Calibration;
use moead_model::onnx::model_file::ModelFile;
use moead_terminal::exit::Exit;
use moead_terminal::failure::At as _;
use moead_terminal::printer::Printer;

use super::arguments::ShowArguments;
use super::found::COMMON;
use super::table;
use crate::calibrate::promise::Promise;

/// The file says nothing about pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the model file has no calibration")]
pub(super) struct NotCalibrated;

pub(super) fn run(arguments: &ShowArguments, printer: &Printer) -> anyhow::Result<Exit> {
    let place = || arguments.model.display().to_string();
    let model = ModelFile::open(&arguments.model).at(place())?;
    let value = model.manifest().calibration.as_ref().ok_or(NotCalibrated).at(place())?;
    if arguments.json {
        printer.line(value)?;
        return Ok(Exit::Fine);
    }
    let calibration = Calibration::parse(value).at(place())?;
    table::products(&calibration, |_| true).lines().try_for_each(|line| printer.line(line))?;
    printer.line("")?;
    let products = calibration.products.iter().map(|(name, product)| (name.as_str(), product));
    for (name, product) in products.chain(calibration.common.iter().map(|product| (COMMON, product))) {
        printer.line(format_args!("{name}: {}", Promise { product, target: &calibration.target }))?;
        for file in &product.excluded {
            printer.line(format_args!("{name}: left out: {file}"))?;
        }
    }
    let unknown = || "unknown".to_owned();
    printer.line(format_args!(
        "made {} by {}, judged by {}, weights {}",
        calibration.created,
        calibration.created_by.clone().unwrap_or_else(unknown),
        calibration.engine.clone().unwrap_or_else(unknown),
        calibration.precision.clone().unwrap_or_else(unknown),
    ))?;
    Ok(Exit::Fine)
}
