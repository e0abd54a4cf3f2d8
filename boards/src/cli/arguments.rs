//! Flags as they are typed; what they mean is decided elsewhere.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;
use moead_bundle::version::Version;
use moead_terminal::flags::TerminalFlags;
use moead_terminal::integration::Integration;

use crate::image::Way;

const EXAMPLES: &str = "\
Examples:
  moead-board profiles                                 the boards that this program knows
  moead-board key new moead.key                        makes moead.key and moead.pub
  moead-board build raspberry-pi-5 --model bolt.onnx --name bolt --binary moead-edge --key moead.key
  moead-board build pc --model bolt.onnx --name bolt --key moead.key --release 1.4 -- --http 0.0.0.0:8080
  moead-board build raspberry-pi-5 --model bolt.onnx --binary moead-edge --format deb --maintainer 'Ada <ada@example.org>'
  moead-board inspect bolt-1.4.moead --key moead.pub   what is inside, and whether it is whole and ours
  moead-board program raspberry-pi-5 moead-edge        whether a program starts there, and what it asks for
  moead-board image --base raspios.img.xz --bundle bolt-1.4.moead --key moead.pub -o card.img --set hostname=line7
  moead-board flash card.img /dev/sdX
  moead-board install ada@line7 bolt-1.4.moead --key moead.pub

Exit status: 0 done, 1 an error (nothing half-written was left), 2 a wrong command line.";

/// Brings a model onto a board: in one signed file, as a package, on a card, over ssh.
#[derive(Debug, Parser)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    pub(super) terminal: TerminalFlags,
}

impl AsRef<TerminalFlags> for Arguments {
    fn as_ref(&self) -> &TerminalFlags {
        &self.terminal
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the boards that this program knows, or everything about one
    Profiles(ProfilesArguments),
    /// Make a key that signs bundles
    Key(KeyArguments),
    /// Put program, model, settings and unit for a board into one signed file
    Build(Box<BuildArguments>),
    /// Show what is in a bundle, and whether it is whole and signed
    Inspect(InspectArguments),
    /// Say what programs ask of a system, and whether a board has it
    Program(ProgramArguments),
    /// Put a bundle into somebody's system image, without root; Linux with e2fsprogs
    Image(ImageArguments),
    /// Write an image onto a card and compare it; never onto a disk that is in use
    Flash(FlashArguments),
    /// Bring a bundle onto a running board over ssh; what ran there comes back when any step fails
    Install(InstallArguments),
    #[command(flatten)]
    Integration(Integration),
}

#[derive(Debug, Args)]
pub(super) struct ProfilesArguments {
    /// One board, or a profile of your own: FILE.toml
    #[arg(value_name = "PROFILE")]
    pub(super) profile: Option<String>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct KeyArguments {
    #[command(subcommand)]
    pub(super) command: KeyCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Make a pair: the secret half signs, the public half goes onto boards
    New(NewKeyArguments),
}

#[derive(Debug, Args)]
pub(super) struct NewKeyArguments {
    /// The secret half; the public one goes beside it, with the ending .pub
    #[arg(value_name = "FILE", default_value = "moead.key")]
    pub(super) file: PathBuf,
    /// Do not lock it with a passphrase
    #[arg(long, conflicts_with = "passphrase_file")]
    pub(super) no_passphrase: bool,
    #[command(flatten)]
    pub(super) passphrase: PassphraseArguments,
}

/// Where a passphrase comes from.
#[derive(Debug, Args)]
pub(super) struct PassphraseArguments {
    /// The passphrase is the first line of this file [default: asked for on the terminal]
    #[arg(long, value_name = "FILE")]
    pub(super) passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct BuildArguments {
    /// The board, or a profile of your own: FILE.toml
    #[arg(value_name = "PROFILE")]
    pub(super) profile: String,
    /// The model file that moead-export wrote
    #[arg(short, long, value_name = "FILE")]
    pub(super) model: PathBuf,
    /// The program moead-edge, built for the board [default: the one in the folder TRIPLE/ beside this program's, as `just dist`
    /// makes them, else the one beside this program]
    #[arg(long, value_name = "FILE")]
    pub(super) binary: Option<PathBuf>,
    /// Settings of moead-edge: lines MOEAD_…=VALUE
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// What is written; only a bundle is signed here
    #[arg(long, value_enum, default_value_t = FormatArgument::Bundle)]
    pub(super) format: FormatArgument,
    /// The secret key that signs a bundle
    #[arg(long, value_name = "FILE", env = "MOEAD_BOARD_KEY")]
    pub(super) key: Option<PathBuf>,
    #[command(flatten)]
    pub(super) passphrase: PassphraseArguments,
    /// Who answers for a Debian package: 'Name <address>'
    #[arg(long, value_name = "NAME", required_if_eq("format", "deb"), value_parser = parse_maintainer)]
    pub(super) maintainer: Option<String>,
    /// The image that a container image stands on, for its glibc: a folder in the OCI image layout
    #[arg(long, value_name = "FOLDER")]
    pub(super) base: Option<PathBuf>,
    /// Write here [default: NAME-RELEASE.moead, moead-edge_RELEASE_ARCHITECTURE.deb or the folder NAME-oci]
    #[arg(short, long, value_name = "PATH")]
    pub(super) output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) labels: LabelArguments,
    /// A bill of materials (CycloneDX) of the binary, when it is not made of what moead-edge is usually made of
    #[arg(long, value_name = "FILE")]
    pub(super) sbom: Option<PathBuf>,
    /// Write it without running the model's self-test and without parsing the arguments as moead-edge would
    #[arg(long)]
    pub(super) no_check: bool,
    /// More arguments of moead-edge, behind --
    #[arg(last = true, value_name = "ARGUMENTS")]
    pub(super) arguments: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FormatArgument {
    /// One signed file for moead-board and moead-edge
    Bundle,
    /// A package for apt
    Deb,
    /// A container image, in a folder that may hold one for each machine
    Oci,
}

/// What is said about a release.
#[derive(Debug, Args)]
#[command(next_help_heading = "Release")]
pub(super) struct LabelArguments {
    /// What it is called [default: as the model file is]
    #[arg(long)]
    pub(super) name: Option<String>,
    /// Its version; boards refuse one that is older than theirs
    #[arg(long, value_name = "VERSION", default_value = "1", value_parser = parse_version)]
    pub(super) release: Version,
    /// The first day on which boards refuse it: 2027-06-30
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    pub(super) expires: Option<Date>,
    /// The oldest release that it may replace
    #[arg(long, value_name = "VERSION", value_parser = parse_version)]
    pub(super) replaces_from: Option<Version>,
    /// Let it replace newer releases too
    #[arg(long)]
    pub(super) allow_downgrade: bool,
}

#[derive(Debug, Args)]
pub(super) struct InspectArguments {
    /// The bundle
    #[arg(value_name = "BUNDLE")]
    pub(super) bundle: PathBuf,
    /// The public key that it must be signed with
    #[arg(long, value_name = "FILE")]
    pub(super) key: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ProgramArguments {
    /// The board, or a profile of your own: FILE.toml
    #[arg(value_name = "PROFILE")]
    pub(super) profile: String,
    /// The programs
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ImageArguments {
    /// The system image: raw, .xz or .zip; it is not changed
    #[arg(long, value_name = "IMAGE")]
    pub(super) base: PathBuf,
    /// The bundle
    #[arg(long, value_name = "BUNDLE")]
    pub(super) bundle: PathBuf,
    /// The public key that it must be signed with; the board keeps it for updates
    #[arg(long, value_name = "FILE")]
    pub(super) key: PathBuf,
    /// Write here
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: PathBuf,
    /// The partition with the root file system, counted from 1 [default: found by name and label]
    #[arg(long, value_name = "N")]
    partition: Option<u32>,
    /// Write into the FAT partition alone, from where the board installs the release when it first boots: for Raspberry Pi OS, and for
    /// machines without e2fsprogs
    #[arg(long, conflicts_with = "partition")]
    first_boot: bool,
    /// What this board has of its own: hostname=NAME, settings=FILE (for /etc/moead/edge.env) or root-keys=FILE (public keys for
    /// ssh). May be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_set)]
    pub(super) set: Vec<Set>,
}

impl ImageArguments {
    /// How the release gets onto the board.
    pub(super) fn way(&self) -> Way {
        if self.first_boot { Way::FirstBoot } else { Way::Root { partition: self.partition } }
    }
}

#[derive(Debug, Args)]
pub(super) struct FlashArguments {
    /// The image, not packed
    #[arg(value_name = "IMAGE")]
    pub(super) image: PathBuf,
    /// The whole disk: /dev/sdX, /dev/mmcblkN
    #[arg(value_name = "DEVICE")]
    pub(super) device: PathBuf,
    /// Write to a disk that cannot be taken out, if this is its serial number
    #[arg(long, value_name = "SERIAL")]
    pub(super) force_disk: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct InstallArguments {
    /// The board, as ssh takes it
    #[arg(value_name = "USER@HOST")]
    pub(super) host: String,
    /// The bundle
    #[arg(value_name = "BUNDLE")]
    pub(super) bundle: PathBuf,
    /// The public key that it must be signed with; the board keeps it for updates
    #[arg(long, value_name = "FILE")]
    pub(super) key: PathBuf,
    /// How many seconds a judged picture is waited for
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub(super) patience: u32,
    /// Do not wait for a judged picture: no camera is there yet
    #[arg(long, conflicts_with = "patience")]
    pub(super) no_frame: bool,
}

/// One `--set`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Set {
    HostName(String),
    Settings(PathBuf),
    RootKeys(PathBuf),
}

fn parse_set(text: &str) -> Result<Set, String> {
    match text.split_once('=') {
        Some(("hostname", name)) => {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            let is_name = (1..=63).contains(&name.len()) && name.bytes().all(allowed) && !name.starts_with('-');
            let expected = || "hostname: expected up to 63 letters, digits and `-`".to_owned();
            if is_name { Ok(Set::HostName(name.to_owned())) } else { Err(expected()) }
        }
        Some(("settings", path)) => Ok(Set::Settings(path.into())),
        Some(("root-keys", path)) => Ok(Set::RootKeys(path.into())),
        _ => Err("expected hostname=NAME, settings=FILE or root-keys=FILE".into()),
    }
}

fn parse_version(text: &str) -> Result<Version, String> {
    Version::parse(text).ok_or_else(|| "expected one to four numbers with points between them, as in 1.4.0".into())
}

fn parse_date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "expected a date, as in 2027-06-30".into())
}

fn parse_maintainer(text: &str) -> Result<String, String> {
    let parts = text.split_once(" <").and_then(|(name, rest)| Some((name, rest.strip_suffix('>')?)));
    let is_fine = |(name, address): &(&str, &str)| {
        !name.trim().is_empty() && address.contains('@') && !text.contains(|letter: char| letter.is_control())
    };
    parts
        .filter(is_fine)
        .map(|_| text.to_owned())
        .ok_or_else(|| "expected a name and an address, as in 'Ada <ada@example.org>'".into())
}
