//! `moead-board build PROFILE`: everything is read and checked, then one file is written.

use std::path::{Path, PathBuf};

use moead_bundle::manifest::Downgrade;
use moead_model::atomic_file;
use moead_model::onnx::model_file::ModelFile;
use moead_model::outputs::Output;
use moead_terminal::exit::Exit;
use moead_terminal::failure::{At, UsageError};
use moead_terminal::printer::Printer;
use moead_terminal::progress::Steps;

use super::arguments::{BuildArguments, FormatArgument};
use super::say::Say as _;
use super::{profiles, program, rehearsal};
use crate::assemble::{Inputs, Labels};
use crate::model::{self, Fit};
use crate::profile::Profile;
use crate::program::Program;
use crate::settings::{self, Setting};
use crate::unit::flags;
use crate::{input, parts};

mod bundle;
mod deb;
mod oci;

/// What the unit and the release's settings say themselves; [`crate::settings`] refuses the variables.
const OWN: [&str; 3] = ["--model", "-m", "--state-file"];

/// What was read and found fit for the board.
struct Order<'a> {
    arguments: &'a BuildArguments,
    profile: Profile,
    labels: Labels,
    program: Program,
    inputs: Inputs,
    /// Where it is written.
    output: PathBuf,
    /// What was checked, in words.
    checked: String,
}

pub(super) fn run(arguments: &BuildArguments, printer: &Printer) -> anyhow::Result<Exit> {
    if !arguments.no_check && !rehearsal::IS_POSSIBLE {
        let text = "the checks need an engine, and this program was built without one: use --no-check";
        return Err(UsageError::new(text).into());
    }
    let labels = &arguments.labels;
    let is_labelled = labels.expires.is_some() || labels.replaces_from.is_some() || labels.allow_downgrade;
    if arguments.format != FormatArgument::Bundle && is_labelled {
        let text =
            "--expires, --replaces-from and --allow-downgrade are for bundles: a package has nothing to keep them in";
        return Err(UsageError::new(text).into());
    }
    if arguments.format != FormatArgument::Oci && arguments.base.is_some() {
        return Err(UsageError::new("--base is for --format oci").into());
    }
    if arguments.format == FormatArgument::Bundle && arguments.key.is_none() {
        return Err(UsageError::new("a bundle is signed: `--key FILE` names the secret key").into());
    }
    let own = |word: &&String| OWN.iter().any(|flag| flags::names(word, flag));
    if let Some(word) = arguments.arguments.iter().find(own) {
        return Err(UsageError::new(format!("{word}: the release says that, leave it out behind `--`")).into());
    }
    if let Some(expires) = labels.expires.filter(|&expires| rehearsal::today().is_some_and(|today| today >= expires)) {
        printer.warning(format_args!("--expires {expires}: boards refuse it from that day on, and that day is over"));
    }
    let mut steps = printer.progress().steps();
    let order = order(arguments, &mut steps, printer)?;
    match arguments.format {
        FormatArgument::Bundle => bundle::write(order, &mut steps, printer)?,
        FormatArgument::Oci => oci::write(order, &mut steps, printer)?,
        FormatArgument::Deb => deb::write(order, &mut steps, printer)?,
    }
    Ok(Exit::Fine)
}

fn order<'a>(arguments: &'a BuildArguments, steps: &mut Steps, printer: &Printer) -> anyhow::Result<Order<'a>> {
    let profile = profiles::find(&arguments.profile)?;
    let place = arguments.model.display();
    steps.begin(&format!("reading {place}"));
    let model = ModelFile::open(&arguments.model).at(&place)?;
    let labels = labels(arguments, &model)?;
    let output = output(arguments, &labels, &profile);
    let binary = match &arguments.binary {
        Some(path) => path.clone(),
        None => program::find(&profile)?,
    };
    spare_inputs(&output, arguments, &binary)?;
    check_form(&model, &profile, &arguments.model, printer)?;
    // A layout that is there is written into.
    if arguments.format != FormatArgument::Oci || !output.is_dir() {
        atomic_file::check_writable(&output).at(output.display())?;
    }
    if arguments.binary.is_none() {
        printer.note(format_args!("the program is {}", binary.display()));
    }
    let (bytes, program) = program::read(&binary, &profile)?;
    let settings = settings(arguments)?;
    let bill = bill(arguments)?;
    let checked = if arguments.no_check {
        "not checked (--no-check)".to_owned()
    } else {
        steps.begin("checking arguments and model");
        rehearsal::run(&profile, (&arguments.model, &model), (&settings, &arguments.arguments), printer)?
    };
    steps.end();
    let (model, more) = (model.bytes().to_vec(), arguments.arguments.clone());
    let inputs = Inputs { program: bytes, model, settings, arguments: more, bill };
    Ok(Order { arguments, profile, labels, program, inputs, output, checked })
}

/// Where it is written: as asked for, or else by a name that each format has of its own.
fn output(arguments: &BuildArguments, labels: &Labels, profile: &Profile) -> PathBuf {
    let own = || match arguments.format {
        FormatArgument::Bundle => bundle::file_name(labels),
        FormatArgument::Deb => deb::file_name(labels, profile),
        FormatArgument::Oci => oci::folder_name(labels),
    };
    arguments.output.clone().unwrap_or_else(|| own().into())
}

/// Nothing that is read is written to, wherever that is.
fn spare_inputs(output: &Path, arguments: &BuildArguments, binary: &Path) -> anyhow::Result<()> {
    let BuildArguments { config, key, base, sbom, passphrase, .. } = arguments;
    let named = [config, key, base, sbom, &passphrase.passphrase_file].into_iter().flatten().map(PathBuf::as_path);
    let inputs = [arguments.model.as_path(), binary].into_iter().chain(named).chain(profiles::file(&arguments.profile));
    Output { what: "the output", path: output }.spare(inputs).map_err(UsageError::of)
}

fn check_form(model: &ModelFile, profile: &Profile, path: &Path, printer: &Printer) -> anyhow::Result<()> {
    match model::check(model.manifest(), profile).at(path.display())? {
        Fit::Best => {}
        Fit::Slower { better } => printer.warning(format_args!(
            "{}: experts are {}; {} ones are faster on {}",
            path.display(),
            model::name(model.manifest().moe),
            model::name(better),
            profile.engine.provider.name(),
        )),
    }
    Ok(())
}

/// Names become parts of file names and of the signature's comment.
fn labels(arguments: &BuildArguments, model: &ModelFile) -> anyhow::Result<Labels> {
    let given = &arguments.labels;
    let name = given.name.clone().unwrap_or_else(|| model.manifest().name.clone());
    let allowed = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    if name.is_empty() || name.len() > 64 || name.starts_with(['.', '-']) || !name.chars().all(allowed) {
        let text = format!("--name: expected letters, digits, `.`, `_` and `-`, at most 64, found {name:?}");
        return Err(UsageError::new(text).into());
    }
    Ok(Labels {
        name,
        version: given.release,
        expires: given.expires,
        replaces_from: given.replaces_from,
        downgrade: if given.allow_downgrade { Downgrade::Allowed } else { Downgrade::Refused },
    })
}

fn settings(arguments: &BuildArguments) -> anyhow::Result<Vec<Setting>> {
    let Some(path) = &arguments.config else { return Ok(Vec::new()) };
    settings::parse(&input::text(path).at(path.display())?).at(path.display())
}

/// Somebody's own bill of materials.
fn bill(arguments: &BuildArguments) -> anyhow::Result<Option<Vec<u8>>> {
    let Some(path) = &arguments.sbom else { return Ok(None) };
    let bytes = input::bytes(path, input::BILL_BYTES).at(path.display())?;
    parts::check_bill(&bytes).at(path.display())?;
    Ok(Some(bytes))
}

/// Says what was written.
fn tell(output: &Path, order: &str, checked: &str, printer: &Printer) -> anyhow::Result<()> {
    let size = std::fs::metadata(output).at(output.display())?.len();
    printer.say(format_args!("{}: {:.1} MB, {order}, {checked}", output.display(), size as f64 / 1e6))?;
    Ok(())
}
