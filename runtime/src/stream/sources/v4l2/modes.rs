//! Which of a camera's modes is asked for: the cheapest that shows the network enough, often enough.

use std::fmt;

use moead_model::architecture::ImageSize;

use super::encoding::Encoding;
use super::node::{FormatDescription, FourCc, Interval, Intervals, Node, Pixels, Rate, Sizes};

/// The rate that is wanted when nobody asks for one: what cameras have, and faster than any line moves its parts on.
const USUAL_RATE: f64 = 30.0;
/// A rate that differs by less is the same: 29.97 is 30.
const SAME_RATE: f64 = 0.01;
/// What a pixel of a JPEG picture costs, in pixels that are plain. Measured: 4.2 ms against 0.8 ms from 1280x720 to 224x224.
const JPEG_COST: usize = 5;

/// What is wanted of a camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Wish {
    pub(super) encoding: Option<Encoding>,
    pub(super) size: Option<ImageSize>,
    /// Frames per second.
    pub(super) rate: Option<f64>,
    /// When no size is asked for: no side should be shorter.
    pub(super) least: ImageSize,
}

/// Everything a camera offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatOffer {
    /// The driver's code and words.
    pub format: FormatDescription,
    /// None: it is not read.
    pub encoding: Option<Encoding>,
    /// With the frame intervals of each; those of a range are those of its largest.
    pub sizes: Vec<(Sizes, Vec<Intervals>)>,
}

/// A size in an encoding, with the frame intervals that it has: something that could be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) format: FourCc,
    pub(super) encoding: Encoding,
    pub(super) size: ImageSize,
    /// Empty where the driver lists none.
    pub(super) intervals: Vec<Intervals>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) format: FourCc,
    pub(super) encoding: Encoding,
    pub(super) size: ImageSize,
    /// None: the driver's.
    pub(super) interval: Option<Interval>,
}

/// What was asked and is not offered.
#[derive(Debug, Clone, PartialEq)]
pub struct NotOffered {
    /// In words: `1000x1000 in YUYV`.
    pub asked: String,
    /// What there is instead: `640x480, 1280x720`.
    pub offered: Vec<String>,
}

impl fmt::Display for NotOffered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "does not offer {}; it offers {}", self.asked, self.offered.join(", "))
    }
}

/// Everything that a node offers, for people and their programs.
pub(super) fn offers(node: &dyn Node) -> Vec<FormatOffer> {
    let offer = |format: FormatDescription| {
        let code = format.format;
        let with_intervals = |sizes: Sizes| {
            let (Sizes::One(size) | Sizes::Range { most: size, .. }) = sizes;
            (sizes, node.intervals(code, size))
        };
        let sizes = node.sizes(code).into_iter().map(with_intervals).collect();
        FormatOffer { encoding: Encoding::of(code), format, sizes }
    };
    node.formats().into_iter().map(offer).collect()
}

/// What could be chosen of these formats.
pub(super) fn candidates(node: &dyn Node, formats: &[FormatDescription], wish: &Wish) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = Vec::new();
    for description in formats {
        let format = description.format;
        let Some(encoding) = Encoding::of(format) else { continue };
        if wish.encoding.is_some_and(|asked| asked != encoding) {
            continue;
        }
        let sizes = node.sizes(format);
        let mut found: Vec<_> = sizes.iter().map(|&sizes| size_of(sizes, wish)).collect();
        if sizes.is_empty() {
            // The driver says nothing: what is asked is tried, or what is set.
            found.extend(wish.size.or_else(|| node.layout().ok().map(|layout| layout.size)));
        }
        for size in found {
            let is_known = |known: &Candidate| (known.encoding, known.size) == (encoding, size);
            if !candidates.iter().any(is_known) {
                let intervals = node.intervals(format, size);
                candidates.push(Candidate { format, encoding, size, intervals });
            }
        }
    }
    candidates
}

/// The size out of a range that comes closest to what is wanted.
fn size_of(sizes: Sizes, wish: &Wish) -> ImageSize {
    match sizes {
        Sizes::One(size) => size,
        Sizes::Range { least, most, step } => {
            let wanted = wish.size.unwrap_or(wish.least);
            ImageSize {
                height: side_of(least.height, most.height, step.height, wanted.height),
                width: side_of(least.width, most.width, step.width, wanted.width),
            }
        }
    }
}

/// The shortest side that is not below `wanted`, or else the longest there is.
fn side_of(least: usize, most: usize, step: usize, wanted: usize) -> usize {
    let step = step.max(1);
    let steps = wanted.saturating_sub(least).div_ceil(step);
    let longest = most.saturating_sub(least) / step;
    least.saturating_add(steps.min(longest).saturating_mul(step))
}

/// Chooses.
///
/// # Errors
/// [`NotOffered`] where something that was asked for is not there.
pub(super) fn choose(candidates: &[Candidate], wish: &Wish) -> Result<Choice, NotOffered> {
    let has_size = |candidate: &&Candidate| wish.size.is_none_or(|size| size == candidate.size);
    let fitting: Vec<_> = candidates.iter().filter(has_size).collect();
    if let (true, Some(size)) = (fitting.is_empty(), wish.size) {
        let encoding = wish.encoding.map_or_else(String::new, |encoding| format!(" in {encoding}"));
        let offered = candidates.iter().map(|candidate| Pixels(candidate.size).to_string());
        return Err(NotOffered { asked: format!("{}{encoding}", Pixels(size)), offered: unique(offered) });
    }
    let with_interval = fitting.iter().filter_map(|&candidate| {
        let interval = interval_of(&candidate.intervals, wish.rate)?;
        Some((candidate, interval))
    });
    let best = with_interval.min_by(|a, b| rank(a, wish).total_cmp(&rank(b, wish)));
    match (best, wish.rate) {
        (Some((candidate, interval)), _) => {
            let Candidate { format, encoding, size, .. } = *candidate;
            Ok(Choice { format, encoding, size, interval })
        }
        (None, rate) => {
            let offered = fitting.iter().map(|candidate| {
                let (size, rates) = (Pixels(candidate.size), rates(&candidate.intervals));
                format!("{size} at {rates} fps")
            });
            let rate = rate.unwrap_or(USUAL_RATE);
            let size = wish.size.map_or_else(String::new, |size| format!("{} at ", Pixels(size)));
            Err(NotOffered { asked: format!("{size}{} fps", Rate(rate)), offered: unique(offered) })
        }
    }
}

/// Each once, in the order in which they come.
fn unique(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = Vec::new();
    for word in words {
        if !seen.contains(&word) {
            seen.push(word);
        }
    }
    seen
}

/// Less is better; the first number that differs decides.
struct Rank([f64; 6]);

impl Rank {
    fn total_cmp(&self, other: &Self) -> std::cmp::Ordering {
        let pairs = self.0.iter().zip(&other.0);
        pairs.map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    }
}

fn rank((candidate, interval): &(&Candidate, Option<Interval>), wish: &Wish) -> Rank {
    let size = candidate.size;
    let pixels = size.height.saturating_mul(size.width);
    let is_large_enough = size.height >= wish.least.height && size.width >= wish.least.width;
    let cost = pixels.saturating_mul(if candidate.encoding == Encoding::Jpeg { JPEG_COST } else { 1 });
    // Who says nothing about rates is believed to be usual.
    let rate = interval.map_or(USUAL_RATE, Interval::rate);
    let wanted = wish.rate.unwrap_or(USUAL_RATE);
    let is_fast_enough = rate >= wanted * (1.0 - SAME_RATE);
    let preference = Encoding::ALL.iter().position(|encoding| *encoding == candidate.encoding).unwrap_or(usize::MAX);
    Rank([
        // The network has seen colours; a grey mode is for those who ask for it, and for cameras without another.
        f64::from(u8::from(!candidate.encoding.has_colour())),
        f64::from(u8::from(!is_large_enough)),
        // Faster than wanted is not better.
        if is_fast_enough { -wanted } else { -rate },
        // Too small is too small; then every pixel counts.
        if is_large_enough { cost as f64 } else { -(pixels as f64) },
        rate,
        preference as f64,
    ])
}

/// The interval to ask for, if there is one that fits: `Some(None)` where the driver lists none.
fn interval_of(intervals: &[Intervals], rate: Option<f64>) -> Option<Option<Interval>> {
    if intervals.is_empty() {
        return Some(rate.and_then(Interval::of_rate));
    }
    let nearest = |wanted: f64| {
        intervals.iter().filter_map(move |intervals| match *intervals {
            Intervals::One(interval) => Some(interval),
            Intervals::Range { shortest, longest } => {
                let is_inside = (longest.rate()..=shortest.rate()).contains(&wanted);
                let end = if wanted > shortest.rate() { shortest } else { longest };
                if is_inside { Interval::of_rate(wanted) } else { Some(end) }
            }
        })
    };
    match rate {
        Some(rate) => nearest(rate)
            .filter(|interval| (interval.rate() - rate).abs() <= rate * SAME_RATE)
            .min_by(|a, b| (a.rate() - rate).abs().total_cmp(&(b.rate() - rate).abs()))
            .map(Some),
        None => {
            let is_enough = |interval: &Interval| interval.rate() >= USUAL_RATE * (1.0 - SAME_RATE);
            let slowest = nearest(USUAL_RATE).filter(is_enough).min_by(|a, b| a.rate().total_cmp(&b.rate()));
            slowest.or_else(|| nearest(USUAL_RATE).max_by(|a, b| a.rate().total_cmp(&b.rate()))).map(Some)
        }
    }
}

/// Frame rates for people, the highest first: `30, 15, 5 to 1`.
pub(crate) fn rates(intervals: &[Intervals]) -> String {
    let mut intervals = intervals.to_vec();
    let highest = |intervals: &Intervals| match *intervals {
        Intervals::One(interval) | Intervals::Range { shortest: interval, .. } => interval.rate(),
    };
    intervals.sort_by(|a, b| highest(b).total_cmp(&highest(a)));
    let words = intervals.iter().map(|intervals| match *intervals {
        Intervals::One(interval) => Rate(interval.rate()).to_string(),
        Intervals::Range { shortest, longest } => format!("{} to {}", Rate(shortest.rate()), Rate(longest.rate())),
    });
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::raw::PixelFormat;

    const YUYV: Encoding = Encoding::Raw(PixelFormat::Yuyv);
    const GREY: Encoding = Encoding::Raw(PixelFormat::Grey);
    const NV12: Encoding = Encoding::Raw(PixelFormat::Nv12);

    fn size(width: usize, height: usize) -> ImageSize {
        ImageSize { height, width }
    }

    fn candidate(encoding: Encoding, width: usize, height: usize, rates: &[f64]) -> Candidate {
        let interval = |rate: &f64| Intervals::One(Interval::of_rate(*rate).unwrap());
        let intervals = rates.iter().map(interval).collect();
        Candidate { format: encoding.format(), encoding, size: size(width, height), intervals }
    }

    fn wish(least: usize) -> Wish {
        Wish { encoding: None, size: None, rate: None, least: size(least, least) }
    }

    fn chosen(candidates: &[Candidate], wish: &Wish) -> String {
        let Choice { encoding, size, interval, .. } = choose(candidates, wish).unwrap();
        let rate = interval.map_or_else(|| "?".into(), |interval| Rate(interval.rate()).to_string());
        format!("{encoding} {} {rate}", Pixels(size))
    }

    /// As a USB 2 webcam has them: plain pixels are slow where they are many.
    fn webcam() -> Vec<Candidate> {
        let small = &[30.0, 20.0, 15.0, 10.0, 7.5];
        vec![
            candidate(YUYV, 160, 120, small),
            candidate(YUYV, 320, 240, small),
            candidate(YUYV, 640, 480, small),
            candidate(YUYV, 800, 448, small),
            candidate(YUYV, 960, 544, &[20.0, 15.0, 10.0, 7.5]),
            candidate(YUYV, 1280, 720, &[10.0, 7.5]),
            candidate(Encoding::Jpeg, 320, 240, small),
            candidate(Encoding::Jpeg, 640, 480, small),
            candidate(Encoding::Jpeg, 1280, 720, small),
            candidate(Encoding::Jpeg, 1920, 1080, small),
        ]
    }

    #[test]
    fn the_cheapest_mode_that_is_large_and_fast_enough_is_chosen() {
        let camera = webcam();
        assert_eq!(chosen(&camera, &wish(224)), "YUYV 320x240 30");
        assert_eq!(chosen(&camera, &wish(256)), "YUYV 640x480 30");
        // No plain mode of that size has 30 frames per second; at 20 it has.
        assert_eq!(chosen(&camera, &wish(512)), "MJPG 1280x720 30");
        assert_eq!(chosen(&camera, &Wish { rate: Some(20.0), ..wish(512) }), "YUYV 960x544 20");
        assert_eq!(chosen(&camera, &Wish { rate: Some(10.0), ..wish(600) }), "YUYV 1280x720 10");
    }

    #[test]
    fn plain_pixels_go_before_jpeg_at_the_same_rate_even_if_they_are_a_few_more() {
        let camera = [candidate(Encoding::Jpeg, 640, 480, &[30.0]), candidate(YUYV, 800, 600, &[30.0])];
        assert_eq!(chosen(&camera, &wish(224)), "YUYV 800x600 30");
        let camera = [candidate(Encoding::Jpeg, 640, 480, &[30.0]), candidate(YUYV, 1920, 1080, &[30.0])];
        assert_eq!(chosen(&camera, &wish(224)), "MJPG 640x480 30");
    }

    #[test]
    fn what_is_asked_for_is_chosen() {
        let camera = webcam();
        let wish = wish(224);
        assert_eq!(chosen(&camera, &Wish { size: Some(size(640, 480)), ..wish }), "YUYV 640x480 30");
        assert_eq!(chosen(&camera, &Wish { size: Some(size(1920, 1080)), ..wish }), "MJPG 1920x1080 30");
        assert_eq!(
            chosen(&camera, &Wish { size: Some(size(1280, 720)), rate: Some(7.5), ..wish }),
            "YUYV 1280x720 7.5"
        );
    }

    #[test]
    fn what_is_not_there_is_refused_with_what_is() {
        let camera = webcam();
        let refused = |wish: Wish| choose(&camera, &wish).unwrap_err().to_string();
        assert_eq!(
            refused(Wish { size: Some(size(1000, 1000)), ..wish(224) }),
            "does not offer 1000x1000; it offers 160x120, 320x240, 640x480, 800x448, 960x544, 1280x720, 1920x1080"
        );
        assert_eq!(
            refused(Wish { size: Some(size(960, 544)), rate: Some(30.0), ..wish(224) }),
            "does not offer 960x544 at 30 fps; it offers 960x544 at 20, 15, 10, 7.5 fps"
        );
        let error = refused(Wish { rate: Some(120.0), ..wish(224) });
        assert!(error.starts_with("does not offer 120 fps; it offers 160x120 at 30, 20, 15, 10, 7.5 fps, "), "{error}");
    }

    #[test]
    fn a_camera_that_is_too_small_or_too_slow_does_what_it_can() {
        let small = [candidate(YUYV, 160, 120, &[30.0]), candidate(YUYV, 320, 240, &[30.0])];
        assert_eq!(chosen(&small, &wish(512)), "YUYV 320x240 30");
        let slow = [candidate(YUYV, 640, 480, &[5.0]), candidate(YUYV, 800, 600, &[12.5, 2.0])];
        assert_eq!(chosen(&slow, &wish(224)), "YUYV 800x600 12.5");
        let fast = [candidate(YUYV, 640, 480, &[200.0, 60.0, 15.0])];
        assert_eq!(chosen(&fast, &wish(224)), "YUYV 640x480 60");
    }

    #[test]
    fn grey_is_for_cameras_without_colours_and_for_those_who_ask() {
        let both = [candidate(GREY, 640, 480, &[30.0]), candidate(NV12, 1280, 960, &[5.0])];
        assert_eq!(chosen(&both, &wish(224)), "NV12 1280x960 5");
        assert_eq!(chosen(&both[..1], &wish(224)), "GREY 640x480 30");
    }

    #[test]
    fn drivers_that_list_no_rates_are_asked_for_the_one_that_is_wanted() {
        let silent = [candidate(YUYV, 640, 480, &[])];
        assert_eq!(chosen(&silent, &wish(224)), "YUYV 640x480 ?");
        assert_eq!(chosen(&silent, &Wish { rate: Some(15.0), ..wish(224) }), "YUYV 640x480 15");
    }

    #[test]
    fn ranges_of_rates_are_cut_to_what_is_wanted() {
        let ends = |low: f64, high: f64| Intervals::Range {
            shortest: Interval::of_rate(high).unwrap(),
            longest: Interval::of_rate(low).unwrap(),
        };
        let camera = |intervals| [Candidate { intervals: vec![intervals], ..candidate(YUYV, 640, 480, &[]) }];
        assert_eq!(chosen(&camera(ends(1.0, 90.0)), &wish(224)), "YUYV 640x480 30");
        assert_eq!(chosen(&camera(ends(1.0, 12.0)), &wish(224)), "YUYV 640x480 12");
        assert_eq!(chosen(&camera(ends(50.0, 90.0)), &wish(224)), "YUYV 640x480 50");
        assert_eq!(chosen(&camera(ends(1.0, 90.0)), &Wish { rate: Some(17.3), ..wish(224) }), "YUYV 640x480 17.3");
        assert!(choose(&camera(ends(1.0, 90.0)), &Wish { rate: Some(100.0), ..wish(224) }).is_err());
    }

    #[test]
    fn ranges_of_sizes_give_the_smallest_that_is_enough() {
        let range = |least, most, step| Sizes::Range { least, most, step };
        let sensor = range(size(32, 32), size(2592, 1944), size(2, 2));
        assert_eq!(size_of(sensor, &wish(224)), size(224, 224));
        assert_eq!(size_of(sensor, &wish(225)), size(226, 226));
        assert_eq!(size_of(sensor, &Wish { size: Some(size(1280, 720)), ..wish(224) }), size(1280, 720));
        assert_eq!(size_of(sensor, &wish(5000)), size(2592, 1944));
        // Steps that do not lead to the largest size, and nonsense.
        assert_eq!(size_of(range(size(48, 32), size(100, 100), size(16, 16)), &wish(99)), size(96, 96));
        assert_eq!(size_of(range(size(9, 9), size(1, 1), size(0, 0)), &wish(224)), size(9, 9));
        let most = usize::MAX;
        assert_eq!(size_of(range(size(0, 0), size(most, most), size(most, 1)), &wish(224)), size(most, 224));
    }

    #[test]
    fn rates_are_told_from_the_highest_down() {
        let one = |rate: f64| Intervals::One(Interval::of_rate(rate).unwrap());
        assert_eq!(rates(&[one(5.0), one(30.0), one(29.97)]), "30, 29.97, 5");
        let range =
            Intervals::Range { shortest: Interval::of_rate(60.0).unwrap(), longest: Interval::of_rate(1.0).unwrap() };
        assert_eq!(rates(&[range]), "60 to 1");
    }
}
