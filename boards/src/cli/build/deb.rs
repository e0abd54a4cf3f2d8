//! `--format deb`.

use std::path::PathBuf;

use moead_model::atomic_file;
use moead_terminal::failure::At;
use moead_terminal::printer::Printer;
use moead_terminal::progress::Steps;

use super::{Order, tell};
use crate::package::deb::{self, Labels};
use crate::{assemble, places};

pub(super) fn write(order: Order<'_>, steps: &mut Steps, printer: &Printer) -> anyhow::Result<()> {
    let Order { arguments, profile, labels, program, inputs, checked } = order;
    let labels = Labels {
        name: labels.name,
        version: labels.version,
        maintainer: arguments.maintainer.clone().unwrap_or_default(),
        triple: profile.target.triple,
        glibc: program.glibc,
    };
    let output = arguments.output.clone().unwrap_or_else(|| PathBuf::from(labels.file_name()));
    atomic_file::check_writable(&output).at(output.display())?;
    steps.begin("compressing");
    let files = assemble::files(&profile, inputs, &places::PACKAGE)?;
    let package = deb::package(&files, &labels)?;
    steps.begin(&format!("writing {}", output.display()));
    atomic_file::write::<std::io::Error>(&output, |out| out.write_all(&package)).at(output.display())?;
    steps.end();
    let (version, name, architecture) = (labels.version, &labels.name, labels.triple.architecture());
    tell(&output, &format!("release {version} of {name} for {} ({architecture})", profile.name), &checked, printer)
}
