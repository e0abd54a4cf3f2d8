//! What texts point to exists: documents, links, the folders of the README.

use crate::files::holds_samples;
use crate::tree::{Finding, Tree};

/// Every `docs/….md` that any text mentions exists.
pub(crate) fn documents(tree: &Tree) -> Vec<Finding> {
    let texts = tree.texts().filter(|(path, _)| !holds_samples(path));
    let findings = texts.flat_map(|(path, text)| {
        let lines = text.lines().enumerate();
        lines.flat_map(move |(index, line)| {
            let missing = documents_of(line).filter(|document| !tree.has(document));
            missing.map(move |document| Finding::new(path, index + 1, format!("`{document}` does not exist")))
        })
    });
    findings.collect()
}

fn documents_of(line: &str) -> impl Iterator<Item = &str> {
    const FOLDER: &str = "docs/";
    line.match_indices(FOLDER).filter_map(move |(start, _)| {
        let before = line[..start].chars().next_back();
        if before.is_some_and(|character| is_of_path(character) || character == '/') {
            return None;
        }
        let end =
            line[start..].find(|character| !is_of_path(character) && character != '/').unwrap_or(line.len() - start);
        let path = line[start..start + end].trim_end_matches('.');
        path.ends_with(".md").then_some(path)
    })
}

fn is_of_path(character: char) -> bool {
    character.is_alphanumeric() || "._-".contains(character)
}

/// Every relative link of a Markdown file leads to a file or a folder.
pub(crate) fn relative_links(tree: &Tree) -> Vec<Finding> {
    let findings = tree.with_extension("md").flat_map(|(path, text)| {
        let links = prose(text).flat_map(|(line, prose)| targets(&prose).into_iter().map(move |target| (line, target)));
        links.filter_map(move |(line, target)| {
            let is_elsewhere = target.contains("://") || target.starts_with("mailto:") || target.starts_with('#');
            let file = target.split('#').next().unwrap_or_default();
            let exists = is_elsewhere || resolve(path, file).is_some_and(|file| tree.has(&file));
            (!exists).then(|| Finding::new(path, line, format!("the link to `{target}` leads nowhere")))
        })
    });
    findings.collect()
}

/// Lines outside code blocks with their numbers, code spans removed.
fn prose(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut in_block = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let is_fence = line.trim_start().starts_with("```");
        in_block ^= is_fence;
        let outside_spans: String = line.split('`').step_by(2).collect();
        (!is_fence && !in_block).then_some((index + 1, outside_spans))
    })
}

/// Targets of `[text](target)` and of `[name]: target`.
fn targets(line: &str) -> Vec<String> {
    let inline = line.match_indices("](").filter_map(|(start, opening)| {
        let target = &line[start + opening.len()..];
        Some(&target[..target.find(')')?])
    });
    let definition = line.starts_with('[').then(|| line.split_once("]: ")).flatten().map(|(_, target)| target);
    let targets = inline.chain(definition);
    targets.filter_map(|target| target.split_whitespace().next()).map(str::to_owned).collect()
}

/// `target` as seen from the file `from`; none when it leaves the repository.
fn resolve(from: &str, target: &str) -> Option<String> {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The README's list of folders names what exists, and all that stands at the top.
pub(crate) fn folders_of_readme(tree: &Tree) -> Vec<Finding> {
    const README: &str = "README.md";
    let Some(text) = tree.text(README) else {
        return vec![Finding::new(README, 1, "does not exist")];
    };
    let listed = listed_folders(text);
    if listed.is_empty() {
        return vec![Finding::new(README, 1, "no list of folders below a heading with the word `folders`")];
    }
    let missing = listed.iter().filter(|(_, folder)| !tree.has(folder));
    let missing = missing.map(|(line, folder)| Finding::new(README, *line, format!("`{folder}` does not exist")));
    let mut at_top: Vec<_> = tree.paths().filter_map(|path| Some(path.split_once('/')?.0)).collect();
    at_top.dedup();
    let first = listed[0].0;
    let named = |top: &str| listed.iter().any(|(_, folder)| folder.split('/').next() == Some(top));
    let unlisted = at_top.into_iter().filter(|top| !top.starts_with('.') && !named(top));
    let unlisted = unlisted.map(|top| Finding::new(README, first, format!("the list of folders leaves out `{top}/`")));
    missing.chain(unlisted).collect()
}

/// In the section whose heading speaks of folders: the first word of each row, item or line of code that ends in a slash.
fn listed_folders(text: &str) -> Vec<(usize, String)> {
    let mut in_section = false;
    let mut in_block = false;
    let mut folders = Vec::new();
    for (index, line) in text.lines().enumerate() {
        in_block ^= line.starts_with("```");
        if line.starts_with('#') && !in_block {
            in_section = line.to_lowercase().contains("folder");
        }
        let word = line.trim_start_matches(['|', '-', '*', ' ', '[', '`']).split(['`', ' ']).next().unwrap_or_default();
        if in_section && word.ends_with('/') && word.chars().all(|character| is_of_path(character) || character == '/')
        {
            folders.push((index + 1, word.to_owned()));
        }
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(findings: &[Finding]) -> Vec<String> {
        findings.iter().map(Finding::to_string).collect()
    }

    #[test]
    fn a_mention_of_a_document_that_is_not_there_is_found() {
        let tree = Tree::sample(&[
            ("docs/a.md", ""),
            ("src/lib.rs", "//! See docs/a.md, `docs/design/b.md`.\n//! https://x.org/docs/c.md"),
        ]);
        assert_eq!(texts(&documents(&tree)), ["src/lib.rs:1: `docs/design/b.md` does not exist"]);
    }

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let text = "[a](a.md#part) [up](../README.md) [gone](b.md)\n```\n[no](link)\n```\n`[x](y)`\n[web](https://x.org)\n[r]: gone/\n";
        let tree = Tree::sample(&[("README.md", ""), ("docs/a.md", text)]);
        let expected =
            ["docs/a.md:1: the link to `b.md` leads nowhere", "docs/a.md:7: the link to `gone/` leads nowhere"];
        assert_eq!(texts(&relative_links(&tree)), expected);
    }

    #[test]
    fn a_link_out_of_the_repository_is_found() {
        let tree = Tree::sample(&[("README.md", "[x](../other/README.md)")]);
        assert_eq!(relative_links(&tree).len(), 1);
    }

    #[test]
    fn folders_of_the_readme_must_exist_and_be_complete() {
        let readme =
            "# X\n- `good/` pictures\n## Folders\n| `runtime/model/` | x |\n- `gone/`: y\n## Next\n- `other/`\n";
        let tree =
            Tree::sample(&[("README.md", readme), ("runtime/model/a.rs", ""), ("docs/a.md", ""), (".ci/run", "")]);
        let expected = ["README.md:5: `gone/` does not exist", "README.md:4: the list of folders leaves out `docs/`"];
        assert_eq!(texts(&folders_of_readme(&tree)), expected);
    }

    #[test]
    fn a_readme_without_folders_is_found() {
        assert_eq!(folders_of_readme(&Tree::default()).len(), 1);
        assert_eq!(folders_of_readme(&Tree::sample(&[("README.md", "# X\n")])).len(), 1);
    }

    #[test]
    fn a_tree_in_a_code_block_is_a_list_of_folders() {
        let listed =
            listed_folders("## Which folder holds what\n```\nruntime/   moead-edge\n# no heading\ndocs/\n```\n");
        assert_eq!(listed, [(3, "runtime/".to_owned()), (5, "docs/".to_owned())]);
    }
}
