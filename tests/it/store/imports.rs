//! Canaries that another system has watched until now.

use punctual::core::cause::{CauseKind, Status};
use punctual::core::check::{Definition, Origin, PingKind};
use punctual::core::outbox::Attempt;
use punctual::core::step::PastState;
use punctual::core::time::{Span, Time};
use punctual::store::{Edit, NewCheck, Past, Store};

use super::edits::{canary, edit};
use super::world::{Place, World, said};

fn import(definition: Definition, paused: bool, past: Past) -> Edit {
    Edit::Create(Box::new(NewCheck { definition, paused, past: Some(past) }))
}

/// Entries a second apart, the newest so long ago.
fn history(newest: Time, count: i64) -> Vec<(Time, String)> {
    (0..count).map(|n| (newest - Span::secs(n), format!("Triggered ({n})"))).collect()
}

fn late_since(since: Time, now: Time) -> Past {
    let state = PastState {
        last_success: Some(since - Span::secs(60)),
        deadline: Some(since),
        late_since: Some(since),
        ..PastState::default()
    };
    Past { state, history: history(now - Span::mins(60), 3) }
}

/// 12.6, 16.9: it was told there, and its recovery is told here.
pub(crate) fn a_late_canary_is_told_of_no_more_than_its_recovery<P: Place>(world: &mut World<P>) {
    world.declare(&[]);
    let since = world.now - Span::mins(50);
    let past = late_since(since, world.now);
    edit(world, import(canary("A", "a", "aaaaaaaa"), false, past)).unwrap();
    for _ in 0..2 {
        assert_eq!(world.state("a").status(), Status::Late);
        assert_eq!(world.state("a").causes.iter().next().unwrap().since, since);
        world.wait(Span::mins(3));
        world.expire();
        assert!(world.claim().is_empty(), "nobody is alerted by an import");
        let open = world.store().live().totals.incidents_open.load(std::sync::atomic::Ordering::Relaxed);
        assert_eq!(open, 1);
        world.reopen();
    }
    world.ping("a", PingKind::Success);
    let over = world.claim_one();
    assert_eq!((&*over.message.receiver, said(&over)), ("emails/a", vec!["Recovery a".to_owned()]));
    assert_eq!(over.notices[0].thread, None, "there is nothing here to reply to");
    assert_eq!(over.notices[0].opened_at, since);
    let events = &over.notices[0].alias.as_ref().unwrap().events;
    assert_eq!(
        events.iter().map(|(_, text)| &**text).collect::<Vec<_>>(),
        ["Triggered", "Triggered (0)", "Triggered (1)", "Triggered (2)"]
    );
    world.settle(over.message.id, &Attempt::TAKEN);
    world.wait(Span::secs(61));
    world.expire();
    assert_eq!(world.told(), ["Alert a"], "what comes then is told as usual");
}

/// 16.9
pub(crate) fn deadlines_and_pauses_are_kept<P: Place>(world: &mut World<P>) {
    world.declare(&[]);
    let now = world.now;
    let newest = now - Span::secs(25);
    let with = |deadline, paused_since| Past {
        state: PastState { last_success: Some(newest), deadline, paused_since, ..PastState::default() },
        history: history(newest, 1),
    };
    edit(world, import(canary("A", "a", "aaaaaaaa"), false, with(Some(now + Span::secs(35)), None))).unwrap();
    edit(world, import(canary("B", "b", "bbbbbbbb"), true, with(None, None))).unwrap();
    let mut late_and_paused = late_since(now - Span::mins(10), now);
    late_and_paused.state.deadline = None;
    edit(world, import(canary("C", "c", "cccccccc"), true, late_and_paused)).unwrap();
    for _ in 0..2 {
        assert_eq!(world.store().next_deadline(), Some(now + Span::secs(35)));
        assert_eq!(world.state("b").pause.at_run_time, Some(newest));
        assert!(world.state("c").causes.has(CauseKind::Missing));
        assert_eq!(world.state("c").status(), Status::Paused);
        world.reopen();
    }
    world.wait(Span::secs(35) + Span::MS);
    assert_eq!(world.expire(), 1);
    assert_eq!(world.told(), ["Alert a"]);
    world.ping("c", PingKind::Success);
    assert_eq!(world.told(), ["Recovery c"], "also after a pause");
}

/// 16.9. A dump of yesterday: whether it reported since is not known.
pub(crate) fn one_that_became_due_on_the_way_counts_from_the_import<P: Place>(world: &mut World<P>) {
    world.declare(&[]);
    let state = PastState { deadline: Some(world.now - Span::mins(60)), ..PastState::default() };
    let past = Past { state, history: history(world.now - Span::mins(61), 1) };
    edit(world, import(canary("A", "a", "aaaaaaaa"), false, past)).unwrap();
    assert_eq!(world.store().next_deadline(), Some(world.now + Span::secs(60)));
}

/// 16.9. A thousand canaries with their history, in one call.
pub(crate) fn a_thousand_come_in_one_call_and_nobody_is_alerted<P: Place>(world: &mut World<P>) {
    world.declare(&[]);
    let now = world.now;
    let id = |n: usize| format!("{n:08}").bytes().map(|b| char::from(b - b'0' + b'a')).collect::<String>();
    let edits: Vec<Edit> = (0..1000)
        .map(|n| {
            let mut definition = canary(&format!("Canary {n}"), &format!("canary-{n}"), &id(n));
            if n % 10 == 0 {
                definition.alias.as_mut().unwrap().origin = Origin::new("nights_watch");
            }
            let mut past = late_since(now - Span::secs(1 + n as i64), now);
            if n % 2 == 0 {
                past.state.late_since = None;
                past.state.deadline = Some(now + Span::secs(1 + n as i64 % 50));
            }
            past.history = history(now - Span::secs(20), 300);
            import(definition, n % 5 == 0, past)
        })
        .collect();
    let ids = world.store().edit_all(edits, "ann", now).unwrap();
    assert_eq!(ids.len(), 1000);
    for _ in 0..2 {
        let live = world.store().live();
        for n in [0, 1, 500, 999] {
            let check = live.find_alias(&id(n)).unwrap();
            assert_eq!((check.id, check.definition.name.as_str()), (ids[n], &*format!("canary-{n}")));
            let expected = match (n % 5 == 0, n % 2 == 0) {
                (true, _) => Status::Paused,
                (_, true) => Status::Up,
                _ => Status::Late,
            };
            assert_eq!(check.known().state.status(), expected, "{n}");
        }
        assert!(world.claim().is_empty());
        assert_eq!(world.store().next_claim(), None);
        world.reopen();
    }
}
