//! `moead-edge doctor`.

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use moead_terminal::exit::Exit;
use moead_terminal::failure::UsageError;
use moead_terminal::printer::{Emphasis, Printer};

use super::arguments::DoctorArguments;
use super::engine::EngineArguments;
use super::hints;
use crate::doctor::answers::Answers;
use crate::doctor::cameras::CameraFact;
use crate::doctor::engines::{EngineFact, Unusable};
use crate::doctor::examine;
use crate::doctor::finding::State;
use crate::doctor::root::Root;
use crate::engine::choice::{self, Candidate, Description, Refusal};
use crate::sinks::findings;

pub(super) fn run(arguments: &DoctorArguments, printer: &Printer) -> anyhow::Result<Exit> {
    let (root, answers) = match &arguments.root {
        Some(folder) => {
            let root = Root::recorded(folder)?;
            let answers = Answers::recorded(&root);
            (root, answers)
        }
        None => (Root::of_this_machine(), of_this_machine(arguments)?),
    };
    let found = examine(&root, &answers);
    let text = if arguments.json {
        format!("{}\n", findings::json(&found))
    } else {
        findings::text(&found, |state, word| printer.emphasised(emphasis(state), word))
    };
    printer.data().write_all(text.as_bytes())?;
    let problems = found.iter().filter(|finding| finding.state == State::Problem).count();
    let plural = if problems == 1 { "" } else { "s" };
    anyhow::ensure!(problems == 0, "this machine has {problems} problem{plural}");
    Ok(Exit::Fine)
}

fn of_this_machine(arguments: &DoctorArguments) -> Result<Answers, UsageError> {
    let folders = &arguments.folders;
    let here = [PathBuf::from(".")];
    let folders = if folders.is_empty() { &here[..] } else { folders };
    let engines = Some(engines(&arguments.engine)?);
    Ok(Answers { cameras: cameras(), engines, ..Answers::of_this_machine(folders) })
}

#[cfg(feature = "camera")]
fn cameras() -> Option<Vec<CameraFact>> {
    use super::hints::camera;
    use crate::stream::sources::v4l2::machine::ThisMachine;
    use crate::stream::sources::v4l2::survey::survey;
    Some(survey(&ThisMachine, &[]).iter().map(|report| CameraFact::of(report, camera::of_node)).collect())
}

#[cfg(not(feature = "camera"))]
fn cameras() -> Option<Vec<CameraFact>> {
    None
}

/// Every engine on every provider, or why it cannot be used here.
fn engines(arguments: &EngineArguments) -> Result<Vec<EngineFact>, UsageError> {
    let fact = |(candidate, description): (Candidate, Result<Description, Refusal>)| EngineFact {
        name: candidate.to_string(),
        usable: description
            .map(|description| description.to_string())
            .map_err(|refusal| Unusable { cause: refusal.to_string(), remedy: hints::engine::refused(&refusal) }),
    };
    Ok(choice::present(&arguments.request(NonZeroUsize::MIN)?).into_iter().map(fact).collect())
}

fn emphasis(state: State) -> Emphasis {
    match state {
        State::Ok => Emphasis::Good,
        State::Note => Emphasis::Plain,
        State::Warning => Emphasis::Careful,
        State::Problem => Emphasis::Bad,
    }
}
