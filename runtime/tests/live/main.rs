//! The live view as browsers, monitoring systems and strangers meet it: over sockets.
#![cfg(feature = "http")]
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

mod browser;
mod client;
mod health;
mod limits;
mod memory;
mod metrics;
mod pictures;
mod routes;
mod scene;
mod states;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moead_runtime::sinks::http::{Limits, LiveView, Settings};
use moead_runtime::stream::clock::{Clock, Monotonic, WallClock};
use moead_runtime::stream::interrupt::Interrupt;
use moead_runtime::stream::pipeline::{Event, Nature};
use moead_runtime::stream::status::{State, Status};
use moead_runtime::stream::tally::Counts;

use client::Answer;
use scene::Scene;

/// A clock that is set by hand.
#[derive(Debug, Default)]
struct Hands(AtomicU64);

impl Hands {
    fn advance(&self, duration: Duration) {
        self.0.fetch_add(u64::try_from(duration.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn monotonic(&self) -> Monotonic {
        // It was started long before the server, as a machine's is.
        Monotonic::after(Duration::from_secs(1000) + Duration::from_micros(self.0.load(Ordering::SeqCst)))
    }

    fn wall(&self) -> WallClock {
        scene::time(0)
    }

    fn pause(&self, duration: Duration, _interrupt: &Interrupt) {
        self.advance(duration);
    }
}

/// A server with sources of these names, on a clock set by hand.
struct Stand {
    live: LiveView,
    clock: Arc<Hands>,
}

impl Stand {
    fn new(sources: &[&str]) -> Self {
        Self::within(Limits::default(), sources)
    }

    fn within(limits: Limits, sources: &[&str]) -> Self {
        let clock = Arc::new(Hands::default());
        let live = LiveView::bind(free_port(), settings(limits, sources), Arc::<Hands>::clone(&clock)).unwrap();
        Self { live, clock }
    }

    fn get(&self, path: &str) -> Answer {
        client::get(self.live.address(), path)
    }

    /// A frame, captured a moment ago.
    fn publish(&self, source: usize, frame: u64, scene: &Scene) {
        let captured = self.clock.monotonic();
        self.clock.advance(Duration::from_millis(50));
        self.live.publish(&scene.observation(source, frame, captured));
    }

    fn state(&self, source: usize, state: State, cause: &str) {
        let status =
            Status { source, time: self.clock.wall(), state, cause: Some(cause.to_owned()), counts: Counts::default() };
        self.live.tell(&Event::Status(&status));
    }
}

fn free_port() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// As its name says.
fn nature(source: &str) -> Nature {
    if source.starts_with("folder") { Nature::Files } else { Nature::Live }
}

fn settings(limits: Limits, sources: &[&str]) -> Settings {
    Settings {
        sources: sources.iter().map(|&name| (name.to_owned(), nature(name))).collect(),
        version: "1.2.3".to_owned(),
        patience: Duration::from_secs(20),
        limits,
    }
}
