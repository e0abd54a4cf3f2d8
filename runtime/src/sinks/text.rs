//! Lines for people: verdict, score, file, then what matters about it.

use std::fmt::Write as _;

use crate::score::verdict::{Threshold, Verdict};
use crate::stream::pipeline::{FrameResult, Summary};

/// One picture, one line: `defect  7.214  bolts/7.png  2 regions, largest 40x31 at 12,80  (41 ms)`.
///
/// The verdict stands in front in a column of its own; colour only repeats it.
pub fn frame(result: &FrameResult, threshold: Option<Threshold>) -> String {
    let file = printable(&result.file.to_string_lossy());
    let judged = match &result.outcome {
        Ok(judged) => judged,
        Err(error) => return format!("{:<7} {:>8}  {file}  {}", "error", "-", printable(&error.to_string())),
    };
    let judgement = &judged.judgement;
    let word = judgement.verdict.map_or("-", Verdict::name);
    let mut line = format!("{word:<7} {:>8.3}  {file}", judgement.score.0);
    if let Some(largest) = judgement.regions.first() {
        let count = judgement.regions.len();
        let bounds = largest.bounds;
        let noun = if count == 1 { "region" } else { "regions, strongest" };
        // Writing into a string cannot fail.
        let _ = write!(line, "  {count} {noun} {}x{} at {},{}", bounds.width, bounds.height, bounds.x, bounds.y);
    }
    if judgement.verdict.is_none() && threshold.is_some() {
        line.push_str("  the score is not a number");
    }
    let _ = write!(line, "  ({:.0} ms)", result.latency.age.as_secs_f64() * 1e3);
    line
}

/// The end of a source: `bolts/: 20 pictures in 1.9 s: 17 ok, 2 defects, 1 unreadable`.
pub fn summary(summary: &Summary, source: &str) -> String {
    let tally = &summary.tally;
    let mut parts = Vec::new();
    let mut count = |number: u64, one: &str, many: &str| {
        if number > 0 {
            parts.push(format!("{number} {}", if number == 1 { one } else { many }));
        }
    };
    count(tally.ok, "ok", "ok");
    count(tally.defects, "defect", "defects");
    count(tally.no_verdict, "without a verdict", "without a verdict");
    count(tally.corrupt, "unreadable", "unreadable");
    let found = if parts.is_empty() { "nothing judged".to_owned() } else { parts.join(", ") };
    let noun = if tally.received() == 1 { "picture" } else { "pictures" };
    let seconds = summary.elapsed.as_secs_f64();
    format!("{}: {} {noun} in {seconds:.1} s: {found}", printable(source), tally.received())
}

/// Control characters as escapes: a file's name may not move the cursor or forge a line.
fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        let reorders = matches!(char, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if char.is_control() || reorders {
            shown.extend(char.escape_unicode());
        } else {
            shown.push(char);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_move_the_cursor() {
        assert_eq!(printable("a\u{1b}[2Jb\nc\u{202e}d"), "a\\u{1b}[2Jb\\u{a}c\\u{202e}d");
        assert_eq!(printable("Prüfling 7.png"), "Prüfling 7.png");
    }
}
