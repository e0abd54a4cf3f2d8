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
    let heads = ["engine", "threads"].into_iter().chain(Part::ALL.map(Part::name)).chain(["profiled ms"]);
    let mut by_part = Table::new(&heads.collect::<Vec<_>>());
    let mut by_operator = Table::new(&["engine", "threads", "ms", "share", ""]);
    let mut causes: Vec<String> = Vec::new();
    let mut profiled = 0;
    for row in rows {
        let Ok(measured) = &row.outcome else { continue };
        let name = report::name(row, measured, rows);
        match &measured.profile {
            Some(Ok(profile)) => {
                profiled += 1;
                let parts = profile.parts().map(|(_, share)| format!("{:.1} ({:.0} %)", share.ms, share.share * 100.0));
                by_part.row(name.iter().cloned().chain(parts).chain([format!("{:.1}", profile.total())]));
                for (operator, Share { ms, share }) in told(profile) {
                    let cells = [format!("{ms:.1}"), format!("{:.0} %", share * 100.0), operator];
                    by_operator.row(name.iter().cloned().chain(cells));
                }
            }
            // One reason for every number of threads.
            Some(Err(cause)) => {
                let line = format!("no profile: {}: {cause}", name[0]);
                if !causes.contains(&line) {
                    causes.push(line);
                }
            }
            None => {}
        }
    }
    if profiled > 0 {
        for table in [&by_part, &by_operator] {
            printer.line("")?;
            table.lines().try_for_each(|line| printer.line(line))?;
        }
        printer.note(
            "profiles were taken after the rounds, with a look at every node: their milliseconds include what that costs, and \
             not what an engine does between nodes; `other` are nodes that an engine added under names of its own",
        );
    }
    causes.iter().for_each(|cause| printer.warning(cause));
    Ok(())
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
