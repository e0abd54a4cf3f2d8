//! What a board's journal says about time: figures for people, nothing is decided by them. They are of an emulated machine.

use crate::board::Said;

/// When, by the seconds since the kernel started, and from which process.
struct Verdict {
    at: f64,
    process: u32,
}

/// The seconds from power-on to the first verdict, and how long nothing was judged at each change of the process.
pub(crate) fn figures(units: &Said, journal: &str) -> String {
    let verdicts: Vec<Verdict> = journal.lines().filter_map(verdict).collect();
    let started = units
        .properties("ActiveEnterTimestampMonotonic")
        .into_iter()
        .map(|text| text.parse().unwrap_or(f64::NAN) / 1e6);
    let mut text = String::new();
    for (unit, at) in ["moead-edge", "empty"].into_iter().zip(started) {
        text.push_str(&format!("{unit}.service was ready {at:.1} s after power-on\n"));
    }
    if let Some(first) = verdicts.first() {
        text.push_str(&format!("the first picture was judged {:.1} s after power-on\n", first.at));
    }
    for pair in verdicts.windows(2) {
        let [before, after] = pair else { continue };
        if before.process != after.process {
            let (at, lost) = (before.at, after.at - before.at);
            text.push_str(&format!("nothing was judged for {lost:.1} s, from {at:.1} s on: another process\n"));
        }
    }
    text
}

/// Of a line that tells of a judged picture: `[   83.595932] board moead-edge[168]: {"schema":1,…,"frame":2,…,"score":55.6,…}`.
fn verdict(line: &str) -> Option<Verdict> {
    let (at, rest) = line.strip_prefix('[')?.split_once(']')?;
    let (process, document) = rest.split_once("moead-edge[")?.1.split_once("]: ")?;
    let document: serde_json::Value = serde_json::from_str(document).ok()?;
    document.get("score")?.as_f64()?;
    Some(Verdict { at: at.trim().parse().ok()?, process: process.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_lie_between_processes() {
        let journal = r#"[    1.000000] board systemd[1]: Starting moead-edge.service
[    5.500000] board moead-edge[7]: {"schema":1,"event":"streaming","source":"a"}
[    6.250000] board moead-edge[7]: {"schema":1,"source":"a","frame":0,"score":1.5}
[    9.000000] board moead-edge[7]: {"schema":1,"source":"a","frame":1,"score":1.5}
[   19.500000] board moead-edge[8]: {"schema":1,"source":"a","frame":0,"score":1.5}
"#;
        let stdout = "ActiveEnterTimestampMonotonic=5400000\n\nActiveEnterTimestampMonotonic=2100000\n".to_owned();
        let units = Said { status: "0".into(), stdout, stderr: String::new() };
        insta::assert_snapshot!(figures(&units, journal), @"
        moead-edge.service was ready 5.4 s after power-on
        empty.service was ready 2.1 s after power-on
        the first picture was judged 6.2 s after power-on
        nothing was judged for 10.5 s, from 9.0 s on: another process
        ");
    }
}
