//! `--format deb`.

use moead_model::atomic_file;
use moead_terminal::failure::At;
use moead_terminal::printer::Printer;
use moead_terminal::progress::Steps;
use moead_terminal::signals;

use super::{Order, tell};
use crate::package::deb::{self, Labels};
use crate::profile::Profile;
use crate::{assemble, places};

/// What its file is called, unless somebody says.
pub(super) fn file_name(labels: &assemble::Labels, profile: &Profile) -> String {
    deb::file_name(labels.version, profile.target.triple)
}

pub(super) fn write(order: Order<'_>, steps: &mut Steps, printer: &Printer) -> anyhow::Result<()> {
    let Order { arguments, profile, labels, program, inputs, output, checked } = order;
    let labels = Labels {
        name: labels.name,
        version: labels.version,
        maintainer: arguments.maintainer.clone().unwrap_or_default(),
        triple: profile.target.triple,
        glibc: program.glibc,
    };
    steps.begin("compressing");
    let files = assemble::files(&profile, inputs, &places::PACKAGE)?;
    let package = deb::package(&files, &labels)?;
    signals::before_end(atomic_file::abandon)?;
    steps.begin(&format!("writing {}", output.display()));
    atomic_file::write::<std::io::Error>(&output, |out| out.write_all(&package)).at(output.display())?;
    steps.end();
    let (version, name, architecture) = (labels.version, &labels.name, labels.triple.architecture());
    tell(&output, &format!("release {version} of {name} for {} ({architecture})", profile.name), &checked, printer)
}
