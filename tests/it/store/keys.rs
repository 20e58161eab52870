//! Two incidents of one check, of two keys (11.1): here a row becomes a record's.

use punctual::core::check::PingKind;
use punctual::core::incident::IncidentKey;
use punctual::core::notice::Notice;
use punctual::core::outbox::Attempt;
use punctual::core::time::Span;
use punctual::store::history::Reader;
use punctual::store::{Outgoing, Stance, Store};

use super::sqlite::database;
use super::world::{GROUP_WAIT, Sqlite, World, later};

/// The open incident of the check itself is that of a record from now on.
fn becomes_a_record(world: &mut World<Sqlite>, name: &str, key: &str) {
    let (check, db) = (world.id(name).0.cast_signed(), database(world.place.0.path()));
    let open = "SELECT id FROM incidents WHERE check_id = ?1 AND key = '' AND ended_at IS NULL";
    let sql = format!("UPDATE deliveries SET key = ?2 WHERE incident_id = ({open})");
    assert_eq!(db.execute(&sql, (check, key)).unwrap(), 1);
    let sql = format!("UPDATE incidents SET key = ?2 WHERE id = ({open})");
    assert_eq!(db.execute(&sql, (check, key)).unwrap(), 1);
    world.reopen();
}

fn fail(world: &mut World<Sqlite>, name: &str) {
    world.ping(name, PingKind::Fail);
    world.wait(GROUP_WAIT);
}

/// `Alert a`, `Alert a EU/1`.
fn said(outgoing: &Outgoing) -> Vec<String> {
    let notices = outgoing.notices.iter();
    let key = |notice: &Notice| match &notice.records {
        Some(records) => records.said.iter().map(|said| said.key.to_string()).collect::<Vec<_>>().join(" "),
        None => notice.key.to_string(),
    };
    let said = notices.map(|notice| format!("{:?} {} {}", notice.kind, notice.check, key(notice)));
    said.map(|said| said.trim_end().to_owned()).collect()
}

/// The keys of a check's incidents that have not ended, the newest first.
fn open(world: &mut World<Sqlite>, name: &str) -> Vec<String> {
    let check = world.id(name);
    let incidents = Reader::new(world.place.0.path()).incidents(check, None, 10).unwrap();
    let open = incidents.into_iter().filter(|incident| !incident.status.is_ended());
    open.map(|incident| incident.key.to_string()).collect()
}

/// 11.1e, 12.5
#[test]
fn what_one_key_waits_for_holds_no_other_of_its_check() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    fail(&mut world, "a");
    let message = world.claim_one().message.id;
    world.settle(message, &later());
    becomes_a_record(&mut world, "a", "EU/1");
    // The check itself recovers, which is nothing to its record, and goes bad again.
    world.ping("a", PingKind::Success);
    fail(&mut world, "a");
    assert_eq!(open(&mut world, "a"), ["", "EU/1"]);
    // What is told of the record is still not taken: its retry comes first, and what follows it is another's.
    let retry = world.claim_one();
    assert_eq!((said(&retry), retry.message.id), (vec!["Alert a".to_owned()], message), "as it was frozen");
    world.settle(message, &later());
    let own = world.claim_one();
    assert_eq!(said(&own), ["Alert a"]);
    world.settle(own.message.id, &Attempt::TAKEN);
    world.ping("a", PingKind::Success);
    assert_eq!(open(&mut world, "a"), ["EU/1"], "a flip is of the check itself");
    world.wait(GROUP_WAIT);
    // Also of a message that a crash has interrupted.
    world.reopen();
    assert_eq!(said(&world.claim_one()), ["Recovery a"]);
    assert_eq!(open(&mut world, "a"), ["EU/1"]);
}

/// 12.4: all that is told of one (check, key) stays in one half.
#[test]
fn a_refused_message_is_split_between_the_keys_of_a_check() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    fail(&mut world, "a");
    becomes_a_record(&mut world, "a", "EU/1");
    world.ping("a", PingKind::Success);
    fail(&mut world, "a");
    let both = world.claim_one();
    assert_eq!(said(&both), ["Alert a EU/1", "Alert a"]);
    world.settle(both.message.id, &Attempt::Never { why: "too long".to_owned() });
    let first = world.claim_one();
    assert_eq!(said(&first), ["Alert a EU/1"]);
    world.settle(first.message.id, &Attempt::TAKEN);
    assert_eq!(said(&world.claim_one()), ["Alert a"]);
}

/// 11.2: what somebody says of a record says nothing of its check.
#[test]
fn each_key_stands_for_itself() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a", "b"]);
    fail(&mut world, "a");
    becomes_a_record(&mut world, "a", "EU/1");
    world.ping("a", PingKind::Success);
    fail(&mut world, "a");
    let (a, now) = (world.id("a"), world.now);
    let incidents = Reader::new(world.place.0.path()).incidents(a, None, 10).unwrap();
    let of = |key: &str| incidents.iter().find(|incident| incident.key.as_str() == key).unwrap().id;
    assert!(world.says(of("EU/1"), Stance::Acknowledge, "ada", now));
    let answered = |world: &mut World<Sqlite>| world.store().live().answered().get(&a).copied();
    assert_eq!(answered(&mut world), None);
    assert_eq!(said(&world.claim_one()), ["Alert a"], "the record's is cancelled");
    assert!(world.says(of(""), Stance::WontFix, "bob", now));
    assert!(answered(&mut world).is_some());
    world.reopen();
    assert!(answered(&mut world).is_some());
    assert!(world.says(of("EU/1"), Stance::Reopen, "ada", now));
    assert!(answered(&mut world).is_some());
}

/// 11.1
#[test]
fn the_file_takes_no_second_open_incident_of_a_key() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    fail(&mut world, "a");
    becomes_a_record(&mut world, "a", "EU/1");
    world.ping("a", PingKind::Success);
    fail(&mut world, "a");
    let db = database(world.place.0.path());
    let error = db.execute("UPDATE incidents SET key = '' WHERE ended_at IS NULL", ()).unwrap_err();
    assert!(error.to_string().contains("UNIQUE"), "{error}");
}

/// A check that was archived is not forgotten while something of it is open.
#[test]
fn a_check_with_an_open_record_is_kept() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a", "b"]);
    fail(&mut world, "a");
    world.told();
    becomes_a_record(&mut world, "a", "EU/1");
    let a = world.id("a");
    world.declare(&["b"]);
    world.wait(Span::mins(60 * 24 * 400));
    super::prune::prune(&mut world);
    let incidents = Reader::new(world.place.0.path()).incidents(a, None, 10).unwrap();
    let keys: Vec<&IncidentKey> = incidents.iter().map(|incident| &incident.key).collect();
    assert_eq!(keys, [&IncidentKey::parse("EU/1").unwrap()]);
}
