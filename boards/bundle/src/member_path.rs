//! Names of members: paths that stay inside the folder that they are unpacked into, on any system.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A path from the release's folder: up to four names with `/` between them, each of `A-Z a-z 0-9 . _ -`, none beginning with a
/// point or a dash, 90 characters in all. So there is no way up, no root, no drive, no hidden file, no option of a program.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberPath(String);

/// With `.zst` behind it, it must fit into the 100 bytes of a name in the archive.
const LONGEST: usize = 90;
const DEEPEST: usize = 4;

impl MemberPath {
    /// None: not such a path.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let is_name = |name: &str| !name.is_empty() && !name.starts_with(['.', '-']) && name.bytes().all(allowed);
        let is_fine = text.len() <= LONGEST && text.split('/').count() <= DEEPEST && text.split('/').all(is_name);
        is_fine.then(|| Self(text.to_owned()))
    }

    /// With `/` between names.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether one of two paths would have to be a folder and a file at the same time.
    #[must_use]
    pub fn collides(&self, other: &Self) -> bool {
        let is_below = |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with('/'));
        self == other || is_below(&self.0, &other.0) || is_below(&other.0, &self.0)
    }
}

impl fmt::Display for MemberPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for MemberPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for MemberPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format_args!("path {text:?}: expected plain names below the release's folder"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        for fine in ["model.onnx", "systemd/moead-edge.service.d/50-gpu.conf", "a/b/c/d", &"a".repeat(90)] {
            assert!(MemberPath::parse(fine).is_some(), "{fine}");
        }
        let long = "a".repeat(91);
        for wrong in [
            "",
            ".",
            "..",
            "/",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a/./b",
            "a//b",
            "a/",
            "-rf",
            ".bashrc",
            "a\\b",
            "C:a",
            "a b",
            "a\nb",
            "a\0b",
            "é",
            "a/b/c/d/e",
            &long,
        ] {
            assert!(MemberPath::parse(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn a_file_is_no_folder() {
        let path = |text| MemberPath::parse(text).unwrap();
        assert!(path("a/b").collides(&path("a")));
        assert!(path("a").collides(&path("a/b")));
        assert!(path("a").collides(&path("a")));
        assert!(!path("ab").collides(&path("a")));
        assert!(!path("a/b").collides(&path("a/c")));
    }
}
