//! What our reader of model files makes of a graph is what tract's own makes of it: the same nodes in the same order, and the same digits.

use std::num::NonZeroUsize;

use moead_exporter::graph::Form;
use moead_model::manifest::{Moe, Precision};
use moead_model::onnx::foreign::ForeignModel;
use moead_runtime::engine::Output;
use moead_runtime::engine::tract::Session;
use moead_tests::compare::Failures;

use crate::problem::{FORMS, Problem, for_each_case};

for_each_case!(check);

/// What both readers can be asked for.
const OUTPUTS: [Output; 2] = [Output::AnomalyMap, Output::PredScore];

fn check(problem: Problem) {
    let mut failures = Failures::default();
    let eight_bit = Form { precision: Precision::Int8, moe: Moe::Sparse };
    for form in FORMS.into_iter().chain((problem.rounds() > 0).then_some(eight_bit)) {
        let model = problem.model(form);
        let size = model.manifest().input.size();
        let normalization = problem.resolved.architecture.backbone().normalization();
        let foreign = ForeignModel::from_bytes(model.bytes().clone(), Some(size), normalization);
        let foreign = foreign.expect("a file of ours is one that somebody could have made");
        let theirs = Session::load_foreign(&foreign, &OUTPUTS, NonZeroUsize::MIN).expect("tract reads it");
        let ours = Session::load(&model, &OUTPUTS, NonZeroUsize::MIN).expect("we read it");
        let [(our_nodes, our_answers), (their_nodes, their_answers)] =
            [ours, theirs].map(|session| run(session, &problem.input));
        let apart = our_nodes.iter().zip(&their_nodes).find(|(ours, theirs)| ours != theirs);
        if our_nodes.len() != their_nodes.len() || apart.is_some() {
            failures.add(format!("{form:?}: {} nodes, by tract {}; {apart:?}", our_nodes.len(), their_nodes.len()));
        }
        if our_answers != their_answers {
            failures.add(format!("{form:?}: other digits"));
        }
    }
    failures.finish();
}

/// Names and operators of the nodes as they run, and the bits of what they give.
fn run(mut session: Session, input: &[f32]) -> (Vec<String>, Vec<u32>) {
    let mut nodes = Vec::new();
    let answers = session.watch(input, &mut |name, op| nodes.push(format!("{name} ({op})"))).expect("an answer");
    let bits = |output| answers.get(output).expect("asked for").data.iter().map(|value| value.to_bits());
    (nodes, OUTPUTS.into_iter().flat_map(bits).collect())
}
