//! Charts as SVG. Colours are the style sheet's, so that they follow the reader's light or dark.

use std::fmt::Write as _;

use super::markup::{escaped, score};
use crate::metrics::average_precision::PrecisionPoint;
use crate::metrics::ranking::Truth;
use crate::metrics::roc::RocPoint;

/// The plot's place in the drawing of [`WIDTH`] x [`HEIGHT`].
const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 38.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 38.0;

/// What is drawn along a side. It begins at 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis<'a> {
    pub(super) name: &'a str,
    /// What its end stands for; above 0.
    pub(super) end: f64,
}

impl<'a> Axis<'a> {
    /// From 0 to 1.
    pub(super) fn of_shares(name: &'a str) -> Self {
        Self { name, end: 1.0 }
    }

    /// Far enough for `highest`, to a number whose quarters are short.
    pub(super) fn up_to(name: &'a str, highest: f64) -> Self {
        let magnitude = 10_f64.powf(highest.max(f64::MIN_POSITIVE).log10().floor());
        let end = [1.0, 2.0, 4.0, 8.0].into_iter().map(|digit| digit * magnitude).find(|end| *end >= highest);
        Self { name, end: end.unwrap_or(10.0 * magnitude) }
    }

    fn label(self, share: f64) -> String {
        format!("{}", (share * self.end * 1e6).round() / 1e6)
    }
}

/// A line of a chart, in shares of its axes.
pub(super) struct Curve {
    points: Vec<(f64, f64)>,
    class: &'static str,
    legend: String,
}

impl Curve {
    pub(super) fn of_roc(points: &[RocPoint], class: &'static str, legend: String) -> Self {
        Self {
            points: points.iter().map(|point| (point.false_positives, point.true_positives)).collect(),
            class,
            legend,
        }
    }

    /// From point to point; both coordinates from 0 to 1.
    pub(super) fn through(points: Vec<(f64, f64)>, class: &'static str, legend: String) -> Self {
        Self { points, class, legend }
    }

    /// Precision holds from the recall before up to this one: steps.
    pub(super) fn of_precision(points: &[PrecisionPoint], class: &'static str, legend: String) -> Self {
        let mut steps = Vec::with_capacity(2 * points.len());
        let mut recall = 0.0;
        for point in points {
            steps.extend([(recall, point.precision), (point.recall, point.precision)]);
            recall = point.recall;
        }
        Self { points: steps, class, legend }
    }
}

pub(super) fn roc(title: &str, curves: &[Curve]) -> String {
    let chance = line("chance", &[(0.0, 0.0), (1.0, 1.0)]);
    drawn(title, curves, &chance, ["good called defective", "defective found"].map(Axis::of_shares))
}

pub(super) fn precision(title: &str, curves: &[Curve]) -> String {
    drawn(title, curves, "", ["recall: defective found", "precision"].map(Axis::of_shares))
}

/// A chart of one curve.
///
/// * `mark`: a place on the first axis, in shares of it, and its name.
pub(super) fn course(title: &str, curve: Curve, axes: [Axis<'_>; 2], mark: Option<(f64, &str)>) -> String {
    let mark = mark.map_or(String::new(), |(at, name)| upright(place((at, 0.0)).0, at > 0.5, name));
    drawn(title, &[curve], &mark, axes)
}

fn drawn(title: &str, curves: &[Curve], behind: &str, axes: [Axis<'_>; 2]) -> String {
    let lines: String = curves.iter().map(|curve| line(curve.class, &curve.points)).collect();
    let legend: String = curves
        .iter()
        .map(|curve| format!("<span class=\"{}\">{}</span>", curve.class, escaped(&curve.legend)))
        .collect();
    let mut grid = String::new();
    let [across, up] = axes;
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let (x, y) = place((share, share));
        let _ = write!(
            grid,
            "<path class=\"grid\" d=\"M{x:.1} {TOP}V{bottom:.1}M{LEFT} {y:.1}H{right:.1}\"/>\
             <text x=\"{x:.1}\" y=\"{below:.1}\" class=\"middle\">{}</text><text x=\"{before:.1}\" y=\"{middle:.1}\" class=\"end\">{}</text>",
            across.label(share),
            up.label(share),
            bottom = HEIGHT - BOTTOM,
            right = WIDTH - RIGHT,
            below = HEIGHT - BOTTOM + 13.0,
            before = LEFT - 5.0,
            middle = y + 3.5,
        );
    }
    let middle = f64::midpoint(TOP, HEIGHT - BOTTOM);
    let names = format!(
        "<text x=\"{:.1}\" y=\"{:.1}\" class=\"middle\">{}</text>\
         <text transform=\"translate(9 {middle:.1}) rotate(-90)\" class=\"middle\">{}</text>",
        f64::midpoint(LEFT, WIDTH - RIGHT),
        HEIGHT - 8.0,
        across.name,
        up.name,
    );
    figure(title, &legend, &format!("{grid}{names}{behind}{lines}"))
}

/// From 0..=1 to the drawing.
fn place((x, y): (f64, f64)) -> (f64, f64) {
    (LEFT + x * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y * (HEIGHT - TOP - BOTTOM))
}

fn line(class: &str, points: &[(f64, f64)]) -> String {
    let path: String = points
        .iter()
        .enumerate()
        .map(|(at, point)| {
            let (x, y) = place(*point);
            format!("{}{x:.1} {y:.1}", if at == 0 { "M" } else { "L" })
        })
        .collect();
    format!("<path class=\"line {class}\" d=\"{path}\"/>")
}

/// A line over the whole height, with its name at the side where there is room.
fn upright(x: f64, is_right: bool, name: &str) -> String {
    let (anchor, dx) = if is_right { ("end", -4.0) } else { ("", 4.0) };
    format!(
        "<path class=\"threshold\" d=\"M{x:.1} {TOP}V{:.1}\"/><text x=\"{:.1}\" y=\"{:.1}\" class=\"{anchor} strong\">{name}</text>",
        HEIGHT - BOTTOM,
        x + dx,
        TOP + 8.0,
    )
}

fn figure(title: &str, legend: &str, content: &str) -> String {
    let title = escaped(title);
    format!(
        "<figure class=\"chart\"><figcaption>{title}<span class=\"legend\">{legend}</span></figcaption>\
         <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">{content}</svg></figure>"
    )
}

/// Height of the threshold's label, above the bars.
const LABEL: f64 = 14.0;

/// Intervals of a histogram.
const BARS: usize = 32;

/// A value that the pictures' scores are compared with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) name: &'static str,
    /// Finite.
    pub(super) at: f32,
}

/// How many pictures have which score: good ones upwards, defective ones downwards.
pub(super) struct Histogram {
    low: f32,
    high: f32,
    good: [u32; BARS],
    defective: [u32; BARS],
    mark: Option<Mark>,
}

impl Histogram {
    /// * `scores`: finite.
    pub(super) fn of(scores: &[f32], truths: &[Truth], mark: Option<Mark>) -> Self {
        let all = || scores.iter().copied().chain(mark.map(|mark| mark.at));
        let low = all().fold(f32::INFINITY, f32::min);
        let high = all().fold(f32::NEG_INFINITY, f32::max);
        let (mut good, mut defective) = ([0; BARS], [0; BARS]);
        for (&score, truth) in scores.iter().zip(truths) {
            let share = f64::from(score - low) / f64::from(high - low).max(f64::MIN_POSITIVE);
            let bar = ((share * BARS as f64) as usize).min(BARS - 1);
            match truth {
                Truth::Good => good[bar] += 1,
                Truth::Defective => defective[bar] += 1,
            }
        }
        Self { low, high, good, defective, mark }
    }

    /// * `axis`: what is counted.
    pub(super) fn draw(&self, title: &str, axis: &str) -> String {
        let most = self.good.iter().chain(&self.defective).copied().max().unwrap_or(0).max(1);
        let has_defective = self.defective.iter().any(|count| *count > 0);
        let (zero, half) = match has_defective {
            true => (f64::midpoint(TOP, HEIGHT - BOTTOM), (HEIGHT - TOP - BOTTOM) / 2.0 - LABEL),
            false => (HEIGHT - BOTTOM, HEIGHT - TOP - BOTTOM - LABEL),
        };
        let width = (WIDTH - LEFT - RIGHT) / BARS as f64;
        let mut bars = String::new();
        for (class, counts, is_up) in [("good", &self.good, true), ("defective", &self.defective, false)] {
            for (at, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                let height = (half * f64::from(count) / f64::from(most)).max(1.0);
                let (x, y) = (LEFT + at as f64 * width, if is_up { zero - height } else { zero });
                let (from, to) = (self.at(at as f64 / BARS as f64), self.at((at + 1) as f64 / BARS as f64));
                let _ = write!(
                    bars,
                    "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><title>{count} of {axis} {} to {}</title></rect>",
                    width - 1.0,
                    score(from),
                    score(to),
                );
            }
        }
        let ruler = format!(
            "<path class=\"axis\" d=\"M{LEFT} {zero:.1}H{:.1}\"/><text x=\"{LEFT}\" y=\"{below:.1}\">{}</text>\
             <text x=\"{:.1}\" y=\"{below:.1}\" class=\"end\">{}</text><text x=\"{:.1}\" y=\"{name:.1}\" class=\"middle\">{axis}</text>\
             <text x=\"{before:.1}\" y=\"{:.1}\" class=\"end\">{most}</text><text x=\"{before:.1}\" y=\"{:.1}\" class=\"end\">0</text>",
            WIDTH - RIGHT,
            score(self.low),
            WIDTH - RIGHT,
            score(self.high),
            f64::midpoint(LEFT, WIDTH - RIGHT),
            zero - half + 4.0,
            zero + 3.5,
            below = HEIGHT - BOTTOM + 13.0,
            name = HEIGHT - 8.0,
            before = LEFT - 5.0,
        );
        let below = match has_defective {
            true => format!("<text x=\"{:.1}\" y=\"{:.1}\" class=\"end\">{most}</text>", LEFT - 5.0, zero + half + 3.0),
            false => String::new(),
        };
        let mark = self.mark.map_or(String::new(), |Mark { name, at }| {
            let share = f64::from(at - self.low) / f64::from(self.high - self.low).max(f64::MIN_POSITIVE);
            let x = LEFT + share.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT);
            upright(x, share > 0.5, &format!("{name}: {}", score(at)))
        });
        let defective = if has_defective { "<span class=\"defective\">defective</span>" } else { "" };
        let legend = format!("<span class=\"good\">good</span>{defective}");
        figure(title, &legend, &format!("{bars}{ruler}{below}{mark}"))
    }

    fn at(&self, share: f64) -> f32 {
        (f64::from(self.low) + share * f64::from(self.high - self.low)) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::ranking::Truth::{Defective, Good};

    #[test]
    fn every_score_is_in_a_bar() {
        let scores = [1.0, 1.0, 2.0, 5.0];
        let histogram = Histogram::of(&scores, &[Good, Defective, Good, Defective], None);
        assert_eq!((histogram.good[0], histogram.good[8], histogram.good.iter().sum::<u32>()), (1, 1, 2));
        assert_eq!((histogram.defective[0], histogram.defective[BARS - 1]), (1, 1));
        assert!(histogram.draw("Scores", "score").contains("<title>1 of score 1.000 to 1.125</title>"));
    }

    #[test]
    fn equal_scores_are_drawn_too() {
        let histogram = Histogram::of(&[3.0, 3.0], &[Good, Good], Some(Mark { name: "threshold", at: 3.0 }));
        assert_eq!(histogram.good[0], 2);
        let drawn = histogram.draw("Scores", "score");
        assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
    }

    #[test]
    fn a_mark_beyond_all_scores_is_still_inside() {
        let histogram = Histogram::of(&[1.0, 2.0], &[Good, Good], Some(Mark { name: "threshold", at: 9.0 }));
        assert_eq!((histogram.high, histogram.good[4]), (9.0, 1));
        let drawn = histogram.draw("Scores", "score");
        assert!(drawn.contains("threshold: 9.000") && !drawn.contains("defective"), "{drawn}");
    }

    #[test]
    fn an_axis_ends_at_a_round_number() {
        let labels = |axis: Axis<'_>| [0.0, 0.25, 1.0].map(|share| axis.label(share));
        assert_eq!(labels(Axis::up_to("loss", 1.0708)), ["0", "0.5", "2"]);
        assert_eq!(labels(Axis::up_to("loss", 0.09)), ["0", "0.025", "0.1"]);
        assert_eq!(labels(Axis { name: "step", end: 600.0 }), ["0", "150", "600"]);
        assert!(Axis::up_to("loss", 0.0).end > 0.0);
    }

    #[test]
    fn precision_is_drawn_in_steps() {
        let point = |recall, precision| PrecisionPoint { threshold: 0.0, recall, precision };
        let curve = Curve::of_precision(&[point(0.5, 1.0), point(1.0, 0.6)], "first", String::new());
        assert_eq!(curve.points, [(0.0, 1.0), (0.5, 1.0), (0.5, 0.6), (1.0, 0.6)]);
    }
}
