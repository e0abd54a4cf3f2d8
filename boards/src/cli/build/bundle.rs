//! `--format bundle`.

use std::path::{Path, PathBuf};

use moead_bundle::writer::Draft;
use moead_model::atomic_file;
use moead_terminal::failure::At;
use moead_terminal::printer::Printer;
use moead_terminal::progress::Steps;

use super::{Order, tell};
use crate::cli::key;
use crate::{assemble, places};

pub(super) fn write(order: Order<'_>, steps: &mut Steps, printer: &Printer) -> anyhow::Result<()> {
    let Order { arguments, profile, labels, inputs, checked, .. } = order;
    let output = match &arguments.output {
        Some(output) => output.clone(),
        None => PathBuf::from(format!("{}-{}.moead", labels.name, labels.version)),
    };
    atomic_file::check_writable(&output).at(output.display())?;
    // The parser has asked for it.
    let path = arguments.key.as_deref().unwrap_or(Path::new(""));
    let key = key::secret(path, &arguments.passphrase, printer)?;
    steps.begin("compressing");
    let contents = assemble::files(&profile, inputs, &places::RELEASE)?.contents();
    let draft = Draft::new(assemble::manifest(&profile, labels), &contents)?;
    let manifest = draft.manifest();
    let trusted = format!("moead bundle {} {} for {}", manifest.name, manifest.version, profile.name);
    let signature = key.sign_checked(draft.message(), &trusted).at(path.display())?;
    steps.begin(&format!("writing {}", output.display()));
    atomic_file::write::<std::io::Error>(&output, |out| draft.write(&signature, out)).at(output.display())?;
    steps.end();
    let (version, name, id) = (manifest.version, &manifest.name, key.public().id());
    tell(&output, &format!("release {version} of {name} for {}, signed with key {id}", profile.name), &checked, printer)
}
