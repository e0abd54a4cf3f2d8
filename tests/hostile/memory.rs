//! How much memory a piece of work takes: an allocator that counts, thread by thread.

use std::cell::Cell;

use moead_tests::allocator::{Watch, Watched};

/// What any reader may take for itself: buffers, tables, an error's text.
const OWN: usize = 2 << 20;
/// What a reader may take per byte of its file. An opcode of one byte makes a value of 32 in an arena that doubles, so that
/// for a moment three times as much is held, and a place of 4 on the stack.
const PER_BYTE: usize = 128;
/// Beyond this nothing is handed out any more: a bomb ends its own test, not the machine.
const CEILING: usize = 3 << 30;

struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

impl Watch for Counting {
    fn takes(&self, bytes: usize) -> bool {
        // A thread that is ending has no counters any more.
        let is_allowed = HELD.try_with(|held| {
            let sum = held.get().saturating_add(bytes);
            if sum > CEILING {
                return false;
            }
            held.set(sum);
            let _ = PEAK.try_with(|peak| peak.set(peak.get().max(sum)));
            true
        });
        is_allowed.unwrap_or(true)
    }

    fn gives_back(&self, bytes: usize) {
        let _ = HELD.try_with(|held| held.set(held.get().saturating_sub(bytes)));
    }
}

#[global_allocator]
static ALLOCATOR: Watched<Counting> = Watched(Counting);

/// The work's result, and the most bytes that this thread held meanwhile beyond what it held before.
pub(crate) fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    PEAK.set(before);
    let result = work();
    (result, PEAK.get().saturating_sub(before))
}

/// The work's result; fails the test when it took more memory than `file_bytes` justify.
#[track_caller]
pub(crate) fn bounded<T>(file_bytes: usize, work: impl FnOnce() -> T) -> T {
    let (result, peak) = peak(work);
    let most = OWN + PER_BYTE * file_bytes;
    assert!(peak <= most, "{peak} bytes of memory for a file of {file_bytes}, at most {most} are allowed");
    result
}

#[test]
fn the_peak_is_counted_and_not_the_sum() {
    let ((), taken) = peak(|| {
        for _ in 0..3 {
            drop(std::hint::black_box(vec![1_u8; 100_000]));
        }
    });
    assert!((100_000..200_000).contains(&taken), "{taken}");
}
