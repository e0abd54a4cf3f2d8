//! Whether a board may take a bundle: asked before a byte is unpacked, on the PC before it is copied and on the board again.

use jiff::civil::Date;

use crate::manifest::{Downgrade, Manifest};
use crate::version::Version;

/// What a board says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    /// As Rust names it.
    pub triple: String,
    /// Of the system.
    pub glibc: Version,
    /// `/proc/device-tree/model`; none: the system does not say.
    pub name: Option<String>,
    /// Its own date, in UTC.
    pub today: Date,
    /// The release that runs there; none: the first one.
    pub installed: Option<Version>,
}

/// Clocks without a battery begin in 1970, or where the image was made: before this program was.
pub const NOT_BEFORE: Date = jiff::civil::date(2026, 1, 1);

/// Why a board does not take a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// For other processors.
    #[error("made for {expected}, and this board is {found}")]
    Triple {
        /// By the manifest.
        expected: String,
        /// Of the board.
        found: String,
    },
    /// The system is too old.
    #[error("needs glibc {expected}, and this board has {found}")]
    Glibc {
        /// By the manifest.
        expected: Version,
        /// Of the board.
        found: Version,
    },
    /// For other boards.
    #[error("made for {expected}, and this board is {found}")]
    Board {
        /// By the manifest.
        expected: String,
        /// Of the board.
        found: String,
    },
    /// Too late.
    #[error("expired on {expires}, and it is {today}")]
    Expired {
        /// By the manifest.
        expires: Date,
        /// On the board.
        today: Date,
    },
    /// Whether it is too late cannot be known.
    #[error("expires on {expires}, and the board's clock says {today}, which cannot be")]
    Clock {
        /// By the manifest.
        expires: Date,
        /// On the board.
        today: Date,
    },
    /// A newer one is there.
    #[error("release {found} would replace {installed}, which is newer")]
    Older {
        /// By the manifest.
        found: Version,
        /// On the board.
        installed: Version,
    },
    /// What is there is too old.
    #[error("replaces releases from {from}, and {installed} is installed")]
    TooFar {
        /// By the manifest.
        from: Version,
        /// On the board.
        installed: Version,
    },
}

/// Checks target, date and version.
///
/// The same version again is fine: repeating an update that was interrupted must be.
///
/// # Errors
/// [`Refusal`], the first that applies.
pub fn check(manifest: &Manifest, board: &Board) -> Result<(), Refusal> {
    let target = &manifest.target;
    if target.triple != board.triple {
        return Err(Refusal::Triple { expected: target.triple.clone(), found: board.triple.clone() });
    }
    if board.glibc < target.glibc {
        return Err(Refusal::Glibc { expected: target.glibc, found: board.glibc });
    }
    let name = board.name.as_deref().unwrap_or("a board without a name");
    if !target.boards.is_empty() && !target.boards.iter().any(|known| name.starts_with(known.as_str())) {
        return Err(Refusal::Board { expected: target.boards.join(" or "), found: name.to_owned() });
    }
    if let Some(expires) = manifest.expires {
        let today = board.today;
        if today < NOT_BEFORE {
            return Err(Refusal::Clock { expires, today });
        }
        if today >= expires {
            return Err(Refusal::Expired { expires, today });
        }
    }
    let Some(installed) = board.installed else { return Ok(()) };
    if let Some(from) = manifest.replaces_from.filter(|&from| installed < from) {
        return Err(Refusal::TooFar { from, installed });
    }
    if manifest.version < installed && manifest.downgrade == Downgrade::Refused {
        return Err(Refusal::Older { found: manifest.version, installed });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::manifest::{SCHEMA, Target};

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    fn manifest() -> Manifest {
        Manifest {
            schema: SCHEMA,
            name: "bolt".into(),
            version: version("2"),
            created_by: "test".into(),
            target: Target {
                profile: "raspberry-pi-5".into(),
                triple: "aarch64-unknown-linux-gnu".into(),
                glibc: version("2.36"),
                boards: vec!["Raspberry Pi 5".into(), "Raspberry Pi Compute Module 5".into()],
            },
            expires: Some(date(2027, 6, 30)),
            replaces_from: Some(version("1.5")),
            downgrade: Downgrade::Refused,
            members: Vec::new(),
        }
    }

    fn board() -> Board {
        Board {
            triple: "aarch64-unknown-linux-gnu".into(),
            glibc: version("2.36"),
            name: Some("Raspberry Pi 5 Model B Rev 1.0".into()),
            today: date(2027, 6, 29),
            installed: Some(version("1.5")),
        }
    }

    fn refused(board: &Board) -> String {
        check(&manifest(), board).unwrap_err().to_string()
    }

    #[test]
    fn a_board_that_fits_takes_it() {
        assert_eq!(check(&manifest(), &board()), Ok(()));
        assert_eq!(check(&manifest(), &Board { installed: None, ..board() }), Ok(()));
        assert_eq!(check(&manifest(), &Board { installed: Some(version("2.0")), ..board() }), Ok(()));
        let mut anywhere = manifest();
        anywhere.target.boards.clear();
        assert_eq!(check(&anywhere, &Board { name: None, ..board() }), Ok(()));
    }

    #[test]
    fn another_board_is_refused_with_both_sides() {
        let found = refused(&Board { triple: "x86_64-unknown-linux-gnu".into(), ..board() });
        assert_eq!(found, "made for aarch64-unknown-linux-gnu, and this board is x86_64-unknown-linux-gnu");
        let found = refused(&Board { glibc: version("2.35"), ..board() });
        assert_eq!(found, "needs glibc 2.36, and this board has 2.35");
        let found = refused(&Board { name: Some("NVIDIA Jetson Orin Nano".into()), ..board() });
        assert_eq!(
            found,
            "made for Raspberry Pi 5 or Raspberry Pi Compute Module 5, and this board is NVIDIA Jetson Orin Nano"
        );
        assert!(refused(&Board { name: None, ..board() }).ends_with("this board is a board without a name"));
    }

    #[test]
    fn a_bundle_is_refused_from_its_day_on_and_by_a_clock_that_cannot_be() {
        assert_eq!(
            refused(&Board { today: date(2027, 6, 30), ..board() }),
            "expired on 2027-06-30, and it is 2027-06-30"
        );
        let found = refused(&Board { today: date(1970, 1, 1), ..board() });
        assert_eq!(found, "expires on 2027-06-30, and the board's clock says 1970-01-01, which cannot be");
        let for_ever = Manifest { expires: None, ..manifest() };
        assert_eq!(check(&for_ever, &Board { today: date(1970, 1, 1), ..board() }), Ok(()));
    }

    #[test]
    fn versions_go_forward_unless_it_is_signed_that_they_may_go_back() {
        let newer = Board { installed: Some(version("2.0.1")), ..board() };
        assert_eq!(refused(&newer), "release 2 would replace 2.0.1, which is newer");
        assert_eq!(check(&Manifest { downgrade: Downgrade::Allowed, ..manifest() }, &newer), Ok(()));
        let found = refused(&Board { installed: Some(version("1.4.9")), ..board() });
        assert_eq!(found, "replaces releases from 1.5, and 1.4.9 is installed");
    }
}
