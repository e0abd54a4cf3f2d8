//! Flags as they are typed; what they mean is decided elsewhere.

#[cfg(feature = "http")]
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use moead_terminal::failure::UsageError;
use moead_terminal::flags::TerminalFlags;
use moead_terminal::integration::Integration;
use moead_terminal::values;

use super::sources::{check, check_folders};
use crate::score::verdict::Threshold;
use crate::stream::prepare::Pictures;
use crate::stream::uri::query;

mod bench;
mod config;
#[cfg(feature = "camera")]
mod devices;
mod doctor;
mod engine;
#[cfg(feature = "update")]
mod health;
mod sources;
#[cfg(feature = "update")]
mod update;
mod verify;

pub(super) use bench::{BenchArguments, ContenderArguments};
pub(super) use config::{ConfigArguments, ConfigCommand};
#[cfg(feature = "camera")]
pub(super) use devices::DevicesArguments;
pub(super) use doctor::DoctorArguments;
pub use engine::{EngineArguments, InFlightArgument, ThreadsArgument, parse_threads};
#[cfg(feature = "update")]
pub(super) use health::HealthArguments;
pub use sources::SourceArguments;
pub(super) use sources::with_standard_input;
#[cfg(feature = "update")]
pub(super) use update::{ApplyArguments, StatusArguments, UpdateArguments, UpdateCommand};
pub(super) use verify::VerifyArguments;

const EXAMPLES: &str = "\
Examples:
  moead-edge --demo                          drawn products, half a minute, nothing else needed
  moead-edge --demo --view                   the same without end, in a browser
  moead-edge --model bolt.onnx --source bolts/ --threshold 4.5
  moead-edge --model bolt.onnx --source bolts/ --threshold 4.5 --heatmaps seen/
  moead-edge --model bolt.onnx --source 'day1/*.png' --source b=day2/ --format json > results.jsonl
  moead-edge --model bolt.onnx --source part.png --threshold 4.5 --fail-on-defect
  moead-edge --model calibrated.onnx --camera /dev/video0
  moead-edge --config line1.toml
  moead-edge --model calibrated.onnx --source line1=v4l2:///dev/video0 line2=v4l2:///dev/video2 --product line1=bolt --product line2=nut
  moead-edge --model bolt.onnx --camera /dev/video0 --threshold 4.5 --view
  moead-edge --model bolt.onnx --source 'line1=v4l2:///dev/video0?size=640x480&exposure_time_absolute=200' --threshold 4.5
  moead-edge --model bolt.onnx --camera /dev/video0 --threshold 4.5 --engine ort --provider cuda
  rpicam-vid -t 0 --codec mjpeg -o - | moead-edge --model bolt.onnx --source - --threshold 4.5
  moead-edge --model bolt.onnx --source 'synthetic://conveyor?defects=0.2' --threshold 4.5 --duration 10s

Exit status: 0 every source was read to its end, or the run was asked to stop (unreadable pictures are counted, and are \
lines with an error), 1 an error, or no picture at all could be judged, 2 a wrong command line, 3 defects found and \
--fail-on-defect given. A camera that is lost while running is waited for, for ever, unless --exit-on-loss is given.";

/// Says ok or defect for every picture, and shows where.
///
/// Runs a model file that moead-export wrote on pictures or cameras. Prints one line per picture: text on a terminal, JSON
/// lines elsewhere.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_long_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) run: RunArguments,
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
    /// List cameras: what they offer, their controls, and why other video devices are no use
    #[cfg(feature = "camera")]
    Devices(DevicesArguments),
    /// Run the model file's self-test on every engine that this machine has, or compare two of them on pictures
    Verify(VerifyArguments),
    /// Measure how fast each engine is on this machine with this model
    Bench(BenchArguments),
    /// The side of `bench` that computes
    #[command(hide = true)]
    BenchContender(ContenderArguments),
    /// Look at a file of settings: is it right, and what would a run do with it?
    Config(ConfigArguments),
    /// Say what is wrong with this machine, and what to do about it
    Doctor(DoctorArguments),
    /// Say whether the running service is well: for boot loaders, brokers and whoever else asks by exit status
    #[cfg(feature = "update")]
    Health(HealthArguments),
    /// On a board: take a release, say what there is, go back
    #[cfg(feature = "update")]
    Update(UpdateArguments),
    #[command(flatten)]
    Integration(Integration),
}

#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// Take flags from this TOML file, where neither the command line nor the environment has them
    #[arg(long, value_name = "FILE", env = "MOEAD_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// The model file that moead-export wrote
    #[arg(short, long, value_name = "FILE", env = "MOEAD_MODEL")]
    #[cfg_attr(feature = "demo", arg(required_unless_present = "demo"))]
    #[cfg_attr(not(feature = "demo"), arg(required = true))]
    model: Option<PathBuf>,
    /// Show detection at work: the model inside of this program, on products that are drawn on the spot. With --source, the model alone
    #[cfg(feature = "demo")]
    #[arg(long, group = "input", conflicts_with = "model")]
    pub(super) demo: bool,
    #[command(flatten)]
    pub(super) sources: SourceArguments,
    /// The score from which on a picture is defective [default: that of the model file's calibration]
    #[arg(short, long, value_name = "SCORE", env = "MOEAD_THRESHOLD", value_parser = parse_threshold, allow_hyphen_values = true)]
    pub(super) threshold: Option<Threshold>,
    /// The product of the calibration that all sources show, or one of them [default: recognised, picture by picture]. May be repeated
    #[arg(long, value_name = "[SOURCE=]NAME", env = "MOEAD_PRODUCT")]
    pub(super) product: Vec<String>,
    /// Show the live picture in a browser: short for --http 8080
    #[cfg(feature = "http")]
    #[arg(long)]
    view: bool,
    /// Serve a live view, /metrics and /healthz: on a port of this machine alone, or for others on an address
    #[cfg(feature = "http")]
    #[arg(long, value_name = "[ADDRESS:]PORT", env = "MOEAD_HTTP", value_parser = parse_address)]
    http: Option<SocketAddr>,
    /// Write a picture per picture into this folder: where the model sees something, on which scale
    #[arg(long, value_name = "FOLDER")]
    pub(super) heatmaps: Option<PathBuf>,
    /// Write each anomaly map into this folder, as .npy
    #[arg(long, value_name = "FOLDER")]
    pub(super) maps: Option<PathBuf>,
    /// Say how the run is in this file, about once a second: what `moead-edge health` reads [default: state.json in $RUNTIME_DIRECTORY, where systemd sets that]
    #[cfg(feature = "update")]
    #[arg(long, value_name = "FILE", env = "MOEAD_STATE_FILE")]
    state_file: Option<PathBuf>,
    /// How results are printed [default: text on a terminal, json elsewhere]
    #[arg(long, value_enum, env = "MOEAD_FORMAT")]
    pub(super) format: Option<FormatArgument>,
    /// End with status 3 when a picture is defective
    #[arg(long)]
    pub(super) fail_on_defect: bool,
    /// End after so many pictures of each source
    #[arg(long, value_name = "N", value_parser = values::at_least_one)]
    pub(super) frames: Option<u64>,
    /// End after that time: 90s, 10m, 2h
    #[arg(long, value_name = "TIME", value_parser = parse_run)]
    pub(super) duration: Option<Duration>,
    /// Do not run the model file's self-test first
    #[arg(long)]
    pub(super) no_verify: bool,
    #[command(flatten)]
    pub(super) threads: ThreadsArgument,
    #[command(flatten)]
    pub(super) in_flight: InFlightArgument,
    // Last: its flags for GPUs stand under a heading of their own.
    #[command(flatten)]
    pub(super) engine: EngineArguments,
}

impl RunArguments {
    /// What sinks need of each frame.
    pub(super) fn pictures(&self) -> Pictures {
        match (&self.heatmaps, self.is_demo(), self.is_watched()) {
            (Some(_), ..) | (None, true, _) => Pictures::Kept,
            (None, false, true) => Pictures::Shrunk(VIEW_SIDE),
            (None, false, false) => Pictures::Dropped,
        }
    }

    /// Whether the model is the one inside of the program.
    pub(super) fn is_demo(&self) -> bool {
        #[cfg(feature = "demo")]
        return self.demo;
        #[cfg(not(feature = "demo"))]
        false
    }

    /// What does not go together, and needs nothing opened to be seen.
    ///
    /// # Errors
    /// [`UsageError`]
    pub(super) fn check(&self) -> Result<(), UsageError> {
        check(&self.sources)?;
        if self.heatmaps.is_some() || self.maps.is_some() { check_folders(&self.sources) } else { Ok(()) }
    }

    /// Whether somebody may look at the live view.
    pub(super) fn is_watched(&self) -> bool {
        #[cfg(feature = "http")]
        return self.live_view().is_some();
        #[cfg(not(feature = "http"))]
        false
    }

    /// Where the live view is served, if it is.
    #[cfg(feature = "http")]
    pub(super) fn live_view(&self) -> Option<SocketAddr> {
        self.http.or(self.view.then_some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), VIEW_PORT)))
    }

    /// Where the run says how it is, if it does.
    #[cfg(feature = "update")]
    pub(super) fn state_file(&self) -> Option<PathBuf> {
        // Several folders of a unit are named with colons between them.
        let first = |folders: std::ffi::OsString| folders.to_string_lossy().split(':').next().map(PathBuf::from);
        let of_unit = || Some(std::env::var_os("RUNTIME_DIRECTORY").and_then(first)?.join("state.json"));
        self.state_file.clone().or_else(of_unit)
    }

    /// The model file's path, or what stands in its place in messages.
    pub(super) fn model(&self) -> &Path {
        // Required by the parser, but for a subcommand's sake it must be able to be absent from the type.
        self.model.as_deref().unwrap_or(Path::new(if self.is_demo() { "the demo model" } else { "" }))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FormatArgument {
    Text,
    Json,
}

fn parse_threshold(text: &str) -> Result<Threshold, String> {
    let number = text.parse().map_err(|_| "expected a number, as in 4.5".to_owned())?;
    Threshold::new(number).map_err(|error| error.to_string())
}

/// A run of no time would judge nothing.
fn parse_run(text: &str) -> Result<Duration, String> {
    parse_duration(text).and_then(|time| match time {
        Duration::ZERO => Err("expected a time above 0, as in 90s, 10m or 2h".to_owned()),
        time => Ok(time),
    })
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    query::duration(text).ok_or_else(|| "expected a time, as in 90s, 10m or 2h".to_owned())
}

/// Longest side of the live picture, in pixels: a phone's screen.
const VIEW_SIDE: usize = 640;

/// Where `--view` serves.
#[cfg(feature = "http")]
const VIEW_PORT: u16 = 8080;

/// A port alone is a port of this machine: nobody else can reach it unless that is said.
#[cfg(feature = "http")]
fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let expected =
        || "expected a port, as in 8080, or an address with one, as in 0.0.0.0:8080 or [::1]:8080".to_owned();
    match text.strip_prefix("localhost:").unwrap_or(text).parse() {
        Ok(port) => Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)),
        Err(_) => text.parse().map_err(|_| expected()),
    }
}

#[cfg(all(test, feature = "http"))]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_one_of_this_machine() {
        assert_eq!(parse_address("8080").unwrap().to_string(), "127.0.0.1:8080");
        assert_eq!(parse_address("localhost:81").unwrap().to_string(), "127.0.0.1:81");
        assert_eq!(parse_address("0.0.0.0:80").unwrap().to_string(), "0.0.0.0:80");
        assert_eq!(parse_address("[::]:80").unwrap().to_string(), "[::]:80");
        for wrong in ["", "x", "host:80", "70000", "1.2.3.4", ":80"] {
            assert!(parse_address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn thresholds_are_numbers_above_zero() {
        assert!(parse_threshold("4.5").is_ok());
        for wrong in ["0", "-1", "nan", "inf", "x", ""] {
            assert!(parse_threshold(wrong).is_err(), "{wrong}");
        }
    }
}
