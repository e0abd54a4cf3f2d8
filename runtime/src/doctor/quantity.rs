//! Amounts as people read them.

use std::fmt;

/// Bytes, in decimal units as disks and memory are sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(&str, f64); 4] = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
        let bytes = self.0 as f64;
        match UNITS.into_iter().find(|(_, unit)| bytes >= *unit) {
            Some((name, unit)) if bytes / unit < 10.0 => write!(f, "{:.1} {name}", bytes / unit),
            Some((name, unit)) => write!(f, "{:.0} {name}", bytes / unit),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

/// Thousandths of a degree Celsius, as the kernel counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Temperature(pub i64);

impl fmt::Display for Temperature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 as f64 / 1e2).round();
        let digits = usize::from(tenths % 10.0 != 0.0);
        write!(f, "{:.digits$} °C", tenths / 10.0)
    }
}

/// Numbers in short: `0-3,5`. Sorted and without repetition.
pub fn ranges(numbers: &[u32]) -> String {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let groups = sorted.chunk_by(|left, right| left.checked_add(1) == Some(*right));
    let shown = groups.filter_map(|group| match group {
        [] => None,
        [one] => Some(one.to_string()),
        [first, .., last] => Some(format!("{first}-{last}")),
    });
    shown.collect::<Vec<_>>().join(",")
}

/// How many numbers a kernel's list `0-3,5` names; None where it is no such list.
pub fn count_of_list(list: &str) -> Option<u64> {
    let counts = list.trim().split(',').map(|part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        last.checked_sub(first)?.checked_add(1)
    });
    counts.into_iter().try_fold(0_u64, |sum, count| sum.checked_add(count?)).filter(|&count| count < 1 << 20)
}

/// `s` where there are more than one.
pub fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_two_digits_at_least_where_they_matter() {
        let shown =
            [0, 999, 1000, 12_345_678, 4_100_000_000, 252_000_000_000, u64::MAX].map(|bytes| Bytes(bytes).to_string());
        assert_eq!(shown, ["0 bytes", "999 bytes", "1.0 kB", "12 MB", "4.1 GB", "252 GB", "18446744 TB"]);
        assert_eq!(
            [51_740, -4_000, 104_500].map(|degrees| Temperature(degrees).to_string()),
            ["51.7 °C", "-4 °C", "104.5 °C"]
        );
    }

    #[test]
    fn lists_of_numbers_go_both_ways() {
        assert_eq!(ranges(&[5, 0, 1, 2, 3, 3]), "0-3,5");
        assert_eq!((ranges(&[]), ranges(&[u32::MAX, 0])), (String::new(), format!("0,{}", u32::MAX)));
        assert_eq!((count_of_list("0-3,5\n"), count_of_list("0")), (Some(5), Some(1)));
        for wrong in ["", "3-0", "a", "0-", "0-18446744073709551615", "0-18446744073709551614,1", "0-99999999"] {
            assert_eq!(count_of_list(wrong), None, "{wrong}");
        }
    }
}
