//! Made-up notices: `test-notify` sends them, a template must be able to render them, and tests build on them.

use super::Notification;
use crate::core::cause::{Cause, CauseKind};
use crate::core::check::Name;
use crate::core::diagnose::{Diagnosis, DiagnosisFound};
use crate::core::incident::{IncidentId, IncidentKey, IncidentStatus};
use crate::core::notice::{LastRun, Notice};
use crate::core::outbox::{DeliveryKind, Flaps};
use crate::core::time::{Span, Time};
use crate::core::zone::Zone;

/// A backup that has been late for four minutes, marked as a sample wherever people read first.
pub fn alert(now: Time) -> Notice {
    let since = now - Span::mins(4);
    let cause = Cause { kind: CauseKind::Missing, since, would_be: None };
    Notice {
        kind: DeliveryKind::Alert,
        incident: IncidentId(1),
        incident_status: IncidentStatus::Open,
        check: Name::parse("sample").expect("the word is a good name"),
        key: IncidentKey::own(),
        title: "Test message, nothing is wrong".to_owned(),
        group: "samples".to_owned(),
        labels: vec![("severity".to_owned(), "info".to_owned())],
        description: "Sent by hand to see whether messages arrive.".to_owned(),
        runbook_url: String::new(),
        first: cause,
        causes: vec![cause],
        opened_at: since,
        ended_at: None,
        schedule: "every 1h".to_owned(),
        grace: Span::mins(30),
        due: Some(since - Span::mins(30)),
        zone: Zone::UTC,
        last_success: Some(since - Span::mins(90)),
        last_run: Some(LastRun {
            at: since - Span::mins(90),
            is_success: true,
            outcome: None,
            exit_status: Some(0),
            duration: Some(Span::mins(41)),
            source: "192.0.2.7".to_owned(),
            comment: Some("all done".to_owned()),
        }),
        last_log: None,
        output: Some((since - Span::mins(90), "sample output".to_owned())),
        declared: "punctual test-notify".to_owned(),
        responder: None,
        asked_by: String::new(),
        with: String::new(),
        repeat_interval: None,
        thread: None,
        records: None,
        diagnosis: None,
        blind: None,
        emails: Vec::new(),
        alias: None,
    }
}

/// The recovery that follows [`alert`].
pub fn recovery(now: Time, thread: Option<String>) -> Notice {
    Notice {
        kind: DeliveryKind::Recovery,
        incident_status: IncidentStatus::Resolved,
        causes: Vec::new(),
        ended_at: Some(now),
        due: None,
        thread,
        ..alert(now)
    }
}

pub(super) fn flapping(now: Time) -> Notice {
    let flaps = Flaps { times: 3, since: now - Span::mins(4) };
    Notice { kind: DeliveryKind::Flapping(flaps), opened_at: now - Span::secs(2), ..recovery(now, None) }
}

fn diagnosis(now: Time) -> Notice {
    let found = DiagnosisFound::NoCase;
    let diagnosis = Some(Diagnosis { number: 1, at: now, found });
    Notice { kind: DeliveryKind::Diagnosis(1), diagnosis, ..alert(now) }
}

/// An alert, a recovery, a check that flaps, what was found of one, and a digest.
pub(super) fn of_every_kind() -> [Vec<Notice>; 5] {
    let now = Time::from_secs(1_774_830_840);
    let over = recovery(now, Some("0".to_owned()));
    // A check of which nothing is known but that it is late.
    let bare = Notice { last_success: None, last_run: None, labels: Vec::new(), ..alert(now) };
    [
        vec![alert(now)],
        vec![over.clone()],
        vec![flapping(now)],
        vec![diagnosis(now)],
        vec![alert(now), over, bare],
    ]
}

/// `count` late checks, each with a name and a title of its own.
pub(super) fn of_many_checks(count: usize) -> Vec<Notice> {
    let now = Time::from_secs(1_774_830_840);
    let numbered = |number: usize| Notice {
        check: Name::parse(&format!("sample-{number}-of-many")).expect("a good name"),
        title: format!("The sample {number} of many"),
        ..alert(now)
    };
    (1..=count).map(numbered).collect()
}

/// A notification with these notices that is not sent.
pub(super) fn notification(notices: &[Notice]) -> Notification<'_> {
    Notification {
        key: "0",
        receiver: "sample",
        notices,
        external_url: "https://punctual.example.org",
        ack_url: None,
        now: Time::from_secs(1_774_830_840),
    }
}
