//! A board with its disk and its service, and what is done to it.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use moead_bundle::release::{CURRENT, PREVIOUS};
use moead_update::apply::{self, Applied, Request};
use moead_update::error::UpdateError;
use moead_update::host::Host;
use moead_update::installed::{ReleaseName, linked};
use moead_update::record::Record;
use moead_update::rollback;
use moead_update::settle::{self, Settled};
use moead_update::trial::Criteria;

use crate::memory::{Cuts, Entry, Memory, Tree};
use crate::releases::{Release, board, public_key};
use crate::service::{Clock, Life, Scripted};

/// A board that was just started.
pub(crate) struct World {
    pub(crate) disk: Memory,
    pub(crate) service: Scripted,
    clock: Clock,
}

impl World {
    pub(crate) fn start(tree: &Tree, lives: &BTreeMap<String, Life>, cuts: Cuts) -> Self {
        let disk = Memory::of(tree, cuts);
        let clock = Clock::default();
        let service = Scripted::started(&disk, &clock, lives);
        Self { disk, service, clock }
    }

    fn with<T>(&mut self, act: impl FnOnce(&mut Host<'_>) -> T) -> T {
        let mut disk = self.disk.clone();
        act(&mut Host { disk: &mut disk, service: &mut self.service, time: &self.clock, tell: &mut |_| {} })
    }

    /// What `moead-edge update apply` does.
    pub(crate) fn apply(&mut self, release: &Release) -> Result<Applied, UpdateError> {
        let key = public_key();
        let request = Request { key: &key, board: board(), criteria: Criteria::default() };
        self.with(|host| {
            apply::begin(host)?;
            apply::apply(host, release.sealed(), &request)
        })
    }

    /// What the update unit does.
    pub(crate) fn settle(&mut self) -> Result<Settled, UpdateError> {
        self.with(settle::settle)
    }

    pub(crate) fn start_again(&mut self) -> bool {
        self.with(settle::start_again).unwrap()
    }

    pub(crate) fn rollback(&mut self) -> Result<rollback::RolledBack, UpdateError> {
        self.with(rollback::rollback)
    }

    /// Where `previous` leads, if that is another release than `current`.
    pub(crate) fn other(&self) -> Option<ReleaseName> {
        let linked = |link| linked(&self.disk, link).unwrap();
        linked(PREVIOUS).filter(|previous| Some(previous) != linked(CURRENT).as_ref())
    }

    pub(crate) fn record(&self) -> Record {
        Record::load(&self.disk).unwrap()
    }
}

/// The release that a start of the board would run; it must be whole.
#[track_caller]
pub(crate) fn whole<'a>(tree: &Tree, releases: &[&'a Release]) -> &'a Release {
    let runs = |link: &str| {
        let Some(Entry::Link(target)) = tree.get(Path::new(link)) else { panic!("{link} is gone: {}", listed(tree)) };
        let found = releases.iter().find(|release| release.name.target() == *target);
        found.copied().unwrap_or_else(|| panic!("{link} leads to {target}"))
    };
    let current = runs("/opt/moead/current");
    assert!(current.is_whole_in(tree), "{} is not whole: {}", current.name, listed(tree));
    // The program that looks after a trial.
    let previous = runs("/opt/moead/previous");
    assert!(previous.is_whole_in(tree), "previous, {}, is not whole: {}", previous.name, listed(tree));
    // Whatever has a release's name is one.
    let folders = tree.keys().filter(|path| path.parent() == Some(Path::new("/opt/moead/releases")));
    for folder in folders.filter(|path| path.extension().is_none_or(|ending| ending != "part")) {
        let release = releases.iter().find(|release| release.name.folder() == *folder);
        assert!(release.is_some_and(|release| release.is_whole_in(tree)), "{}: {}", folder.display(), listed(tree));
    }
    current
}

fn listed(tree: &Tree) -> String {
    let opt = tree.iter().filter(|(path, _)| path.starts_with("/opt") || path.starts_with("/var"));
    opt.map(|(path, entry)| format!("\n  {} {entry:?}", path.display())).collect()
}

/// Nothing is left over: the linked releases, the record, and no more.
#[track_caller]
pub(crate) fn assert_tidy(tree: &Tree) {
    let linked: HashSet<String> = ["current", "previous"]
        .iter()
        .filter_map(|link| match tree.get(&Path::new("/opt/moead").join(link)) {
            Some(Entry::Link(target)) => Some(target.clone()),
            _ => None,
        })
        .collect();
    for path in tree.keys() {
        let text = path.display().to_string();
        assert!(!text.contains(".part") && !text.contains(".next"), "{text} is left");
        let release = text.strip_prefix("/opt/moead/").filter(|rest| rest.matches('/').count() == 1);
        assert!(release.is_none_or(|release| linked.contains(release)), "{text} is left");
    }
}
