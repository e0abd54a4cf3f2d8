//! Listening and answering, within limits that no client can exceed.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket};

use super::connection::Impatient;
use super::routes;
use super::shared::Shared;

/// What a request may be long, and the most that lies ready for a client that reads slowly; pictures come on top, one each.
const BUFFER: usize = 16 * 1024;
/// More headers than any browser or proxy sends.
const HEADERS: usize = 64;
/// What the system keeps for a client that reads slowly. The default grows to megabytes: old pictures, for the client.
const SEND_BUFFER: u32 = 128 * 1024;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 64;
/// When the system has no connection to give, out of memory or of file descriptors.
const PAUSE: Duration = Duration::from_millis(200);

/// Answer to a connection too many.
const NO_PLACE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Type: text/plain\r\n\
    Content-Length: 21\r\n\r\ntoo many connections\n";

/// What clients may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// At the same time. One more is turned away.
    pub connections: usize,
    /// Of these, answers that never end. Fewer, so that there is a place for the monitoring system.
    pub endless: usize,
    /// For a request to arrive, and for a connection to do nothing.
    pub request: Duration,
    /// Without anything that a client takes of its answer.
    pub answer: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 32, endless: 24, request: Duration::from_secs(10), answer: Duration::from_secs(20) }
    }
}

/// A socket that listens. To be called within the runtime.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Or the port stays taken for a minute after the program has ended.
    socket.set_reuseaddr(true)?;
    // Accepted sockets inherit it.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Answers whoever comes, for ever.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let router = routes::router(Arc::clone(&shared));
    let limits = shared.settings.limits;
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let Ok(place) = Arc::clone(&shared.connections).try_acquire_owned() else {
            shared.refused.fetch_add(1, Ordering::Relaxed);
            // Whether it arrives or not, there is nothing more to do for it.
            let _ = stream.try_write(NO_PLACE);
            continue;
        };
        // A small answer must not wait for a larger one; if it does, it does.
        let _ = stream.set_nodelay(true);
        let io = TokioIo::new(Impatient::new(stream, limits.answer));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.request)
            .max_buf_size(BUFFER)
            .max_headers(HEADERS)
            .serve_connection(io, TowerToHyperService::new(router.clone()));
        tokio::spawn(async move {
            // What a client does wrong, or that it leaves, concerns that client alone.
            let _ = connection.await;
            drop(place);
        });
    }
}
