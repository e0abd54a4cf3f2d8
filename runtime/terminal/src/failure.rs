//! Errors as people read them: what failed, where, why, and what to do about it.
//!
//! ```text
//! error: ckpt.pth.tar: tensor x: expected 256x272, found 256x304
//! caused by: …
//! hint: …
//! ```
//!
//! Libraries return typed errors without advice. The program puts the place in front ([`At::at`]), says what it was doing
//! (`anyhow`'s `context`), and chooses the hint from the typed error ([`find`]). A cause whose words already stand on the
//! line above is not said twice.

use std::error::Error;
use std::fmt::{self, Display};

use crate::exit::Exit;
use crate::printer::{Label, Printer};

/// Chooses what to do about an error; each line of the text becomes one `hint:` line.
pub type Hint = fn(&anyhow::Error) -> Option<String>;

/// Puts the place (a file, a device, a source) in front of an error: `ckpt.pth.tar: tensor x: …`.
pub trait At<T> {
    /// Names the place. Typed errors below stay findable by [`find`].
    ///
    /// # Errors
    /// The error that was there, with the place in front.
    fn at(self, place: impl Display) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> At<T> for Result<T, E> {
    fn at(self, place: impl Display) -> anyhow::Result<T> {
        self.map_err(|error| anyhow::Error::new(Placed { place: place.to_string(), source: error.into() }))
    }
}

/// An error with its place in front, on the same line.
#[derive(Debug)]
struct Placed {
    place: String,
    source: anyhow::Error,
}

impl Display for Placed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.source)
    }
}

impl Error for Placed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// A command line that clap accepts and the program cannot: ends with [`Exit::Usage`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageError(String);

impl UsageError {
    /// `text` says which arguments do not go together, or what a value must be.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Arguments that do not go together, as a typed error says; that stays findable by [`find`].
    pub fn of(error: impl Error + Send + Sync + 'static) -> anyhow::Error {
        let words = Self(error.to_string());
        anyhow::Error::new(error).context(words)
    }
}

impl Display for UsageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Error for UsageError {}

/// The first error of type `T`, however many places and contexts stand in front of it.
#[must_use]
pub fn find<T: Error + Send + Sync + 'static>(error: &anyhow::Error) -> Option<&T> {
    error.downcast_ref::<T>().or_else(|| error.chain().find_map(|cause| cause.downcast_ref::<T>()))
}

/// Writes an error, its causes and its hints to stderr, and says how the program ends.
pub fn report(printer: &Printer, error: &anyhow::Error, hint: Hint) -> Exit {
    for (label, text) in lines(error, hint) {
        printer.message(label, &text);
    }
    if find::<UsageError>(error).is_some() { Exit::Usage } else { Exit::Failed }
}

/// What [`report`] writes, labelled.
fn lines(error: &anyhow::Error, hint: Hint) -> Vec<(Label, String)> {
    let mut lines: Vec<(Label, String)> = Vec::new();
    for cause in error.chain() {
        let text = cause.to_string();
        let label = match lines.last() {
            None => Label::Error,
            Some((_, above)) if above.contains(&text) => continue,
            Some(_) => Label::CausedBy,
        };
        lines.push((label, text));
    }
    lines.extend(hint(error).iter().flat_map(|text| text.lines()).map(|line| (Label::Hint, line.to_owned())));
    lines
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;
    use crate::flags::Verbosity;
    use crate::printer::tests::Recorded;

    #[derive(Debug)]
    struct Shape;

    impl Display for Shape {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("tensor x: expected 256x272, found 256x304")
        }
    }

    impl Error for Shape {}

    fn reported(error: &anyhow::Error, hint: Hint) -> (String, Exit) {
        let messages = Recorded::default();
        let printer = Printer::to_streams(std::io::sink(), messages.clone(), Verbosity::Quiet);
        let exit = report(&printer, error, hint);
        (messages.text(), exit)
    }

    #[test]
    fn the_place_stands_in_front_and_is_said_once() {
        let error = Err::<(), _>(Shape).at("ckpt.pth.tar").unwrap_err();
        let expected = "error: ckpt.pth.tar: tensor x: expected 256x272, found 256x304\n";
        assert_eq!(reported(&error, |_| None), (expected.into(), Exit::Failed));
    }

    #[test]
    fn causes_follow_in_order_and_hints_come_last() {
        let error = Err::<(), _>(Shape).at("a.onnx").context("cannot export").unwrap_err();
        let hint: Hint = |error| find::<Shape>(error).map(|_| "try --arch FILE.json\nor inspect".into());
        assert_eq!(
            reported(&error, hint).0,
            "error: cannot export\ncaused by: a.onnx: tensor x: expected 256x272, found 256x304\n\
             hint: try --arch FILE.json\nhint: or inspect\n"
        );
    }

    #[test]
    fn a_typed_error_is_found_below_contexts_and_places() {
        let plain = anyhow::Error::new(Shape);
        let buried = Err::<(), _>(Shape).context("one").at("two").context("three").at("four").unwrap_err();
        assert!(find::<Shape>(&plain).is_some());
        assert!(find::<Shape>(&buried).is_some());
        assert!(find::<UsageError>(&buried).is_none());
    }

    #[test]
    fn a_usage_error_ends_with_its_own_status() {
        let error = anyhow::Error::new(UsageError::new("--frames: expected at least 1, found 0"));
        assert_eq!(reported(&error, |_| None), ("error: --frames: expected at least 1, found 0\n".into(), Exit::Usage));
        let hint: Hint = |error| find::<Shape>(error).map(|_| "give another".into());
        let expected = "error: tensor x: expected 256x272, found 256x304\nhint: give another\n";
        assert_eq!(reported(&UsageError::of(Shape), hint), (expected.into(), Exit::Usage));
    }
}
