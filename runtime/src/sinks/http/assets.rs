//! The page, compiled into the program.

/// A file of the page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asset {
    /// As in the address.
    pub(super) path: &'static str,
    /// Its media type.
    pub(super) kind: &'static str,
    /// Its content.
    pub(super) text: &'static str,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// All files of the page.
pub(super) const ASSETS: [Asset; 6] = [
    Asset { path: "/", kind: "text/html; charset=utf-8", text: include_str!("../../../assets/live/index.html") },
    Asset { path: "/style.css", kind: "text/css; charset=utf-8", text: include_str!("../../../assets/live/style.css") },
    Asset { path: "/live.js", kind: SCRIPT, text: include_str!("../../../assets/live/live.js") },
    Asset { path: "/card.js", kind: SCRIPT, text: include_str!("../../../assets/live/card.js") },
    Asset { path: "/chart.js", kind: SCRIPT, text: include_str!("../../../assets/live/chart.js") },
    Asset { path: "/icon.svg", kind: "image/svg+xml", text: include_str!("../../../assets/live/icon.svg") },
];
