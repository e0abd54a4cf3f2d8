//! Texts and numbers inside of markup.

/// A text as text, whatever is in it.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// Remarks as a list of texts; nothing where there is none.
pub(super) fn remarks(texts: impl Iterator<Item = String>) -> String {
    let items: String = texts.map(|text| format!("<li>{}</li>", escaped(&text))).collect();
    if items.is_empty() { String::new() } else { format!("<ul class=\"notes\">{items}</ul>") }
}

/// A fraction per hundred, as papers print it, with two digits.
pub(super) fn percent(fraction: f64) -> String {
    format!("{:.2}", 100.0 * fraction)
}

/// A score with four significant digits.
pub(super) fn score(score: f32) -> String {
    let digits = 3 - (score.abs().max(1e-9).log10().floor() as i32).clamp(-6, 3);
    format!("{score:.*}", digits as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out() {
        assert_eq!(escaped("<b a=\"1\">&'"), "&lt;b a=&quot;1&quot;&gt;&amp;&#39;");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!((percent(0.977), percent(1.0)), ("97.70".into(), "100.00".into()));
        assert_eq!(
            [0.0, 0.012_345, 3.5, 12.345, 123_456.7].map(score),
            ["0.000000000", "0.01235", "3.500", "12.35", "123457"]
        );
    }
}
