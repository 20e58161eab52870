//! What Alertmanager should see.

use std::sync::Arc;

use super::*;
use crate::core::fixtures::{at, causes, definition};
use crate::core::state::Pause;

fn state(why: &str) -> State {
    let mut state = State::declared(&definition().spec, at(0));
    state.causes = causes(why);
    state
}

fn show(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

/// `name since` of each alert, parted by commas; `name since-end` once it is resolved.
fn names(alerts: &[Alert]) -> String {
    let secs = |time: Time| time.as_ms() / 1000;
    let show = |alert: &Alert| {
        let name = alert.name().unwrap().strip_prefix("PunctualCheck").unwrap();
        let team = alert.labels.iter().find(|(name, _)| name == "team").map_or("", |(_, team)| team);
        let team = if team == "dba" { String::new() } else { format!(" of {team}") };
        let end = alert.ended_at.map_or(String::new(), |end| format!("-{}", secs(end)));
        format!("{name}{team} {}{end}", secs(alert.starts_at))
    };
    alerts.iter().map(show).collect::<Vec<_>>().join(", ")
}

/// 13.2
#[test]
fn there_is_one_alert_for_each_gauge_that_is_one() {
    let check = |why: &str, expected: &str| {
        assert_eq!(names(&alerts_of(&definition(), &state(why))), expected, "{why}");
    };
    check("", "");
    check("missing@10", "Late 10");
    check("missing@10 overrun@20", "Late 10");
    check("missing@10 failed@20", "Late 10, Failing 20");
    check("failed@20 too_many@10 blind(missing)@30", "Failing 10, Unknown 30");
}

/// 13.2
#[test]
fn an_alert_has_the_checks_labels_and_says_why() {
    let mut definition = definition();
    definition.labels = Arc::new([
        ("severity".into(), "critical".into()),
        ("team".into(), "dba".into()),
        ("zone".into(), String::new()),
    ]);
    definition.runbook_url = "https://wiki.example/backup".into();
    let alerts = alerts_of(&definition, &state("missing overrun"));
    let labels = "alertname=PunctualCheckLate check=nightly-backup group=db severity=critical team=dba";
    assert_eq!(show(&alerts[0].labels), labels);
    let annotations = "summary=Nightly backup is late: what should have happened did not. \
                       reason=missing, overrun schedule=every 1h last_success=never runbook_url=https://wiki.example/backup";
    assert_eq!(show(&alerts[0].annotations), annotations);

    definition.labels = Arc::default();
    definition.group = Arc::default();
    definition.description = "Dumps all databases.".into();
    let alerts = alerts_of(&definition, &state("failed"));
    assert_eq!(
        show(&alerts[0].labels),
        "alertname=PunctualCheckFailing check=nightly-backup severity=warning"
    );
    assert!(show(&alerts[0].annotations).contains("description=Dumps all databases. reason=failed"));
}

/// 13.2
#[test]
fn a_paused_or_archived_check_has_no_alerts() {
    let mut paused = state("missing");
    paused.pause = Pause { at_run_time: Some(at(5)), ..Pause::default() };
    assert_eq!(names(&alerts_of(&definition(), &paused)), "");
    let mut archived = state("missing");
    archived.archived = Some(at(5));
    assert_eq!(names(&alerts_of(&definition(), &archived)), "");
}

/// One projection: when, the causes, the check's team, and whether it is held.
type Look<'a> = (i64, &'a str, &'a str, bool);

/// Projects again and again over what was stored the time before.
fn check(looks: &[(Look<'_>, &str)]) {
    let mut stored = Vec::new();
    for ((secs, why, team, is_held), expected) in looks {
        let mut definition = definition();
        definition.labels = Arc::new([("team".into(), (*team).to_owned())]);
        stored = project(&stored, &alerts_of(&definition, &state(why)), *is_held, at(*secs));
        assert_eq!(names(&stored), *expected, "at {secs}, {why}");
        let again = project(&stored, &alerts_of(&definition, &state(why)), *is_held, at(*secs));
        assert_eq!(again, stored, "a second look changes nothing");
    }
}

/// 13.2
#[test]
fn what_ends_is_resolved_and_kept_for_a_quarter_of_an_hour() {
    check(&[
        ((12, "missing@10", "dba", false), "Late 10"),
        ((20, "missing@10 failed@20", "dba", false), "Late 10, Failing 20"),
        ((30, "failed@20", "dba", false), "Failing 20, Late 10-30"),
        ((40, "", "dba", false), "Failing 20-40, Late 10-30"),
        ((929, "", "dba", false), "Failing 20-40, Late 10-30"),
        ((930, "", "dba", false), "Failing 20-40"),
        ((940, "", "dba", false), ""),
    ]);
}

/// 13.2: one identity is there once.
#[test]
fn what_fires_again_takes_the_place_of_what_was_resolved() {
    check(&[
        ((10, "missing@10", "dba", false), "Late 10"),
        ((20, "", "dba", false), "Late 10-20"),
        ((30, "missing@30", "dba", false), "Late 30"),
    ]);
}

/// 13.2
#[test]
fn while_it_fires_it_keeps_its_beginning() {
    check(&[((10, "missing@10", "dba", false), "Late 10"), ((20, "overrun@20", "dba", false), "Late 10")]);
}

/// 13.2
#[test]
fn changed_labels_resolve_the_old_set() {
    check(&[
        ((10, "missing@10", "dba", false), "Late 10"),
        ((20, "missing@10", "web", false), "Late of web 10, Late 10-20"),
        ((30, "", "web", false), "Late of web 10-30, Late 10-20"),
    ]);
}

/// 13.3
#[test]
fn a_new_alert_is_not_pushed_while_held_and_a_firing_one_is_not_withdrawn() {
    check(&[
        ((10, "missing@10", "dba", true), ""),
        ((20, "missing@10", "dba", false), "Late 10"),
        ((30, "missing@10 failed@30", "dba", true), "Late 10"),
        ((40, "missing@10 failed@30", "dba", false), "Late 10, Failing 30"),
        ((50, "failed@30", "dba", true), "Failing 30, Late 10-50"),
    ]);
}

/// 13.3: relabelled in a quiet time, it would look resolved.
#[test]
fn a_held_alert_that_fires_goes_on_under_its_new_labels() {
    check(&[
        ((10, "missing@10", "dba", false), "Late 10"),
        ((20, "missing@10", "web", true), "Late of web 10, Late 10-20"),
    ]);
}

/// 1.1: Alertmanager refuses what ends before it begins.
#[test]
fn a_clock_that_was_set_back_leaves_no_alert_in_the_future() {
    check(&[
        ((1000, "missing@990", "dba", false), "Late 990"),
        ((20, "missing@20", "dba", false), "Late 20"),
        ((30, "", "dba", false), "Late 20-30"),
        ((25, "", "dba", false), "Late 20-25"),
        ((10, "", "dba", false), "Late 10-10"),
    ]);
    check(&[((1000, "missing@990", "dba", false), "Late 990"), ((20, "", "dba", false), "Late 20-20")]);
}

#[test]
fn labels_changed_over_and_over_leave_a_bounded_number_of_alerts() {
    let mut stored = Vec::new();
    for n in 0..100 {
        let mut definition = definition();
        definition.labels = Arc::new([("team".into(), n.to_string())]);
        stored = project(&stored, &alerts_of(&definition, &state("missing")), false, at(n));
    }
    assert_eq!(stored.len(), 1 + MAX_RESOLVED);
    assert_eq!(stored[1].ended_at, Some(at(99)));
}

/// 13.1c
#[test]
fn what_is_pushed_has_no_time_of_a_later_date() {
    let alert = alerts_of(&definition(), &state("missing@100")).remove(0);
    let check = |ended_at: Option<i64>, now: i64, expected: (i64, i64)| {
        let alert = Alert { ended_at: ended_at.map(at), ..alert.clone() };
        assert_eq!(alert.times_at(at(now)), (at(expected.0), at(expected.1)), "{ended_at:?} at {now}");
    };
    check(None, 200, (100, 440));
    check(None, 60, (60, 300));
    check(Some(150), 200, (100, 150));
    check(Some(150), 120, (100, 120));
    check(Some(150), 60, (60, 60));
}
