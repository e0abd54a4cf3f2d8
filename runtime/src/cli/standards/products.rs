//! `--product [SOURCE=]NAME`: which source shows which product.

use moead_model::calibration::Calibration;
use moead_terminal::failure::UsageError;

/// For each source the product that it shows, as far as that was said. Whether there is such a product is not looked at.
///
/// Names of sources may be URIs with `=` in them, and so may names of products: a text that is a product's name is one, and otherwise the
/// source ends where it is the name of one.
pub(super) fn of_sources(
    products: &[String],
    sources: &[&str],
    calibration: &Calibration,
) -> Result<Vec<Option<String>>, UsageError> {
    let mut for_all = None;
    let mut named: Vec<Option<&str>> = vec![None; sources.len()];
    for text in products {
        let Some((source, name)) = split(text, sources, calibration)? else {
            if for_all.replace(text.as_str()).is_some() {
                return Err(UsageError::new(
                    "`--product` names two products for all sources; `--product SOURCE=NAME` names one for each",
                ));
            }
            continue;
        };
        for (place, _) in sources.iter().enumerate().filter(|(_, known)| **known == source) {
            if named[place].replace(name).is_some() {
                return Err(UsageError::new(format!("`--product` names two products for the source `{source}`")));
            }
        }
    }
    Ok(named.into_iter().map(|name| name.or(for_all).map(ToOwned::to_owned)).collect())
}

/// Source and product; none when the whole is a product.
fn split<'a>(
    text: &'a str,
    sources: &[&str],
    calibration: &Calibration,
) -> Result<Option<(&'a str, &'a str)>, UsageError> {
    if calibration.products.contains_key(text) {
        return Ok(None);
    }
    let splits = || text.match_indices('=').map(|(at, _)| (&text[..at], &text[at + 1..]));
    if let Some(split) = splits().find(|(source, _)| sources.contains(source)) {
        return Ok(Some(split));
    }
    match splits().find(|(_, name)| calibration.products.contains_key(*name)) {
        Some((source, _)) => {
            let known: Vec<_> = sources.iter().map(|name| format!("`{name}`")).collect();
            Err(UsageError::new(format!(
                "`--product {text}`: expected one of the sources {}, found `{source}`",
                known.join(", ")
            )))
        }
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calibration() -> Calibration {
        let product = serde_json::json!({"threshold": 1.5, "score": {"median": 1.0, "mad": 0.1}});
        Calibration::parse(&serde_json::json!({
            "images": 120, "created": "2026-01-02T03:04:05Z", "target": {"false_alarms": 0.01, "confidence": 0.95},
            "products": {"bolt": product, "nut": product, "m=8": product}
        }))
        .unwrap()
    }

    const SCENE: &str = "synthetic://conveyor?seed=1";

    fn of(products: &[&str]) -> Result<Vec<Option<String>>, String> {
        let products: Vec<String> = products.iter().map(|&text| text.to_owned()).collect();
        of_sources(&products, &["line1", SCENE], &calibration()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_is_for_all_sources_or_for_one() {
        let name = |text: &str| Some(text.to_owned());
        assert_eq!(of(&[]), Ok(vec![None, None]));
        assert_eq!(of(&["bolt"]), Ok(vec![name("bolt"), name("bolt")]));
        assert_eq!(of(&["line1=nut"]), Ok(vec![name("nut"), None]));
        assert_eq!(of(&["line1=nut", "bolt"]), Ok(vec![name("nut"), name("bolt")]));
        assert_eq!(of(&["m=8"]), Ok(vec![name("m=8"), name("m=8")]));
        assert_eq!(of(&["line1=m=8", &format!("{SCENE}=nut")]), Ok(vec![name("m=8"), name("nut")]));
        // Who knows products says that there is none of that name.
        assert_eq!(of(&["screw"]), Ok(vec![name("screw"), name("screw")]));
        assert_eq!(of(&["line1=screw"]), Ok(vec![name("screw"), None]));
    }

    #[test]
    fn contradictions_and_unknown_sources_are_named() {
        let refused = |products: &[&str]| of(products).unwrap_err();
        assert_eq!(
            refused(&["line2=nut"]),
            "`--product line2=nut`: expected one of the sources `line1`, `synthetic://conveyor?seed=1`, found `line2`"
        );
        assert_eq!(refused(&["line1=nut", "line1=bolt"]), "`--product` names two products for the source `line1`");
        assert!(refused(&["nut", "bolt"]).starts_with("`--product` names two products for all sources; "));
    }
}
