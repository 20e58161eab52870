//! What people and the server did is kept with it (22.10).

use punctual::core::audit::{Audit, AuditBound, AuditKind};
use punctual::core::check::PingKind;
use punctual::core::outbox::{Attempt, MessageId};
use punctual::core::reference::Ref;
use punctual::core::retention::Retention;
use punctual::core::route::{Matcher, Mute};
use punctual::core::time::Span;
use punctual::store::history::{AuditsWanted, Reader};
use punctual::store::sqlite::FaultPoint;
use punctual::store::{Edit, SpecChange, Store, StoreError, What};

use super::edits::{create, definition, edit};
use super::prune::{count, prune};
use super::sqlite::database;
use super::world::{GROUP_WAIT, Sqlite, World, check};

/// What is kept, oldest first, in short: `edit a by ann: title | comment`.
fn kept(world: &World<Sqlite>) -> Vec<String> {
    let reader = Reader::new(world.place.0.path());
    let records = reader.audits(&AuditsWanted::default(), None, 1000).unwrap();
    let line = |done: &Audit| {
        let Audit { actor, what, check, details, comment, .. } = done;
        let check = check.as_deref().unwrap_or("-");
        format!("{} {check} by {actor}: {details} | {comment}", what.as_str())
    };
    records.iter().rev().map(|record| line(&record.done)).collect()
}

fn mute(world: &mut World<Sqlite>, text: &str) -> u64 {
    let now = world.now;
    let mute = Mute {
        id: 0,
        matchers: Matcher::parse_list(text).unwrap(),
        text: text.to_owned(),
        until: now + Span::mins(5),
        since: now,
        comment: "moving".to_owned(),
        by: "ann".to_owned(),
    };
    world.store().mute(mute, now).unwrap()
}

/// 22.10
#[test]
fn mutes_pauses_edits_and_messages_are_kept_with_who_it_was() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a", "b"]);
    let before = kept(&world).len();
    let now = world.now;
    let (one, many) = (mute(&mut world, "check=\"a\""), mute(&mut world, "team=\"dba\""));
    assert!(world.store().unmute(one, "bob", now).unwrap());
    assert!(!world.store().unmute(77, "bob", now).unwrap());
    assert!(world.store().unmute(many, "bob", now).unwrap());
    let pause = |until| What::Pause { comment: Some("why".to_owned()), by: Some("ann".to_owned()), until };
    world.apply("a", pause(Some(now + Span::mins(1))));
    world.apply("a", What::Unpause { comment: None, by: Some("bob".to_owned()) });
    let id = edit(&mut world, create(check("made"))).unwrap();
    let mut changed = definition(&mut world, "made");
    changed.title = "Other".into();
    changed.name = super::world::name("renamed");
    edit(&mut world, Edit::Update { check: id, definition: Box::new(changed), how: SpecChange::Judged })
        .unwrap();
    let mut cited = definition(&mut world, "renamed");
    cited.reference = Ref::parse("a7Bc9d");
    edit(&mut world, Edit::Update { check: id, definition: Box::new(cited), how: SpecChange::Judged })
        .unwrap();
    edit(&mut world, Edit::Delete { check: id }).unwrap();
    world.ping("b", PingKind::Fail);
    world.wait(GROUP_WAIT);
    let message = world.claim_one().message.id;
    let later = Attempt::Later { after: Some(Span::mins(50)), why: "429".to_owned() };
    world.settle(message, &later);
    let now = world.now;
    world.store().retry_message(message, "ann", now).unwrap();
    world.store().retry_message(MessageId(77), "ann", now).unwrap();
    world.claim_one();
    world.settle(message, &later);
    world.store().drop_message(message, "bob", now).unwrap();
    world.store().keep(&Audit::new(now, "oncall (token)", AuditKind::SignIn)).unwrap();
    let until = "1970-01-12T13:51:40Z";
    assert_eq!(
        kept(&world)[before..],
        [
            format!("mute a by ann: mute 1: check=\"a\" until {until} | moving"),
            format!("mute - by ann: mute 2: team=\"dba\" until {until} | moving"),
            "unmute a by bob: mute 1: check=\"a\" | ".to_owned(),
            "unmute - by bob: mute 2: team=\"dba\" | ".to_owned(),
            "pause a by ann: until 1970-01-12T13:47:40Z | why".to_owned(),
            "unpause a by bob:  | ".to_owned(),
            "create made by ann:  | ".to_owned(),
            "edit made by ann: name, title; its name is renamed | ".to_owned(),
            "edit renamed by ann: ref | ".to_owned(),
            "delete renamed by ann:  | ".to_owned(),
            "retry - by ann: message 1, deliveries: 1 | ".to_owned(),
            "drop - by bob: message 1 to ops, deliveries: 1 | ".to_owned(),
            "sign_in - by oncall (token):  |".to_owned() + " ",
        ]
    );
}

/// 22.10: by jobs and by time pauses end, too, but nobody did that.
#[test]
fn what_a_ping_or_time_does_is_nobodys_deed() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    let pause = |until| What::Pause { comment: None, by: Some("ann".to_owned()), until };
    let until = world.now + Span::secs(10);
    world.apply("a", pause(Some(until)));
    let before = kept(&world).len();
    world.wait(Span::secs(20));
    world.apply("a", What::Tick);
    assert!(world.state("a").pause.at_run_time.is_none());
    assert_eq!(kept(&world).len(), before);
    world.apply("a", pause(None));
    world.ping("a", PingKind::Success);
    assert!(world.state("a").pause.at_run_time.is_none());
    assert_eq!(kept(&world).len(), before + 1);
}

/// 22.10
#[test]
fn a_start_a_stop_and_what_a_configuration_changes_are_kept() {
    let mut world = World::new(Sqlite::default());
    let names: Vec<String> = (0..22).map(|number| format!("c{number}")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    world.declare(&all);
    let mut next: Vec<&str> = all.clone();
    next.retain(|name| *name != "c3");
    world.configuration.checks = next.iter().map(|name| check(name)).collect();
    world.configuration.checks[0].title = "Other".into();
    world.configuration.checks[1].name = super::world::name("d1");
    world.configuration.checks[1].renamed_from = vec![super::world::name("c1")].into();
    world.configure().unwrap();
    world.configure().unwrap();
    let now = world.now;
    world.store().end(now).unwrap();
    world.reopen();
    let first = names[..20].join(" ");
    let version = format!("version {}", punctual::core::version::LINE);
    assert_eq!(
        kept(&world),
        [
            format!("start - by punctual: {version} | "),
            format!("reload - by punctual: checks: 22 added: {first} | "),
            "reload - by punctual: checks: 1 changed, 1 archived, 1 renamed: c1→d1 c0 c3 | ".to_owned(),
            "reload - by punctual: nothing changed | ".to_owned(),
            "stop - by punctual:  | ".to_owned(),
            format!("start - by punctual: {version} | "),
        ],
        "a start that changes nothing is told once"
    );
}

/// 22.10, 14.1: what could not be stored is not said to have been done.
#[test]
fn what_fails_is_not_kept() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    let id = mute(&mut world, "check=\"a\"");
    let before = kept(&world);
    let mut left = 1;
    world.store().set_faults(move |at| {
        let fails = at == FaultPoint::BeforeCommit && std::mem::take(&mut left) > 0;
        fails.then_some(StoreError::Full)
    });
    let now = world.now;
    assert!(matches!(world.store().unmute(id, "ann", now), Err(StoreError::Full)));
    assert_eq!(kept(&world), before);
    assert!(world.store().unmute(id, "ann", now).unwrap());
    assert_eq!(kept(&world).len(), before.len() + 1);
}

/// 22.10
#[test]
fn the_newest_ten_thousand_are_kept_for_ninety_days() {
    let mut world = World::new(Sqlite::default());
    // What stands before others is no younger.
    let many = "DELETE FROM audit; WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 10199)
        INSERT INTO audit SELECT i, 0, 'ann', 'pause', NULL, '', '' FROM n";
    database(world.place.0.path()).execute_batch(many).unwrap();
    let deeds = AuditBound::Deeds.most().cast_signed();
    let now = world.now;
    world.store().keep(&Audit::new(now, "bob", AuditKind::Mute)).unwrap();
    assert_eq!(count(&world, "audit WHERE actor IN ('ann', 'bob')"), deeds);
    assert_eq!(count(&world, "audit WHERE id = 100"), 0, "the oldest has gone");
    world.configuration.retention = Retention::default();
    world.configure().unwrap();
    prune(&mut world);
    assert_eq!(count(&world, "audit WHERE actor = 'ann'"), deeds - 1, "they are 11 days old");
    world.wait(Span::mins(80 * 24 * 60));
    prune(&mut world);
    assert_eq!(
        count(&world, "audit WHERE actor = 'ann'"),
        0,
        "what was done at the year's beginning is over"
    );
    assert_eq!(count(&world, "audit WHERE actor = 'bob'"), 1);
    world.wait(Span::mins(90 * 24 * 60));
    prune(&mut world);
    assert_eq!(count(&world, "audit"), 0);
}

/// 22.10c
#[test]
fn neither_who_signs_in_nor_a_server_that_dies_pushes_out_what_people_did() {
    let mut world = World::new(Sqlite::default());
    let now = world.now;
    world.store().keep(&Audit::new(now, "ann", AuditKind::Drop)).unwrap();
    let many = |what: &str| {
        format!(
            "INSERT INTO audit (at, actor, what, details, comment)
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
             SELECT 0, 'eve', '{what}', '', '' FROM n"
        )
    };
    let db = database(world.place.0.path());
    for (what, kind, kept) in
        [("sign_in", AuditKind::SignOut, AuditBound::SignIns), ("start", AuditKind::Stop, AuditBound::Starts)]
    {
        db.execute_batch(&many(what)).unwrap();
        // Those that are too many go before a hundred more have come.
        for _ in 0..100 {
            world.store().keep(&Audit::new(now, "eve", kind)).unwrap();
        }
        let of_kind = format!("audit WHERE what IN ('{what}', '{}')", kind.as_str());
        let left = count(&world, &of_kind);
        let most = kept.most().cast_signed();
        assert!((most..most + 100).contains(&left), "{what}: {left}");
        assert!(count(&world, &format!("audit WHERE what = '{}'", kind.as_str())) == 100, "the newest stay");
    }
    assert_eq!(count(&world, "audit WHERE actor = 'ann' AND what = 'drop'"), 1);
}

/// 22.10: pages and programs find what they ask for.
#[test]
fn what_was_done_is_found_by_who_what_which_check_and_when() {
    let mut world = World::new(Sqlite::default());
    let start = world.now;
    for (second, by, what, check) in [
        (1, "ann (token oncall)", AuditKind::Pause, Some("a")),
        (2, "bob (user 7)", AuditKind::Pause, Some("b")),
        (3, "ann (user 7)", AuditKind::SignIn, None),
    ] {
        let mut done = Audit::new(start + Span::secs(second), by, what);
        done.check = check.map(str::to_owned);
        world.store().keep(&done).unwrap();
    }
    let reader = Reader::new(world.place.0.path());
    let find = |wanted: AuditsWanted, before: Option<u64>, limit: usize| {
        let found = reader.audits(&wanted, before, limit).unwrap();
        found.iter().map(|record| record.id).collect::<Vec<_>>()
    };
    let all = AuditsWanted::default;
    let said = |text: &str| Some(text.to_owned());
    assert_eq!(find(all(), None, 100), [4, 3, 2, 1]);
    assert_eq!(find(all(), None, 2), [4, 3]);
    assert_eq!(find(all(), Some(3), 2), [2, 1]);
    assert_eq!(find(AuditsWanted { actor: said("ann"), ..all() }, None, 9), [4, 2]);
    assert_eq!(find(AuditsWanted { actor: said("user 7"), ..all() }, None, 1), [4]);
    assert_eq!(find(AuditsWanted { actor: said("%"), ..all() }, None, 9), [0; 0]);
    assert_eq!(find(AuditsWanted { what: Some(AuditKind::Pause), ..all() }, None, 9), [3, 2]);
    assert_eq!(find(AuditsWanted { check: said("b"), ..all() }, None, 9), [3]);
    assert_eq!(find(AuditsWanted { since: Some(start + Span::secs(2)), ..all() }, None, 9), [4, 3]);
    database(world.place.0.path()).execute_batch("UPDATE audit SET what = 'odd' WHERE id = 3").unwrap();
    assert_eq!(find(all(), None, 9), [4, 2, 1], "14.6: one that nobody can read is passed over");
}

/// 22.10: texts of strangers are bounded.
#[test]
fn long_names_and_texts_are_cut() {
    let world = World::new(Sqlite::default());
    let long = "ä".repeat(10_000);
    let done = Audit::new(world.now, &long, AuditKind::Edit).with_details(&long).with_comment(&long);
    assert_eq!((done.actor.len(), done.details.len(), done.comment.len()), (200, 4_000, 4_000));
}
