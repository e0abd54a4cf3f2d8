//! What the board will do with a bundle, tried here first: its arguments parsed, its model's self-test run.

use std::path::Path;

#[cfg(feature = "runtime")]
use clap::parser::ValueSource;
use moead_model::onnx::model_file::ModelFile;
#[cfg(feature = "runtime")]
use moead_terminal::failure::At as _;
use moead_terminal::printer::Printer;

use crate::profile::Profile;
use crate::settings::Setting;

/// Whether this program can.
pub(super) const IS_POSSIBLE: bool = cfg!(feature = "runtime");

/// moead-edge would not take them.
#[derive(Debug, thiserror::Error)]
#[error("moead-edge would refuse its arguments: {0}")]
pub(super) struct ArgumentsError(String);

/// moead-edge would not take a site's settings.
#[cfg_attr(not(feature = "runtime"), allow(dead_code, reason = "nobody says so without moead-edge's own parser"))]
#[derive(Debug, thiserror::Error)]
#[error("moead-edge would refuse it: {0}")]
pub(super) struct SettingsRefused(String);

#[cfg(not(feature = "runtime"))]
pub(super) fn run(
    _: &Profile,
    _: (&Path, &ModelFile),
    _: (&[Setting], &[String]),
    _: &Printer,
) -> anyhow::Result<String> {
    Err(ArgumentsError("this program was built without an engine".into()).into())
}

#[cfg(not(feature = "runtime"))]
pub(super) fn check_settings(_: &[Setting]) -> Result<(), SettingsRefused> {
    Ok(())
}

/// The date, where this program has a clock.
pub(super) fn today() -> Option<jiff::civil::Date> {
    #[cfg(feature = "runtime")]
    {
        use moead_runtime::stream::clock::{Clock as _, SystemClock};
        Some(SystemClock.wall().date())
    }
    #[cfg(not(feature = "runtime"))]
    None
}

/// What was found, in words.
#[cfg(feature = "runtime")]
pub(super) fn run(
    profile: &Profile,
    (path, model): (&Path, &ModelFile),
    (settings, more): (&[Setting], &[String]),
    printer: &Printer,
) -> anyhow::Result<String> {
    check_arguments(profile, settings, more)?;
    self_test(model, printer).at(path.display())
}

/// Parses what the unit starts with the settings that it reads. This machine's own variables do not count.
#[cfg(feature = "runtime")]
fn check_arguments(profile: &Profile, settings: &[Setting], more: &[String]) -> Result<(), ArgumentsError> {
    let command = moead_runtime::cli::command();
    let without_environment = command.clone().mut_args(|argument| argument.env(None::<&str>));
    let program = || std::iter::once("moead-edge".to_owned());
    let words = crate::unit::arguments(profile, more);
    // What is wrong with them is said below.
    let typed = without_environment.clone().ignore_errors(true).try_get_matches_from(program().chain(words.clone()));
    // A flag wins over its variable, as it will on the board.
    let is_typed = |argument: &clap::Arg| {
        let source = typed.as_ref().ok().and_then(|typed| typed.value_source(argument.get_id().as_str()));
        source == Some(ValueSource::CommandLine)
    };
    let settings = crate::settings::combined(profile, settings, &crate::places::RELEASE);
    let flags = settings.iter().filter_map(|setting| flag(&command, setting, is_typed));
    let parsed = without_environment.try_get_matches_from(program().chain(flags).chain(words));
    parsed.map(drop).map_err(|error| ArgumentsError(first_paragraph(&error)))
}

/// Whether moead-edge would take each value of a site's settings. The release's own flags and settings are not looked at: what a site may set goes with
/// any of them.
#[cfg(feature = "runtime")]
pub(super) fn check_settings(settings: &[Setting]) -> Result<(), SettingsRefused> {
    let command = moead_runtime::cli::command();
    let without_environment = command.clone().mut_args(|argument| argument.env(None::<&str>));
    let required = ["moead-edge", "--model=model.onnx", "--source=v4l2:///dev/video0"].map(str::to_owned);
    // An empty one counts as none: with it, a site takes back what the release says.
    let settings = settings.iter().filter(|setting| !setting.value.is_empty());
    let flags = settings.filter_map(|setting| flag(&command, setting, |_| false));
    let parsed = without_environment.try_get_matches_from(required.into_iter().chain(flags));
    parsed.map(drop).map_err(|error| SettingsRefused(first_paragraph(&error)))
}

/// The flag that says what the setting says; none where there is no such flag, or it is typed.
#[cfg(feature = "runtime")]
fn flag(command: &clap::Command, setting: &Setting, is_typed: impl Fn(&clap::Arg) -> bool) -> Option<String> {
    let argument = command.get_arguments().find(|argument| argument.get_env() == Some(setting.name.as_ref()))?;
    if is_typed(argument) { None } else { Some(format!("--{}={}", argument.get_long()?, setting.value)) }
}

/// What is wrong, in one line: the first may end in a colon, and the values that would be taken have one of their own.
#[cfg(feature = "runtime")]
fn first_paragraph(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
    lines.join(" ").trim_start_matches("error: ").to_owned()
}

/// The engine of this machine's processor against the model file's own answer.
#[cfg(feature = "runtime")]
fn self_test(model: &ModelFile, printer: &Printer) -> anyhow::Result<String> {
    use std::num::NonZeroUsize;

    use moead_runtime::engine::Output;
    use moead_runtime::engine::tract::Session;
    use moead_runtime::verify::self_test::{self, SelfTestError};
    let mut session = Session::load(model, &Output::JUDGED, NonZeroUsize::MIN)?;
    match self_test::check(&mut session, model.manifest()) {
        Ok(result) => Ok(format!("checked: self-test off by {:.1e}", result.map_error.max(result.score_error))),
        Err(SelfTestError::Absent) => {
            printer.warning("the model file has no self-test: nothing will show that the board computes it right");
            Ok("checked, but for the model, which has no self-test".into())
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
#[cfg(feature = "runtime")]
mod tests {
    use super::*;
    use crate::profile::catalogue;
    use crate::settings;

    fn check(profile: &str, settings: &str, more: &[&str]) -> Result<(), String> {
        let profile = catalogue::profile(profile).unwrap();
        let more: Vec<String> = more.iter().map(|&word| word.to_owned()).collect();
        let settings = settings::parse(settings).unwrap();
        check_arguments(&profile, &settings, &more).map_err(|error| error.to_string())
    }

    #[test]
    fn every_boards_own_arguments_are_fine() {
        for name in catalogue::names() {
            assert_eq!(check(name, "", &[]), Ok(()), "{name}");
        }
        assert_eq!(check("pc", "MOEAD_THRESHOLD=4.5\nMOEAD_HTTP=8080", &["--product", "bolt"]), Ok(()));
        assert_eq!(check("pc", "MOEAD_THREADS=2", &["--threads", "3"]), Ok(()));
    }

    #[test]
    fn a_flag_wins_over_its_variable_in_whichever_form_it_is() {
        for more in [["-t", "5"].as_slice(), &["-t5"], &["-t=5"], &["-qt5"], &["--threshold", "5"], &["--threshold=5"]]
        {
            assert_eq!(check("pc", "MOEAD_THRESHOLD=4.5", more), Ok(()), "{more:?}");
        }
        assert_eq!(check("pc", "", &["-ssynthetic://conveyor"]), Ok(()));
        let said = check("pc", "MOEAD_THRESHOLD=4.5", &["-t", "5", "-t", "6"]).unwrap_err();
        assert!(said.contains("'--threshold <SCORE>' cannot be used multiple times"), "{said}");
        let said = check("pc", "MOEAD_THRESHOLD=4.5", &["-t", "5", "--treshold", "4"]).unwrap_err();
        assert!(said.contains("unexpected argument '--treshold' found"), "{said}");
    }

    #[test]
    fn what_moead_edge_would_refuse_is_refused_here() {
        let said = check("pc", "MOEAD_THRESHOLD=high", &[]).unwrap_err();
        assert!(
            said.starts_with("moead-edge would refuse its arguments: invalid value 'high' for '--threshold"),
            "{said}"
        );
        let said = check("pc", "", &["--treshold", "4"]).unwrap_err();
        assert!(said.contains("unexpected argument '--treshold' found"), "{said}");
        let said = check("pc", "", &["--source", "ftp://x"]).unwrap_err();
        assert!(said.contains("invalid value 'ftp://x'"), "{said}");
        let said = check("pc", "MOEAD_ENGINE=onnx", &[]).unwrap_err();
        assert!(said.contains("invalid value 'onnx' for '--engine <ENGINE>' [possible values: "), "{said}");
    }

    #[test]
    fn the_known_variables_are_those_of_the_program() {
        let command = moead_runtime::cli::command();
        let variables = command.get_arguments().filter_map(clap::Arg::get_env);
        let mut variables: Vec<_> = variables.map(|name| name.to_string_lossy().into_owned()).collect();
        variables.retain(|name| ![settings::MODEL, settings::STATE_FILE].contains(&name.as_str()));
        variables.sort();
        assert_eq!(variables, settings::KNOWN);
    }
}
