//! The writer's thread, around a real store.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use punctual::app::incidents::{self, AllStood, StanceAsked};
use punctual::app::pausing;
use punctual::app::{Actor, Entrance, NotDone, NotDoneKind, Services};
use punctual::clock::{Clock, Hands};
use punctual::core::blind::Window;
use punctual::core::cause::Status;
use punctual::core::check::PingKind;
use punctual::core::route::{Matcher, Mute};
use punctual::core::time::Span;
use punctual::engine::{self, follow_wall_clock};
use punctual::store::history::Reader;
use punctual::store::pausing::Wish;
use punctual::store::sqlite::{FaultPoint, SqliteStore};
use punctual::store::writer::{QueueLimits, Turns, Writer};
use punctual::store::{Applied, Entry, Expired, Stance, Store, StoreError, What, expire};

use super::world::{Place, Sqlite, World, check, fact, name};
use crate::support::process::{PATIENCE, wait_until};

/// The store of a world, moved to the real time: it was last alive so long ago.
pub(crate) fn away(span: Span, names: &[&str]) -> (World<Sqlite>, Arc<Clock>, SqliteStore) {
    let clock = Arc::new(Clock::new());
    let mut world = World::new(Sqlite::default());
    world.now = clock.now() - span;
    world.reopen();
    world.declare(names);
    let store = world.take();
    (world, clock, store)
}

pub(crate) fn start(store: SqliteStore, clock: &Arc<Clock>) -> Writer {
    Writer::start(Box::new(store), clock.clone(), QueueLimits::default(), |_| {}).unwrap()
}

/// The writer is in a call until it is told to go on, and then does this.
pub(crate) async fn keep_busy(writer: &Writer, at_last: impl FnOnce() + Send + 'static) -> mpsc::Sender<()> {
    let (go_on, wait) = mpsc::channel();
    let (begins, has_begun) = tokio::sync::oneshot::channel();
    writer.queue_call(Box::new(move |_, _| {
        begins.send(()).unwrap();
        wait.recv().unwrap();
        at_last();
    }));
    has_begun.await.unwrap();
    go_on
}

/// 14.1: what is queued at a stop is stored and answered.
#[tokio::test]
async fn what_is_queued_is_stored_before_a_stop() {
    let (mut world, clock, store) = away(Span::ZERO, &["a"]);
    let id = store.live().find("a").unwrap().id;
    let writer = start(store, &clock);
    let answers: Vec<_> = (0..1000).map(|_| writer.ping(id, fact(PingKind::Log)).unwrap()).collect();
    writer.stop();
    for answer in answers {
        assert!(matches!(answer.await.unwrap().unwrap(), Applied::Done(Some(_))));
    }
    writer.ping(id, fact(PingKind::Log)).unwrap_err();
    drop(writer);
    world.now = clock.now();
    world.reopen();
    assert_eq!(world.state("a").counters.pings[3], 1000);
}

/// 9.1: what was due in an absence is judged only once the absence itself is stored.
#[tokio::test]
async fn nothing_is_judged_before_our_own_absence_is_stored() {
    // Due in the middle of the absence: nobody can tell whether it was pinged.
    let (_world, clock, mut store) = away(Span::mins(10), &["a"]);
    let failed = Arc::new(AtomicBool::new(false));
    let once = failed.clone();
    store.set_faults(move |at| {
        let fails = at == FaultPoint::BeforeCommit && !once.swap(true, Ordering::SeqCst);
        fails.then(|| StoreError::Failed("a test".to_owned()))
    });
    let live = store.live();
    let writer = start(store, &clock);
    writer.call(expire).await.unwrap();
    assert!(failed.load(Ordering::SeqCst), "the absence could not be stored at first");
    assert_eq!(live.blind().iter().count(), 1);
    let check = live.find("a").unwrap();
    let causes = check.known().state.causes.clone();
    assert!(causes.iter().all(|cause| cause.would_be.is_some()), "not late, but unknown: {causes:?}");
    writer.stop();
}

/// 1.1: a machine without a battery starts with an old date.
#[test]
fn while_the_clock_is_doubted_pings_are_taken_and_nothing_is_judged() {
    let (world, clock, mut store) = away(Span::ZERO - Span::mins(60), &["a"]);
    let last = world.now + Span::secs(1);
    store.sign_of_life(last).unwrap();
    let before = store.live().totals.blind(last);
    drop(store);
    let mut store = world.place.open();
    engine::begin(&mut store, &clock).unwrap();
    assert!(!clock.is_trusted());
    store.configure(&world.configuration, true, clock.now()).unwrap();
    let live = store.live();
    let check = live.find("a").unwrap();
    // It would be late 70 s after it was declared, if this were the time.
    let doubted = last + Span::mins(9);
    for kind in [PingKind::Log, PingKind::Start] {
        let entry = Entry { check: check.id, at: doubted, what: What::Ping(fact(kind)) };
        assert!(matches!(store.apply(&[entry]).unwrap()[..], [Applied::Done(Some(_))]));
    }
    assert_eq!(expire(&mut store, doubted).unwrap(), Expired::default());
    assert_eq!(check.known().state.status(), Status::New);
    store.sign_of_life(doubted).unwrap();
    let blind = |now| live.totals.blind(now) - before;
    assert_eq!(blind(doubted), Span::mins(9), "what is not yet is not counted");

    let set = doubted + Span::secs(1);
    follow_wall_clock(&clock, &mut store, doubted, set - doubted).unwrap();
    assert_eq!(live.blind().iter().last(), Some(&Window { from: last, to: set }));
    assert_eq!(blind(set), Span::mins(9) + Span::secs(1));
    assert_eq!(expire(&mut store, set + Span::secs(1)).unwrap().deadlines.len(), 1);
    assert_eq!(check.known().state.status(), Status::Unknown, "nobody can tell whether it was pinged");
}

/// 1.1: a probe that kills an unwell server, or a crash loop, must not make the doubt last for ever.
#[test]
fn a_doubt_of_the_clock_goes_on_over_starts_and_ends() {
    let (mut world, clock, mut store) = away(Span::ZERO - Span::mins(60), &["a"]);
    let last = store.last_sign_of_life().unwrap().unwrap();
    let restart = |spent: Option<Span>| {
        let clock = Arc::new(Clock::new());
        let mut store = world.place.open();
        spent.into_iter().for_each(|spent| store.doubt(spent).unwrap());
        engine::begin(&mut store, &clock).unwrap();
        store.configure(&world.configuration, true, clock.now()).unwrap();
        (store, clock)
    };
    engine::begin(&mut store, &clock).unwrap();
    let writer = start(store, &clock);
    let stored = |spent: Option<Span>| spent.is_some_and(|spent| spent > Span::ZERO);
    wait_until("the doubt to grow", PATIENCE, || stored(clock.doubted()));
    writer.stop();
    let (mut store, clock) = restart(None);
    let spent = store.doubted();
    assert!(stored(Some(spent)) && clock.doubted().is_some_and(|doubted| doubted >= spent));
    assert_eq!(store.last_sign_of_life().unwrap(), Some(last), "no later one than the trusted one");
    drop(store);

    let (mut store, clock) = restart(Some(Clock::PATIENCE));
    assert!(clock.is_trusted() && clock.now() < last);
    assert_eq!(store.doubted(), Span::ZERO);
    assert!(store.last_sign_of_life().unwrap().unwrap() <= clock.now());
    assert!(store.live().blind().iter().all(|window| window.to <= clock.now()));
    // A dead check is judged again: late, or unknown since nobody can tell when it was due.
    let later = clock.now() + Span::mins(15);
    store.sign_of_life(later).unwrap();
    expire(&mut store, later).unwrap();
    assert_ne!(store.live().find("a").unwrap().known().state.status(), Status::New);
    drop(store);
    world.now = later;
}

/// 1.1: the process that doubted may end before the clock is set.
#[test]
fn a_clock_that_was_set_between_two_starts_is_believed() {
    let (world, clock, mut store) = away(Span::ZERO, &["a"]);
    let last = store.last_sign_of_life().unwrap().unwrap();
    // It had gone on from a wrong date for nine minutes, and took a ping then.
    store.doubt(Span::mins(9)).unwrap();
    let ahead = last + Span::mins(9);
    let check = store.live().find("a").unwrap().id;
    let ping = Entry { check, at: ahead, what: What::Ping(fact(PingKind::Success)) };
    store.apply(&[ping]).unwrap();
    drop(store);
    let mut store = world.place.open();
    engine::begin(&mut store, &clock).unwrap();
    assert!(clock.is_trusted() && clock.now() < ahead);
    let live = store.live();
    let check = live.find("a").unwrap();
    let known = check.known();
    assert!(known.state.newest <= clock.now(), "one wrong date silences nothing");
    assert_eq!(store.doubted(), Span::ZERO);
}

/// 1.2: the wait in the queue counts.
#[tokio::test]
async fn what_a_ping_waited_for_its_commit_counts_from_its_entry_into_the_queue() {
    let (_world, clock, store) = away(Span::ZERO, &["a"]);
    let id = store.live().find("a").unwrap().id;
    let (sender, waits) = mpsc::channel();
    let on_commit = move |waited| sender.send(waited).unwrap();
    let writer = Writer::start(Box::new(store), clock, QueueLimits::default(), on_commit).unwrap();
    let (hold, held) = mpsc::channel::<()>();
    let (busy, is_busy) = mpsc::channel();
    let slow = writer.call(move |_, _| {
        busy.send(()).unwrap();
        held.recv().unwrap();
    });
    let ping = async {
        tokio::task::yield_now().await;
        is_busy.recv().unwrap();
        let since = Instant::now();
        let answer = writer.ping(id, fact(PingKind::Log)).unwrap();
        let ago = since.elapsed();
        while since.elapsed() < Duration::from_millis(20) {
            tokio::task::yield_now().await;
        }
        hold.send(()).unwrap();
        answer.await.unwrap().unwrap();
        Duration::from_millis(20) - ago
    };
    let ((), waited) = tokio::join!(slow, ping);
    assert!(waits.recv().unwrap() >= waited);
    writer.stop();
}

/// Whoever was told that it took too long must not find it done later.
#[tokio::test]
async fn a_call_that_nobody_waits_for_any_more_is_not_carried_out() {
    let (_world, clock, store) = away(Span::ZERO, &["a"]);
    let id = store.live().find("a").unwrap().id;
    let writer = start(store, &clock);
    let (hold, held) = mpsc::channel::<()>();
    let slow = writer.call(move |_, _| held.recv().unwrap());
    let given_up = async {
        let carried_out = Arc::new(AtomicBool::new(false));
        let seen = carried_out.clone();
        let call = writer.call(move |_, _| seen.store(true, Ordering::SeqCst));
        tokio::select! {
            biased;
            () = call => panic!("the writer is busy"),
            () = tokio::task::yield_now() => {}
        }
        let answer = writer.ping(id, fact(PingKind::Log)).unwrap();
        hold.send(()).unwrap();
        answer.await.unwrap().unwrap();
        assert!(!carried_out.load(Ordering::SeqCst));
    };
    tokio::join!(slow, given_up);
    writer.stop();
}

/// 9.1, 14.3: pings that cannot be stored are refused, the check is told, and the writer recovers by itself.
#[tokio::test]
async fn a_failing_store_refuses_pings_and_recovers() {
    let (_world, clock, mut store) = away(Span::ZERO, &["a"]);
    let fails = Arc::new(AtomicBool::new(false));
    let asked = fails.clone();
    store.set_faults(move |at| {
        let hits = at == FaultPoint::BeforeCommit && asked.load(Ordering::SeqCst);
        hits.then_some(StoreError::Full)
    });
    let live = store.live();
    let id = live.find("a").unwrap().id;
    let writer = start(store, &clock);
    fails.store(true, Ordering::SeqCst);
    let answer = writer.ping(id, fact(PingKind::Success)).unwrap().await.unwrap();
    assert!(answer.is_err(), "{answer:?}");
    while writer.is_healthy() {
        tokio::task::yield_now().await;
    }
    writer.ping(id, fact(PingKind::Success)).unwrap_err();
    fails.store(false, Ordering::SeqCst);
    while !writer.is_healthy() {
        tokio::task::yield_now().await;
    }
    let answer = writer.ping(id, fact(PingKind::Success)).unwrap().await.unwrap();
    assert!(matches!(answer, Ok(Applied::Done(Some(_)))), "{answer:?}");
    let check = live.find("a").unwrap();
    let state = check.known().state.clone();
    assert_eq!(state.refusals.iter().len(), 1, "the check knows that it was not heard");
    assert_eq!(state.counters.pings[0], 1);
    writer.stop();
}

/// 9.1: a ping that was answered 503 is no reason for a page, also in the turn in which it was refused.
#[tokio::test]
async fn nothing_is_judged_between_a_refused_ping_and_its_record() {
    let (_world, clock, mut store) = away(Span::ZERO, &["a"]);
    let fails = Arc::new(AtomicBool::new(false));
    let once = fails.clone();
    store.set_faults(move |at| {
        let hits = at == FaultPoint::BeforeCommit && once.swap(false, Ordering::SeqCst);
        hits.then_some(StoreError::Full)
    });
    let live = store.live();
    let id = live.find("a").unwrap().id;
    let writer = start(store, &clock);
    // The ping and the judgement are in one turn: they wait for this call.
    let go_on = keep_busy(&writer, || {}).await;
    let ping = writer.ping(id, fact(PingKind::Success)).unwrap();
    let deadline = writer.wakes().borrow().deadline.unwrap();
    let (judged, is_judged) = tokio::sync::oneshot::channel();
    writer.queue_call(Box::new(move |store, _| {
        expire(store, deadline + Span::MS).unwrap();
        judged.send(()).unwrap();
    }));
    fails.store(true, Ordering::SeqCst);
    go_on.send(()).unwrap();
    ping.await.unwrap().unwrap_err();
    is_judged.await.unwrap();
    // 9.4: the refusal moves the deadline.
    let causes = live.find("a").unwrap().known().state.causes.clone();
    assert!(causes.iter().next().is_none(), "{causes:?}");
    writer.stop();
}

/// 1.1: engine time may be set back while pings wait.
#[tokio::test]
async fn a_ping_that_waits_while_the_clock_is_set_back_is_not_in_the_future() {
    let (_world, clock, store) = away(Span::ZERO, &["a"]);
    let live = store.live();
    let id = live.find("a").unwrap().id;
    let writer = start(store, &clock);
    // Ahead of the wall clock, which is believed again in the call.
    clock.not_before(clock.now() + Span::secs(4), Span::ZERO);
    let set_back = clock.clone();
    // What comes from here on is of the next turn.
    let go_on = keep_busy(&writer, move || set_back.anchor()).await;
    let ping = writer.ping(id, fact(PingKind::Success)).unwrap();
    let (sender, called) = tokio::sync::oneshot::channel();
    writer.queue_call(Box::new(move |_, now| sender.send(now).unwrap()));
    go_on.send(()).unwrap();
    ping.await.unwrap().unwrap();
    let seen = live.find("a").unwrap().known().state.last_seen.unwrap();
    assert!(seen <= clock.now(), "{seen}");
    let called = called.await.unwrap();
    assert!(called <= clock.now(), "{called}");
    writer.stop();
}

/// 1.2: however many waited before it, and none of those that follow is of a time before it.
#[test]
fn a_ping_waits_only_for_the_order_under_way() {
    let (_world, clock, store) = away(Span::ZERO, &["a"]);
    let check = store.live().find("a").unwrap();
    let (writer, mut turns) = Writer::without_thread(Box::new(store), clock, QueueLimits::default(), |_| {});
    let writer = Arc::new(writer);
    let (pings, sender) = (writer.clone(), mpsc::channel());
    let id = check.id;
    writer.queue_call(Box::new(move |_, _| drop(pings.ping(id, fact(PingKind::Success)).unwrap())));
    for _ in 0..2 {
        let (check, sender) = (check.clone(), sender.0.clone());
        let seen = move |_: &mut dyn Store, at| sender.send((check.known().state.last_seen, at)).unwrap();
        writer.queue_call(Box::new(seen));
    }
    assert!(turns.step());
    assert_eq!(check.known().state.last_seen, None, "the order under way");
    while turns.has_waiting() {
        assert!(turns.step());
    }
    let seen: Vec<_> = sender.1.try_iter().collect();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|(last_seen, at)| last_seen.is_some_and(|seen| seen <= *at)), "{seen:?}");
}

/// 1.1: otherwise the blind time would never be stored, and what was due in it be judged late.
#[test]
fn a_wall_clock_is_not_followed_before_that_is_stored() {
    let (_world, clock, mut store) = away(Span::ZERO, &["a"]);
    clock.not_before(clock.now() + Span::mins(60), Span::ZERO);
    let before = clock.now();
    let windows = store.live().blind().iter().count();
    store.set_faults(|at| (at == FaultPoint::BeforeCommit).then_some(StoreError::Full));
    follow_wall_clock(&clock, &mut store, before, Span::mins(1)).unwrap_err();
    assert!(!clock.is_trusted() && clock.now() >= before);
    store.set_faults(|_| None);
    follow_wall_clock(&clock, &mut store, before, Span::mins(1)).unwrap();
    assert!(clock.is_trusted() && clock.now() < before);
    assert_eq!(store.live().blind().iter().count(), windows + 1);
}

/// 1.1: judged by a date that is an hour ahead of the states, every check would be late.
#[test]
fn a_clock_that_was_set_back_is_followed_as_soon_as_states_may_be_of_the_new_time() {
    let (_world, now, mut store) = away(Span::ZERO, &["a"]);
    let hands = Hands::at(now.now());
    let clock = Clock::with_hands(hands.clone());
    let (before, back) = (clock.now(), Span::ZERO - Span::mins(60));
    hands.set_wall(back);
    // That of the states: it is stored, and nobody hears of it.
    store.set_faults(|at| (at == FaultPoint::AfterCommit).then(|| StoreError::Unclear("a test".to_owned())));
    follow_wall_clock(&clock, &mut store, before, back).unwrap_err();
    store.set_faults(|_| None);
    assert_eq!(expire(&mut store, clock.now()).unwrap(), Expired::default(), "as late as an hour ahead");
    assert_eq!(clock.jump(), Some(Span::ZERO), "it is still to be stored");
    follow_wall_clock(&clock, &mut store, clock.now(), Span::ZERO).unwrap();
    assert_eq!((clock.jump(), clock.now()), (None, before + back));
}

/// 1.1d: what is left of a mute is of the new time, also if the clock is set again before it is known that this is stored.
#[test]
fn a_clock_that_is_set_back_again_before_that_is_settled_ends_no_mute() {
    let (_world, now, mut store) = away(Span::ZERO, &["a"]);
    let hands = Hands::at(now.now());
    let clock = Clock::with_hands(hands.clone());
    let (since, back) = (clock.now(), Span::ZERO - Span::mins(60));
    store.sign_of_life(since).unwrap();
    let text = "check=\"a\"".to_owned();
    let matchers = Matcher::parse_list(&text).unwrap();
    let until = since + Span::mins(10);
    let mute = Mute { id: 0, matchers, text, until, since, comment: String::new(), by: String::new() };
    store.mute(mute, since).unwrap();
    hands.set_wall(back);
    store.set_faults(|at| (at == FaultPoint::AfterCommit).then(|| StoreError::Unclear("a test".to_owned())));
    follow_wall_clock(&clock, &mut store, since, back).unwrap_err();
    store.set_faults(|_| None);
    hands.set_wall(back);
    follow_wall_clock(&clock, &mut store, clock.now(), back).unwrap();
    let ends: Vec<_> = store.live().mutes().iter().map(|mute| mute.until).collect();
    assert_eq!(ends, [clock.now() + Span::mins(10)]);
}

/// 9.1: nobody knows whose ping it was.
#[tokio::test]
async fn what_is_refused_unread_is_blind_for_all_before_anything_is_judged() {
    let (mut world, clock, store) = away(Span::ZERO, &["a", "b"]);
    let live = store.live();
    let writer = start(store, &clock);
    let go_on = keep_busy(&writer, || {}).await;
    let refused = clock.now();
    (0..100).for_each(|_| writer.refuse_unread());
    assert!(writer.applied_to() <= clock.now(), "readers wait for it as well");
    let deadline = writer.wakes().borrow().deadline.unwrap();
    let (judged, is_judged) = tokio::sync::oneshot::channel();
    writer.queue_call(Box::new(move |store, _| {
        expire(store, deadline + Span::MS).unwrap();
        judged.send(()).unwrap();
    }));
    go_on.send(()).unwrap();
    is_judged.await.unwrap();
    for name in ["a", "b"] {
        let causes = live.find(name).unwrap().known().state.causes.clone();
        assert!(causes.is_empty(), "9.4: it moves the deadline: {causes:?}");
    }
    let holds = |window: &&Window| window.from < refused && refused <= window.to;
    let window = *live.blind().iter().find(holds).expect("the second is blind");
    assert!(window.to <= refused + Span::secs(2), "{window:?}");
    writer.stop();
    drop(writer);
    world.now = clock.now();
    world.reopen();
    assert!(world.store().live().blind().iter().any(|it| it.from <= window.from && it.to >= window.to));
}

/// 9.1: a stop forgets nothing that was refused.
#[test]
fn what_was_refused_is_stored_at_a_stop() {
    let (mut world, clock, store) = away(Span::ZERO, &["a", "b"]);
    let [a, b] = ["a", "b"].map(|name| store.live().find(name).unwrap().id);
    let limits = QueueLimits { max_queued: 0, max_refused: 1, ..QueueLimits::default() };
    let writer = Writer::start(Box::new(store), clock.clone(), limits, |_| {}).unwrap();
    let refused = clock.now();
    writer.ping(a, fact(PingKind::Success)).unwrap_err();
    writer.ping(b, fact(PingKind::Success)).unwrap_err();
    writer.stop();
    drop(writer);
    world.now = clock.now();
    world.reopen();
    assert_eq!(world.state("a").refusals.iter().len(), 1, "one moment takes one place");
    // More than are remembered: of any check.
    let store = world.store();
    let holds = |window: &Window| window.from < refused && refused <= window.to;
    assert!(store.live().blind().iter().any(holds));
}

/// 9.1: from the closing of the listeners on we are deaf, and the drain may take long.
#[tokio::test]
async fn nothing_is_judged_or_vouched_for_beyond_the_closing_of_the_listeners() {
    let (mut world, clock, store) = away(Span::ZERO, &["a"]);
    let live = store.live();
    let id = live.find("a").unwrap().id;
    let writer = start(store, &clock);
    writer.call(|_, _| {}).await;
    writer.close();
    let closed = clock.now();
    wait_until("more than a sign of life", PATIENCE, || clock.now() - closed > Span::ms(1200));
    let called = writer.call(|_, now| now).await;
    assert!(called <= closed && writer.applied_to() <= closed);
    writer.ping(id, fact(PingKind::Success)).unwrap().await.unwrap().unwrap();
    assert!(
        live.find("a").unwrap().known().state.last_seen.unwrap() <= closed,
        "what connected before it counts"
    );
    writer.stop();
    drop(writer);
    world.now = clock.now();
    let mut store = world.place.open();
    assert!(store.last_sign_of_life().unwrap().unwrap() <= closed);
}

/// 9.1: a machine that wakes into its own stop, or a disk that takes writes again just then, was away all the same.
#[test]
fn an_absence_just_before_a_stop_is_known() {
    for closes in [false, true] {
        let mut world = World::new(Sqlite::default());
        world.declare(&["a"]);
        let hands = Hands::at(world.now);
        let clock = Arc::new(Clock::with_hands(hands.clone()));
        let store = Box::new(world.take());
        let (writer, mut turns) =
            Writer::without_thread(store, clock.clone(), QueueLimits::default(), |_| {});
        assert!(turns.step());
        let last_life = clock.now();
        hands.pass(Span::secs(40));
        if closes {
            writer.close();
            // The drain takes its time, and nobody vouches for it.
            hands.pass(Span::secs(5));
            assert!(turns.step());
        }
        writer.stop();
        while turns.step() {}
        drop((writer, turns));
        world.now = clock.now();
        world.reopen();
        let windows = world.store().live().blind().iter().copied().collect::<Vec<_>>();
        assert_eq!(windows, [Window { from: last_life, to: clock.now() }], "closes: {closes}");
    }
}

/// A server whose checks have all failed, and whose writer's turns the caller takes.
struct AllBad {
    _world: World<Sqlite>,
    services: Arc<Services>,
    turns: Turns,
    /// The disk is full from now on.
    is_full: Arc<AtomicBool>,
}

fn services(world: &World<Sqlite>, clock: Arc<Clock>, store: SqliteStore) -> (Arc<Services>, Turns) {
    let live = store.live();
    let (writer, turns) =
        Writer::without_thread(Box::new(store), clock.clone(), QueueLimits::default(), |_| {});
    let (reloads, _) = tokio::sync::mpsc::channel(1);
    let history = Reader::new(world.place.0.path());
    (Arc::new(Services::new(live, Arc::new(writer), clock, history, reloads)), turns)
}

impl AllBad {
    fn new(names: &[&str]) -> AllBad {
        let (world, clock, mut store) = away(Span::ZERO, names);
        let live = store.live();
        let failed = names.iter().map(|name| {
            let what = What::Ping(fact(PingKind::Fail));
            Entry { check: live.find(name).unwrap().id, at: clock.now(), what }
        });
        store.apply(&failed.collect::<Vec<_>>()).unwrap();
        let is_full = Arc::new(AtomicBool::new(false));
        let fails = is_full.clone();
        store.set_faults(move |at| {
            let fails = at == FaultPoint::BeforeCommit && fails.load(Ordering::SeqCst);
            fails.then_some(StoreError::Full)
        });
        let (services, turns) = services(&world, clock, store);
        AllBad { _world: world, services, turns, is_full }
    }

    /// Ann says so of all; `looks` sees how many are acknowledged after each turn.
    async fn ann_says(
        &mut self,
        stance: Stance,
        mut looks: impl FnMut(&mut AllBad, usize),
    ) -> Result<AllStood, NotDone> {
        let services = self.services.clone();
        let said = tokio::spawn(async move {
            let ann = Actor { said: Some("ann".to_owned()), door: Entrance::Socket(0) };
            incidents::stand_all(&services, &ann, r#"check=~".*""#, &StanceAsked::only(stance)).await
        });
        while !said.is_finished() {
            self.turns.step();
            let acknowledged = self.services.live.answered().len();
            looks(self, acknowledged);
            tokio::task::yield_now().await;
        }
        said.await.unwrap()
    }
}

/// One more than are stored together.
fn hundred_and_one() -> Vec<String> {
    (0..101).map(|n| format!("n{n:03}")).collect()
}

/// 11.2: whoever looks meanwhile sees that nobody has said it, or that it is said of all.
#[tokio::test]
async fn what_is_said_of_several_incidents_is_stored_with_nothing_between() {
    let mut bad = AllBad::new(&["a", "b", "c"]);
    let mut seen = vec![0];
    let looks = |_: &mut AllBad, count| seen.extend(Some(count).filter(|count| seen.last() != Some(count)));
    let said = bad.ann_says(Stance::Acknowledge, looks).await.unwrap();
    assert_eq!((said.matching, said.changed), (3, 3), "{}", said.text);
    assert_eq!(seen, [0, 3]);
}

/// 11.2: what is said of a hundred takes a while, and what is planned anew takes longer.
#[tokio::test]
async fn a_ping_does_not_wait_for_all_that_is_said_of_many_incidents() {
    let names = hundred_and_one();
    let mut bad = AllBad::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for (stance, after) in [(Stance::Acknowledge, 100), (Stance::Reopen, 91)] {
        let mut pinged = false;
        let looks = |bad: &mut AllBad, acknowledged| {
            if acknowledged == after {
                let id = bad.services.live.find("n050").unwrap().id;
                let mut answer = bad.services.writer.ping(id, fact(PingKind::Log)).unwrap();
                while answer.try_recv().is_err() {
                    bad.turns.step();
                }
                assert_eq!(bad.services.live.answered().len(), after, "it is stored before the others");
                pinged = true;
            }
        };
        let said = bad.ann_says(stance, looks).await.unwrap();
        assert_eq!((said.matching, said.changed, pinged), (101, 101, true), "{}", said.text);
    }
}

#[tokio::test]
async fn what_was_said_of_some_before_the_disk_failed_stays_and_is_told() {
    let names = hundred_and_one();
    let mut bad = AllBad::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let looks = |bad: &mut AllBad, acknowledged| bad.is_full.store(acknowledged == 100, Ordering::SeqCst);
    let why = bad.ann_says(Stance::Acknowledge, looks).await.unwrap_err();
    assert_eq!(why.kind(), NotDoneKind::Unavailable);
    let said = "100 of 101 incidents are acknowledged, says ann (user 0), and no more: \
                the server is too busy, or its disk fails; ask again, for the others";
    assert_eq!(why.to_string(), said);
    assert_eq!(bad.services.live.answered().len(), 100);
}

/// 7.1: it is renamed, or gone, by the time that the writer comes to it.
#[tokio::test]
async fn a_pause_is_of_the_check_that_was_meant_whatever_it_is_called_by_now() {
    let (mut world, clock, mut store) = away(Span::ZERO, &["a", "b"]);
    let [a, b] = ["a", "b"].map(|name| store.live().find(name).unwrap());
    let mut renamed = check("c");
    renamed.renamed_from = vec![name("a")].into();
    world.configuration.checks = vec![renamed];
    store.configure(&world.configuration, false, clock.now()).unwrap();
    let (services, mut turns) = services(&world, clock, store);
    let said = tokio::spawn(async move {
        let ann = Actor { said: Some("ann".to_owned()), door: Entrance::Socket(0) };
        let mut said = Vec::new();
        for check in [&a, &b] {
            let done = pausing::change(&services, &ann, check, Wish::PauseOnce, "").await;
            said.push(done.map(|done| done.text).map_err(|why| why.to_string()));
        }
        said
    });
    while !said.is_finished() {
        turns.step();
        tokio::task::yield_now().await;
    }
    assert_eq!(
        said.await.unwrap(),
        [Ok("a is paused, says ann (user 0)".to_owned()), Err("b is no longer declared".to_owned())]
    );
}
