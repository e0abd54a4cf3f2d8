//! Thresholds from good pictures, and how many other good pictures alarm.

use moead_calibration::metrics::interval::{self, Confidence};
use moead_calibration::threshold::good_scores::GoodScores;
use moead_calibration::threshold::{self, Method, Target};
use moead_model::manifest::Input;
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::cells::Cells;
use crate::say;
use crate::subject::Look;

/// Draws of calibration pictures among all good ones.
const DRAWS: usize = 2000;

pub(crate) fn report(cells: &[Cells; 2], input: &Input) {
    say(
        "\n| scores | calibrated on | method | good cells for testing | false alarms | rate (95 %) |\n| --- | --- | --- | --- | --- | --- |",
    );
    for cells in cells {
        let plain = |looks: &[Look]| looks.iter().map(|look| look.score).collect::<Vec<_>>();
        let by_padim = |look: &Look| cells.padim_score(look, input);
        let tested = cells.good.each_ref().map(|half| plain(half)).concat();
        row(cells.kind, "untrained decoder", &plain(&cells.training), &tested);
        let tested: Vec<f32> = cells.all_good().map(by_padim).collect();
        let [seen, unseen] =
            [0, 1].map(|from| cells.training.iter().skip(from).step_by(2).map(by_padim).collect::<Vec<_>>());
        row(cells.kind, "PaDiM, training cells that it was not fitted to", &unseen, &tested);
        row(cells.kind, "PaDiM, the very cells that it was fitted to", &seen, &tested);
    }
    say("\n| scores | images | thresholds whose false alarms exceed 1 % | mean rate |\n| --- | --- | --- | --- |");
    for cells in cells {
        let mut all: Vec<f32> = cells.training.iter().chain(cells.all_good()).map(|look| look.score).collect();
        for images in [100, 200, 299, 400] {
            drawn(cells.kind, &mut all, images);
        }
    }
}

fn row(kind: &str, what: &str, calibration: &[f32], tested: &[f32]) {
    let good = GoodScores::new(calibration).expect("finite scores");
    let promised = threshold::fit(&good, Target::USUAL).expect("enough pictures");
    let method = match promised.method {
        Method::OrderStatistic { rank } => format!("order statistic, rank {rank}"),
        Method::Tail { exceedances } => format!("tail, {exceedances} largest"),
        other => format!("{other:?}"),
    };
    let alarms = tested.iter().filter(|score| **score >= promised.threshold).count() as u64;
    let all = tested.len() as u64;
    let interval = interval::rate(alarms, all, Confidence::USUAL);
    say(&format!(
        "| {kind}, {what} | {} | {method} | {all} | {alarms} | {:.1} % ({:.1} to {:.1}) |",
        calibration.len(),
        100.0 * alarms as f64 / all as f64,
        100.0 * interval.low,
        100.0 * interval.high
    ));
}

/// Many calibrations with pictures drawn among all good ones, measured on all that were not drawn.
fn drawn(kind: &str, all: &mut [f32], images: usize) {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(12);
    let (mut broken, mut sum) = (0_u32, 0.0);
    for _ in 0..DRAWS {
        all.shuffle(&mut random);
        let (calibration, rest) = all.split_at(images);
        let good = GoodScores::new(calibration).expect("finite scores");
        let threshold = threshold::fit(&good, Target::USUAL).expect("enough pictures").threshold;
        let rate = rest.iter().filter(|score| **score >= threshold).count() as f64 / rest.len() as f64;
        broken += u32::from(rate > Target::USUAL.false_alarms.value());
        sum += rate;
    }
    say(&format!(
        "| {kind}, untrained decoder | {images} of {} | {:.1} % | {:.2} % |",
        all.len(),
        100.0 * f64::from(broken) / DRAWS as f64,
        100.0 * sum / DRAWS as f64
    ));
}
