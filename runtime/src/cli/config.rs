//! Flags from a file: `--config FILE`, and `moead-edge config check|show`.
//!
//! Flag, then environment, then file, then default. What the file says becomes flags in front of those that were typed, where
//! neither a typed flag nor a variable says something else: so it is read, refused and explained as flags are.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

mod file;
mod show;

pub(super) use file::ReadError;
pub(super) use show::run;

use super::arguments::with_standard_input;
use crate::stream::uri::query::closest;
use file::{ConfigFile, Entry};

/// The flag, its key in matches, and its variable.
const CONFIG: &str = "config";
/// The flag that a table `[[source]]` stands for.
const SOURCE: &str = "source";

/// Flags that say the same in two ways: one that is typed takes the place of what the environment and the file have, and a variable of what
/// the file has.
const ALTERNATIVES: [&[&str]; 3] = [&[SOURCE, "camera", "demo"], &["view", "http"], &["demo", "model"]];

/// What is wrong with a file of flags.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", .path.display())]
pub(super) struct ConfigError {
    pub(super) path: PathBuf,
    pub(super) error: FileError,
}

/// Which part is wrong. Lines are counted from 1.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("line {line}: moead-edge has no flag {key}")]
    Unknown { line: usize, key: String, closest: Option<String> },
    #[error("line {line}: {key} is set twice")]
    Twice { line: usize, key: String },
    #[error("line {line}: {key}: expected {expected}, found {found}")]
    Type { line: usize, key: String, expected: &'static str, found: String },
    /// As the flag's own parser says it.
    #[error("line {line}: {message}")]
    Value { line: usize, message: String },
}

/// A command line with what a file adds to it.
pub(super) struct Merged {
    /// What parses it: without the variables in whose place something was typed.
    pub(super) command: Command,
    /// The whole command line, the program's name first.
    pub(super) arguments: Vec<OsString>,
    /// The file, and the line of each flag that is taken from it.
    pub(super) file: Option<(PathBuf, Vec<(String, usize)>)>,
}

/// Adds what the file says that a command line, or the environment, names.
///
/// * `command`: the whole program's. * `typed`: the program's name first.
///
/// # Errors
/// [`ConfigError`]
pub(super) fn merge(command: Command, typed: Vec<OsString>) -> Result<Merged, ConfigError> {
    let typed = with_standard_input(typed);
    let plain = |command, typed| Ok(Merged { command, arguments: typed, file: None });
    // What is wrong with the command line is said by who parses it in earnest.
    let Ok(explicit) = command.clone().ignore_errors(true).try_get_matches_from(&typed) else {
        return plain(command, typed);
    };
    if explicit.subcommand_name().is_some() {
        return plain(command, typed);
    }
    let path = explicit.get_one::<PathBuf>(CONFIG).cloned();
    let command = without_variables(command, &explicit);
    let Some(path) = path else { return plain(command, typed) };
    let at = |error| ConfigError { path: path.clone(), error };
    let file = ConfigFile::read(&path).map_err(|error| at(error.into()))?;
    let (mut seen, mut lines, mut added) = (Vec::new(), Vec::new(), Vec::new());
    for entry in &file.entries {
        let flag = flag(&command, entry).map_err(at)?;
        if !entry.is_of_table && seen.contains(&&entry.key) {
            return Err(at(FileError::Twice { line: entry.line, key: entry.key.clone() }));
        }
        seen.extend((!entry.is_of_table).then_some(&entry.key));
        let words = words(flag, entry).map_err(at)?;
        check(&command, &words, entry).map_err(at)?;
        // What a table says of its source goes where the source goes: another one of that name shows something else.
        let is_source_gone =
            || flags(&command).any(|flag| flag.get_id() == SOURCE && is_overridden(&command, flag, &explicit));
        let is_gone = entry.is_of_table && is_source_gone();
        if !is_gone && !is_overridden(&command, flag, &explicit) && !words.is_empty() {
            lines.push((entry.key.clone(), entry.line));
            added.extend(words);
        }
    }
    let mut arguments = typed;
    let behind_name = arguments.len().min(1);
    arguments.splice(behind_name..behind_name, added);
    Ok(Merged { command, arguments, file: Some((path, lines)) })
}

/// Takes no variable for what a flag says otherwise that was typed.
fn without_variables(command: Command, explicit: &ArgMatches) -> Command {
    // Not every build has every flag.
    let is_from = |id: &str, source| explicit.try_contains_id(id).is_ok() && explicit.value_source(id) == Some(source);
    command.mut_args(|flag| {
        let id = flag.get_id().as_str();
        let is_unwanted = is_from(id, ValueSource::EnvVariable)
            && alternatives(id).any(|other| is_from(other, ValueSource::CommandLine));
        if is_unwanted { flag.env(None::<&'static str>) } else { flag }
    })
}

/// The others that say what this flag says.
fn alternatives(id: &str) -> impl Iterator<Item = &'static str> {
    let groups = ALTERNATIVES.iter().filter(move |group| group.contains(&id));
    groups.copied().flatten().copied().filter(move |other| *other != id)
}

/// Flags that a file may have: those of a run, and of the messages.
fn flags(command: &Command) -> impl Iterator<Item = &Arg> {
    let is_setting = |flag: &&Arg| !["help", "version", CONFIG].contains(&flag.get_id().as_str());
    command.get_arguments().filter(|flag| flag.get_long().is_some()).filter(is_setting)
}

fn flag<'a>(command: &'a Command, entry: &Entry) -> Result<&'a Arg, FileError> {
    flags(command).find(|flag| flag.get_long() == Some(&entry.key)).ok_or_else(|| {
        let known = flags(command).filter_map(Arg::get_long);
        // A file that names another one is no slip of the pen.
        let closest = (entry.key != CONFIG).then(|| closest(&entry.key, known)).flatten();
        FileError::Unknown { line: entry.line, key: entry.key.clone(), closest }
    })
}

/// The entry as words of a command line.
fn words(flag: &Arg, entry: &Entry) -> Result<Vec<OsString>, FileError> {
    let Entry { key, line, value, .. } = entry;
    let wrong =
        |expected| Err(FileError::Type { line: *line, key: key.clone(), expected, found: value.kind().to_owned() });
    match flag.get_action() {
        ArgAction::SetTrue => match value {
            file::Value::Boolean(true) => Ok(vec![format!("--{key}").into()]),
            file::Value::Boolean(false) => Ok(Vec::new()),
            _ => wrong("true or false"),
        },
        ArgAction::Count => match value {
            file::Value::Text(count) => match count.parse::<usize>() {
                Ok(count) if count <= usize::from(u8::MAX) => Ok(vec![format!("--{key}").into(); count]),
                _ => wrong("a whole number, at most 255"),
            },
            _ => wrong("a whole number"),
        },
        action => match value {
            file::Value::Text(text) => Ok(vec![format!("--{key}={text}").into()]),
            file::Value::Texts(texts) if matches!(action, ArgAction::Append) => {
                Ok(texts.iter().map(|text| format!("--{key}={text}").into()).collect())
            }
            file::Value::Texts(_) => wrong("one value"),
            file::Value::Boolean(_) => wrong("a text or a number"),
        },
    }
}

/// Has the flag's own parser look at it, so that what is wrong is told with its line.
fn check(command: &Command, words: &[OsString], entry: &Entry) -> Result<(), FileError> {
    let program = OsString::from(command.get_name());
    let Err(error) = command.clone().try_get_matches_from(std::iter::once(&program).chain(words)) else {
        return Ok(());
    };
    let is_of_value = matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation);
    let named = error.get(ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
    // Variables are parsed too, and are none of the file's business.
    let is_own = named.split_whitespace().next() == Some(&format!("--{}", entry.key));
    if is_of_value && is_own {
        let text = error.render().to_string();
        let mut paragraph = text.lines().take_while(|line| !line.is_empty()).map(str::trim);
        let first = paragraph.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let message = paragraph.fold(first, |text, line| format!("{text} {line}"));
        return Err(FileError::Value { line: entry.line, message });
    }
    Ok(())
}

/// Whether a flag that was typed, or a variable, speaks of this one.
fn is_overridden(command: &Command, flag: &Arg, explicit: &ArgMatches) -> bool {
    let is_typed = |id: &str| explicit.value_source(id) == Some(ValueSource::CommandLine);
    let id = flag.get_id().as_str();
    let is_said = |id: &str| {
        // Not every build has every flag.
        let source = explicit.try_contains_id(id).ok().and_then(|_| explicit.value_source(id));
        matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable))
    };
    // Only one of two that cannot go together needs to say so.
    let cannot_go_with = |one: &Arg, other: &Arg| {
        command.get_arg_conflicts_with(one).iter().any(|conflict| conflict.get_id() == other.get_id())
    };
    let mut typed = command.get_arguments().filter(|other| is_typed(other.get_id().as_str()));
    is_said(id)
        || alternatives(id).any(is_said)
        || typed.any(|other| cannot_go_with(flag, other) || cannot_go_with(other, flag))
}
