//! Signs of life, by the writer's turns: what is stored of them, and what keeps them from being stored (9.1, 14.3).

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use punctual::clock::{Clock, Hands};
use punctual::core::blind::Window;
use punctual::core::check::PingKind;
use punctual::core::time::{Span, Time};
use punctual::engine::follow_wall_clock;
use punctual::store::live::Live;
use punctual::store::sqlite::{FaultPoint, SqliteStore};
use punctual::store::writer::{QueueLimits, Turns, Writer};
use punctual::store::{Store, StoreError};

use crate::support::logged::logged;

use super::world::{Sqlite, World, fact};

/// A writer whose turns are taken here, one each second.
struct Seconds {
    hands: Arc<Hands>,
    clock: Arc<Clock>,
    writer: Writer,
    turns: Turns,
    live: Arc<Live>,
    world: World<Sqlite>,
}

impl Seconds {
    fn begin(prepare: impl FnOnce(&mut SqliteStore)) -> Seconds {
        Seconds::begin_within(QueueLimits::default(), prepare)
    }

    fn begin_within(limits: QueueLimits, prepare: impl FnOnce(&mut SqliteStore)) -> Seconds {
        let mut world = World::new(Sqlite::default());
        world.declare(&["a"]);
        let mut store = world.take();
        prepare(&mut store);
        let (hands, live) = (Hands::at(world.now), store.live());
        let clock = Arc::new(Clock::with_hands(hands.clone()));
        let (writer, turns) = Writer::without_thread(Box::new(store), clock.clone(), limits, |_| {});
        Seconds { hands, clock, writer, turns, live, world }
    }

    /// One passes, and a turn is taken: whether it was stored.
    fn pass(&mut self) -> bool {
        self.hands.pass(Span::secs(1));
        assert!(self.turns.step(), "nobody stops it");
        self.writer.is_healthy()
    }

    fn file(&self) -> PathBuf {
        self.world.place.0.path().join("punctual.db")
    }

    fn blind(&self) -> Vec<Window> {
        self.live.blind().iter().copied().collect()
    }

    fn last(&self) -> Option<Time> {
        self.live.totals.last_sign_of_life()
    }
}

/// 9.1, 14.3: what took nothing for a while was blind for all of it, whatever the error was and however often it was tried.
#[test]
fn a_disk_that_takes_nothing_for_a_while_leaves_one_blind_window() {
    let full: fn() -> StoreError = || StoreError::Full;
    let failed = || StoreError::Failed("a test".to_owned());
    let unclear = || StoreError::Unclear("a test".to_owned());
    for error in [full, failed, unclear] {
        let fails = Arc::new(AtomicBool::new(false));
        let asked = fails.clone();
        let mut seconds = Seconds::begin(move |store| {
            store.set_faults(move |at| {
                let hits = at == FaultPoint::BeforeCommit && asked.load(Ordering::SeqCst);
                hits.then(error)
            });
        });
        assert!(seconds.pass());
        let from = seconds.clock.now();
        assert_eq!(seconds.last(), Some(from));
        fails.store(true, Ordering::SeqCst);
        for _ in 0..60 {
            assert!(!seconds.pass());
            assert_eq!(seconds.last(), Some(from));
        }
        fails.store(false, Ordering::SeqCst);
        assert!(seconds.pass());
        let window = Window { from, to: seconds.clock.now() };
        assert_eq!(seconds.blind(), [window], "after {:?}", error());
        assert_eq!(seconds.last(), Some(window.to));
        // So it is at the next start.
        let Seconds { writer, turns, mut world, clock, .. } = seconds;
        drop((turns, writer));
        world.now = clock.now();
        world.reopen();
        assert_eq!(world.store().live().blind().iter().copied().collect::<Vec<_>>(), [window]);
    }
}

/// 9.1: also in the ten minutes in which a clock is doubted and no sign of life is stored (1.1).
#[test]
fn a_database_that_was_removed_or_replaced_is_noticed_within_a_second_whatever_the_clock_says() {
    for is_doubted in [false, true] {
        let mut seconds = Seconds::begin(|_| {});
        if is_doubted {
            seconds.clock.not_before(seconds.clock.now() + Span::mins(60), Span::ZERO);
        }
        assert!(seconds.pass());
        let last = seconds.last();
        let (file, away) = (seconds.file(), seconds.file().with_extension("away"));
        std::fs::rename(&file, &away).unwrap();
        assert!(!seconds.pass(), "it is gone");
        std::fs::copy(&away, &file).unwrap();
        assert!(!seconds.pass(), "another has its name");
        assert_eq!(seconds.last(), last);
        std::fs::rename(&away, &file).unwrap();
        assert!(seconds.pass());
        assert_eq!(seconds.clock.is_trusted(), !is_doubted);
    }
}

/// 9.1: an absence is told once, when it is over: not each second of an outage in which a window can be stored and a sign of
/// life cannot.
#[test]
fn an_absence_is_told_once_it_is_over() {
    let lines_with = |log: String, text: &str| log.lines().filter(|line| line.contains(text)).count();
    let said = logged(|said| {
        let mut seconds = Seconds::begin(|_| {});
        assert!(seconds.pass());
        let (file, away) = (seconds.file(), seconds.file().with_extension("away"));
        std::fs::rename(&file, &away).unwrap();
        (0..60).for_each(|_| assert!(!seconds.pass()));
        assert_eq!(lines_with(said(), "nobody was listening"), 0);
        std::fs::rename(&away, &file).unwrap();
        (0..60).for_each(|_| assert!(seconds.pass()));
    });
    assert_eq!(lines_with(said.clone(), "nobody was listening"), 1, "{said}");
    assert_eq!(lines_with(said, "nothing can be stored"), 1);
}

/// 9.1: what is refused unread now and then is one window, for nobody knows what came between; after ten seconds without it is
/// another one.
#[test]
fn refusals_less_than_ten_seconds_apart_are_one_window() {
    let mut seconds = Seconds::begin(|_| {});
    assert!(seconds.pass());
    let mut at = Vec::new();
    for pause in [0, 9, 1, 10, 0, 12] {
        (0..pause).for_each(|_| assert!(seconds.pass()));
        at.push(seconds.clock.now());
        seconds.writer.refuse_unread();
        assert!(seconds.pass());
    }
    let lengths: Vec<Span> = seconds.blind().iter().map(|window| window.to - window.from).collect();
    let holds = |time: &Time| seconds.blind().iter().any(|window| window.from < *time && *time <= window.to);
    assert!(at.iter().all(holds), "{at:?} in {:?}", seconds.blind());
    assert_eq!(lengths, [13, 2, 1].map(Span::secs), "{:?}", seconds.blind());
}

/// 1.5: readers who look before the writer's turn say nothing that the absence, stored by that turn, takes back.
#[test]
fn what_was_due_while_the_machine_slept_is_not_late_before_it_is_known_how_long_it_slept() {
    let mut seconds = Seconds::begin(|_| {});
    for slept in 1..=12 {
        assert!(seconds.pass());
        let last = seconds.last().unwrap();
        seconds.hands.pass(Span::secs(slept));
        let seen = seconds.writer.applied_to();
        assert_eq!(seen, if slept > 5 { last } else { seconds.clock.now() }, "{slept} s");
        seconds.hands.pass(Span::secs((10 - slept).max(0)));
        assert!(seconds.pass());
        let window = Window { from: last, to: seconds.clock.now() };
        assert_eq!(seconds.blind().last(), Some(&window), "{slept} s");
    }
}

/// 9.1f, 9.1j: a ping that waited, of more checks than are remembered, is refused after what came later was told.
#[test]
fn what_is_refused_after_later_refusals_were_stored_is_stored_too() {
    let fails = Arc::new(AtomicBool::new(false));
    let asked = fails.clone();
    let limits = QueueLimits { max_refused: 0, ..QueueLimits::default() };
    let mut seconds = Seconds::begin_within(limits, move |store| {
        let live = store.live();
        store.set_faults(move |at| {
            // The later refusals can be stored, the ping after them cannot.
            let is_told = live.blind().iter().count() > 0;
            let hits = at == FaultPoint::BeforeCommit && is_told && asked.load(Ordering::SeqCst);
            hits.then_some(StoreError::Full)
        });
    });
    assert!(seconds.pass());
    fails.store(true, Ordering::SeqCst);
    let check = seconds.live.find("a").unwrap().id;
    let refused = seconds.clock.now();
    let _answer = seconds.writer.ping(check, fact(PingKind::Success)).unwrap();
    seconds.hands.pass(Span::secs(3));
    let later = seconds.clock.now();
    seconds.writer.refuse_unread();
    assert!(!seconds.pass(), "the ping is refused");
    assert_eq!(seconds.blind().len(), 1, "and what came after it is told");
    fails.store(false, Ordering::SeqCst);
    assert!(seconds.pass());
    let windows = seconds.blind();
    assert_eq!(windows.len(), 1, "less than ten seconds apart: {windows:?}");
    assert!(windows[0].from < refused && later <= windows[0].to, "{refused} in {windows:?}");
}

/// 1.1, 9.1f: what was told of a second before the clock was set back is cut, and is told again when it comes again.
#[test]
fn what_is_refused_in_a_second_that_comes_again_is_stored_again() {
    let mut seconds = Seconds::begin(|_| {});
    assert!(seconds.pass());
    let refused = seconds.clock.now();
    seconds.writer.refuse_unread();
    assert!(seconds.pass());
    let (clock, back) = (seconds.clock.clone(), Span::ZERO - Span::secs(60));
    seconds.hands.set_wall(back);
    seconds.writer.queue_call(Box::new(move |store, before| {
        follow_wall_clock(&clock, store, before, back).unwrap();
    }));
    assert!(seconds.pass());
    while seconds.clock.now() < refused {
        assert!(seconds.pass());
    }
    let refused = seconds.clock.now();
    seconds.writer.refuse_unread();
    assert!(seconds.pass());
    let holds = |window: &Window| window.from < refused && refused <= window.to;
    assert!(seconds.blind().iter().any(holds), "{refused} in {:?}", seconds.blind());
}

/// 1.5, 9.1f, 9.2: a window of refusals begins before them; what was late before them stays late.
#[test]
fn what_was_seen_late_before_a_refusal_is_not_taken_back_by_its_window() {
    let mut seconds = Seconds::begin(|_| {});
    let check = seconds.live.find("a").unwrap();
    let late = |seconds: &Seconds| {
        let as_of = seconds.live.as_of(seconds.writer.applied_to());
        as_of.view(&check, &check.state()).late
    };
    // Between two whole seconds.
    let after = seconds.clock.now().as_ms().rem_euclid(1000);
    seconds.hands.pass(Span::ms(1300 - after));
    let _answer = seconds.writer.ping(check.id, fact(PingKind::Success)).unwrap();
    for _ in 0..70 {
        assert!(seconds.pass());
    }
    assert!(!late(&seconds), "it is due now");
    seconds.hands.pass(Span::ms(300));
    assert!(late(&seconds), "and nobody has judged that yet");
    seconds.hands.pass(Span::ms(300));
    seconds.writer.refuse_unread();
    assert!(late(&seconds));
    assert!(seconds.pass());
    assert_eq!(seconds.blind().len(), 1);
    assert!(late(&seconds), "the refused request came after the deadline");
}
