//! `moead-edge update` and `moead-edge health`, on boards that are folders, with stand-ins for systemd.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use minisign::KeyPair;
use moead_bundle::manifest::Downgrade;
use moead_bundle::version::Version;

mod board;
mod https;

use board::{Board, Wish, filters};

/// The last that a way back by hand asks of systemd: somebody who takes over first.
const BACK: &str = "systemctl start --no-block moead-edge-update.service\nsystemctl daemon-reload\nsystemctl reset-failed moead-edge.service\n\
    systemctl restart --no-block moead-edge.service\n";

#[test]
fn a_release_is_applied_and_can_be_gone_back_from() {
    let _filters = filters();
    let board = Board::new();
    board.bundle("1.5", &Wish::default());
    insta::assert_snapshot!(board.applies("1.5.moead"), @r"
    status: 0
    ----- stdout
    release 1.5-[DIGEST] in place of 1.4-[DIGEST]: well
    ");
    assert_eq!((board.current().as_str(), board.releases()), ("1.5", vec!["1.4".into(), "1.5".into()]));
    insta::assert_snapshot!(board.calls(), @r"
    systemctl start --no-block moead-edge-update.service
    systemctl daemon-reload
    systemctl reset-failed moead-edge.service
    systemctl restart --no-block moead-edge.service
    systemctl show -p ActiveState,SubState,Result,NRestarts,MainPID,InvocationID moead-edge.service
    ");
    insta::assert_snapshot!(board.says("update status"), @r"
    status: 0
    ----- stdout
    current   1.5-[DIGEST]
    previous  1.4-[DIGEST]
    last      1.5-[DIGEST], [DATE]: well
    service   well
    ");
    insta::assert_snapshot!(board.applies("1.5.moead"), @r"
    status: 0
    ----- stdout
    release 1.5-[DIGEST] runs already
    ");
    // The one before is kept, others go.
    board.bundle("1.6", &Wish::default());
    board.applies("1.6.moead");
    assert_eq!((board.current().as_str(), board.releases()), ("1.6", vec!["1.5".into(), "1.6".into()]));
    insta::assert_snapshot!(board.says("update rollback"), @r"
    status: 0
    ----- stdout
    release 1.5-[DIGEST] in place of 1.6-[DIGEST]
    ");
    assert_eq!((board.current().as_str(), board.releases()), ("1.5", vec!["1.5".into(), "1.6".into()]));
    assert!(board.calls().ends_with(BACK), "{}", board.calls());
    insta::assert_snapshot!(board.says("update status --json"), @r#"
    status: 0
    ----- stdout
    {"schema":1,"current":"1.5-[DIGEST]","previous":"1.6-[DIGEST]","trial":null,"last":{"release":"1.5-[DIGEST]","date":"[DATE]","end":{"kind":"by-hand"}},"health":{"healthy":true,"reasons":[]}}
    "#);
    insta::assert_snapshot!(board.says("update settle"), @r"status: 0");
}

#[test]
fn a_trial_has_frames_and_whole_seconds() {
    let _filters = filters();
    let board = Board::new();
    board.bundle("1.5", &Wish::default());
    let refused = |flag: &str| {
        let said = board.says(&format!("update apply 1.5.moead {flag}"));
        assert_eq!((board.releases(), board.calls().as_str()), (vec!["1.4".to_owned()], ""), "{said}");
        said
    };
    insta::assert_snapshot!(refused("--frames 0"), @r"
    status: 2
    ----- stderr
    error: invalid value '0' for '--frames <N>': expected a whole number, at least 1

    For more information, try '--help'.
    ");
    for (flag, value) in [("soak", "500ms"), ("soak", "1.5s"), ("patience", "0.2s")] {
        let error = format!("error: invalid value '{value}' for '--{flag} <TIME>': expected whole seconds, as in 90s");
        let said = refused(&format!("--{flag} {value}"));
        assert!(said.starts_with("status: 2\n") && said.contains(&error), "{said}");
    }
}

#[test]
fn a_release_that_is_not_well_goes_back_by_itself() {
    let _filters = filters();
    let gone_back = |life| {
        let board = Board::new();
        board.bundle("1.5", &Wish { life, ..Wish::default() });
        let said = board.applies("1.5.moead");
        assert_eq!((board.current().as_str(), board.releases()), ("1.4", vec!["1.4".to_owned()]), "{said}");
        assert!(board.calls().ends_with("systemctl restart --no-block moead-edge.service\n"), "{}", board.calls());
        (board, said)
    };
    insta::assert_snapshot!(gone_back("crashes").1, @r"
    status: 1
    ----- stderr
    error: 1.5.moead: release 1.5-[DIGEST] was not well, and 1.4-[DIGEST] is back: it ended (exit-code); error: model.onnx: cut short
    hint: the board runs what it ran before; `journalctl -u moead-edge` has all that the new release said
    ");
    insta::assert_snapshot!(gone_back("hangs").1, @r"
    status: 1
    ----- stderr
    error: 1.5.moead: release 1.5-[DIGEST] was not well, and 1.4-[DIGEST] is back: not ready after 0 s; error: model.onnx: cut short
    hint: the board runs what it ran before; `journalctl -u moead-edge` has all that the new release said
    ");
    let (board, said) = gone_back("blind");
    insta::assert_snapshot!(said, @r"
    status: 1
    ----- stderr
    error: 1.5.moead: release 1.5-[DIGEST] was not well, and 1.4-[DIGEST] is back: 0 of 5 frames judged after 0 s; line1: lost
    hint: the board runs what it ran before; `journalctl -u moead-edge` has all that the new release said
    ");
    // The reason is kept.
    insta::assert_snapshot!(board.says("update status"), @r"
    status: 0
    ----- stdout
    current   1.4-[DIGEST]
    previous  none
    last      1.5-[DIGEST], [DATE]: went back: 0 of 5 frames judged after 0 s; line1: lost
    service   well
    ");
}

#[test]
fn a_release_that_fails_its_own_test_is_never_started() {
    let _filters = filters();
    let board = Board::new();
    let own_test = "echo 'error: tract: map off by 2.1e-2, at most 1.0e-4' >&2; exit 1";
    board.bundle("1.5", &Wish { own_test, ..Wish::default() });
    insta::assert_snapshot!(board.applies("1.5.moead"), @r"
    status: 1
    ----- stderr
    error: 1.5.moead: release 1.5-[DIGEST] does not pass its own test on this board: tract: map off by 2.1e-2, at most 1.0e-4
    hint: the board runs what it ran before; `moead-edge doctor` says what is wrong with the machine
    ");
    assert_eq!((board.current().as_str(), board.releases()), ("1.4", vec!["1.4".to_owned()]));
    assert_eq!(board.calls(), "");
}

#[test]
fn a_bundle_that_is_not_for_this_board_is_not_unpacked() {
    let _filters = filters();
    let refused = |wish: &Wish| {
        let board = Board::new();
        let version = if wish.life == "older" { "1.3" } else { "1.5" };
        board.bundle(version, wish);
        let said = board.applies(&format!("{version}.moead"));
        assert_eq!((board.releases(), board.calls().as_str()), (vec!["1.4".to_owned()], ""), "{said}");
        said
    };
    insta::assert_snapshot!(refused(&Wish { life: "older", ..Wish::default() }), @r"
    status: 1
    ----- stderr
    error: 1.3.moead: release 1.3 would replace 1.4, which is newer
    hint: nothing was changed; `moead-edge update rollback` goes back to the release before; `moead-board build --allow-downgrade` signs that it may
    ");
    let change = |manifest: &mut moead_bundle::manifest::Manifest| {
        manifest.expires = Some(jiff::civil::date(2026, 1, 2));
    };
    insta::assert_snapshot!(refused(&Wish { change, ..Wish::default() }), @r"
    status: 1
    ----- stderr
    error: 1.5.moead: expired on 2026-01-02, and it is [TODAY]
    hint: nothing was changed; build a bundle for this board
    ");
    let change =
        |manifest: &mut moead_bundle::manifest::Manifest| manifest.target.boards = vec!["NVIDIA Jetson".into()];
    insta::assert_snapshot!(refused(&Wish { change, ..Wish::default() }), @r"
    status: 1
    ----- stderr
    error: 1.5.moead: made for NVIDIA Jetson, and this board is a board without a name
    hint: nothing was changed; build a bundle for this board
    ");
    let change =
        |manifest: &mut moead_bundle::manifest::Manifest| manifest.target.triple = "riscv64gc-unknown-linux-gnu".into();
    insta::assert_snapshot!(refused(&Wish { change, ..Wish::default() }), @r"
    status: 1
    ----- stderr
    error: 1.5.moead: made for riscv64gc-unknown-linux-gnu, and this board is [HERE]-unknown-linux-gnu
    hint: nothing was changed; build a bundle for this board
    ");
    let change =
        |manifest: &mut moead_bundle::manifest::Manifest| manifest.target.glibc = Version::parse("2.99").unwrap();
    insta::assert_snapshot!(refused(&Wish { change, ..Wish::default() }), @r"
    status: 1
    ----- stderr
    error: 1.5.moead: needs glibc 2.99, and this board has 2.36
    hint: nothing was changed; build a bundle for this board
    ");
    let keys = Some(KeyPair::generate_unencrypted_keypair().unwrap());
    insta::assert_snapshot!(refused(&Wish { keys, ..Wish::default() }), @r"
    status: 1
    ----- stderr
    error: 1.5.moead: signature: made with key [KEY], expected [KEY]
    hint: nothing was changed; sign it with the key whose other half is in /etc/moead/moead.pub
    ");
}

#[test]
fn an_older_release_is_taken_when_that_was_signed() {
    let _filters = filters();
    let board = Board::new();
    let change = |manifest: &mut moead_bundle::manifest::Manifest| manifest.downgrade = Downgrade::Allowed;
    board.bundle("1.3", &Wish { change, ..Wish::default() });
    board.applies("1.3.moead");
    assert_eq!(board.current(), "1.3");
}

#[test]
fn a_damaged_bundle_is_not_unpacked() {
    let _filters = filters();
    let board = Board::new();
    let bytes = board.bundle("1.5", &Wish::default());
    let refused = |bytes: &[u8]| {
        board.write("damaged.moead", bytes);
        let said = board.applies("damaged.moead");
        assert_eq!((board.releases(), board.calls().as_str()), (vec!["1.4".to_owned()], ""), "{said}");
        said
    };
    insta::assert_snapshot!(refused(&bytes[..bytes.len() - 2000]), @r"
    status: 1
    ----- stderr
    error: damaged.moead: cut short: systemd/moead-edge.service.zst ends at byte 6656, and the file has 6192
    hint: nothing was changed; copy the bundle again, or build it anew with `moead-board build`
    ");
    let mut altered = bytes.clone();
    let at = altered.len() - 1024 - 512 + 3;
    altered[at] ^= 1;
    insta::assert_snapshot!(refused(&altered), @r"
    status: 1
    ----- stderr
    error: damaged.moead: systemd/moead-edge.service: altered: expected SHA-256 [SHA256], found [SHA256]
    hint: nothing was changed; copy the bundle again, or build it anew with `moead-board build`
    ");
    insta::assert_snapshot!(refused(b"PK"), @r"
    status: 1
    ----- stderr
    error: damaged.moead: not a bundle: it does not begin with manifest.json
    hint: nothing was changed; copy the bundle again, or build it anew with `moead-board build`
    ");
    insta::assert_snapshot!(board.applies("missing.moead"), @r"
    status: 1
    ----- stderr
    error: missing.moead: No such file or directory (os error 2)
    hint: check the path
    ");
}

/// A way back by hand that was cut off.
const GOING_BACK: &str = r#"{"schema":1,"trial":{"from":"1.4-0123456789ab","to":"1.5-0123456789ab","before":"1.5-0123456789ab",
    "starts":4294967295,"criteria":{"frames":5,"patience":300,"soak":90},"phase":{"name":"going-back","reason":{"kind":"asked"}}},"last":null}"#;

#[test]
fn a_board_that_is_not_set_up_says_what_is_missing() {
    let _filters = filters();
    let board = Board::new();
    board.bundle("1.5", &Wish::default());
    std::fs::remove_file(board.path("etc/moead/moead.pub")).unwrap();
    insta::assert_snapshot!(board.applies("1.5.moead"), @r"
    status: 1
    ----- stderr
    error: /etc/moead/moead.pub: no such file
    hint: `moead-board install` and `moead-board image` put the key there; copy it by hand: `moead.pub` of `moead-board key new`
    ");
    insta::assert_snapshot!(board.says("update rollback"), @r"
    status: 1
    ----- stderr
    error: there is no release to go back to: 1.4-[DIGEST] is the only one
    ");
    let lock = std::fs::File::create(board.path("opt/moead/lock")).unwrap();
    lock.lock().unwrap();
    insta::assert_snapshot!(board.says("update rollback"), @r"
    status: 1
    ----- stderr
    error: /opt/moead/lock: held by another update
    hint: it ends by itself; `moead-edge update status` says how
    ");
    drop(lock);
    board.write("var/lib/moead-update/state.json", "{}");
    insta::assert_snapshot!(board.says("update status"), @r"
    status: 1
    ----- stderr
    error: /var/lib/moead-update/state.json: missing field `schema` at line 1 column 2
    hint: remove the file: the release that `current` leads to stays, and a trial counts as passed
    ");
    std::fs::remove_file(board.path("var/lib/moead-update/state.json")).unwrap();
    board.write("var/lib/moead-update/state.json", GOING_BACK);
    insta::assert_snapshot!(board.says("update status"), @"
    status: 0
    ----- stdout
    current   1.4-[DIGEST]
    previous  none
    back to   1.4-[DIGEST] from 1.5-[DIGEST]: as asked
    service   absent: [BOARD]/run/moead/state.json: no such file
    ");
    std::fs::remove_file(board.path("var/lib/moead-update/state.json")).unwrap();
    std::fs::remove_file(board.path("opt/moead/current")).unwrap();
    std::fs::create_dir(board.path("opt/moead/current")).unwrap();
    insta::assert_snapshot!(board.says("update status"), @"
    status: 1
    ----- stderr
    error: /opt/moead/current: expected a link to a release, found something else
    hint: move it away; the first release comes by `moead-board install` or `moead-board image`
    ");
    std::fs::remove_dir(board.path("opt/moead/current")).unwrap();
    insta::assert_snapshot!(board.says("update status"), @r"
    status: 0
    ----- stdout
    current   none
    previous  1.4-[DIGEST]
    service   absent: [BOARD]/run/moead/state.json: no such file
    ");
    insta::assert_snapshot!(board.says("update rollback"), @r"
    status: 1
    ----- stderr
    error: /opt/moead/current: no release is installed
    hint: the first release comes by `moead-board install` or `moead-board image`
    ");
}

#[test]
fn a_service_that_was_given_up_is_started_again_whatever_else_is_wrong() {
    let _filters = filters();
    let board = Board::new();
    let is_started = || board.calls().contains("systemctl restart --no-block moead-edge.service\n");
    // A record that cannot be read.
    board.write("given-up", "");
    board.write("var/lib/moead-update/state.json", "{");
    insta::assert_snapshot!(board.says("update settle"), @"
    status: 1
    ----- stderr
    note: the service had been given up, and is started again; no release is on trial
    error: /var/lib/moead-update/state.json: EOF while parsing an object at line 1 column 1
    hint: remove the file: the release that `current` leads to stays, and a trial counts as passed
    ");
    assert!(is_started(), "{}", board.calls());
    std::fs::remove_file(board.path("var/lib/moead-update/state.json")).unwrap();
    // A lock that cannot be opened, as on a disk that can only be read.
    board.write("calls", "");
    board.write("given-up", "");
    std::fs::remove_file(board.path("opt/moead/lock")).unwrap();
    std::fs::create_dir(board.path("opt/moead/lock")).unwrap();
    insta::assert_snapshot!(board.says("update settle"), @"
    status: 1
    ----- stderr
    note: the service had been given up, and is started again; no release is on trial
    error: /opt/moead/lock: Is a directory (os error 21)
    ");
    assert!(is_started(), "{}", board.calls());
    std::fs::remove_dir(board.path("opt/moead/lock")).unwrap();
    // An update that has the lock, while it fetches from a slow server.
    board.write("calls", "");
    board.write("given-up", "");
    let restarted = board.path("restarted");
    rustix::fs::mkfifoat(rustix::fs::CWD, &restarted, rustix::fs::Mode::RWXU).unwrap();
    let lock = std::fs::File::create(board.path("opt/moead/lock")).unwrap();
    lock.lock().unwrap();
    let said = std::thread::scope(|scope| {
        let settle = scope.spawn(|| board.says("update settle"));
        std::fs::read(&restarted).unwrap();
        drop(lock);
        settle.join().unwrap()
    });
    insta::assert_snapshot!(said, @"
    status: 0
    ----- stderr
    note: the service had been given up, and is started again; no release is on trial
    ");
}

/// A server that answers one request; its address.
fn serve(head: &str, body: Vec<u8>) -> (String, std::thread::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/1.5.moead", listener.local_addr().unwrap());
    let head = head.replace("LENGTH", &body.len().to_string());
    let thread = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            connection.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        connection.write_all(format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
        // Whoever has seen enough closes.
        body.chunks(4096).take_while(|piece| connection.write_all(piece).is_ok()).map(<[u8]>::len).sum()
    });
    (address, thread)
}

#[test]
fn a_bundle_is_fetched_and_no_byte_more_than_was_signed() {
    let _filters = filters();
    const FINE: &str = "200 OK\r\nContent-Length: LENGTH";
    let board = Board::new();
    let bytes = board.bundle("1.5", &Wish::default());
    let fetched = |head: &str, body: Vec<u8>| {
        let (address, server) = serve(head, body);
        let said = board.applies(&address);
        server.join().unwrap();
        let left = board.releases().into_iter().filter(|name| name.contains("part")).count();
        (said, left)
    };
    let refused = |head: &str, body: Vec<u8>| {
        let (said, left) = fetched(head, body);
        assert_eq!(left, 0, "{said}");
        assert_eq!((board.current().as_str(), board.calls().as_str()), ("1.4", ""), "{said}");
        said
    };
    insta::assert_snapshot!(refused("404 Not Found\r\nContent-Length: 0", Vec::new()), @r"
    status: 1
    ----- stderr
    error: http://[SERVER]/1.5.moead: http status: 404
    hint: nothing was changed; check the address, or copy the bundle and give its path
    ");
    insta::assert_snapshot!(refused(FINE, b"<html>".repeat(100)), @r"
    status: 1
    ----- stderr
    error: http://[SERVER]/1.5.moead: not a bundle: it does not begin with manifest.json
    hint: nothing was changed; copy the bundle again, or build it anew with `moead-board build`
    ");
    insta::assert_snapshot!(refused(FINE, bytes[..bytes.len() - 1].to_vec()), @r"
    status: 1
    ----- stderr
    error: http://[SERVER]/1.5.moead: the server announces 8191 bytes, and 8192 were signed
    hint: nothing was changed; put the whole bundle on the server
    ");
    // Without an announced length: it is the manifest that decides.
    insta::assert_snapshot!(refused("200 OK", bytes[..bytes.len() - 700].to_vec()), @r"
    status: 1
    ----- stderr
    error: http://[SERVER]/1.5.moead: ended after 7492 bytes, expected 8192
    hint: nothing was changed; try again
    ");
    insta::assert_snapshot!(refused("200 OK", [bytes.as_slice(), &[0; 4096]].concat()), @r"
    status: 1
    ----- stderr
    error: http://[SERVER]/1.5.moead: more than the 8192 bytes that were signed
    hint: nothing was changed; try again
    ");
    board.bundle("1.3", &Wish::default());
    let older = std::fs::read(board.path("1.3.moead")).unwrap();
    insta::assert_snapshot!(refused(FINE, older), @r"
    status: 1
    ----- stderr
    error: http://[SERVER]/1.5.moead: release 1.3 would replace 1.4, which is newer
    hint: nothing was changed; `moead-edge update rollback` goes back to the release before; `moead-board build --allow-downgrade` signs that it may
    ");
    let (said, left) = fetched(FINE, bytes);
    insta::assert_snapshot!(said, @r"
    status: 0
    ----- stdout
    release 1.5-[DIGEST] in place of 1.4-[DIGEST]: well
    ");
    assert_eq!((board.current().as_str(), left), ("1.5", 0));
}

#[test]
fn health_is_an_exit_status() {
    let _filters = filters();
    let board = Board::new();
    let health = |more: &str| {
        let path = board.path("state.json").display().to_string();
        moead_tests::command::Program::new("moead-edge")
            .args(format!("health --state-file {path} {more}").split_whitespace())
            .run()
            .transcript()
    };
    insta::assert_snapshot!(health(""), @r"
    status: 1
    ----- stderr
    error: the service is not well: absent: [BOARD]/state.json: no such file
    ");
    board.write("state.json", "{");
    insta::assert_snapshot!(health("--json"), @r#"
    status: 1
    ----- stdout
    {"schema":1,"healthy":false,"reasons":[{"source":null,"state":"absent","cause":"[BOARD]/state.json: not a service's state: EOF while parsing an object at line 1 column 1"}],"service":null}
    ----- stderr
    error: the service is not well: absent: [BOARD]/state.json: not a service's state: EOF while parsing an object at line 1 column 1
    "#);
}
