//! Outputs that would take the place of something that was only to be read.

use std::path::Path;

use moead_terminal::failure::UsageError;

/// Refuses an output that is one of the inputs: a key or a model would be gone, in favour of what was made of it.
pub(super) fn refuse<'a>(output: &Path, inputs: impl IntoIterator<Item = &'a Path>) -> Result<(), UsageError> {
    let Ok(place) = output.canonicalize() else { return Ok(()) };
    match inputs.into_iter().find(|input| input.canonicalize().is_ok_and(|input| input == place)) {
        None => Ok(()),
        Some(input) => {
            let text = format!("the output would replace {}: give another `--output`", input.display());
            Err(UsageError::new(text))
        }
    }
}
