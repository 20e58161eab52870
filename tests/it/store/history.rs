//! History by check, as readers find it beside the writer.

use punctual::core::check::{Origin, Ping, PingKind, Rid};
use punctual::core::incident::IncidentStatus;
use punctual::core::outbox::DeliveryKind;
use punctual::core::time::Span;
use punctual::store::history::{BodyRecord, LeftOut, Reader};
use punctual::store::{Edit, NewCheck, Past, PingFact, Stance, What};

use super::edits::{canary, create, edit};
use super::world::{GROUP_WAIT, Sqlite, World, fact};

fn of_run(kind: PingKind, rid: &str) -> What {
    What::Ping(PingFact { ping: Ping { kind, rid: Rid::parse(rid), exit_status: None }, ..fact(kind) })
}

#[test]
fn history_is_found_by_check_newest_first_and_in_pages() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a", "b"]);
    for _ in 0..5 {
        world.wait(Span::secs(1));
        world.ping("a", PingKind::Success);
        world.ping("b", PingKind::Fail);
    }
    let a = world.id("a");
    let reader = Reader::new(world.place.0.path());
    let newest = reader.pings(a, None, 3).unwrap();
    assert!(newest.iter().all(|ping| ping.kind == PingKind::Success));
    let older = reader.pings(a, Some(newest[2].seq), 10).unwrap();
    assert_eq!((newest.len(), older.len()), (3, 2));
    let seqs: Vec<u64> = newest.iter().chain(&older).map(|ping| ping.seq).collect();
    assert!(seqs.is_sorted_by(|one, next| one > next), "{seqs:?}");
    let b = world.id("b");
    assert_eq!(reader.flips(b, None, 10).unwrap().len(), 1);
    let incidents = reader.incidents(b, None, 10).unwrap();
    assert_eq!((incidents.len(), incidents[0].ended_at), (1, None));
    assert!(reader.incidents(b, Some(incidents[0].id.0), 10).unwrap().is_empty());
}

#[test]
fn a_body_is_read_apart_and_only_by_its_own_check() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a", "b"]);
    let with_body =
        PingFact { body: Some(vec![0, 255, 10]), comment: Some("ok".to_owned()), ..fact(PingKind::Log) };
    world.apply("a", What::Ping(with_body));
    let (a, b) = (world.id("a"), world.id("b"));
    let reader = Reader::new(world.place.0.path());
    let ping = reader.pings(a, None, 1).unwrap().remove(0);
    assert_eq!((ping.body, ping.repeat), (BodyRecord::Kept(LeftOut::default()), false));
    assert_eq!(ping.comment.as_deref(), Some("ok"));
    assert_eq!(reader.body(a, ping.seq).unwrap(), Some(vec![0, 255, 10]));
    assert_eq!(reader.body(b, ping.seq).unwrap(), None);
    assert!(reader.pings(b, Some(ping.seq), 10).unwrap().is_empty());
}

#[test]
fn a_ping_that_ended_a_run_knows_how_long_it_took() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    world.apply("a", of_run(PingKind::Start, "r1"));
    world.wait(Span::secs(30));
    world.apply("a", of_run(PingKind::Success, "r1"));
    world.apply("a", of_run(PingKind::Success, "r1"));
    world.ping("a", PingKind::Success);
    let pings = Reader::new(world.place.0.path()).pings(world.id("a"), None, 10).unwrap();
    let took: Vec<_> = pings.iter().map(|ping| (ping.duration, ping.rid.as_deref(), ping.repeat)).collect();
    let run = (Some(Span::secs(30)), Some("r1"), false);
    assert_eq!(took, [(None, None, false), (None, Some("r1"), true), run, (None, Some("r1"), false)]);
}

/// 11.3
#[test]
fn every_step_of_an_incident_is_on_record_and_who_was_told() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    world.ping("a", PingKind::Fail);
    world.wait(GROUP_WAIT);
    world.told();
    let (a, now) = (world.id("a"), world.now);
    let reader = Reader::new(world.place.0.path());
    let incident = reader.incidents(a, None, 10).unwrap()[0].id;
    assert_eq!(reader.last_said(incident).unwrap(), None, "a cause is nobody's word");
    world.says(incident, Stance::Acknowledge, "ada", now);
    assert_eq!(reader.open_incident(a).unwrap().unwrap().status, IncidentStatus::Acknowledged);
    world.ping("a", PingKind::Success);
    assert_eq!(reader.open_incident(a).unwrap(), None);
    assert_eq!(reader.last_said(incident).unwrap().unwrap().by, "ada");
    let steps = reader.steps(incident).unwrap();
    let said: Vec<String> =
        steps.iter().map(|step| format!("{} by {}", step.what.as_str(), step.by)).collect();
    let by_pings = ["began by a ping", "eased by a ping", "resolved by a ping"];
    let others = ["told by punctual", "acknowledged by ada"];
    assert_eq!(said, [by_pings[0], others[0], others[1], by_pings[1], by_pings[2]]);
    let deliveries = reader.deliveries(incident).unwrap();
    let told: Vec<(DeliveryKind, bool)> =
        deliveries.iter().map(|delivery| (delivery.kind, delivery.is_attempted())).collect();
    assert_eq!(told, [(DeliveryKind::Alert, true), (DeliveryKind::Recovery, false)]);
}

fn events(world: &mut World<Sqlite>, name: &str) -> Vec<String> {
    let check = world.id(name);
    let reader = Reader::new(world.place.0.path());
    reader.canary_events(check, 20_000).unwrap().into_iter().map(|(_, text)| text).collect()
}

#[test]
fn a_canary_keeps_what_its_users_see_of_its_history() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["filed"]);
    edit(&mut world, create(canary("A", "a", "aaaaaaaa"))).unwrap();
    let comment = |text: &str| Some(text.to_owned());
    world.ping("a", PingKind::Success);
    world.apply("a", What::Ping(PingFact { comment: comment("x"), ..fact(PingKind::Success) }));
    world.apply("a", of_run(PingKind::Success, "r1"));
    world.apply("a", of_run(PingKind::Success, "r1"));
    world.ping("a", PingKind::Log);
    world.ping("a", PingKind::Fail);
    world.apply("a", What::Pause { comment: comment("night work"), by: None, until: None });
    world.apply("a", What::Pause { comment: comment("again"), by: None, until: None });
    world.apply("a", What::Unpause { comment: comment(&"\u{e4}".repeat(300)), by: None });
    world.apply("a", What::Unpause { comment: None, by: None });
    world.apply("a", What::Pause { comment: None, by: None, until: None });
    world.ping("a", PingKind::Start);
    world.apply("a", What::Pause { comment: None, by: None, until: None });
    world.ping("a", PingKind::Success);
    let long = format!("Unpaused ({})", "\u{e4}".repeat(250));
    let expected = [
        "Triggered",
        "Paused",
        "Unpaused",
        "Paused",
        &long,
        "Paused (night work)",
        "Triggered",
        "Triggered (x)",
        "Triggered",
        "Canary created",
    ];
    assert_eq!(events(&mut world, "a"), expected);
    world.reopen();
    assert_eq!(events(&mut world, "a"), expected);
    world.ping("filed", PingKind::Success);
    assert!(events(&mut world, "filed").is_empty());
}

/// A history of so many events, the oldest of them so long ago; then it is triggered once more.
fn kept(system: &str, count: i64, oldest: Span) -> (usize, String) {
    let mut world = World::new(Sqlite::default());
    world.declare(&[]);
    let mut definition = canary("A", "a", "aaaaaaaa");
    definition.alias.as_mut().unwrap().origin = Origin::new(system);
    let entry = |n| (world.now - Span::ms(oldest.as_ms() / count * n), format!("event {n}"));
    let past = Past { history: (1..=count).map(entry).collect(), ..Past::default() };
    edit(&mut world, Edit::Create(Box::new(NewCheck { definition, paused: false, past: Some(past) })))
        .unwrap();
    world.ping("a", PingKind::Success);
    let events = events(&mut world, "a");
    (events.len(), events.last().unwrap().clone())
}

#[test]
fn the_oldest_events_go_as_each_system_says() {
    const DAY: Span = Span::mins(24 * 60);
    let week = Span::ms(7 * DAY.as_ms());
    let check = |system, count, oldest, left: usize, last: &str| {
        assert_eq!(kept(system, count, oldest), (left, last.to_owned()), "{system:?} {count}");
    };
    // More than 1000; or more than 100, and the oldest over a week old.
    check("coal_mine", 999, DAY, 1000, "event 999");
    check("coal_mine", 1000, DAY, 1000, "event 999");
    check("coal_mine", 1200, DAY, 1000, "event 999");
    check("coal_mine", 99, week + DAY, 100, "event 99");
    check("coal_mine", 100, week + DAY, 100, "event 99");
    check("coal_mine", 800, week + week, 401, "event 400");
    check("coal_mine", 400, Span::ms(week.as_ms() * 8), 100, "event 99");
    check("nights_watch", 1200, DAY, 1201, "event 1200");
    check("nights_watch", 150, week + week, 100, "event 99");
    check("nights_watch", 10_001, DAY, 10_000, "event 9999");
}
