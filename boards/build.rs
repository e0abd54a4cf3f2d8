//! Finds out what moead-edge is made of: every crate that its default features may link, with licence, checksum and licence texts.
//! `moead-board` puts that into each bundle, as a bill of materials and as the notices that the licences ask for.
//!
//! Cargo itself is asked, offline; where it cannot say (an unpacked archive without its crates), the lists stay empty, the build
//! goes on with a warning, and `moead-board build` asks for a list of its user's own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

const TARGETS: [&str; 2] = ["aarch64-unknown-linux-gnu", "x86_64-unknown-linux-gnu"];
const PROGRAM: &str = "moead-runtime";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=../Cargo.lock");
    let output = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    for target in TARGETS {
        let parts = parts(target).unwrap_or_else(|error| {
            println!("cargo:warning=no list of parts for {target}: {error}");
            json!([])
        });
        std::fs::write(output.join(format!("parts-{target}.json")), parts.to_string()).expect("OUT_DIR can be written");
    }
}

/// `[{"name": …, "version": …, "licence": …, "checksum": …, "texts": [[name, text], …]}, …]`, sorted.
fn parts(target: &str) -> Result<Value, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--format-version", "1", "--offline", "--locked", "--filter-platform", target];
    let output = Command::new(cargo).args(arguments).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(said.lines().next().unwrap_or("cargo metadata failed").to_owned());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let packages: BTreeMap<&str, &Value> =
        list(&metadata["packages"]).map(|package| (text(&package["id"]), package)).collect();
    let checksums = checksums();
    let root = packages.iter().find(|(_, package)| package["name"] == PROGRAM).ok_or("no moead-runtime")?;
    let linked = linked(&metadata, root.0);
    let mut parts = Vec::new();
    for package in linked.iter().filter_map(|id| packages.get(id.as_str())) {
        let (name, version) = (text(&package["name"]), text(&package["version"]));
        let folder = Path::new(text(&package["manifest_path"])).parent().unwrap_or(Path::new("")).to_owned();
        let texts = if package["source"].is_null() { Vec::new() } else { licence_texts(&folder) };
        parts.push(json!({
            "name": name,
            "version": version,
            "licence": package["license"],
            "checksum": checksums.get(&(name.to_owned(), version.to_owned())),
            "texts": texts,
        }));
    }
    parts.sort_by_key(|part| (text(&part["name"]).to_owned(), text(&part["version"]).to_owned()));
    Ok(parts.into())
}

/// Ids of everything that is linked into `root`: no build scripts, no tests.
fn linked(metadata: &Value, root: &str) -> BTreeSet<String> {
    let nodes: BTreeMap<&str, &Value> =
        list(&metadata["resolve"]["nodes"]).map(|node| (text(&node["id"]), node)).collect();
    let mut linked = BTreeSet::new();
    let mut waiting = vec![root];
    while let Some(id) = waiting.pop() {
        if !linked.insert(id.to_owned()) {
            continue;
        }
        let dependencies = nodes.get(id).into_iter().flat_map(|node| list(&node["deps"]));
        let is_linked = |dependency: &&Value| list(&dependency["dep_kinds"]).any(|kind| kind["kind"].is_null());
        waiting.extend(dependencies.filter(is_linked).map(|dependency| text(&dependency["pkg"])));
    }
    linked
}

/// Licence and notice files of a crate: name and text.
fn licence_texts(folder: &Path) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut texts: Vec<(String, String)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let upper = name.to_uppercase();
            let is_licence =
                ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"].iter().any(|word| upper.starts_with(word));
            let text = is_licence.then(|| std::fs::read_to_string(entry.path()).ok()).flatten()?;
            Some((name, text))
        })
        .collect();
    texts.sort();
    texts
}

/// Checksums of Cargo.lock, by name and version.
fn checksums() -> BTreeMap<(String, String), String> {
    let lock = std::fs::read_to_string("../Cargo.lock").unwrap_or_default();
    let value = |block: &str, key: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""))?;
        Some(line.trim_end_matches('"').to_owned())
    };
    let blocks = lock.split("[[package]]").skip(1);
    let entries =
        blocks.filter_map(|block| Some(((value(block, "name")?, value(block, "version")?), value(block, "checksum")?)));
    entries.collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
