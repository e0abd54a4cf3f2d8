//! What `moead-edge doctor` tells: text for people, one JSON document for programs. This module is its specification.
//!
//! ```json
//! {"schema":1,"worst":"warning","counts":{"ok":1,"note":0,"warning":1,"problem":0},"findings":[
//!  {"area":"board","fact":"model","state":"ok","value":"Raspberry Pi 5 Model B Rev 1.0","remedy":null},
//!  {"area":"heat","fact":"throttling","state":"warning","value":"since the start: too little voltage",
//!   "remedy":"use the board's own power supply"}]}
//! ```
//!
//! | field | meaning |
//! | --- | --- |
//! | `worst` | the worst `state` of all |
//! | `counts` | findings by state |
//! | `area` | `board`, `system`, `cpu`, `memory`, `storage`, `graphics`, `power`, `heat`, `time`, `watchdog`, `cameras`, `permissions` or `engines`, in this order |
//! | `fact` | what was looked at; a folder, a device or an engine where there may be several. A fact that does not apply to a machine is absent |
//! | `state` | `ok`; `note`: nothing has to be done; `warning`: works, and slower, or not for long; `problem`: inspection fails, or results cannot be relied on |
//! | `value` | what was found, in words; it may change from version to version |
//! | `remedy` | what to do, in words, with commands in backticks; null where there is nothing to do |

use std::fmt::{self, Write as _};

use serde_json::{Value, json};

use super::text::Printable;
use crate::doctor::finding::{Finding, State, worst};

/// One JSON document.
pub fn json(findings: &[Finding]) -> Value {
    let counts: serde_json::Map<_, _> =
        State::ALL.iter().map(|&state| (state.name().to_owned(), count(findings, state).into())).collect();
    let finding = |finding: &Finding| {
        json!({
            "area": finding.area.name(),
            "fact": finding.fact,
            "state": finding.state.name(),
            "value": finding.value,
            "remedy": finding.remedy,
        })
    };
    json!({
        "schema": 1,
        "worst": worst(findings).name(),
        "counts": counts,
        "findings": findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

/// Lines for people, area by area, and at the end what is wrong once more. `paint` colours a word that says a state; the word
/// itself says all.
pub fn text(findings: &[Finding], paint: impl Fn(State, &str) -> String) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_text(&mut text, findings, paint);
    text
}

/// Facts with longer names (folders, devices) push their own value aside, and nobody else's.
const WIDEST: usize = 20;

fn write_text(text: &mut String, findings: &[Finding], paint: impl Fn(State, &str) -> String) -> fmt::Result {
    let shown = |fact: &str| Printable(fact).to_string();
    let widths = findings.iter().map(|finding| shown(&finding.fact).chars().count());
    let width = widths.filter(|&width| width <= WIDEST).max().unwrap_or_default();
    let word = |state: State| paint(state, &format!("{:<7}", state.name()));
    for area in findings.chunk_by(|left, right| left.area == right.area) {
        if let Some(first) = area.first() {
            writeln!(text, "{}", first.area.name())?;
        }
        for (index, finding) in area.iter().enumerate() {
            let fact = shown(&finding.fact);
            writeln!(text, "  {}  {fact:<width$}  {}", word(finding.state), Printable(&finding.value))?;
            // What helps several in a row is told once.
            let next = area.get(index + 1).and_then(|next| next.remedy.as_ref());
            let remedy = finding.remedy.as_ref().filter(|remedy| Some(*remedy) != next);
            for (number, line) in remedy.iter().flat_map(|remedy| remedy.lines().enumerate()) {
                let begin = if number == 0 { "remedy: " } else { "        " };
                writeln!(text, "  {:<7}  {:<width$}  {begin}{}", "", "", Printable(line))?;
            }
        }
    }
    let counted: Vec<_> = State::ALL
        .iter()
        .rev()
        .filter_map(|&state| {
            let count = count(findings, state);
            let plural = if count == 1 || state == State::Ok { "" } else { "s" };
            (count > 0).then(|| format!("{count} {}{plural}", state.name()))
        })
        .collect();
    writeln!(text, "\n{}", counted.join(", "))?;
    // The last line is the one that is seen.
    for state in [State::Warning, State::Problem] {
        for finding in findings.iter().filter(|finding| finding.state == state) {
            writeln!(text, "  {}  {}: {}", word(state), finding.area.name(), Printable(&finding.fact))?;
        }
    }
    Ok(())
}

fn count(findings: &[Finding], state: State) -> usize {
    findings.iter().filter(|finding| finding.state == state).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Area;

    fn findings() -> Vec<Finding> {
        vec![
            Finding::ok(Area::Board, "model", "Raspberry Pi 5 Model B Rev 1.0"),
            Finding::warning(Area::Heat, "throttling", "since the start: too little voltage")
                .remedy("use the board's own power supply"),
        ]
    }

    #[test]
    fn the_document_is_as_specified() {
        let lines = include_str!("findings.rs").lines().map(|line| line.trim_start_matches("//!"));
        let inside =
            lines.skip_while(|line| !line.contains("```json")).skip(1).take_while(|line| !line.contains("```"));
        let example: Value = serde_json::from_str(&inside.collect::<String>()).unwrap();
        assert_eq!(json(&findings()), example);
    }

    #[test]
    fn colour_only_repeats_the_word() {
        let plain = text(&findings(), |_, word| word.to_owned());
        let painted = text(&findings(), |state, word| format!("<{}>{word}</>", state.name()));
        assert!(painted.contains("<warning>warning</>") && painted.contains("<ok>ok     </>"));
        let stripped = ["<ok>", "<warning>", "</>"].iter().fold(painted, |text, mark| text.replace(mark, ""));
        assert_eq!(stripped, plain);
    }

    #[test]
    fn a_remedy_may_have_several_lines_and_is_told_once_for_several_findings_in_a_row() {
        let finding = |fact: &str| Finding::note(Area::Engines, fact, "missing").remedy("one way\nanother way");
        let text = text(&[finding("a"), finding("b")], |_, word| word.to_owned());
        let expected = "engines\n  note     a  missing\n  note     b  missing\n              remedy: one way\n                      another way\n\n2 notes\n";
        assert_eq!(text, expected);
        assert_eq!(json(&[finding("a"), finding("b")])["findings"][0]["remedy"], "one way\nanother way");
    }

    #[test]
    fn a_machine_cannot_forge_a_line() {
        let forged = [Finding::ok(Area::Board, "model", "x\u{1b}[2J\n  problem  y")];
        let text = text(&forged, |_, word| word.to_owned());
        assert_eq!(text, "board\n  ok       model  x\\u{1b}[2J\\u{a}  problem  y\n\n1 ok\n");
    }
}
