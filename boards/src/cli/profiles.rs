//! `moead-board profiles`.

use std::path::Path;

use moead_terminal::exit::Exit;
use moead_terminal::failure::At;
use moead_terminal::printer::Printer;
use moead_terminal::table::Table;

use super::arguments::ProfilesArguments;
use super::say::Say as _;
use crate::profile::error::ProfileError;
use crate::profile::{Profile, catalogue};

/// The profile that a word on the command line means: a name, or a file that ends in `.toml`.
pub(super) fn find(word: &str) -> anyhow::Result<Profile> {
    if let Some(path) = file(word) {
        return catalogue::from_file(path).at(word);
    }
    match catalogue::profile(word) {
        Err(error @ ProfileError::Unknown { .. }) => Err(error.into()),
        found => found.at(word),
    }
}

/// The file that such a word means, if it means one.
pub(super) fn file(word: &str) -> Option<&Path> {
    word.ends_with(".toml").then(|| Path::new(word))
}

pub(super) fn run(arguments: &ProfilesArguments, printer: &Printer) -> anyhow::Result<Exit> {
    match (&arguments.profile, arguments.json) {
        (Some(word), true) => printer.say(serde_json::to_string_pretty(&find(word)?)?)?,
        (Some(word), false) => tell(&find(word)?, printer)?,
        (None, true) => {
            let profiles: Vec<Profile> = catalogue::names().map(catalogue::profile).collect::<Result<_, _>>()?;
            printer.say(serde_json::to_string_pretty(&profiles)?)?;
        }
        (None, false) => list(printer)?,
    }
    Ok(Exit::Fine)
}

fn list(printer: &Printer) -> anyhow::Result<()> {
    let mut table = Table::new(&["profile", "glibc", "threads", "tested", ""]);
    for name in catalogue::names() {
        let profile = catalogue::profile(name)?;
        let engine = format!("{} on {}", profile.engine.name.name(), profile.engine.provider.name());
        table.row([
            profile.name,
            profile.target.glibc.to_string(),
            profile.engine.threads.to_string(),
            profile.tested.how.name().to_owned(),
            format!("{}: {engine}", profile.title),
        ]);
    }
    table.lines().try_for_each(|line| printer.say(line))?;
    Ok(())
}

fn tell(profile: &Profile, printer: &Printer) -> anyhow::Result<()> {
    let or_any = |names: &[String]| if names.is_empty() { "any".to_owned() } else { names.join(", ") };
    let moe = serde_json::to_value(&profile.engine.moe)?;
    let moe: Vec<&str> = moe.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
    let drop_ins: Vec<&str> = profile.service.drop_ins.iter().map(|drop_in| drop_in.name()).collect();
    let lines = [
        ("profile", profile.name.clone()),
        ("title", profile.title.clone()),
        ("boards", or_any(&profile.board.names)),
        ("system", profile.board.system.clone().unwrap_or_else(|| "any".into())),
        ("target", format!("{}, glibc {} or newer", profile.target.triple.name(), profile.target.glibc)),
        ("engine", format!("{} on {}", profile.engine.name.name(), profile.engine.provider.name())),
        ("model form", moe.join(" or ")),
        ("threads", profile.engine.threads.to_string()),
        ("camera", profile.camera.source.clone()),
        ("groups", profile.service.groups.join(", ")),
        ("memory", format!("at most {}", profile.service.memory)),
        ("start", format!("at most {} s", profile.service.start_timeout)),
        ("watchdog", format!("{} s", profile.service.watchdog)),
        ("drop-ins", if drop_ins.is_empty() { "none".into() } else { drop_ins.join(", ") }),
        ("tested", profile.tested.how.name().to_owned()),
        ("note", profile.tested.note.clone().unwrap_or_default()),
    ];
    for (name, value) in lines.into_iter().filter(|(_, value)| !value.is_empty()) {
        printer.say(format_args!("{name:<12}{value}"))?;
    }
    Ok(())
}
