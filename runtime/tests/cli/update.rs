//! `moead-edge update` and `moead-edge health`, on boards that are folders, with stand-ins for systemd.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use minisign::KeyPair;
use moead_bundle::manifest::Downgrade;
use moead_bundle::version::Version;

mod board;

use board::{Board, Wish};

#[test]
fn a_release_is_applied_and_can_be_gone_back_from() {
    let board = Board::new();
    board.bundle("1.5", &Wish::default());
    insta::assert_snapshot!(board.applies("1.5.moead"), @r"");
    assert_eq!((board.current().as_str(), board.releases()), ("1.5", vec!["1.4".into(), "1.5".into()]));
    insta::assert_snapshot!(board.calls(), @r"");
    insta::assert_snapshot!(board.says("update status"), @r"");
    insta::assert_snapshot!(board.applies("1.5.moead"), @r"");
    // The one before is kept, others go.
    board.bundle("1.6", &Wish::default());
    board.applies("1.6.moead");
    assert_eq!((board.current().as_str(), board.releases()), ("1.6", vec!["1.5".into(), "1.6".into()]));
    insta::assert_snapshot!(board.says("update rollback"), @r"");
    assert_eq!((board.current().as_str(), board.releases()), ("1.5", vec!["1.5".into(), "1.6".into()]));
    insta::assert_snapshot!(board.says("update status --json"), @r"");
    insta::assert_snapshot!(board.says("update settle"), @r"");
}

#[test]
fn a_release_that_is_not_well_goes_back_by_itself() {
    let gone_back = |life| {
        let board = Board::new();
        board.bundle("1.5", &Wish { life, ..Wish::default() });
        let said = board.applies("1.5.moead");
        assert_eq!((board.current().as_str(), board.releases()), ("1.4", vec!["1.4".to_owned()]), "{said}");
        assert!(board.calls().ends_with("systemctl restart --no-block moead-edge.service\n"), "{}", board.calls());
        (board, said)
    };
    insta::assert_snapshot!(gone_back("crashes").1, @r"");
    insta::assert_snapshot!(gone_back("hangs").1, @r"");
    let (board, said) = gone_back("blind");
    insta::assert_snapshot!(said, @r"");
    // The reason is kept.
    insta::assert_snapshot!(board.says("update status"), @r"");
}

#[test]
fn a_release_that_fails_its_own_test_is_never_started() {
    let board = Board::new();
    let own_test = "echo 'error: tract: map off by 2.1e-2, at most 1.0e-4' >&2; exit 1";
    board.bundle("1.5", &Wish { own_test, ..Wish::default() });
    insta::assert_snapshot!(board.applies("1.5.moead"), @r"");
    assert_eq!((board.current().as_str(), board.releases()), ("1.4", vec!["1.4".to_owned()]));
    assert_eq!(board.calls(), "");
}

#[test]
fn a_bundle_that_is_not_for_this_board_is_not_unpacked() {
    let refused = |wish: &Wish| {
        let board = Board::new();
        let version = if wish.life == "older" { "1.3" } else { "1.5" };
        board.bundle(version, wish);
        let said = board.applies(&format!("{version}.moead"));
        assert_eq!((board.releases(), board.calls().as_str()), (vec!["1.4".to_owned()], ""), "{said}");
        said
    };
    insta::assert_snapshot!(refused(&Wish { life: "older", ..Wish::default() }), @r"");
    let change = |manifest: &mut moead_bundle::manifest::Manifest| {
        manifest.expires = Some(jiff::civil::date(2026, 1, 2));
    };
    insta::assert_snapshot!(refused(&Wish { change, ..Wish::default() }), @r"");
    let change =
        |manifest: &mut moead_bundle::manifest::Manifest| manifest.target.boards = vec!["NVIDIA Jetson".into()];
    insta::assert_snapshot!(refused(&Wish { change, ..Wish::default() }), @r"");
    let change =
        |manifest: &mut moead_bundle::manifest::Manifest| manifest.target.triple = "riscv64gc-unknown-linux-gnu".into();
    insta::assert_snapshot!(refused(&Wish { change, ..Wish::default() }), @r"");
    let change =
        |manifest: &mut moead_bundle::manifest::Manifest| manifest.target.glibc = Version::parse("2.99").unwrap();
    insta::assert_snapshot!(refused(&Wish { change, ..Wish::default() }), @r"");
    let keys = Some(KeyPair::generate_unencrypted_keypair().unwrap());
    insta::assert_snapshot!(refused(&Wish { keys, ..Wish::default() }), @r"");
}

#[test]
fn an_older_release_is_taken_when_that_was_signed() {
    let board = Board::new();
    let change = |manifest: &mut moead_bundle::manifest::Manifest| manifest.downgrade = Downgrade::Allowed;
    board.bundle("1.3", &Wish { change, ..Wish::default() });
    board.applies("1.3.moead");
    assert_eq!(board.current(), "1.3");
}

#[test]
fn a_damaged_bundle_is_not_unpacked() {
    let board = Board::new();
    let bytes = board.bundle("1.5", &Wish::default());
    let refused = |bytes: &[u8]| {
        board.write("damaged.moead", bytes);
        let said = board.applies("damaged.moead");
        assert_eq!((board.releases(), board.calls().as_str()), (vec!["1.4".to_owned()], ""), "{said}");
        said
    };
    insta::assert_snapshot!(refused(&bytes[..bytes.len() - 2000]), @r"");
    let mut altered = bytes.clone();
    let at = altered.len() - 1024 - 512 + 3;
    altered[at] ^= 1;
    insta::assert_snapshot!(refused(&altered), @r"");
    insta::assert_snapshot!(refused(b"PK"), @r"");
    insta::assert_snapshot!(board.applies("missing.moead"), @r"");
}

#[test]
fn a_board_that_is_not_set_up_says_what_is_missing() {
    let board = Board::new();
    board.bundle("1.5", &Wish::default());
    std::fs::remove_file(board.path("etc/moead/moead.pub")).unwrap();
    insta::assert_snapshot!(board.applies("1.5.moead"), @r"");
    insta::assert_snapshot!(board.says("update rollback"), @r"");
    let lock = std::fs::File::create(board.path("opt/moead/lock")).unwrap();
    lock.lock().unwrap();
    insta::assert_snapshot!(board.says("update rollback"), @r"");
    drop(lock);
    board.write("var/lib/moead-update/state.json", "{}");
    insta::assert_snapshot!(board.says("update status"), @r"");
    std::fs::remove_file(board.path("var/lib/moead-update/state.json")).unwrap();
    std::fs::remove_file(board.path("opt/moead/current")).unwrap();
    insta::assert_snapshot!(board.says("update status"), @r"");
    insta::assert_snapshot!(board.says("update rollback"), @r"");
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
        let (said, _) = fetched(head, body);
        assert_eq!((board.current().as_str(), board.calls().as_str()), ("1.4", ""), "{said}");
        said
    };
    insta::assert_snapshot!(refused("404 Not Found\r\nContent-Length: 0", Vec::new()), @r"");
    insta::assert_snapshot!(refused(FINE, b"<html>".repeat(100)), @r"");
    insta::assert_snapshot!(refused(FINE, bytes[..bytes.len() - 1].to_vec()), @r"");
    // Without an announced length: it is the manifest that decides.
    insta::assert_snapshot!(refused("200 OK", bytes[..bytes.len() - 700].to_vec()), @r"");
    insta::assert_snapshot!(refused("200 OK", [bytes.as_slice(), &[0; 4096]].concat()), @r"");
    board.bundle("1.3", &Wish::default());
    let older = std::fs::read(board.path("1.3.moead")).unwrap();
    insta::assert_snapshot!(refused(FINE, older), @r"");
    let (said, left) = fetched(FINE, bytes);
    insta::assert_snapshot!(said, @r"");
    assert_eq!((board.current().as_str(), left), ("1.5", 0));
}

#[test]
fn health_is_an_exit_status() {
    let board = Board::new();
    let health = |more: &str| {
        let path = board.path("state.json").display().to_string();
        let said = moead_tests::command::Program::new("moead-edge")
            .args(format!("health --state-file {path} {more}").split_whitespace())
            .run()
            .transcript();
        said.replace(&board.path("").display().to_string(), "[FOLDER]/")
    };
    insta::assert_snapshot!(health(""), @r"");
    board.write("state.json", "{");
    insta::assert_snapshot!(health("--json"), @r"");
}
