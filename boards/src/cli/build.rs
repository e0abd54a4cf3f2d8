//! `moead-board build PROFILE`: everything is read and checked, then one file is written.

use std::path::Path;

use moead_bundle::manifest::Downgrade;
use moead_model::atomic_file;
use moead_model::onnx::model_file::ModelFile;
use moead_model::outputs::Output;
use moead_terminal::exit::Exit;
use moead_terminal::failure::{At, UsageError};
use moead_terminal::printer::Printer;
use moead_terminal::progress::Steps;

use super::arguments::{BuildArguments, FormatArgument};
use super::{profiles, program, rehearsal};
use crate::assemble::{Inputs, Labels};
use crate::input;
use crate::model::{self, Fit};
use crate::profile::Profile;
use crate::program::Program;
use crate::settings::{self, Setting};

mod bundle;
mod deb;
mod oci;

/// What the unit and the release's settings say themselves; [`crate::settings`] refuses the variables.
const OWN: [&str; 3] = ["--model", "-m", "--state-file"];

/// Whether a word is that flag, with a value or without.
fn names(word: &str, flag: &str) -> bool {
    let rest = word.strip_prefix(flag);
    if flag.starts_with("--") {
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    } else {
        rest.is_some()
    }
}

/// What was read and found fit for the board.
struct Order<'a> {
    arguments: &'a BuildArguments,
    profile: Profile,
    labels: Labels,
    program: Program,
    inputs: Inputs,
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
    let own = |word: &&String| OWN.iter().any(|flag| names(word, flag));
    if let Some(word) = arguments.arguments.iter().find(own) {
        return Err(UsageError::new(format!("{word}: the release says that, leave it out behind `--`")).into());
    }
    if let Some(output) = &arguments.output {
        let files =
            [Some(&arguments.model), arguments.binary.as_ref(), arguments.config.as_ref(), arguments.key.as_ref()];
        let more = [arguments.sbom.as_ref(), arguments.passphrase.passphrase_file.as_ref()];
        let profile = Path::new(&arguments.profile);
        let inputs = files.into_iter().chain(more).flatten().map(|path| &**path).chain([profile]);
        Output { what: "the output", path: output }.spare(inputs).map_err(UsageError::of)?;
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
    check_form(&model, &profile, &arguments.model, printer)?;
    let labels = labels(arguments, &model)?;
    if let Some(output) = arguments.output.as_ref().filter(|_| arguments.format != FormatArgument::Oci) {
        atomic_file::check_writable(output).at(output.display())?;
    }
    let (bytes, program) = program(arguments, &profile, printer)?;
    let settings = settings(arguments)?;
    let bill = arguments.sbom.as_deref().map(|path| input::bytes(path, input::BILL_BYTES).at(path.display()));
    let bill = bill.transpose()?;
    let checked = if arguments.no_check {
        "not checked (--no-check)".to_owned()
    } else {
        steps.begin("checking arguments and model");
        rehearsal::run(&profile, (&arguments.model, &model), (&settings, &arguments.arguments), printer)?
    };
    steps.end();
    let (model, more) = (model.bytes().to_vec(), arguments.arguments.clone());
    let inputs = Inputs { program: bytes, model, settings, arguments: more, bill };
    Ok(Order { arguments, profile, labels, program, inputs, checked })
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

fn program(arguments: &BuildArguments, profile: &Profile, printer: &Printer) -> anyhow::Result<(Vec<u8>, Program)> {
    let path = match &arguments.binary {
        Some(path) => path.clone(),
        None => {
            let path = program::find(profile)?;
            printer.note(format_args!("the program is {}", path.display()));
            path
        }
    };
    program::read(&path, profile)
}

fn settings(arguments: &BuildArguments) -> anyhow::Result<Vec<Setting>> {
    let Some(path) = &arguments.config else { return Ok(Vec::new()) };
    settings::parse(&input::text(path).at(path.display())?).at(path.display())
}

/// Says what was written.
fn tell(output: &Path, order: &str, checked: &str, printer: &Printer) -> anyhow::Result<()> {
    let size = std::fs::metadata(output).at(output.display())?.len();
    printer.line(format_args!("{}: {:.1} MB, {order}, {checked}", output.display(), size as f64 / 1e6))?;
    Ok(())
}
