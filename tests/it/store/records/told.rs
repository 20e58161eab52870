//! Who hears of records, and when: where much happens at a time.

use punctual::core::check::PingKind;
use punctual::core::route::Mute;

use super::super::world::{check, later};
use super::*;

/// 7.2: what is due before a result comes first, and so does the end of a pause.
#[test]
fn a_result_that_comes_as_a_pause_ends_is_judged() {
    let mut world = world();
    world.names(&["1"]);
    let until = world.now + Span::mins(1);
    world.apply("a", What::Pause { comment: None, by: None, until: Some(until) });
    world.wait(Span::mins(1) + Span::MS);
    let taken = world.names(&["2"]);
    assert_eq!((taken.is_paused, taken.records.began.len(), taken.records.ended.len()), (false, 1, 1));
}

/// 17.4, 18.3: whoever could not tell ends nothing, nor does what is violated as a whole.
#[test]
fn whatever_a_result_says_beside_its_records_ends_none_by_mistake() {
    let mut world = world();
    world.names(&["1"]);
    for (outcome, keys, open, causes) in [
        (Outcome::Unknown, &[][..], 1, vec![CauseKind::RecordsViolated]),
        (Outcome::Unknown, &["2"], 1, vec![CauseKind::RecordsViolated]),
        (Outcome::Violated, &[], 1, vec![CauseKind::Violated, CauseKind::RecordsViolated]),
        (Outcome::Holds, &["1", "2"], 2, vec![CauseKind::RecordsViolated]),
        (Outcome::Holds, &[], 0, vec![]),
    ] {
        let taken = world.result(fact(outcome, Some(named(keys))));
        assert_eq!((taken.records.open, world.causes()), (open, causes), "{outcome:?} {keys:?}");
    }
}

/// 12.5: what several records have at a time is one bad period of their check.
#[test]
fn three_records_that_are_over_at_once_are_no_flapping() {
    let mut world = world();
    for round in 0..3 {
        world.names(&["1", "2", "3"]);
        world.wait(Span::secs(2));
        world.names(&[]);
        world.wait(GROUP_WAIT);
        let told: Vec<String> = world.all_told().into_iter().collect();
        assert_eq!(!told.is_empty(), round == 2, "{told:?}");
        world.wait(Span::mins(1));
    }
}

/// 13.3, 18.5: of records no incident of the check itself tells, and what it depends on is waited for once.
#[test]
fn alertmanager_hears_of_records_of_a_check_that_depends_on_another() {
    let mut world = world();
    let on = asserting("a", assertion(Some(10)));
    let definition = Definition { depends_on: vec![name("db")].into(), ..on };
    world.configuration.checks = vec![definition, check("db")];
    world.configure().unwrap();
    world.names(&["1"]);
    world.wait(GROUP_WAIT + Span::MS);
    let now = world.now;
    let (alerts, _) = world.alerts(now);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
}

/// 12.3: a receiver's numbers are of what it hears of; what is left of that is not over.
#[test]
fn each_receiver_is_told_of_its_own_records() {
    let mut world = world();
    world.responders(&[(r#"key=~"EU/.*""#, "eu", Span::ZERO), (r#"key=~"US/.*""#, "us", Span::ZERO)]);
    world.names(&["EU/1", "EU/2", "US/1"]);
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_told().len(), 2);
    world.names(&["EU/2"]);
    world.wait(GROUP_WAIT);
    let outgoing = world.claim();
    let mut are_over: Vec<_> =
        outgoing.iter().map(|one| (&*one.message.receiver, one.notices[0].is_all_over())).collect();
    are_over.sort_unstable();
    assert_eq!(are_over, [("eu", false), ("us", true)]);
}

impl World<Sqlite> {
    /// What one look passes on to another record leaves at the next, which follows at once.
    fn all_told_in_two_looks(&mut self) -> BTreeSet<String> {
        let told = self.all_told();
        told.into_iter().chain(self.all_told()).collect()
    }
}

/// Reminded each hour of `1` and `2`, and told of both.
fn reminded() -> World<Sqlite> {
    let mut world = world();
    world.respond(&[("ops", Span::ZERO, Some(Span::mins(60)))]);
    world.configure().unwrap();
    world.names(&["1", "2"]);
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_told().len(), 1);
    world
}

/// 8.2, 12.4: a mute of one record holds what is told of that one.
#[test]
fn a_mute_of_one_record_silences_no_reminder_of_others() {
    for muted in ["1", "2"] {
        let mut world = reminded();
        let text = format!("key=\"{muted}\"");
        let (since, until) = (world.now, world.now + Span::mins(600));
        let (matchers, comment, by) = (Matcher::parse_list(&text).unwrap(), String::new(), String::new());
        world.store().mute(Mute { id: 0, matchers, text, until, since, comment, by }, since).unwrap();
        world.wait(Span::mins(60) + GROUP_WAIT);
        world.reopen();
        let other = if muted == "1" { "2" } else { "1" };
        let told = one("ops", &format!("Reminder a 0 new, 2 open, 0 ended, 0 changed: {other}"));
        assert_eq!(world.all_told_in_two_looks(), told);
        world.wait(Span::mins(60) + GROUP_WAIT);
        assert_eq!(world.all_told_in_two_looks(), told, "and again");
        world.wait(Span::mins(480));
        let told = one("ops", "Reminder a 0 new, 2 open, 0 ended, 0 changed: 1 2");
        assert_eq!(world.all_told(), told, "once, and of all");
    }
}

/// 12.4: the record that the reminder is of may be over while that is given up.
#[test]
fn who_is_not_reached_for_long_is_reminded_of_what_is_still_open() {
    for (ends_first, reopens) in [(true, false), (false, false), (false, true)] {
        let mut world = reminded();
        world.wait(Span::mins(60) + GROUP_WAIT);
        let reminder = world.claim_one();
        if ends_first {
            world.names(&["2"]);
        }
        world.wait(Span::mins(60 * 48));
        for _ in 0..5 {
            world.settle(reminder.message.id, &later());
        }
        if !ends_first {
            world.names(&["2"]);
        }
        if reopens {
            world.reopen();
        }
        world.wait(Span::mins(60) + GROUP_WAIT);
        let mut told = world.all_told();
        world.wait(Span::mins(60) + GROUP_WAIT);
        told.extend(world.all_told());
        let is_of_2 = |said: &String| said.contains("Reminder a 0 new, 1 open") && said.contains(": 2");
        assert!(told.iter().any(is_of_2), "{ends_first}: {told:?}");
    }
}

/// 12.3: many records of one check hide no other check that is ready sooner.
#[test]
fn what_is_ready_of_many_records_hides_no_other_check() {
    let mut world = world();
    let critical = [("severity".to_owned(), "critical".to_owned())];
    let many_of = Definition { labels: critical.into(), ..asserting("a", assertion(Some(10_000))) };
    world.configuration.checks = vec![many_of, check("b")];
    world.configure().unwrap();
    world.ping("b", PingKind::Fail);
    world.wait(GROUP_WAIT - Span::secs(1));
    world.report(&many(3_000));
    assert_eq!(world.claim(), []);
    world.wait(Span::secs(1));
    let told: Vec<String> = world.claim().iter().flat_map(said).collect();
    assert!(told.iter().any(|said| said == "Alert b"), "{told:?}");
}
