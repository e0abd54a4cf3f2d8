//! `moead-board image`.

use moead_bundle::reader::Sealed;
use moead_model::atomic_file;
use moead_model::outputs::Output;
use moead_terminal::exit::Exit;
use moead_terminal::failure::{At, UsageError};
use moead_terminal::printer::Printer;
use moead_terminal::signals;

use super::arguments::{ImageArguments, Set};
use super::say::Say as _;
use super::{key, rehearsal};
use crate::image::plan::Extras;
use crate::image::{self, Request, root_keys};
use crate::temporaries::Temporaries;
use crate::{input, settings};

pub(super) fn run(arguments: &ImageArguments, printer: &Printer) -> anyhow::Result<Exit> {
    check_once(&arguments.set)?;
    let output = arguments.output.display().to_string();
    let of_site = arguments.set.iter().filter_map(|set| match set {
        Set::Settings(path) | Set::RootKeys(path) => Some(&**path),
        Set::HostName(_) => None,
    });
    let inputs = [&arguments.base, &arguments.bundle, &arguments.key].map(|path| &**path);
    let output_file = Output { what: "the image", path: &arguments.output };
    output_file.spare(inputs.into_iter().chain(of_site)).map_err(UsageError::of)?;
    atomic_file::check_writable(&arguments.output).at(&output)?;
    let place = arguments.bundle.display().to_string();
    let mut steps = printer.progress().steps();
    steps.begin(&format!("checking {place}"));
    let trusted = key::public(&arguments.key)?;
    let extras = extras(arguments)?;
    if extras.settings.is_some() && !rehearsal::IS_POSSIBLE {
        printer.note("the values of the settings were not looked at: this program was built without an engine");
    }
    let mut bundle = Sealed::open(&arguments.bundle).and_then(|sealed| sealed.verify(&trusted)).at(&place)?;
    let temporaries = Temporaries::default();
    let left = temporaries.clone();
    signals::heed(move |signal| {
        let _gone = (left.remove(), atomic_file::abandon());
        signal.end();
    })?;
    let (base, output_path) = (&arguments.base, &arguments.output);
    let request = Request { base, output: output_path, way: arguments.way(), extras, temporaries: &temporaries };
    let base = arguments.base.display().to_string();
    let report = image::write(&request, &mut bundle, &mut |step| steps.begin(step)).at(&base)?;
    steps.end();
    if report.was_repaired {
        printer.warning(format_args!(
            "{base}: its file system was not closed properly; the copy was repaired, as a boot would have done"
        ));
    }
    let (manifest, glibc) = (bundle.manifest(), report.glibc);
    let release = format!("release {} of {}", manifest.version, manifest.name);
    match &report.system {
        Some(system) => {
            if glibc.is_none() {
                printer.warning(format_args!(
                    "{base}: which glibc it has could not be seen, so that it is new enough was not checked"
                ));
            }
            let glibc = glibc.map_or(String::new(), |version| format!(", glibc {version}"));
            printer.say(format_args!("{output}: {release} in {system}{glibc}"))?;
        }
        None => {
            printer.say(format_args!("{output}: {release}, to be installed when the board first boots"))?;
            printer.note(
                "whether that system can run the release shows then: what came of it will be in moead/first-boot.log on the same \
                 partition",
            );
        }
    }
    printer
        .say(format_args!("{}; {} files, links and folders written and read back", report.partition, report.written))?;
    Ok(Exit::Fine)
}

/// Two names for one board: which one was meant is not to be guessed at.
fn check_once(all: &[Set]) -> Result<(), UsageError> {
    let name = |set: &Set| match set {
        Set::HostName(_) => "hostname",
        Set::Settings(_) => "settings",
        Set::RootKeys(_) => "root-keys",
    };
    let is_again = |(index, set): &(usize, &Set)| all.iter().take(*index).any(|before| name(before) == name(set));
    match all.iter().enumerate().find(is_again) {
        Some((_, set)) => Err(UsageError::new(format!("--set {}=…: given twice", name(set)))),
        None => Ok(()),
    }
}

fn extras(arguments: &ImageArguments) -> anyhow::Result<Extras> {
    let text = |path: &std::path::Path| input::text(path).at(path.display());
    let mut extras = Extras { public_key: Some(text(&arguments.key)?), ..Extras::default() };
    for set in &arguments.set {
        match set {
            Set::HostName(name) => extras.host_name = Some(name.clone()),
            Set::RootKeys(path) => {
                let lines = text(path)?;
                root_keys::check(&lines).at(path.display())?;
                extras.root_keys = Some(lines);
            }
            Set::Settings(path) => {
                let lines = text(path)?;
                rehearsal::check_settings(&settings::parse(&lines).at(path.display())?).at(path.display())?;
                extras.settings = Some(lines);
            }
        }
    }
    Ok(extras)
}
