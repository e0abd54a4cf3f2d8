//! How large steps are, from the first to the last.

/// Of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Schedule {
    /// The rate, a tenth of it after a share of the steps: as published, after 800 of 1000 epochs.
    Drop {
        /// At first.
        rate: f64,
        /// Share of the steps after which it drops.
        after: f64,
    },
    /// Rises over the first steps, then falls along a cosine to a hundredth.
    Cosine {
        /// The highest.
        rate: f64,
        /// Steps of the rise; never more than a tenth of all.
        warm_up: u64,
    },
}

impl Schedule {
    /// The rate of step `step` of `steps`, counted from 0.
    pub fn rate(self, step: u64, steps: u64) -> f64 {
        match self {
            Self::Drop { rate, after } => {
                if (step as f64) < (steps as f64 * after).round() {
                    rate
                } else {
                    rate * 0.1
                }
            }
            Self::Cosine { rate, warm_up } => {
                let warm_up = warm_up.min(steps / 10);
                if step < warm_up {
                    return rate * (step + 1) as f64 / warm_up as f64;
                }
                let way = (step - warm_up) as f64 / (steps - warm_up).max(1) as f64;
                rate * (0.99 * (1.0 + (std::f64::consts::PI * way).cos()) / 2.0 + 0.01)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_one_drops_once() {
        let schedule = Schedule::Drop { rate: 2e-4, after: 0.8 };
        let rates: Vec<f64> = [0, 799, 800, 999].map(|step| schedule.rate(step, 1000)).into();
        assert_eq!(rates, [2e-4, 2e-4, 2e-4 * 0.1, 2e-4 * 0.1]);
    }

    #[test]
    fn the_cosine_rises_and_falls_to_a_hundredth() {
        let schedule = Schedule::Cosine { rate: 2e-3, warm_up: 60 };
        assert_eq!(schedule.rate(0, 1000), 2e-3 / 60.0);
        assert_eq!(schedule.rate(59, 1000), 2e-3);
        assert_eq!(schedule.rate(60, 1000), 2e-3);
        let half = 2e-3 * (0.99 / 2.0 + 0.01);
        assert!((schedule.rate(530, 1000) - half).abs() < 1e-15);
        assert!((schedule.rate(999, 1000) - 2e-5) < 1e-7);
        // A short run warms up for a tenth of it.
        assert_eq!(schedule.rate(4, 50), 2e-3);
        assert!((schedule.rate(0, 1) - 2e-3).abs() < 1e-15);
    }
}
