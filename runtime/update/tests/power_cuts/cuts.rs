//! Every cut of an update and of a way back, and every cut of what follows it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use moead_update::record::{End, Phase};
use moead_update::settle::Settled;
use moead_update::trial::Reason;

use crate::memory::{Cuts, Tree};
use crate::releases::{Release, installed};
use crate::service::Life;
use crate::world::{World, assert_tidy, whole};

/// What became of all cuts.
struct Met {
    /// Different disks that a cut left.
    disks: usize,
    /// Disks that boards came to rest with.
    at_rest: HashSet<Tree>,
}

/// Starts a board from every disk, and from those that cuts during its recovery leave, until there is none that was not met before.
fn follow(
    cuts: HashSet<Tree>,
    lives: &BTreeMap<String, Life>,
    releases: &[&Release],
    mut check: impl FnMut(&World, &Settled),
) -> Met {
    let mut waiting: Vec<Tree> = cuts.iter().cloned().collect();
    let mut met = cuts;
    let mut at_rest = HashSet::new();
    while let Some(tree) = waiting.pop() {
        whole(&tree, releases);
        let mut world = World::start(&tree, lives, Cuts::Listed);
        let settled = world.settle().unwrap();
        for cut in world.disk.take_cuts() {
            if met.insert(cut.clone()) {
                waiting.push(cut);
            }
        }
        let rest = world.disk.visible();
        let current = whole(&rest, releases);
        assert_tidy(&rest);
        assert_eq!(world.record().trial, None);
        assert_eq!(world.service.running(), Some(current.name.target().as_str()), "what is linked runs");
        check(&world, &settled);
        at_rest.insert(rest);
    }
    Met { disks: met.len(), at_rest }
}

struct Releases {
    older: Release,
    old: Release,
    new: Release,
}

impl Releases {
    fn new() -> Self {
        Self { older: Release::new("1.3"), old: Release::new("1.4"), new: Release::new("1.5") }
    }

    fn all(&self) -> [&Release; 3] {
        [&self.older, &self.old, &self.new]
    }

    fn lives(&self, new: Life) -> BTreeMap<String, Life> {
        BTreeMap::from([(self.new.name.target(), new)])
    }
}

#[test]
fn after_any_cut_of_an_update_the_old_or_the_new_release_runs_whole() {
    let releases = Releases::new();
    let lives = releases.lives(Life::Well);
    let mut world = World::start(&installed(&releases.old, Some(&releases.older)), &lives, Cuts::Listed);
    world.apply(&releases.new).unwrap();
    let rest = world.disk.visible();
    assert_eq!(whole(&rest, &releases.all()).name, releases.new.name);
    assert_tidy(&rest);
    let cuts = world.disk.take_cuts();
    assert!(world.disk.effects() > 40 && cuts.len() > 200, "{} effects, {} disks", world.disk.effects(), cuts.len());
    let mut ends = BTreeMap::new();
    let met = follow(cuts, &lives, &releases.all(), |world, settled| {
        let current = whole(&world.disk.visible(), &releases.all());
        let kind = match settled {
            Settled::Nothing => "nothing",
            Settled::Well(_) => "well",
            Settled::Interrupted(_) => "interrupted",
            // Four cuts in a row while it was on trial: the board cannot know that it was the power.
            Settled::WentBack { reason: Reason::Starts { .. }, .. } => "started too often",
            other => panic!("{other:?}"),
        };
        *ends.entry((kind, current.name.to_string())).or_insert(0) += 1;
        assert_ne!(current.name, releases.older.name);
    });
    let (old, new) = (releases.old.name.to_string(), releases.new.name.to_string());
    let kinds: Vec<_> = ends.keys().cloned().collect();
    let expected = [
        ("interrupted", old.clone()),
        ("nothing", old.clone()),
        ("nothing", new.clone()),
        ("started too often", old),
        ("well", new),
    ];
    assert_eq!(kinds, expected);
    // Wherever it came to rest, the update can be done again.
    for tree in &met.at_rest {
        let mut world = World::start(tree, &lives, Cuts::NotListed);
        world.apply(&releases.new).unwrap();
        let rest = world.disk.visible();
        assert_eq!(whole(&rest, &releases.all()).name, releases.new.name);
        assert_tidy(&rest);
    }
    assert!(met.disks > 200, "{}", met.disks);
}

/// Whatever is cut, and however often: the old release runs, and where the new one was seen to be bad, the reason is kept.
fn after_any_cut_the_old_one_runs(life: Life) {
    let releases = Releases::new();
    let lives = releases.lives(life);
    let begin = installed(&releases.old, Some(&releases.older));
    let mut world = World::start(&begin, &lives, Cuts::Listed);
    let error = world.apply(&releases.new).unwrap_err().to_string();
    assert!(error.contains("was not well, and 1.4-"), "{life:?}: {error}");
    let mut went_back = 0;
    follow(world.disk.take_cuts(), &lives, &releases.all(), |world, settled| {
        let tree = world.disk.visible();
        assert_eq!(whole(&tree, &releases.all()).name, releases.old.name, "{life:?}");
        if let Settled::WentBack { reason, .. } = settled {
            went_back += 1;
            let last = world.record().last.unwrap();
            assert_eq!(last.end, End::WentBack { reason: reason.clone() }, "the reason is kept");
            // What was kept beside the old release before the update still is.
            assert!(releases.older.is_whole_in(&tree), "{life:?}");
        }
    });
    assert!(went_back > 10, "{life:?}: {went_back}");
}

#[test]
fn after_any_cut_of_an_update_to_a_release_that_ends_the_old_one_runs() {
    after_any_cut_the_old_one_runs(Life::Crashes);
}

#[test]
fn after_any_cut_of_an_update_to_a_release_that_hangs_the_old_one_runs() {
    after_any_cut_the_old_one_runs(Life::Hangs);
}

#[test]
fn after_any_cut_of_an_update_to_a_release_that_sees_nothing_the_old_one_runs() {
    after_any_cut_the_old_one_runs(Life::SeesNothing);
}

#[test]
fn after_any_cut_of_an_update_to_a_release_that_fades_the_old_one_runs() {
    after_any_cut_the_old_one_runs(Life::Fades);
}

#[test]
fn after_any_cut_of_a_way_back_by_hand_one_of_the_two_runs() {
    let releases = Releases::new();
    let lives = BTreeMap::new();
    let mut world = World::start(&installed(&releases.new, Some(&releases.old)), &lives, Cuts::Listed);
    let done = world.rollback().unwrap();
    assert_eq!((done.from, done.to), (releases.new.name.clone(), releases.old.name.clone()));
    assert_tidy(&world.disk.visible());
    let (old, new) = (releases.old.name.to_string(), releases.new.name.to_string());
    let mut ends = BTreeSet::new();
    let met = follow(world.disk.take_cuts(), &lives, &releases.all(), |world, settled| {
        let kind = match settled {
            Settled::Nothing => "nothing",
            Settled::WentBack { reason: Reason::Asked, .. } => "went back",
            other => panic!("{other:?}"),
        };
        let tree = world.disk.visible();
        ends.insert((kind, whole(&tree, &releases.all()).name.to_string()));
        assert!(releases.old.is_whole_in(&tree) && releases.new.is_whole_in(&tree), "both are kept");
        assert!(world.other().is_some(), "and the other one can be gone to");
    });
    assert_eq!(ends, BTreeSet::from([("nothing", old.clone()), ("nothing", new), ("went back", old)]));
    assert!(met.disks > 10, "{}", met.disks);
}

#[test]
fn a_board_that_starts_again_and_again_during_a_trial_goes_back() {
    let releases = Releases::new();
    // A kernel that falls over whenever the new release runs: nothing is ever settled, the power only goes.
    let lives = releases.lives(Life::Hangs);
    let mut world = World::start(&installed(&releases.old, None), &lives, Cuts::Listed);
    world.apply(&releases.new).unwrap_err();
    // Starts that a disk has counted, where the new release is still on trial there.
    let counted = |tree: &Tree| {
        let trial = World::start(tree, &lives, Cuts::NotListed).record().trial?;
        let runs = whole(tree, &releases.all()).name == releases.new.name;
        (runs && !matches!(trial.phase, Phase::GoingBack { .. })).then_some(trial.starts)
    };
    let latest = |cuts: HashSet<Tree>| cuts.into_iter().filter(|tree| counted(tree).is_some()).max_by_key(counted);
    let mut tree = latest(world.disk.take_cuts()).unwrap();
    for starts in 0..3 {
        assert_eq!(counted(&tree), Some(starts));
        let mut world = World::start(&tree, &lives, Cuts::Listed);
        world.settle().unwrap();
        // As if the power had gone while the release was being watched.
        tree = latest(world.disk.take_cuts()).unwrap();
    }
    let mut world = World::start(&tree, &lives, Cuts::NotListed);
    let settled = world.settle().unwrap();
    let starts = Reason::Starts { starts: 3 };
    assert!(matches!(&settled, Settled::WentBack { reason, .. } if *reason == starts), "{settled:?}");
}
