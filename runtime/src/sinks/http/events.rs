//! Server-sent events: the state whenever it has changed, and a sign of life when it has not.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::IntoResponse;
use axum::response::sse::{Event, Sse};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{MissedTickBehavior, interval};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::IntervalStream;

use super::report::{self, Seen};
use super::shared::Shared;

/// From one event to the next, at least.
const INTERVAL: Duration = Duration::from_millis(200);
/// So many intervals without news, and the state is sent all the same: the page shows what is not heard of as lost.
const SILENCE: u32 = 5;
/// What a browser waits before it comes again.
const RETRY: Duration = Duration::from_secs(1);

/// Events for one client, until it leaves.
pub(super) fn answer(shared: Arc<Shared>, place: OwnedSemaphorePermit) -> impl IntoResponse {
    let mut ticks = interval(INTERVAL);
    // A client that reads slowly gets the newest state next, not those that it has missed.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = vec![Seen::default(); shared.sources.len()];
    let mut silence = 0;
    let events = IntervalStream::new(ticks).filter_map(move |_| {
        let _ = &place;
        silence += 1;
        let data = match report::news(&shared, &mut seen) {
            None if silence >= SILENCE => Some(report::report(&shared, &mut seen)),
            news => news,
        }?;
        silence = 0;
        Some(Ok::<_, Infallible>(Event::default().retry(RETRY).data(data)))
    });
    Sse::new(events)
}
