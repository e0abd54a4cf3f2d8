//! `moead-edge config check|show`: what a run would do with this command line, environment and file.

use std::ffi::{OsStr, OsString};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches as _};
use moead_terminal::exit::Exit;
use moead_terminal::failure::UsageError;
use moead_terminal::printer::Printer;
use moead_terminal::table::Table;
use serde_json::{Map, Value, json};

use super::{Merged, flags, merge};
use crate::cli::arguments::{ConfigArguments, ConfigCommand, RunArguments};

pub(in crate::cli) fn run(arguments: &ConfigArguments, command: Command, printer: &Printer) -> anyhow::Result<Exit> {
    let (flags_of_run, is_json) = match &arguments.command {
        ConfigCommand::Check { flags } => (flags, None),
        ConfigCommand::Show { json, flags } => (flags, Some(*json)),
    };
    let program = OsString::from(command.get_name());
    let typed = std::iter::once(program).chain(flags_of_run.iter().cloned()).collect();
    let merged = merge(command, typed)?;
    let command = &merged.command;
    let matches = match command.clone().try_get_matches_from(&merged.arguments) {
        Ok(matches) => matches,
        // Said as a run would say it.
        Err(error) => {
            let _ = error.print();
            return Ok(if error.use_stderr() { Exit::Usage } else { Exit::Fine });
        }
    };
    if matches.subcommand_name().is_some() {
        return Err(UsageError::new("expected the flags of a run, found a command").into());
    }
    RunArguments::from_arg_matches(&matches)?.check()?;
    let settings: Vec<Setting> = flags(command).filter_map(|flag| Setting::of(flag, &matches, &merged)).collect();
    match is_json {
        None => {
            let said = settings.iter().filter(|setting| !matches!(setting.origin, Origin::Default)).count();
            printer.note(format_args!("{said} settings, and nothing is wrong with them"));
        }
        Some(true) => {
            let all: Map<String, Value> = settings.iter().map(|it| (it.name.clone(), it.json())).collect();
            printer.line(json!({ "schema": 1, "settings": all }))?;
        }
        Some(false) => {
            let mut table = Table::new(&["setting", "", ""]);
            for setting in &settings {
                // Texts of any length stand last.
                let values = setting.values.join(" ");
                table.row([setting.name.clone(), setting.origin.to_string(), values]);
            }
            table.lines().skip(1).try_for_each(|line| printer.line(line))?;
        }
    }
    Ok(Exit::Fine)
}

/// A flag that has a value.
struct Setting {
    name: String,
    values: Vec<String>,
    origin: Origin,
}

/// Where it has it from.
enum Origin {
    Flag,
    Variable(String),
    File(String, usize),
    Default,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Variable(name) => f.write_str(name),
            Self::File(path, line) => write!(f, "{path}:{line}"),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Setting {
    fn of(flag: &Arg, matches: &ArgMatches, merged: &Merged) -> Option<Self> {
        let (id, name) = (flag.get_id().as_str(), flag.get_long()?);
        let source = matches.value_source(id)?;
        let values = match flag.get_action() {
            ArgAction::SetTrue => vec![matches.get_flag(id).to_string()],
            ArgAction::Count => vec![matches.get_count(id).to_string()],
            _ => texts(matches.get_raw(id)?),
        };
        let of_file = || {
            let (path, lines) = merged.file.as_ref()?;
            let (_, line) = lines.iter().find(|(key, _)| key == name)?;
            Some(Origin::File(path.display().to_string(), *line))
        };
        let origin = match source {
            ValueSource::CommandLine => of_file().unwrap_or(Origin::Flag),
            ValueSource::EnvVariable => {
                Origin::Variable(flag.get_env().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
            }
            _ => Origin::Default,
        };
        Some(Self { name: name.to_owned(), values, origin })
    }

    fn json(&self) -> Value {
        let origin = match &self.origin {
            Origin::Flag => json!({"flag": true}),
            Origin::Variable(name) => json!({"variable": name}),
            Origin::File(path, line) => json!({"file": path, "line": line}),
            Origin::Default => json!({"default": true}),
        };
        let value = if let [one] = &*self.values { json!(one) } else { json!(self.values) };
        json!({"value": value, "from": origin})
    }
}

/// A flag's values as they were typed, for people.
fn texts<'a>(values: impl Iterator<Item = &'a OsStr>) -> Vec<String> {
    values.map(|value| value.to_string_lossy().into_owned()).collect()
}
