//! `moead-board build PROFILE`.

use std::path::{Path, PathBuf};

use moead_bundle::manifest::Downgrade;
use moead_bundle::writer::Draft;
use moead_model::atomic_file;
use moead_model::onnx::model_file::ModelFile;
use moead_terminal::exit::Exit;
use moead_terminal::failure::{At, UsageError};
use moead_terminal::printer::Printer;

use super::arguments::BuildArguments;
use super::{key, profiles, rehearsal};
use crate::assemble::{self, Inputs, Labels};
use crate::input;
use crate::model::{self, Fit};
use crate::profile::Profile;
use crate::program::Program;
use crate::settings::{self, Setting};

pub(super) fn run(arguments: &BuildArguments, printer: &Printer) -> anyhow::Result<Exit> {
    if !arguments.no_check && !rehearsal::IS_POSSIBLE {
        let text = "the checks need an engine, and this program was built without one: use --no-check";
        return Err(UsageError::new(text).into());
    }
    let profile = profiles::find(&arguments.profile)?;
    let mut steps = printer.progress().steps();
    steps.begin(&format!("reading {}", arguments.model.display()));
    let model = ModelFile::open(&arguments.model).at(arguments.model.display())?;
    check_form(&model, &profile, &arguments.model, printer)?;
    let labels = labels(arguments, &model)?;
    let output = match &arguments.output {
        Some(output) => output.clone(),
        None => PathBuf::from(format!("{}-{}.moead", labels.name, labels.version)),
    };
    atomic_file::check_writable(&output).at(output.display())?;
    let program = program(arguments, &profile, printer)?;
    let settings = settings(arguments)?;
    let bill = arguments.sbom.as_deref().map(|path| input::bytes(path, input::BILL_BYTES).at(path.display()));
    let bill = bill.transpose()?;
    let checked = if arguments.no_check {
        "not checked (--no-check)".to_owned()
    } else {
        steps.begin("checking arguments and model");
        rehearsal::run(&profile, &model, (&settings, &arguments.arguments), printer).at(arguments.model.display())?
    };
    steps.end();
    let key = key::secret(&arguments.key, &arguments.passphrase, printer)?;
    steps.begin("compressing");
    let inputs =
        Inputs { program, model: model.bytes().to_vec(), settings, arguments: arguments.arguments.clone(), bill };
    let contents = assemble::contents(&profile, inputs)?;
    let draft = Draft::new(assemble::manifest(&profile, labels), &contents)?;
    let manifest = draft.manifest();
    let trusted = format!("moead bundle {} {} for {}", manifest.name, manifest.version, profile.name);
    let signature = key.sign_checked(draft.message(), &trusted).at(arguments.key.display())?;
    steps.begin(&format!("writing {}", output.display()));
    atomic_file::write::<std::io::Error>(&output, |out| draft.write(&signature, out)).at(output.display())?;
    steps.end();
    let size = std::fs::metadata(&output).at(output.display())?.len();
    printer.line(format_args!(
        "{}: {:.1} MB, release {} of {} for {}, signed with key {}, {checked}",
        output.display(),
        size as f64 / 1e6,
        manifest.version,
        manifest.name,
        profile.name,
        key.public().id(),
    ))?;
    Ok(Exit::Fine)
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

fn program(arguments: &BuildArguments, profile: &Profile, printer: &Printer) -> anyhow::Result<Vec<u8>> {
    let path = match &arguments.binary {
        Some(path) => path.clone(),
        None => {
            let path = std::env::current_exe()?.with_file_name(moead_bundle::release::PROGRAM);
            printer.note(format_args!("the program is {}", path.display()));
            path
        }
    };
    let bytes = input::bytes(&path, input::PROGRAM_BYTES).at(path.display())?;
    Program::read(&bytes).and_then(|program| program.check(profile)).at(path.display())?;
    Ok(bytes)
}

fn settings(arguments: &BuildArguments) -> anyhow::Result<Vec<Setting>> {
    let Some(path) = &arguments.config else { return Ok(Vec::new()) };
    settings::parse(&input::text(path).at(path.display())?).at(path.display())
}
