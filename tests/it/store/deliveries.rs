//! Incidents, deliveries and alerts (§8, §11, §12, §13).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use punctual::core::cause::{CauseKind, Status};
use punctual::core::check::PingKind;
use punctual::core::incident::IncidentStatus;
use punctual::core::notice::LastRun;
use punctual::core::outbox::Attempt;
use punctual::core::route::{Matcher, Mute, Policy, ReceiverPolicy, Responder};
use punctual::core::schedule::Schedule;
use punctual::core::step::view;
use punctual::core::time::{Span, Time};
use punctual::store::live::Check;
use punctual::store::{Outgoing, Stance, Store, What};

use super::world::{GROUP_WAIT, Place, World, check, fact, later, name, said};

/// Pinged, and failed; some time later it has been gathered.
fn fail<P: Place>(world: &mut World<P>, names: &[&str]) {
    for name in names {
        world.ping(name, PingKind::Fail);
    }
    world.wait(GROUP_WAIT);
}

fn succeed<P: Place>(world: &mut World<P>, name: &str) {
    world.ping(name, PingKind::Success);
    world.wait(GROUP_WAIT);
}

/// 12.3
pub(crate) fn what_is_due_leaves_together_and_a_retry_has_the_same_members<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b", "c"]);
    fail(world, &["a", "b"]);
    let first = world.claim_one();
    assert_eq!(said(&first), ["Alert a", "Alert b"]);
    assert_eq!((first.message.attempts, first.message.retry_at), (1, None));
    assert!(world.claim().is_empty(), "one at a time");
    world.settle(first.message.id, &later());
    fail(world, &["c"]);
    succeed(world, "a");
    world.wait(Span::secs(10));
    let again = world.claim_one();
    assert_eq!(again.message.key, first.message.key);
    assert_eq!(again.message.members, first.message.members);
    assert_eq!(again.notices, first.notices, "it says the same at every attempt");
    assert_eq!(again.message.attempts, 2);
    world.settle(again.message.id, &Attempt::TAKEN);
    assert_eq!(world.told(), ["Alert c", "Recovery a"]);
    assert_eq!(world.store().next_claim(), None);
}

pub(crate) fn a_notice_tells_what_one_ping_said_of_the_last_run<P: Place>(world: &mut World<P>) {
    world.declare(&["a"]);
    world.ping("a", PingKind::Start);
    world.wait(Span::secs(2));
    world.ping("a", PingKind::Success);
    world.wait(Span::secs(71));
    world.expire();
    let mut failed = fact(PingKind::Fail);
    failed.ping.exit_status = Some(3);
    failed.comment = Some("disk full".to_owned());
    world.apply("a", What::Ping(failed));
    world.reopen();
    world.wait(GROUP_WAIT);
    let at = world.now - GROUP_WAIT;
    let from = |source: &str, at| LastRun {
        at,
        is_success: false,
        outcome: None,
        exit_status: None,
        duration: None,
        source: source.to_owned(),
        comment: None,
    };
    let failed =
        LastRun { exit_status: Some(3), comment: Some("disk full".to_owned()), ..from("10.0.3.7", at) };
    assert_eq!(last_told(world), (Some(failed), None));

    succeed(world, "a");
    let success = LastRun { is_success: true, ..from("10.0.3.7", world.now - GROUP_WAIT) };
    assert_eq!(last_told(world), (Some(success.clone()), None));

    world.ping("a", PingKind::Start);
    let mut log = fact(PingKind::Log);
    log.comment = Some("just a log".to_owned());
    log.source = "10.0.3.9".parse().unwrap();
    world.apply("a", What::Ping(log));
    let logged_at = world.now;
    world.wait(Span::secs(71));
    world.expire();
    world.wait(GROUP_WAIT);
    assert_eq!(last_told(world), (Some(success), Some((logged_at, "just a log".to_owned()))));
}

/// The job's own words, and none of them for a receiver that must not see them.
pub(crate) fn a_notice_has_the_jobs_own_words_unless_its_receiver_must_not_see_them<P: Place>(
    world: &mut World<P>,
) {
    let mut policy = (*world.configuration.policy).clone();
    let ops = policy.receivers.values().next().unwrap().clone();
    policy.receivers.insert("partner".into(), ReceiverPolicy { include_output: false, ..ops });
    policy.default_receivers.push("partner".into());
    world.configuration.policy = Arc::new(policy);
    world.declare(&["a"]);
    let mut failed = fact(PingKind::Fail);
    failed.comment = Some("disk full".to_owned());
    let lines: String = (1..=99).map(|line| format!("line {line}\n")).collect();
    failed.body = Some(lines.into_bytes());
    world.apply("a", What::Ping(failed));
    let at = world.now;
    world.ping("a", PingKind::Start);
    world.wait(GROUP_WAIT);
    let outgoing = world.claim();
    assert_eq!(outgoing.len(), 2);
    for Outgoing { message, notices } in outgoing {
        let notice = &notices[0];
        let comment = notice.last_run.as_ref().unwrap().comment.as_deref();
        if &*message.receiver == "ops" {
            let (said_at, output) = notice.output.as_ref().unwrap();
            assert_eq!((*said_at, comment), (at, Some("disk full")));
            assert!(output.starts_with("line 1\n") && output.ends_with("\nline 99"), "{output}");
        } else {
            assert_eq!((&notice.output, &notice.last_log, comment), (&None, &None, None));
        }
    }
}

/// What the one message that leaves now says of the pings; the receiver takes it.
fn last_told<P: Place>(world: &mut World<P>) -> (Option<LastRun>, Option<(Time, String)>) {
    let mut outgoing = world.claim_one();
    world.settle(outgoing.message.id, &Attempt::TAKEN);
    let notice = outgoing.notices.remove(0);
    (notice.last_run, notice.last_log)
}

/// How many checks have this status now.
fn count<P: Place>(world: &mut World<P>, status: Status) -> usize {
    let (now, live) = (world.now, world.store().live());
    let blind = live.blind();
    let is_so =
        |check: &Check| view(&check.definition.spec, &check.known().state, now, &blind).status == status;
    let directory = live.directory();
    directory.checks.iter().filter(|check| is_so(check)).count()
}

/// 9.2, 9.5, 9.6, 12.3: ten minutes away, in which 50 checks were due. One was overdue before.
pub(crate) fn what_was_due_in_an_absence_is_unknown_in_one_message_and_late_when_it_may_be<P: Place>(
    world: &mut World<P>,
) {
    let jobs: Vec<String> = (0..50).map(|number| format!("job-{number:02}")).collect();
    let mut names = vec!["overdue"];
    names.extend(jobs.iter().map(String::as_str));
    world.configuration.checks = names.iter().map(|name| check(name)).collect();
    for job in &mut world.configuration.checks[1..] {
        Arc::make_mut(&mut job.spec).schedule = Schedule::Every(Span::mins(5));
    }
    world.configure().unwrap();
    world.ping("overdue", PingKind::Success);
    for _ in 0..9 {
        world.wait(Span::secs(8));
    }
    jobs.iter().for_each(|job| world.ping(job, PingKind::Success));
    let returned = world.now + Span::mins(10);
    world.now = returned;
    world.reopen();
    world.wait(Span::ms(1));
    assert_eq!(world.expire(), 51);
    assert_eq!((count(world, Status::Unknown), count(world, Status::Late)), (50, 1));
    world.wait(GROUP_WAIT);
    let alerts: Vec<String> = names.iter().map(|name| format!("Alert {name}")).collect();
    let mut told = world.told();
    told.sort_unstable_by_key(|alert| alert != "Alert overdue");
    assert_eq!(told, alerts);

    // every + grace after our return they may be late, and not before; one has come back.
    world.ping("job-00", PingKind::Success);
    let may_be_late_after = returned + Span::secs(310);
    while world.now < may_be_late_after {
        let span = Span::secs(5).min(may_be_late_after - world.now);
        world.wait(span);
        world.expire();
    }
    assert_eq!((count(world, Status::Unknown), count(world, Status::Late)), (49, 1));
    assert_eq!(world.told(), ["Recovery job-00"]);
    world.wait(Span::ms(1));
    world.expire();
    assert_eq!((count(world, Status::Unknown), count(world, Status::Late)), (0, 50));
    world.wait(GROUP_WAIT);
    let told = world.claim_one();
    assert_eq!(told.notices.len(), 49, "who was told that we cannot tell is told that they are late (9.6)");
    world.settle(told.message.id, &Attempt::TAKEN);
    world.wait(Span::mins(60));
    assert!(world.claim().is_empty(), "and once: it is the same incident");
}

/// 12.7
pub(crate) fn a_new_start_ends_all_claims<P: Place>(world: &mut World<P>) {
    world.declare(&["a"]);
    fail(world, &["a"]);
    let first = world.claim_one();
    world.reopen();
    let again = world.claim_one();
    assert_eq!((again.message.key, again.notices), (first.message.key, first.notices));
    assert_eq!(again.message.attempts, 2, "the attempt was stored before it began");
    world.settle(again.message.id, &Attempt::TAKEN);
    world.settle(again.message.id, &Attempt::TAKEN);
    world.reopen();
    assert!(world.claim().is_empty(), "what was taken is not sent again");
}

/// 12.4j: it waits since the death that ended its attempt, whatever dies after that.
pub(crate) fn a_message_under_way_at_a_crash_is_tried_again_by_a_process_that_dies_each_minute<P: Place>(
    world: &mut World<P>,
) {
    world.declare(&["a"]);
    fail(world, &["a"]);
    for _ in 0..5 {
        let failed = world.claim_one();
        world.settle(failed.message.id, &later());
        world.now = world.store().next_claim().unwrap();
    }
    let under_way = world.claim_one();
    assert_eq!(under_way.message.attempts, 6);
    let died_at = world.now;
    let tried = (0..20).find_map(|_| {
        world.wait(Span::mins(1));
        let now = world.now;
        world.store().sign_of_life(now).unwrap();
        world.reopen();
        world.claim().pop()
    });
    assert_eq!(tried.unwrap().message.id, under_way.message.id);
    let took = world.now - died_at;
    assert!(took <= Span::mins(3), "{took:?}");
}

/// 12.7, 1.1: a clock that was behind at a start, and one more crash.
pub(crate) fn two_claims_of_one_receiver_end_as_well<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b"]);
    fail(world, &["a"]);
    let first = world.claim_one();
    world.now = world.now - Span::mins(60);
    world.reopen();
    fail(world, &["b"]);
    let second = world.claim_one();
    assert_eq!(said(&second), ["Alert b"], "the first one is of a later time");
    world.now = world.now + Span::mins(120);
    world.reopen();
    let again = world.claim_one();
    assert_eq!(again.message.key, second.message.key, "the one that was made first goes first");
    world.settle(again.message.id, &Attempt::TAKEN);
    assert_eq!(world.claim_one().message.key, first.message.key);
}

/// 12.5, 12.6, 11.1
pub(crate) fn a_recovery_follows_what_was_told<P: Place>(world: &mut World<P>) {
    world.declare(&["a"]);
    fail(world, &["a"]);
    let alert = world.claim_one();
    succeed(world, "a");
    assert!(world.claim().is_empty(), "the alert is still under way");
    world.settle(alert.message.id, &Attempt::TAKEN);
    let recovery = world.claim_one();
    assert_eq!(said(&recovery), ["Recovery a"]);
    assert_eq!(recovery.notices[0].thread.as_deref(), Some(&*alert.message.key), "it replies to the alert");
    assert_eq!(alert.notices[0].thread, None);
    world.settle(recovery.message.id, &Attempt::TAKEN);
    fail(world, &["a"]);
    let next = world.claim_one();
    assert_ne!(next.notices[0].incident, alert.notices[0].incident, "a recurrence is a new incident");
}

/// 12.5
pub(crate) fn nothing_is_told_of_what_recovered_before_it_was_due<P: Place>(world: &mut World<P>) {
    world.respond(&[("ops", Span::mins(15), None)]);
    world.declare(&["a"]);
    fail(world, &["a"]);
    succeed(world, "a");
    world.wait(Span::mins(30));
    assert!(world.claim().is_empty());
    assert_eq!(world.store().next_claim(), None);
}

/// 12.2: a reload that changes labels, responders and the schedule at once.
pub(crate) fn what_a_reload_judges_is_told_to_whom_it_says<P: Place>(world: &mut World<P>) {
    let respond = |world: &mut World<P>, matchers: &str| {
        world.respond(&[("ops", Span::ZERO, None)]);
        let mut policy = (*world.configuration.policy).clone();
        policy.responders[0].matchers = Matcher::parse_list(matchers).unwrap();
        policy.default_receivers.clear();
        world.configuration.policy = policy.into();
    };
    world.configuration.checks = vec![check("a")];
    world.configuration.checks[0].labels = [("team".to_owned(), "dba".to_owned())].into();
    respond(world, "team=\"dba\"");
    world.configure().unwrap();
    world.wait(Span::secs(71));
    world.configuration.checks[0].labels = [("team".to_owned(), "web".to_owned())].into();
    Arc::make_mut(&mut world.configuration.checks[0].spec).schedule = Schedule::Every(Span::secs(30));
    respond(world, "team=\"web\"");
    world.configure().unwrap();
    world.wait(GROUP_WAIT);
    assert_eq!(world.told(), ["Alert a"]);
}

/// 12.3
pub(crate) fn a_receiver_that_is_gone_parks_its_deliveries<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b"]);
    fail(world, &["a"]);
    let sent = world.claim_one();
    world.settle(sent.message.id, &later());
    fail(world, &["b"]);
    let mut policy = Policy { default_receivers: Vec::new(), ..(*world.configuration.policy).clone() };
    policy.receivers.clear();
    world.configuration.policy = policy.into();
    world.configure().unwrap();
    world.wait(Span::mins(10));
    assert!(world.claim().is_empty());
    assert_eq!(world.store().next_claim(), None);
    let parked = |world: &mut World<P>| {
        let live = world.store().live();
        let last = live.totals.last_parked_ms.load(Ordering::Relaxed);
        (live.totals.deliveries_parked.load(Ordering::Relaxed), Time::from_ms(last))
    };
    let now = world.now;
    assert_eq!(parked(world), (2, now));
    world.wait(Span::mins(1));
    world.reopen();
    assert_eq!(parked(world), (2, now), "as the rows say");
}

fn mute<P: Place>(world: &mut World<P>, matchers: &str, lasts: Span) -> u64 {
    let now = world.now;
    let mute = Mute {
        id: 0,
        matchers: Matcher::parse_list(matchers).unwrap(),
        text: matchers.to_owned(),
        until: now + lasts,
        since: now,
        comment: "night work".to_owned(),
        by: "ann".to_owned(),
    };
    world.store().mute(mute, now).unwrap()
}

/// 1.1: one wrong date silences nothing.
pub(crate) fn a_clock_set_back_neither_revives_nor_lengthens_a_mute<P: Place>(world: &mut World<P>) {
    world.declare(&["a"]);
    let right = world.now;
    mute(world, "check=\"ended\"", Span::mins(60));
    world.wait(Span::mins(3 * 24 * 60));
    mute(world, "check=\"later\"", Span::mins(60));
    let wrong = world.now;
    mute(world, "check=\"ends\"", Span::mins(10));
    world.now = right + Span::mins(1);
    let now = world.now;
    world.store().reanchor(wrong, now).unwrap();
    for _ in 0..2 {
        let mutes = world.store().live().mutes();
        let ends: Vec<_> = mutes.iter().map(|mute| (mute.text.as_str(), mute.since, mute.until)).collect();
        let [later, ends_soon] = ["check=\"later\"", "check=\"ends\""];
        assert_eq!(ends, [(later, now, now + Span::mins(60)), (ends_soon, now, now + Span::mins(10))]);
        world.reopen();
    }
}

/// 1.1: while the clock is doubted no sign of life says how late it was.
pub(crate) fn what_has_ended_while_the_clock_was_doubted_stays_so<P: Place>(world: &mut World<P>) {
    world.declare(&["a"]);
    world.wait(Span::secs(1));
    let last = world.now;
    mute(world, "check=\"a\"", Span::secs(60));
    world.store().doubt(Span::secs(300)).unwrap();
    let before = last + Span::secs(300);
    world.store().reanchor(before, last).unwrap();
    assert!(world.store().live().mutes().is_empty(), "it ended in doubt");
    mute(world, "check=\"a\"", Span::secs(100));
    world.store().reanchor(before, last + Span::secs(1)).unwrap();
    assert_eq!(world.store().live().mutes().len(), 1, "it is of the new time");
    assert_eq!(world.store().doubted(), Span::ZERO);
}

/// 1.1: it is said again where it was in doubt whether that was stored.
pub(crate) fn a_clock_that_is_set_back_twice_leaves_what_is_left_of_mutes_and_waits<P: Place>(
    world: &mut World<P>,
) {
    world.declare(&["a"]);
    fail(world, &["a"]);
    let told = world.claim_one();
    let right = world.now;
    world.wait(Span::mins(3 * 24 * 60));
    world.settle(told.message.id, &later());
    let wrong = world.now;
    let left = world.store().next_claim().unwrap() - wrong;
    mute(world, "check=\"b\"", Span::mins(10));
    world.store().sign_of_life(wrong).unwrap();
    for secs in [60, 61, 62] {
        let now = right + Span::secs(secs);
        world.now = now;
        world.store().reanchor(wrong, now).unwrap();
        assert_eq!(world.claim(), []);
        assert_eq!(world.store().next_claim(), Some(right + Span::secs(60) + left));
        let mutes = world.store().live().mutes();
        assert_eq!(mutes.iter().map(|mute| mute.until).collect::<Vec<_>>(), [right + Span::secs(660)]);
    }
}

/// 8.2
pub(crate) fn a_mute_holds_and_its_end_lets_go<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b"]);
    mute(world, "check=\"a\"", Span::secs(100));
    let b = mute(world, "check=\"b\"", Span::mins(60));
    fail(world, &["a", "b"]);
    assert!(world.claim().is_empty());
    world.reopen();
    assert!(world.claim().is_empty(), "also after a new start");
    assert_eq!(world.store().live().mutes().len(), 2);
    world.wait(Span::secs(95));
    assert!(world.store().next_claim().is_some_and(|at| at <= world.now));
    assert_eq!(world.told(), ["Alert a"]);
    let now = world.now;
    assert!(world.store().unmute(b, "ann", now).unwrap());
    assert!(!world.store().unmute(b, "ann", now).unwrap());
    assert_eq!(world.told(), ["Alert b"]);
}

/// 11.2
pub(crate) fn an_acknowledged_incident_tells_only_its_recovery<P: Place>(world: &mut World<P>) {
    world.respond(&[("ops", Span::ZERO, None), ("boss", Span::mins(15), None)]);
    world.declare(&["a"]);
    fail(world, &["a"]);
    let outgoing = world.claim_one();
    world.settle(outgoing.message.id, &Attempt::TAKEN);
    let (incident, now) = (outgoing.notices[0].incident, world.now);
    assert!(world.says(incident, Stance::Acknowledge, "ada", now));
    assert!(!world.says(incident, Stance::Acknowledge, "bob", now));
    world.wait(Span::mins(30));
    assert!(world.claim().is_empty());
    succeed(world, "a");
    let recovery = world.claim_one();
    assert_eq!((&*recovery.message.receiver, said(&recovery)), ("ops", vec!["Recovery a".to_owned()]));
}

/// 9.6: the example of the rule. `after: 0` and `after: 30m`, an outage of 128 s.
pub(crate) fn a_late_cause_after_blindness_is_told_for_itself<P: Place>(world: &mut World<P>) {
    world.respond(&[("ops", Span::ZERO, None), ("boss", Span::mins(30), None)]);
    world.declare(&["a"]);
    world.ping("a", PingKind::Success);
    world.now = world.now + Span::secs(128);
    world.reopen();
    world.wait(Span::ms(1));
    world.expire();
    world.wait(GROUP_WAIT);
    let blind = world.claim_one();
    assert_eq!(blind.notices[0].causes[0].kind, CauseKind::Blind);
    world.settle(blind.message.id, &Attempt::TAKEN);
    let (incident, now) = (blind.notices[0].incident, world.now);
    assert!(world.says(incident, Stance::Acknowledge, "only our deploy", now));
    world.wait(Span::secs(71));
    world.expire();
    world.wait(GROUP_WAIT);
    let late = world.claim_one();
    let causes: Vec<CauseKind> = late.notices[0].causes.iter().map(|cause| cause.kind).collect();
    assert_eq!((&*late.message.receiver, causes), ("ops", vec![CauseKind::Missing]));
    world.settle(late.message.id, &Attempt::TAKEN);
    world.reopen();
    world.wait(Span::mins(28));
    world.wait(Span::mins(1));
    assert!(world.claim().is_empty(), "half an hour counts from the lateness");
    world.wait(Span::mins(2));
    let boss = world.claim_one();
    assert_eq!((&*boss.message.receiver, said(&boss)), ("boss", vec!["Alert a".to_owned()]));
    world.settle(boss.message.id, &Attempt::TAKEN);
    succeed(world, "a");
    let ends = world.claim();
    let mut ends: Vec<_> = ends.iter().map(|end| (&*end.message.receiver, said(end))).collect();
    ends.sort();
    assert_eq!(ends, [("boss", vec!["Recovery a".to_owned()]), ("ops", vec!["Recovery a".to_owned()])]);
}

/// 11.2
pub(crate) fn an_acknowledgement_does_not_hold_a_cause_of_another_family<P: Place>(world: &mut World<P>) {
    world.respond(&[("ops", Span::ZERO, None), ("dba", Span::ZERO, Some(Span::mins(10)))]);
    let mut policy = (*world.configuration.policy).clone();
    let [ops, dba] = policy.responders[0].actions.clone().try_into().unwrap();
    let told_of = |status: &str, action| Responder {
        matchers: Matcher::parse_list(&format!("status={status}")).unwrap(),
        actions: vec![action],
    };
    policy.responders = vec![told_of("late", ops), told_of("failing", dba)];
    world.configuration.policy = Arc::new(policy);
    world.declare(&["a"]);
    world.wait(Span::secs(71));
    world.expire();
    world.wait(GROUP_WAIT);
    let late = world.claim_one();
    assert_eq!(&*late.message.receiver, "ops");
    world.settle(late.message.id, &Attempt::TAKEN);
    let now = world.now;
    assert!(world.says(late.notices[0].incident, Stance::Acknowledge, "ada", now));
    world.reopen();
    fail(world, &["a"]);
    let failing = world.claim_one();
    assert_eq!((&*failing.message.receiver, said(&failing)), ("dba", vec!["Alert a".to_owned()]));
    world.settle(failing.message.id, &Attempt::TAKEN);
    world.reopen();
    world.wait(Span::mins(10) + GROUP_WAIT);
    assert_eq!(world.told(), ["Reminder a"], "nobody took this on");
    let now = world.now;
    assert!(world.says(late.notices[0].incident, Stance::Acknowledge, "bob", now));
    world.wait(Span::mins(11));
    assert!(world.claim().is_empty(), "now somebody has");
}

/// 8.2, 11.2, T5: `punctual_check_muted` shows it, over a restart, and until the recovery, which is told.
pub(crate) fn nobody_wants_to_hear_of_a_check_until_it_recovers<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b"]);
    fail(world, &["a", "b"]);
    let told = world.claim_one();
    world.settle(told.message.id, &Attempt::TAKEN);
    let shown = |world: &mut World<P>| {
        let answered = world.store().live().answered();
        answered.iter().map(|(check, status)| (*check, *status)).collect::<Vec<_>>()
    };
    assert_eq!(shown(world), []);
    let (a, now) = (world.id("a"), world.now);
    assert!(world.says(told.notices[0].incident, Stance::WontFix, "ada", now));
    assert_eq!(shown(world), [(a, IncidentStatus::WontFix)]);
    world.reopen();
    assert_eq!(shown(world), [(a, IncidentStatus::WontFix)]);
    succeed(world, "a");
    assert_eq!(shown(world), []);
    assert_eq!(world.told(), ["Recovery a"]);
}

/// 10.3
pub(crate) fn an_archived_check_tells_that_it_was_removed<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b"]);
    fail(world, &["a"]);
    assert_eq!(world.told(), ["Alert a"]);
    world.declare(&["b"]);
    world.wait(GROUP_WAIT);
    world.reopen();
    let told = world.claim_one();
    assert_eq!(said(&told), ["Recovery a"]);
    assert_eq!(told.notices[0].incident_status, punctual::core::incident::IncidentStatus::Removed);
}

/// 8.3
pub(crate) fn a_dependency_holds_what_depends_on_it<P: Place>(world: &mut World<P>) {
    world.configuration.checks = vec![check("database"), check("report")];
    world.configuration.checks[1].depends_on = vec![name("database")].into();
    world.configure().unwrap();
    fail(world, &["report", "database"]);
    assert_eq!(world.told(), ["Alert database"]);
    assert!(world.claim().is_empty());
    succeed(world, "database");
    assert_eq!(world.told(), ["Recovery database"]);
    world.wait(Span::mins(1));
    assert!(world.store().next_claim().is_some_and(|at| at <= world.now), "its time to recover is over");
    assert_eq!(world.told(), ["Alert report"]);
}

/// 8.3: whose recovery is waited for is known after a start, and until nobody waits for it any more.
pub(crate) fn who_is_depended_on_is_known_after_a_start<P: Place>(world: &mut World<P>) {
    world.configuration.checks = vec![check("database"), check("report"), check("other")];
    world.configuration.checks[1].depends_on = vec![name("database")].into();
    world.configuration.checks[2].depends_on = vec![name("database")].into();
    world.configure().unwrap();
    fail(world, &["report", "database"]);
    assert_eq!(world.told(), ["Alert database"]);
    world.reopen();
    world.configuration.checks[2].depends_on.clear();
    world.configure().unwrap();
    assert!(world.claim().is_empty());
    assert_eq!(world.store().next_claim(), None, "nothing but its recovery lets it go");
    succeed(world, "database");
    assert_eq!(world.told(), ["Recovery database"]);
    world.wait(Span::mins(1));
    assert_eq!(world.told(), ["Alert report"]);
    world.configuration.checks[1].depends_on.clear();
    world.configure().unwrap();
    world.reopen();
}

/// 13.1, 13.2
pub(crate) fn alerts_fire_and_are_told_for_a_while_after_they_end<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b"]);
    fail(world, &["a"]);
    let now = world.now;
    let fired = world.alerts(now).0;
    assert_eq!(fired.len(), 1);
    assert_eq!((fired[0].starts_at, fired[0].ended_at), (now - GROUP_WAIT, None));
    world.ping("a", PingKind::Success);
    world.reopen();
    let resolved = world.alerts(now).0;
    assert_eq!((&resolved[0].labels, resolved[0].ended_at), (&fired[0].labels, Some(now)));
    assert_eq!(world.alerts(now + Span::mins(14)), (resolved, Some(now + Span::mins(15))));
    assert_eq!(world.alerts(now + Span::mins(15)), (Vec::new(), None));
}

/// 13.1, 13.3
pub(crate) fn an_alert_that_is_held_is_looked_at_when_it_may_fire<P: Place>(world: &mut World<P>) {
    world.configuration.checks = vec![check("database"), check("report"), check("a")];
    world.configuration.checks[1].depends_on = vec![name("database")].into();
    world.configure().unwrap();
    world.ping("report", PingKind::Fail);
    world.ping("a", PingKind::Fail);
    mute(world, "check=\"a\"", Span::secs(30));
    let mut fire = |span: Span| {
        world.wait(span);
        let now = world.now;
        let (all, next_look) = world.alerts(now);
        (all.len(), next_look.map(|at| at - now))
    };
    assert_eq!(fire(Span::ZERO), (0, Some(Span::secs(5))), "the database may be bad, too");
    assert_eq!(fire(Span::secs(5)), (1, Some(Span::secs(25))), "it is not");
    assert_eq!(fire(Span::secs(25)), (2, None), "the mute has ended");
}

/// 12.4
pub(crate) fn a_reminder_follows_and_there_is_only_one<P: Place>(world: &mut World<P>) {
    world.respond(&[("ops", Span::ZERO, Some(Span::mins(60)))]);
    world.declare(&["a"]);
    fail(world, &["a"]);
    assert_eq!(world.told(), ["Alert a"]);
    for _ in 0..3 {
        world.reopen();
        world.wait(Span::mins(60));
        assert!(world.claim().is_empty(), "gathered like every other");
        world.wait(GROUP_WAIT);
        assert_eq!(world.told(), ["Reminder a"]);
    }
    succeed(world, "a");
    assert_eq!(world.told(), ["Recovery a"]);
    assert_eq!(world.store().next_claim(), None);
}

/// 12.4, 12.5
pub(crate) fn a_message_that_nobody_takes_is_parked_and_its_recovery_goes<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b"]);
    fail(world, &["a"]);
    let alert = world.claim_one();
    let wish = Attempt::Later { after: Some(Span::mins(30)), why: "429".to_owned() };
    world.settle(alert.message.id, &wish);
    succeed(world, "a");
    fail(world, &["b"]);
    assert_eq!(world.told(), ["Alert b"], "others do not wait for it");
    world.wait(Span::mins(60));
    let again = world.claim_one();
    assert_eq!(again.message.key, alert.message.key);
    world.settle(again.message.id, &later());
    // Not before five attempts.
    for _ in 0..3 {
        world.wait(Span::mins(10));
        let again = world.claim_one();
        world.settle(again.message.id, &later());
    }
    assert_eq!(world.told(), ["Recovery a"], "a parked down lets its up go");
}
