//! A camera's faults on request: `drop:0.1,stall:5s@20s,lost:3s@1m/10m`.
//!
//! Times are those of the scene, which begins when its source is first opened.

use std::time::Duration;

use crate::stream::uri::UriError;
use crate::stream::uri::query::{closest, duration};

use super::chance::{Chance, Purpose, dice};

/// What happens to single frames, by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// The driver loses it: its number is missing.
    Dropped,
    /// The driver marks it as broken.
    Flagged,
    /// Bytes are missing at its end.
    Short,
    /// The driver hands out the frame before once more, under the same number.
    Repeated,
}

/// What is wrong for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No frames are captured.
    Stall,
    /// The camera is unplugged: reading fails, and so does opening until it is back.
    Lost,
    /// Somebody else has the camera: opening fails. A stream that runs is left alone.
    Busy,
    /// Every frame has the same bytes.
    Frozen,
    /// Every frame is black, but for noise.
    Dark,
    /// Every frame is white, but for noise.
    Bright,
    /// Reading does not return.
    Hang,
    /// Reading fails once; the camera can be opened again at once.
    Fatal,
}

/// A trouble that comes once or again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spell {
    /// What is wrong.
    pub trouble: Trouble,
    /// When it begins first.
    pub start: Duration,
    /// How long it takes; zero for [`Trouble::Fatal`].
    pub length: Duration,
    /// From one beginning to the next; longer than it takes. None: it comes once.
    pub every: Option<Duration>,
}

/// Everything that goes wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// With the share of frames that they happen to. The first that happens counts.
    pub mishaps: Vec<(Mishap, Chance)>,
    /// In the order given.
    pub spells: Vec<Spell>,
}

const MISHAPS: [(&str, Mishap); 4] =
    [("drop", Mishap::Dropped), ("corrupt", Mishap::Flagged), ("short", Mishap::Short), ("repeat", Mishap::Repeated)];

const TROUBLES: [(&str, Trouble); 7] = [
    ("stall", Trouble::Stall),
    ("lost", Trouble::Lost),
    ("busy", Trouble::Busy),
    ("freeze", Trouble::Frozen),
    ("dark", Trouble::Dark),
    ("bright", Trouble::Bright),
    ("hang", Trouble::Hang),
];

const FATAL: &str = "fatal";

impl Faults {
    /// Reads faults with commas between them.
    ///
    /// # Errors
    /// [`UriError::Value`] with the fault that is none, and what it could be.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        let mut faults = Self::default();
        for part in text.split(',') {
            let refused = |expected: String| UriError::Value { key: "fault".into(), value: part.to_owned(), expected };
            let name = part.split([':', '@']).next().unwrap_or_default();
            let rest = &part[name.len()..];
            if let Some((_, mishap)) = MISHAPS.iter().find(|known| known.0 == name) {
                let chance = rest.strip_prefix(':').and_then(Chance::parse);
                let chance = chance.ok_or_else(|| refused(format!("a share from 0 to 1, as in {name}:0.1")))?;
                faults.mishaps.push((*mishap, chance));
            } else if let Some((_, trouble)) = TROUBLES.iter().find(|known| known.0 == name) {
                let spell = spell(*trouble, rest);
                faults.spells.push(spell.ok_or_else(|| {
                    refused(format!(
                        "how long and when, as in {name}:5s@20s, or {name}:5s@20s/1m for every minute from then on"
                    ))
                })?);
            } else if name == FATAL {
                let moments = rest.strip_prefix('@').and_then(moments);
                let (start, every) = moments.ok_or_else(|| {
                    refused("when, as in fatal@20s, or fatal@20s/1m for every minute from then on".into())
                })?;
                faults.spells.push(Spell { trouble: Trouble::Fatal, start, length: Duration::ZERO, every });
            } else {
                return Err(refused(known(name)));
            }
        }
        Ok(faults)
    }

    /// What happens to the frame with that number.
    pub(super) fn mishap(&self, seed: u64, frame: u64) -> Option<Mishap> {
        let mut dice = dice(seed, Purpose::Fault, frame);
        self.mishaps.iter().find(|(_, chance)| chance.happens(&mut dice)).map(|(mishap, _)| *mishap)
    }

    /// The spell of that trouble in which `time` lies: its beginning and its end.
    pub(super) fn during(&self, trouble: Trouble, time: Duration) -> Option<(Duration, Duration)> {
        let spells = self.spells.iter().filter(|spell| spell.trouble == trouble);
        spells.filter_map(|spell| Some((spell, spell.latest(time)?))).find_map(|(spell, start)| {
            let end = start.saturating_add(spell.length);
            (time < end).then_some((start, end))
        })
    }

    /// Whether a spell of that trouble began after `opened`, and not after `time`.
    pub(super) fn began(&self, trouble: Trouble, opened: Duration, time: Duration) -> bool {
        let mut spells = self.spells.iter().filter(|spell| spell.trouble == trouble);
        spells.any(|spell| spell.latest(time).is_some_and(|start| start > opened))
    }
}

impl Spell {
    /// When it began last, at that time.
    fn latest(&self, time: Duration) -> Option<Duration> {
        let since = time.checked_sub(self.start)?;
        let Some(every) = self.every else { return Some(self.start) };
        let into = since.as_nanos() % every.as_nanos();
        // Less than the time itself.
        Some(time - Duration::from_nanos(u64::try_from(into).unwrap_or(0)))
    }
}

/// Reads `:LENGTH@START[/EVERY]`.
fn spell(trouble: Trouble, text: &str) -> Option<Spell> {
    let (length, when) = text.strip_prefix(':')?.split_once('@')?;
    let length = duration(length).filter(|length| !length.is_zero())?;
    let (start, every) = moments(when)?;
    every.is_none_or(|every| every > length).then_some(Spell { trouble, start, length, every })
}

/// Reads `START[/EVERY]`.
fn moments(text: &str) -> Option<(Duration, Option<Duration>)> {
    match text.split_once('/') {
        None => Some((duration(text)?, None)),
        Some((start, every)) => Some((duration(start)?, Some(duration(every).filter(|every| !every.is_zero())?))),
    }
}

/// The list of faults, with the one that `name` looks like.
fn known(name: &str) -> String {
    let mishaps = MISHAPS.iter().map(|known| known.0);
    let troubles = TROUBLES.iter().map(|known| known.0);
    let names = mishaps.clone().chain(troubles.clone()).chain([FATAL]);
    let closest = closest(name, names).map_or(String::new(), |closest| format!("; did you mean `{closest}`?"));
    let mishaps: Vec<_> = mishaps.map(|name| format!("{name}:SHARE")).collect();
    let troubles: Vec<_> = troubles.map(|name| format!("{name}:TIME@TIME")).collect();
    format!("{}, {}, {FATAL}@TIME{closest}", mishaps.join(", "), troubles.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn message(text: &str) -> String {
        Faults::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn faults_are_read() {
        let faults = Faults::parse("drop:0.1,stall:5s@20s,lost:3s@1m/10m,fatal@2s,fatal@1s/7s").unwrap();
        assert_eq!(faults.mishaps, [(Mishap::Dropped, Chance::TENTH)]);
        let spell = |trouble, start, length, every: Option<u64>| Spell {
            trouble,
            start: seconds(start),
            length: seconds(length),
            every: every.map(seconds),
        };
        let expected = [
            spell(Trouble::Stall, 20, 5, None),
            spell(Trouble::Lost, 60, 3, Some(600)),
            spell(Trouble::Fatal, 2, 0, None),
            spell(Trouble::Fatal, 1, 0, Some(7)),
        ];
        assert_eq!(faults.spells, expected);
    }

    #[test]
    fn what_is_no_fault_is_refused_with_what_is() {
        assert_eq!(
            message("drop:0.1,stal:5s@20s"),
            "`fault=stal:5s@20s`: expected drop:SHARE, corrupt:SHARE, short:SHARE, repeat:SHARE, stall:TIME@TIME, \
             lost:TIME@TIME, busy:TIME@TIME, freeze:TIME@TIME, dark:TIME@TIME, bright:TIME@TIME, hang:TIME@TIME, \
             fatal@TIME; did you mean `stall`?"
        );
        assert_eq!(message("drop:2"), "`fault=drop:2`: expected a share from 0 to 1, as in drop:0.1");
        assert_eq!(
            message("stall:5s"),
            "`fault=stall:5s`: expected how long and when, as in stall:5s@20s, or stall:5s@20s/1m for every minute from then on"
        );
        // A stall that takes as long as its period would never end.
        for wrong in [
            "",
            "drop",
            "drop@1s",
            "stall:0s@1s",
            "stall:5s@1s/5s",
            "stall:5s@1s/0s",
            "fatal:1s",
            "fatal",
            "fatal@5",
            "x",
        ] {
            assert!(matches!(Faults::parse(wrong), Err(UriError::Value { .. })), "{wrong}");
        }
    }

    #[test]
    fn a_spell_comes_at_its_time_and_again() {
        let faults = Faults::parse("stall:5s@20s,dark:1s@2s/10s").unwrap();
        let during = |trouble, time| faults.during(trouble, seconds(time));
        for (time, expected) in
            [(0, None), (19, None), (20, Some((20, 25))), (24, Some((20, 25))), (25, None), (99, None)]
        {
            assert_eq!(during(Trouble::Stall, time), expected.map(|(a, b)| (seconds(a), seconds(b))), "{time}");
        }
        for (time, expected) in
            [(1, None), (2, Some((2, 3))), (3, None), (12, Some((12, 13))), (1002, Some((1002, 1003)))]
        {
            assert_eq!(during(Trouble::Dark, time), expected.map(|(a, b)| (seconds(a), seconds(b))), "{time}");
        }
    }

    #[test]
    fn a_fatal_error_comes_once_for_whoever_was_there() {
        let faults = Faults::parse("fatal@10s/10s").unwrap();
        let began = |opened, time| faults.began(Trouble::Fatal, seconds(opened), seconds(time));
        assert!(!began(0, 9) && began(0, 10) && began(0, 15));
        assert!(!began(10, 10) && !began(10, 19) && began(10, 20));
        assert!(began(3, 50) && !began(50, 50));
    }

    #[test]
    fn mishaps_happen_as_often_as_asked() {
        let faults = Faults::parse("drop:0.2,repeat:0.5").unwrap();
        let count = |wanted| (0..10_000).filter(|&frame| faults.mishap(1, frame) == Some(wanted)).count();
        // Of the four fifths that are not dropped, one half. Four standard deviations are 160 and 196.
        assert!((1_840..=2_160).contains(&count(Mishap::Dropped)));
        assert!((3_804..=4_196).contains(&count(Mishap::Repeated)));
    }
}
