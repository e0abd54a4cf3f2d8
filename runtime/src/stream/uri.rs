//! What `--source` may say.
//!
//! `picture.png`, `folder/`, `"folder/*.png"`, each with a name of its own in front if wanted: `line1=folder/`.

use std::path::PathBuf;

/// A source by name and kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceUri {
    /// In result lines.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
}

/// Where pictures come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceKind {
    /// A file or a folder.
    Path(PathBuf),
    /// A pattern with `*`, `?` or `[…]`; `**` for any number of folders.
    Glob(String),
}

/// Not a source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UriError {
    /// Nothing there.
    #[error("expected a file, a folder or a pattern, found an empty text")]
    Empty,
    /// A kind that this program does not have.
    #[error("expected a file, a folder or a pattern, found the scheme {scheme}://")]
    Scheme {
        /// As given.
        uri: String,
        /// What stands before `://`.
        scheme: String,
    },
    /// A pattern that cannot be read.
    #[error("{pattern}: {problem}")]
    Pattern {
        /// As given.
        pattern: String,
        /// By the pattern's parser.
        problem: String,
    },
}

impl SourceUri {
    /// Reads `[NAME=]URI`. A file that exists under the whole text is that file, whatever characters its name has.
    ///
    /// # Errors
    /// [`UriError`]
    pub fn parse(text: &str) -> Result<Self, UriError> {
        if !text.is_empty() && PathBuf::from(text).exists() {
            return Ok(Self { name: text.to_owned(), kind: SourceKind::Path(text.into()) });
        }
        let (name, uri) = match text.split_once('=') {
            Some((name, uri)) if is_name(name) => (name, uri),
            _ => (text, text),
        };
        if uri.is_empty() {
            return Err(UriError::Empty);
        }
        let kind = match uri.split_once("://") {
            Some(("file", path)) => SourceKind::Path(path.into()),
            Some((scheme, _)) if is_name(scheme) => {
                return Err(UriError::Scheme { uri: uri.to_owned(), scheme: scheme.to_owned() });
            }
            _ if uri.contains(['*', '?', '[']) && !PathBuf::from(uri).exists() => SourceKind::Glob(uri.to_owned()),
            _ => SourceKind::Path(uri.into()),
        };
        Ok(Self { name: name.to_owned(), kind })
    }
}

/// Letters, digits, `_`, `-` and `.`: what a name may have, and no path or pattern needs in front of `=`.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|char| char.is_alphanumeric() || "_-.".contains(char))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (String, SourceKind) {
        let uri = SourceUri::parse(text).unwrap();
        (uri.name, uri.kind)
    }

    #[test]
    fn names_paths_and_patterns_are_told_apart() {
        let path = |text: &str| SourceKind::Path(text.into());
        assert_eq!(parsed("no/such/folder/"), ("no/such/folder/".into(), path("no/such/folder/")));
        assert_eq!(parsed("line1=no/such"), ("line1".into(), path("no/such")));
        assert_eq!(parsed("no/such=it.png"), ("no/such=it.png".into(), path("no/such=it.png")));
        assert_eq!(parsed("x=a/*.png"), ("x".into(), SourceKind::Glob("a/*.png".into())));
        assert_eq!(parsed("file:///a/b"), ("file:///a/b".into(), path("/a/b")));
    }

    #[test]
    fn other_schemes_and_nothing_are_refused() {
        assert_eq!(SourceUri::parse(""), Err(UriError::Empty));
        assert_eq!(SourceUri::parse("line1="), Err(UriError::Empty));
        assert!(
            matches!(SourceUri::parse("cam=ftp://host/x"), Err(UriError::Scheme { scheme, .. }) if scheme == "ftp")
        );
    }
}
