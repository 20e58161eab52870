//! Snapshots of every kind of message, whole.

use super::*;
use crate::core::blind::Window;
use crate::core::cause::Cause;
use crate::core::check::Name;
use crate::core::incident::IncidentId;
use crate::core::incident::IncidentStatus;
use crate::core::notice::LastRun;
use crate::core::outbox::{DeliveryKind, Flaps};
use crate::core::time::{Span, Time};
use crate::core::zone::Zone;
use crate::notify::{PingUrls, sample};

fn at(text: &str) -> Time {
    Time::from_ms(chrono::DateTime::parse_from_rfc3339(text).expect("a time").timestamp_millis())
}

fn now() -> Time {
    at("2026-03-30T00:34:00Z")
}

fn run() -> LastRun {
    LastRun {
        at: at("2026-03-29T00:41:00Z"),
        is_success: true,
        outcome: None,
        exit_status: None,
        duration: Some(Span::mins(41)),
        source: "10.0.3.7".to_owned(),
        comment: None,
    }
}

/// A backup that did not run, with everything that a message can say of it.
fn backup() -> Notice {
    let since = at("2026-03-30T00:30:00Z");
    let cause = Cause { kind: CauseKind::Missing, since, would_be: None };
    Notice {
        incident: IncidentId(17),
        check: Name::parse("nightly-backup").expect("a good name"),
        title: "Nightly backup".to_owned(),
        group: String::new(),
        labels: [("severity", "critical"), ("team", "dba")].map(|(a, b)| (a.to_owned(), b.to_owned())).into(),
        description: String::new(),
        runbook_url: "https://wiki.example.org/runbooks/backup?v=2&x=1".to_owned(),
        first: cause,
        causes: vec![cause],
        opened_at: since,
        schedule: "cron \"0 2 * * *\" Europe/Berlin".to_owned(),
        grace: Span::mins(30),
        due: Some(at("2026-03-30T00:00:00Z")),
        zone: Zone::bundled("Europe/Berlin").expect("it is built in"),
        last_success: Some(at("2026-03-29T00:41:00Z")),
        last_run: Some(run()),
        declared: "checks/dba.yaml:12".to_owned(),
        responder: Some(2),
        asked_by: "severity=\"critical\"".to_owned(),
        repeat_interval: Some(Span::mins(240)),
        ..sample::alert(now())
    }
}

fn recovered() -> Notice {
    Notice {
        kind: DeliveryKind::Recovery,
        incident_status: IncidentStatus::Resolved,
        causes: Vec::new(),
        ended_at: Some(at("2026-03-30T00:50:00Z")),
        last_success: Some(at("2026-03-30T00:50:00Z")),
        last_run: Some(LastRun { at: at("2026-03-30T00:50:00Z"), ..run() }),
        thread: Some("m1".to_owned()),
        ..backup()
    }
}

fn failing() -> Notice {
    let cause = Cause { kind: CauseKind::Failed, since: at("2026-03-30T00:33:10Z"), would_be: None };
    Notice {
        first: cause,
        causes: vec![cause],
        opened_at: cause.since,
        due: None,
        last_run: Some(LastRun {
            at: cause.since,
            is_success: false,
            exit_status: Some(3),
            duration: Some(Span::ms(1_250)),
            comment: Some("pg_dump: could not connect to server".to_owned()),
            ..run()
        }),
        responder: None,
        repeat_interval: None,
        ..backup()
    }
}

fn unknown(name: &str) -> Notice {
    let window = Window { from: at("2026-03-30T00:00:00Z"), to: at("2026-03-30T00:05:00Z") };
    let cause = Cause { kind: CauseKind::Blind, since: window.to, would_be: Some(CauseKind::Missing) };
    Notice {
        check: Name::parse(name).expect("a good name"),
        title: format!("Job {name}"),
        first: cause,
        causes: vec![cause],
        opened_at: cause.since,
        blind: Some(window),
        ..backup()
    }
}

fn named(notice: Notice, name: &str) -> Notice {
    Notice { check: Name::parse(name).expect("a good name"), title: name.to_owned(), ..notice }
}

/// As whoever sends it has it: without URLs that ping.
fn rendered(notices: &[Notice], now: Time) -> Text {
    let external_url = "https://punctual.example.org/";
    let harmless = |notice: &Notice| PingUrls::default().out_of_notice(notice.clone(), external_url);
    let notices: Vec<Notice> = notices.iter().map(harmless).collect();
    render(&Notification {
        key: "m2",
        receiver: "ops-mail",
        notices: &notices,
        external_url,
        ack_url: None,
        now,
    })
}

/// Renders the notices and compares the whole message with the snapshot of this name.
fn check(snapshot: &str, notices: &[Notice], now: Time) {
    let text = rendered(notices, now);
    assert!(!text.plain().contains("/ping/"), "bare ping URLs never stand in messages");
    let message = format!("Subject: {}\n\n{}\n{}\n", text.subject, text.plain(), text.html());
    insta::assert_snapshot!(snapshot, message);
}

#[test]
fn an_alert_says_everything() {
    check("alert", &[backup()], now());
}

#[test]
fn an_alert_of_several_causes_names_all() {
    let failed = Cause { kind: CauseKind::Failed, since: at("2026-03-30T00:33:00Z"), would_be: None };
    let notice = backup();
    let causes = vec![notice.first, failed];
    check("alert_with_two_causes", &[Notice { causes, ..notice }], now());
}

#[test]
fn a_reminder_keeps_the_subject_of_its_thread() {
    let reminder = Notice { kind: DeliveryKind::Reminder, thread: Some("m1".to_owned()), ..backup() };
    check("reminder", &[reminder], at("2026-03-30T04:34:00Z"));
}

#[test]
fn a_recovery_says_so_in_its_subject() {
    check("recovery", &[recovered()], at("2026-03-30T00:50:01Z"));
}

#[test]
fn a_removed_check_is_no_recovery() {
    check(
        "removed",
        &[Notice { incident_status: IncidentStatus::Removed, ..recovered() }],
        at("2026-03-30T01:00:00Z"),
    );
}

#[test]
fn an_episode_tells_the_whole_story_once() {
    let episode = Notice { kind: DeliveryKind::Episode, thread: None, ..recovered() };
    check("episode", &[episode], at("2026-03-30T00:51:00Z"));
}

/// 12.5
#[test]
fn a_check_that_flaps_says_how_often_and_since_when() {
    let flaps = Flaps { times: 3, since: at("2026-03-30T00:31:00Z") };
    let flapping = Notice {
        kind: DeliveryKind::Flapping(flaps),
        incident_status: IncidentStatus::Resolved,
        causes: Vec::new(),
        ended_at: Some(at("2026-03-30T00:33:12Z")),
        ..failing()
    };
    check("flapping", std::slice::from_ref(&flapping), now());
    let digest = rendered(&[recovered(), flapping], now());
    assert_eq!(digest.subject, "[1 FLAPPING, 1 RECOVERED] 1 check: Nightly backup, Nightly backup");
    assert_eq!(
        digest.items[0].plain(),
        "FLAPPING · nightly-backup · Nightly backup · bad 3 times in 2m12s, last: failed · critical"
    );
}

#[test]
fn a_failure_tells_exit_status_and_comment() {
    check("failing", &[failing()], now());
}

/// Each line is about one ping.
#[test]
fn what_one_ping_said_stands_under_no_other_label() {
    let lines = |last_run: Option<LastRun>, last_log: Option<&str>| {
        let last_log = last_log.map(|comment| (at("2026-03-30T00:33:00Z"), comment.to_owned()));
        let text = rendered(&[Notice { last_run, last_log, ..backup() }], now());
        let about = |label: &str| ["Last success", "Last run", "Comment", "Log"].contains(&label);
        let lines = text.cards[0].lines.iter().filter(|line| about(line.label));
        lines.map(|line| format!("{}: {}", line.label, line.text)).collect::<Vec<_>>()
    };
    let plain = LastRun { duration: None, ..run() };
    assert_eq!(lines(Some(plain.clone()), None), ["Last success: 23h53m ago, from 10.0.3.7"]);
    assert_eq!(
        lines(Some(LastRun { comment: Some("all done".to_owned()), ..run() }), Some("waiting for a lock")),
        [
            "Last success: 23h53m ago, took 41m, from 10.0.3.7",
            "Comment: all done",
            "Log: 1 min ago: waiting for a lock"
        ]
    );
    let failed = LastRun { at: at("2026-03-30T00:32:00Z"), is_success: false, ..plain };
    assert_eq!(
        lines(Some(failed), None),
        ["Last success: 23h53m ago", "Last run: failed 2 min ago, from 10.0.3.7"]
    );
    assert_eq!(lines(None, None), ["Last success: 23h53m ago"]);
}

#[test]
fn an_unknown_check_says_when_nobody_listened() {
    check("unknown", &[unknown("job-a")], now());
}

/// 9.6
#[test]
fn many_unknown_checks_make_one_sentence() {
    let notices: Vec<Notice> =
        ["a", "b", "c", "d", "e", "f", "g"].map(|end| unknown(&format!("job-{end}"))).into();
    check("unknown_digest", &notices, now());
}

#[test]
fn a_digest_puts_the_worst_first() {
    let notices = [
        named(recovered(), "mail-queue"),
        named(backup(), "billing"),
        unknown("job-a"),
        named(failing(), "etl"),
        unknown("job-b"),
    ];
    check("digest", &notices, at("2026-03-30T00:51:00Z"));
}

/// Mails too once had no list, and did not sort it by severity.
#[test]
fn a_large_digest_names_all_and_says_what_is_without_details() {
    let mut notices: Vec<Notice> = (0..256).map(|i| named(warning(), &format!("job-{i}"))).collect();
    notices[255].labels = backup().labels;
    let text = rendered(&notices, now());
    assert_eq!(text.subject, "[LATE] 256 checks: job-255, job-0, job-1, …");
    let plain = text.plain();
    let lines: Vec<&str> = plain.lines().take(256).collect();
    assert_eq!(lines[0], "LATE · job-255 · no success by its deadline, 4m · critical");
    assert_eq!(lines[1], "LATE · job-0 · no success by its deadline, 4m · warning");
    assert!((0..255).all(|i| lines[i + 1].contains(&format!(" job-{i} "))), "{plain}");
    let rest = format!("{} are without details here: all checks", 256 - Text::MAX_CARDS);
    assert!(plain.ends_with(&format!("\n{rest}: https://punctual.example.org/\n")), "{plain}");
    let html = text.html();
    assert!((0..256).all(|i| html.contains(&format!("/checks/job-{i}\"")) && html.contains(&rest)));
    assert!(html.len() < 200_000, "{} bytes", html.len());
}

fn warning() -> Notice {
    Notice { labels: vec![("severity".to_owned(), "warning".to_owned())], ..backup() }
}

#[test]
fn the_most_severe_stands_first_then_what_is_bad_the_longest() {
    let of = |severity: &str, name: &str, mins: i64| {
        let labels = vec![("severity".to_owned(), severity.to_owned())];
        let opened_at = now() - Span::mins(mins);
        Notice { labels, opened_at, ..named(backup(), name) }
    };
    let over = Notice { labels: backup().labels, ..named(recovered(), "over") };
    let notices = [
        over,
        of("", "none", 99),
        of("page", "page", 9),
        of("info", "info", 9),
        of("warning", "warning-short", 1),
        of("critical", "critical", 1),
        of("warning", "warning-long", 2),
        of("error", "error", 1),
    ];
    let names: Vec<String> = rendered(&notices, now()).items.into_iter().map(|item| item.name).collect();
    assert_eq!(names, ["critical", "error", "warning-long", "warning-short", "info", "page", "none", "over"]);
}

/// The lines of a job's output are kept.
#[test]
fn several_lines_stay_several_lines() {
    let output =
        Some((at("2026-03-30T00:33:10Z"), "Traceback\n… (9 lines) …\nno space left on device".to_owned()));
    let description = "Runs ETL.\nCall Bob.\n".to_owned();
    check("several_lines", &[Notice { output, description, ..failing() }], now());
}

/// Such a check may still have failed, or reported a start.
#[test]
fn what_has_never_succeeded_may_have_been_heard_of() {
    let cause = Cause { kind: CauseKind::NeverSeen, ..backup().first };
    let notice = Notice { first: cause, causes: vec![cause], last_success: None, ..failing() };
    let plain = rendered(&[notice], now()).plain();
    assert!(plain.contains("Why: it has never succeeded, and its first deadline has passed"), "{plain}");
    assert!(!plain.contains("never heard"), "{plain}");
}

/// The URLs of other systems' checks ping too, and a preview would follow them.
#[test]
fn no_job_puts_an_address_that_pings_into_a_message() {
    let pings = "https://punctual.example.org/abcdefgh https://punctual.example.org/ping/a";
    let notice = Notice {
        description: pings.to_owned(),
        last_log: Some((now(), pings.to_owned())),
        output: Some((now(), pings.to_owned())),
        last_run: Some(LastRun { comment: Some(pings.to_owned()), ..run() }),
        ..backup()
    };
    let text = rendered(&[notice], now());
    assert!(!text.plain().contains("abcdefgh") && !text.html().contains("abcdefgh"), "{}", text.plain());
    assert_eq!(text.plain().matches("(a ping URL) (a ping URL)").count(), 4, "{}", text.plain());
}

#[test]
fn titles_of_any_script_stay_as_they_are() {
    for title in
        ["Größenprüfung", "夜間バックアップ", "النسخ الاحتياطي", "Резервная копия", "नाइटली बैकअप", "🚀 deploy"]
    {
        let text = rendered(&[Notice { title: title.to_owned(), ..backup() }], now());
        assert_eq!(text.subject, format!("[LATE] {title}"));
        assert!(text.html().contains(title), "{title}");
    }
}

#[test]
fn hostile_words_break_out_of_nothing() {
    let hostile = Notice {
        title: format!(
            "a\r\nBcc: x@example.org\u{202e}\u{2066}<script>alert(1)</script>{}",
            "A".repeat(10_000)
        ),
        group: "g\nh".to_owned(),
        labels: (0..100).map(|i| (format!("label{i}"), format!("v\n<b>{}", "x".repeat(10_000)))).collect(),
        description: "see https://punctual.example.org/ping/nightly-backup now\n\n<img src=x>".to_owned(),
        runbook_url: "javascript:alert(1)".to_owned(),
        schedule: "cron \"<i>\"".to_owned(),
        last_run: Some(LastRun {
            source: "10.0.3.7\n\"><u>".to_owned(),
            comment: Some("</td><a href='https://evil.example.org'>\u{0}\u{1b}[31mred".to_owned()),
            ..run()
        }),
        last_log: Some((now(), "</td>\r\n<script>\u{202e}".to_owned())),
        declared: "checks/<b>.yaml:1".to_owned(),
        ..backup()
    };
    check("hostile", &[hostile], now());
}

#[test]
fn a_title_of_nothing_visible_gives_way_to_the_name() {
    let text = rendered(&[Notice { title: "\u{200b}\n\u{202e}".to_owned(), ..backup() }], now());
    assert_eq!(text.subject, "[LATE] nightly-backup");
}
