//! What a panic said, for those who go on without what panicked: a picture, a model.
#![forbid(unsafe_code)]

use std::any::Any;

/// The words of a panic; none where it was not given any.
pub fn words(payload: &(dyn Any + Send)) -> Option<&str> {
    payload.downcast_ref::<&str>().copied().or(payload.downcast_ref::<String>().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn words_are_found_whoever_owns_them() {
        let said = |work: fn()| words(&*catch_unwind(work).unwrap_err()).map(str::to_owned);
        assert_eq!(said(|| panic!("as asked")).as_deref(), Some("as asked"));
        assert_eq!(said(|| panic!("as asked {} times", 2)).as_deref(), Some("as asked 2 times"));
        assert_eq!(said(|| std::panic::panic_any(7)), None);
    }
}
