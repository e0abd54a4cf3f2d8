//! Settings of moead-edge as a unit reads them: `NAME=VALUE` lines, `systemd.exec(5)`, "EnvironmentFile=".
//!
//! The release brings one such file (what the board's profile says, then what its maker says), the site may have another; the later
//! line wins. Only moead-edge's own variables are taken: anything else in a signed file is a mistake, or worse.

use std::fmt::Write as _;

use crate::closest::closest;
use crate::places::{self, Places};
use crate::profile::Profile;

/// Variables of moead-edge. A test of the command line (`cli/rehearsal`) compares the list with the program itself.
pub const KNOWN: [&str; 19] = [
    "MOEAD_CONFIG",
    "MOEAD_ENGINE",
    "MOEAD_FORMAT",
    "MOEAD_FROZEN_AFTER",
    "MOEAD_GPU",
    "MOEAD_GPU_MEMORY",
    "MOEAD_HTTP",
    "MOEAD_IN_FLIGHT",
    "MOEAD_MAX_CPU_NODES",
    "MOEAD_ORT_LIB",
    "MOEAD_POLICY",
    "MOEAD_PRODUCT",
    "MOEAD_PROVIDER",
    "MOEAD_STALL_TIMEOUT",
    "MOEAD_TENSORRT_CACHE",
    "MOEAD_TENSORRT_CALIBRATION",
    "MOEAD_TENSORRT_PRECISION",
    "MOEAD_THREADS",
    "MOEAD_THRESHOLD",
];

/// The variable that the release itself sets.
pub const MODEL: &str = "MOEAD_MODEL";

/// Where the run says how it is: the unit's own folder, where updates look for it.
pub const STATE_FILE: &str = "MOEAD_STATE_FILE";

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Of the environment.
    pub name: String,
    /// Without quotes.
    pub value: String,
}

/// Why a line is no setting. Lines are counted from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// Not `NAME=VALUE`.
    #[error("line {line}: expected NAME=VALUE, found {found:?}")]
    Form {
        /// In the file.
        line: usize,
        /// As written.
        found: String,
    },
    /// Something that systemd takes for the end of a line, or stops at, and that is not seen.
    #[error("line {line}: a control character, {found:?}")]
    Control {
        /// In the file.
        line: usize,
        /// The character.
        found: char,
    },
    /// Quotes or backslashes that systemd would read in another way than they look.
    #[error(
        "line {line}: {name}: a value with quotes or backslashes must stand in one pair of quotes, and end with it"
    )]
    Quotes {
        /// In the file.
        line: usize,
        /// Of the variable.
        name: String,
    },
    /// Not a variable of moead-edge.
    #[error("line {line}: moead-edge has no variable {name}")]
    Unknown {
        /// In the file.
        line: usize,
        /// Of the variable.
        name: String,
        /// What was perhaps meant.
        closest: Option<String>,
    },
    /// A variable that is not a site's to set.
    #[error("line {line}: {name} is set by the release")]
    Own {
        /// In the file.
        line: usize,
        /// Of the variable.
        name: String,
    },
    /// The same again.
    #[error("line {line}: {name} is set twice")]
    Twice {
        /// In the file.
        line: usize,
        /// Of the variable.
        name: String,
    },
}

/// Reads a file's text.
///
/// # Errors
/// [`SettingsError`], the first.
pub fn parse(text: &str) -> Result<Vec<Setting>, SettingsError> {
    let mut settings: Vec<Setting> = Vec::new();
    for (index, text) in text.lines().enumerate() {
        let line = index + 1;
        // Also in a comment: behind a lone carriage return begins another line.
        if let Some(found) = text.chars().find(|letter| letter.is_control() && *letter != '\t') {
            return Err(SettingsError::Control { line, found });
        }
        let text = text.trim();
        if text.is_empty() || text.starts_with(['#', ';']) {
            continue;
        }
        let form = || SettingsError::Form { line, found: text.to_owned() };
        let (name, value) = text.split_once('=').ok_or_else(form)?;
        let name = name.trim_end().to_owned();
        let is_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || !name.bytes().all(is_name) {
            return Err(form());
        }
        if [MODEL, STATE_FILE].contains(&name.as_str()) {
            return Err(SettingsError::Own { line, name });
        }
        if !KNOWN.contains(&name.as_str()) {
            return Err(SettingsError::Unknown { line, closest: closest(&name, KNOWN), name });
        }
        if settings.iter().any(|before| before.name == name) {
            return Err(SettingsError::Twice { line, name });
        }
        let value = unquoted(value.trim()).ok_or_else(|| SettingsError::Quotes { line, name: name.clone() })?;
        settings.push(Setting { name, value });
    }
    Ok(settings)
}

/// The value inside of one pair of quotes, or as it is without any.
fn unquoted(text: &str) -> Option<String> {
    let has_special = |text: &str| text.contains(['"', '\'', '\\']);
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote) {
            let inner = inner.strip_suffix(quote)?;
            return (!has_special(inner)).then(|| inner.to_owned());
        }
    }
    (!has_special(text)).then(|| text.to_owned())
}

/// What the board's profile says.
#[must_use]
pub fn of_profile(profile: &Profile, places: &Places) -> Vec<Setting> {
    let setting = |name: &str, value: String| Setting { name: name.into(), value };
    vec![
        setting(MODEL, places.model.into()),
        setting("MOEAD_ENGINE", profile.engine.name.name().into()),
        setting("MOEAD_PROVIDER", profile.engine.provider.name().into()),
        setting("MOEAD_THREADS", profile.engine.threads.to_string()),
    ]
}

/// The profile's settings with the maker's in their place.
#[must_use]
pub fn combined(profile: &Profile, more: &[Setting], places: &Places) -> Vec<Setting> {
    let is_replaced = |setting: &Setting| more.iter().any(|other| other.name == setting.name);
    of_profile(profile, places)
        .into_iter()
        .filter(|setting| !is_replaced(setting))
        .chain(more.iter().cloned())
        .collect()
}

/// The text of the release's file.
#[must_use]
pub fn text(profile: &Profile, settings: &[Setting]) -> String {
    let mut text = format!(
        "# Written by moead-board for {}. Changes go into {}, which is read after this.\n",
        profile.name,
        places::SITE_SETTINGS
    );
    for Setting { name, value } in settings {
        // No value has quotes or backslashes, so these are all that systemd sees.
        let quotes = if value.contains(char::is_whitespace) || value.is_empty() { "\"" } else { "" };
        writeln!(text, "{name}={quotes}{value}{quotes}").expect("a text grows");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::catalogue;

    #[test]
    fn a_file_is_read_as_systemd_reads_it() {
        let text =
            "# a comment\n; another\n\nMOEAD_THRESHOLD=4.5\n MOEAD_PRODUCT = \"bolt M8\" \nMOEAD_HTTP='0.0.0.0:80'\n";
        let found: Vec<_> =
            parse(text).unwrap().into_iter().map(|Setting { name, value }| format!("{name} {value}")).collect();
        assert_eq!(found, ["MOEAD_THRESHOLD 4.5", "MOEAD_PRODUCT bolt M8", "MOEAD_HTTP 0.0.0.0:80"]);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let profile = catalogue::profile("raspberry-pi-5").unwrap();
        let more = parse("MOEAD_PRODUCT=\"bolt M8\"\nMOEAD_THREADS=2\nMOEAD_FORMAT=\n").unwrap();
        let written = text(&profile, &combined(&profile, &more, &places::RELEASE));
        let own = "MOEAD_MODEL=/opt/moead/current/model.onnx\n";
        assert!(written.contains(own), "{written}");
        let again = parse(&written.replace(own, "")).unwrap();
        assert!(more.iter().all(|setting| again.contains(setting)), "{written}");
        assert_eq!(again.len(), 5);
    }

    #[test]
    fn lines_that_would_be_misread_are_refused() {
        let said = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(said("MOEAD_THRESHOLD"), "line 1: expected NAME=VALUE, found \"MOEAD_THRESHOLD\"");
        assert_eq!(said("\nexport MOEAD_HTTP=1"), "line 2: expected NAME=VALUE, found \"export MOEAD_HTTP=1\"");
        assert_eq!(said("MOEAD_TRESHOLD=4.5"), "line 1: moead-edge has no variable MOEAD_TRESHOLD");
        assert_eq!(said("LD_PRELOAD=/evil.so"), "line 1: moead-edge has no variable LD_PRELOAD");
        assert_eq!(said("MOEAD_MODEL=/x"), "line 1: MOEAD_MODEL is set by the release");
        assert_eq!(said("MOEAD_STATE_FILE=/x"), "line 1: MOEAD_STATE_FILE is set by the release");
        assert_eq!(said("# mine\rLD_PRELOAD=/evil.so"), "line 1: a control character, '\\r'");
        assert_eq!(said("MOEAD_HTTP=1\r\nMOEAD_GPU=\0"), "line 2: a control character, '\\0'");
        assert_eq!(said("MOEAD_HTTP=1\nMOEAD_HTTP=2"), "line 2: MOEAD_HTTP is set twice");
        for wrong in ["a\"b", "\"a", "a\\", "\"a\" b", "\"a\\\"b\"", "'"] {
            let found = said(&format!("MOEAD_PRODUCT={wrong}"));
            assert!(found.starts_with("line 1: MOEAD_PRODUCT: a value with quotes"), "{wrong}: {found}");
        }
    }
}
