//! Variables of the environment that flags are taken from where nobody types them.

use std::ffi::{OsStr, OsString};

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Command};

/// Takes no variable that is set to nothing: an empty line in a service's settings says nothing.
pub(crate) fn without_empty(command: Command) -> Command {
    let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    let without = |flag: Arg| if flag.get_env().is_some_and(is_empty) { flag.env(None::<&'static str>) } else { flag };
    command.mut_args(without).mut_subcommands(without_empty)
}

/// The variable whose value was refused in the name of a flag that nobody typed.
pub(crate) fn refused(mut command: Command, typed: &[OsString], error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(named)) = error.get(ContextKind::InvalidArg) else { return None };
    let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) else { return None };
    // Before that, a flag of another subcommand does not know how it is written.
    command.build();
    let flag = flags(&command).find(|flag| flag.to_string() == *named)?;
    let variable = flag.get_env()?;
    let is_typed =
        |word: &OsString| flag.get_long().is_some_and(|long| word.to_string_lossy().starts_with(&format!("--{long}")));
    let is_of_variable = std::env::var_os(variable).is_some_and(|of_variable| of_variable == **value);
    (is_of_variable && !typed.iter().any(is_typed)).then(|| variable.to_string_lossy().into_owned())
}

/// What all variables of the moead programs begin with.
const PREFIX: &str = "MOEAD_";

/// A variable that says nothing to anybody, and the one that was probably meant.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Misspelt {
    pub(crate) found: String,
    pub(crate) meant: String,
}

/// Variables that nearly have the name of one that a flag is taken from. Those of other programs are longer ways off.
///
/// * `environment`: names with values.
pub(crate) fn misspelt(command: &Command, environment: impl Iterator<Item = (OsString, OsString)>) -> Vec<Misspelt> {
    let known: Vec<&str> = flags(command).filter_map(|flag| flag.get_env()?.to_str()?.strip_prefix(PREFIX)).collect();
    let meant = |name: &str| {
        // One letter of a short name makes another word of it.
        let slips = if name.len() > 5 { 2 } else { 1 };
        let distances = known.iter().map(|known| (strsim::osa_distance(known, name), *known));
        distances.min().filter(|(distance, _)| (1..=slips).contains(distance)).map(|(_, known)| known)
    };
    let found = environment.filter_map(|(name, _)| {
        let name = name.to_str()?.strip_prefix(PREFIX)?;
        let meant = meant(name)?;
        Some(Misspelt { found: format!("{PREFIX}{name}"), meant: format!("{PREFIX}{meant}") })
    });
    found.collect()
}

/// Those of all subcommands, too.
fn flags(command: &Command) -> Box<dyn Iterator<Item = &Arg> + '_> {
    Box::new(command.get_arguments().chain(command.get_subcommands().flat_map(flags)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_in_a_name_is_noticed_and_another_name_is_not() {
        let flag = |name, variable| Arg::new(name).long(name).env(variable);
        let run = Command::new("run").arg(flag("gpu", "MOEAD_GPU"));
        let command = Command::new("greet").arg(flag("threshold", "MOEAD_THRESHOLD")).subcommand(run);
        let of = |names: &[&str]| {
            let found = misspelt(&command, names.iter().map(|name| (name.into(), "1".into())));
            found.into_iter().map(|found| format!("{} for {}", found.found, found.meant)).collect::<Vec<_>>()
        };
        assert_eq!(of(&["MOEAD_TRESHOLD"]), ["MOEAD_TRESHOLD for MOEAD_THRESHOLD"]);
        assert_eq!(of(&["MOEAD_GPUS"]), ["MOEAD_GPUS for MOEAD_GPU"]);
        assert!(of(&["MOEAD_THRESHOLD", "MOEAD_GPU", "MOEAD_PYTHON", "MOEAD_ROOT", "TRESHOLD", "MOEAD_"]).is_empty());
    }

    #[test]
    fn what_a_variable_says_wrongly_is_blamed_on_it() {
        // Set for every test by cargo, to what is no number.
        let flag = Arg::new("size").long("size").env("CARGO_PKG_NAME").value_parser(clap::value_parser!(u8));
        let command = Command::new("greet").arg(flag);
        let refuse = |words: &[&str]| {
            let typed: Vec<OsString> = words.iter().map(OsString::from).collect();
            let error = command.clone().try_get_matches_from(&typed).unwrap_err();
            refused(command.clone(), &typed, &error)
        };
        assert_eq!(refuse(&["greet"]).as_deref(), Some("CARGO_PKG_NAME"));
        assert_eq!(refuse(&["greet", "--size", "x"]), None);
        assert_eq!(refuse(&["greet", concat!("--size=", env!("CARGO_PKG_NAME"))]), None);
    }
}
