//! Where in a calibration something has the wrong type. Errors of a tree that was read already do not say; those of a text know their
//! line. So the tree is written with one value a line, and read again: only when it is refused, and a person waits for the reason.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// The keys that lead to what cannot be read as a `T`, with a point before each; the last that is known. Empty for the whole.
pub(super) fn of_error<T: DeserializeOwned>(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    let Err(error) = serde_json::from_str::<T>(&text) else { return String::new() };
    let lines: Vec<&str> = text.lines().take(error.line()).collect();
    let mut keys = Vec::new();
    // What is missing is noticed at the brace that closes, which stands as far to the right as the line that opened.
    let mut depth = lines.last().map_or(0, |line| indent(line) + 1);
    for line in lines.iter().rev() {
        let is_end = line.trim_start().starts_with(['}', ']']);
        if indent(line) < depth && !is_end {
            depth = indent(line);
            keys.extend(key(line));
        }
    }
    keys.iter().rev().map(|key| format!(".{key}")).collect()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The key of a line `"key": …`.
fn key(line: &str) -> Option<String> {
    let mut values = serde_json::Deserializer::from_str(line.trim_start()).into_iter::<Value>();
    let Some(Ok(Value::String(key))) = values.next() else { return None };
    // A text that is no key ends the line, or has a comma behind it.
    line.trim_start()[values.byte_offset()..].starts_with(':').then_some(key)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::calibration::Calibration;

    fn place(value: &serde_json::Value) -> String {
        super::of_error::<Calibration>(value)
    }

    #[test]
    fn the_keys_lead_to_the_value() {
        let good = json!({"images": 120, "created": "2026-01-02T03:04:05Z",
            "target": {"false_alarms": 0.01, "confidence": 0.95},
            "products": {"a": {"threshold": 1.5, "score": {"median": 1.0, "mad": 0.1}},
                         "b: \"{": {"threshold": 1.5, "score": {"median": 1.0, "mad": 0.1},
                                    "embedding": {"mean": [0.5, 0.5], "std": [1.0, 1.0], "refusal": 2.0},
                                    "drift": {"window": 3, "limit": 1.0}}}});
        assert_eq!(place(&good), "");
        for (pointer, wrong, expected) in [
            ("/images", json!("many"), ".images"),
            ("/created", json!(7), ".created"),
            ("/target", json!(null), ".target"),
            ("/target", json!({"confidence": 0.95}), ".target"),
            ("/products", json!([]), ".products"),
            ("/products/a", json!({"threshold": 1.0}), ".products.a"),
            ("/products/a/threshold", json!("high"), ".products.a.threshold"),
            ("/products/b: \"{/score/median", json!([1.0]), ".products.b: \"{.score.median"),
            ("/products/b: \"{/embedding/mean/1", json!("key"), ".products.b: \"{.embedding.mean"),
            ("/products/b: \"{/drift/window", json!(-3), ".products.b: \"{.drift.window"),
            ("", json!(7), ""),
            ("", json!({}), ""),
        ] {
            let mut value = good.clone();
            *value.pointer_mut(pointer).unwrap() = wrong;
            assert_eq!(place(&value), expected, "{pointer}");
        }
    }
}
