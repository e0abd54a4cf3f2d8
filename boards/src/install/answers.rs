//! What a board says about itself, read with suspicion: lines `NAME=VALUE` between whatever a login prints.

use jiff::civil::Date;
use moead_bundle::admission::Board;
use moead_bundle::release;
use moead_bundle::version::Version;

use super::InstallError;

/// What a board says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// `uname -m`.
    pub machine: String,
    /// Of the system.
    pub glibc: Version,
    /// `/proc/device-tree/model`.
    pub name: Option<String>,
    /// Its own date, in UTC.
    pub today: Date,
    /// Version.
    pub systemd: Option<u32>,
    /// How it becomes root.
    pub r#become: Become,
    /// Bytes for releases.
    pub free: u64,
    /// Bytes for what is copied.
    pub scratch: u64,
    /// All groups.
    pub groups: Vec<String>,
    /// The release that runs, by its folder.
    pub current: Option<String>,
    /// The key that it trusts, as a line.
    pub key: Option<String>,
}

/// How the account becomes root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Become {
    /// It is.
    Root,
    /// By sudo, without a password.
    Sudo,
    /// It does not.
    No,
}

impl Answers {
    /// Reads what the probe printed.
    ///
    /// # Errors
    /// [`InstallError::Answer`]
    pub fn parse(text: &str) -> Result<Self, InstallError> {
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.map(str::trim).filter(|value| !value.is_empty())
        };
        let need = |name: &str, what| value(name).ok_or(InstallError::Answer { what });
        // Without its last line it was cut.
        need("end", "answers")?;
        let bytes = |name: &str, what| {
            let kilobytes: Option<u64> = need(name, what)?.parse().ok();
            kilobytes.and_then(|kilobytes| kilobytes.checked_mul(1024)).ok_or(InstallError::Answer { what })
        };
        Ok(Self {
            machine: need("machine", "machine")?.to_owned(),
            glibc: Version::parse(need("glibc", "glibc")?).ok_or(InstallError::Answer { what: "glibc" })?,
            name: value("board").map(str::to_owned),
            today: need("today", "date")?.parse().map_err(|_| InstallError::Answer { what: "date" })?,
            systemd: value("systemd").and_then(|version| version.parse().ok()),
            r#become: match value("become") {
                Some("root") => Become::Root,
                Some("sudo") => Become::Sudo,
                _ => Become::No,
            },
            free: bytes("free", "free space")?,
            scratch: bytes("scratch", "free space")?,
            groups: value("groups").unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
            current: value("current").map(str::to_owned),
            key: value("key").map(str::to_owned),
        })
    }

    /// As bundles are compared with it.
    pub(super) fn board(&self) -> Board {
        Board {
            triple: format!("{}-unknown-linux-gnu", self.machine),
            glibc: self.glibc,
            name: self.name.clone(),
            today: self.today,
            installed: self.current.as_deref().and_then(release::version_of),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "Welcome to your board\nmachine=aarch64\nglibc=2.36\nboard=Raspberry Pi 5 Model B Rev 1.0\ntoday=2027-01-02\n\
        systemd=252\nbecome=sudo\nfree=1000\nscratch=2000\ngroups=root video \ncurrent=1.4-3fa9c1d2e4b5\nkey=\nend=end\n";

    #[test]
    fn answers_are_found_between_what_a_login_prints() {
        let answers = Answers::parse(SAID).unwrap();
        assert_eq!((answers.free, answers.scratch, answers.r#become), (1_024_000, 2_048_000, Become::Sudo));
        assert_eq!(answers.groups, ["root", "video"]);
        let board = answers.board();
        assert_eq!(board.triple, "aarch64-unknown-linux-gnu");
        assert_eq!(board.installed, Version::parse("1.4"));
        assert_eq!(answers.key, None);
    }

    #[test]
    fn what_is_missing_is_named() {
        let said = |from: &str, to: &str| Answers::parse(&SAID.replace(from, to)).unwrap_err().to_string();
        assert_eq!(said("glibc=2.36", "glibc="), "the board did not say its glibc");
        assert_eq!(said("today=2027-01-02", "today=yesterday"), "the board did not say its date");
        assert_eq!(said("free=1000", "free=99999999999999999999"), "the board did not say its free space");
        assert_eq!(said("end=end\n", ""), "the board did not say its answers");
    }
}
