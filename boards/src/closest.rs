//! What was perhaps meant by a name that nothing has.

/// The most similar of the known names, if any is similar at all.
pub(crate) fn closest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let similarity = |name: &str| strsim::jaro_winkler(wrong, name);
    let best = known.into_iter().max_by(|one, other| similarity(one).total_cmp(&similarity(other)));
    best.filter(|name| similarity(name) > 0.8).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_nonsense_is_not() {
        let known = ["engine.threads", "engine.name", "target.glibc"];
        assert_eq!(closest("engine.thread", known), Some("engine.threads".into()));
        assert_eq!(closest("colour", known), None);
        assert_eq!(closest("x", []), None);
    }
}
