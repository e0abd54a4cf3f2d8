//! What `--source` may say.
//!
//! `picture.png`, `folder/`, `"folder/*.png"`, `-` for standard input, and devices with what is asked of them:
//! `v4l2:///dev/video0?format=MJPG&size=1280x720`, `synthetic://conveyor?defects=0.1`. Each may have a name of its own in
//! front: `line1=folder/`.

use std::path::PathBuf;

pub mod query;

use query::Query;

use super::sources::standard_input::StreamRequest;
use super::sources::synthetic::SceneRequest;
#[cfg(feature = "camera")]
use super::sources::v4l2::request::CameraRequest;
use crate::score::regions::Rect;

/// A source by name and kind.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceUri {
    /// In result lines.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
    /// The part of each frame that the network sees, in pixels of the frame. None: all of it. Never of files.
    pub region: Option<Rect>,
}

/// Where frames come from.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SourceKind {
    /// A file or a folder.
    Path(PathBuf),
    /// A pattern with `*`, `?` or `[…]`; `**` for any number of folders.
    Glob(String),
    /// A stream on standard input.
    StandardInput(StreamRequest),
    /// A scene that is drawn.
    Synthetic(SceneRequest),
    /// A camera.
    #[cfg(feature = "camera")]
    Camera(CameraRequest),
}

/// Not a source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UriError {
    /// Nothing there.
    #[error("expected a file, a folder, a pattern or a device, found an empty text")]
    Empty,
    /// A kind that this program does not have.
    #[error("expected a file, a folder, a pattern or one of {}, found the scheme {scheme}://", SCHEMES.join(", "))]
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
    /// Something that this kind of source does not know.
    #[error("unknown setting `{key}`{}", closest.as_ref().map_or(String::new(), |closest| format!("; did you mean `{closest}`?")))]
    Key {
        /// As given.
        key: String,
        /// The one that it looks like.
        closest: Option<String>,
    },
    /// A setting that makes no sense.
    #[error("`{key}={value}`: expected {expected}")]
    Value {
        /// What is set.
        key: String,
        /// As given.
        value: String,
        /// What it may be.
        expected: String,
    },
    /// A setting that stands there twice.
    #[error("`{0}` is set twice")]
    Twice(String),
}

/// The schemes of this program.
const SCHEMES: &[&str] = &[
    "file://",
    "synthetic://",
    #[cfg(feature = "camera")]
    "v4l2://",
];

impl SourceUri {
    /// Reads `[NAME=]URI`. A file that exists under the whole text is that file, whatever characters its name has.
    ///
    /// # Errors
    /// [`UriError`]
    pub fn parse(text: &str) -> Result<Self, UriError> {
        let plain = |name: &str, kind| Self { name: name.to_owned(), kind, region: None };
        if !text.is_empty() && PathBuf::from(text).exists() {
            return Ok(plain(text, SourceKind::Path(text.into())));
        }
        let (name, uri) = match text.split_once('=') {
            Some((name, uri)) if is_name(name) => (name, uri),
            _ => (text, text),
        };
        if uri.is_empty() {
            return Err(UriError::Empty);
        }
        if uri == "-" || uri.starts_with("-?") {
            let mut query = Query::parse(uri.split_once('?').map_or("", |(_, query)| query))?;
            let region = query.take_region("roi")?;
            let kind = SourceKind::StandardInput(StreamRequest::parse(&mut query)?);
            query.finish()?;
            return Ok(Self { name: name.to_owned(), kind, region });
        }
        let Some((scheme, rest)) = uri.split_once("://").filter(|(scheme, _)| is_name(scheme)) else {
            let is_pattern = uri.contains(['*', '?', '[']) && !PathBuf::from(uri).exists();
            let kind = if is_pattern { SourceKind::Glob(uri.to_owned()) } else { SourceKind::Path(uri.into()) };
            return Ok(plain(name, kind));
        };
        if scheme == "file" {
            return Ok(plain(name, SourceKind::Path(rest.into())));
        }
        let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut query = Query::parse(query)?;
        // Before a camera takes all that it does not know for controls.
        let region = query.take_region("roi")?;
        let kind = match scheme {
            "synthetic" => SourceKind::Synthetic(SceneRequest::parse(address, &mut query)?),
            #[cfg(feature = "camera")]
            "v4l2" => SourceKind::Camera(CameraRequest::parse(address, &mut query)?),
            _ => return Err(UriError::Scheme { uri: uri.to_owned(), scheme: scheme.to_owned() }),
        };
        query.finish()?;
        Ok(Self { name: name.to_owned(), kind, region })
    }
}

/// Letters, digits, `_`, `-` and `.`: what a name may have, and no path or pattern needs in front of `=`.
pub(crate) fn is_name(text: &str) -> bool {
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
