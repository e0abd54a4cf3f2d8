//! One picture by several threads, and several pictures at once, against one thread: wall time per picture.

#[expect(dead_code, reason = "the other benchmarks use the rest")]
mod subject;
#[expect(dead_code, reason = "the other benchmarks use the rest")]
mod timing;

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use moead_runtime::engine::tract::Session;
use moead_runtime::engine::{Engine as _, Output};
use rustix::time::{ClockId, clock_gettime};
use subject::Subject;
use timing::{Summary, say};

/// Pictures that each of several sessions takes, so that their begin and end count little.
const PICTURES: usize = 4;

/// How long it is watched whether threads without work take time.
const IDLE: Duration = Duration::from_secs(3);

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let rounds = numbers.next().unwrap_or(20);
    let threads = numbers.next().and_then(NonZeroUsize::new).unwrap_or(NonZeroUsize::MIN.saturating_add(1));
    let subject = Subject::official();
    let load = |threads| {
        Session::load(&subject.model, &[Output::PredScore, Output::AnomalyMap], threads).expect("our own model loads")
    };
    let mut one = load(NonZeroUsize::MIN);
    let mut several = load(threads);
    let mut sessions: Vec<Session> = (0..threads.get()).map(|_| load(NonZeroUsize::MIN)).collect();
    let mut latency = [Summary::new("1 thread"), Summary::new(&format!("{threads} threads"))];
    let mut at_once = Summary::new(&format!("{threads} sessions of 1 thread, a picture"));
    for round in 0..rounds + 3 {
        let alone = wall(|| drop(one.run(&subject.input).expect("an answer")));
        let shared = wall(|| drop(several.run(&subject.input).expect("an answer")));
        let all = wall(|| {
            std::thread::scope(|scope| {
                for session in &mut sessions {
                    let input = &subject.input;
                    scope.spawn(move || (0..PICTURES).for_each(|_| drop(session.run(input).expect("an answer"))));
                }
            });
        });
        // The first ones warm caches.
        if round >= 3 {
            latency[0].add(alone);
            latency[1].add(shared);
            at_once.add(all / (PICTURES * threads.get()) as f64);
        }
    }
    latency[0].report(None);
    latency[1].report(Some(&latency[0]));
    at_once.report(Some(&latency[0]));
    let before = process_seconds();
    std::thread::sleep(IDLE);
    let share = (process_seconds() - before) / IDLE.as_secs_f64();
    say(&format!("all sessions idle: {:.2} % of a processor", share * 100.0));
}

/// CPU time of all threads.
fn process_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn wall(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64()
}
