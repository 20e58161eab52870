//! Pings that the writer refuses, and what their checks are told of it (9.1).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use punctual::clock::{Clock, Hands};
use punctual::core::cause::Family;
use punctual::core::check::{CheckId, PingKind};
use punctual::core::refusals::Refused;
use punctual::core::schedule::Schedule;
use punctual::core::time::Span;
use punctual::store::live::Live;
use punctual::store::sqlite::FaultPoint;
use punctual::store::writer::{PingAnswer, QueueLimits, Turns, Writer};
use punctual::store::{Store, StoreError, expire};

use super::world::{Sqlite, World, fact};

/// A check that is pinged every few seconds, and a writer whose turns are taken by hand.
struct Place {
    world: World<Sqlite>,
    hands: Arc<Hands>,
    clock: Arc<Clock>,
    writer: Writer,
    turns: Turns,
    live: Arc<Live>,
    check: CheckId,
    /// Nothing can be stored, or not after so many more commits.
    is_full: Arc<AtomicBool>,
    commits: Arc<AtomicU32>,
}

impl Place {
    fn new(every: Span, limits: QueueLimits) -> Place {
        let mut world = World::new(Sqlite::default());
        world.declare(&["a"]);
        let spec = Arc::make_mut(&mut world.configuration.checks[0].spec);
        (spec.schedule, spec.grace) = (Schedule::Every(every), Span::ZERO);
        world.configure().unwrap();
        let hands = Hands::at(world.now);
        let clock = Arc::new(Clock::with_hands(hands.clone()));
        let mut store = world.take();
        let is_full = Arc::new(AtomicBool::new(false));
        let commits = Arc::new(AtomicU32::new(u32::MAX));
        let (asked, left) = (is_full.clone(), commits.clone());
        store.set_faults(move |at| {
            let one_less = |left: u32| left.checked_sub(1);
            let hits = at == FaultPoint::BeforeCommit
                && (asked.load(Ordering::SeqCst)
                    || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_err());
            hits.then_some(StoreError::Full)
        });
        let live = store.live();
        let check = live.find("a").unwrap().id;
        let (writer, turns) = Writer::without_thread(Box::new(store), clock.clone(), limits, |_| {});
        Place { world, hands, clock, writer, turns, live, check, commits, is_full }
    }

    /// Time passes, and the job pings.
    fn ping_after(&self, span: Span) -> Option<PingAnswer> {
        self.hands.pass(span);
        self.writer.ping(self.check, fact(PingKind::Success)).ok()
    }

    fn turn(&mut self) {
        assert!(self.turns.step());
    }

    fn set_full(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::SeqCst);
    }

    /// After so long somebody looks at what is due.
    fn is_late_after(&mut self, span: Span) -> bool {
        self.hands.pass(span);
        self.writer.queue_call(Box::new(|store, now| drop(expire(store, now).unwrap())));
        self.turn();
        self.live.find("a").unwrap().known().state.causes.any(Family::Late)
    }
}

/// 9.1: each of them moves the deadline, until the store takes pings again, and the job has its time from then on.
#[test]
fn what_is_refused_while_the_store_is_away_is_told_as_one_stretch() {
    let every = Span::secs(3);
    let mut place = Place::new(every, QueueLimits::default());
    let taken = place.ping_after(Span::ZERO);
    place.turn();
    taken.unwrap().blocking_recv().unwrap().unwrap();
    place.set_full(true);
    // The first in its turn, the others at the door.
    let first = place.ping_after(every).unwrap();
    place.turn();
    first.blocking_recv().unwrap().unwrap_err();
    let began = place.clock.now();
    assert!(place.ping_after(every).is_none() && place.ping_after(every).is_none());
    place.turn();
    place.set_full(false);
    assert!(!place.is_late_after(Span::ms(500)), "each ping that was due was refused");
    let stretch = Refused { first: began, last: began + every + every, times: 3 };
    let state = place.live.find("a").unwrap().known().state.clone();
    assert_eq!(state.refusals.iter().copied().collect::<Vec<_>>(), [stretch]);
    assert_eq!(place.live.blind().iter().count(), 0, "it was not away for long");
    assert!(!place.is_late_after(Span::ms(2500)));
    assert!(place.is_late_after(Span::MS), "and nothing came since");
}

/// 9.1: a queue that is full refuses ping by ping, each of them in a turn of its own.
#[test]
fn a_short_period_whose_pings_are_refused_without_end_is_not_late() {
    let every = Span::secs(3);
    let mut place = Place::new(every, QueueLimits { max_queued: 0, ..QueueLimits::default() });
    for number in 0..60 {
        assert!(place.ping_after(every).is_none());
        assert!(!place.is_late_after(Span::ZERO), "at the refusal of number {number}");
    }
    assert!(!place.is_late_after(every));
    assert!(place.is_late_after(Span::MS));
}

/// 9.1: a disk that hung for a while, and a death in the turn that stores what waited: nobody was told that it was taken.
#[test]
fn a_sign_of_life_vouches_for_no_ping_that_is_not_stored() {
    for commits in 0..3 {
        let every = Span::secs(5);
        let mut place = Place::new(every, QueueLimits::default());
        let taken = place.ping_after(Span::ZERO);
        place.turn();
        taken.unwrap().blocking_recv().unwrap().unwrap();
        let waits = place.ping_after(every);
        place.hands.pass(Span::secs(3));
        place.commits.store(commits, Ordering::SeqCst);
        place.turn();
        drop(waits);
        place.hands.pass(Span::secs(1));
        let Place { mut world, clock, writer, turns, .. } = place;
        drop((writer, turns));
        world.now = clock.now();
        world.reopen();
        let now = world.now;
        expire(world.store(), now).unwrap();
        let causes = world.state("a").causes;
        assert!(!causes.any(Family::Late), "after {commits} commits: {causes:?}");
    }
}
