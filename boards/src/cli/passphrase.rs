//! Passphrases: from a file, or from the terminal, never from a flag that others could see.

use std::io::IsTerminal as _;

use moead_terminal::failure::{At, UsageError};

use super::arguments::PassphraseArguments;
use crate::input;

/// A file that has none for a new key. Only a person who is asked says so on purpose.
#[derive(Debug, thiserror::Error)]
#[error("expected a passphrase in the first line, found nothing there")]
pub(super) struct NoPassphrase;

impl PassphraseArguments {
    /// For a key that is locked. None: there is nobody to ask.
    pub(super) fn known(&self, what: &str) -> anyhow::Result<Option<String>> {
        if let Some(path) = &self.passphrase_file {
            let text = input::text(path).at(path.display())?;
            return Ok(Some(text.lines().next().unwrap_or_default().to_owned()));
        }
        if !std::io::stdin().is_terminal() {
            return Ok(None);
        }
        Ok(Some(rpassword::prompt_password(format!("passphrase of {what}: "))?))
    }

    /// For a new key. None: it shall have none.
    pub(super) fn chosen(&self) -> anyhow::Result<Option<String>> {
        let asked = self.passphrase_file.is_none();
        let first = self.known("the new key (empty: none)")?;
        let Some(first) = first else {
            let text = "there is no terminal to ask for a passphrase: `--passphrase-file FILE`, or `--no-passphrase`";
            return Err(UsageError::new(text).into());
        };
        if let Some(path) = self.passphrase_file.as_ref().filter(|_| first.trim().is_empty()) {
            return Err(NoPassphrase).at(path.display());
        }
        if first.is_empty() {
            return Ok(None);
        }
        if asked && rpassword::prompt_password("once more: ")? != first {
            anyhow::bail!("the two passphrases differ");
        }
        Ok(Some(first))
    }
}
