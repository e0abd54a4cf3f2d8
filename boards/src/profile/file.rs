//! The form of a profile: TOML. Every key may be missing where what it inherits from has it.
//!
//! ```toml
//! title = "Raspberry Pi 5"                    # for people; never inherited
//! inherits = ["aarch64"]                      # later ones win, this file wins over all
//! abstract = false                            # true: a part of other profiles, no board
//!
//! [board]
//! names = ["Raspberry Pi 5"]                  # what /proc/device-tree/model begins with, one of them; none: any board
//! system = "Raspberry Pi OS, Debian 12"       # for people
//!
//! [target]
//! triple = "aarch64-unknown-linux-gnu"        # or x86_64-unknown-linux-gnu
//! glibc = "2.36"                              # the oldest that the system may have
//!
//! [engine]
//! name = "tract"                              # or ort
//! provider = "cpu"                            # or cuda, tensorrt
//! moe = ["sparse", "dense"]                   # forms of experts that it takes, the best one first
//! threads = 4                                 # per picture
//!
//! [camera]
//! source = "v4l2:///dev/video0"               # as moead-edge takes it
//!
//! [service]
//! drop-ins = ["jetson-gpu"]                   # additions to the unit, which win over its lines
//! groups = ["video"]                          # whose devices it may use
//! memory = "600M"                             # at most
//! start-timeout = 120                         # seconds until it must be ready
//! watchdog = 20                               # seconds without a sign of life, 10 or more
//!
//! [tested]                                    # never inherited
//! how = "not-tried"                           # or emulated, hardware
//! note = "…"                                  # what is not covered
//! ```

use std::num::{NonZeroU16, NonZeroU32};

use moead_bundle::version::Version;
use moead_model::manifest::Moe;
use serde::{Deserialize, Serialize};
use toml::Table;

use super::error::ProfileError;
use super::{Board, Camera, DropIn, Engine, EngineName, How, Profile, Provider, Service, Target, Tested, Triple};
use crate::closest::closest;

/// Bytes of a profile. Ours have one kilobyte; the file is read whole.
pub const MAX_BYTES: u64 = 64 << 10;

/// One file, before what it inherits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct ProfileFile {
    pub(super) title: Option<String>,
    pub(super) inherits: Vec<String>,
    pub(super) r#abstract: bool,
    board: BoardTable,
    target: TargetTable,
    engine: EngineTable,
    camera: CameraTable,
    service: ServiceTable,
    pub(super) tested: TestedTable,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct BoardTable {
    names: Option<Vec<String>>,
    system: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct TargetTable {
    triple: Option<Triple>,
    glibc: Option<Version>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct EngineTable {
    name: Option<EngineName>,
    provider: Option<Provider>,
    moe: Option<Vec<Moe>>,
    threads: Option<NonZeroU16>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct CameraTable {
    source: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct ServiceTable {
    drop_ins: Option<Vec<DropIn>>,
    groups: Option<Vec<String>>,
    memory: Option<String>,
    start_timeout: Option<NonZeroU32>,
    watchdog: Option<NonZeroU32>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct TestedTable {
    how: Option<How>,
    note: Option<String>,
}

/// Every key, for the closest one to a wrong one. A test compares it with the types above.
const KEYS: [&str; 21] = [
    "title",
    "inherits",
    "abstract",
    "board.names",
    "board.system",
    "target.triple",
    "target.glibc",
    "engine.name",
    "engine.provider",
    "engine.moe",
    "engine.threads",
    "camera.source",
    "service.drop-ins",
    "service.groups",
    "service.memory",
    "service.start-timeout",
    "service.watchdog",
    "tested.how",
    "tested.note",
    // Tables, so that a wrong one is told from a wrong key.
    "board",
    "tested",
];

impl ProfileFile {
    /// Reads the text of one file.
    ///
    /// # Errors
    /// [`ProfileError`]
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let at = |error: &toml::de::Error| {
            let start = error.span().map_or(0, |span| span.start).min(text.len());
            let line = text.as_bytes().iter().take(start).filter(|&&byte| byte == b'\n').count() + 1;
            ProfileError::Toml { line, message: error.message().to_owned() }
        };
        let table: Table = toml::from_str(text).map_err(|error| at(&error))?;
        if let Some(key) = keys(&table, "").into_iter().find(|key| !KEYS.contains(&key.as_str())) {
            let closest = closest(&key, KEYS);
            return Err(ProfileError::UnknownKey { key, closest });
        }
        toml::from_str(text).map_err(|error| at(&error))
    }

    /// This file, with what it does not say from `base`.
    pub(super) fn over(self, base: Self) -> Self {
        Self {
            title: self.title,
            inherits: self.inherits,
            r#abstract: self.r#abstract,
            board: BoardTable {
                names: self.board.names.or(base.board.names),
                system: self.board.system.or(base.board.system),
            },
            target: TargetTable {
                triple: self.target.triple.or(base.target.triple),
                glibc: self.target.glibc.or(base.target.glibc),
            },
            engine: EngineTable {
                name: self.engine.name.or(base.engine.name),
                provider: self.engine.provider.or(base.engine.provider),
                moe: self.engine.moe.or(base.engine.moe),
                threads: self.engine.threads.or(base.engine.threads),
            },
            camera: CameraTable { source: self.camera.source.or(base.camera.source) },
            service: ServiceTable {
                drop_ins: self.service.drop_ins.or(base.service.drop_ins),
                groups: self.service.groups.or(base.service.groups),
                memory: self.service.memory.or(base.service.memory),
                start_timeout: self.service.start_timeout.or(base.service.start_timeout),
                watchdog: self.service.watchdog.or(base.service.watchdog),
            },
            tested: self.tested,
        }
    }

    /// A profile, if nothing is missing.
    pub(super) fn complete(self, name: &str) -> Result<Profile, ProfileError> {
        if self.r#abstract {
            return Err(ProfileError::Abstract);
        }
        let profile = Profile {
            name: name.to_owned(),
            title: required(self.title, "title")?,
            board: Board { names: self.board.names.unwrap_or_default(), system: self.board.system },
            target: Target {
                triple: required(self.target.triple, "target.triple")?,
                glibc: required(self.target.glibc, "target.glibc")?,
            },
            engine: Engine {
                name: required(self.engine.name, "engine.name")?,
                provider: required(self.engine.provider, "engine.provider")?,
                moe: required(self.engine.moe, "engine.moe")?,
                threads: required(self.engine.threads, "engine.threads")?,
            },
            camera: Camera { source: required(self.camera.source, "camera.source")? },
            service: Service {
                drop_ins: self.service.drop_ins.unwrap_or_default(),
                groups: required(self.service.groups, "service.groups")?,
                memory: required(self.service.memory, "service.memory")?,
                start_timeout: required(self.service.start_timeout, "service.start-timeout")?,
                watchdog: required(self.service.watchdog, "service.watchdog")?,
            },
            tested: Tested { how: required(self.tested.how, "tested.how")?, note: self.tested.note },
        };
        check(&profile)?;
        Ok(profile)
    }
}

fn required<T>(value: Option<T>, key: &'static str) -> Result<T, ProfileError> {
    value.ok_or(ProfileError::Missing { key })
}

/// What the types do not say.
fn check(profile: &Profile) -> Result<(), ProfileError> {
    let refuse = |key, expected, found: &str| Err(ProfileError::Value { key, expected, found: found.to_owned() });
    if profile.engine.name == EngineName::Tract && profile.engine.provider != Provider::Cpu {
        return refuse("engine.provider", "cpu with tract", profile.engine.provider.name());
    }
    if profile.engine.moe.is_empty() {
        return refuse("engine.moe", "at least one form", "none");
    }
    let memory = &profile.service.memory;
    let is_size = memory.strip_suffix(['M', 'G']).is_some_and(|number| number.parse().is_ok_and(|size: u32| size > 0));
    if !is_size {
        return refuse("service.memory", "a size, as in 600M or 3G", memory);
    }
    let is_group = |name: &&String| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    if let Some(wrong) = profile.service.groups.iter().find(|name| !is_group(name)) {
        return refuse("service.groups", "names of groups", wrong);
    }
    if profile.service.watchdog.get() < 10 {
        return refuse("service.watchdog", "10 seconds or more", &profile.service.watchdog.to_string());
    }
    if profile.camera.source.is_empty() {
        return refuse("camera.source", "a source", "nothing");
    }
    Ok(())
}

/// The keys of a table, with those of tables inside of it.
fn keys(table: &Table, prefix: &str) -> Vec<String> {
    let keys = table.iter().flat_map(|(key, value)| match value {
        toml::Value::Table(inner) if !inner.is_empty() => keys(inner, &format!("{prefix}{key}.")),
        _ => vec![format!("{prefix}{key}")],
    });
    keys.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example above.
    fn documented() -> String {
        let lines = include_str!("file.rs").lines();
        let lines = lines.skip_while(|line| *line != "//! ```toml").skip(1).take_while(|line| *line != "//! ```");
        lines.map(|line| line.trim_start_matches("//!").trim_start().to_owned() + "\n").collect()
    }

    fn refused(change: (&str, &str)) -> String {
        assert!(documented().contains(change.0), "{change:?}");
        let parsed = ProfileFile::parse(&documented().replace(change.0, change.1));
        parsed.and_then(|file| file.complete("mine")).unwrap_err().to_string()
    }

    #[test]
    fn the_documented_example_is_a_profile_and_has_every_key() {
        let file = ProfileFile::parse(&documented()).unwrap();
        let written = toml::Table::try_from(&file).unwrap();
        let mut keys = keys(&written, "");
        keys.extend(["board".into(), "tested".into()]);
        keys.sort();
        let mut known = KEYS.map(str::to_owned);
        known.sort();
        assert_eq!(keys, known);
        assert_eq!(file.complete("raspberry-pi-5").unwrap().service.drop_ins, [DropIn::JetsonGpu]);
    }

    #[test]
    fn wrong_keys_and_values_are_named() {
        assert_eq!(refused(("threads =", "thread =")), "unknown key \"engine.thread\"");
        assert_eq!(refused(("[engine]", "[engines]")), "unknown key \"engines.moe\"");
        assert_eq!(
            refused(("threads = 4", "threads = 0")),
            "line 17: invalid value: integer `0`, expected a nonzero u16"
        );
        assert_eq!(
            refused(("how = \"not-tried\"", "how = \"maybe\"")),
            "line 30: unknown variant `maybe`, expected one of `hardware`, `emulated`, `not-tried`"
        );
        assert_eq!(
            refused(("memory = \"600M\"", "memory = \"much\"")),
            "service.memory: expected a size, as in 600M or 3G, found much"
        );
        assert_eq!(
            refused(("memory = \"600M\"", "")),
            "service.memory is missing, and nothing that it inherits from has it"
        );
        assert_eq!(
            refused(("provider = \"cpu\"", "provider = \"cuda\"")),
            "engine.provider: expected cpu with tract, found cuda"
        );
        assert_eq!(
            refused(("watchdog = 20", "watchdog = 2")),
            "service.watchdog: expected 10 seconds or more, found 2"
        );
        assert_eq!(
            refused(("\"video\"", "\"video\\nUser=root\"")),
            "service.groups: expected names of groups, found video\nUser=root"
        );
        assert_eq!(refused(("abstract = false", "abstract = true")), "a part of other profiles, not a board");
    }
}
