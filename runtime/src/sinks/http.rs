//! A person watches, and a monitoring system asks: a small web server beside the stream.
//!
//! `docs/reference/http.md` describes the routes. The server has one thread of its own. What it shares with the thread that
//! runs the engine is this: numbers under a lock that is held for as long as it takes to add or to copy them, and one
//! picture that is copied at most ten times a second, and only when nobody else is at it. Pictures are drawn and compressed
//! on the server's thread, when somebody asks for them. So whatever browsers do, the stream goes on as if there were none.

mod assets;
mod connection;
mod defects;
mod drawing;
mod events;
mod figures;
mod guard;
mod health;
mod histogram;
mod history;
mod metrics;
mod motion_jpeg;
mod observation;
mod pictures;
mod report;
mod routes;
mod server;
mod shared;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::stream::clock::Clock;
use crate::stream::pipeline::{Event, Nature};

use shared::Shared;

pub use observation::{Observation, View};
pub use server::Limits;

/// What the server tells about the run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The sources' names and what they are, by their index.
    pub sources: Vec<(String, Nature)>,
    /// Of the program.
    pub version: String,
    /// The engine is not well when frames come and it has answered nothing for so long.
    pub patience: Duration,
    /// What clients may take.
    pub limits: Limits,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// Another program listens there.
    #[error("{address}: the port is taken by another program")]
    Taken {
        /// As asked for.
        address: SocketAddr,
    },
    /// The system does not let us listen there.
    #[error("cannot listen on {address}")]
    Listen {
        /// As asked for.
        address: SocketAddr,
        /// What it said.
        #[source]
        problem: io::Error,
    },
    /// There is no thread, or no event queue, for it.
    #[error("cannot start the web server")]
    Start(#[source] io::Error),
}

/// A running server. Dropping it closes it.
#[derive(Debug)]
pub struct LiveView {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl LiveView {
    /// Listens on `address`; port 0 takes a free one.
    ///
    /// # Errors
    /// [`HttpError`]
    pub fn bind(address: SocketAddr, settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, HttpError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(HttpError::Start)?;
        let listener = {
            let _within = runtime.enter();
            server::listen(address).map_err(|problem| match problem.kind() {
                io::ErrorKind::AddrInUse => HttpError::Taken { address },
                _ => HttpError::Listen { address, problem },
            })?
        };
        let address = listener.local_addr().map_err(HttpError::Start)?;
        let shared = Arc::new(Shared::new(settings, clock, address));
        let (stop, stopped) = oneshot::channel();
        let of_server = Arc::clone(&shared);
        let serve = move || {
            runtime.block_on(async move {
                tokio::spawn(server::accept(listener, Arc::clone(&of_server)));
                tokio::spawn(pictures::keep_defects(of_server));
                // An error says that the other end is gone, which means the same.
                let _ = stopped.await;
            });
        };
        let thread = std::thread::Builder::new().name("http".to_owned()).spawn(serve).map_err(HttpError::Start)?;
        Ok(Self { address, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes what a run tells its sinks, before another sink takes the picture away.
    ///
    /// Never waits for a client, and allocates nothing once every source had a result and every product was seen. Costs microseconds; about ten times a
    /// second while somebody watches, and once a second while nobody does, the time that it takes to read the picture once.
    pub fn tell(&self, event: &Event<'_>) {
        match event {
            Event::Frame(result, counts) => self.publish(&Observation::of(result, counts)),
            Event::Status(status) => self.shared.status(status),
            // The frame before it has told.
            Event::Turn(_) => {}
            Event::Summary(summary) => self.shared.ended(summary.source, &summary.tally.counts),
        }
    }

    /// Takes a result from elsewhere; as [`Self::tell`].
    pub fn publish(&self, observation: &Observation<'_>) {
        self.shared.publish(observation);
    }
}

impl Drop for LiveView {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has been reported already, and nothing waits for its result.
            let _ = thread.join();
        }
    }
}
