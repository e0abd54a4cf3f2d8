//! A picture after the other in one answer, as browsers and video programs have understood it for decades.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::IntoResponse;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{MissedTickBehavior, interval};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::IntervalStream;

use super::drawing::Heat;
use super::pictures::{Jpeg, WATCHED_INTERVAL};
use super::shared::Shared;

/// What separates pictures. JPEG data cannot hold it by chance: a byte 0xff is never followed by a letter in it, and lengths
/// are given anyway.
const BOUNDARY: &str = "moead-edge-picture";

/// Pictures of the source with that index for one client, until it leaves: whenever it can take one, the newest.
pub(super) fn answer(shared: Arc<Shared>, source: usize, heat: Heat, place: OwnedSemaphorePermit) -> impl IntoResponse {
    let mut ticks = interval(WATCHED_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut sent = None;
    let parts = IntervalStream::new(ticks).filter_map(move |_| {
        let _ = &place;
        let pictures = &shared.sources.get(source)?.pictures;
        pictures.watch(shared.elapsed());
        if sent == Some(pictures.newest()) {
            return None;
        }
        let jpeg = pictures.jpeg(heat)?;
        let part = part(&jpeg, sent.is_none());
        sent = Some(jpeg.number);
        Some(Ok::<_, Infallible>(part))
    });
    let kind = format!("multipart/x-mixed-replace; boundary={BOUNDARY}");
    ([(header::CONTENT_TYPE, kind)], Body::from_stream(parts))
}

/// A picture with the boundary behind it, or a browser would show it only when the next one begins.
fn part(jpeg: &Jpeg, is_first: bool) -> Bytes {
    let opening = if is_first { format!("--{BOUNDARY}\r\n") } else { String::new() };
    let (length, frame) = (jpeg.bytes.len(), jpeg.frame);
    let head = format!("{opening}Content-Type: image/jpeg\r\nContent-Length: {length}\r\nX-Frame: {frame}\r\n\r\n");
    let tail = format!("\r\n--{BOUNDARY}\r\n");
    [head.as_bytes(), &jpeg.bytes, tail.as_bytes()].concat().into()
}
