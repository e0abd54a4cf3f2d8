//! Lines for people: verdict, score, file, then what matters about it.

use std::fmt::{self, Write as _};
use std::io::Write as _;

use crate::score::severity::Severity;
use crate::score::verdict::Verdict;
use crate::stream::judge::NoVerdict;
use crate::stream::pipeline::{FrameResult, Summary};
use crate::stream::status::{Status, Turn};

/// One picture, one line: `defect  7.214  bolts/7.png  bolt, severity 1.72  2 regions, strongest 40x31 at 12,80  (41 ms)`. Of a camera
/// the frame's time and number stand in the file's place; product and severity are there with a calibration.
///
/// The verdict stands in front in a column of its own; colour only repeats it. `source` is given where there are several.
pub fn frame(result: &FrameResult, source: Option<&str>, line: &mut Vec<u8>) {
    // Writing into memory cannot fail; so below.
    let _ = write_frame(result, source, line);
}

fn write_frame(result: &FrameResult, source: Option<&str>, line: &mut Vec<u8>) -> std::io::Result<()> {
    let frame = &result.frame;
    let judgement = match &result.outcome {
        Ok(judgement) => {
            let word = judgement.verdict.map_or("-", Verdict::name);
            write!(line, "{word:<7} {:>8.3}  ", judgement.score.0)?;
            Some(judgement)
        }
        Err(_) => {
            write!(line, "{:<7} {:>8}  ", "error", "-")?;
            None
        }
    };
    match &frame.file {
        Some(file) => write!(line, "{}", Printable(file.path.display()))?,
        None => {
            if let Some(source) = source {
                write!(line, "{}  ", Printable(source))?;
            }
            write!(line, "{} #{}", frame.time, frame.number)?;
        }
    }
    let Some(judgement) = judgement else {
        if let Err(error) = &result.outcome {
            write!(line, "  {}", Printable(error))?;
        }
        line.push(b'\n');
        return Ok(());
    };
    if let Some(product) = &result.standard.product {
        write!(line, "  {}", Printable(product))?;
    }
    if let Some(Severity(severity)) = judgement.severity {
        let before = if result.standard.product.is_some() { ", " } else { "  " };
        write!(line, "{before}severity {severity:.2}")?;
    }
    if let Some(largest) = judgement.regions.first() {
        let count = judgement.regions.len();
        let bounds = largest.bounds;
        let noun = if count == 1 { "region" } else { "regions, strongest" };
        write!(line, "  {count} {noun} {}x{} at {},{}", bounds.width, bounds.height, bounds.x, bounds.y)?;
    }
    match judgement.verdict {
        Err(cause @ NoVerdict::Blind(_)) => write!(line, "  {cause}")?,
        Err(NoVerdict::UnknownProduct) => write!(line, "  unknown product")?,
        // Said once, at the start.
        Ok(_) | Err(NoVerdict::NoThreshold) => {}
    }
    if let Some(truth) = frame.truth {
        write!(line, "  [{}]", truth.kind.unwrap_or("no defect"))?;
    }
    if result.dropped_since_last > 0 && frame.file.is_none() {
        write!(line, "  {} skipped", result.dropped_since_last)?;
    }
    writeln!(line, "  ({:.0} ms)", result.latency.age.as_secs_f64() * 1e3)
}

/// What happened to a source: `lost     /dev/video0  2026-01-02T03:04:05.678Z: the device is gone`.
pub fn status(status: &Status, source: &str, line: &mut Vec<u8>) {
    let _ = write!(line, "{:<16}  {} {}", status.state.name(), Printable(source), status.time);
    if let Some(cause) = &status.cause {
        let _ = write!(line, ": {}", Printable(cause));
    }
    line.push(b'\n');
}

/// A slow change: `drift  /dev/video0  2026-01-02T03:04:05.678Z: the latest 64 pictures of bolt have moved …`.
pub fn turn(turn: &Turn, source: &str, line: &mut Vec<u8>) {
    let (name, cause) = (turn.drift.course.name(), Printable(&turn.drift));
    let _ = writeln!(line, "{name:<16}  {} {}: {cause}", Printable(source), turn.time);
}

/// The end of a source: `bolts/: 20 pictures in 1.9 s: 17 ok, 2 defects, 1 unreadable`.
pub fn summary(summary: &Summary, source: &str, line: &mut Vec<u8>) {
    let counts = &summary.tally.counts;
    let mut found = String::new();
    let mut count = |number: u64, one: &str, many: &str| {
        if number > 0 {
            let comma = if found.is_empty() { "" } else { ", " };
            let _ = write!(found, "{comma}{number} {}", if number == 1 { one } else { many });
        }
    };
    count(counts.ok, "ok", "ok");
    count(counts.defects, "defect", "defects");
    count(counts.no_verdict, "without a verdict", "without a verdict");
    count(counts.corrupt, "unreadable", "unreadable");
    count(counts.policy, "passed over", "passed over");
    count(counts.driver, "lost by the driver", "lost by the driver");
    count(counts.sink, "result not printed", "results not printed");
    count(counts.repeated, "repeated", "repeated");
    count(counts.reconnects, "reconnection", "reconnections");
    count(counts.drifts, "drift", "drifts");
    if found.is_empty() {
        found.push_str("nothing judged");
    }
    let noun = if counts.received() == 1 { "picture" } else { "pictures" };
    let seconds = summary.elapsed.as_secs_f64();
    let _ = writeln!(line, "{}: {} {noun} in {seconds:.1} s: {found}", Printable(source), counts.received());
}

/// Control characters as escapes: a file's name may not move the cursor or forge a line.
pub(super) struct Printable<T>(pub(super) T);

impl<T: fmt::Display> fmt::Display for Printable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);
        impl fmt::Write for Escaping<'_, '_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                text.chars().try_for_each(|char| {
                    let reorders =
                        matches!(char, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
                    if char.is_control() || reorders {
                        write!(self.0, "{}", char.escape_unicode())
                    } else {
                        self.0.write_char(char)
                    }
                })
            }
        }
        write!(Escaping(f), "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_move_the_cursor() {
        assert_eq!(Printable("a\u{1b}[2Jb\nc\u{202e}d").to_string(), "a\\u{1b}[2Jb\\u{a}c\\u{202e}d");
        assert_eq!(Printable("Prüfling 7.png").to_string(), "Prüfling 7.png");
    }
}
