//! One setting, and all who may answer it.

use std::fmt;

use super::ResolveError;

/// Who answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// A key of `arch`, as a path.
    Arch(String),
    /// A tensor's presence or shape.
    Tensor(String),
    /// What other settings imply.
    Implied(String),
    /// [`super::Wishes`].
    Caller,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arch(path) => write!(f, "arch ({path})"),
            Self::Tensor(name) => write!(f, "tensor {name}"),
            Self::Implied(text) => f.write_str(text),
            Self::Caller => f.write_str("the command line"),
        }
    }
}

/// A setting that nobody answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assumed {
    /// Its name in `arch`.
    pub setting: &'static str,
    /// The official value, as text.
    pub value: String,
}

impl fmt::Display for Assumed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.setting, self.value)
    }
}

/// Decides between answers to one question; all must agree.
pub(super) struct Question<T> {
    setting: &'static str,
    answer: Option<(Origin, T)>,
}

impl<T: PartialEq + fmt::Debug> Question<T> {
    pub(super) fn new(setting: &'static str) -> Self {
        Self { setting, answer: None }
    }

    pub(super) fn ask(mut self, origin: Origin, answer: Option<T>) -> Result<Self, ResolveError> {
        match (answer, &self.answer) {
            (None, _) => {}
            (Some(answer), None) => self.answer = Some((origin, answer)),
            (Some(answer), Some((_, first))) if answer == *first => {}
            (Some(second), Some((first_origin, first))) => {
                return Err(ResolveError::Conflict {
                    setting: self.setting,
                    first: words(first),
                    first_origin: first_origin.clone(),
                    second: words(&second),
                    second_origin: origin,
                });
            }
        }
        Ok(self)
    }

    pub(super) fn answer(self) -> Option<T> {
        self.answer.map(|(_, answer)| answer)
    }

    /// The answer, and who gave it.
    pub(super) fn answered(self) -> Option<(Origin, T)> {
        self.answer
    }

    pub(super) fn or_assume(self, assumed: &mut Vec<Assumed>, value: T) -> T {
        match self.answer {
            Some((_, answer)) => answer,
            None => {
                assumed.push(Assumed { setting: self.setting, value: words(&value) });
                value
            }
        }
    }
}

/// A value as a person writes it: JSON's spelling for what `arch` holds. A text is itself.
pub(super) fn words<T: fmt::Debug>(value: &T) -> String {
    let debug = format!("{value:?}");
    match debug.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(text) => text.to_owned(),
        None => debug.to_lowercase().replace("none", "null"),
    }
}
