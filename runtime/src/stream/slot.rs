//! Between the sources and the engine: a bounded place for each source, and a fair choice among those that wait.
//!
//! The source that was served longest ago comes first, however fast another one is: with ages of frames alone, a folder,
//! whose pictures wait as long as they must, would win against a camera, whose waiting frame is always young.
//!
//! Frames are lent ([`Slots::blank`]) and come back ([`Slots::recycle`]), so a running stream takes no memory.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use moead_model::architecture::ImageSize;

use super::clock::Monotonic;
use super::frame::Frame;
use super::policy::Policy;
use super::status::Status;

/// How often the engine's thread looks after other things when nothing comes.
const ATTENTION: Duration = Duration::from_millis(200);
/// Things that happened to a source and wait to be told. More come only when the engine hangs and the source does not.
const UNTOLD: usize = 64;

/// Everything that waits for the engine. Shared by all threads of a run.
#[derive(Debug)]
pub(super) struct Slots {
    network: ImageSize,
    /// How much may be taken and not yet delivered.
    in_flight: u64,
    state: Mutex<State>,
    /// Something waits, or was delivered, or a lane has ended.
    work: Condvar,
    /// Something was taken.
    room: Condvar,
}

#[derive(Debug)]
struct State {
    lanes: Vec<Lane>,
    /// Counts services.
    served: u64,
    /// Counts what was taken.
    taken: u64,
    /// Counts what was delivered.
    delivered: u64,
    is_closed: bool,
}

/// One source's place. Pictures of several folders, which are read one after the other, share one.
#[derive(Debug)]
struct Lane {
    policy: Policy,
    waiting: VecDeque<Item>,
    /// Used in turn, so that each has its memory early.
    blanks: VecDeque<Box<Frame>>,
    /// When it was served last, in services.
    served: u64,
    has_ended: bool,
}

/// What waits, in the order in which it came.
#[derive(Debug)]
enum Item {
    Frame(Box<Frame>),
    Status(Status),
    End(usize),
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Work {
    /// A frame of that lane.
    Frame(usize, Box<Frame>),
    /// Something that happened to a source, after the frames before it.
    Status(Status),
    /// A source has ended.
    SourceEnd(usize),
}

/// What an engine's thread finds.
#[derive(Debug)]
pub(super) enum Taken {
    /// Something to be done, and how much was taken before it: results are delivered in this order.
    Work(u64, Work),
    /// Nothing yet.
    Nothing,
    /// Every lane has ended and nothing waits.
    End,
}

/// What became of a frame that was put in.
#[derive(Debug)]
pub(super) enum Put {
    /// It waits for the engine.
    Waits,
    /// It waits, and an older one was dropped for it: that one's source.
    Replaced(usize),
    /// It was dropped.
    Dropped,
    /// Nobody takes frames any more.
    Closed,
}

impl Slots {
    /// * `in_flight`: how much may be taken and not yet delivered.
    pub(super) fn new(network: ImageSize, policies: &[Policy], in_flight: NonZeroUsize) -> Self {
        // One more is being prepared.
        let in_hand = in_flight.get() + 1;
        let lane = |&policy: &Policy| Lane {
            policy,
            waiting: VecDeque::with_capacity(policy.capacity() + UNTOLD),
            blanks: (0..policy.capacity() + in_hand).map(|_| Box::new(Frame::blank(network))).collect(),
            served: 0,
            has_ended: false,
        };
        let lanes = policies.iter().map(lane).collect();
        Self {
            network,
            in_flight: in_flight.get() as u64,
            state: Mutex::new(State { lanes, served: 0, taken: 0, delivered: 0, is_closed: false }),
            work: Condvar::new(),
            room: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A frame to fill: one that came back, or a new one.
    pub(super) fn blank(&self, lane: usize) -> Box<Frame> {
        let used = self.lock().lanes[lane].blanks.pop_front();
        used.unwrap_or_else(|| Box::new(Frame::blank(self.network)))
    }

    /// Takes a frame back.
    pub(super) fn recycle(&self, lane: usize, frame: Box<Frame>) {
        self.lock().lanes[lane].blanks.push_back(frame);
    }

    /// Puts a frame in, as the lane's policy says; with [`Policy::Never`] that may take a while.
    pub(super) fn put(&self, lane: usize, frame: Box<Frame>) -> Put {
        let mut state = self.lock();
        let policy = state.lanes[lane].policy;
        if policy == Policy::Never {
            let is_full = |state: &mut State| !state.is_closed && state.lanes[lane].is_full();
            state = self.room.wait_while(state, is_full).unwrap_or_else(PoisonError::into_inner);
        }
        if state.is_closed {
            return Put::Closed;
        }
        let place = &mut state.lanes[lane];
        let mut put = Put::Waits;
        if place.is_full() {
            if policy == Policy::Oldest {
                place.blanks.push_back(frame);
                return Put::Dropped;
            }
            if let Some(stale) = place.remove_oldest() {
                put = Put::Replaced(stale.source);
                place.blanks.push_back(stale);
            }
        }
        place.waiting.push_back(Item::Frame(frame));
        drop(state);
        self.work.notify_one();
        put
    }

    /// Adds something that happened. It waits its turn behind the lane's frames.
    pub(super) fn tell(&self, lane: usize, status: Status) {
        let mut state = self.lock();
        let place = &mut state.lanes[lane];
        if place.waiting.len() < place.policy.capacity() + UNTOLD {
            place.waiting.push_back(Item::Status(status));
        }
        drop(state);
        self.work.notify_one();
    }

    /// No more frames will come from that source of a lane.
    pub(super) fn end_source(&self, lane: usize, source: usize) {
        self.lock().lanes[lane].waiting.push_back(Item::End(source));
        self.work.notify_one();
    }

    /// No more frames will come from this lane.
    pub(super) fn end(&self, lane: usize) {
        self.lock().lanes[lane].has_ended = true;
        self.work.notify_all();
    }

    /// Takes what is to be told, then the frame of the source that was served longest ago; waits a little when there is
    /// nothing, and as long as it takes when too much is not delivered yet.
    pub(super) fn take(&self) -> Taken {
        let is_full = |state: &mut State| !state.is_closed && state.taken - state.delivered >= self.in_flight;
        let mut state = self.work.wait_while(self.lock(), is_full).unwrap_or_else(PoisonError::into_inner);
        if !state.has_work() {
            let idle = |state: &mut State| is_full(state) || !state.has_work();
            (state, _) = self.work.wait_timeout_while(state, ATTENTION, idle).unwrap_or_else(PoisonError::into_inner);
            // Another thread was quicker.
            if is_full(&mut state) {
                return Taken::Nothing;
            }
        }
        if state.is_closed {
            return Taken::End;
        }
        let State { lanes, served, taken, .. } = &mut *state;
        let order = *taken;
        if let Some(told) = lanes.iter_mut().find_map(Lane::take_told) {
            *taken += 1;
            return Taken::Work(order, told);
        }
        let waiting =
            lanes.iter_mut().enumerate().filter_map(|(index, lane)| Some((lane.first_captured()?, index, lane)));
        let Some((_, index, lane)) = waiting.min_by_key(|(captured, _, lane)| (lane.served, *captured)) else {
            return if lanes.iter().all(|lane| lane.has_ended) { Taken::End } else { Taken::Nothing };
        };
        *served += 1;
        lane.served = *served;
        let Some(Item::Frame(frame)) = lane.waiting.pop_front() else { return Taken::Nothing };
        *taken += 1;
        drop(state);
        self.room.notify_all();
        Taken::Work(order, Work::Frame(index, frame))
    }

    /// The result of what was taken is where it belongs.
    pub(super) fn deliver(&self) {
        self.lock().delivered += 1;
        self.work.notify_one();
    }

    /// Ends everything: whoever waits goes on, and what is put in from now on is refused.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.room.notify_all();
        self.work.notify_all();
    }

    /// Numbers of the lanes that have not ended.
    pub(super) fn unfinished(&self) -> Vec<usize> {
        let state = self.lock();
        state.lanes.iter().enumerate().filter(|(_, lane)| !lane.has_ended).map(|(index, _)| index).collect()
    }
}

impl State {
    fn has_work(&self) -> bool {
        self.is_closed
            || self.lanes.iter().any(|lane| !lane.waiting.is_empty())
            || self.lanes.iter().all(|lane| lane.has_ended)
    }
}

impl Lane {
    fn is_full(&self) -> bool {
        self.waiting.iter().filter(|item| matches!(item, Item::Frame(_))).count() >= self.policy.capacity()
    }

    fn remove_oldest(&mut self) -> Option<Box<Frame>> {
        let position = self.waiting.iter().position(|item| matches!(item, Item::Frame(_)))?;
        match self.waiting.remove(position)? {
            Item::Frame(frame) => Some(frame),
            Item::Status(_) | Item::End(_) => None,
        }
    }

    /// What needs no engine, if it comes first.
    fn take_told(&mut self) -> Option<Work> {
        if matches!(self.waiting.front()?, Item::Frame(_)) {
            return None;
        }
        Some(match self.waiting.pop_front()? {
            Item::Status(status) => Work::Status(status),
            Item::End(source) => Work::SourceEnd(source),
            Item::Frame(_) => return None,
        })
    }

    fn first_captured(&self) -> Option<Monotonic> {
        match self.waiting.front()? {
            Item::Frame(frame) => Some(frame.captured),
            Item::Status(_) | Item::End(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::stream::clock::WallClock;
    use crate::stream::status::State as SourceState;
    use crate::stream::tally::Counts;

    const NETWORK: ImageSize = ImageSize { height: 1, width: 1 };

    fn frame(slots: &Slots, lane: usize, number: u64) -> Box<Frame> {
        let mut frame = slots.blank(lane);
        (frame.number, frame.source) = (number, lane);
        frame.captured = Monotonic::after(Duration::from_secs(number));
        frame
    }

    fn put(slots: &Slots, lane: usize, number: u64) -> Put {
        slots.put(lane, frame(slots, lane, number))
    }

    /// For one engine.
    fn slots(policies: &[Policy]) -> Slots {
        Slots::new(NETWORK, policies, NonZeroUsize::MIN)
    }

    /// What comes next, delivered at once.
    fn next(slots: &Slots) -> Option<Work> {
        match slots.take() {
            Taken::Work(_, work) => {
                slots.deliver();
                Some(work)
            }
            Taken::Nothing | Taken::End => None,
        }
    }

    /// The lane and the number of the next frame, which goes back at once.
    fn taken(slots: &Slots) -> Option<(usize, u64)> {
        let Some(Work::Frame(lane, frame)) = next(slots) else { return None };
        let number = frame.number;
        slots.recycle(lane, frame);
        Some((lane, number))
    }

    fn status(source: usize) -> Status {
        let (time, counts) = (WallClock::default(), Counts::default());
        Status { source, time, state: SourceState::Stalled, cause: None, counts }
    }

    #[test]
    fn with_latest_the_newest_frame_waits_and_the_one_before_is_dropped() {
        let slots = slots(&[Policy::Latest]);
        assert!(matches!(put(&slots, 0, 0), Put::Waits));
        assert!(matches!(put(&slots, 0, 1), Put::Replaced(0)));
        assert!(matches!(put(&slots, 0, 2), Put::Replaced(0)));
        assert_eq!(taken(&slots), Some((0, 2)));
        assert!(matches!(slots.take(), Taken::Nothing));
    }

    #[test]
    fn with_oldest_what_waits_is_kept_and_the_newcomer_is_dropped() {
        let slots = slots(&[Policy::Oldest]);
        assert!(matches!(put(&slots, 0, 0), Put::Waits) && matches!(put(&slots, 0, 1), Put::Waits));
        assert!(matches!(put(&slots, 0, 2), Put::Dropped));
        assert_eq!([taken(&slots), taken(&slots)], [Some((0, 0)), Some((0, 1))]);
    }

    #[test]
    fn with_never_the_source_waits_for_room_and_nothing_is_lost() {
        let slots = Arc::new(slots(&[Policy::Never]));
        let source = Arc::clone(&slots);
        let thread = std::thread::spawn(move || {
            for number in 0..100 {
                put(&source, 0, number);
            }
            source.end(0);
        });
        let mut numbers = Vec::new();
        while !matches!(numbers.last(), Some(99)) {
            numbers.extend(taken(&slots).map(|(_, number)| number));
        }
        assert_eq!(numbers, (0..100).collect::<Vec<_>>());
        thread.join().unwrap();
        assert!(matches!(slots.take(), Taken::End));
    }

    #[test]
    fn closing_lets_a_waiting_source_go() {
        let slots = Arc::new(slots(&[Policy::Never]));
        for number in 0..2 {
            put(&slots, 0, number);
        }
        let source = Arc::clone(&slots);
        let thread = std::thread::spawn(move || matches!(put(&source, 0, 2), Put::Closed));
        slots.close();
        assert!(thread.join().unwrap());
    }

    #[test]
    fn the_source_that_was_served_longest_ago_comes_first() {
        let slots = slots(&[Policy::Never, Policy::Latest, Policy::Latest]);
        // A folder that is always full, a fast camera, and a slow one.
        let mut served = Vec::new();
        for round in 0..12 {
            (0..2).for_each(|_| {
                if !slots.lock().lanes[0].is_full() {
                    put(&slots, 0, round);
                }
            });
            put(&slots, 1, round);
            if round % 6 == 0 {
                put(&slots, 2, round);
            }
            served.extend(taken(&slots).map(|(lane, _)| lane));
        }
        let times = |lane| served.iter().filter(|&&served| served == lane).count();
        assert_eq!((times(0), times(1), times(2)), (5, 5, 2), "{served:?}");
    }

    #[test]
    fn what_happened_waits_its_turn_behind_frames() {
        let slots = slots(&[Policy::Never]);
        put(&slots, 0, 0);
        slots.tell(0, status(0));
        put(&slots, 0, 1);
        slots.end_source(0, 0);
        slots.end(0);
        assert_eq!(taken(&slots), Some((0, 0)));
        assert!(matches!(next(&slots), Some(Work::Status(_))));
        assert_eq!(taken(&slots), Some((0, 1)));
        assert!(matches!(next(&slots), Some(Work::SourceEnd(0))));
        assert!(matches!(slots.take(), Taken::End));
    }

    #[test]
    fn untold_things_are_bounded_and_an_end_is_never_among_the_dropped() {
        let slots = slots(&[Policy::Latest]);
        (0..1000).for_each(|_| slots.tell(0, status(0)));
        slots.end_source(0, 0);
        slots.end(0);
        let mut told = 0;
        while matches!(next(&slots), Some(Work::Status(_))) {
            told += 1;
        }
        assert_eq!(told, UNTOLD + 1);
    }

    #[test]
    fn frames_are_used_again() {
        let slots = slots(&[Policy::Latest]);
        let address = |frame: &Frame| frame.input.as_ptr() as usize;
        let mut seen = std::collections::HashSet::new();
        for number in 0..100 {
            let frame = frame(&slots, 0, number);
            seen.insert(address(&frame));
            slots.put(0, frame);
            taken(&slots);
        }
        // One waits, one is being prepared, one is being judged.
        assert_eq!(seen.len(), Policy::Latest.capacity() + 2);
    }

    #[test]
    fn no_more_is_taken_than_may_be_in_flight() {
        let slots = Arc::new(Slots::new(NETWORK, &[Policy::Never], NonZeroUsize::new(2).unwrap()));
        assert!((0..2).all(|number| matches!(put(&slots, 0, number), Put::Waits)));
        let order = || match slots.take() {
            Taken::Work(order, Work::Frame(lane, frame)) => {
                slots.recycle(lane, frame);
                order
            }
            other => panic!("{other:?}"),
        };
        assert_eq!([order(), order()], [0, 1]);
        put(&slots, 0, 2);
        let other = Arc::clone(&slots);
        let (told, heard) = std::sync::mpsc::channel();
        let third = std::thread::spawn(move || {
            told.send(()).unwrap();
            matches!(other.take(), Taken::Work(2, _))
        });
        heard.recv().unwrap();
        // Whether it waits already or not: it gets nothing before this.
        assert_eq!(slots.lock().taken, 2);
        slots.deliver();
        assert!(third.join().unwrap());
    }

    #[test]
    fn closing_lets_a_waiting_engine_go() {
        let slots = Arc::new(slots(&[Policy::Never]));
        assert!((0..2).all(|number| matches!(put(&slots, 0, number), Put::Waits)));
        assert!(matches!(slots.take(), Taken::Work(0, _)));
        let engine = Arc::clone(&slots);
        let thread = std::thread::spawn(move || matches!(engine.take(), Taken::End));
        slots.close();
        assert!(thread.join().unwrap());
    }
}
