//! What this board is, as far as bundles ask.

use std::path::Path;
use std::process::Command;

use moead_bundle::admission::Board;
use moead_bundle::release::PUBLIC_KEY;
use moead_bundle::signature::PublicKey;
use moead_bundle::version::Version;
use moead_terminal::failure::At as _;
use moead_update::disk;
use moead_update::disk::board::BoardDisk;

use crate::stream::clock::{Clock as _, SystemClock};

/// Why a board's key is none.
#[derive(Debug, thiserror::Error)]
#[error("{PUBLIC_KEY}: no such file")]
pub(in crate::cli) struct NoKey;

/// No honest key is longer, and no board's name.
const LIMIT: u64 = 4096;

/// The key that updates must be signed with.
pub(super) fn public_key(disk: &BoardDisk) -> anyhow::Result<PublicKey> {
    let text = disk::read(disk, Path::new(PUBLIC_KEY), LIMIT)?.ok_or(NoKey)?;
    PublicKey::parse(&String::from_utf8_lossy(&text)).at(PUBLIC_KEY)
}

/// All but the release that runs.
pub(super) fn board(disk: &BoardDisk) -> anyhow::Result<Board> {
    let name = disk::read(disk, Path::new("/proc/device-tree/model"), LIMIT).ok().flatten();
    let name = name.map(|name| String::from_utf8_lossy(&name).trim_end_matches('\0').trim().to_owned());
    Ok(Board {
        triple: format!("{}-unknown-linux-gnu", std::env::consts::ARCH),
        glibc: glibc()?,
        name: name.filter(|name| !name.is_empty()),
        today: SystemClock.wall().date(),
        installed: None,
    })
}

/// As the C library's own program says it: `glibc 2.36`.
fn glibc() -> anyhow::Result<Version> {
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output().at("getconf")?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let version = said.split_whitespace().nth(1).and_then(Version::parse);
    version.ok_or_else(|| anyhow::anyhow!("getconf GNU_LIBC_VERSION: expected a version, found {said:?}"))
}
