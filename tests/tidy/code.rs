//! What code may name, and where: the rules that keep crates and modules to their duties.

use crate::rust_code::{code_of, has_token};
use crate::tree::{Finding, Tree};

/// Tokens that code may have in some places only.
struct Rule {
    tokens: &'static [&'static str],
    allowed: fn(&Line<'_>) -> bool,
    reason: &'static str,
}

/// A line of code, without comments and literals.
struct Line<'a> {
    path: &'a str,
    code: &'a str,
    /// Behind `#[cfg(test)]`, or in a file that only tests use.
    is_test: bool,
    /// The file states why it needs `unsafe`.
    has_unsafe_reason: bool,
}

/// The files of a program that have `unsafe`: questions to the kernel about cameras, and an instruction without a name.
const UNSAFE: [&str; 4] = [
    "runtime/src/stream/sources/v4l2/kernel/answers.rs",
    "runtime/src/stream/sources/v4l2/kernel/frames.rs",
    "runtime/src/stream/sources/v4l2/kernel/requests.rs",
    "runtime/src/engine/tract/kernels/eight_bit/dots.rs",
];

/// Where a macro puts a constructor into its section. The lint looks at where the macro is used, in crates of others, so there is nothing to expect.
const CONSTRUCTOR: &str = "runtime/inventory/src/lib.rs";

const RULES: &[Rule] = &[
    Rule {
        tokens: &["#[ignore", "#[should_panic"],
        allowed: |_| false,
        reason: "a test runs, and says what it expects; one that cannot run here reports why",
    },
    Rule {
        tokens: &["thread::sleep"],
        allowed: |line| !line.is_test || line.path.starts_with("tests/benches/"),
        reason: "tests do not wait for time to pass; the clock is injected",
    },
    Rule {
        tokens: &["Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now"],
        allowed: |line| {
            line.path == "runtime/src/stream/clock.rs"
                || ["tests/benches/", "runtime/terminal/"].iter().any(|folder| line.path.starts_with(folder))
        },
        reason: "only runtime/src/stream/clock.rs, the terminal and the benches ask for the time",
    },
    Rule {
        tokens: &["unsafe"],
        // Counting the memory that a reader takes needs an allocator, and an allocator is unsafe to implement. The kernel's
        // questions about cameras are structures that are handed over by address. ARM's dot product has no stable intrinsic.
        allowed: |line| {
            line.path == CONSTRUCTOR || line.has_unsafe_reason && (line.is_test || UNSAFE.contains(&line.path))
        },
        reason: "no unsafe code; a test may have it behind `#[expect(unsafe_code, reason = …)]`, and the files that ask the \
                 kernel about cameras, ARM for dot products and the loader for constructors",
    },
    Rule {
        tokens: &["println!", "print!", "eprintln!", "eprint!", "process::exit"],
        allowed: |line| line.is_test || line.path.starts_with("runtime/terminal/") || line.path.ends_with("build.rs"),
        reason: "only runtime/terminal writes for people and ends the process",
    },
    Rule {
        tokens: &["anyhow", "clap"],
        allowed: |line| is_command_line(line.path),
        reason: "libraries return typed errors and know no flags; this belongs under cli/",
    },
    Rule {
        tokens: &["env::var", "env::var_os", "env::vars", "env::vars_os", "env::args", "env::args_os"],
        // e2fsprogs are looked for as the shell would.
        allowed: |line| is_command_line(line.path) || line.path == "boards/src/image/tools.rs" || !is_library(line),
        reason: "only the command line reads the environment; a library is handed what it needs",
    },
];

/// Neither a test nor one of cargo's other programs.
fn is_library(line: &Line<'_>) -> bool {
    let is_apart = |part: &str| ["benches", "examples", "build.rs"].contains(&part);
    !line.is_test && !line.path.split('/').any(is_apart)
}

fn is_command_line(path: &str) -> bool {
    path.split('/').any(|part| ["cli", "cli.rs", "bin"].contains(&part)) || path.starts_with("runtime/terminal/")
}

/// Each rule holds in every source.
pub(crate) fn rules(tree: &Tree) -> Vec<Finding> {
    tree.with_extension("rs").flat_map(|(path, text)| rules_of(path, text)).collect()
}

fn rules_of(path: &str, text: &str) -> Vec<Finding> {
    let code = code_of(text);
    let mut is_test = path.split('/').any(|part| ["tests", "tests.rs"].contains(&part));
    let has_unsafe_reason =
        ["#[expect(", "#![expect("].iter().any(|start| code.contains(&format!("{start}unsafe_code, reason = ")));
    let mut findings = Vec::new();
    for (index, code) in code.lines().enumerate() {
        // Unit tests stand at the end of their file.
        is_test |= code.contains("#[cfg(test)]");
        let line = Line { path, code, is_test, has_unsafe_reason };
        for rule in RULES.iter().filter(|rule| !(rule.allowed)(&line)) {
            let tokens = rule.tokens.iter().filter(|token| has_token(line.code, token));
            findings.extend(tokens.map(|token| Finding::new(path, index + 1, format!("`{token}`: {}", rule.reason))));
        }
    }
    findings
}

/// Modules that the plain evaluation must not know, or `--check` would compare the graph with itself.
const NOT_IN_REFERENCE: [&str; 4] = ["graph", "backbone", "folding", "resolve"];

/// The plain evaluation shares no code with the graph.
pub(crate) fn reference_stands_alone(tree: &Tree) -> Vec<Finding> {
    let sources = tree.with_extension("rs").filter(|(path, _)| path.starts_with("exporter/src/reference"));
    let findings = sources.flat_map(|(path, text)| {
        let named = modules_of_crate(&code_of(text)).into_iter();
        let refused = named.filter(|(_, module)| NOT_IN_REFERENCE.contains(&module.as_str()));
        refused.map(move |(line, module)| {
            Finding::new(path, line, format!("`crate::{module}`: the reference shares no code with the graph"))
        })
    });
    findings.collect()
}

/// The modules that stand behind `crate::`, alone or in braces, with the lines where they do.
fn modules_of_crate(code: &str) -> Vec<(usize, String)> {
    const ROOT: &str = "crate::";
    let mut modules = Vec::new();
    for (start, _) in code.match_indices(ROOT) {
        let after = &code[start + ROOT.len()..];
        let Some(group) = after.strip_prefix('{') else {
            modules.push((start + ROOT.len(), first_word(after)));
            continue;
        };
        let mut depth = 1;
        let mut begins = true;
        for (offset, character) in group.char_indices() {
            match character {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => begins = true,
                _ if begins && depth == 1 && character.is_alphabetic() => {
                    modules.push((start + ROOT.len() + 1 + offset, first_word(&group[offset..])));
                    begins = false;
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    modules.into_iter().map(|(at, module)| (code[..at].matches('\n').count() + 1, module)).collect()
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|&character| character.is_alphanumeric() || character == '_').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        rules(&Tree::sample(&[(path, text)])).len()
    }

    #[test]
    fn each_rule_finds_its_tokens_in_the_library() {
        let library = "runtime/src/score/verdict.rs";
        for text in [
            "#[ignore]",
            "#[ignore = \"slow\"]",
            "#[should_panic(expected = \"x\")]",
            "#[cfg(test)]\nmod tests { fn f() { std::thread::sleep(x); } }",
            "let start = Instant::now();",
            "SystemTime::now()",
            "jiff::Timestamp::now()",
            "Zoned::now()",
            "unsafe { x() }",
            "println!(\"x\");",
            "eprintln!(\"x\");",
            "std::process::exit(1)",
            "use anyhow::Result;",
            "use clap::Args;",
            "std::env::var(\"HOME\")",
            "env::args_os()",
        ] {
            assert_eq!(found(library, text), 1, "{text}");
        }
    }

    #[test]
    fn each_token_has_its_place() {
        for (path, text) in [
            ("runtime/src/stream/clock.rs", "Instant::now()"),
            ("runtime/terminal/src/progress.rs", "Instant::now()"),
            ("tests/benches/score.rs", "Instant::now(); thread::sleep(x)"),
            ("runtime/src/stream/files.rs", "thread::sleep(x)"),
            ("runtime/model/tests/hostile.rs", "#[expect(unsafe_code, reason = \"counts\")]\nunsafe fn x() {}"),
            (UNSAFE[0], "#![expect(unsafe_code, reason = \"asks\")]\nunsafe { x() }"),
            ("runtime/terminal/build.rs", "println!(\"x\")"),
            ("runtime/terminal/src/exit.rs", "std::process::exit(1)"),
            ("tests/src/command.rs", "eprintln!(\"x\")"),
            ("runtime/src/sinks/heatmap/tests.rs", "eprintln!(\"x\")"),
            ("exporter/src/cli/export.rs", "use anyhow::Result; use clap::Args;"),
            ("runtime/src/cli.rs", "anyhow::Result"),
            ("runtime/src/cli/engine.rs", "std::env::var_os(\"PATH\")"),
            ("calibration/benches/promise.rs", "std::env::args()"),
            ("boards/build.rs", "std::env::var_os(\"CARGO\")"),
            ("runtime/src/lib.rs", "// no unsafe, no println!\nlet x = \"unsafe anyhow\"; #![forbid(unsafe_code)]"),
        ] {
            assert_eq!(found(path, text), 0, "{path}");
        }
    }

    #[test]
    fn tests_sleep_nowhere_and_need_a_reason_for_unsafe() {
        assert_eq!(found("tests/end_to_end/main.rs", "thread::sleep(x)"), 1);
        assert_eq!(found("runtime/tests/cli.rs", "unsafe fn x() {}"), 1);
        assert_eq!(found(UNSAFE[0], "unsafe fn x() {}"), 1);
        assert_eq!(found("runtime/src/lib.rs", "#[expect(unsafe_code, reason = \"fast\")]\nunsafe fn x() {}"), 1);
    }

    #[test]
    fn a_finding_names_the_line() {
        let findings = rules(&Tree::sample(&[("a.rs", "//! A.\n\nuse anyhow::Result;\n")]));
        assert!(findings[0].to_string().starts_with("a.rs:3: `anyhow`: "), "{}", findings[0]);
    }

    #[test]
    fn a_reference_that_borrows_from_the_graph_is_found() {
        let found = |path, text| reference_stands_alone(&Tree::sample(&[(path, text)])).len();
        let reference = "exporter/src/reference/moe.rs";
        assert_eq!(found(reference, "use crate::graph::moe;"), 1);
        assert_eq!(found(reference, "fn f(x: &crate::backbone::Network) {}"), 1);
        assert_eq!(found(reference, "use crate::{weights::Weights, folding::{fold, graph}};"), 1);
        assert_eq!(found("exporter/src/reference.rs", "use crate::folding;\nuse crate::resolve::Resolved;"), 2);
        assert_eq!(found(reference, "// not crate::graph\nuse crate::{weights::{Weights, graph}, checkpoint};"), 0);
        assert_eq!(found("exporter/src/check.rs", "use crate::graph;"), 0);
    }
}
