//! `moead-edge devices`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(in crate::cli) struct DevicesArguments {
    /// Only these: /dev/video0, /dev/v4l/by-id/… or 0
    #[arg(value_name = "DEVICE", value_parser = parse_device)]
    pub(in crate::cli) devices: Vec<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

fn parse_device(text: &str) -> Result<PathBuf, String> {
    let device = crate::stream::sources::v4l2::request::device(text.strip_prefix("v4l2://").unwrap_or(text));
    device.ok_or_else(|| "expected a device, as in /dev/video0 or 0".into())
}
