//! Flags of moead-edge among words of a command line, in every form that its parser takes.

/// Letters of flags without a value: others may stand behind them in one word.
const SWITCHES: [char; 4] = ['q', 'v', 'h', 'V'];

/// Whether a word is that flag, with a value in it or without: `--source`, `--source=URI`, `-s`, `-sURI`, `-qsURI`. A letter must be that of a
/// flag with a value.
pub(crate) fn names(word: &str, flag: &str) -> bool {
    if flag.starts_with("--") {
        return word.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='));
    }
    match (letters(word), letters(flag)) {
        (Some(word), Some(letter)) => word.trim_start_matches(SWITCHES).starts_with(letter),
        _ => false,
    }
}

fn letters(word: &str) -> Option<&str> {
    word.strip_prefix('-').filter(|rest| !rest.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_known_in_every_form() {
        for word in ["-c", "-c/dev/video2", "-c=/dev/video2", "-qc", "-qvc2"] {
            assert!(names(word, "-c"), "{word}");
        }
        for word in ["--camera", "--camera=2"] {
            assert!(names(word, "--camera"), "{word}");
        }
    }

    #[test]
    fn other_words_are_not_taken_for_it() {
        for word in ["", "-", "--", "c", "--c", "-sc", "-q", "/dev/video2", "-?fps=5"] {
            assert!(!names(word, "-c"), "{word}");
        }
        for word in ["--cameras", "--cam", "-camera", "camera"] {
            assert!(!names(word, "--camera"), "{word}");
        }
    }
}
