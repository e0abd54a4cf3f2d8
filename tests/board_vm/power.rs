//! Many cuts of one update, from the log of all that was written: what the medium can hold after each is made, and looked at.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::card::{self, ROOT_LENGTH, ROOT_START};
use crate::cut::{self, Cut, Medium};
use crate::dice::Dice;
use crate::examination::{Found, examine};
use crate::write_log::WriteLog;

/// A cut, and what was found after it.
pub(crate) struct Examined {
    pub(crate) cut: Cut,
    pub(crate) found: Result<Found, String>,
    /// The whole card, for those that are to boot.
    pub(crate) card: Option<PathBuf>,
}

/// Of one update.
pub(crate) struct Cuts<'a> {
    pub(crate) log: &'a WriteLog,
    /// The card before the first request of the log.
    pub(crate) base: &'a Path,
    /// Requests of the update.
    pub(crate) update: std::ops::Range<usize>,
    /// The old release and the new one.
    pub(crate) known: &'a [String],
    /// For disks.
    pub(crate) folder: &'a Path,
}

impl Cuts<'_> {
    /// Cuts the power so many times, and keeps `boots` cards, spread over the time; those on which the new release is being tried, where there are any.
    pub(crate) fn examine(&self, count: usize, boots: usize, medium: Medium, dice: &mut Dice) -> Vec<Examined> {
        let medium_path = self.folder.join("medium.img");
        card::copy(self.base, &medium_path).unwrap();
        let disk = File::options().read(true).write(true).open(&medium_path).unwrap();
        let mut done = 0;
        let mut examined: Vec<Examined> = Vec::new();
        for at in cut::moments(self.log, self.update.clone(), count, dice) {
            let cut = Cut::after(self.log, at, medium, dice);
            if cut.barrier > done {
                cut::replay(self.log, done..cut.barrier, &disk).unwrap();
                done = cut.barrier;
            }
            let partition = self.folder.join("root.ext4");
            card::copy_range(&medium_path, &partition, ROOT_START, ROOT_LENGTH).unwrap();
            let root = File::options().write(true).open(&partition).unwrap();
            cut.keep(self.log, &root, ROOT_START).unwrap();
            let found = examine(&partition, self.known);
            let number = examined.len();
            let is_tried =
                found.as_ref().is_ok_and(|found| found.phase.is_some() && Some(&found.current) == self.known.last());
            // One for each part of the time.
            let part = |number: usize| number * boots / count;
            let has_one = examined
                .iter()
                .enumerate()
                .any(|(other, examined)| examined.card.is_some() && part(other) == part(number));
            let is_wanted = boots > 0 && !has_one && (is_tried || part(number + 1) > part(number));
            let card = is_wanted.then(|| {
                let card = self.folder.join(format!("cut.{}.img", number + 1));
                card::copy(&medium_path, &card).unwrap();
                cut.keep(self.log, &File::options().write(true).open(&card).unwrap(), 0).unwrap();
                card
            });
            examined.push(Examined { cut, found, card });
        }
        std::fs::remove_file(&medium_path).unwrap();
        examined
    }
}

/// For people.
pub(crate) fn table(examined: &[Examined]) -> String {
    let mut text = format!(
        "{:>4} {:>8} {:>8} {:>8} {:>6} {:>6}  found\n",
        "cut", "request", "flushed", "volatile", "lost", "torn"
    );
    for (number, Examined { cut, found, card }) in (1..).zip(examined) {
        let found = match found {
            Ok(found) => {
                let trial = found.phase.map_or(String::new(), |phase| format!(", on trial ({phase})"));
                let strays = if found.strays > 0 { format!(", {} strays", found.strays) } else { String::new() };
                format!("{}{trial}{strays}", found.current)
            }
            Err(broken) => format!("BROKEN: {broken}"),
        };
        let booted = if card.is_some() { ", booted" } else { "" };
        let Cut { at, barrier, volatile, lost, torn, .. } = cut;
        text.push_str(&format!(
            "{number:>4} {at:>8} {barrier:>8} {volatile:>8} {lost:>6} {torn:>6}  {found}{booted}\n"
        ));
    }
    text
}
