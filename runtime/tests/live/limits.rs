//! What no client can take from the others, whatever it sends or does not send.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use moead_runtime::sinks::http::Limits;

use crate::scene::Scene;
use crate::{Stand, client};

/// As a request that may be late, so that no test waits for long.
const SOON: Duration = Duration::from_millis(100);

/// Everything that comes until the connection ends, however it ends.
fn until_the_end(mut stream: std::net::TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset ends it as well as an orderly end.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn endless_answers_leave_places_for_others() {
    let stand = Stand::within(Limits { connections: 4, endless: 2, ..Limits::default() }, &["line1"]);
    stand.publish(0, 0, &Scene::draw(0, false));
    let address = stand.live.address();
    let mut first = client::open(address, "/events");
    first.event();
    let mut second = client::open(address, "/stream.mjpg");
    second.picture();
    for path in ["/events", "/stream.mjpg"] {
        let answer = stand.get(path);
        assert_eq!((answer.status, answer.text()), (503, "too many clients watch already\n"), "{path}");
    }
    assert_eq!(stand.get("/metrics").status, 200);
    drop(first);
    // The server learns of it when it writes the next time.
    while stand.get("/healthz").status != 200 && client::open(address, "/events").status != 200 {}
}

#[test]
fn a_connection_too_many_is_turned_away_in_words() {
    let stand = Stand::within(Limits { connections: 2, ..Limits::default() }, &["line1"]);
    let address = stand.live.address();
    let held = [client::send(address, "GET / HTTP/1.1\r\n"), client::send(address, "")];
    let refused = client::read(client::send(address, "")).whole();
    assert_eq!((refused.status, refused.text()), (503, "too many connections\n"));
    drop(held);
    let metrics = loop {
        let answer = until_the_end(client::send(address, "GET /metrics HTTP/1.0\r\n\r\n"));
        if answer.starts_with("HTTP/1.0 200") {
            break answer;
        }
    };
    let line = metrics.lines().find(|line| line.starts_with("moead_http_connections_refused_total ")).unwrap();
    assert_ne!(line, "moead_http_connections_refused_total 0");
}

#[test]
fn a_request_that_does_not_come_to_its_end_is_given_up() {
    let stand = Stand::within(Limits { request: SOON, ..Limits::default() }, &["line1"]);
    let address = stand.live.address();
    for beginning in ["", "GET / HTT", "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "] {
        assert_eq!(until_the_end(client::send(address, beginning)), "", "{beginning}");
    }
}

#[test]
fn a_connection_that_does_nothing_is_closed() {
    let stand = Stand::within(Limits { request: SOON, ..Limits::default() }, &["line1"]);
    let answer = until_the_end(client::send(stand.live.address(), "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.ends_with('}'), "{answer}");
}

#[test]
fn a_client_that_takes_nothing_of_its_answer_is_given_up() {
    let stand = Stand::within(Limits { answer: SOON, ..Limits::default() }, &["line1"]);
    stand.publish(0, 0, &Scene::noise());
    let mut stream = client::send(stand.live.address(), "");
    // More and more requests, and no answer is read: once the buffers between the two are full, nothing moves.
    while stream.write_all(b"GET /snapshot.jpg HTTP/1.1\r\nHost: localhost\r\n\r\n").is_ok() {}
    assert_eq!(stand.get("/api/state").status, 200);
}

#[test]
fn requests_that_are_too_large_or_no_requests_are_refused() {
    let stand = Stand::new(&["line1"]);
    let address = stand.live.address();
    let long = "x".repeat(32 * 1024);
    let many: String = (0..100).map(|number| format!("X-{number}: 1\r\n")).collect();
    for (request, status) in [
        (format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n"), "HTTP/1.1 431"),
        (format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\n\r\n"), "HTTP/1.1 431"),
        (format!("GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"), "HTTP/1.1 431"),
        ("\u{16}\u{3}\u{1}\u{2}\r\n\r\n".to_owned(), "HTTP/1.1 400"),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nHost\r\n\r\n".to_owned(), "HTTP/1.1 400"),
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), "HTTP/1.1 400"),
    ] {
        let answer = until_the_end(client::send(address, &request));
        assert!(answer.starts_with(status) || answer.is_empty(), "{} {answer}", &request[..20]);
    }
    assert_eq!(stand.get("/").status, 200);
}

#[test]
fn a_body_is_not_read() {
    let stand = Stand::new(&["line1"]);
    let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000000\r\n\r\n";
    let answer = client::read(client::send(stand.live.address(), request)).whole();
    assert_eq!(answer.status, 503);
    assert!(answer.json()["reasons"].is_array());
}
