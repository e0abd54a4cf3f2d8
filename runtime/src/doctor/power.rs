//! The power mode of a Jetson: how many watts it may take, and so how fast it is and how many cores it has.

use super::finding::{Area, Finding};
use super::limits;
use super::root::Root;

const AREA: Area = Area::Power;

pub(super) fn findings(root: &Root) -> Vec<Finding> {
    let Some(text) = root.text("etc/nvpmodel.conf") else { return Vec::new() };
    let modes = Modes::of(&text);
    // `pmode:0002`, maybe with more behind it; without that file the board is in its default.
    let status = root.line("var/lib/nvpmodel/status");
    let number = status.as_deref().and_then(|line| {
        let digits = line.split("pmode:").nth(1)?;
        let end = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
        digits[..end].parse().ok()
    });
    let Some(number) = number.or(modes.default) else {
        return vec![Finding::note(AREA, "power mode", "not known: `sudo nvpmodel -q` tells it")];
    };
    vec![modes.finding(number)]
}

/// What `/etc/nvpmodel.conf` offers.
#[derive(Debug, Default)]
struct Modes {
    modes: Vec<Mode>,
    default: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mode {
    number: u32,
    name: String,
}

impl Modes {
    fn of(text: &str) -> Self {
        let mut modes = Self::default();
        for line in text.lines().map(str::trim).filter(|line| line.starts_with('<')) {
            let value = |key: &str| {
                let words = line.split(|character: char| character.is_whitespace() || "<>".contains(character));
                words.into_iter().find_map(|word| word.strip_prefix(key))
            };
            if line.contains("POWER_MODEL") {
                if let Some((number, name)) = value("ID=").and_then(|number| number.parse().ok()).zip(value("NAME="))
                    && modes.modes.len() < limits::PARTS
                {
                    modes.modes.push(Mode { number, name: super::root::cut(name) });
                }
            } else if line.contains("PM_CONFIG") {
                modes.default = value("DEFAULT=").and_then(|number| number.parse().ok());
            }
        }
        modes
    }

    fn finding(&self, number: u32) -> Finding {
        let Some(mode) = self.modes.iter().find(|mode| mode.number == number) else {
            return Finding::note(AREA, "power mode", format!("{number}, which /etc/nvpmodel.conf does not describe"));
        };
        let strength = |mode: &&Mode| watts(&mode.name);
        let best = self.modes.iter().max_by_key(strength).filter(|best| strength(best) > strength(&mode));
        let is_weakest = self.modes.iter().all(|other| strength(&other) >= strength(&mode));
        let Some(best) = best else { return Finding::ok(AREA, "power mode", mode.name.clone()) };
        let remedy = format!("`sudo nvpmodel -m {}`, if the power supply and the cooling are made for it", best.number);
        let finding = if is_weakest {
            Finding::warning(AREA, "power mode", format!("{}, the slowest; the fastest is {}", mode.name, best.name))
        } else {
            Finding::note(AREA, "power mode", format!("{}; the fastest is {}", mode.name, best.name))
        };
        finding.remedy(remedy)
    }
}

/// What a mode's name says of its power: `15W`, `MODE_30W`, `10W_2CORE`. `MAXN` and `MAXN_SUPER` have no limit; a name that says
/// nothing is the least.
fn watts(name: &str) -> u32 {
    if name.starts_with("MAXN") {
        return u32::MAX;
    }
    let numbers = name.split(|character: char| !character.is_ascii_alphanumeric());
    numbers.filter_map(|word| word.strip_suffix('W')?.parse().ok()).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_compared_by_their_watts_and_not_by_their_numbers() {
        let modes = Modes::of(
            "< POWER_MODEL ID=0 NAME=15W >\n< POWER_MODEL ID=1 NAME=25W >\nCPU_ONLINE CORE_0 1\n\
                               < POWER_MODEL ID=2 NAME=MAXN_SUPER >\n< POWER_MODEL ID=3 NAME=7W >\n< PM_CONFIG DEFAULT=1 >\n",
        );
        assert_eq!((modes.modes.len(), modes.default), (4, Some(1)));
        let told = |number| {
            let finding = modes.finding(number);
            (finding.state.name(), finding.value, finding.remedy.is_some())
        };
        assert_eq!(told(0), ("note", "15W; the fastest is MAXN_SUPER".into(), true));
        assert_eq!(told(2), ("ok", "MAXN_SUPER".into(), false));
        assert_eq!(told(3), ("warning", "7W, the slowest; the fastest is MAXN_SUPER".into(), true));
        assert_eq!(told(9), ("note", "9, which /etc/nvpmodel.conf does not describe".into(), false));
        assert_eq!(["10W_2CORE", "MODE_30W", "MAXN", "5W", "X", ""].map(watts), [10, 30, u32::MAX, 5, 0, 0]);
    }

    #[test]
    fn a_board_with_one_mode_is_in_its_best() {
        assert_eq!(Modes::of("< POWER_MODEL ID=0 NAME=15W >").finding(0).state.name(), "ok");
    }
}
