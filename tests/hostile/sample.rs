//! Honest files, to be damaged.

use moead_tests::synthetic_checkpoint::{Checkpoint, Form, NamedTensor};
use moead_tests::torch_file::{Element, Item};
use serde_json::json;

/// Three tensors and settings, in a file of a few kilobytes.
pub(crate) fn small() -> Checkpoint {
    let numbers: Vec<f32> = (0..48).map(|number| number as f32 / 8.0).collect();
    let counter = NamedTensor {
        name: "norm.num_batches_tracked".into(),
        shape: vec![],
        element: Element::I64,
        bytes: 7_i64.to_le_bytes().to_vec(),
    };
    Checkpoint {
        tensors: vec![
            NamedTensor::new("layer.weight", &[6, 8], &numbers),
            NamedTensor::new("layer.bias", &[6], &numbers[..6]),
            counter,
        ],
        arch: Some(json!([{"name": "neck", "type": "MFCN", "kwargs": {"outstrides": [16], "rate": 0.1, "on": true}}])),
        prefix: "module.",
    }
}

/// The forms and their bytes.
pub(crate) fn in_every_form(checkpoint: &Checkpoint) -> Vec<(Form, Vec<u8>)> {
    Form::ALL.into_iter().map(|form| (form, checkpoint.encode(form))).collect()
}

/// `{"state_dict": {"w": tensor}, "arch": arch}` and more keys.
pub(crate) fn wrapped(more: Vec<(String, Item)>) -> Item {
    let tensor = Item::Tensor(NamedTensor::new("w", &[2], &[1.0, 2.0]));
    let mut items = vec![("state_dict".to_owned(), Item::Dict(vec![("w".into(), tensor)]))];
    items.extend(more);
    Item::Dict(items)
}
