//! Where a picture's time goes, for people and for programs: a table by part, one by kind of operator.

use std::io;
use std::iter;

use moead_model::onnx::parts::Part;
use moead_terminal::printer::Printer;
use moead_terminal::table::Table;
use serde_json::{Map, Value, json};

use super::{Row, report};
use crate::bench::profile::{Profile, Share};

/// Operators below this share of a picture are told as one.
const LEAST_SHARE: f64 = 0.01;

pub(super) fn json(profile: &Result<Profile, String>) -> Value {
    match profile {
        Ok(profile) => {
            let parts: Map<String, Value> =
                profile.parts().into_iter().map(|(part, share)| (part.name().into(), json!(share))).collect();
            let operator =
                |(name, Share { ms, share }): (&str, Share)| json!({"operator": name, "ms": ms, "share": share});
            let operators: Vec<Value> = profile.operators().into_iter().map(operator).collect();
            json!({"total_ms": profile.total(), "parts": parts, "operators": operators})
        }
        Err(cause) => json!({"error": cause}),
    }
}

pub(super) fn text(rows: &[Row<'_>], printer: &Printer) -> io::Result<()> {
    let Tables { by_part, by_operator, causes } = Tables::of(rows);
    if !by_part.is_empty() {
        for table in [by_part, by_operator] {
            printer.line("")?;
            table.iter().try_for_each(|line| printer.line(line))?;
        }
        printer.note(
            "profiles were taken after the rounds with a look at every node: their milliseconds include what that costs; \
             `other` are nodes whose names tell no part, as those that an engine adds",
        );
    }
    causes.iter().for_each(|cause| printer.warning(cause));
    Ok(())
}

/// Lines of both tables, none where there is no profile, and why somebody has none.
struct Tables {
    by_part: Vec<String>,
    by_operator: Vec<String>,
    causes: Vec<String>,
}

impl Tables {
    fn of(rows: &[Row<'_>]) -> Self {
        let heads: Vec<&str> =
            ["engine", "threads"].into_iter().chain(Part::ALL.map(Part::name)).chain(["profiled ms"]).collect();
        let (mut by_part, mut by_operator) =
            (Table::new(&heads), Table::new(&["engine", "threads", "ms", "share", ""]));
        let (mut causes, mut is_empty): (Vec<String>, bool) = (Vec::new(), true);
        for row in rows {
            let Ok(measured) = &row.outcome else { continue };
            let name = report::name(row, measured, rows);
            match &measured.profile {
                Some(Ok(profile)) => {
                    is_empty = false;
                    let parts = profile.parts().map(|(_, Share { ms, share })| format!("{ms:.1} ({})", percent(share)));
                    by_part.row(name.iter().cloned().chain(parts).chain([format!("{:.1}", profile.total())]));
                    for (operator, Share { ms, share }) in told(profile) {
                        by_operator.row(name.iter().cloned().chain([format!("{ms:.1}"), percent(share), operator]));
                    }
                }
                Some(Err(cause)) => {
                    let line = format!("no profile: {}: {cause}", name[0]);
                    // One reason for every number of threads.
                    if !causes.contains(&line) {
                        causes.push(line);
                    }
                }
                None => {}
            }
        }
        let lines = |table: Table| if is_empty { Vec::new() } else { table.lines().collect() };
        Self { by_part: lines(by_part), by_operator: lines(by_operator), causes }
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// Operators that take time, the costly first, and the rest as one.
fn told(profile: &Profile) -> Vec<(String, Share)> {
    let (large, small): (Vec<_>, Vec<_>) =
        profile.operators().into_iter().partition(|(_, share)| share.share >= LEAST_SHARE);
    let large = large.into_iter().map(|(operator, share)| (operator.to_owned(), share));
    let (ms, share) = small.iter().fold((0.0, 0.0), |(ms, share), (_, small)| (ms + small.ms, share + small.share));
    let rest = (format!("{} other kinds", small.len()), Share { ms, share });
    large.chain(iter::once(rest).filter(|_| !small.is_empty())).collect()
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::path::Path;

    use super::*;
    use crate::bench::rounds::Measurement;

    fn row(engine: &str, profile: Option<Result<Profile, String>>) -> Row<'static> {
        let measurement = Measurement {
            engine: engine.into(),
            description: String::new(),
            load_ms: 0.0,
            first_ms: 0.0,
            wall_ms: Vec::new(),
            cpu_ms: Vec::new(),
            idle_cpu: 0.0,
            peak_memory: None,
            map_error: 0.0,
            profile,
        };
        Row { model: Path::new("m.onnx"), engine: engine.into(), threads: NonZeroUsize::MIN, outcome: Ok(measurement) }
    }

    fn profile(nodes: &[(&str, &str, f64)]) -> Option<Result<Profile, String>> {
        let mut profile = Profile::default();
        nodes.iter().for_each(|(node, operator, ms)| profile.add(node, operator, *ms));
        Some(Ok(profile))
    }

    #[test]
    fn small_operators_are_told_as_one() {
        let ours =
            [("stem", "Pointwise", 6.0), ("round0.x", "Experts", 3.9), ("neck", "Pad", 0.06), ("score", "Max", 0.04)];
        let rows = [
            row("tract", profile(&ours)),
            row("ort cpu", profile(&[("stem_nchwc", "Conv", 12.0), ("ReorderOutput", "ReorderOutput", 4.0)])),
            row("ort cuda", Some(Err("it is somewhere else".into()))),
            row("ort cuda", Some(Err("it is somewhere else".into()))),
            row("ort tensorrt", None),
        ];
        let Tables { by_part, by_operator, causes } = Tables::of(&rows);
        insta::assert_snapshot!(by_part.join("\n"), @r"
        engine   threads     backbone       neck     decoder       head       other  profiled ms
        tract          1   6.0 (60 %)  0.1 (1 %)  3.9 (39 %)  0.0 (0 %)   0.0 (0 %)         10.0
        ort cpu        1  12.0 (75 %)  0.0 (0 %)   0.0 (0 %)  0.0 (0 %)  4.0 (25 %)         16.0
        ");
        insta::assert_snapshot!(by_operator.join("\n"), @r"
        engine   threads    ms  share
        tract          1   6.0   60 %  Pointwise
        tract          1   3.9   39 %  Experts
        tract          1   0.1    1 %  2 other kinds
        ort cpu        1  12.0   75 %  Conv
        ort cpu        1   4.0   25 %  ReorderOutput
        ");
        assert_eq!(causes, ["no profile: ort cuda: it is somewhere else"]);
    }

    #[test]
    fn without_a_profile_there_is_no_table() {
        let Tables { by_part, by_operator, causes } = Tables::of(&[row("tract", None)]);
        assert!(by_part.is_empty() && by_operator.is_empty() && causes.is_empty());
        assert_eq!(json(&Err("it is somewhere else".into())), json!({"error": "it is somewhere else"}));
    }
}
