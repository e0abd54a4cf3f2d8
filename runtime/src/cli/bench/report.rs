//! The table of `moead-edge bench`, for people and for programs.

use std::io;

use moead_terminal::printer::Printer;
use moead_terminal::table::Table;
use serde_json::{Value, json};

use super::{Row, profiles};
use crate::bench::rounds::Measurement;
use crate::bench::statistics::Quartiles;
use crate::doctor::finding::Finding;
use crate::engine::choice::{Candidate, Refusal};

/// A service that waits for frames should cost next to nothing.
const MAX_IDLE_CPU: f64 = 0.02;

pub(super) fn json(rows: &[Row<'_>], refused: &[(Candidate, Refusal)], disturbances: &[Finding]) -> Value {
    let base = base(rows);
    let row = |row: &Row<'_>| {
        let mut value = json!({"model": row.model.display().to_string(), "threads": row.threads.get()});
        match &row.outcome {
            Ok(measured) => {
                value["engine"] = json!(measured.engine);
                value["description"] = json!(measured.description);
                value["latency_ms"] = json!(measured.wall());
                value["ratio"] = json!(base.and_then(|base| measured.ratio(base)));
                value["cpu_ms"] = json!(measured.cpu());
                value["load_ms"] = json!(measured.load_ms);
                value["first_ms"] = json!(measured.first_ms);
                value["peak_memory_bytes"] = json!(measured.peak_memory);
                value["idle_cpu"] = json!(measured.idle_cpu);
                if let Some(profile) = &measured.profile {
                    value["profile"] = profiles::json(profile);
                }
                value["map_error"] = json!(measured.map_error.is_finite().then_some(measured.map_error));
            }
            Err(error) => {
                value["engine"] = json!(row.engine);
                value["error"] = json!(error.to_string());
            }
        }
        if let Ok(metadata) = std::fs::metadata(row.model) {
            value["model_bytes"] = json!(metadata.len());
        }
        value
    };
    let refusal = |(candidate, refusal): &(Candidate, Refusal)| json!({"engine": candidate.to_string(), "error": refusal.to_string()});
    json!({
        "schema": 1,
        "contenders": rows.iter().map(row).collect::<Vec<_>>(),
        "refused": refused.iter().map(refusal).collect::<Vec<_>>(),
        "disturbances": disturbances.iter().map(|Finding { fact, value, .. }| json!({"fact": fact, "value": value})).collect::<Vec<_>>(),
    })
}

pub(super) fn text(rows: &[Row<'_>], printer: &Printer) -> io::Result<()> {
    let base = base(rows);
    let heads = [
        "engine",
        "threads",
        "ms a picture",
        "quartiles",
        "ratio",
        "CPU ms",
        "load ms",
        "first ms",
        "peak MB",
        "idle CPU",
        "map error",
    ];
    let mut table = Table::new(&heads);
    for row in rows {
        if let Ok(measured) = &row.outcome {
            table.row(name(row, measured, rows).into_iter().chain(cells(measured, base)));
        }
    }
    table.lines().try_for_each(|line| printer.line(line))?;
    let mut failed: Vec<String> = Vec::new();
    for row in rows {
        if let Err(error) = &row.outcome {
            let line = format!("not measured: {}: {}: {error}", row.model.display(), row.engine);
            // One reason for every number of threads.
            if !failed.contains(&line) {
                printer.warning(&line);
                failed.push(line);
            }
        }
    }
    if let Some(base) = base {
        printer.note(format_args!(
            "ratio and map error: compared with the first row ({}), round by round",
            base.description
        ));
    }
    let restless = rows.iter().filter_map(|row| row.outcome.as_ref().ok());
    for measured in restless.filter(|measured| measured.idle_cpu > MAX_IDLE_CPU) {
        printer.warning(format_args!(
            "{} uses {:.0} % of a core while there is nothing to do",
            measured.engine,
            measured.idle_cpu * 100.0
        ));
    }
    Ok(())
}

/// A row's first two cells: engine, with the model where there are several, and threads.
pub(super) fn name(row: &Row<'_>, measured: &Measurement, rows: &[Row<'_>]) -> [String; 2] {
    let several = rows.iter().any(|other| other.model != row.model);
    let model = if several { format!("{}, ", row.model.display()) } else { String::new() };
    [format!("{model}{}", measured.engine), row.threads.to_string()]
}

/// Whoever the others are compared with.
fn base<'a>(rows: &'a [Row<'_>]) -> Option<&'a Measurement> {
    rows.iter().find_map(|row| row.outcome.as_ref().ok())
}

fn cells(measured: &Measurement, base: Option<&Measurement>) -> [String; 9] {
    let number = |value: Option<f64>, digits: usize| value.map_or("-".into(), |value| format!("{value:.digits$}"));
    let median = |quartiles: Option<Quartiles>| quartiles.map(|quartiles| quartiles.median);
    let spread = measured.wall().map_or("-".into(), |wall| format!("{:.1} to {:.1}", wall.low, wall.high));
    [
        number(median(measured.wall()), 1),
        spread,
        number(median(base.and_then(|base| measured.ratio(base))), 2),
        number(median(measured.cpu()), 1),
        number(Some(measured.load_ms), 0),
        number(Some(measured.first_ms), 0),
        number(measured.peak_memory.map(|bytes| bytes as f64 / 1e6), 0),
        format!("{:.1} %", measured.idle_cpu * 100.0),
        format!("{:.1e}", measured.map_error),
    ]
}
