//! What the written graph promises, whatever it computes.

use std::collections::{BTreeSet, HashMap, HashSet};

use moead_model::onnx::messages::ModelProto;
use moead_model::onnx::parts::Part;
use prost::Message as _;

use crate::problem::{FORMS, Problem, for_each_case};

for_each_case!(check);

fn check(problem: Problem) {
    let mut sizes = Vec::new();
    for form in FORMS {
        // `ModelFile` has checked operators, shapes and manifest already: building one is half of this test.
        let bytes = problem.model(form).bytes().clone();
        sizes.push(bytes.len());
        let model = ModelProto::decode(&bytes[..]).expect("a model");
        let versions: Vec<_> =
            model.opset_import.iter().map(|set| (set.domain.clone().unwrap_or_default(), set.version)).collect();
        assert_eq!(versions, [(String::new(), Some(18))]);
        let graph = model.graph.expect("a graph");
        let mut names = HashSet::new();
        for node in &graph.node {
            let name = node.name.clone().unwrap_or_default();
            assert!(!name.is_empty() && names.insert(name.clone()), "node {name} is not unique");
            let plain = |char: char| char.is_ascii_alphanumeric() || "._".contains(char);
            assert!(name.chars().all(plain), "{name}");
        }
        // A profile adds times up by part: every node tells its own, in the order of a picture's way.
        let parts: Vec<Part> = graph.node.iter().map(|node| Part::of(node.name())).collect();
        for (node, pair) in graph.node.iter().skip(1).zip(parts.windows(2)) {
            assert!(pair[0] <= pair[1] && pair[1] != Part::Other, "{}: {:?} after {:?}", node.name(), pair[1], pair[0]);
        }
        let found: BTreeSet<Part> = parts.into_iter().collect();
        assert_eq!(found, BTreeSet::from([Part::Backbone, Part::Neck, Part::Decoder, Part::Head]));
        let initializers: Vec<_> = graph.initializer.iter().filter_map(|tensor| tensor.name.clone()).collect();
        let unique: HashSet<_> = initializers.iter().collect();
        assert_eq!(unique.len(), initializers.len(), "tensor names are unique");
        // The shared block's weights are there once: no two large tensors hold the same numbers.
        let mut contents: HashMap<&[u8], &str> = HashMap::new();
        for tensor in &graph.initializer {
            let bytes = tensor.raw_data.as_deref().unwrap_or_default();
            if bytes.len() >= 1024 {
                let name = tensor.name.as_deref().unwrap_or_default();
                if let Some(twin) = contents.insert(bytes, name) {
                    panic!("{name} and {twin} hold the same numbers");
                }
            }
        }
    }
    assert!(sizes[2] < sizes[0] && sizes[3] < sizes[1]);
}

#[test]
fn more_rounds_add_nodes_and_no_weights() {
    // The official network: 4 rounds in 35 MB, each round's norms aside.
    let problem = Problem::new(moead_tests::golden::Case::small("tiny"));
    let model = ModelProto::decode(&problem.model(FORMS[0]).bytes()[..]).expect("a model");
    let graph = model.graph.expect("a graph");
    let names = graph.node.iter().filter_map(|node| node.name.as_deref());
    assert!(names.filter(|name| name.starts_with("round1.")).count() > 20);
    let weights_of_a_round = graph.initializer.iter().filter(|tensor| {
        let name = tensor.name.as_deref().unwrap_or_default();
        name.starts_with("round1.") && !name.contains("norm")
    });
    assert_eq!(weights_of_a_round.count(), 0);
}
