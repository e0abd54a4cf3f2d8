//! Many calibrations on drawn scores whose true false-alarm rate is known. The benchmark `promise` shares this file.

use moead_calibration::threshold::good_scores::GoodScores;
use moead_calibration::threshold::tail::Extrapolation;
use moead_calibration::threshold::{Target, fit, order_statistic};
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, Exp, Gamma, Gumbel, LogNormal, Normal, Pareto, StudentT, Uniform, Weibull};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Scores of good pictures as they might be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scores {
    Normal,
    LogNormal {
        sigma: f64,
    },
    Exponential,
    Gamma {
        shape: f64,
    },
    Student {
        freedom: f64,
    },
    Pareto {
        shape: f64,
    },
    Uniform,
    Gumbel,
    Weibull {
        shape: f64,
    },
    /// Some pictures are of another kind.
    Mixture {
        share: f64,
        shift: f64,
    },
    /// Normal, rounded: ties.
    Rounded {
        step: f64,
    },
}

pub(crate) const SMOOTH: [Scores; 14] = [
    Scores::Normal,
    Scores::LogNormal { sigma: 0.3 },
    Scores::LogNormal { sigma: 1.0 },
    Scores::Exponential,
    Scores::Gamma { shape: 2.0 },
    Scores::Student { freedom: 3.0 },
    Scores::Student { freedom: 2.0 },
    Scores::Pareto { shape: 3.0 },
    Scores::Pareto { shape: 1.5 },
    Scores::Uniform,
    Scores::Gumbel,
    Scores::Weibull { shape: 0.5 },
    Scores::Mixture { share: 0.5, shift: 6.0 },
    Scores::Mixture { share: 0.1, shift: 4.0 },
];

/// What no extrapolation can know of: rare kinds, coarse scores.
pub(crate) const ROUGH: [Scores; 4] = [
    Scores::Mixture { share: 0.02, shift: 5.0 },
    Scores::Mixture { share: 0.005, shift: 20.0 },
    Scores::Rounded { step: 0.25 },
    Scores::Rounded { step: 2.0 },
];

const PARAMETERS: &str = "parameters that the distribution has";

impl Scores {
    fn draw(self, random: &mut impl Rng) -> f64 {
        let normal = Normal::new(0.0, 1.0).expect(PARAMETERS);
        match self {
            Self::Normal => 10.0 + normal.sample(random),
            Self::LogNormal { sigma } => LogNormal::new(0.0, sigma).expect(PARAMETERS).sample(random),
            Self::Exponential => Exp::new(1.0).expect(PARAMETERS).sample(random),
            Self::Gamma { shape } => Gamma::new(shape, 1.0).expect(PARAMETERS).sample(random),
            Self::Student { freedom } => 50.0 + StudentT::new(freedom).expect(PARAMETERS).sample(random),
            Self::Pareto { shape } => Pareto::new(1.0, shape).expect(PARAMETERS).sample(random),
            Self::Uniform => Uniform::new(1.0, 2.0).expect(PARAMETERS).sample(random),
            Self::Gumbel => 10.0 + Gumbel::new(0.0, 1.0).expect(PARAMETERS).sample(random),
            Self::Weibull { shape } => Weibull::new(1.0, shape).expect(PARAMETERS).sample(random),
            Self::Mixture { share, shift } => {
                let other = Uniform::new(0.0, 1.0).expect(PARAMETERS).sample(random) < share;
                10.0 + normal.sample(random) + if other { shift } else { 0.0 }
            }
            Self::Rounded { step } => 10.0 + (normal.sample(random) / step).round() * step,
        }
    }
}

/// What calibrations did.
#[derive(Debug)]
pub(crate) struct Realised {
    /// Calibrations whose threshold alarms more often than promised.
    pub(crate) broken: u64,
    pub(crate) calibrations: u64,
    /// Mean of the realised false-alarm rates.
    pub(crate) mean_rate: f64,
    /// Median of the thresholds' heights above the good median, in units of the height that has exactly the promised rate.
    pub(crate) height: f64,
}

/// Truth by brute force: the share of so many draws that reach a threshold.
const DRAWS: usize = 200_000;

pub(crate) fn simulate(scores: Scores, images: usize, calibrations: u64, seed: u64) -> Realised {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut truth: Vec<f32> = (0..DRAWS).map(|_| scores.draw(&mut random) as f32).collect();
    truth.sort_unstable_by(f32::total_cmp);
    let target = Target::USUAL;
    // Its factor depends on the counts alone and takes longer than all the rest.
    let tail = Extrapolation::of(images as u64, target).expect("enough pictures");
    let (mut broken, mut sum, mut heights) = (0, 0.0, Vec::new());
    let truth_at = |share: f64| f64::from(truth[((DRAWS - 1) as f64 * share) as usize]);
    let (median, needed) = (truth_at(0.5), truth_at(1.0 - target.false_alarms.value()));
    for calibration in 0..calibrations {
        let drawn: Vec<f32> = (0..images).map(|_| scores.draw(&mut random) as f32).collect();
        let good = GoodScores::new(&drawn).expect("finite scores");
        let promised = order_statistic::fit(&good, target).map_or_else(|| tail.fit(&good), Ok);
        if calibration == 0 {
            // The first goes through the front door, too.
            assert_eq!(promised, fit(&good, target));
        }
        // Refused: no promise was given.
        let Ok(promised) = promised else { continue };
        let threshold = promised.threshold;
        let rate = (DRAWS - truth.partition_point(|score| *score < threshold)) as f64 / DRAWS as f64;
        broken += u64::from(rate > target.false_alarms.value());
        sum += rate;
        heights.push((f64::from(threshold) - median) / (needed - median));
    }
    heights.sort_unstable_by(f64::total_cmp);
    let height = heights.get(heights.len() / 2).copied().unwrap_or(f64::INFINITY);
    Realised { broken, calibrations, mean_rate: sum / calibrations as f64, height }
}
