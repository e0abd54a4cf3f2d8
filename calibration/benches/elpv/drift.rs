//! How early a camera that changes is noticed, and what else happens to its pictures.

use moead_calibration::drift::{self, Order};
use moead_calibration::products;
use moead_calibration::threshold::good_scores::GoodScores;
use moead_calibration::threshold::{self, Rate, Target};
use moead_model::calibration::Embedding;
use moead_runtime::preprocess::decode;
use moead_runtime::score::drift::Window;
use moead_runtime::score::product::{Recognised, recognise};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::cells::Cells;
use crate::changes::{CHANGES, Change};
use crate::say;
use crate::subject::{Look, Looker};

/// Pictures of a window.
const WINDOWS: [usize; 2] = [32, 64];
/// Orders in which the good pictures for testing pass.
const ORDERS: usize = 500;
/// Share of windows of good pictures that may alarm.
const ALARMS: f64 = 0.001;

/// One window's rule for one kind.
struct Rule {
    window: usize,
    limit: f64,
}

pub(crate) fn report(cells: &[Cells; 2], looker: &mut Looker) {
    let rate = |value| Rate::new(value).expect("a rate");
    say("\nWindows and limits (in standard deviations):");
    let fitted = cells.each_ref().map(|cells| {
        let embeddings = cells.embeddings();
        let product = products::fit(&embeddings, rate(0.01)).expect("statistics");
        let rules = WINDOWS.map(|window| {
            let limit =
                |order| drift::limit(&embeddings, &product, window, order, rate(ALARMS), 12).expect("enough pictures");
            let (limit, stream) = (limit(Order::Collection), limit(Order::Stream));
            let alarms = [limit, stream].map(|limit| in_file_order(&Rule { window, limit }, &product, cells));
            say(&format!(
                "- {}, {window} pictures: {limit:.3} as a collection, {stream:.3} as a stream; in the order of their files good cells alarm in {:.0} % and {:.0} % of windows",
                cells.kind, alarms[0], alarms[1]
            ));
            Rule { window, limit }
        });
        (product, rules)
    });
    let heads = WINDOWS.map(|window| format!("window {window}: noticed, after frames (median, 95 %) | ")).concat();
    say(&format!(
        "\n| cells | change | distance of the mean | {heads}refused | false alarms |\n| --- | --- | --- | --- | --- | --- | --- |"
    ));
    for (cells, (product, rules)) in cells.iter().zip(&fitted) {
        let unseen: Vec<f32> =
            cells.training.iter().skip(1).step_by(2).map(|look| cells.padim_score(look, &looker.input)).collect();
        let good = GoodScores::new(&unseen).expect("finite scores");
        let threshold = threshold::fit(&good, Target::USUAL).expect("enough pictures").threshold;
        let plain: Vec<&Look> = cells.all_good().collect();
        for change in CHANGES {
            let changed: Vec<Look> = cells
                .good_files
                .iter()
                .map(|path| looker.look(&change.applied(decode::read(path).expect("a picture of the data set"))))
                .collect();
            let noticed = rules.each_ref().map(|rule| passing(rule, product, &plain, &changed, change)).join(" | ");
            let is_refused =
                |look: &&Look| matches!(recognise(&look.embedding, [("", product)]), Recognised::Unknown { .. });
            let refused = changed.iter().filter(is_refused).count();
            let alarms = changed.iter().filter(|look| cells.padim_score(look, &looker.input) >= threshold).count();
            let share = |count: usize| 100.0 * count as f64 / changed.len() as f64;
            say(&format!(
                "| {} | {change} | {:.2} | {noticed} | {:.0} % | {:.0} % |",
                cells.kind,
                of_all(product, &changed),
                share(refused),
                share(alarms),
            ));
        }
    }
}

/// Share of windows of unchanged good pictures for testing, module after module as their files lie, that alarm.
fn in_file_order(rule: &Rule, product: &Embedding, cells: &Cells) -> f64 {
    let mut looks: Vec<_> = cells.good_files.iter().zip(cells.all_good()).collect();
    looks.sort_by_key(|(path, _)| path.file_name().map(ToOwned::to_owned));
    let mut window = Window::new(rule.window, product.mean.len());
    let mut drifts = Vec::new();
    for (_, look) in looks {
        window.add(&look.embedding);
        drifts.extend(window.drift(product, rule.limit));
    }
    100.0 * drifts.iter().filter(|drift| **drift >= 1.0).count() as f64 / drifts.len() as f64
}

/// How far all pictures together have moved.
fn of_all(product: &Embedding, looks: &[Look]) -> f64 {
    let mut window = Window::new(looks.len(), product.mean.len());
    looks.iter().for_each(|look| window.add(&look.embedding));
    window.drift(product, 1.0).unwrap_or(f64::NAN)
}

/// Good pictures pass in many orders: first as many as a window has as they are, then the rest changed. Without a change, all of them are the rest.
fn passing(rule: &Rule, product: &Embedding, plain: &[&Look], changed: &[Look], change: Change) -> String {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(12);
    let mut order: Vec<usize> = (0..plain.len()).collect();
    let mut after = Vec::new();
    for _ in 0..ORDERS {
        order.shuffle(&mut random);
        let mut window = Window::new(rule.window, product.mean.len());
        let (before, then) = order.split_at(rule.window);
        before.iter().for_each(|at| window.add(&plain[*at].embedding));
        let noticed = then.iter().position(|at| {
            window.add(&changed[*at].embedding);
            window.drift(product, rule.limit).is_some_and(|drift| drift >= 1.0)
        });
        after.extend(noticed.map(|at| at + 1));
    }
    after.sort_unstable();
    let noticed = 100.0 * after.len() as f64 / ORDERS as f64;
    let frames = plain.len() - rule.window;
    if matches!(change, Change::None) || after.len() < ORDERS / 2 {
        return format!("{noticed:.1} % within {frames}");
    }
    // Of all orders: those without an alarm come last.
    let quantile =
        |share: f64| after.get((share * ORDERS as f64) as usize).map_or(format!("over {frames}"), usize::to_string);
    format!("{noticed:.0} %, {}, {}", quantile(0.5), quantile(0.95))
}
