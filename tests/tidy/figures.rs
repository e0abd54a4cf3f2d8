//! Figures that stand in two places are the same in both.

use crate::tree::{Finding, Tree};

/// Where `runtime/assets/demo/make.sh` writes what the demonstration's model finds.
const EVALUATION: &str = "runtime/assets/demo/evaluation.md";

/// The README shows the first table of the demonstration's evaluation as it was written.
pub(crate) fn demonstration(tree: &Tree) -> Vec<Finding> {
    let (Some(evaluation), Some(readme)) = (tree.text(EVALUATION), tree.text("README.md")) else {
        return vec![Finding::new(EVALUATION, 1, "expected it, and README.md")];
    };
    match first_table(evaluation) {
        Some(table) if readme.contains(&table) => Vec::new(),
        Some(_) => {
            vec![Finding::new("README.md", 1, format!("expected the first table of {EVALUATION}, found others"))]
        }
        None => vec![Finding::new(EVALUATION, 1, "expected a table, found none")],
    }
}

/// The lines of a document's first table.
fn first_table(text: &str) -> Option<String> {
    let lines = text.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let table: Vec<&str> = lines.collect();
    (!table.is_empty()).then(|| table.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_table_in_the_readme_is_found() {
        let evaluation = "# Title\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n| other |\n";
        let with = |readme: &str| Tree::sample(&[(EVALUATION, evaluation), ("README.md", readme)]);
        assert!(demonstration(&with("x\n| a | b |\n| --- | --- |\n| 1 | 2 |\ny")).is_empty());
        assert_eq!(demonstration(&with("| a | b |\n| --- | --- |\n| 1 | 3 |\n")).len(), 1);
        assert_eq!(demonstration(&Tree::sample(&[("README.md", "")])).len(), 1);
    }
}
