//! What a calibration promises, in words.

use std::fmt;

use moead_model::calibration::{ErrorRate, Product, Target};

/// A share per hundred, as few digits as it needs: `1 %`, `0.25 %`. Hardly anything is not shown as nothing (`0.000000001 %` at least), and nearly all not
/// as all (`99.99 %`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percent(pub f64);

/// Digits behind the point, at most.
const DIGITS: i32 = 9;

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hundred = 100.0 * self.0;
        if self.0 > 0.0 && self.0 < 1.0 {
            let least = 10.0_f64.powi(-DIGITS);
            hundred = hundred.clamp(least, 100.0 - least);
        }
        let magnitude = |number: f64| if number > 0.0 { number.log10().floor() as i32 } else { 0 };
        // Three digits are more than any of these shares means, and what is left to all needs one; what is written exactly stays as it was written.
        let digits = (2 - magnitude(hundred)).max(-magnitude(100.0 - hundred)).clamp(0, DIGITS) as usize;
        let text = format!("{hundred:.digits$}");
        let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        write!(f, "{short} %")
    }
}

/// One sentence or two about a product's threshold.
#[derive(Debug, Clone, Copy)]
pub struct Promise<'a> {
    /// The product.
    pub product: &'a Product,
    /// What was to be promised.
    pub target: &'a Target,
}

impl fmt::Display for Promise<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { product: Product { images, method, defects, .. }, target } = self;
        if let Some(defects) = defects {
            let [alarms, misses] = [&defects.false_alarms, &defects.misses].map(of);
            let confidence = Percent(target.confidence);
            return write!(
                f,
                "of these good pictures {alarms} are called defective, of these defective ones {misses} are missed \
                 (intervals at {confidence}; new pictures do somewhat worse than those that the threshold was chosen on)"
            );
        }
        let (share, doubt) = (Percent(target.false_alarms), Percent(1.0 - target.confidence));
        write!(
            f,
            "of good pictures like these {images}, at most {share} are called defective; calibrations are wrong about that in at most {doubt} of cases"
        )?;
        match method.as_deref() {
            Some("order-statistic") => f.write_str("; nothing is assumed about the scores"),
            Some("tail") => f.write_str("; extrapolated from the highest scores, as a tail no heavier than theirs"),
            Some(other) => write!(f, "; by {other}"),
            None => Ok(()),
        }
    }
}

fn of(rate: &ErrorRate) -> String {
    format!("{} of {} ({} to {})", rate.errors, rate.images, Percent(rate.low), Percent(rate.high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_the_digits_that_they_need() {
        let shares =
            [0.01, 0.95, 0.0025, 1.0 - 0.95, 0.0, 1.0, 0.123_456, 1e-5].map(|share| Percent(share).to_string());
        assert_eq!(shares, ["1 %", "95 %", "0.25 %", "5 %", "0 %", "100 %", "12.3 %", "0.001 %"]);
    }

    #[test]
    fn hardly_anything_is_not_nothing_and_nearly_all_is_not_all() {
        let shares = [0.9999, 1.0 - 0.9999, 0.999_5, 1e-300, 1.0 - f64::EPSILON / 2.0];
        let shares = shares.map(|share| Percent(share).to_string());
        assert_eq!(shares, ["99.99 %", "0.01 %", "99.95 %", "0.000000001 %", "99.999999999 %"]);
        let product: Product = serde_json::from_value(
            serde_json::json!({"images": 4000, "threshold": 2.0, "method": "tail", "score": {"median": 1.0, "mad": 0.1}}),
        )
        .unwrap();
        let target: Target =
            serde_json::from_str(r#"{"false_alarms": 0.01, "confidence": 0.9999999999999999}"#).unwrap();
        let said = Promise { product: &product, target: &target }.to_string();
        assert!(said.contains("are wrong about that in at most 0.000000001 % of cases"), "{said}");
    }

    #[test]
    fn a_promise_says_what_it_rests_on() {
        let product = |value| serde_json::from_value::<Product>(value).unwrap();
        let target: Target = serde_json::from_str(r#"{"false_alarms": 0.01, "confidence": 0.95}"#).unwrap();
        let scale = serde_json::json!({"median": 1.0, "mad": 0.1});
        let promised =
            product(serde_json::json!({"images": 320, "threshold": 2.0, "method": "order-statistic", "score": scale}));
        insta::assert_snapshot!(Promise { product: &promised, target: &target }, @"of good pictures like these 320, at most 1 % are called defective; calibrations are wrong about that in at most 5 % of cases; nothing is assumed about the scores");
        let rate = |errors: u64| serde_json::json!({"errors": errors, "images": 20, "low": 0.001, "high": 0.249});
        let chosen = product(serde_json::json!({"images": 20, "threshold": 2.0, "method": "f1", "score": scale,
            "defects": {"false_alarms": rate(1), "misses": rate(0)}}));
        insta::assert_snapshot!(Promise { product: &chosen, target: &target }, @"of these good pictures 1 of 20 (0.1 % to 24.9 %) are called defective, of these defective ones 0 of 20 (0.1 % to 24.9 %) are missed (intervals at 95 %; new pictures do somewhat worse than those that the threshold was chosen on)");
    }
}
