//! Where pictures come from: the flags of every command that reads sources.

use std::ffi::OsString;
use std::time::Duration;

use clap::{ArgGroup, Args, ValueEnum};

use super::parse_duration;
use crate::stream::pipeline::OnLoss;
use crate::stream::policy::Policy;
use crate::stream::uri::SourceUri;

/// Sources, and what happens when one of them does not deliver.
#[derive(Debug, Clone, Args)]
#[command(group = ArgGroup::new("input").required(true).multiple(true))]
pub struct SourceArguments {
    /// A file, a folder with everything below it, a quoted pattern, a device as v4l2:///dev/video0?size=640x480, a drawn
    /// scene as synthetic://conveyor, or - for standard input; NAME=… names it in results. May be repeated
    #[arg(short, long, value_name = "[NAME=]URI", num_args = 1.., value_parser = SourceUri::parse, group = "input")]
    source: Vec<SourceUri>,
    /// A camera: short for --source v4l2://DEVICE. May be repeated
    #[cfg(feature = "camera")]
    #[arg(short, long, value_name = "DEVICE", value_parser = parse_camera, group = "input")]
    camera: Vec<SourceUri>,
    /// Which frames are given up when they come faster than they are judged [default: latest for cameras, never for files]
    #[arg(long, value_enum, env = "MOEAD_POLICY")]
    pub(crate) policy: Option<PolicyArgument>,
    /// Close a camera that delivers nothing for that long, and open it again
    #[arg(long, value_name = "TIME", default_value = "20s", env = "MOEAD_STALL_TIMEOUT", value_parser = parse_limit)]
    pub stall_timeout: Duration,
    /// Frames that stay the same for that long are no reason for a verdict
    #[arg(long, value_name = "TIME", default_value = "10s", env = "MOEAD_FROZEN_AFTER", value_parser = parse_limit)]
    pub frozen_after: Duration,
    /// End with an error when a camera is lost, in place of waiting for it
    #[arg(long)]
    exit_on_loss: bool,
    /// Begin without a camera that is not there yet, and wait for it, in place of ending with an error
    #[arg(long, conflicts_with = "exit_on_loss")]
    pub(crate) wait_for_cameras: bool,
}

impl SourceArguments {
    /// Every source, in the order of the flags.
    pub(crate) fn sources(&self) -> Vec<SourceUri> {
        #[cfg(feature = "camera")]
        let cameras = self.camera.iter();
        #[cfg(not(feature = "camera"))]
        let cameras = [].iter();
        cameras.chain(&self.source).cloned().collect()
    }

    /// Reads these, one frame after the other and none left out.
    #[cfg(feature = "demo")]
    pub(crate) fn replace(&mut self, sources: Vec<SourceUri>) {
        self.source = sources;
        self.policy.get_or_insert(PolicyArgument::Never);
    }

    /// What the loss of a source means.
    pub fn on_loss(&self) -> OnLoss {
        if self.exit_on_loss { OnLoss::End } else { OnLoss::Retry }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum PolicyArgument {
    /// The newest waits, an older one is dropped
    Latest,
    /// What waits is kept, the newcomer is dropped
    Oldest,
    /// Nothing is dropped, the source waits
    Never,
}

impl From<PolicyArgument> for Policy {
    fn from(policy: PolicyArgument) -> Self {
        match policy {
            PolicyArgument::Latest => Self::Latest,
            PolicyArgument::Oldest => Self::Oldest,
            PolicyArgument::Never => Self::Never,
        }
    }
}

/// Makes of `-?fps=5`, which a parser would take for a flag, `--source=-?fps=5`.
pub(crate) fn with_standard_input(typed: Vec<OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = Vec::with_capacity(typed.len());
    let mut is_behind = false;
    for word in typed {
        let bytes = word.as_encoded_bytes();
        let is_standard_input = bytes.starts_with(b"-?") && bytes.contains(&b'=');
        if is_standard_input {
            words.pop_if(|last| last == "--source" || last == "-s");
            let mut source = OsString::from("--source=");
            source.push(word);
            words.push(source);
        } else {
            // A value with `=` in front is the only one of its flag.
            if is_behind && (!bytes.starts_with(b"-") || bytes == b"-") {
                words.push("--source".into());
            }
            words.push(word);
        }
        is_behind = is_standard_input;
    }
    words
}

/// A time that something may take: not none.
fn parse_limit(text: &str) -> Result<Duration, String> {
    parse_duration(text)
        .ok()
        .filter(|&limit| limit >= Duration::from_millis(100))
        .ok_or_else(|| "expected a time of at least 100ms, as in 500ms, 20s or 2m".to_owned())
}

#[cfg(feature = "camera")]
fn parse_camera(text: &str) -> Result<SourceUri, String> {
    let device = text.strip_prefix("v4l2://").unwrap_or(text);
    let mut uri = SourceUri::parse(&format!("v4l2://{device}")).map_err(|error| error.to_string())?;
    uri.name = device.split('?').next().unwrap_or(device).to_owned();
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_times_that_something_can_keep() {
        assert_eq!(parse_limit("1.5m"), Ok(Duration::from_secs(90)));
        for wrong in ["0s", "5", "99ms", "-1s"] {
            assert!(parse_limit(wrong).is_err(), "{wrong}");
        }
    }
}
