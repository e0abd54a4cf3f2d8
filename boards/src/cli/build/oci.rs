//! `--format oci`.

use std::path::PathBuf;

use moead_terminal::failure::At;
use moead_terminal::printer::Printer;
use moead_terminal::progress::Steps;

use super::Order;
use crate::package::oci::base::Base;
use crate::package::oci::{self, Labels, OciError, Start};
use crate::{assemble, places, settings, unit};

pub(super) fn write(order: Order<'_>, steps: &mut Steps, printer: &Printer) -> anyhow::Result<()> {
    let Order { arguments, profile, labels, program, inputs, checked } = order;
    let folder = arguments.output.clone().unwrap_or_else(|| PathBuf::from(format!("{}-oci", labels.name)));
    let base = arguments.base.as_deref();
    let base = base.map(|base| Base::open(base, profile.target.triple).at(base.display())).transpose()?;
    if base.is_none() && !program.libraries.is_empty() {
        return Err(OciError::NoBase { found: program.libraries }.into());
    }
    let settings = settings::combined(&profile, &inputs.settings, &places::PACKAGE);
    let start = Start {
        environment: settings.into_iter().map(|setting| (setting.name, setting.value)).collect(),
        arguments: unit::arguments(&profile, &inputs.arguments),
    };
    let labels = Labels { name: labels.name, version: labels.version, triple: profile.target.triple };
    steps.begin(&format!("writing {}", folder.display()));
    let files = assemble::files(&profile, inputs, &places::PACKAGE)?;
    oci::write(&folder, base.as_ref(), &files, &start, &labels).at(folder.display())?;
    steps.end();
    printer.line(format_args!(
        "{}: release {} of {} for {} ({}), {checked}",
        folder.display(),
        labels.version,
        labels.name,
        profile.name,
        labels.triple.architecture(),
    ))?;
    Ok(())
}
