//! `moead-board inspect BUNDLE`.

use moead_bundle::manifest::{Downgrade, Manifest};
use moead_bundle::reader::Sealed;
use moead_terminal::exit::Exit;
use moead_terminal::failure::At;
use moead_terminal::printer::Printer;
use moead_terminal::table::Table;

use super::arguments::InspectArguments;
use super::key;
use super::say::Say as _;

pub(super) fn run(arguments: &InspectArguments, printer: &Printer) -> anyhow::Result<Exit> {
    let place = arguments.bundle.display().to_string();
    let trusted = arguments.key.as_deref().map(key::public).transpose()?;
    let sealed = Sealed::open(&arguments.bundle).at(&place)?;
    let manifest = sealed.claims().clone();
    let id = sealed.signature().key_id();
    let mut steps = printer.progress().steps();
    steps.begin(&format!("checking {place}"));
    let is_trusted = trusted.is_some();
    match trusted {
        Some(key) => {
            let mut bundle = sealed.verify(&key).at(&place)?;
            for member in &manifest.members {
                bundle.unpack(member, &mut std::io::sink()).at(&place)?;
            }
        }
        None => sealed.check_whole().at(&place)?,
    }
    steps.end();
    if arguments.json {
        let mut value = serde_json::to_value(&manifest)?;
        value["signature"] = serde_json::json!({"key": id.to_string(), "checked": is_trusted});
        printer.say(serde_json::to_string_pretty(&value)?)?;
        return Ok(Exit::Fine);
    }
    let signature = if is_trusted {
        format!("key {id}, good; every file is whole")
    } else {
        format!("key {id}, as it says; every file is whole")
    };
    tell(&manifest, &signature, printer)?;
    if !is_trusted {
        printer.warning("who signed it was not checked: `--key FILE` names the public key that it must be signed with");
    }
    Ok(Exit::Fine)
}

fn tell(manifest: &Manifest, signature: &str, printer: &Printer) -> anyhow::Result<()> {
    let target = &manifest.target;
    let boards = if target.boards.is_empty() { "any".to_owned() } else { target.boards.join(", ") };
    let replaces = match (&manifest.replaces_from, manifest.downgrade) {
        (None, Downgrade::Refused) => "older releases".to_owned(),
        (Some(from), Downgrade::Refused) => format!("older releases, from {from}"),
        (None, Downgrade::Allowed) => "any release, newer ones too".to_owned(),
        (Some(from), Downgrade::Allowed) => format!("any release from {from}, newer ones too"),
    };
    let expires = manifest.expires.map_or("never".to_owned(), |date| date.to_string());
    for (name, value) in [
        ("release", format!("{} of {}", manifest.version, manifest.name)),
        ("profile", target.profile.clone()),
        ("boards", boards),
        ("target", format!("{}, glibc {} or newer", target.triple, target.glibc)),
        ("replaces", replaces),
        ("expires", expires),
        ("written by", manifest.created_by.clone()),
        ("signature", signature.to_owned()),
    ] {
        printer.say(format_args!("{name:<12}{value}"))?;
    }
    printer.say("")?;
    let mut table = Table::new(&["file", "bytes", "stored", "SHA-256"]);
    for member in &manifest.members {
        let sizes = [member.size.to_string(), member.stored.size.to_string()];
        table.row([[member.path.to_string()].as_slice(), &sizes, &[member.sha256.to_string()]].concat());
    }
    table.lines().try_for_each(|line| printer.say(line))?;
    Ok(())
}
