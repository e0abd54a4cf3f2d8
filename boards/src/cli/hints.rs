//! What to do about an error: the only place where a typed error meets a flag's name.

use std::io;

use moead_terminal::failure::find;

use crate::profile::error::ProfileError;

pub(super) fn hint(error: &anyhow::Error) -> Option<String> {
    if let Some(error) = find::<ProfileError>(error) {
        return profile_hint(error);
    }
    match find::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::NotFound) => Some("check the path".into()),
        Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
            Some("free some space; nothing was left behind".into())
        }
        _ => None,
    }
}

fn profile_hint(error: &ProfileError) -> Option<String> {
    let meant = |closest: &Option<String>| closest.as_ref().map(|name| format!("did you mean {name:?}?"));
    match error {
        ProfileError::Unknown { closest, .. } => Some(match closest {
            Some(name) => format!("did you mean {name:?}? `moead-board profiles` lists all"),
            None => "`moead-board profiles` lists them; a profile of your own is named FILE.toml".into(),
        }),
        ProfileError::UnknownKey { closest, .. } | ProfileError::UnknownBase { closest, .. } => meant(closest),
        ProfileError::Abstract => Some("`moead-board profiles` lists those for boards".into()),
        ProfileError::Read(error) if error.kind() == io::ErrorKind::NotFound => Some("check the path".into()),
        _ => None,
    }
}
