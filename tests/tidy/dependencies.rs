//! Which crate of ours may depend on which: lines go down, and tests are at the side.

use std::process::Command;

use serde_json::Value;

use crate::tree::{Finding, root};

/// A crate, the crates of ours that it may use, and those that its tests may use besides.
struct Allowed {
    name: &'static str,
    uses: &'static [&'static str],
    tests_use: &'static [&'static str],
}

const ALLOWED: [Allowed; 11] = [
    // Stands under tract in place of a crate of that name.
    Allowed { name: "inventory", uses: &[], tests_use: &[] },
    Allowed { name: "moead-model", uses: &[], tests_use: &["moead-tests"] },
    Allowed { name: "moead-terminal", uses: &[], tests_use: &["moead-tests"] },
    // Of no engine and no command line: power cuts are tried on it alone.
    Allowed { name: "moead-update", uses: &["moead-bundle"], tests_use: &["moead-tests"] },
    Allowed {
        name: "moead-runtime",
        uses: &["moead-model", "moead-terminal", "moead-bundle", "moead-update"],
        tests_use: &["moead-tests"],
    },
    Allowed {
        name: "moead-exporter",
        uses: &["moead-model", "moead-terminal", "moead-runtime"],
        tests_use: &["moead-tests"],
    },
    Allowed {
        name: "moead-calibration",
        uses: &["moead-model", "moead-terminal", "moead-runtime"],
        tests_use: &["moead-tests"],
    },
    // Of no other crate of ours: the program on the board takes bundles without what the PC needs to write them.
    Allowed { name: "moead-bundle", uses: &[], tests_use: &["moead-tests"] },
    Allowed {
        name: "moead-boards",
        uses: &["moead-bundle", "moead-model", "moead-terminal", "moead-runtime"],
        tests_use: &["moead-tests"],
    },
    Allowed {
        name: "moead-training",
        uses: &["moead-model", "moead-terminal", "moead-runtime", "moead-exporter", "moead-calibration"],
        tests_use: &["moead-tests"],
    },
    Allowed {
        name: "moead-tests",
        uses: &[],
        tests_use: &[
            "moead-bundle",
            "moead-model",
            "moead-terminal",
            "moead-runtime",
            "moead-exporter",
            "moead-update",
        ],
    },
];

/// What `cargo metadata` says about this workspace.
pub(crate) fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--no-deps", "--format-version", "1", "--offline"];
    let output = Command::new(cargo).args(arguments).current_dir(root()).output().expect("cargo can be started");
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata: {messages}");
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

/// Every edge between crates of ours is on the list.
pub(crate) fn edges(metadata: &Value) -> Vec<Finding> {
    let packages = metadata["packages"].as_array().expect("metadata lists packages");
    let names: Vec<_> = packages.iter().map(|package| text(&package["name"])).collect();
    let mut findings = Vec::new();
    for package in packages {
        let manifest = text(&package["manifest_path"]);
        let found = |message: String| Finding::new(manifest, 1, message);
        let name = text(&package["name"]);
        let Some(allowed) = ALLOWED.iter().find(|allowed| allowed.name == name) else {
            findings.push(found(format!("{name} is not on the list of tests/tidy/dependencies.rs")));
            continue;
        };
        for dependency in package["dependencies"].as_array().expect("a package lists its dependencies") {
            let used = text(&dependency["name"]);
            let is_for_tests = dependency["kind"] == "dev";
            let may = allowed.uses.contains(&used) || is_for_tests && allowed.tests_use.contains(&used);
            if names.contains(&used) && !may {
                let tests = if is_for_tests { ", not even in tests" } else { "" };
                findings.push(found(format!("{name} must not depend on {used}{tests}")));
            }
        }
    }
    findings
}

fn text(value: &Value) -> &str {
    value.as_str().expect("names and paths are strings")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package(name: &str, dependencies: &[(&str, Value)]) -> Value {
        let dependencies = dependencies.iter().map(|(name, kind)| json!({"name": name, "kind": kind}));
        json!({"name": name, "manifest_path": format!("{name}/Cargo.toml"), "dependencies": dependencies.collect::<Value>()})
    }

    fn found(packages: &[Value]) -> Vec<String> {
        edges(&json!({"packages": packages})).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn an_edge_upwards_is_found() {
        let runtime = package("moead-runtime", &[]);
        let model = package("moead-model", &[("moead-runtime", Value::Null), ("serde", Value::Null)]);
        assert_eq!(
            found(&[runtime, model]),
            ["moead-model/Cargo.toml:1: moead-model must not depend on moead-runtime"]
        );
    }

    #[test]
    fn tests_do_not_reach_upwards_either() {
        let exporter = package("moead-exporter", &[]);
        let runtime = package("moead-runtime", &[("moead-exporter", json!("dev"))]);
        assert_eq!(found(&[exporter, runtime]).len(), 1);
    }

    #[test]
    fn the_test_library_is_for_tests_only() {
        let tests = package("moead-tests", &[("moead-exporter", json!("dev"))]);
        let exporter = |kind| package("moead-exporter", &[("moead-tests", kind)]);
        assert_eq!(found(&[tests.clone(), exporter(json!("dev"))]), [""; 0]);
        assert_eq!(found(&[tests, exporter(Value::Null)]).len(), 1);
    }

    #[test]
    fn a_crate_without_rules_is_found() {
        assert_eq!(found(&[package("moead-other", &[])]).len(), 1);
    }
}
