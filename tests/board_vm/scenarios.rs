//! What a board goes through, a boot or two each.

use moead_tests::golden::write_note;

use crate::board::{Board, Conditions, is_skipped};
use crate::card::MARKS_START;
use crate::cut::Medium;
use crate::dice::Dice;
use crate::figures::figures;
use crate::power::{Cuts, table};
use crate::write_log::WriteLog;

/// A number that somebody asks for: `just power-cuts`.
fn asked(name: &str, default: usize) -> usize {
    std::env::var(name)
        .ok()
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}: {text:?} is no number")))
}

#[test]
fn an_update_and_power_cuts() {
    if is_skipped("an update on a whole board") {
        return;
    }
    let board = Board::new("update");
    let names = [board.releases.folder_name("1"), board.releases.folder_name("2")];
    let base = board.copy_card("before.img");
    let log = board.path("writes.log");
    board.boot(&board.card(), "first", &Conditions { log: Some(&log), ..Conditions::default() });
    it_judges_comes_back_and_takes_an_update(&board, &names);
    write_note(&figures(&board.said("units"), &board.out("journal")));
    let log = WriteLog::open(&log).unwrap();
    let mark = |text: &str| log.place_of(text, MARKS_START).unwrap_or_else(|| panic!("no {text} in the log"));
    let update = mark("BEGIN")..mark("END");
    let (cuts, boots) = (asked("MOEAD_POWER_CUTS", 10), asked("MOEAD_POWER_BOOTS", 1));
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let power = Cuts { log: &log, base: &base, update: update.clone(), known: &names, folder: folder.path() };
    let mut dice = Dice::new(asked("MOEAD_POWER_SEED", 1) as u64);

    let examined = power.examine(cuts, boots, Medium::Honest, &mut dice);
    let flushes = log.entries[update.clone()].iter().filter(|entry| entry.is_flush).count();
    write_note(&format!("an update of {} requests with {flushes} flushes\n{}", update.len(), table(&examined)));
    let broken = examined.iter().filter(|examined| examined.found.is_err()).count();
    assert!(flushes > 5, "the guest does not flush");
    assert_eq!(broken, 0, "boards that were broken by a cut");

    // A disk that forgets what it said it had: were none of those found broken, nothing would be proven above.
    // Near the end of the update: the new release is believed to be there.
    let late = Cuts { update: update.end - update.len() / 5..update.end, ..power };
    let lying = late.examine(12.max(cuts / 10), 0, Medium::Lying { since: update.start }, &mut dice);
    write_note(&format!("on a disk that loses what was flushed\n{}", table(&lying)));
    assert!(lying.iter().any(|examined| examined.found.is_err()), "a disk that lies was not noticed");

    for examined in examined.iter().filter(|examined| examined.card.is_some()) {
        let card = examined.card.as_ref().unwrap();
        board.boot(card, "boot", &Conditions::default());
        let status = board.said("status").json();
        let current = status["current"].as_str().unwrap();
        assert!(names.iter().any(|name| name == current), "{status}");
        assert_eq!(
            (&status["trial"], &status["health"]["healthy"]),
            (&serde_json::Value::Null, &true.into()),
            "{status}"
        );
        let mut kept: Vec<String> = [current, status["previous"].as_str().unwrap_or(current)].map(str::to_owned).into();
        kept.sort();
        kept.dedup();
        assert_eq!(board.said("releases").stdout.lines().collect::<Vec<_>>(), kept, "strays");
        assert_eq!(board.said("files").stdout, "current\nlock\nprevious\nreleases\n");
        std::fs::remove_file(card).unwrap();
    }
}

fn it_judges_comes_back_and_takes_an_update(board: &Board, names: &[String; 2]) {
    let units = board.said("units");
    assert_eq!(units.properties("ActiveState"), ["active", "active"]);
    assert_eq!(board.said("camera").stdout.trim(), "vivid-000-vid-cap");
    assert_eq!(board.said("cache").stdout, "write back\n");
    let back = board.said("back");
    assert_eq!((back.properties("ActiveState"), back.properties("NRestarts")), (vec!["active"], vec!["1"]));
    let update = board.said("update");
    let [old, new] = names;
    assert_eq!(update.stdout, format!("release {new} in place of {old}: well\n"), "{update:?}");
    let after = board.said("update.after").json();
    assert_eq!((&after["current"], &after["previous"]), (&new.as_str().into(), &old.as_str().into()));
    assert_eq!((&after["trial"], &after["last"]["end"]["kind"]), (&serde_json::Value::Null, &"well".into()));
    assert_eq!(board.said("health").status, "0");
    assert_eq!(board.said("units.after").properties("NRestarts"), ["0"], "of the new release");
}

#[test]
fn hard_days() {
    if is_skipped("what a whole board must refuse and survive") {
        return;
    }
    let board = Board::new("hard_days");
    board.releases.small_ones();
    board.boot(&board.card(), "hard_days", &Conditions { clock: Some("1970-01-01T00:00:00"), ..Conditions::default() });
    let wrong = board.releases.folder_name("wrong");
    let (first, second) = (board.releases.folder_name("1"), board.releases.folder_name("small"));
    assert_ne!(
        board.said("date").stdout.trim(),
        "1970",
        "systemd knows better; if it no longer does, the scenario need not set the clock"
    );
    // What was refused has changed nothing.
    let untouched = |step: &str| {
        let status = board.said(&format!("{step}.after")).json();
        assert_eq!(
            (&status["current"], &status["trial"]),
            (&first.as_str().into(), &serde_json::Value::Null),
            "{step}"
        );
        assert_eq!(status["health"]["healthy"], true, "{step}: {status}");
    };
    let refused = ["cut", "altered", "foreign", "older", "elsewhere", "expiring", "full", "wrong"].map(|step| {
        untouched(step);
        let said = board.said(step);
        assert_eq!(said.status, "1", "{step}: {said:?}");
        said.stderr.replace(&wrong, "[wrong]")
    });
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"[0-9a-f]{64}", "[SHA256]");
    settings.add_filter(r"key [0-9A-F]{16}, expected [0-9A-F]{16}", "key [KEY], expected [KEY]");
    settings.add_filter(r"\b\d{7,}\b", "[BYTES]");
    settings.add_filter(r"after \d+ s", "after [TIME]");
    // What qemu calls its ARM boards; its PC has no name.
    settings.add_filter("this board is linux,dummy-virt", "this board is a board without a name");
    let _filters = settings.bind_to_scope();
    insta::assert_snapshot!(refused.join(""), @"
    error: /test/bundles/cut.moead: cut short: moead-edge.zst ends at byte [BYTES], and the file has [BYTES]
    hint: nothing was changed; copy the bundle again, or build it anew with `moead-board build`
    error: /test/bundles/altered.moead: moead-edge: altered: expected SHA-256 [SHA256], found [SHA256]
    hint: nothing was changed; copy the bundle again, or build it anew with `moead-board build`
    error: /test/bundles/foreign.moead: signature: made with key [KEY], expected [KEY]
    hint: nothing was changed; sign it with the key whose other half is in /etc/moead/moead.pub
    error: /test/bundles/older.moead: release 0.9 would replace 1, which is newer
    hint: nothing was changed; `moead-edge update rollback` goes back to the release before; `moead-board build --allow-downgrade` signs that it may
    error: /test/bundles/elsewhere.moead: made for Raspberry Pi 5, and this board is a board without a name
    hint: nothing was changed; build a bundle for this board
    error: /test/bundles/expiring.moead: expires on 2999-01-01, and the board's clock says 1970-01-02, which cannot be
    hint: nothing was changed; set the board's clock
    error: /test/bundles/2.moead: needs [BYTES] bytes in /opt/moead/releases, and [BYTES] are free
    hint: nothing was changed; free some space
    error: /test/bundles/wrong.moead: release [wrong] does not pass its own test on this board: /opt/moead/releases/[wrong]/model.onnx: the numbers of an engine are wrong
    hint: the board runs what it ran before; `moead-edge doctor` says what is wrong with the machine
    ");
    let back = ["crashes", "hangs", "blind"].map(|step| {
        let status = board.said(&format!("{step}.after")).json();
        assert_eq!(
            (&status["current"], &status["last"]["end"]["kind"]),
            (&first.as_str().into(), &"went-back".into()),
            "{step}"
        );
        let said = board.said(step);
        let folder = board.releases.folder_name(step);
        let begin = format!("error: /test/bundles/{step}.moead: release {folder} was not well, and {first} is back: ");
        assert_eq!(said.status, "1", "{said:?}");
        said.stderr.strip_prefix(&begin).unwrap_or_else(|| panic!("{said:?}")).to_owned()
    });
    insta::assert_snapshot!(back.join(""), @"
    it ended (exit-code); error: this release ends at its start
    hint: the board runs what it ran before; `journalctl -u moead-edge` has all that the new release said
    it ended (watchdog)
    hint: the board runs what it ran before; `journalctl -u moead-edge` has all that the new release said
    0 of 5 frames judged after [TIME]; v4l2:///dev/video9: lost: /dev/video9: no such device; there is /dev/video0 (vivid)
    hint: the board runs what it ran before; `journalctl -u moead-edge` has all that the new release said
    ");
    assert_eq!(board.said("killed.then").stdout, "1\n");
    let after = board.said("killed.after").json();
    assert_eq!((&after["current"], &after["last"]["end"]["kind"]), (&second.as_str().into(), &"well".into()));
    assert!(board.said("loop.journal").stdout.contains("the service had been given up, and is started again"));
    let loop_after = board.said("loop.after").json();
    assert_eq!(loop_after["current"], second.as_str());
    assert_eq!(loop_after["health"]["healthy"], true);
}
