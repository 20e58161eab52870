//! Small values that the tests of several modules share.

use super::assertion::{Assertion, Finds, FoundBy};
use super::cause::{Cause, CauseKind, Causes};
use super::check::{CheckId, Definition, Name, Source, SourceLine, Spec};
use super::incident::{Incident, IncidentId, IncidentKey, IncidentStatus};
use super::outbox::{Delivery, DeliveryId, DeliveryKind, NewDelivery};
use super::probe::HttpProbe;
use super::route::ActionId;
use super::schedule::Schedule;
use super::time::{Span, Time};

/// Numbers without any order, the same in each run.
pub(crate) fn random_numbers(seed: u64) -> impl Iterator<Item = u64> {
    let next = |number: &u64| {
        Some(number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
    };
    std::iter::successors(next(&seed), next)
}

/// The time `secs` seconds after the epoch.
pub(crate) fn at(secs: i64) -> Time {
    Time::from_secs(secs)
}

/// `nightly-backup` in the group `db`, with the label `team="dba"`; every hour, with two minutes of grace.
pub(super) fn definition() -> Definition {
    let spec = Spec { grace: Span::mins(2), ..Spec::new(Schedule::Every(Span::mins(60))) };
    let source = Source::File { path: "checks/db.yaml".into(), line: SourceLine::new(3) };
    Definition {
        title: "Nightly backup".into(),
        group: "db".into(),
        labels: [("team".to_owned(), "dba".to_owned())].into(),
        ..Definition::new(Name::parse("nightly-backup").unwrap(), spec, source)
    }
}

/// Parses `missing`, `failed@20` (with its since, else 0), `blind(missing)@20`.
pub(super) fn cause(text: &str) -> Cause {
    let kind = |name: &str| CauseKind::ALL.into_iter().find(|kind| kind.as_str() == name).unwrap();
    let (name, since) = text.split_once('@').unwrap_or((text, "0"));
    let since = at(since.parse().unwrap());
    match name.strip_prefix("blind(").and_then(|rest| rest.strip_suffix(')')) {
        Some(would_be) => Cause { kind: CauseKind::Blind, since, would_be: Some(kind(would_be)) },
        None => Cause { kind: kind(name), since, would_be: None },
    }
}

/// Several of [`cause`], separated by blanks.
pub(super) fn causes(text: &str) -> Causes {
    let mut causes = Causes::default();
    for word in text.split_whitespace() {
        causes.insert(cause(word));
    }
    causes
}

/// That punctual looks at this URL.
pub(crate) fn probed_at(url: &str) -> Assertion {
    let found_by = FoundBy::Http(HttpProbe::of(url.into()));
    let (unknowns_before_alert, finds) = (Assertion::DEFAULT_UNKNOWNS, Finds::Lasting);
    Assertion { found_by, unknowns_before_alert, max_records: None, finds }
}

/// An open incident of check 1 that opened at 0 with `missing`.
pub(crate) fn incident() -> Incident {
    Incident {
        id: IncidentId(1),
        check: CheckId(1),
        key: IncidentKey::own(),
        labels: Default::default(),
        opened_at: at(0),
        ended_at: None,
        status: IncidentStatus::Open,
        first: cause("missing"),
        kinds: vec![CauseKind::Missing],
        actions: Vec::new(),
        covered: Vec::new(),
        term: None,
        told_after_blind: false,
        diagnosed: None,
    }
}

/// A waiting alert of [`incident`] to `ops`, due and made at 0.
pub(super) fn delivery(id: u64) -> Delivery {
    told().numbered(DeliveryId(id))
}

/// The alert of [`delivery`].
pub(super) fn told() -> NewDelivery {
    NewDelivery {
        incident: IncidentId(1),
        check: CheckId(1),
        key: IncidentKey::own(),
        receiver: "ops".into(),
        action: ActionId(7),
        responder: Some(1),
        kind: DeliveryKind::Alert,
        not_before: at(0),
        queued_at: at(0),
        repeat_interval: None,
    }
}
