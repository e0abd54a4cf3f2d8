//! `moead-export CKPT`.

use std::path::{Path, PathBuf};

use moead_model::architecture::Decoder;
use moead_model::atomic_file;
use moead_model::manifest::{Moe, Precision, Source};
use moead_model::onnx::model_file::ModelFile;
use moead_model::outputs::Output;
use moead_terminal::exit::Exit;
use moead_terminal::failure::{At, UsageError};
use moead_terminal::printer::Printer;
use moead_terminal::signals;

use super::arguments::ExportArguments;
use super::open::Opened;
use crate::export::{self, ExportError, Provenance};
use crate::graph::Form;
use crate::precision;
use crate::resolve::Resolved;
use crate::weights::Weights;

pub(super) fn run(arguments: ExportArguments, printer: &Printer) -> anyhow::Result<Exit> {
    let wants_check = !arguments.no_check;
    if wants_check && !cfg!(feature = "check") {
        return Err(
            UsageError::new("--check needs an engine, and this program was built without one: use --no-check").into()
        );
    }
    let output = arguments.output.clone().unwrap_or_else(|| default_output(arguments.checkpoint.file()));
    check_output(&arguments, &output)?;
    signals::before_end(atomic_file::abandon)?;
    let mut steps = printer.progress().steps();
    steps.begin(&format!("reading {}", arguments.checkpoint.file().display()));
    let opened = Opened::open(&arguments.checkpoint)?;
    let place = arguments.checkpoint.file().display().to_string();
    let provenance = provenance(&opened, arguments.checkpoint.file()).at(&place)?;
    let form = Form { precision: arguments.precision.into(), moe: arguments.moe.into() };
    opened.resolve(printer, |resolved, weights| {
        let stored = precision::stored(weights, &resolved.architecture, form.precision);
        let stored = stored.as_ref();
        steps.begin("building the graph");
        let exported = export::export(&resolved.architecture, stored, form, provenance).at(&place)?;
        let (self_test, checked) = match wants_check {
            true => check(resolved, stored, &exported, form.precision, &mut steps).at(&place)?,
            false => (None, "not checked (--no-check)".to_owned()),
        };
        steps.begin(&format!("writing {}", output.display()));
        let was_calibrated = ModelFile::open(&output).is_ok_and(|old| old.manifest().calibration.is_some());
        let size = exported.write(&output, self_test).at(output.display())?;
        steps.end();
        if was_calibrated {
            let output = output.display();
            printer.warning(format_args!(
                "{output} had a calibration, which is gone: `moead-calibrate --model {output} good/` makes one anew"
            ));
        }
        let experts = match (&resolved.architecture.reconstruction().decoder, form.moe) {
            (Decoder::Stacked(_), _) => "",
            (Decoder::Shared(_), Moe::Sparse) => ", sparse experts",
            (Decoder::Shared(_), Moe::Dense) => ", dense experts",
        };
        printer.line(format_args!(
            "{}: {}, {} on {}, input {}, {} weights{experts}, {checked}",
            output.display(),
            megabytes(size),
            resolved.variant,
            resolved.architecture.backbone(),
            resolved.architecture.input(),
            form.precision.name(),
        ))?;
        Ok(Exit::Fine)
    })
}

/// What can be said about the output before minutes of work.
fn check_output(arguments: &ExportArguments, output: &Path) -> anyhow::Result<()> {
    let given = &arguments.checkpoint;
    let inputs = [Some(given.file()), given.backbone.as_deref(), given.arch.as_deref()];
    let model = Output { what: "the model", path: output };
    model.spare(inputs.into_iter().flatten()).map_err(UsageError::of)?;
    atomic_file::check_target(output).map_err(ExportError::Write).at(output.display())
}

#[cfg(feature = "check")]
fn check(
    resolved: &Resolved,
    weights: &dyn Weights,
    exported: &export::Exported,
    precision: Precision,
    steps: &mut moead_terminal::progress::Steps,
) -> anyhow::Result<(Option<moead_model::manifest::SelfTest>, String)> {
    use crate::check;
    steps.begin("comparing the written model with a plain evaluation");
    let (expectation, worst) = check::check(exported.model(), &resolved.architecture, weights, precision)?;
    let test = expectation.self_test(worst);
    Ok((Some(test), format!("checked: worst relative error {worst:.1e} (at most {:.0e})", expectation.tolerance())))
}

#[cfg(not(feature = "check"))]
fn check(
    _: &Resolved,
    _: &dyn Weights,
    _: &export::Exported,
    _: Precision,
    _: &mut moead_terminal::progress::Steps,
) -> anyhow::Result<(Option<moead_model::manifest::SelfTest>, String)> {
    anyhow::bail!("this program was built without an engine")
}

fn provenance(opened: &Opened, path: &Path) -> Result<Provenance, crate::checkpoint::CheckpointError> {
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let mut extra = serde_json::Map::new();
    if let Some(backbone) = &opened.backbone {
        let name = backbone.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        extra.insert("backbone".into(), serde_json::json!({ "file": name, "sha256": backbone.sha256()? }));
    }
    let sha256 = opened.checkpoint.sha256()?;
    Ok(Provenance { name: stem(&file).to_owned(), source: Source { file, sha256, extra } })
}

/// `ckpt.pth.tar` without its endings.
fn stem(name: &str) -> &str {
    let endings = [".pth.tar", ".pth", ".pt", ".tar", ".safetensors", ".bin", ".ckpt"];
    endings.iter().find_map(|ending| name.strip_suffix(ending)).filter(|stem| !stem.is_empty()).unwrap_or(name)
}

fn default_output(checkpoint: &Path) -> PathBuf {
    let name = checkpoint.file_name().unwrap_or_default();
    // A name that is no text keeps its bytes, and its ending.
    let mut output = name.to_str().map_or(name.to_owned(), |name| stem(name).into());
    output.push(".onnx");
    checkpoint.with_file_name(output)
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    use super::*;

    #[test]
    fn a_model_has_the_name_of_its_checkpoint() {
        for (checkpoint, model) in [
            (&b"runs/bolt.pth.tar"[..], &b"runs/bolt.onnx"[..]),
            (b"bolt.safetensors", b"bolt.onnx"),
            (b"b\xffolt.pth.tar", b"b\xffolt.pth.tar.onnx"),
        ] {
            let [checkpoint, model] = [checkpoint, model].map(|bytes| Path::new(OsStr::from_bytes(bytes)));
            assert_eq!(default_output(checkpoint), model);
        }
    }
}
