//! `moead-board key`.

use std::path::Path;

use moead_bundle::signature::PublicKey;
use moead_terminal::exit::Exit;
use moead_terminal::failure::At;
use moead_terminal::printer::Printer;

use super::arguments::{KeyArguments, KeyCommand, NewKeyArguments, PassphraseArguments};
use super::say::Say as _;
use crate::key::{self, SecretKey};
use crate::{input, key_file};

pub(super) fn run(arguments: &KeyArguments, printer: &Printer) -> anyhow::Result<Exit> {
    match &arguments.command {
        KeyCommand::New(new) => make(new, printer),
    }
}

fn make(arguments: &NewKeyArguments, printer: &Printer) -> anyhow::Result<Exit> {
    let secret = &arguments.file;
    let public = secret.with_extension("pub");
    anyhow::ensure!(public != *secret, "{}: the public half would have that name", secret.display());
    let passphrase = if arguments.no_passphrase { None } else { arguments.passphrase.chosen()? };
    let mut steps = printer.progress().steps();
    steps.begin("making a key");
    let texts = key::make(passphrase.as_deref())?;
    key_file::write(&texts, secret, &public)?;
    steps.end();
    let locked = if passphrase.is_some() { "locked with the passphrase" } else { "without a passphrase" };
    let id = PublicKey::parse(&texts.public)?.id();
    printer.say(format_args!("{}: signs, keep it secret; {locked}", secret.display()))?;
    printer.say(format_args!("{}: checks, goes onto boards; key {id}", public.display()))?;
    Ok(Exit::Fine)
}

/// The secret key in a file, unlocked.
pub(super) fn secret(path: &Path, passphrase: &PassphraseArguments, printer: &Printer) -> anyhow::Result<SecretKey> {
    let place = path.display();
    let text = input::text(path).at(place.to_string())?;
    if let Some(mode) = key_file::exposed(path).at(place.to_string())? {
        printer.warning(format_args!("{place}: others may read it (mode {mode:03o}): chmod 600 {place}"));
    }
    let words = if key::is_locked(&text).at(place.to_string())? { passphrase.known(&place.to_string())? } else { None };
    let mut steps = printer.progress().steps();
    steps.begin("unlocking the key");
    SecretKey::parse(&text, words.as_deref()).at(place)
}

/// The public key in a file.
pub(super) fn public(path: &Path) -> anyhow::Result<PublicKey> {
    let text = input::text(path).at(path.display())?;
    PublicKey::parse(&text).at(path.display())
}
