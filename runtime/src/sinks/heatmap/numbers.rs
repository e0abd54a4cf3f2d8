//! Numbers that people read: few digits, the same number of decimals beside each other.

/// No scale has more steps than this.
const STEPS: f64 = 8.0;

/// The number with `digits` digits that count: `31.4`, `0.0123`, `1.2e9`; words for what is not a number.
pub(super) fn rounded(value: f32, digits: usize) -> String {
    let value = f64::from(value);
    if value.is_nan() {
        return "not a number".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "infinite".to_owned() } else { "−infinite".to_owned() };
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits = digits.max(1);
    // Rounding comes first: 9.996 becomes 10.0 and has one digit more before the point.
    let scientific = format!("{value:.*e}", digits - 1);
    let exponent: i32 = scientific.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    let text = if (-4..6).contains(&exponent) {
        let decimals = usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0);
        format!("{value:.decimals$}")
    } else {
        scientific
    };
    text.replace('-', "−")
}

/// Two numbers with as many digits as it takes to see that they differ.
pub(super) fn told_apart(one: f32, other: f32) -> (String, String) {
    // Nine digits tell any two 32-bit floats apart.
    let digits = (3..9).find(|&digits| one == other || rounded(one, digits) != rounded(other, digits)).unwrap_or(9);
    (rounded(one, digits), rounded(other, digits))
}

/// Where a scale from `low` to `high` has its ticks: at multiples of 1, 2 or 5 times a power of ten, with their text.
/// Empty when there is no room between the two.
pub(super) fn ticks(low: f64, high: f64) -> Vec<(f64, String)> {
    let span = high - low;
    if !(span.is_finite() && span > 0.0) {
        return Vec::new();
    }
    let power = 10_f64.powf((span / STEPS).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| span / step <= STEPS + 1e-6);
    let Some(step) = step else { return Vec::new() };
    let first = (low / step - 1e-9).ceil();
    let last = (high / step + 1e-9).floor();
    // A span far below the numbers themselves leaves steps that cannot be told apart.
    if first.abs() > 1e9 || last.abs() > 1e9 {
        return Vec::new();
    }
    // A rounding error must not take 0.1 for a power of ten too low.
    let exponent = |value: f64| (value.log10() + 1e-9).floor() as i32;
    let largest = high.abs().max(low.abs());
    let decimals = usize::try_from(-exponent(step)).unwrap_or(0);
    let plain = largest < 1e6 && decimals <= 4;
    // As many digits as it takes for neighbours to differ.
    let digits = usize::try_from(exponent(largest) - exponent(step)).unwrap_or(0);
    (first as i64..=last as i64)
        .map(|multiple| {
            let value = multiple as f64 * step;
            let text =
                if plain || multiple == 0 { format!("{value:.decimals$}") } else { format!("{value:.digits$e}") };
            (value, if multiple == 0 { "0".to_owned() } else { text.replace('-', "−") })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_count() {
        for (value, text) in [
            (31.416, "31.4"),
            (0.012_345, "0.0123"),
            (9.996, "10.0"),
            (123_456.0, "123456"),
            (1.234e9, "1.23e9"),
            (-2.0e-7, "−2.00e−7"),
            (0.0, "0"),
            (f32::NAN, "not a number"),
            (f32::INFINITY, "infinite"),
        ] {
            assert_eq!(rounded(value, 3), text);
        }
    }

    #[test]
    fn a_score_just_below_the_threshold_looks_smaller() {
        assert_eq!(told_apart(20.4999, 20.5), ("20.4999".to_owned(), "20.5000".to_owned()));
        assert_eq!(told_apart(31.4, 20.5), ("31.4".to_owned(), "20.5".to_owned()));
        assert_eq!(told_apart(2.0, 2.0), ("2.00".to_owned(), "2.00".to_owned()));
    }

    #[test]
    fn ticks_are_round_numbers() {
        let texts = |low, high| ticks(low, high).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        assert_eq!(texts(0.0, 41.0), ["0", "10", "20", "30", "40"]);
        assert_eq!(texts(0.0, 1.0), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(texts(-0.01, 0.012), ["−0.010", "−0.005", "0", "0.005", "0.010"]);
        assert_eq!(texts(0.0, 4.1e9), ["0", "1e9", "2e9", "3e9", "4e9"]);
        assert_eq!(texts(2e9, 2.03e9), ["2.000e9", "2.005e9", "2.010e9", "2.015e9", "2.020e9", "2.025e9", "2.030e9"]);
        assert_eq!(texts(2.0, 8.0), ["2", "3", "4", "5", "6", "7", "8"]);
        assert!(texts(1.0, 1.0).is_empty() && texts(f64::NAN, 1.0).is_empty() && texts(0.0, f64::INFINITY).is_empty());
        assert!(texts(1e12, 1e12 + 1e-3).is_empty());
    }
}
