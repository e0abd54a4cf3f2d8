//! `moead-export inspect CKPT`.

use moead_model::architecture::Decoder;
use moead_terminal::exit::Exit;
use moead_terminal::printer::Printer;
use serde_json::json;

use super::arguments::InspectArguments;
use super::open::Opened;
use crate::checkpoint::Checkpoint;
use crate::inspect::{self, Macs};
use crate::resolve::{self, Resolved, Role, Roles};
use crate::weights::Weights;

pub(super) fn run(arguments: InspectArguments, printer: &Printer) -> anyhow::Result<Exit> {
    let opened = Opened::open(&arguments.checkpoint)?;
    opened.resolve(printer, |resolved, weights| {
        if arguments.json {
            printer.line(json(&opened.checkpoint, resolved, weights, arguments.tensors))?;
        } else {
            table(&opened.checkpoint, resolved, weights, printer)?;
            if arguments.tensors {
                tensors(resolved, weights, printer)?;
            }
        }
        Ok(Exit::Fine)
    })
}

fn json(checkpoint: &Checkpoint, resolved: &Resolved, weights: &dyn Weights, with_tensors: bool) -> serde_json::Value {
    let macs = Macs::of(&resolved.architecture);
    let skipped: Vec<_> = checkpoint
        .skipped()
        .iter()
        .map(|part| json!({ "name": part.name, "tensors": part.tensors, "bytes": part.bytes }))
        .collect();
    let mut value = json!({
        "schema": 1,
        "file": checkpoint.path().display().to_string(),
        "format": checkpoint.format().to_string(),
        "epoch": checkpoint.epoch(),
        "variant": resolved.variant.class(),
        "architecture": resolve::entries(&resolved.architecture),
        "assumed": resolved.assumed.iter().map(|a| json!({ "setting": a.setting, "value": a.value })).collect::<Vec<_>>(),
        "parts": inspect::parts(&resolved.architecture, weights),
        "not_loaded": skipped,
        "macs": macs.total(),
    });
    if with_tensors {
        let roles = Roles::new(&resolved.architecture);
        let tensor = |name: &str| json!({ "name": name, "shape": weights.shape(name), "exported": roles.of(name) == Role::Exported });
        value["tensors"] = weights.names().map(tensor).collect();
    }
    value
}

fn table(
    checkpoint: &Checkpoint,
    resolved: &Resolved,
    weights: &dyn Weights,
    printer: &Printer,
) -> std::io::Result<()> {
    let architecture = &resolved.architecture;
    let reconstruction = architecture.reconstruction();
    let epoch = checkpoint.epoch().map(|epoch| format!(", epoch {epoch}")).unwrap_or_default();
    printer.line(format_args!("{}: {}{epoch}", checkpoint.path().display(), checkpoint.format()))?;
    let decoder = match &reconstruction.decoder {
        Decoder::Shared(rounds) => format!(
            "one block in {} rounds, {} of {} experts per token",
            rounds.rounds, rounds.experts.top_k, rounds.experts.count
        ),
        Decoder::Stacked(stacked) => {
            format!("{} encoder and {} decoder layers", stacked.encoder_layers, stacked.decoder_layers)
        }
    };
    printer.line(format_args!(
        "{} on {} layers {:?}, input {}, {} tokens of {} channels",
        resolved.variant,
        architecture.backbone(),
        architecture.layers(),
        architecture.input(),
        architecture.grid(),
        architecture.channels(),
    ))?;
    printer.line(format_args!(
        "{decoder}, hidden {}, {} heads, feed-forward {}",
        reconstruction.hidden, reconstruction.heads, reconstruction.feed_forward
    ))?;
    printer.line("")?;
    printer.line(format_args!(
        "{:<30} {:>8} {:>12} {:>10} {:>10}",
        "part", "tensors", "parameters", "f32 bytes", "MACs"
    ))?;
    let mut exported = (0, 0, 0);
    for part in inspect::parts(architecture, weights) {
        if part.exported {
            exported = (exported.0 + part.tensors, exported.1 + part.parameters, exported.2 + part.bytes);
        } else {
            total(printer, exported, Macs::of(architecture).total())?;
            exported = (0, 0, 0);
        }
        let macs = part.macs.map_or("-".to_owned(), short);
        let (name, tensors, parameters) = (part.name, part.tensors, part.parameters);
        printer.line(format_args!("{name:<30} {tensors:>8} {parameters:>12} {:>10} {macs:>10}", short(part.bytes)))?;
    }
    if exported.0 > 0 {
        total(printer, exported, Macs::of(architecture).total())?;
    }
    for part in checkpoint.skipped() {
        let (name, tensors) = (format!("{} (not loaded)", part.name), part.tensors);
        printer.line(format_args!("{name:<30} {tensors:>8} {:>12} {:>10} {:>10}", "-", short(part.bytes), "-"))?;
    }
    Ok(())
}

fn total(printer: &Printer, (tensors, parameters, bytes): (usize, u64, u64), macs: u64) -> std::io::Result<()> {
    let (bytes, macs) = (short(bytes), short(macs));
    printer.line(format_args!("{:<30} {tensors:>8} {parameters:>12} {bytes:>10} {macs:>10}", "= exported"))?;
    printer.line("")
}

fn tensors(resolved: &Resolved, weights: &dyn Weights, printer: &Printer) -> std::io::Result<()> {
    let roles = Roles::new(&resolved.architecture);
    printer.line("")?;
    for name in weights.names() {
        let mark = match roles.of(name) {
            Role::Exported => "exported",
            Role::NotNeeded => "not needed",
            Role::Surplus => "of no known part",
        };
        let shape: Vec<String> = weights.shape(name).unwrap_or_default().iter().map(usize::to_string).collect();
        printer.line(format_args!("{name}  {}  {mark}", shape.join("x")))?;
    }
    Ok(())
}

/// `2.94 G`.
fn short(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        1_000..1_000_000 => format!("{:.1} k", number as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} M", number as f64 / 1e6),
        _ => format!("{:.2} G", number as f64 / 1e9),
    }
}
