//! What is held back, until when, and what is dropped.

use super::matchers;
use crate::core::cause::Causes;
use crate::core::check::{Definition, Name};
use crate::core::cron::Cron;
use crate::core::fixtures::{at, causes, definition, random_numbers};
use crate::core::incident::IncidentStatus;
use crate::core::outbox::{CancelReason, DeliveryKind, Flaps};
use crate::core::route::{
    Context, Dependency, DropReason, Facts, HeldBy, HoldReason, Mute, Mutes, Verdict, held_by, muted, route,
};
use crate::core::schedule::{Occurrences, Quiet};
use crate::core::state::{Pause, State};
use crate::core::time::Span;

/// `team="dba" until 50`; numbered from 1.
fn mutes(texts: &[&str]) -> Mutes {
    let mute = |(id, text): (u64, &&str)| {
        let (matched, until) = text.split_once(" until ").unwrap();
        Mute {
            id,
            matchers: matchers(matched),
            text: matched.to_owned(),
            until: at(until.parse().unwrap()),
            since: at(0),
            comment: String::new(),
            by: String::new(),
        }
    };
    Mutes::new((1..).zip(texts).map(mute).collect())
}

fn quiet(cron: &str, lasts: i64) -> Quiet {
    let at = Occurrences { cron: Cron::parse(cron).unwrap(), zone: crate::core::zone::Zone::UTC };
    Quiet { at, lasts: Span::secs(lasts) }
}

fn dependency(name: &str, is_bad: bool, recovered_at: Option<i64>) -> Dependency {
    Dependency { name: Name::parse(name).unwrap(), is_bad, recovered_at: recovered_at.map(at) }
}

fn show(verdict: &Verdict) -> String {
    let text = match verdict {
        Verdict::Send => "send".to_owned(),
        Verdict::Drop(reason) => format!("drop {reason:?}"),
        Verdict::Hold(HoldReason::Paused) => "paused".to_owned(),
        Verdict::Hold(HoldReason::Muted { id, .. }) => format!("mute {id}"),
        Verdict::Hold(HoldReason::Quiet { .. }) => "quiet".to_owned(),
        Verdict::Hold(HoldReason::Dependency { name }) => format!("{name} is bad"),
        Verdict::Hold(HoldReason::DependencyRecovering { name, .. }) => format!("{name} recovers"),
        Verdict::Hold(HoldReason::AwaitingDependencies { .. }) => "awaits".to_owned(),
    };
    let until = verdict.next_look().map(|time| format!(" until {}", time.as_ms() / 1000));
    text + &until.unwrap_or_default()
}

/// Asks at 1000 for an alert of a `missing` check that was ready at 1000; `change` makes the case.
fn check<'a>(change: impl FnOnce(&mut Context<'a>), expected: &str) {
    check_kind(DeliveryKind::Alert, change, expected);
}

fn check_kind<'a>(kind: DeliveryKind, change: impl FnOnce(&mut Context<'a>), expected: &str) {
    // Leaked, so that a case may put borrows of its own beside them.
    let definition: &'static Definition = Box::leak(Box::new(definition()));
    let causes: &'static Causes = Box::leak(Box::new(causes("missing")));
    let mut context = Context {
        now: at(1000),
        facts: Facts::of_check(definition, causes.as_slice()),
        incident: IncidentStatus::Open,
        is_paused: false,
        mutes: Box::leak(Box::default()),
        quiet: &[],
        dependencies: &[],
        grace: definition.spec.grace,
        ready_at: at(1000),
        group_wait: Span::secs(5),
    };
    change(&mut context);
    assert_eq!(show(&route(kind, &context)), expected);
}

/// 8.1
#[test]
fn what_nothing_holds_is_sent() {
    check(|_| {}, "send");
}

/// 8.2
#[test]
fn a_mute_holds_until_it_ends() {
    let mute = mutes(&[r#"team="dba" until 1001"#]);
    check(|c| c.mutes = &mute, "mute 1 until 1001");
    check(|c| (c.mutes, c.now) = (&mute, at(1001)), "send");
    let other = mutes(&[r#"team="web" until 1001"#]);
    check(|c| c.mutes = &other, "send");
}

/// 12.5, 8.2: what it tells of has recovered, so it does not wait for the end of what holds it.
#[test]
fn a_notice_of_flapping_is_dropped_where_an_alert_is_held() {
    let flapping = DeliveryKind::Flapping(Flaps { times: 3, since: at(900) });
    let check = |change: &dyn Fn(&mut Context<'_>), expected: &str| {
        check_kind(flapping, |context| change(context), expected);
    };
    check(&|_| {}, "send");
    check(&|c| c.is_paused = true, "drop RecoveredWhileHeld");
    check(&|c| c.incident = IncidentStatus::Acknowledged, "drop Acknowledged");
    check(&|c| c.incident = IncidentStatus::WontFix, "drop WontFix");
    let mute: &'static Mutes = Box::leak(Box::new(mutes(&[r#"team="dba" until 1001"#])));
    check_kind(flapping, |c| c.mutes = mute, "drop RecoveredWhileHeld");
    let bad: &'static [Dependency] = Box::leak(Box::new([dependency("db", true, None)]));
    check_kind(flapping, |c| c.dependencies = bad, "drop RecoveredWhileHeld");
    let good: &'static [Dependency] = Box::leak(Box::new([dependency("db", false, None)]));
    check_kind(flapping, |c| c.dependencies = good, "awaits until 1005");
}

/// 8.2: a mute of one reason does not hide another.
#[test]
fn each_cause_must_be_muted() {
    let both = causes("missing failed");
    let check = |texts: &[&str], expected: &str| {
        let mutes = mutes(texts);
        check(|c| (c.mutes, c.facts.causes) = (&mutes, both.as_slice()), expected);
    };
    check(&[r#"reason="missing" until 2000"#], "send");
    check(&[r#"reason="missing" until 2000"#, r#"status="failing" until 3000"#], "mute 1 until 2000");
    check(&[r#"reason="missing" until 2000"#, r#"team="dba" until 3000"#], "mute 2 until 3000");
    check(&[r#"team="dba" until 2000"#, r#"team="dba" until 3000"#], "mute 2 until 3000");
    check(&[r#"reason="missing" until 2000"#, r#"status="failing" until 999"#], "send");
}

/// 8.2
#[test]
fn a_quiet_time_holds_until_it_ends() {
    let every_hour = [quiet("0 * * * *", 1200)];
    check(|c| c.quiet = &every_hour, "quiet until 1200");
    check(|c| (c.quiet, c.now) = (&every_hour, at(1200)), "send");
    let overlapping = [quiet("0 * * * *", 1200), quiet("10 * * * *", 1200)];
    check(|c| c.quiet = &overlapping, "quiet until 1800");
}

/// 8.2: `punctual_check_muted` is 1 for a check that is not bad, too.
#[test]
fn a_good_check_shows_its_mute() {
    let definition = definition();
    let facts = Facts::of_check(&definition, &[]);
    let all = mutes(&[r#"check="nightly-backup" until 2000"#]);
    assert!(matches!(muted(at(1000), &facts, &all, &[]), Some(HoldReason::Muted { id: 1, .. })));
    assert_eq!(muted(at(2000), &facts, &all, &[]), None);
    let late = mutes(&[r#"status="late" until 2000"#]);
    assert_eq!(muted(at(1000), &facts, &late, &[]), None);
}

/// 7.3
#[test]
fn a_pause_holds_until_somebody_ends_it() {
    check(|c| c.is_paused = true, "paused");
    check_kind(DeliveryKind::Reminder, |c| c.is_paused = true, "paused");
}

/// 8.3
#[test]
fn a_bad_dependency_holds() {
    let one_bad = [dependency("db", false, None), dependency("disk", true, None)];
    check(|c| (c.dependencies, c.now) = (&one_bad, at(9000)), "disk is bad");
}

/// 8.3: the check's grace is 2 min; a shorter one counts as 1 min.
#[test]
fn after_its_dependencies_recovered_a_dependent_has_its_grace() {
    let recovered = [dependency("db", false, Some(1000)), dependency("disk", false, Some(1010))];
    check(|c| (c.dependencies, c.now) = (&recovered, at(1129)), "disk recovers until 1130");
    check(|c| (c.dependencies, c.now) = (&recovered, at(1130)), "send");
    check(
        |c| (c.dependencies, c.now, c.grace) = (&recovered, at(1069), Span::ZERO),
        "disk recovers until 1070",
    );
    check(|c| (c.dependencies, c.now, c.grace) = (&recovered, at(1070), Span::ZERO), "send");
}

/// 1.1: a recovery after now is one before the clock was set back.
#[test]
fn a_recovery_in_the_future_holds_nothing() {
    let odd = [dependency("db", false, Some(99_999))];
    check(|c| (c.dependencies, c.now) = (&odd, at(1005)), "send");
}

/// 8.3
#[test]
fn a_dependent_waits_for_at_least_one_group_wait() {
    let good = [dependency("db", false, None)];
    check(|c| (c.dependencies, c.now) = (&good, at(1004)), "awaits until 1005");
    check(|c| (c.dependencies, c.now) = (&good, at(1005)), "send");
}

/// 8.3
#[test]
fn a_dependency_that_is_paused_or_wont_fix_or_only_unknown_holds_nothing() {
    let name = Name::parse("db").unwrap();
    let check = |why: &str, pause: Pause, incident: Option<IncidentStatus>, expected: bool| {
        let spec = definition().spec;
        let mut state = State::declared(&spec, at(0));
        state.causes = causes(why);
        state.pause = pause;
        assert_eq!(Dependency::of(&name, &state, incident).is_bad, expected, "{why} {pause:?} {incident:?}");
    };
    let none = Pause::default();
    check("missing", none, Some(IncidentStatus::Open), true);
    check("failed", none, Some(IncidentStatus::Acknowledged), true);
    check("failed", none, None, true);
    check("", none, None, false);
    check("blind(missing)", none, Some(IncidentStatus::Open), false);
    check("missing", none, Some(IncidentStatus::WontFix), false);
    check("missing", Pause { by_file: Some(at(0)), ..none }, Some(IncidentStatus::Open), false);
}

/// 11.2, 12.3
#[test]
fn what_people_took_care_of_is_dropped() {
    check(|c| c.incident = IncidentStatus::Acknowledged, "drop Acknowledged");
    check(|c| c.incident = IncidentStatus::WontFix, "drop WontFix");
    check(|c| c.incident = IncidentStatus::Resolved, "drop Ended");
}

/// 8.4
#[test]
fn a_recovery_leaves_whatever_holds() {
    let mute = mutes(&[" until 2000"]);
    let bad = [dependency("db", true, None)];
    let hold = |c: &mut Context<'_>| (c.is_paused, c.incident) = (true, IncidentStatus::Resolved);
    for kind in [DeliveryKind::Recovery, DeliveryKind::Episode] {
        check_kind(kind, hold, "send");
        check_kind(kind, |c| (c.mutes, c.dependencies) = (&mute, &bad), "send");
    }
    check(|c| c.mutes = &mute, "mute 1 until 2000");
}

/// 12.5: only what is really held is cancelled for it.
#[test]
fn a_verdict_says_what_a_recovery_makes_of_a_waiting_delivery() {
    let awaits = Verdict::Hold(HoldReason::AwaitingDependencies { until: at(5) });
    assert_eq!(Verdict::Send.at_recovery(), None);
    assert_eq!(awaits.at_recovery(), None);
    assert_eq!(Verdict::Hold(HoldReason::Paused).at_recovery(), Some(CancelReason::RecoveredWhileHeld));
    assert_eq!(Verdict::Drop(DropReason::WontFix).at_recovery(), Some(CancelReason::WontFix));
}

/// 13.3
#[test]
fn alertmanager_still_hears_of_what_somebody_acknowledged() {
    assert!(!Verdict::Send.holds_push());
    assert!(!Verdict::Drop(DropReason::Acknowledged).holds_push());
    assert!(Verdict::Drop(DropReason::WontFix).holds_push());
    assert!(Verdict::Hold(HoldReason::Quiet { until: at(5) }).holds_push());
}

/// 8.1: whoever knows what may end a hold need not ask again until it does.
#[test]
fn nothing_else_ends_a_hold_before_its_time() {
    let definition = definition();
    let mut random = random_numbers(11);
    let mut below = |limit: u64| (random.next().unwrap() >> 33) % limit;
    let matched = ["", r#"reason="missing""#, r#"reason="failed""#, r#"team="dba""#, r#"team="web""#];
    let mut holds = 0;
    for _ in 0..20_000 {
        let texts: Vec<String> = (0..below(5))
            .map(|_| format!("{} until {}", matched[below(5) as usize], 990 + below(60)))
            .collect();
        let all_mutes = mutes(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let mut one_of = |name: &str| {
            let recovered_at = Some(900 + below(110).cast_signed()).filter(|_| below(3) > 0);
            dependency(name, below(4) == 0, recovered_at)
        };
        let (all, others) = (["a", "b", "c"].map(&mut one_of), ["a", "b", "c"].map(&mut one_of));
        let all = &all[..below(4) as usize];
        let causes = causes(["missing", "missing failed"][below(2) as usize]);
        let facts = Facts::of_check(&definition, causes.as_slice());
        let is_paused = below(9) == 0;
        let context = |mutes, dependencies, now| Context {
            now: at(now),
            facts: facts.clone(),
            incident: IncidentStatus::Open,
            is_paused,
            mutes,
            quiet: &[],
            dependencies,
            grace: Span::ZERO,
            ready_at: at(1000),
            group_wait: Span::secs(20),
        };
        let now = context(&all_mutes, all, 1010);
        let verdict = route(DeliveryKind::Alert, &now);
        let Verdict::Hold(reason) = &verdict else { continue };
        holds += 1;
        let by = held_by(reason, &now);
        let later = verdict.next_look().map_or(5000, |until| until.as_ms() / 1000 - 1);
        let named = |one: &Dependency| by.contains(&HeldBy::Dependency(one.name.clone()));
        // All that is not named is gone or otherwise: what is bad is good, and what has recovered never did.
        let left =
            all_mutes.clone().changed(|mutes| mutes.retain(|mute| by.contains(&HeldBy::Mute(mute.id))));
        let gone: Vec<Dependency> = all.iter().filter(|one| named(one)).cloned().collect();
        let otherwise: Vec<Dependency> = all
            .iter()
            .zip(&others)
            .map(|(one, other)| if named(one) { one } else { other }.clone())
            .collect();
        for dependencies in [&gone, &otherwise] {
            let then = route(DeliveryKind::Alert, &context(&left, dependencies, later));
            assert!(matches!(then, Verdict::Hold(_)), "{verdict:?} by {by:?}, then {then:?}");
        }
    }
    assert!(holds > 5000, "{holds}");
}
