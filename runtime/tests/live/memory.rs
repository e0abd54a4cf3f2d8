//! What a result costs the engine's thread, and what a client that never reads costs anybody.

use std::cell::Cell;
use std::io::Write as _;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::time::Duration;

use moead_runtime::sinks::http::Limits;
use moead_runtime::stream::clock::Clock as _;
use moead_tests::allocator::{Watch, Watched};

use crate::scene::Scene;
use crate::{Stand, client};

/// Results in a row.
const RESULTS: u64 = 10_000;
/// Other tests of this program may run beside it.
const SOME_MEGABYTES: isize = 24 << 20;

struct Counting;

/// Bytes that are held by all threads.
static HELD: AtomicIsize = AtomicIsize::new(0);

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

impl Watch for Counting {
    fn takes(&self, bytes: usize) -> bool {
        HELD.fetch_add(bytes as isize, Ordering::Relaxed);
        // A thread that is ending has no counter any more.
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        true
    }

    fn gives_back(&self, bytes: usize) {
        HELD.fetch_sub(bytes as isize, Ordering::Relaxed);
    }
}

#[global_allocator]
static ALLOCATOR: Watched<Counting> = Watched(Counting);

#[test]
fn publishing_allocates_nothing() {
    let stand = Stand::new(&["line1"]);
    let scenes = [Scene::draw(0, false), Scene::draw(1, true)];
    let mut events = client::open(stand.live.address(), "/events");
    // All memory goes around once: what lies on the desk, and what the server gives back for it.
    for round in 1..=3 {
        stand.clock.advance(Duration::from_secs(2));
        stand.publish(0, round, &scenes[1]);
        stand.get("/snapshot.jpg");
        while events.event()["sources"][0]["defects"].as_array().is_none_or(|list| list.len() < round as usize) {}
    }
    drop(events);
    for is_watched in [false, true] {
        let mut allocations = 0;
        for frame in 0..1000 {
            if is_watched && frame % 100 == 0 {
                stand.get("/snapshot.jpg");
            }
            stand.clock.advance(Duration::from_millis(120));
            let scene = &scenes[usize::from(frame % 10 == 0)];
            let observation = scene.observation(0, frame, stand.clock.monotonic());
            let before = ALLOCATIONS.get();
            stand.live.publish(&observation);
            allocations += ALLOCATIONS.get() - before;
        }
        assert_eq!(allocations, 0, "watched: {is_watched}");
    }
}

#[test]
fn a_client_that_never_reads_costs_no_memory_and_then_gets_the_newest() {
    let patient = Limits { answer: Duration::from_secs(600), ..Limits::default() };
    let stand = Stand::within(patient, &["line1"]);
    let scene = Scene::noise();
    let address = stand.live.address();
    // Two that watch and read nothing, with as little room in between as the system allows.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let deaf = ["/stream.mjpg", "/events"].map(|path| {
        let connect = async {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.set_recv_buffer_size(4096).unwrap();
            socket.connect(address).await.unwrap().into_std().unwrap()
        };
        let mut stream = runtime.block_on(connect);
        stream.set_nonblocking(false).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        stream
    });
    for frame in 0..100 {
        stand.publish(0, frame, &scene);
    }
    let before = HELD.load(Ordering::Relaxed);
    for frame in 100..RESULTS {
        // Each is due to be copied, though nobody who reads is there.
        stand.clock.advance(Duration::from_secs(1));
        stand.publish(0, frame, &scene);
        if frame % 1000 == 0 {
            assert_eq!(stand.get("/api/state").json()["sources"][0]["last"]["frame"], frame);
        }
    }
    let growth = HELD.load(Ordering::Relaxed) - before;
    assert!(growth < SOME_MEGABYTES, "{growth} bytes for {RESULTS} results");
    // What was on its way comes first, then the newest.
    let [pictures, events] = deaf;
    let mut pictures = client::read(pictures);
    let mut seen = vec![pictures.picture().0];
    while seen.last() != Some(&(RESULTS - 1)) {
        seen.push(pictures.picture().0);
    }
    assert!(seen.len() <= 10 && seen.is_sorted(), "{seen:?}");
    let mut events = client::read(events);
    while events.event()["sources"][0]["last"]["frame"] != RESULTS - 1 {}
}
