//! `--format oci`.

use moead_model::atomic_file;
use moead_terminal::failure::At;
use moead_terminal::printer::Printer;
use moead_terminal::progress::Steps;
use moead_terminal::signals;

use super::Order;
use crate::cli::say::Say as _;
use crate::package::oci::base::Base;
use crate::package::oci::{self, Labels, OciError, Start};
use crate::temporaries::Temporaries;
use crate::{assemble, places, settings, unit};

/// What its folder is called, unless somebody says.
pub(super) fn folder_name(labels: &assemble::Labels) -> String {
    format!("{}-oci", labels.name)
}

pub(super) fn write(order: Order<'_>, steps: &mut Steps, printer: &Printer) -> anyhow::Result<()> {
    let Order { arguments, profile, labels, program, inputs, output, checked } = order;
    let base = arguments.base.as_deref();
    let base = base.map(|base| Base::open(base, profile.target.triple).at(base.display())).transpose()?;
    check_libraries(base.as_ref(), program.libraries)?;
    let settings = settings::combined(&profile, &inputs.settings, &places::PACKAGE);
    let start = Start {
        environment: settings.into_iter().map(|setting| (setting.name, setting.value)).collect(),
        arguments: unit::arguments(&profile, &inputs.arguments),
    };
    let labels = Labels { name: labels.name, version: labels.version, triple: profile.target.triple };
    let temporaries = Temporaries::default();
    let left = temporaries.clone();
    signals::heed(move |signal| {
        // First what goes into the folder, then the folder.
        let _gone = (atomic_file::abandon(), left.remove());
        signal.end();
    })?;
    steps.begin(&format!("writing {}", output.display()));
    let files = assemble::files(&profile, inputs, &places::PACKAGE)?;
    oci::write(&output, base.as_ref(), &files, &start, &labels, &temporaries).at(output.display())?;
    steps.end();
    printer.say(format_args!(
        "{}: release {} of {} for {} ({}), {checked}",
        output.display(),
        labels.version,
        labels.name,
        profile.name,
        labels.triple.architecture(),
    ))?;
    Ok(())
}

/// Whether the program may find its libraries in the base.
fn check_libraries(base: Option<&Base>, found: Vec<String>) -> Result<(), OciError> {
    match base {
        _ if found.is_empty() => Ok(()),
        None => Err(OciError::NoBase { found }),
        Some(base) if base.is_empty() => Err(OciError::EmptyBase { found }),
        Some(_) => Ok(()),
    }
}
