//! Checks that mail their own addresses, what canaries say then, and how an update of one is judged.

use std::sync::Arc;

use punctual::core::cause::{CauseKind, Family, Status};
use punctual::core::check::{Definition, Origin, Overlap, Ping, PingKind, Rid};
use punctual::core::outbox::Attempt;
use punctual::core::route::{Matcher, Policy};
use punctual::core::schedule::Schedule;
use punctual::core::time::{Span, Time};
use punctual::store::{Edit, NewCheck, Outgoing, PingFact, Saying, SpecChange, Stance, Stood, Store, What};

use super::edits::{canary, create, definition, edit};
use super::world::{GROUP_WAIT, Place, World, check, fact, later, said};

fn triggered(comment: &str) -> What {
    What::Ping(PingFact { comment: Some(comment.to_owned()), ..fact(PingKind::Success) })
}

/// A minute passes in which it was to report.
pub(super) fn let_it_be_late<P: Place>(world: &mut World<P>) {
    world.wait(Span::secs(60) + Span::MS);
    assert!(world.expire() > 0);
}

/// What its users read: the deadline, and what happened.
fn told_of<P: Place>(world: &World<P>, outgoing: &Outgoing) -> (Option<Span>, Vec<String>) {
    let canary = outgoing.notices[0].alias.as_ref().expect("a canary tells what it is");
    let events = canary.events.iter().map(|(_, text)| text.clone()).collect();
    (canary.deadline.map(|deadline| deadline - world.now), events)
}

fn rearm<P: Place>(world: &mut World<P>, name: &str, period: Span) {
    let check = world.id(name);
    let mut definition = definition(world, name);
    Arc::make_mut(&mut definition.spec).schedule = Schedule::Every(period);
    edit(world, Edit::Update { check, definition: Box::new(definition), how: SpecChange::Rearmed }).unwrap();
}

/// 12.1, 12.6, 16.4
pub(crate) fn a_canary_mails_its_own_addresses_at_once_and_one_by_one<P: Place>(world: &mut World<P>) {
    world.declare(&[]);
    edit(world, create(canary("Nightly", "nightly", "aaaaaaaa"))).unwrap();
    let_it_be_late(world);
    let late = world.claim_one();
    assert_eq!((&*late.message.receiver, said(&late)), ("emails/nightly", vec!["Alert nightly".to_owned()]));
    assert_eq!(late.notices[0].emails, ["ada@example.org"]);
    assert_eq!(told_of(world, &late), (Some(Span::ZERO - Span::MS), vec!["Canary created".to_owned()]));
    world.settle(late.message.id, &Attempt::TAKEN);
    world.wait(Span::secs(2));
    world.apply("nightly", triggered("at last"));
    let over = world.claim_one();
    assert_eq!(said(&over), ["Recovery nightly"], "two seconds apart, and two mails");
    let events = ["Triggered (at last)", "Canary created"].map(str::to_owned).to_vec();
    assert_eq!(told_of(world, &over), (Some(Span::secs(60)), events));
    assert_eq!(over.notices[0].thread.as_deref(), Some(&*late.message.key));
    world.settle(over.message.id, &Attempt::TAKEN);
    assert_eq!(world.store().next_claim(), None);
}

/// 12.4, 12.7: a mail server that is away delays, and nothing is lost over a restart.
pub(crate) fn a_mail_that_nobody_takes_is_tried_again_and_the_recovery_follows_it<P: Place>(
    world: &mut World<P>,
) {
    world.declare(&[]);
    edit(world, create(canary("A", "a", "aaaaaaaa"))).unwrap();
    let_it_be_late(world);
    let late = world.claim_one();
    world.settle(late.message.id, &later());
    world.ping("a", PingKind::Success);
    assert!(world.claim().is_empty(), "what follows waits for it");
    world.reopen();
    world.wait(Span::mins(2));
    let again = world.claim_one();
    assert_eq!((again.message.key, &again.notices), (late.message.key, &late.notices));
    world.settle(again.message.id, &Attempt::TAKEN);
    assert_eq!(world.told(), ["Recovery a"]);
}

/// 12.2, 16.4: `default_receivers` are for checks that nobody else answers for.
pub(crate) fn responders_and_own_addresses_are_both_told_and_the_defaults_of_neither<P: Place>(
    world: &mut World<P>,
) {
    world.respond(&[("dba", Span::ZERO, None)]);
    let mut policy = (*world.configuration.policy).clone();
    policy.responders[0].matchers = Matcher::parse_list("check=\"watched\"").unwrap();
    world.configuration.policy = Arc::new(policy);
    let with_emails =
        |name: &str| Definition { emails: vec!["a@example.org".to_owned()].into(), ..check(name) };
    world.configuration.checks = vec![with_emails("watched"), with_emails("alone"), check("neither")];
    world.configure().unwrap();
    for name in ["watched", "alone", "neither"] {
        world.ping(name, PingKind::Fail);
    }
    world.wait(GROUP_WAIT);
    let mut told: Vec<String> = Vec::new();
    for outgoing in world.claim() {
        let own = outgoing.message.receiver.starts_with("emails/");
        assert_eq!(outgoing.notices[0].emails.is_empty(), !own, "they are nobody else's business");
        assert_eq!(outgoing.notices[0].alias, None);
        told.push(format!("{}: {}", outgoing.message.receiver, said(&outgoing).join(", ")));
    }
    told.sort();
    let expected = [
        "dba: Alert watched",
        "emails/alone: Alert alone",
        "emails/watched: Alert watched",
        "ops: Alert neither",
    ];
    assert_eq!(told, expected);
}

/// 16.4
pub(crate) fn addresses_that_are_gone_are_told_nothing_more<P: Place>(world: &mut World<P>) {
    world.declare(&[]);
    let id = edit(world, create(canary("A", "a", "aaaaaaaa"))).unwrap();
    let_it_be_late(world);
    let mut definition = definition(world, "a");
    definition.emails.clear();
    edit(world, Edit::Update { check: id, definition: Box::new(definition), how: SpecChange::Judged })
        .unwrap();
    assert!(world.claim().is_empty());
    assert_eq!(world.store().next_claim(), None);
    let parked = world.store().live().totals.deliveries_parked.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(parked, 0, "nobody has to look after that");
}

/// 12.6, 16.4: the incident began under another name, and its end is told to whom the check mails now.
pub(crate) fn a_rename_goes_on_with_what_was_told<P: Place>(world: &mut World<P>) {
    world.declare(&[]);
    let id = edit(world, create(canary("A", "a", "aaaaaaaa"))).unwrap();
    let_it_be_late(world);
    assert_eq!(world.told(), ["Alert a"]);
    let mut renamed = definition(world, "a");
    renamed.alias.as_mut().unwrap().slug = "b".to_owned();
    renamed.emails = vec!["bob@example.org".to_owned()].into();
    edit(world, Edit::Update { check: id, definition: Box::new(renamed), how: SpecChange::Judged }).unwrap();
    world.ping("b", PingKind::Fail);
    assert!(world.claim().is_empty(), "a further cause is nothing new to those who were told");
    world.ping("b", PingKind::Success);
    let over = world.claim_one();
    assert_eq!(
        (said(&over), &over.notices[0].emails[..]),
        (vec!["Recovery b".to_owned()], &["bob@example.org".to_owned()][..])
    );
}

/// 16.4: two checks that had one name at different times never share a mail.
pub(crate) fn a_mail_tells_of_one_check_alone<P: Place>(world: &mut World<P>) {
    world.declare(&[]);
    let first = edit(world, create(canary("First", "a", "aaaaaaaa"))).unwrap();
    let_it_be_late(world);
    assert_eq!(world.told(), ["Alert a"]);
    edit(world, Edit::Delete { check: first }).unwrap();
    let mut second = canary("Second", "a", "bbbbbbbb");
    second.emails = vec!["bob@example.org".to_owned()].into();
    edit(world, create(second)).unwrap();
    let_it_be_late(world);
    let removed = world.claim_one();
    assert_eq!((said(&removed), &*removed.notices[0].title), (vec!["Recovery a".to_owned()], "First"));
    assert_eq!(removed.notices[0].emails, ["ada@example.org"]);
    world.settle(removed.message.id, &Attempt::TAKEN);
    let late = world.claim_one();
    assert_eq!((said(&late), &*late.notices[0].title), (vec!["Alert a".to_owned()], "Second"));
    assert_eq!(late.notices[0].emails, ["bob@example.org"]);
}

/// 12.7: one mail server, which must not be run over.
pub(crate) fn only_so_many_checks_are_mailed_at_a_time<P: Place>(world: &mut World<P>) {
    world.declare(&[]);
    let letter = |n: u8| char::from(b'a' + n);
    for n in 0..20 {
        let id = letter(n).to_string().repeat(8);
        edit(world, create(canary("x", &format!("c{n:02}"), &id))).unwrap();
    }
    let_it_be_late(world);
    let first = world.claim();
    assert_eq!(first.len(), 8);
    assert_eq!(world.store().next_claim(), None, "nothing before one of them has ended");
    let (mut under_way, mut told) = (first, Vec::new());
    while let Some(outgoing) = under_way.pop() {
        world.settle(outgoing.message.id, &Attempt::TAKEN);
        told.extend(said(&outgoing));
        under_way.extend(world.claim());
        assert!(under_way.len() <= 8);
    }
    told.sort();
    let all: Vec<String> = (0..20).map(|n| format!("Alert c{n:02}")).collect();
    assert_eq!(told, all);
}

/// 16.7
pub(crate) fn an_update_counts_from_the_newest_entry_of_the_history<P: Place>(world: &mut World<P>) {
    world.declare(&[]);
    let made = world.now;
    edit(world, create(canary("A", "a", "aaaaaaaa"))).unwrap();
    world.wait(Span::secs(20));
    rearm(world, "a", Span::secs(300));
    assert_eq!(world.store().next_deadline(), Some(made + Span::secs(300)));
    world.ping("a", PingKind::Success);
    world.wait(Span::secs(40));
    rearm(world, "a", Span::secs(30));
    assert!(world.state("a").causes.has(CauseKind::Missing), "late at once");
    assert_eq!(world.told(), ["Alert a"]);
    rearm(world, "a", Span::secs(90));
    assert_eq!(world.state("a").status(), Status::Up, "and not late at once");
    assert_eq!(world.told(), ["Recovery a"]);
    world.reopen();
    assert_eq!(world.store().next_deadline(), Some(made + Span::secs(110)));
    // In a pause only the spec changes; after it the deadline counts from its end.
    world.apply("a", What::Pause { comment: None, by: None, until: None });
    rearm(world, "a", Span::secs(1));
    assert_eq!(world.state("a").status(), Status::Paused);
    world.wait(Span::secs(40));
    world.apply("a", What::Unpause { comment: None, by: None });
    assert_eq!(world.store().next_deadline(), Some(world.now + Span::secs(1)));
}

/// 16.6: coal-mine keeps `late` over a pause; Night's Watch clears it.
pub(crate) fn a_pause_keeps_or_clears_lateness_as_its_system_does<P: Place>(world: &mut World<P>) {
    world.declare(&[]);
    let mut watcher = canary("B", "b", "bbbbbbbb");
    watcher.alias.as_mut().unwrap().origin = Origin::new("nights_watch");
    for definition in [canary("A", "a", "aaaaaaaa"), watcher] {
        edit(world, create(definition)).unwrap();
    }
    let_it_be_late(world);
    for name in ["a", "b"] {
        world.apply(name, What::Pause { comment: None, by: None, until: None });
        world.apply(name, What::Unpause { comment: None, by: None });
    }
    assert_eq!(world.state("a").status(), Status::Late);
    assert_eq!(world.state("b").status(), Status::New);
}

pub(crate) fn one_that_is_made_paused_waits_for_its_first_trigger<P: Place>(world: &mut World<P>) {
    world.declare(&[]);
    let definition = canary("A", "a", "aaaaaaaa");
    edit(world, Edit::Create(Box::new(NewCheck { definition, paused: true, past: None }))).unwrap();
    assert_eq!(world.state("a").status(), Status::Paused);
    assert_eq!(world.store().next_deadline(), None);
    world.wait(Span::mins(60));
    world.ping("a", PingKind::Success);
    assert_eq!(world.store().next_deadline(), Some(world.now + Span::secs(60)));
    assert!(world.claim().is_empty());
}

/// 9.1, 9.5, 16.5: coal-mine's users hear of a deadline that passed while the server was down.
pub(crate) fn a_deadline_that_passed_in_an_absence_is_told_with_what_was_promised<P: Place>(
    world: &mut World<P>,
) {
    world.declare(&[]);
    edit(world, create(canary("A", "a", "aaaaaaaa"))).unwrap();
    let promised: Time = world.now + Span::secs(60);
    world.now = world.now + Span::mins(30);
    world.reopen();
    world.wait(Span::MS);
    world.expire();
    let late = world.claim_one();
    assert_eq!(late.notices[0].causes[0].would_be, Some(CauseKind::NeverSeen));
    assert_eq!(late.notices[0].alias.as_ref().unwrap().deadline, Some(promised));
}

/// 12.2, 13.1: the policy of the files does not make a check's own addresses come and go.
pub(crate) fn own_addresses_need_no_receiver_in_the_files<P: Place>(world: &mut World<P>) {
    world.configuration.policy = Arc::new(Policy::default());
    world.declare(&[]);
    edit(world, create(canary("A", "a", "aaaaaaaa"))).unwrap();
    let_it_be_late(world);
    world.reopen();
    assert_eq!(world.told(), ["Alert a"]);
}

/// 9.6, 16.5: its mail said that it is late already, word for word; one that has not left yet leaves once.
pub(crate) fn a_canary_that_was_told_as_late_is_not_told_so_again<P: Place>(world: &mut World<P>) {
    world.declare(&[]);
    edit(world, create(canary("A", "a", "aaaaaaaa"))).unwrap();
    edit(world, create(canary("B", "b", "bbbbbbbb"))).unwrap();
    world.now = world.now + Span::mins(30);
    world.reopen();
    world.wait(Span::MS);
    world.expire();
    let mut blind = world.claim();
    blind.sort_by_key(said);
    assert_eq!(blind.iter().map(said).collect::<Vec<_>>(), [["Alert a"], ["Alert b"]]);
    world.settle(blind[0].message.id, &Attempt::TAKEN);
    world.settle(blind[1].message.id, &later());
    world.wait(Span::secs(61));
    world.expire();
    assert!(world.state("a").causes.has(CauseKind::NeverSeen), "{:?}", world.state("a").causes);
    world.reopen();
    world.wait(Span::mins(5));
    assert_eq!(world.told(), ["Alert b"], "the one that nobody took before");
    assert!(world.claim().is_empty(), "both know that it is late");
    world.ping("a", PingKind::Success);
    assert_eq!(world.told(), ["Recovery a"]);
}

/// Several are away while they are due, and their own addresses are told; then they are started twice at once, and somebody has
/// taken both on before it is known that they are late.
fn late_beside_what_was_taken_on<P: Place>(world: &mut World<P>) -> Vec<Outgoing> {
    world.declare(&[]);
    for (name, id) in [("a", "aaaaaaaa"), ("b", "bbbbbbbb")] {
        let mut made = canary(name, name, id);
        let spec = Arc::make_mut(&mut made.spec);
        (spec.max_runtime, spec.overlap) = (Some(Span::mins(1)), Overlap::Fail);
        edit(world, create(made)).unwrap();
    }
    world.now = world.now + Span::mins(30);
    world.reopen();
    world.wait(Span::MS);
    world.expire();
    let mut blind = world.claim();
    blind.sort_by_key(said);
    let incidents: Vec<_> = blind.iter().map(|outgoing| outgoing.notices[0].incident).collect();
    for name in ["a", "b"] {
        for rid in ["one", "two"] {
            let start = fact(PingKind::Start);
            let ping = Ping { rid: Some(Rid::parse(rid).unwrap()), ..start.ping };
            world.apply(name, What::Ping(PingFact { ping, ..start }));
        }
        assert!(world.state(name).causes.has(CauseKind::Overlapping));
    }
    let now = world.now;
    let saying = Saying::new(Stance::Acknowledge, "ada");
    assert_eq!(world.store().stand_all(&incidents, &saying, now).unwrap(), [Stood::New; 2]);
    blind
}

/// 9.6, 11.2h, 16.5: what was taken on beside that is over, and of the rest its own addresses know.
pub(crate) fn a_canary_that_was_told_as_late_is_not_told_so_when_it_is_reopened<P: Place>(
    world: &mut World<P>,
) {
    let blind = late_beside_what_was_taken_on(world);
    world.settle(blind[0].message.id, &Attempt::TAKEN);
    world.settle(blind[1].message.id, &later());
    world.wait(Span::mins(2));
    assert!(world.expire() >= 2);
    for (name, outgoing) in ["a", "b"].into_iter().zip(&blind) {
        let (check, mut calm) = (world.id(name), definition(world, name));
        Arc::make_mut(&mut calm.spec).overlap = Overlap::Allowed;
        edit(world, Edit::Update { check, definition: Box::new(calm), how: SpecChange::Judged }).unwrap();
        let causes = world.state(name).causes;
        assert!(
            causes.iter().all(|cause| cause.kind.family() == Family::Late) && !causes.is_empty(),
            "{causes:?}"
        );
        let now = world.now;
        assert!(world.says(outgoing.notices[0].incident, Stance::Reopen, "ada", now));
    }
    assert_eq!(world.told(), ["Alert b"], "the one that nobody took before");
    world.wait(Span::mins(60));
    assert!(world.claim().is_empty(), "both know that it is late");
}
