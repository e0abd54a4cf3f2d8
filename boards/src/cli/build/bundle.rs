//! `--format bundle`.

use std::path::Path;

use moead_bundle::writer::Draft;
use moead_model::atomic_file;
use moead_terminal::failure::At;
use moead_terminal::printer::Printer;
use moead_terminal::progress::Steps;
use moead_terminal::signals;

use super::{Order, tell};
use crate::assemble::Labels;
use crate::cli::key;
use crate::{assemble, places};

/// What its file is called, unless somebody says.
pub(super) fn file_name(labels: &Labels) -> String {
    format!("{}-{}.moead", labels.name, labels.version)
}

pub(super) fn write(order: Order<'_>, steps: &mut Steps, printer: &Printer) -> anyhow::Result<()> {
    let Order { arguments, profile, labels, inputs, output, checked, .. } = order;
    // The parser has asked for it.
    let path = arguments.key.as_deref().unwrap_or(Path::new(""));
    let key = key::secret(path, &arguments.passphrase, printer)?;
    steps.begin("compressing");
    let contents = assemble::files(&profile, inputs, &places::RELEASE)?.contents();
    let draft = Draft::new(assemble::manifest(&profile, labels), &contents)?;
    let manifest = draft.manifest();
    let trusted = format!("moead bundle {} {} for {}", manifest.name, manifest.version, profile.name);
    let signature = key.sign_checked(draft.message(), &trusted).at(path.display())?;
    signals::before_end(atomic_file::abandon)?;
    steps.begin(&format!("writing {}", output.display()));
    atomic_file::write::<std::io::Error>(&output, |out| draft.write(&signature, out)).at(output.display())?;
    steps.end();
    let (version, name, id) = (manifest.version, &manifest.name, key.public().id());
    tell(&output, &format!("release {version} of {name} for {}, signed with key {id}", profile.name), &checked, printer)
}
