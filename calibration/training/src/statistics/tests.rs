//! Statistics against their definition.

use nalgebra::DMatrix;

use super::*;
use crate::random::{Purpose, Seed};

const SIDES: [usize; 2] = [3, 5];

/// Channels that hang together, at each place otherwise.
fn pictures(count: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut random = Seed(seed).stream(Purpose::Order, &[]);
    (0..count)
        .map(|_| {
            let common = random.normals()[0];
            let value = |at: usize| {
                let own = random.normals()[0];
                (at as f64 + own * (1.0 + (at % 5) as f64) + common * (at / 5) as f64) as f32
            };
            (0..15).map(value).collect()
        })
        .collect()
}

fn fit(kind: Kind, pictures: &[Vec<f32>]) -> Statistics {
    let show = |visit: &mut dyn FnMut(&[f32])| {
        pictures.iter().for_each(|picture| visit(picture));
        Ok(())
    };
    Statistics::fit(kind, SIDES, &show).unwrap()
}

/// Mean of squared distances over the pictures that they were fitted to: N - 1 over N of the channels.
fn mean_square(statistics: &Statistics, pictures: &[Vec<f32>]) -> f64 {
    let all: Vec<f32> = pictures.iter().flat_map(|picture| statistics.distances(picture)).collect();
    all.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / all.len() as f64
}

#[test]
fn distances_are_in_deviations() {
    let pictures = pictures(200, 1);
    let square = mean_square(&fit(Kind::PositionStd, &pictures), &pictures);
    assert!((square - 5.0 * 199.0 / 200.0).abs() < 1e-3, "{square}");
}

#[test]
fn all_axes_whiten_whatever_hangs_together() {
    let pictures = pictures(200, 1);
    let statistics = fit(Kind::PositionCov(5), &pictures);
    // Without what is added to the variances it would be 5 again.
    let square = mean_square(&statistics, &pictures);
    assert!((4.2..4.975).contains(&square), "{square}");
    // The inverse by another way: a distance is what solving with the covariance itself gives.
    let (place, count) = (1, pictures.len() as f64);
    let mean: Vec<f64> =
        (0..5).map(|c| pictures.iter().map(|p| f64::from(p[5 * place + c])).sum::<f64>() / count).collect();
    let mut covariance = DMatrix::<f64>::from_fn(5, 5, |a, b| {
        let term = |p: &Vec<f32>| (f64::from(p[5 * place + a]) - mean[a]) * (f64::from(p[5 * place + b]) - mean[b]);
        pictures.iter().map(term).sum::<f64>() / (count - 1.0)
    });
    let more = 0.02 * covariance.trace() / 5.0;
    (0..5).for_each(|at| covariance[(at, at)] += more);
    let x = DMatrix::from_fn(5, 1, |c, _| f64::from(pictures[7][5 * place + c]) - mean[c]);
    let wanted = (x.transpose() * covariance.try_inverse().unwrap() * &x)[(0, 0)].sqrt();
    let found = f64::from(statistics.distances(&pictures[7])[place]);
    assert!((found - wanted).abs() < 1e-4 * wanted, "{found} instead of {wanted}");
}

#[test]
fn what_cannot_be_fitted_is_named() {
    let same = vec![vec![1.0_f32; 15]; 4];
    let fit = |kind, pictures: &[Vec<f32>]| {
        let show = |visit: &mut dyn FnMut(&[f32])| {
            pictures.iter().for_each(|picture| visit(picture));
            Ok(())
        };
        Statistics::fit(kind, SIDES, &show)
    };
    let error = |kind, pictures: &[Vec<f32>]| fit(kind, pictures).unwrap_err().to_string();
    assert_eq!(error(Kind::PositionStd, &same[..1]), "expected at least 2 good pictures, found 1");
    assert_eq!(error(Kind::PositionCov(6), &same), "expected 1 to 5 axes, found 6");
    for kind in [Kind::PositionStd, Kind::PositionCov(2)] {
        let expected = "expected vectors that differ from picture to picture, found the same in all 4";
        assert_eq!(error(kind, &same), expected);
    }
    // The same in all of them at one place alone.
    let mut corner = pictures(4, 1);
    corner.iter_mut().for_each(|picture| picture[5..10].fill(1.0));
    assert_eq!(error(Kind::PositionCov(2), &corner), "place 1: the covariance of its vectors is not positive definite");
    let mut broken = pictures(4, 1);
    broken[2][7] = f32::NAN;
    for kind in [Kind::PositionStd, Kind::PositionCov(2)] {
        assert_eq!(error(kind, &broken), "place 1: expected finite vectors, found a mean of NaN");
    }
    // Squares that 32 bits do not hold.
    broken[2][7] = 1e30;
    assert_eq!(error(Kind::PositionCov(2), &broken), "place 0: the covariance of its vectors is not positive definite");
}

#[test]
fn several_pictures_are_as_one_after_the_other() {
    let pictures = pictures(20, 3);
    for kind in [Kind::PositionStd, Kind::PositionCov(4)] {
        let statistics = fit(kind, &pictures);
        let alone: Vec<f32> = pictures[..3].iter().flat_map(|picture| statistics.distances(picture)).collect();
        assert_eq!(statistics.distances(&pictures[..3].concat()), alone);
    }
}
