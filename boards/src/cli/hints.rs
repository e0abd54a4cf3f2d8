//! What to do about an error: the only place where a typed error meets a flag's name.

use std::io;

use moead_model::onnx::envelope::EnvelopeError;
use moead_model::onnx::model_file::ModelFileError;
use moead_model::outputs::Clash;
use moead_terminal::failure::find;

use moead_bundle::reader::BundleError;
use moead_bundle::signature::{self, SignatureError};

use super::passphrase::NoPassphrase;
use super::rehearsal::{ArgumentsError, SettingsRefused};
use super::say::SayError;
use crate::flash::FlashError;
use crate::flash::disk::Refusal;
use crate::image::error::ImageError;
use crate::image::root_keys::RootKeysError;
use crate::install::InstallError;
use crate::key::KeyError;
use crate::model::{self, WrongForm};
use crate::package::oci::OciError;
use crate::packed::Packed;
use crate::parts::{BillError, NoParts};
use crate::payload::StagingError;
use crate::profile::error::ProfileError;
use crate::program::ProgramError;
use crate::settings::{self, SettingsError};

pub(super) fn hint(error: &anyhow::Error) -> Option<String> {
    if find::<SayError>(error).is_some() {
        // What was asked for is done, so that nothing below would be true.
        return None;
    }
    if find::<Clash>(error).is_some() {
        return Some("give another `--output FILE`".into());
    }
    if let Some(ModelFileError::Envelope(EnvelopeError::NotOnnx { .. })) = find::<ModelFileError>(error) {
        return Some("`moead-export CKPT` writes a model file".into());
    }
    if let Some(error) = find::<ProfileError>(error) {
        return profile_hint(error);
    }
    if let Some(error) = find::<signature::KeyError>(error) {
        return Some(match error {
            signature::KeyError::Secret => "name the half that ends in .pub".into(),
            _ => "`moead-board key new` makes a pair".into(),
        });
    }
    if find::<NoPassphrase>(error).is_some() {
        return Some("`--no-passphrase` makes a key without one".into());
    }
    if let Some(error) = find::<KeyError>(error) {
        return key_hint(error).map(str::to_owned);
    }
    if let Some(error) = find::<ProgramError>(error) {
        return program_hint(error).map(str::to_owned);
    }
    if let Some(WrongForm { expected, .. }) = find::<WrongForm>(error) {
        return Some(format!("write another file with `moead-export CKPT --moe {}`", model::name(*expected)));
    }
    if let Some(error) = find::<SettingsError>(error) {
        return settings_hint(error);
    }
    if let Some(error) = find::<BundleError>(error) {
        return bundle_hint(error).map(str::to_owned);
    }
    if let Some(error) = find::<ImageError>(error) {
        return image_hint(error).map(str::to_owned);
    }
    if let Some(error) = find::<Refusal>(error) {
        return flash_hint(error);
    }
    match find::<FlashError>(error) {
        Some(FlashError::ReadBack { .. }) => return Some("the card or the reader is worn out: try another one".into()),
        Some(FlashError::Packed { found: Packed::Bundle }) => {
            return Some(
                "`moead-board image` puts a bundle into a system image, `moead-board install` onto a running board"
                    .into(),
            );
        }
        Some(FlashError::Packed { .. }) => return Some("unpack it first".into()),
        _ => {}
    }
    if let Some(error) = find::<InstallError>(error) {
        return install_hint(error).map(str::to_owned);
    }
    if let Some(error) = find::<OciError>(error) {
        return oci_hint(error).map(str::to_owned);
    }
    if let Some(error) = find::<RootKeysError>(error) {
        return Some(match error {
            RootKeysError::Private { .. } => "name the half that ends in .pub".into(),
            _ => "one key a line, as `ssh-keygen` writes it into a file that ends in .pub".into(),
        });
    }
    if find::<SettingsRefused>(error).is_some() {
        return Some("`moead-edge --help` lists what it takes".into());
    }
    if find::<ArgumentsError>(error).is_some() {
        return Some("`moead-edge --help` lists what it takes, behind `--` or as settings in `--config FILE`".into());
    }
    if find::<BillError>(error).is_some() {
        return Some(
            "`--sbom FILE` names one in CycloneDX's JSON form, as `cargo cyclonedx --format json` writes it".into(),
        );
    }
    if find::<NoParts>(error).is_some() {
        return Some("name one with `--sbom FILE`, or build moead-board in its own checkout".into());
    }
    match find::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::NotFound) => Some("check the path".into()),
        Some(io::ErrorKind::AlreadyExists) => Some("choose another name; a key is never replaced".into()),
        Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
            Some("free some space; nothing was left behind".into())
        }
        _ => None,
    }
}

fn profile_hint(error: &ProfileError) -> Option<String> {
    let meant = |closest: &Option<String>| closest.as_ref().map(|name| format!("did you mean {name:?}?"));
    match error {
        ProfileError::Unknown { closest, .. } => Some(match closest {
            Some(name) => format!("did you mean {name:?}? `moead-board profiles` lists all"),
            None => "`moead-board profiles` lists them; a profile of your own is named FILE.toml".into(),
        }),
        ProfileError::UnknownKey { closest, .. } | ProfileError::UnknownBase { closest, .. } => meant(closest),
        ProfileError::Abstract => Some("`moead-board profiles` lists those for boards".into()),
        ProfileError::Read(error) if error.kind() == io::ErrorKind::NotFound => Some("check the path".into()),
        _ => None,
    }
}

fn key_hint(error: &KeyError) -> Option<&'static str> {
    match error {
        KeyError::Locked => Some("`--passphrase-file FILE` has it in its first line"),
        KeyError::Public => Some("name the half that does not end in .pub"),
        KeyError::Form => Some("`moead-board key new` makes a pair"),
        _ => None,
    }
}

fn program_hint(error: &ProgramError) -> Option<&'static str> {
    match error {
        ProgramError::Machine { .. } => {
            Some("a board needs a moead-edge that was built for it; `just dist` builds one for each machine")
        }
        ProgramError::Glibc { .. } => {
            Some("build it against an older glibc: `just dist`, see docs/reference/moead-board.md")
        }
        ProgramError::Kind(_) => Some("name the program moead-edge; `just dist` builds one for each machine"),
        ProgramError::Static => Some("build it for a target that ends in -gnu"),
        _ => None,
    }
}

fn settings_hint(error: &SettingsError) -> Option<String> {
    match error {
        SettingsError::Unknown { closest: Some(name), .. } => Some(format!("did you mean {name}?")),
        SettingsError::Unknown { .. } => Some("docs/reference/moead-edge.md lists its variables".into()),
        SettingsError::Own { name, .. } if name == settings::MODEL => {
            Some("leave it out; `--model` names the file".into())
        }
        SettingsError::Own { .. } => Some("leave it out; the unit says where".into()),
        _ => None,
    }
}

fn bundle_hint(error: &BundleError) -> Option<&'static str> {
    match error {
        BundleError::Cut { .. } | BundleError::Altered { .. } => Some("copy it again"),
        BundleError::Signature(SignatureError::OtherKey { .. }) => {
            Some("it is somebody else's, or `--key` names another key than the one that signed it")
        }
        BundleError::Signature(SignatureError::Wrong) => Some("do not use it: it was altered after it was signed"),
        BundleError::NoMember { .. } => Some("build the bundle with `moead-board build`"),
        BundleError::Read(error) if error.kind() == io::ErrorKind::NotFound => Some("check the path"),
        _ => None,
    }
}

fn oci_hint(error: &OciError) -> Option<&'static str> {
    match error {
        OciError::NoBase { .. } | OciError::EmptyBase { .. } => Some(
            "`--base FOLDER` names an image with glibc: `skopeo copy --multi-arch all docker://debian:12-slim oci:FOLDER` fetches one",
        ),
        OciError::Architecture { .. } => Some("fetch all machines of the base: `skopeo copy --multi-arch all`"),
        OciError::Form(_) => {
            Some("name an empty folder for the output, and for the base one that this command or skopeo wrote")
        }
        OciError::Blob { .. } => Some("fetch the base again; if that is the output, name an empty folder"),
        OciError::File(error) => match error.kind() {
            io::ErrorKind::NotFound => Some("check the path"),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Some("free some space; nothing was left behind")
            }
            _ => None,
        },
        _ => None,
    }
}

fn image_hint(error: &ImageError) -> Option<&'static str> {
    match error {
        ImageError::Tool { .. } => Some(
            "install e2fsprogs (Debian: `apt install e2fsprogs`), or let a Raspberry Pi install it: `--first-boot`",
        ),
        ImageError::NoRoot { .. } => Some(
            "a release needs an ext4 root; encrypted ones have to be opened by their owner: use `moead-board install` there",
        ),
        ImageError::NoBoot { .. } => Some("`--first-boot` is for Raspberry Pi OS; leave it out for other systems"),
        ImageError::Hooked { .. } => Some("give an image that no other tool has prepared"),
        ImageError::Fat { .. } => Some("fetch the base again"),
        ImageError::Ambiguous { .. } | ImageError::Partition { .. } => Some("`--partition N` names the root"),
        ImageError::Damaged { .. } => {
            Some("fetch the base again; a used card's image has to be repaired with e2fsck first")
        }
        ImageError::NoFolder { .. } => {
            Some("a release has to lie behind folders alone; boot that system, and use `moead-board install`")
        }
        ImageError::NoRoom { .. } | ImageError::NoInodes { .. } => {
            Some("images of cards are as small as possible: enlarge partition and file system first, or boot once")
        }
        ImageError::Packed { found: Packed::Bundle } => {
            Some("`--base` names the system's image; the bundle goes behind `--bundle`")
        }
        ImageError::Packed { .. } => Some("unpack it first"),
        ImageError::Staging(error) => staging_hint(error),
        ImageError::NoSpace { .. } => Some("free some space, or write elsewhere with `--output FILE`"),
        ImageError::Refused(_) => Some("build a bundle for that system; `moead-board profiles` lists boards"),
        ImageError::File(error) if error.kind() == io::ErrorKind::NotFound => Some("check the path"),
        ImageError::File(error) if error.kind() == io::ErrorKind::StorageFull => {
            Some("free some space; nothing was left behind")
        }
        _ => None,
    }
}

fn staging_hint(error: &StagingError) -> Option<&'static str> {
    let is_full = matches!(error.error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    Some(match is_full {
        true => "free some space there, or name another folder: `TMPDIR=FOLDER`; nothing was left behind",
        false => "`TMPDIR=FOLDER` names another folder for what is unpacked",
    })
}

fn flash_hint(refusal: &Refusal) -> Option<String> {
    match refusal {
        Refusal::NoDisk { .. } => Some("`lsblk` lists disks".into()),
        Refusal::Partition { disk, .. } => Some(format!("name /dev/{disk}, if nothing on it is needed")),
        Refusal::InUse { .. } => Some("unmount it first; the disk that the system runs from is never written".into()),
        Refusal::NotRemovable { serial: Some(serial), .. } => {
            Some(format!("if nothing on it is needed: `--force-disk {serial}`"))
        }
        Refusal::ReadOnly { .. } => Some("cards have a switch at their side".into()),
        _ => None,
    }
}

fn install_hint(error: &InstallError) -> Option<&'static str> {
    match error {
        InstallError::Tool { .. } => Some("install an ssh client (Debian: `apt install openssh-client`)"),
        InstallError::Host { .. } => Some("name it as ssh does: `ada@line7`"),
        InstallError::Connection { .. } => Some("nothing was changed on the board; try `ssh USER@HOST` by hand"),
        InstallError::Refused(_) => Some("nothing was copied; build a bundle for that board, or set its clock"),
        InstallError::Staging(error) => staging_hint(error),
        InstallError::NotRoot => {
            Some("log in as root, or let the account use sudo without a password while you install")
        }
        InstallError::Group { .. } => {
            Some("make it there (`groupadd --system NAME`), or use the profile of the board's system")
        }
        InstallError::NoSpace { .. } => Some("nothing was copied; free some space there"),
        InstallError::OtherKey => Some("sign with that key, or replace /etc/moead/moead.pub on the board"),
        InstallError::Failed { .. } => Some("the board runs what it ran before"),
        InstallError::NotRun { .. } => Some(
            "the board runs what it ran before; log in as root, or let the account run `sudo sh` without a password",
        ),
        InstallError::BrokenOff { .. } => Some("install again: that says which release runs, and brings it to an end"),
        InstallError::Lost { .. } => Some(
            "the board goes on by itself and ends with the new release or with the old one; install again to see which",
        ),
        _ => None,
    }
}
