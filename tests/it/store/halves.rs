//! Rows that cannot be stored, beside all others that can (14.7).

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use punctual::clock::{Clock, Hands};
use punctual::core::cause::Family;
use punctual::core::check::{CheckId, PingKind};
use punctual::core::time::Span;
use punctual::store::live::Live;
use punctual::store::sqlite::{FaultPoint, SqliteStore};
use punctual::store::writer::{PingAnswer, QueueLimits, Turns, Writer};
use punctual::store::{Applied, Store, expire};

use super::prune::prune;
use super::sqlite::database;
use super::world::{Sqlite, World, fact};
use super::writer::{away, keep_busy, start};

/// The database takes no row of some checks in a table.
fn refuse_rows(folder: &Path, table: &str, checks: &str) {
    let sql = format!(
        "CREATE TRIGGER refused BEFORE INSERT ON {table} WHEN new.check_id {checks}
         BEGIN SELECT RAISE(ABORT, 'a bad row'); END"
    );
    database(folder).execute_batch(&sql).unwrap();
}

/// It takes all again.
fn take_rows(folder: &Path) {
    database(folder).execute_batch("DROP TRIGGER refused").unwrap();
}

/// So many checks, and a writer whose turns are taken by hand.
struct Place {
    world: World<Sqlite>,
    hands: Arc<Hands>,
    clock: Arc<Clock>,
    writer: Writer,
    turns: Turns,
    live: Arc<Live>,
    /// Transactions that began.
    begun: Arc<AtomicUsize>,
}

fn named(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("c{number}")).collect()
}

/// Each was pinged once.
fn world_of(count: usize) -> World<Sqlite> {
    let mut world = World::new(Sqlite::default());
    let names = named(count);
    world.declare(&names.iter().map(String::as_str).collect::<Vec<_>>());
    names.iter().for_each(|name| world.ping(name, PingKind::Success));
    world
}

fn count_calls(store: &mut SqliteStore) -> Arc<AtomicUsize> {
    let begun = Arc::new(AtomicUsize::new(0));
    let count = begun.clone();
    store.set_faults(move |at| {
        count.fetch_add(usize::from(at == FaultPoint::Begin), Ordering::SeqCst);
        None
    });
    begun
}

impl Place {
    fn new(checks: usize, limits: QueueLimits) -> Place {
        let mut world = world_of(checks);
        let hands = Hands::at(world.now);
        let clock = Arc::new(Clock::with_hands(hands.clone()));
        let mut store = world.take();
        let begun = count_calls(&mut store);
        let live = store.live();
        let (writer, turns) = Writer::without_thread(Box::new(store), clock.clone(), limits, |_| {});
        let mut place = Place { world, hands, clock, writer, turns, live, begun };
        place.turn();
        place
    }

    fn refuse_rows(&self, table: &str, checks: &str) {
        refuse_rows(self.world.place.0.path(), table, checks);
    }

    fn take_rows(&self) {
        take_rows(self.world.place.0.path());
    }

    fn id(&self, number: usize) -> CheckId {
        self.live.find(&format!("c{number}")).unwrap().id
    }

    fn ping(&self, number: usize) -> Option<PingAnswer> {
        self.writer.ping(self.id(number), fact(PingKind::Success)).ok()
    }

    /// Answers how many transactions it took.
    fn turn(&mut self) -> usize {
        let before = self.begun.load(Ordering::SeqCst);
        assert!(self.turns.step());
        self.begun.load(Ordering::SeqCst) - before
    }

    fn refusals(&self, number: usize) -> usize {
        self.live.find(&format!("c{number}")).unwrap().state().refusals.iter().len()
    }

    fn is_late(&self, number: usize) -> bool {
        self.live.find(&format!("c{number}")).unwrap().state().causes.any(Family::Late)
    }

    /// The process ends without a word, and another one starts.
    fn die(self) -> World<Sqlite> {
        let Place { mut world, clock, writer, turns, .. } = self;
        drop((writer, turns));
        world.now = clock.now();
        world.reopen();
        world
    }
}

/// 14.7
#[tokio::test]
async fn of_2048_pings_the_one_that_cannot_be_stored_is_refused_alone() {
    let (world, clock, mut store) = away(Span::ZERO, &["a", "bad"]);
    let live = store.live();
    let [a, bad] = ["a", "bad"].map(|name| live.find(name).unwrap().id);
    refuse_rows(world.place.0.path(), "pings", &format!("= {}", bad.0));
    let begun = Arc::new(AtomicUsize::new(0));
    let count = begun.clone();
    store.set_faults(move |at| {
        count.fetch_add(usize::from(at == FaultPoint::Begin), Ordering::SeqCst);
        None
    });
    let writer = start(store, &clock);
    let go_on = keep_busy(&writer, || {}).await;
    let ping = |place| writer.ping(if place == 777 { bad } else { a }, fact(PingKind::Success)).unwrap();
    let answers: Vec<_> = (0..2048).map(ping).collect();
    let before = begun.load(Ordering::SeqCst);
    go_on.send(()).unwrap();
    for (place, answer) in answers.into_iter().enumerate() {
        match answer.await.unwrap() {
            Ok(applied) => assert!(place != 777 && matches!(applied, Applied::Done(Some(_)))),
            Err(error) => {
                assert!(place == 777 && error.to_string().contains("a bad row"), "{place}: {error}");
            }
        }
    }
    let calls = begun.load(Ordering::SeqCst) - before;
    assert!(calls <= 2 * 11 + 4, "{calls}");
    assert_eq!(live.find("a").unwrap().known().state.counters.pings[0], 2047);
    assert_eq!(live.totals.rows_quarantined.load(Ordering::Relaxed), 1);
    writer.ping(a, fact(PingKind::Success)).unwrap().await.unwrap().unwrap();
    assert!(writer.is_healthy());
    take_rows(world.place.0.path());
    writer.ping(bad, fact(PingKind::Success)).unwrap().await.unwrap().unwrap();
    writer.stop();
}

/// 14.7, 9.1d: it is stored that a ping was refused before whatever came after it, be it a call or another ping.
#[test]
fn a_ping_that_is_refused_alone_moves_the_deadline_of_what_comes_after_it_in_its_turn() {
    for is_call in [false, true] {
        let mut place = Place::new(2, QueueLimits::default());
        let bad = place.id(0);
        place.hands.pass(Span::secs(69));
        let now = place.clock.now();
        place.refuse_rows("pings", &format!("= {} AND new.at <= {}", bad.0, now.as_ms()));
        let (refused, taken) = (place.ping(0).unwrap(), place.ping(1).unwrap());
        place.hands.pass(Span::secs(2));
        if is_call {
            place.writer.queue_call(Box::new(|store, now| drop(expire(store, now).unwrap())));
        } else {
            drop(place.ping(0));
        }
        place.turn();
        refused.blocking_recv().unwrap().unwrap_err();
        taken.blocking_recv().unwrap().unwrap();
        assert_eq!((place.is_late(0), place.refusals(0)), (false, 1), "{is_call}");
        let flips = place.live.totals.flips.load(Ordering::Relaxed);
        assert_eq!(flips, 2, "both came up, and no more");
    }
}

/// 14.7, 9.1c: a sign of life vouches for what was refused alone in its turn.
#[test]
fn a_ping_that_is_refused_alone_is_known_after_a_death_in_the_next_turn() {
    let mut place = Place::new(2, QueueLimits::default());
    place.hands.pass(Span::secs(2));
    place.refuse_rows("pings", &format!("= {}", place.id(0).0));
    let refused = place.ping(0).unwrap();
    let life = place.live.totals.last_sign_of_life();
    place.turn();
    refused.blocking_recv().unwrap().unwrap_err();
    assert_eq!(place.live.totals.last_sign_of_life(), life.map(|life| life + Span::secs(2)));
    place.take_rows();
    assert_eq!(place.die().state("c0").refusals.iter().len(), 1);
}

/// 14.7: what cannot be stored of forty checks keeps no other back, costs little each second, and is not forgotten.
#[test]
fn refusals_that_cannot_be_stored_are_joined_again_and_keep_no_other_back() {
    let mut place = Place::new(100, QueueLimits { max_queued: 0, ..QueueLimits::default() });
    place.refuse_rows("states", &format!("< {}", place.id(0).0 + 40));
    for _ in 0..2 {
        place.hands.pass(Span::secs(1));
        (0..100).for_each(|number| assert!(place.ping(number).is_none()));
        place.turn();
        assert!(place.writer.is_healthy());
    }
    let before = place.clock.now();
    let told = (0..100).filter(|number| place.refusals(*number) > 0);
    assert_eq!(told.collect::<Vec<_>>(), (40..100).collect::<Vec<_>>());
    assert_eq!(place.writer.applied_to(), before, "readers judge now");
    assert_eq!(place.live.rows_apart(), 40);
    for _ in 0..5 {
        place.hands.pass(Span::secs(1));
        let calls = place.turn();
        assert!(calls <= 3 * 16 + 1, "{calls}");
    }
    place.take_rows();
    for _ in 0..3 {
        place.hands.pass(Span::secs(1));
        place.turn();
    }
    let stretch = |number| {
        place.live.find(&format!("c{number}")).unwrap().state().refusals.iter().map(|it| it.times).sum()
    };
    let times: Vec<u32> = (0..100).map(stretch).collect();
    assert_eq!(times, [2; 100]);
    assert_eq!(place.live.rows_apart(), 0);
}

/// 14.7, 9.1: however many pings of a turn cannot be stored, all others are, soon, and the server says that it is alive.
#[test]
fn a_flood_of_pings_that_cannot_be_stored_takes_many_short_turns() {
    let mut place = Place::new(300, QueueLimits::default());
    place.refuse_rows("pings", &format!("% 3 = {}", place.id(0).0 % 3));
    place.hands.pass(Span::secs(2));
    let answers: Vec<_> = (0..3000).map(|number| place.ping(number % 300).unwrap()).collect();
    let (life, mut turns) = (place.live.totals.last_sign_of_life().unwrap(), 0);
    let (begun, blind) = (place.clock.now(), place.live.blind().iter().count());
    let carried_out = Arc::new(AtomicUsize::new(0));
    while place.writer.applied_to() <= begun {
        let counts = carried_out.clone();
        place.writer.queue_call(Box::new(move |_, _| {
            counts.fetch_add(1, Ordering::SeqCst);
        }));
        place.hands.pass(Span::ms(400));
        let calls = place.turn();
        assert!(calls <= 32 * 15, "{calls}");
        assert!(place.writer.is_healthy());
        // Of the time before that of those that wait.
        assert!(place.live.totals.last_sign_of_life().unwrap() >= life + Span::secs(2) - Span::MS);
        turns += 1;
        assert!(carried_out.load(Ordering::SeqCst) == turns, "what else waits goes on");
    }
    assert!((1000 / 32..40).contains(&turns), "{turns}");
    assert_eq!(place.live.blind().iter().count(), blind, "it has listened all the time");
    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.blocking_recv().unwrap().is_ok(), number % 3 != 0, "{number}");
    }
    assert_eq!(place.live.rows_apart(), 100);
    assert_eq!(place.live.totals.rows_quarantined.load(Ordering::Relaxed), 1000);
    place.take_rows();
    let mut answers: Vec<_> = (0..3000).map(|number| place.ping(number % 300).unwrap()).collect();
    place.turn();
    assert!(
        answers.iter_mut().all(|answer| answer.try_recv().is_ok_and(|done| done.is_ok())),
        "all in one turn"
    );
}

/// 14.7: a few in each of many batches are many, too.
#[test]
fn pings_that_cannot_be_stored_are_counted_for_a_turn_and_not_for_a_batch() {
    let mut place = Place::new(300, QueueLimits { max_batch: 50, ..QueueLimits::default() });
    place.refuse_rows("pings", &format!("% 25 = {}", place.id(0).0 % 25));
    let answers: Vec<_> = (0..3000).map(|number| place.ping(number % 300).unwrap()).collect();
    let (begun, mut turns) = (place.clock.now(), 0);
    while place.writer.applied_to() <= begun {
        place.hands.pass(Span::ms(400));
        let calls = place.turn();
        assert!(calls <= 34 * 15, "{calls}");
        turns += 1;
    }
    assert!((30..60).contains(&turns), "{turns}");
    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.blocking_recv().unwrap().is_ok(), number % 25 != 0, "{number}");
    }
}

/// 14.7: nor is one that cannot be judged asked about again and again.
#[test]
fn checks_that_cannot_be_judged_for_their_rows_keep_no_other_back() {
    let mut world = world_of(300);
    let first = world.id("c0").0;
    let begun = count_calls(world.store());
    refuse_rows(world.place.0.path(), "states", &format!("< {}", first + 150));
    world.wait(Span::secs(71));
    let (now, mut judged, mut apart) = (world.now, 0, 0);
    loop {
        let before = begun.load(Ordering::SeqCst);
        let expired = expire(world.store(), now).unwrap();
        assert!(begun.load(Ordering::SeqCst) - before <= 32 * 11);
        if expired.is_empty() {
            break;
        }
        (judged, apart) = (judged + expired.deadlines.len(), apart + expired.apart);
    }
    assert_eq!((judged, apart), (150, 150), "each of them once");
    assert!(world.store().next_deadline().unwrap() > now, "nobody looks at once");
    let live = world.store().live();
    assert_eq!(live.rows_apart(), 150);
    take_rows(world.place.0.path());
    world.wait(Span::secs(11));
    assert_eq!((world.expire(), live.rows_apart()), (150, 0));
}

/// 14.7: a state that may stay behind does so while it cannot be written, and no ping of it is refused for that.
#[test]
fn a_state_that_is_behind_and_cannot_be_written_is_so_later() {
    let mut world = world_of(3);
    let (bad, live) = (world.id("c1").0, world.store().live());
    refuse_rows(world.place.0.path(), "states", &format!("= {bad}"));
    for _ in 0..3 {
        (0..3).for_each(|number| world.ping(&format!("c{number}"), PingKind::Success));
    }
    prune(&mut world);
    assert_eq!((live.rows_apart(), world.store().difference_from_rows().unwrap()), (1, None));
    assert!(live.totals.rows_quarantined.load(Ordering::Relaxed) > 0);
    let state = world.state("c1");
    world.reopen();
    assert_eq!(world.state("c1"), state, "its pings are there");
    let live = world.store().live();
    world.ping("c1", PingKind::Success);
    assert_eq!(live.rows_apart(), 1);
    take_rows(world.place.0.path());
    prune(&mut world);
    assert_eq!((live.rows_apart(), world.store().difference_from_rows().unwrap()), (0, None));
}

/// 14.7, 14.6: rows that lie next to each other, which a batch comes by to bring them up to date.
#[test]
fn a_damaged_page_of_states_that_are_behind_refuses_no_ping_of_another_check() {
    let mut world = world_of(400);
    world.store().set_catch_up(0);
    named(400).iter().for_each(|name| world.ping(name, PingKind::Success));
    let lost = spoil_a_page_of_states(world.place.0.path());
    assert!(lost.len() > 10, "{lost:?}");
    world.store().set_catch_up(4);
    let healthy: Vec<String> = (0..400).map(|number| format!("c{number}")).collect();
    let ids: Vec<u64> = healthy.iter().map(|name| world.id(name).0).collect();
    let healthy = healthy.iter().zip(&ids).filter(|(_, id)| !lost.contains(id));
    healthy.for_each(|(name, _)| world.ping(name, PingKind::Success));
    let live = world.store().live();
    // Those of the pages beside it, where these are full: they grow by a result, and would have to give rows to the damaged one.
    let (apart, lost_rows) = (live.rows_apart(), lost.len() as u64);
    assert!((lost_rows..lost_rows * 3 + 20).contains(&apart), "{apart} of {lost_rows}");
    assert_eq!(live.totals.rows_quarantined.load(Ordering::Relaxed), apart, "nobody else is named");
    // Its own pings need not write its row either.
    let name = format!("c{}", ids.iter().position(|id| lost.contains(id)).unwrap());
    world.ping(&name, PingKind::Success);
}

/// A page in the midst of the table is all zeros, and nobody remembers it. Answers which checks' rows stood there.
fn spoil_a_page_of_states(folder: &Path) -> Vec<u64> {
    let db = database(folder);
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap().unsigned_abs();
    let size = number("PRAGMA page_size");
    let root = number("SELECT rootpage FROM sqlite_schema WHERE name = 'states'");
    let file = fs::OpenOptions::new().read(true).write(true).open(folder.join("punctual.db")).unwrap();
    let mut page = vec![0; usize::try_from(size).unwrap()];
    file.read_exact_at(&mut page, (root - 1) * size).unwrap();
    assert_eq!(page[0], 5, "the root has other pages below it");
    // The second of its cells: the page on its left, and the last key in there.
    let two = |at: usize| usize::from(u16::from_be_bytes([page[at], page[at + 1]]));
    let (before, cell) = (two(12), two(14));
    let key = |cell: usize| {
        let bytes = page[cell + 4..].iter();
        let end = bytes.clone().position(|byte| *byte < 128).unwrap();
        bytes.take(end + 1).fold(0_u64, |key, byte| (key << 7) | u64::from(byte & 127))
    };
    let leaf = u64::from(u32::from_be_bytes(page[cell..cell + 4].try_into().unwrap()));
    let lost = key(before) + 1..=key(cell);
    file.write_all_at(&vec![0; page.len()], (leaf - 1) * size).unwrap();
    // Whoever has the database open reads pages anew after another has written.
    db.execute_batch("CREATE TABLE other (it); DROP TABLE other").unwrap();
    lost.collect()
}
