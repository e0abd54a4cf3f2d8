//! What every answer says to browsers, and which requests get one.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::shared::Shared;

/// Nothing from elsewhere is loaded, nothing is embedded elsewhere, nothing is kept; types are what we say.
const HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// Names under these belong to a local network; nobody outside can own one.
const LOCAL: [&str; 5] = ["local", "lan", "internal", "home.arpa", "localhost"];

/// Refuses requests for foreign names and adds the headers to all answers.
///
/// A web page of somebody else may have its own name point to this address, and then a browser lets it read what we answer
/// (DNS rebinding). Such a request has that name in its `Host`, so we answer to addresses, and to names that a stranger
/// cannot own, alone.
pub(super) async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let mut response = if is_ours(request.headers(), shared.address.ip()) {
        next.run(request).await
    } else {
        let text = "this server has another name; use its address, for example ";
        (StatusCode::MISDIRECTED_REQUEST, format!("{text}http://{}/\n", shared.address)).into_response()
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether the request is for us. Programs that send no `Host` are no browsers.
fn is_ours(headers: &HeaderMap, address: IpAddr) -> bool {
    let Some(host) = headers.get(header::HOST) else { return true };
    let Ok(host) = host.to_str() else { return false };
    is_local(host, address)
}

fn is_local(host: &str, address: IpAddr) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    if name.parse::<IpAddr>().is_ok() {
        return true;
    }
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if name == "localhost" {
        return true;
    }
    // Whoever listens on loopback alone is not asked by another machine, nor by its name.
    let is_under = |suffix: &str| name.strip_suffix(suffix).is_some_and(|start| start.ends_with('.'));
    !address.is_loopback() && !name.is_empty() && (!name.contains('.') || LOCAL.into_iter().any(is_under))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_stranger_can_own_are_refused() {
        let anywhere: IpAddr = "0.0.0.0".parse().unwrap();
        for (host, is_answered) in [
            ("127.0.0.1:8080", true),
            ("192.168.1.7", true),
            ("[::1]:8080", true),
            ("[fe80::1]", true),
            ("localhost:8080", true),
            ("LOCALHOST.", true),
            ("line3", true),
            ("line3:8080", true),
            ("line3.local:8080", true),
            ("board.home.arpa", true),
            ("example.org", false),
            ("line3.example.org:8080", false),
            ("127.0.0.1.example.org", false),
            ("local", true),
            ("evil-local.org", false),
            ("notlocal.", true),
            ("a.notlocal", false),
            ("", false),
            (":8080", false),
            ("[", false),
        ] {
            assert_eq!(is_local(host, anywhere), is_answered, "{host}");
        }
    }

    #[test]
    fn a_server_on_loopback_is_asked_by_loopback_names_alone() {
        for (host, is_answered) in
            [("localhost:1", true), ("127.0.0.1", true), ("line3", false), ("line3.local", false)]
        {
            assert_eq!(is_local(host, "127.0.0.1".parse().unwrap()), is_answered, "{host}");
        }
    }
}
