//! What can run a model here. Engines are tried elsewhere (`engine`); this tells what came of it.

use super::finding::{Area, Finding, State};

/// An engine, with its provider where it has several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineFact {
    /// `tract`, `ort cuda`
    pub name: String,
    /// Its version and where it is, or why it cannot be used.
    pub usable: Result<String, Unusable>,
}

/// Why an engine cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// With all its causes.
    pub cause: String,
    /// What can be done about it.
    pub remedy: Option<String>,
}

pub(super) fn findings(engines: Option<&[EngineFact]>) -> Vec<Finding> {
    const AREA: Area = Area::Engines;
    // A recorded machine has no engine that could be asked.
    let Some(engines) = engines else { return Vec::new() };
    // One is enough.
    let state = if engines.iter().any(|engine| engine.usable.is_ok()) { State::Note } else { State::Problem };
    if engines.is_empty() {
        return vec![Finding::problem(AREA, "engines", "none: this program was built without")];
    }
    let told = |engine: &EngineFact| match &engine.usable {
        Ok(version) => Finding::ok(AREA, engine.name.clone(), version.clone()),
        Err(unusable) => {
            let value = format!("cannot be used: {}", unusable.cause);
            Finding { remedy: unusable.remedy.clone(), ..Finding::new(AREA, engine.name.clone(), state, value) }
        }
    };
    engines.iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_cannot_be_used_is_a_problem_if_it_is_the_only_one() {
        let fine = EngineFact { name: "tract".into(), usable: Ok("0.23.9".into()) };
        let unusable = Unusable { cause: "no library".into(), remedy: Some("install it".into()) };
        let broken = EngineFact { name: "ort cuda".into(), usable: Err(unusable) };
        let states = |engines: &[EngineFact]| -> Vec<_> {
            findings(Some(engines)).iter().map(|finding| finding.state.name()).collect()
        };
        assert_eq!(states(&[fine, broken.clone()]), ["ok", "note"]);
        assert_eq!(findings(Some(std::slice::from_ref(&broken)))[0].value, "cannot be used: no library");
        assert_eq!(states(&[broken]), ["problem"]);
        assert_eq!((states(&[]), findings(None)), (vec!["problem"], vec![]));
    }
}
