//! What fails without the power going: a disk that is full, one that fails once, a manager that does not answer.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use moead_bundle::manifest::Manifest;
use moead_bundle::release::CURRENT;
use moead_bundle::version::Version;
use moead_update::apply::{Applied, RESERVE};
use moead_update::disk::Disk as _;
use moead_update::error::UpdateError;
use moead_update::installed::linked;
use moead_update::record::End;
use moead_update::settle::Settled;
use moead_update::trial::Reason;

use crate::memory::{Cuts, Entry, Memory, Trouble};
use crate::releases::{Release, installed, manifest};
use crate::service::Life;
use crate::world::{World, assert_tidy, whole};

/// Runs an update with a trouble; afterwards the board is started, and the update done again without it.
fn with(trouble: Trouble, old: &Release, new: &Release) -> (usize, Result<Applied, UpdateError>) {
    let mut world = World::start(&installed(old, None), &BTreeMap::new(), Cuts::NotListed);
    world.disk = world.disk.clone().trouble(trouble);
    let applied = world.apply(new);
    let effects = world.disk.effects();
    let tree = world.disk.visible();
    let current = whole(&tree, &[old, new]);
    if applied.is_err() {
        // One that was switched to is on trial still, or only its last word was lost.
        let record = world.record();
        let is_well = record.last.is_some_and(|last| last.release == new.name && last.end == End::Well);
        assert!(current.name == old.name || record.trial.is_some() || is_well, "{trouble:?}");
    }
    let mut again = World::start(&tree, &BTreeMap::new(), Cuts::NotListed);
    again.settle().unwrap();
    assert_tidy(&again.disk.visible());
    again.apply(new).unwrap();
    assert_eq!(whole(&again.disk.visible(), &[old, new]).name, new.name, "{trouble:?}");
    (effects, applied)
}

#[test]
fn a_disk_that_fails_once_costs_the_update_and_not_the_board() {
    let (old, new) = (Release::new("1.4"), Release::new("1.5"));
    let (effects, applied) = with(Trouble::None, &old, &new);
    applied.unwrap();
    let mut failed = 0;
    for at in 0..effects {
        let (_, applied) = with(Trouble::At(at), &old, &new);
        failed += usize::from(applied.is_err());
    }
    // One of them is the call of the understudy, without which an update goes on.
    assert_eq!(failed, effects - 1, "a failure is never passed over");
}

#[test]
fn a_disk_that_fails_once_does_not_keep_a_bad_release_running() {
    let (old, new) = (Release::new("1.4"), Release::new("1.5"));
    let lives = BTreeMap::from([(new.name.target(), Life::Crashes)]);
    let begin = installed(&old, None);
    let mut world = World::start(&begin, &lives, Cuts::NotListed);
    world.apply(&new).unwrap_err();
    for at in 0..world.disk.effects() {
        let mut world = World::start(&begin, &lives, Cuts::NotListed);
        world.disk = world.disk.clone().trouble(Trouble::At(at));
        world.apply(&new).unwrap_err();
        let tree = world.disk.visible();
        whole(&tree, &[&old, &new]);
        let mut again = World::start(&tree, &lives, Cuts::NotListed);
        again.settle().unwrap();
        let rest = again.disk.visible();
        assert_eq!(whole(&rest, &[&old, &new]).name, old.name, "{at}");
        assert_tidy(&rest);
    }
}

#[test]
fn an_update_whose_process_is_killed_anywhere_is_brought_to_its_end_by_the_understudy() {
    let (old, new) = (Release::new("1.4"), Release::new("1.5"));
    for life in [Life::Well, Life::Crashes] {
        let lives = BTreeMap::from([(new.name.target(), life)]);
        let begin = installed(&old, None);
        let mut world = World::start(&begin, &lives, Cuts::NotListed);
        let _ = world.apply(&new);
        let mut ran = 0;
        for at in 0..world.disk.effects() {
            let mut world = World::start(&begin, &lives, Cuts::NotListed);
            world.disk = world.disk.clone().trouble(Trouble::KilledAt(at));
            world.apply(&new).unwrap_err();
            world.disk = world.disk.clone().trouble(Trouble::None);
            // The board was not started: what runs is what ran.
            world.settle().unwrap();
            let rest = world.disk.visible();
            let current = whole(&rest, &[&old, &new]);
            assert_tidy(&rest);
            assert_eq!(
                world.service.running(),
                Some(current.name.target().as_str()),
                "{life:?} {at}: what is linked runs"
            );
            assert_eq!(world.record().trial, None, "{life:?} {at}");
            ran += usize::from(current.name == new.name);
        }
        assert_eq!(ran > 0, life == Life::Well, "{life:?}: {ran}");
    }
}

#[test]
fn a_way_back_by_hand_that_is_killed_anywhere_is_brought_to_its_end_by_the_understudy() {
    let (old, new) = (Release::new("1.4"), Release::new("1.5"));
    let begin = installed(&new, Some(&old));
    let mut world = World::start(&begin, &BTreeMap::new(), Cuts::NotListed);
    world.rollback().unwrap();
    let mut went_back = 0;
    for at in 0..world.disk.effects() {
        let mut world = World::start(&begin, &BTreeMap::new(), Cuts::NotListed);
        world.disk = world.disk.clone().trouble(Trouble::KilledAt(at));
        let _ = world.rollback();
        world.disk = world.disk.clone().trouble(Trouble::None);
        world.settle().unwrap();
        let rest = world.disk.visible();
        let current = whole(&rest, &[&old, &new]);
        assert_tidy(&rest);
        assert_eq!(world.service.running(), Some(current.name.target().as_str()), "{at}: what is linked runs");
        assert!(old.is_whole_in(&rest) && new.is_whole_in(&rest), "{at}: both are kept");
        assert!(world.other().is_some(), "{at}: and the other one can be gone to");
        assert_eq!(world.record().trial, None, "{at}");
        went_back += usize::from(current.name == old.name);
    }
    assert!(went_back > 4, "{went_back}");
}

#[test]
fn a_way_back_by_hand_whose_manager_fails_is_gone_to_its_end() {
    let (old, new) = (Release::new("1.4"), Release::new("1.5"));
    let begin = installed(&new, Some(&old));
    // Once by the update unit, once by whoever asks again.
    let go_on: [fn(&mut World); 2] = [
        |world| assert!(matches!(world.settle().unwrap(), Settled::WentBack { reason: Reason::Asked, .. })),
        |world| assert!(world.rollback().is_ok()),
    ];
    for go_on in go_on {
        // call_understudy, reload, restart.
        for fails_at in 0..3 {
            let mut world = World::start(&begin, &BTreeMap::new(), Cuts::NotListed);
            world.service.fails_at = Some(fails_at);
            match world.rollback() {
                Ok(_) => assert_eq!(fails_at, 0, "without the understudy it goes on"),
                Err(error) => {
                    assert!(matches!(error, UpdateError::Stuck { reason: Reason::Asked, .. }), "{fails_at}: {error}");
                    go_on(&mut world);
                }
            }
            let rest = world.disk.visible();
            assert_eq!(whole(&rest, &[&old, &new]).name, old.name, "{fails_at}");
            assert_eq!(world.service.running(), Some(old.name.target().as_str()), "{fails_at}");
            assert_eq!(world.other().as_ref(), Some(&new.name), "{fails_at}");
            assert_eq!(world.record().last.unwrap().end, End::ByHand, "{fails_at}");
            assert_tidy(&rest);
        }
    }
}

#[test]
fn a_disk_that_gets_full_leaves_the_old_release_running() {
    let (old, new) = (Release::new("1.4"), Release::new("1.5"));
    let (effects, _) = with(Trouble::None, &old, &new);
    let mut refused = 0;
    for from in 0..effects {
        if let (_, Err(error)) = with(Trouble::FullFrom(from), &old, &new) {
            refused += 1;
            assert!(error.to_string().contains("no storage space") || error.to_string().contains("storage"), "{error}");
        }
    }
    assert!(refused > 10, "{refused}");
}

#[test]
fn a_disk_without_room_is_not_written_to() {
    let (old, new) = (Release::new("1.4"), Release::new("1.5"));
    let mut world = World::start(&installed(&old, None), &BTreeMap::new(), Cuts::NotListed);
    world.disk.set_free(RESERVE);
    let error = world.apply(&new).unwrap_err();
    assert!(matches!(error, UpdateError::NoSpace { needed, free: RESERVE, .. } if needed > RESERVE), "{error}");
    assert_eq!(world.disk.effects(), 0);
}

#[test]
fn a_board_writes_nothing_of_what_it_does_not_take() {
    let old = Release::new("1.4");
    let refused = |change: fn(&mut Manifest)| {
        let mut manifest = manifest("1.5");
        change(&mut manifest);
        let mut world = World::start(&installed(&old, None), &BTreeMap::new(), Cuts::NotListed);
        let error = world.apply(&Release::with(manifest)).unwrap_err().to_string();
        assert_eq!((world.disk.effects(), world.service.commands), (0, 0), "{error}");
        error
    };
    // The board's clock is in 1970.
    assert_eq!(
        refused(|manifest| manifest.expires = Some(jiff::civil::date(2027, 6, 30))),
        "expires on 2027-06-30, and the board's clock says 1970-01-01, which cannot be"
    );
    assert_eq!(
        refused(|manifest| manifest.version = Version::parse("1.3.9").unwrap()),
        "release 1.3.9 would replace 1.4, which is newer"
    );
    assert_eq!(
        refused(|manifest| manifest.replaces_from = Version::parse("1.4.1")),
        "replaces releases from 1.4.1, and 1.4 is installed"
    );
    assert_eq!(
        refused(|manifest| manifest.target.boards = vec!["NVIDIA Jetson".into()]),
        "made for NVIDIA Jetson, and this board is a board without a name"
    );
}

#[test]
fn a_manager_that_fails_brings_the_old_release_back() {
    let (old, new) = (Release::new("1.4"), Release::new("1.5"));
    // call_understudy, reload, restart; then reload and restart of the way back.
    for (fails_at, expected) in [(0, "1.5"), (1, "1.4"), (2, "1.4")] {
        let mut world = World::start(&installed(&old, None), &BTreeMap::new(), Cuts::NotListed);
        world.service.fails_at = Some(fails_at);
        let applied = world.apply(&new);
        assert_eq!(applied.is_ok(), expected == "1.5", "{applied:?}");
        let current = whole(&world.disk.visible(), &[&old, &new]);
        assert!(current.name.to_string().starts_with(expected), "{fails_at}: {}", current.name);
        assert_eq!(world.service.running(), Some(current.name.target().as_str()));
    }
}

#[test]
fn a_way_back_that_fails_is_gone_to_its_end_by_the_next_start() {
    let (old, new) = (Release::new("1.4"), Release::new("1.5"));
    let lives = BTreeMap::from([(new.name.target(), Life::Crashes)]);
    for fails_at in [3, 4] {
        let mut world = World::start(&installed(&old, None), &lives, Cuts::NotListed);
        world.service.fails_at = Some(fails_at);
        let error = world.apply(&new).unwrap_err();
        assert!(matches!(error, UpdateError::Stuck { .. }), "{error}");
        let settled = world.settle().unwrap();
        assert!(matches!(&settled, Settled::WentBack { release, .. } if *release == new.name), "{settled:?}");
        assert_eq!(world.service.running(), Some(old.name.target().as_str()));
        assert_tidy(&world.disk.visible());
    }
}

#[test]
fn a_release_that_computes_something_else_is_never_switched_to() {
    let (old, new) = (Release::new("1.4"), Release::new("1.5"));
    let mut world = World::start(&installed(&old, None), &BTreeMap::new(), Cuts::NotListed);
    *world.service.verified.borrow_mut() = Err("map off by 2.1e-2".into());
    let error = world.apply(&new).unwrap_err().to_string();
    assert!(error.ends_with("does not pass its own test on this board: map off by 2.1e-2"), "{error}");
    assert_eq!(world.service.commands, 0, "nothing was stopped");
    assert_tidy(&world.disk.visible());
}

#[test]
fn a_service_that_was_given_up_without_a_trial_is_started_again() {
    let old = Release::new("1.4");
    let mut world = World::start(&installed(&old, None), &BTreeMap::new(), Cuts::NotListed);
    world.service.given_up = true;
    assert_eq!(world.settle().unwrap(), Settled::Again);
    assert_eq!(world.settle().unwrap(), Settled::Nothing);
}

#[test]
fn a_service_that_was_given_up_is_started_again_whatever_the_disk_is_like() {
    let (old, new) = (Release::new("1.4"), Release::new("1.5"));
    let mut world = World::start(&installed(&old, None), &BTreeMap::new(), Cuts::NotListed);
    let record = Path::new("/var/lib/moead-update/state.json");
    world.disk.create(record, 0o644).unwrap().write_all(b"{").unwrap();
    world.disk = world.disk.clone().trouble(Trouble::FullFrom(0));
    world.service.given_up = true;
    assert!(world.start_again());
    assert!(!world.start_again(), "it runs");
    // One on trial is for whoever watches it: starting it again would hide that it ended.
    let mut world = World::start(&installed(&old, None), &BTreeMap::new(), Cuts::NotListed);
    world.service.fails_at = Some(3);
    world.service.lives.insert(new.name.target(), Life::Crashes);
    world.apply(&new).unwrap_err();
    assert!(world.record().trial.is_some());
    world.service.given_up = true;
    assert!(!world.start_again());
}

#[test]
fn a_release_that_is_damaged_or_gone_is_updated_from() {
    let (older, old, new) = (Release::new("1.3"), Release::new("1.4"), Release::new("1.5"));
    let manifest = old.name.folder().join("manifest.json");
    let linked = |world: &World, link: &str| world.disk.target(&Path::new("/opt/moead").join(link)).unwrap();
    // Its manifest is gone, or all of it.
    let damages: [fn(&Path, &Path) -> bool; 2] =
        [|path, manifest| path == manifest, |path, manifest| path.starts_with(manifest.parent().unwrap())];
    for (damage, back) in damages.iter().zip([&old, &older]) {
        for life in [Life::Well, Life::Crashes] {
            let mut tree = installed(&old, Some(&older));
            tree.retain(|path, _| !damage(path, &manifest));
            let lives = BTreeMap::from([(new.name.target(), life)]);
            let mut world = World::start(&tree, &lives, Cuts::NotListed);
            let error = world.apply(&older).unwrap_err().to_string();
            assert_eq!(error, "release 1.3 would replace 1.4, which is newer");
            let applied = world.apply(&new);
            assert_eq!(applied.is_ok(), life == Life::Well, "{applied:?}");
            let runs = if life == Life::Well { &new } else { back };
            assert_eq!(linked(&world, "current"), Some(runs.name.target()), "{life:?}");
            assert_eq!(world.service.running(), Some(runs.name.target().as_str()), "{life:?}");
            if life == Life::Well {
                assert_eq!(linked(&world, "previous"), Some(back.name.target()), "{life:?}");
            }
            assert_tidy(&world.disk.visible());
        }
    }
    // The same release again, where it is gone: it is unpacked anew.
    let mut tree = installed(&old, Some(&older));
    tree.retain(|path, _| !path.starts_with(old.name.folder()));
    let mut world = World::start(&tree, &BTreeMap::new(), Cuts::NotListed);
    world.apply(&old).unwrap();
    assert_eq!(whole(&world.disk.visible(), &[&older, &old]).name, old.name);
}

#[test]
fn what_is_no_link_is_named() {
    let old = Release::new("1.4");
    let mut tree = installed(&old, None);
    tree.insert("/opt/moead/current".into(), Entry::Folder);
    let error = linked(&Memory::of(&tree, Cuts::NotListed), CURRENT).unwrap_err().to_string();
    assert_eq!(error, "/opt/moead/current: expected a link to a release, found something else");
}

#[test]
fn a_release_that_is_there_already_is_used_when_it_is_whole_and_replaced_when_it_is_not() {
    let (old, new) = (Release::new("1.4"), Release::new("1.5"));
    let mut world = World::start(&installed(&new, Some(&old)), &BTreeMap::new(), Cuts::NotListed);
    world.rollback().unwrap();
    let before = world.disk.effects();
    world.apply(&new).unwrap();
    let reused = world.disk.effects() - before;
    assert!(matches!(world.apply(&new).unwrap(), Applied::Already { release } if release == new.name));
    world.rollback().unwrap();
    let path = new.name.folder().join("model.onnx");
    world.disk.remove_file(&path).unwrap();
    world.disk.create(&path, 0o644).unwrap().write_all(b"rot").unwrap();
    let error = world.rollback().unwrap_err().to_string();
    assert!(error.contains("model.onnx: expected SHA-256"), "{error}");
    let before = world.disk.effects();
    world.apply(&new).unwrap();
    assert!(world.disk.effects() - before > reused, "it was unpacked anew");
    assert_eq!(whole(&world.disk.visible(), &[&old, &new]).name, new.name);
}

#[test]
fn a_board_without_the_links_of_a_release_gets_them() {
    let (old, new) = (Release::new("1.4"), Release::new("1.5"));
    let mut tree = installed(&old, None);
    tree.retain(|path, _| !path.ends_with("moead-edge.service") || path.starts_with("/opt"));
    let mut world = World::start(&tree, &BTreeMap::new(), Cuts::NotListed);
    world.apply(&new).unwrap();
    let links = world.disk.visible();
    let there: Vec<_> = links.keys().filter(|path| path.ends_with("moead-edge.service")).collect();
    assert_eq!(there.iter().filter(|path| path.starts_with("/etc")).count(), 2, "{there:?}");
}
