//! Words of a command line as systemd reads them: `systemd.service(5)`, "Command lines".

/// One line for `ExecStart=`, in which every word arrives as it is.
#[must_use]
pub fn exec_start(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// `%` begins a specifier and `$` a variable, quoted or not. Quotes, backslashes and control characters are escaped inside of
/// double quotes; words of harmless characters stay as they are.
fn quoted(word: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "@/:=,._+-?&~[]".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let mut quoted = String::from("\"");
    for character in word.chars() {
        match character {
            '%' => quoted.push_str("%%"),
            '$' => quoted.push_str("$$"),
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_ascii_control() => quoted.push_str(&format!("\\x{:02x}", u32::from(control))),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_words_stay_readable() {
        let words =
            ["/opt/moead/current/moead-edge", "--source", "v4l2:///dev/video0?size=640x480&fps=30", "0.0.0.0:80"];
        assert_eq!(exec_start(&words.map(str::to_owned)), words.join(" "));
    }

    #[test]
    fn everything_that_systemd_would_read_is_escaped() {
        for (word, expected) in [
            ("", r#""""#),
            ("a b", r#""a b""#),
            ("100%", r#""100%%""#),
            ("$HOME", r#""$$HOME""#),
            (r#"a"b\c"#, r#""a\"b\\c""#),
            ("line\nUser=root", r#""line\nUser=root""#),
            ("x\u{1b}", r#""x\x1b""#),
            (";", r#"";""#),
            ("ä", r#""ä""#),
        ] {
            assert_eq!(quoted(word), expected, "{word:?}");
        }
    }
}
