//! Settings that no network has: an error that names the setting, never a panic, and no memory for what they claim.

use moead_exporter::checkpoint::{TensorError, strict_json};
use moead_exporter::resolve::{self, Wishes};
use moead_exporter::weights::Weights;
use moead_tests::golden::Case;
use serde_json::{Value, json};

use crate::memory;

/// Names and shapes; nobody asks for numbers here.
struct Shapes(Vec<(String, Vec<usize>)>);

impl Shapes {
    fn of(case: &Case) -> Self {
        Self(case.rules.iter().map(|rule| (rule.name.clone(), rule.shape.clone())).collect())
    }

    /// With one tensor of another shape, or one more tensor.
    fn with(mut self, name: &str, shape: &[usize]) -> Self {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = shape.to_vec(),
            None => self.0.push((name.to_owned(), shape.to_vec())),
        }
        self
    }
}

impl Weights for Shapes {
    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.0.iter().map(|(name, _)| name.as_str()))
    }

    fn shape(&self, name: &str) -> Option<&[usize]> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, shape)| &shape[..])
    }

    fn read(&self, name: &str) -> Result<Vec<f32>, TensorError> {
        Err(TensorError::Missing { name: name.to_owned() })
    }
}

/// Whether it is a network; the error otherwise.
#[track_caller]
fn resolved(weights: &Shapes, arch: Option<&Value>) -> Result<(), String> {
    // The tables of eight backbones are some megabytes.
    let file =
        weights.0.iter().map(|(name, _)| name.len() + 64).sum::<usize>() + arch.map_or(0, |it| it.to_string().len());
    let found = memory::bounded(file, || resolve::resolve(weights, arch, Wishes::default()));
    found.map(|_| ()).map_err(|error| error.to_string())
}

/// Every place in the settings, as a JSON pointer.
fn places(value: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| places(value, &format!("{here}/{key}"), found)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| places(value, &format!("{here}/{index}"), found));
        }
        _ => {}
    }
}

fn hostile_values() -> Vec<Value> {
    let mut deep = json!(1);
    (0..100).for_each(|_| deep = json!([deep]));
    vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(-1),
        json!(99),
        json!(0.5),
        json!(1e308),
        json!(-1e308),
        json!(1_000_000_000_000_000_000_u64),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(16_777_216),
        json!(""),
        json!("16"),
        json!("models.necks.\u{1b}[2J"),
        json!("x".repeat(10_000)),
        json!([]),
        json!([0]),
        json!([99]),
        json!([1, 1, 2, 2]),
        json!([4, 3, 2, 1]),
        json!([1_000_000_000_000_000_000_u64, 1_000_000_000_000_000_000_u64]),
        json!([16_777_216, 16_777_216]),
        json!([true, false]),
        json!(["a"]),
        json!(vec![1; 10_000]),
        json!({}),
        json!({ "neighbor_size": [0, 0], "mask": [true, true, true] }),
        json!({ "neighbor_size": [16_777_216, 16_777_216], "mask": [true, true, true] }),
        json!({ "neighbor_size": [3, 3], "mask": [true, true] }),
        deep,
    ]
}

#[test]
fn any_value_in_any_place_is_an_error_or_a_network() {
    for name in ["tiny", "tiny_uniad", "tiny_prenorm"] {
        let case = Case::small(name);
        let weights = Shapes::of(&case);
        assert_eq!(resolved(&weights, Some(&case.facts.arch)), Ok(()));
        let mut all = Vec::new();
        places(&case.facts.arch, "", &mut all);
        let (mut networks, mut errors) = (0, 0);
        for place in all {
            for value in hostile_values() {
                let mut arch = case.facts.arch.clone();
                *arch.pointer_mut(&place).unwrap() = value.clone();
                match resolved(&weights, Some(&arch)) {
                    Ok(()) => networks += 1,
                    Err(error) => {
                        assert!(error.len() < 4096, "{place}: a message of {} bytes", error.len());
                        errors += 1;
                    }
                }
            }
        }
        assert!(errors > 500 && networks > 50, "{name}: {errors} errors, {networks} networks");
    }
}

#[test]
fn settings_are_named() {
    let cases = [
        ("/0/kwargs/outlayers", json!([0]), "outlayers"),
        ("/0/kwargs/outlayers", json!([99]), "outlayers"),
        ("/0/kwargs/outlayers", json!([1, 1, 2, 3]), "outlayers"),
        ("/0/kwargs/outlayers", json!("1234"), "expected a list of at most 64 whole numbers, found \"1234\""),
        ("/0/type", json!("efficientnet_b99"), "the closest is efficientnet_b"),
        ("/1/type", json!("FPN"), "expected one of MFCN"),
        ("/2/type", json!("MoEAD2"), "the closest is MoEAD"),
        ("/2/kwargs/hidden_dim", json!(0), "hidden_dim"),
        ("/2/kwargs/hidden_dim", json!(-1), "expected a whole number, found -1"),
        ("/2/kwargs/hidden_dim", json!(1e308), "expected a whole number, found 1e+308"),
        (
            "/2/kwargs/hidden_dim",
            json!(1_000_000_000_000_000_000_u64),
            "expected a whole number, found 1000000000000000000",
        ),
        ("/2/kwargs/nhead", json!(0), "nhead 0: expected a divisor of hidden_dim"),
        ("/2/kwargs/nhead", json!(7), "nhead 7: expected a divisor of hidden_dim"),
        ("/2/kwargs/moe_topk", json!(0), "moe_topk 0: expected 1 to"),
        ("/2/kwargs/moe_topk", json!(99), "moe_topk 99: expected 1 to"),
        ("/2/kwargs/normalize_before", json!("False"), "normalize_before: expected true or false, found \"False\""),
        ("/2/kwargs/feature_size", json!([3, 5]), "feature_size"),
        ("/2/kwargs/feature_size", json!([4]), "feature_size: expected two numbers, found [4]"),
        ("/2/kwargs/feature_size", json!(4), "feature_size: expected a list of at most 64 whole numbers, found 4"),
        (
            "/2/kwargs/neighbor_mask",
            json!({ "neighbor_size": [1, 1], "mask": [true, true] }),
            "expected three of true and false",
        ),
        (
            "/2/kwargs/neighbor_mask",
            json!({ "neighbor_size": [1], "mask": [true, true, true] }),
            "neighbor_size: expected two numbers",
        ),
        (
            "/2/kwargs/neighbor_mask",
            json!({ "neighbor_size": [99, 99], "mask": [true, true, true] }),
            "blinds token (0, 0)",
        ),
        ("", json!({}), "expected a list of the entries backbone, neck, reconstruction"),
        ("/0", json!(null), "expected an entry with name, type, kwargs, found null"),
        ("/0/name", json!("head"), "expected backbone, neck or reconstruction, found \"head\""),
        ("/1/name", json!("backbone"), "expected each entry once, found \"backbone\""),
    ];
    let case = Case::small("tiny");
    let weights = Shapes::of(&case);
    for (place, value, telling) in cases {
        let mut arch = case.facts.arch.clone();
        match arch.pointer_mut(place) {
            Some(found) => *found = value.clone(),
            None => {
                let (map, key) = place.rsplit_once('/').unwrap();
                arch.pointer_mut(map).unwrap()[key] = value.clone();
            }
        }
        let error = resolved(&weights, Some(&arch)).expect_err(place);
        assert!(error.contains(telling), "{place} = {value}: {telling:?} is not in {error:?}");
    }
}

#[test]
fn names_and_shapes_of_tensors_are_only_claims() {
    let huge = [1 << 24, 1_000_000_000_000_000_000, usize::MAX / 2, usize::MAX];
    let (moead, uniad) = (Case::small("tiny"), Case::small("tiny_uniad"));
    let block = "reconstruction.widetransformer";
    for number in huge {
        for (name, shape) in [
            (format!("{block}.moe_ffn.gate.gate.weight"), vec![number, 0]),
            (format!("{block}.learned_embed.weight"), vec![number, 0]),
            (format!("{block}.moe_ffn.experts.0.htoh4.weight"), vec![1, number, 0]),
            ("reconstruction.input_proj.weight".to_owned(), vec![number, 0]),
            ("reconstruction.input_proj.weight".to_owned(), vec![0, number]),
            ("reconstruction.pos_embed.row_embed.weight".to_owned(), vec![number, 0]),
            ("reconstruction.pos_embed.col_embed.weight".to_owned(), vec![number, 0]),
        ] {
            for arch in [None, Some(&moead.facts.arch)] {
                let error = resolved(&Shapes::of(&moead).with(&name, &shape), arch).expect_err(&name);
                assert!(error.len() < 4096, "{error:.200}");
            }
        }
    }
    for (case, name) in [
        (&moead, format!("{block}.norms.999999.weight")),
        (&moead, format!("{block}.norms.999998.weight")),
        (&moead, format!("{block}.norms.18446744073709551615.weight")),
        (&uniad, "reconstruction.transformer.encoder.layers.999999.norm1.weight".to_owned()),
        (&uniad, "reconstruction.transformer.decoder.layers.999999.norm1.weight".to_owned()),
    ] {
        let error = resolved(&Shapes::of(case).with(&name, &[8]), Some(&case.facts.arch)).expect_err(&name);
        let says = |words| error.contains(words);
        assert!(says("missing") || says("surplus") || says("_layers: "), "{name}: {error}");
    }
}

#[test]
fn nothing_is_no_network() {
    let arch = Case::small("tiny").facts.arch;
    for arch in [None, Some(&arch)] {
        assert!(resolved(&Shapes(vec![]), arch).unwrap_err().contains("no tensor under `reconstruction.`"));
    }
    let case = Case::small("tiny");
    for index in 0..case.rules.len() {
        // Without any one tensor, and with any one that has no sides.
        let mut weights = Shapes::of(&case);
        let name = weights.0.remove(index).0;
        if let Err(error) = resolved(&weights, Some(&case.facts.arch)) {
            assert!(error.contains("missing") || error.contains("expected"), "{name}: {error}");
        }
        let _ = resolved(&weights.with(&name, &[]), Some(&case.facts.arch));
    }
}

#[test]
fn json_is_read_strictly_and_within_bounds() {
    for text in [
        "[".repeat(1 << 20),
        "{\"a\":".repeat(1 << 18),
        "\"".to_owned(),
        format!("[{}", "1,".repeat(1 << 10)),
        "\u{0}".into(),
        "-".into(),
    ] {
        let found = memory::bounded(text.len(), || strict_json::parse(&text));
        assert!(found.is_err());
    }
}
