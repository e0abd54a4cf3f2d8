//! Files by themselves: their names, how they begin, how long they are, what must not be left in them.

use crate::tree::{Finding, Tree};

/// Above this, a file has more than one reason to change.
const MAX_LINES: usize = 800;

/// Longer files, each with its reason.
const MAY_BE_LONG: &[(&str, &str)] =
    &[("runtime/model/src/onnx/messages.rs", "generated from onnx.proto; nobody reads it in one go")];

/// Nouns that are none: what is in such a file serves something, and belongs there.
const NAMELESS: [&str; 7] = ["util", "utils", "helper", "helpers", "common", "misc", "stuff"];

/// Texts that are not ours to word.
const FOREIGN: [&str; 3] = ["runtime/model/src/onnx/onnx.proto", "Cargo.lock", "LICENSE-APACHE"];

/// Every source begins with `//!`: what it is for.
pub(crate) fn heads(tree: &Tree) -> Vec<Finding> {
    let without = tree.with_extension("rs").filter(|(_, text)| !text.starts_with("//!"));
    without.map(|(path, _)| Finding::new(path, 1, "does not begin with `//!` and what the file is for")).collect()
}

/// No source is longer than [`MAX_LINES`], but for those on the list.
pub(crate) fn lengths(tree: &Tree) -> Vec<Finding> {
    let too_long = tree.with_extension("rs").filter_map(|(path, text)| {
        let lines = text.lines().count();
        let excused = MAY_BE_LONG.iter().any(|(excused, _)| *excused == path);
        (lines > MAX_LINES && !excused).then(|| Finding::new(path, lines, format!("more than {MAX_LINES} lines")))
    });
    let gone = MAY_BE_LONG.iter().filter(|(path, _)| tree.text(path).is_none());
    let gone = gone.map(|(path, _)| Finding::new(path, 1, "is on the list of long files and does not exist"));
    too_long.chain(gone).collect()
}

/// Names say what is in a file or a module.
pub(crate) fn names(tree: &Tree) -> Vec<Finding> {
    let nameless = |name: &str| NAMELESS.contains(&name);
    let files =
        tree.paths().filter(|path| path.split('/').any(|part| nameless(part.split('.').next().unwrap_or(part))));
    let files = files.map(|path| Finding::new(path, 1, "a name that says nothing about the contents"));
    let modules = tree.with_extension("rs").flat_map(|(path, text)| {
        let lines = text.lines().enumerate();
        lines.filter_map(move |(index, line)| {
            let (visibility, name) = line.split_once("mod ")?;
            let declares = visibility.trim().is_empty() || visibility.trim_start().starts_with("pub");
            let name = name.trim_end_matches([';', '{', ' ']);
            (declares && nameless(name)).then(|| Finding::new(path, index + 1, format!("a module named `{name}`")))
        })
    });
    files.chain(modules).collect()
}

/// Nothing half-done, half-merged or tied to one machine is left in a text.
pub(crate) fn leftovers(tree: &Tree) -> Vec<Finding> {
    let ours = tree.texts().filter(|(path, _)| !FOREIGN.contains(path) && !is_data(path) && !holds_samples(path));
    let findings = ours.flat_map(|(path, text)| {
        let lines = text.lines().enumerate();
        lines.flat_map(move |(index, line)| {
            leftovers_of(path, line).into_iter().map(move |message| Finding::new(path, index + 1, message))
        })
    });
    findings.collect()
}

fn leftovers_of(path: &str, line: &str) -> Vec<String> {
    let mut messages = Vec::new();
    if ["<<<<<<<", ">>>>>>>", "|||||||"].iter().any(|marker| line.starts_with(marker)) {
        messages.push("a conflict marker".to_owned());
    }
    let postponed =
        ["TODO", "FIXME", "XXX", "for now", "For now", "stub"].into_iter().filter(|words| has_words(line, words));
    messages.extend(postponed.map(|words| format!("`{words}`: do it, or say what is and why")));
    let absolute = ["/root/", "/work/", "/tmp/"].into_iter().filter(|folder| has_absolute(line, folder));
    messages.extend(absolute.map(|folder| format!("`{folder}`: a folder of one machine")));
    if line.contains("../shared") && path != "tests/src/golden.rs" {
        messages.push("`../shared`: only tests/src/golden.rs looks outside the repository".to_owned());
    }
    messages
}

fn has_words(line: &str, words: &str) -> bool {
    let is_part =
        |neighbour: Option<char>| neighbour.is_some_and(|character| character.is_alphanumeric() || character == '_');
    line.match_indices(words).any(|(start, _)| {
        !is_part(line[..start].chars().next_back()) && !is_part(line[start + words.len()..].chars().next())
    })
}

fn has_absolute(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        !before.is_some_and(|character| character.is_alphanumeric() || "._-/}$".contains(character))
    })
}

/// Expected values, corpora and the like: whatever they hold, it was written by the script beside them.
fn is_data(path: &str) -> bool {
    [".json", ".jsonl", ".csv", ".svg"].iter().any(|ending| path.ends_with(ending))
        || path.contains("proptest-regressions/")
}

/// The samples of these very checks are what the checks look for.
pub(crate) fn holds_samples(path: &str) -> bool {
    path.starts_with("tests/tidy/")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Findings of a check on one file, as text.
    fn found(check: fn(&Tree) -> Vec<Finding>, path: &str, text: &str) -> Vec<String> {
        let listed = ("runtime/model/src/onnx/messages.rs", "//! Generated.\n");
        check(&Tree::sample(&[listed, (path, text)])).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn a_file_without_a_head_is_found() {
        assert_eq!(found(heads, "a.rs", "//! Adds.\nfn a() {}\n"), [""; 0]);
        assert_eq!(found(heads, "a.rs", "// Adds.\n"), ["a.rs:1: does not begin with `//!` and what the file is for"]);
    }

    #[test]
    fn a_long_file_is_found() {
        assert_eq!(found(lengths, "a.rs", &"\n".repeat(MAX_LINES)), [""; 0]);
        assert_eq!(found(lengths, "a.rs", &"\n".repeat(MAX_LINES + 1)), ["a.rs:801: more than 800 lines"]);
    }

    #[test]
    fn a_listed_file_may_be_long_but_must_exist() {
        assert_eq!(found(lengths, "runtime/model/src/onnx/messages.rs", &"\n".repeat(5000)), [""; 0]);
        assert_eq!(lengths(&Tree::sample(&[("a.rs", "")])).len(), MAY_BE_LONG.len());
    }

    #[test]
    fn names_without_meaning_are_found() {
        assert_eq!(found(names, "src/pixels.rs", "mod rows;\n"), [""; 0]);
        assert_eq!(found(names, "src/utils.rs", "").len(), 1);
        assert_eq!(found(names, "src/common/rows.rs", "").len(), 1);
        assert_eq!(
            found(names, "src/lib.rs", "\npub(crate) mod helpers;\n"),
            ["src/lib.rs:2: a module named `helpers`"]
        );
    }

    #[test]
    fn leftovers_are_found() {
        for line in [
            "<<<<<<< HEAD",
            "// TODO: later",
            "# FIXME",
            "it is a stub.",
            "good enough for now",
            "open(\"/tmp/x\")",
            "cd /root/x",
            "`/work/x`",
            "include!(\"../shared/x\")",
        ] {
            assert_eq!(found(leftovers, "a.rs", line).len(), 1, "{line}");
        }
    }

    #[test]
    fn words_that_only_look_like_leftovers_pass() {
        for line in
            ["TODOS", "mktemp x.XXXXXX", "stubborn", "https://example.org/work/x", "$HOME/work/", "target/tmp/x"]
        {
            assert_eq!(found(leftovers, "a.rs", line), [""; 0], "{line}");
        }
        assert_eq!(found(leftovers, "tests/src/golden.rs", "../shared"), [""; 0]);
    }
}
