//! Commands that the documentation shows: each flag is one that the program declares.

use crate::tree::{Finding, Tree};

/// A program, and the sources that declare its flags.
struct Program {
    name: &'static str,
    command_line: &'static str,
    /// Flags that it takes over from another program.
    shared: &'static [&'static str],
}

/// What runs a model, and what reads sources.
const ENGINE: &str = "runtime/src/cli/arguments/engine.rs";
const SOURCES: &str = "runtime/src/cli/arguments/sources.rs";

const PROGRAMS: [Program; 6] = [
    Program { name: "moead-export", command_line: "exporter/src/cli", shared: &[] },
    Program { name: "moead-edge", command_line: "runtime/src/cli", shared: &[] },
    Program { name: "moead-calibrate", command_line: "calibration/src/cli/calibrate", shared: &[ENGINE, SOURCES] },
    Program { name: "moead-board", command_line: "boards/src/cli", shared: &[] },
    Program { name: "moead-train", command_line: "calibration/training/src/cli", shared: &[ENGINE] },
    Program { name: "moead-eval", command_line: "calibration/src/cli/eval", shared: &[ENGINE] },
];

/// Flags of every program: `clap` adds the first two, the terminal declares the others.
const EVERYWHERE: [&str; 2] = ["help", "version"];
const TERMINAL: &str = "runtime/terminal/src/";

/// Every `--flag` behind a program's name, in a code block or a code span of README.md or docs/, is declared.
pub(crate) fn flags(tree: &Tree) -> Vec<Finding> {
    let documents = tree.with_extension("md").filter(|(path, _)| *path == "README.md" || path.starts_with("docs/"));
    let findings = documents.flat_map(|(path, text)| {
        let commands = commands(text).into_iter();
        commands.flat_map(move |(line, command)| {
            let undeclared = uses(&command).into_iter().filter(|(program, flag)| !is_declared(tree, program, flag));
            let texts: Vec<_> =
                undeclared.map(|(program, flag)| format!("`{}` has no `--{flag}`", program.name)).collect();
            texts.into_iter().map(move |text| Finding::new(path, line, text))
        })
    });
    findings.collect()
}

/// Lines of code blocks, joined where they end in a backslash, and code spans; with the number of the first line.
fn commands(text: &str) -> Vec<(usize, String)> {
    let mut commands: Vec<(usize, String)> = Vec::new();
    let mut in_block = false;
    let mut goes_on = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
            goes_on = false;
        } else if in_block {
            let (part, ends_open) = line.strip_suffix('\\').map_or((line, false), |part| (part, true));
            match commands.last_mut().filter(|_| goes_on) {
                Some((_, command)) => command.push_str(part),
                None => commands.push((index + 1, part.to_owned())),
            }
            goes_on = ends_open;
        } else {
            commands.extend(line.split('`').skip(1).step_by(2).map(|span| (index + 1, span.to_owned())));
        }
    }
    commands
}

/// Which flags a command line gives to which of our programs.
fn uses(command: &str) -> Vec<(&'static Program, String)> {
    let mut used = Vec::new();
    let mut running = None;
    // With `cargo run`, the flags before the lone `--` are cargo's.
    let mut flags_are_ours = !command.split_whitespace().any(|word| word == "cargo");
    for word in command.split_whitespace() {
        let name = word.rsplit('/').next().unwrap_or(word);
        match word {
            "--" => flags_are_ours = true,
            "|" | ";" | "&&" | "||" | ">" | "#" => running = None,
            _ => {}
        }
        running = PROGRAMS.iter().find(|program| program.name == name).or(running);
        let Some(program) = running.filter(|_| flags_are_ours) else { continue };
        // A synopsis writes `[--quiet|--verbose]`.
        for choice in word.trim_start_matches(['[', '(']).split('|') {
            let flag: String = choice.strip_prefix("--").unwrap_or_default().chars().take_while(is_of_flag).collect();
            used.extend((!flag.is_empty()).then_some((program, flag)));
        }
    }
    used
}

fn is_of_flag(character: &char) -> bool {
    character.is_ascii_alphanumeric() || *character == '-'
}

/// Whether the program's sources have `long = "flag"`, or a field of that name. A program without a command line yet has
/// no documentation to be wrong about, so nothing is asked of it.
fn is_declared(tree: &Tree, program: &Program, flag: &str) -> bool {
    let mut sources = tree.with_extension("rs").filter(|(path, _)| path.starts_with(program.command_line)).peekable();
    if sources.peek().is_none() || EVERYWHERE.contains(&flag) {
        return true;
    }
    let is_shared = |path: &str| path.starts_with(TERMINAL) || program.shared.contains(&path);
    let terminal = tree.with_extension("rs").filter(|(path, _)| is_shared(path));
    let name = format!("long = \"{flag}\"");
    let field = flag.replace('-', "_");
    sources.chain(terminal).any(|(_, text)| text.contains(&name) || text.lines().any(|line| declares(line, &field)))
}

fn declares(line: &str, field: &str) -> bool {
    let Some((declared, _)) = line.trim_end_matches(',').split_once(": ") else { return false };
    declared.split_whitespace().next_back() == Some(field) && !line.trim_start().starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARGUMENTS: (&str, &str) = (
        "exporter/src/cli/arguments.rs",
        "struct A {\n    #[arg(long)]\n    pub(super) input_size: u8,\n    #[arg(long = \"moe\")]\n    routing: u8,\n}\n",
    );

    fn found(document: &str) -> Vec<String> {
        let tree = Tree::sample(&[ARGUMENTS, ("README.md", document)]);
        flags(&tree).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn a_flag_that_nobody_declares_is_found() {
        let block = "# X\n```\nmoead-export a.pth \\\n  --sise 3\n```\nand `moead-export --fast`\n";
        assert_eq!(
            found(block),
            ["README.md:3: `moead-export` has no `--sise`", "README.md:6: `moead-export` has no `--fast`"]
        );
    }

    #[test]
    fn flags_behind_cargo_and_in_brackets_are_found() {
        let run = "```\ncargo run --release --bin moead-export -- a.pth --fast\n```\n";
        assert_eq!(found(run), ["README.md:2: `moead-export` has no `--fast`"]);
        assert_eq!(
            found("`target/dist/moead-export [--moe X|--slow]`"),
            ["README.md:1: `moead-export` has no `--slow`"]
        );
    }

    #[test]
    fn declared_flags_and_other_programs_flags_pass() {
        for document in [
            "`moead-export a.pth --input-size 224,224 --moe=sparse --help`",
            "```\nmoead-export a.pth | jq --raw-output .\n```\n",
            "`git clone --depth 1`",
            "outside of code: moead-export --fast",
        ] {
            assert_eq!(found(document), [""; 0], "{document}");
        }
    }

    #[test]
    fn a_comment_about_a_field_declares_nothing() {
        assert!(declares("    pub(super) no_check: bool,", "no_check"));
        assert!(!declares("    // about no_check: bool,", "no_check"));
        assert!(!declares("    pub(super) check: bool,", "no_check"));
    }
}
