//! What `--version` says: enough to reproduce a report from the field.

/// What a program is made of. `-V` prints name and number, `--version` everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// The program's name, as typed.
    pub program: &'static str,
    /// The package's version: `env!("CARGO_PKG_VERSION")`.
    pub number: &'static str,
    /// The engines that were compiled in, with their versions where known: "tract 0.23.9".
    pub engines: &'static [&'static str],
    /// The cargo features that were compiled in.
    pub features: &'static [&'static str],
}

/// The commit this was built from, 12 hexadecimal digits, `-dirty` when tracked files differed; "unknown" outside a checkout.
pub const COMMIT: &str = env!("MOEAD_BUILD_COMMIT");

/// The target triple this was built for.
pub const TARGET: &str = env!("MOEAD_BUILD_TARGET");

impl Version {
    /// The lines of `--version` after the program's name: the number, then one fact a line.
    #[must_use]
    pub fn long(&self) -> String {
        format!(
            "{}\ncommit: {COMMIT}\ntarget: {TARGET}\nengines: {}\nfeatures: {}",
            self.number,
            listed(self.engines),
            listed(self.features)
        )
    }
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_version_names_commit_engines_and_features() {
        let version =
            Version { program: "moead-edge", number: "0.1.0", engines: &["tract 0.23.9"], features: &["cli", "tract"] };
        let expected =
            format!("0.1.0\ncommit: {COMMIT}\ntarget: {TARGET}\nengines: tract 0.23.9\nfeatures: cli, tract");
        assert_eq!(version.long(), expected);
    }

    #[test]
    fn a_program_without_engine_says_none() {
        let version = Version { program: "moead-export", number: "0.1.0", engines: &[], features: &[] };
        assert!(version.long().ends_with("engines: none\nfeatures: none"));
    }

    #[test]
    fn the_commit_is_given_in_twelve_digits_or_unknown() {
        let digits = COMMIT.strip_suffix("-dirty").unwrap_or(COMMIT);
        let is_hash = digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(is_hash || digits == "unknown" || option_env!("MOEAD_COMMIT").is_some(), "{COMMIT}");
    }
}
