//! Names that are pinged and that no check has are kept, and not more of them than there may be.

use punctual::core::audit::AuditKind;
use punctual::core::time::Time;
use punctual::store::history::{AuditsWanted, Reader};
use punctual::store::sqlite::FaultPoint;
use punctual::store::{Store, StoreError, UnknownName, UnknownNames, UnknownPing};

use super::prune::count;
use super::world::{Sqlite, World};

fn pinged(world: &mut World<Sqlite>, name: &str, secs: i64) {
    let ping = UnknownPing { name, is_end: true, source: [10, 0, 0, 1].into() };
    world.store().live().unknown_names().note(ping, Time::from_secs(secs));
}

fn known(world: &mut World<Sqlite>) -> Vec<UnknownName> {
    world.store().live().unknown_names().iter().cloned().collect()
}

fn names(world: &mut World<Sqlite>) -> Vec<String> {
    known(world).into_iter().map(|known| known.name).collect()
}

#[test]
fn what_was_stored_of_them_is_there_after_a_start() {
    let mut world = World::new(Sqlite::default());
    pinged(&mut world, "backpu", 1_000);
    pinged(&mut world, "Ünïcode '; DROP TABLE checks", 1_001);
    pinged(&mut world, "backpu", 1_060);
    world.store().keep_unknown_names().unwrap();
    let stored = known(&mut world);
    pinged(&mut world, "too-late", 1_100);
    world.reopen();
    assert_eq!(known(&mut world), stored);
    assert!(!world.store().live().unknown_names().is_changed(), "there is nothing to store");
    let now = world.now;
    pinged(&mut world, "in-time", 1_200);
    world.store().end(now).unwrap();
    world.reopen();
    assert!(names(&mut world).contains(&"in-time".to_owned()), "a stop stores them");
}

#[test]
fn no_more_rows_are_kept_than_names() {
    let mut world = World::new(Sqlite::default());
    for round in 0..3 {
        (0..UnknownNames::MAX).for_each(|i| pinged(&mut world, &format!("job-{round}-{i}"), 1_000 + round));
        world.store().keep_unknown_names().unwrap();
    }
    assert_eq!(count(&world, "unknown_names"), i64::try_from(UnknownNames::MAX).unwrap());
    world.reopen();
    assert_eq!(known(&mut world).len(), UnknownNames::MAX);
}

/// 22.10
#[test]
fn who_had_names_forgotten_is_kept_with_it() {
    let mut world = World::new(Sqlite::default());
    let now = world.now;
    ["a", "b", "c"].iter().for_each(|name| pinged(&mut world, name, 1_000));
    assert_eq!(world.store().forget_unknown_names(Some("b"), "ann", now).unwrap(), 1);
    assert_eq!(world.store().forget_unknown_names(Some("b"), "ann", now).unwrap(), 0);
    world.reopen();
    assert_eq!(names(&mut world), ["a", "c"]);
    assert_eq!(world.store().forget_unknown_names(None, "bob", now).unwrap(), 2);
    world.reopen();
    assert_eq!(names(&mut world), Vec::<String>::new());
    let wanted = AuditsWanted { what: Some(AuditKind::Forget), ..AuditsWanted::default() };
    let kept = Reader::new(world.place.0.path()).audits(&wanted, None, 10).unwrap();
    let said: Vec<(&str, &str)> =
        kept.iter().map(|record| (&*record.done.actor, &*record.done.details)).collect();
    assert_eq!(said, [("bob", "names that no check has: 2: a c"), ("ann", "names that no check has: 1: b")]);
}

#[test]
fn what_could_not_be_stored_is_stored_by_the_next_call() {
    let mut world = World::new(Sqlite::default());
    pinged(&mut world, "a", 1_000);
    let mut left = 1;
    world.store().set_faults(move |point| {
        let fails = point == FaultPoint::BeforeCommit && left > 0;
        left -= i32::from(fails);
        fails.then_some(StoreError::Full)
    });
    assert!(world.store().keep_unknown_names().is_err());
    world.store().keep_unknown_names().unwrap();
    world.reopen();
    assert_eq!(names(&mut world), ["a"]);
}
