//! What the board will do with a bundle, tried here first: its arguments parsed, its model's self-test run.

use std::path::Path;

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

#[cfg(not(feature = "runtime"))]
pub(super) fn run(
    _: &Profile,
    _: (&Path, &ModelFile),
    _: (&[Setting], &[String]),
    _: &Printer,
) -> anyhow::Result<String> {
    Err(ArgumentsError("this program was built without an engine".into()).into())
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
    let flag = |setting: &Setting| {
        let argument = command.get_arguments().find(|argument| argument.get_env() == Some(setting.name.as_ref()))?;
        Some(format!("--{}={}", argument.get_long()?, setting.value))
    };
    let settings = crate::settings::combined(profile, settings, &crate::places::RELEASE);
    // A flag wins over its variable, as it will on the board.
    let is_given = |flag: &String| {
        let name = flag.split('=').next().unwrap_or_default();
        more.iter().any(|word| word.split('=').next() == Some(name))
    };
    let flags = settings.iter().filter_map(flag).filter(|flag| !is_given(flag));
    let words = std::iter::once("moead-edge".to_owned()).chain(flags).chain(crate::unit::arguments(profile, more));
    let words: Vec<String> = words.collect();
    let without_environment = command.clone().mut_args(|argument| argument.env(None::<&str>));
    without_environment.try_get_matches_from(words).map(drop).map_err(|error| {
        let text = error.render().to_string();
        let first = text.lines().next().unwrap_or_default();
        ArgumentsError(first.trim_start_matches("error: ").to_owned())
    })
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
