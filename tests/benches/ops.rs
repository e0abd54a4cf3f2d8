//! Where one thread's time goes, op by op: tract as it comes and with our ops, in turn.

mod stock;
#[expect(dead_code, reason = "the other benchmarks use the rest")]
mod subject;
#[expect(dead_code, reason = "the other benchmarks use the rest")]
mod timing;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use moead_runtime::engine::Output;
use moead_runtime::engine::tract::Session;
use stock::Stock;
use subject::Subject;
use timing::{cpu_seconds, say};

fn main() {
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(20);
    let subject = Subject::official();
    let outputs = [Output::PredScore, Output::AnomalyMap];
    let stock = Stock::load(&subject.model, &outputs.map(Output::name));
    let mut session = Session::load(&subject.model, &outputs, NonZeroUsize::MIN).expect("our own model loads");
    let [mut as_it_comes, mut with_ops] = [Profile::default(), Profile::default()];
    for round in 0..rounds + 3 {
        // The first ones warm caches.
        let is_counted = round >= 3;
        as_it_comes.add(is_counted, |seen| stock.watch(&subject.input, seen));
        with_ops.add(is_counted, |seen| {
            session.watch(&subject.input, seen).expect("an answer");
        });
    }
    as_it_comes.report("tract as it comes");
    with_ops.report("tract with our ops");
}

/// Seconds of each node, a round each, and its op.
#[derive(Default)]
struct Profile(BTreeMap<String, (String, Vec<f64>)>);

impl Profile {
    fn add(&mut self, is_counted: bool, run: impl FnOnce(&mut (dyn FnMut(&str, &str) + Send))) {
        let mut before = cpu_seconds();
        run(&mut |node, op| {
            let now = cpu_seconds();
            if is_counted {
                let (_, seconds) = self.0.entry(node.to_owned()).or_insert_with(|| (op.to_owned(), Vec::new()));
                seconds.push(now - before);
            }
            before = cpu_seconds();
        });
    }

    /// Sums of the medians of nodes, by op.
    fn report(self, name: &str) {
        let mut ops: BTreeMap<String, (usize, f64)> = BTreeMap::new();
        for (op, mut seconds) in self.0.into_values() {
            seconds.sort_by(f64::total_cmp);
            let (count, sum) = ops.entry(op).or_default();
            *count += 1;
            *sum += seconds[seconds.len() / 2];
        }
        let mut ops: Vec<_> = ops.into_iter().collect();
        ops.sort_by(|(_, (_, left)), (_, (_, right))| right.total_cmp(left));
        let total: f64 = ops.iter().map(|(_, (_, seconds))| seconds).sum();
        say(&format!("{name}: {:.1} ms", total * 1e3));
        for (op, (count, seconds)) in ops.iter().take_while(|(_, (_, seconds))| *seconds > total * 1e-3) {
            say(&format!("{:8.2} ms {:5.1} % {count:4} {op}", seconds * 1e3, seconds / total * 100.0));
        }
    }
}
