//! Exact subjects and bodies, since the other systems' users have filters and scripts that read them.

use super::*;
use crate::compat::mail;
use crate::core::check::Origin;
use crate::core::notice::AliasNotice;
use crate::core::outbox::Flaps;
use crate::core::time::Span;
use crate::notify::sample;

fn at(text: &str) -> Time {
    Time::from_ms(chrono::DateTime::parse_from_rfc3339(text).expect("a time").timestamp_millis())
}

fn missed() -> Time {
    at("2026-11-21T08:45:35.504Z")
}

fn of(kind: CauseKind) -> Cause {
    Cause { kind, since: missed(), would_be: None }
}

fn notice(kind: DeliveryKind, cause: Cause) -> Notice {
    let canary = AliasNotice {
        origin: Origin::new("coal_mine"),
        id: "abcdefgh".to_owned(),
        deadline: Some(missed()),
        events: vec![
            (at("2026-11-21T08:44:35.504Z"), "Triggered (all done)".to_owned()),
            (at("2026-11-21T08:40:00Z"), "Canary created".to_owned()),
        ],
    };
    Notice {
        kind,
        title: "Nächtliche Sicherung".to_owned(),
        first: cause,
        causes: if kind == DeliveryKind::Alert { vec![cause] } else { Vec::new() },
        opened_at: cause.since,
        alias: Some(canary),
        ..sample::alert(missed())
    }
}

fn alert(cause: Cause) -> Notice {
    notice(DeliveryKind::Alert, cause)
}

/// An incident that ended at 08:50. The check's next deadline is an hour later.
fn over(kind: DeliveryKind, cause: CauseKind) -> Notice {
    let ended = at("2026-11-21T08:50:00.007Z");
    let notice = notice(kind, of(cause));
    let canary = AliasNotice { deadline: Some(ended + Span::mins(60)), ..canary(&notice) };
    Notice { incident_status: IncidentStatus::Resolved, ended_at: Some(ended), alias: Some(canary), ..notice }
}

fn canary(notice: &Notice) -> AliasNotice {
    notice.alias.clone().expect("it is about one")
}

fn as_watcher(notice: Notice) -> Notice {
    let canary = AliasNotice { origin: Origin::new("nights_watch"), ..canary(&notice) };
    Notice { alias: Some(canary), ..notice }
}

fn check(notice: &Notice, subject: &str, body: &str) {
    let mail = mail(notice).expect("it is about a canary");
    assert_eq!((mail.subject.as_str(), mail.body.as_str()), (subject, body));
}

/// Checks the subject and the first line of the body.
fn check_story(notice: &Notice, subject: &str, first_line: &str) {
    let mail = mail(notice).expect("it is about a canary");
    assert_eq!((mail.subject.as_str(), mail.body.lines().next()), (subject, Some(first_line)));
}

#[test]
fn late_and_resumed_are_the_originals_to_the_letter() {
    check(
        &alert(of(CauseKind::Missing)),
        "[LATE] Nächtliche Sicherung has not reported",
        "The canary Nächtliche Sicherung (abcdefgh) was expected to report before 2026-11-21 08:45:35.504000+00:00.

Recent events for this canary:

2026-11-21 08:44:35.504000+00:00 Triggered (all done)
2026-11-21 08:40:00+00:00      Canary created
",
    );
    check(
        &over(DeliveryKind::Recovery, CauseKind::NeverSeen),
        "[RESUMED] Nächtliche Sicherung is reporting again",
        "The canary Nächtliche Sicherung (abcdefgh) is reporting again as of 2026-11-21 08:50:00.007000+00:00.

The next trigger for this canary is due before 2026-11-21 09:50:00.007000+00:00.

Recent events for this canary:

2026-11-21 08:44:35.504000+00:00 Triggered (all done)
2026-11-21 08:40:00+00:00      Canary created
",
    );
    assert_eq!(mail(&alert(of(CauseKind::Missing))).and_then(|mail| mail.sender), Some("Coal Mine"));
}

#[test]
fn nights_watch_speaks_of_watchers() {
    let recovery = as_watcher(over(DeliveryKind::Recovery, CauseKind::Missing));
    check(
        &recovery,
        "[RESUMED] Nächtliche Sicherung is reporting again",
        "The watcher Nächtliche Sicherung (abcdefgh) is reporting again as of 2026-11-21 08:50:00.007000.

The next trigger for this watcher is due before 2026-11-21 09:50:00.007000.

Recent events for this watcher:

2026-11-21 08:44:35.504000     Triggered (all done)
2026-11-21 08:40:00            Canary created
",
    );
    assert_eq!(mail(&recovery).and_then(|mail| mail.sender), None);
}

#[test]
fn what_would_have_been_late_while_nobody_listened_is_late() {
    let since = missed() + Span::mins(3);
    let blind = Cause { kind: CauseKind::Blind, since, would_be: Some(CauseKind::Missing) };
    check_story(
        &alert(blind),
        "[LATE] Nächtliche Sicherung has not reported",
        "The canary Nächtliche Sicherung (abcdefgh) was expected to report before 2026-11-21 08:45:35.504000+00:00.",
    );
}

#[test]
fn the_deadline_told_is_the_one_that_was_missed() {
    let late = alert(of(CauseKind::Missing));
    for deadline in [None, Some(missed() + Span::mins(60))] {
        let canary = AliasNotice { deadline, ..canary(&late) };
        check_story(
            &Notice { alias: Some(canary), ..late.clone() },
            "[LATE] Nächtliche Sicherung has not reported",
            "The canary Nächtliche Sicherung (abcdefgh) was expected to report before 2026-11-21 08:45:35.504000+00:00.",
        );
    }
}

#[test]
fn a_paused_canary_is_promised_no_next_trigger() {
    let recovery = over(DeliveryKind::Recovery, CauseKind::Missing);
    let canary = AliasNotice { deadline: None, events: Vec::new(), ..canary(&recovery) };
    check(
        &Notice { alias: Some(canary), ..recovery },
        "[RESUMED] Nächtliche Sicherung is reporting again",
        "The canary Nächtliche Sicherung (abcdefgh) is reporting again as of 2026-11-21 08:50:00.007000+00:00.

Recent events for this canary:

",
    );
}

#[test]
fn what_the_originals_did_not_know_is_said_in_their_style() {
    let check = |notice: &Notice, subject: &str, first_line: &str| {
        let subject = subject.replace("NAME", "Nächtliche Sicherung");
        let first_line = first_line.replace("NAME", "Nächtliche Sicherung (abcdefgh)");
        check_story(notice, &subject, &first_line);
    };
    let bad = |kind: CauseKind, subject: &str, what: &str| {
        let first_line = format!("The canary NAME {what} as of 2026-11-21 08:45:35.504000+00:00.");
        check(&alert(of(kind)), subject, &first_line);
    };
    bad(CauseKind::Failed, "[FAILING] NAME has reported a failure", "has reported a failure");
    bad(CauseKind::TooShort, "[FAILING] NAME has ended too soon", "has ended too soon");
    bad(CauseKind::TooMany, "[FAILING] NAME has reported too often", "has reported too often");
    bad(CauseKind::TooFew, "[LATE] NAME has reported too rarely", "has reported too rarely");
    bad(CauseKind::NotStarted, "[LATE] NAME has not started in time", "has not started in time");
    bad(CauseKind::Blind, "[UNKNOWN] NAME cannot be judged", "cannot be judged");
    bad(CauseKind::Unjudgeable, "[UNKNOWN] NAME cannot be judged", "cannot be judged");
    check(
        &over(DeliveryKind::Recovery, CauseKind::Failed),
        "[RESUMED] NAME is well again",
        "The canary NAME is well again as of 2026-11-21 08:50:00.007000+00:00.",
    );
    let episode = "The canary NAME was late as of 2026-11-21 08:45:35.504000+00:00 \
                   and is reporting again as of 2026-11-21 08:50:00.007000+00:00.";
    check(
        &over(DeliveryKind::Episode, CauseKind::Missing),
        "[RESUMED] NAME was late and is reporting again",
        episode,
    );
    let flaps = Flaps { times: 3, since: over(DeliveryKind::Recovery, CauseKind::Missing).opened_at };
    check(
        &over(DeliveryKind::Flapping(flaps), CauseKind::Failed),
        "[FLAPPING] NAME was failing and is well again many times",
        "The canary NAME was failing and is well again, 3 times since 2026-11-21 08:45:35.504000+00:00.",
    );
    let recovery = over(DeliveryKind::Recovery, CauseKind::Missing);
    let removed = Notice { incident_status: IncidentStatus::Removed, ..recovery };
    check(
        &removed,
        "[REMOVED] NAME is not watched any more",
        "The canary NAME is not watched any more as of 2026-11-21 08:50:00.007000+00:00.",
    );
    assert!(!mail(&removed).expect("it is about a canary").body.contains("next trigger"));
}

#[test]
fn a_late_canary_that_failed_since_is_not_said_to_be_silent() {
    let late = alert(of(CauseKind::Missing));
    let failed = Cause { since: missed() + Span::secs(1), ..of(CauseKind::Failed) };
    check_story(
        &Notice { causes: vec![failed], ..late },
        "[FAILING] Nächtliche Sicherung has reported a failure",
        "The canary Nächtliche Sicherung (abcdefgh) has reported a failure as of 2026-11-21 08:45:36.504000+00:00.",
    );
}

#[test]
fn hostile_words_stay_in_their_line() {
    let late = alert(of(CauseKind::Missing));
    let evil = "x\r\nBcc: evil@example.org\r\n\r\n\u{202e}y";
    let events = vec![(missed(), format!("Triggered ({evil})"))];
    let canary = AliasNotice { events, ..canary(&late) };
    check(
        &Notice { title: evil.to_owned(), alias: Some(canary), ..late },
        "[LATE] x Bcc: evil@example.org y has not reported",
        "The canary x Bcc: evil@example.org y (abcdefgh) was expected to report before 2026-11-21 08:45:35.504000+00:00.

Recent events for this canary:

2026-11-21 08:45:35.504000+00:00 Triggered (x Bcc: evil@example.org y)
",
    );
}

#[test]
fn a_check_that_is_no_canary_is_told_as_any_other() {
    assert_eq!(mail(&sample::alert(missed())), None);
}
