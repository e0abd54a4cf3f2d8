//! What is answered to whom, and what every answer says to browsers.

use std::sync::Arc;

use moead_runtime::sinks::http::{HttpError, Limits, LiveView};

use crate::scene::Scene;
use crate::{Hands, Stand, client, settings};

#[test]
fn a_port_that_is_taken_is_named() {
    let stand = Stand::new(&["line1"]);
    let address = stand.live.address();
    let error = LiveView::bind(address, settings(Limits::default(), &[]), Arc::new(Hands::default())).unwrap_err();
    assert!(matches!(error, HttpError::Taken { address: named } if named == address));
    assert_eq!(error.to_string(), format!("{address}: the port is taken by another program"));
}

#[test]
fn an_address_of_another_machine_is_named_with_the_systems_words() {
    // A network that is reserved for documentation.
    let elsewhere = ([192, 0, 2, 1], 8080).into();
    let error = LiveView::bind(elsewhere, settings(Limits::default(), &[]), Arc::new(Hands::default())).unwrap_err();
    assert_eq!(error.to_string(), "cannot listen on 192.0.2.1:8080");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn a_closed_server_frees_its_port() {
    let stand = Stand::new(&["line1"]);
    let address = stand.live.address();
    let mut endless = client::open(address, "/events");
    endless.event();
    drop(stand);
    LiveView::bind(address, settings(Limits::default(), &[]), Arc::new(Hands::default())).unwrap();
}

#[test]
fn every_answer_tells_browsers_to_load_and_embed_nothing_foreign() {
    let stand = Stand::new(&["line1"]);
    stand.publish(0, 0, &Scene::draw(0, false));
    let address = stand.live.address();
    let foreign = format!("GET / HTTP/1.1\r\nHost: example.org:{}\r\nConnection: close\r\n\r\n", address.port());
    let written =
        format!("POST /api/state HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let answers = [
        (200, stand.get("/")),
        (200, stand.get("/live.js")),
        (200, stand.get("/api/state")),
        (200, stand.get("/snapshot.jpg")),
        (404, stand.get("/nothing")),
        (405, client::ask(address, &written)),
        (421, client::ask(address, &foreign)),
    ];
    for (status, answer) in answers {
        assert_eq!(answer.status, status, "{answer:?}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{status} {name}");
        }
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[test]
fn a_foreign_name_learns_nothing() {
    let stand = Stand::new(&["secret"]);
    let address = stand.live.address();
    for path in ["/", "/api/state", "/events", "/snapshot.jpg", "/metrics"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n");
        let answer = client::ask(address, &request);
        assert_eq!((answer.status, answer.text().contains("secret")), (421, false), "{path}");
        assert!(answer.text().contains(&address.to_string()), "{}", answer.text());
    }
}

#[test]
fn the_page_is_whole() {
    let stand = Stand::new(&["line1"]);
    let page = stand.get("/");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let mut files = 0;
    for part in page.text().split('"').skip(1).step_by(2).filter(|part| part.starts_with('/') && *part != "/api/state")
    {
        let file = stand.get(part);
        assert_eq!(file.status, 200, "{part}");
        files += 1;
        // Scripts name scripts.
        for import in file.text().split("from \"").skip(1) {
            let path = import.split('"').next().unwrap().trim_start_matches('.');
            assert_eq!(stand.get(path).status, 200, "{path}");
        }
    }
    assert!(files >= 3, "{}", page.text());
}

#[test]
fn the_page_names_no_other_host() {
    let stand = Stand::new(&["line1"]);
    for path in ["/", "/style.css", "/live.js", "/card.js", "/chart.js", "/icon.svg"] {
        let file = stand.get(path);
        // The name of a vocabulary, which nobody fetches.
        let text = file.text().replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        let names_a_host = text.match_indices("//").any(|(at, _)| {
            let (before, after) = (text[..at].chars().next_back(), text[at + 2..].chars().next());
            before == Some(':') || after.is_some_and(char::is_alphanumeric)
        });
        assert!(!names_a_host && !text.contains("@import") && !text.contains("url("), "{path}");
        // The policy forbids them, and a browser would only say so in its console.
        assert!(path != "/" || (!text.contains("style=") && !text.contains("onclick") && !text.contains("<script>")));
    }
}

#[test]
fn the_scale_of_the_page_has_the_colours_of_the_heatmaps() {
    let (style, colours) =
        (include_str!("../../assets/live/style.css"), include_str!("../../src/sinks/heatmap/colours.rs"));
    let stops: Vec<_> =
        style.split("rgb(").skip(1).filter_map(|stop| stop.split_once(')')).map(|(stop, _)| stop).collect();
    let stops: Vec<_> = stops.into_iter().filter(|stop| stop.contains(',')).collect();
    let table: Vec<_> = colours.lines().filter_map(|line| line.trim().strip_prefix('[')?.strip_suffix("],")).collect();
    let expected: Vec<_> = table.iter().copied().step_by(4).collect();
    assert_eq!((table.len(), stops), (33, expected));
}

#[test]
fn no_path_leads_to_a_file() {
    let stand = Stand::new(&["line1"]);
    let address = stand.live.address();
    for path in [
        "/../Cargo.toml",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/etc/passwd",
        "/defects/../../etc/passwd",
        "/defects/..%2f..%2fetc%2fpasswd",
        "/defects/1",
        "/defects/-1.jpg",
        "/defects/99999999999999999999.jpg",
        "/defects/%00.jpg",
        "//etc/passwd",
    ] {
        assert_eq!(stand.get(path).status, 404, "{path}");
    }
    let other = client::ask(address, "GET ../x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(other.status, 400);
}

#[test]
fn only_reading_is_allowed() {
    let stand = Stand::new(&["line1"]);
    let address = stand.live.address();
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        for path in ["/", "/api/state", "/events", "/metrics", "/healthz"] {
            let request = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
            let answer = client::ask(address, &request);
            assert_eq!((answer.status, answer.header("allow")), (405, Some("GET,HEAD")), "{method} {path}");
        }
    }
    let head = client::ask(address, &format!("HEAD /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"));
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[test]
fn which_source_is_asked_for_must_be_clear() {
    let stand = Stand::new(&["line1", "b=ü&?"]);
    for (path, status, text) in [
        ("/snapshot.jpg", 400, "there are several sources, add ?source= and a name: line1, b=ü&?\n"),
        ("/stream.mjpg", 400, "there are several sources, add ?source= and a name: line1, b=ü&?\n"),
        ("/snapshot.jpg?source=line2", 404, "there is no such source; there are: line1, b=ü&?\n"),
        ("/snapshot.jpg?source=line1", 404, "there is no picture of this source yet\n"),
        ("/snapshot.jpg?source=line1&heat=2", 400, "heat: expected 0 or 1\n"),
        ("/defects/0.jpg", 404, "there is no such defect, or it is no longer kept\n"),
    ] {
        let answer = stand.get(path);
        assert_eq!((answer.status, answer.text()), (status, text), "{path}");
    }
    stand.publish(1, 7, &Scene::draw(7, false));
    let answer = stand.get("/snapshot.jpg?source=b%3D%C3%BC%26%3F");
    assert_eq!((answer.status, answer.header("x-frame")), (200, Some("7")));
}
