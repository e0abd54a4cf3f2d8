//! Finds the commit that this is built from, for `--version`.
//!
//! MOEAD_COMMIT wins (packages build from archives without git). Only files that change with a commit or a checkout are
//! watched, so an ordinary edit rebuilds nothing here; `-dirty` is therefore as of the last commit, checkout or clean build.

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=MOEAD_COMMIT");
    let commit = match std::env::var("MOEAD_COMMIT") {
        Ok(given) if !given.trim().is_empty() => given.trim().to_owned(),
        _ => commit_of_checkout().unwrap_or_else(|| "unknown".to_owned()),
    };
    println!("cargo:rustc-env=MOEAD_BUILD_COMMIT={commit}");
    let target = std::env::var("TARGET").unwrap_or_else(|_| "unknown".to_owned());
    println!("cargo:rustc-env=MOEAD_BUILD_TARGET={target}");
}

fn commit_of_checkout() -> Option<String> {
    // A copy inside somebody else's repository must not report that repository's commit.
    let own_root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().ok()?;
    if Path::new(&git(&["rev-parse", "--show-toplevel"])?).canonicalize().ok()? != own_root {
        return None;
    }
    watch_commits();
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changes = git(&["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changes.is_empty() { commit } else { format!("{commit}-dirty") })
}

/// Cargo runs a build script every time when a watched file is missing, so only those that exist are named.
fn watch_commits() {
    let branch = git(&["symbolic-ref", "--quiet", "HEAD"]);
    for name in ["HEAD", "logs/HEAD", "packed-refs"].into_iter().chain(branch.as_deref()) {
        if let Some(path) = git(&["rev-parse", "--git-path", name]) {
            let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
            if path.exists() {
                println!("cargo:rerun-if-changed={}", path.display());
            }
        }
    }
}

fn git(arguments: &[&str]) -> Option<String> {
    // Optional locks would rewrite the index under the user's own git commands.
    let output = Command::new("git")
        .arg("--no-optional-locks")
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
