//! The projection of checks to Alertmanager's alerts (§13).

use super::cause::{Cause, CauseKind, Family};
use super::check::{Definition, PingKind};
use super::incident::IncidentId;
use super::state::State;
use super::time::{Span, Time};

/// So long after its end an alert is still pushed as resolved (13.1).
pub const RESOLVED_KEPT: Span = Span::mins(15);

/// A firing alert says that it ends so long after each push, so four pushes may be lost (13.1).
pub const ENDS_AFTER: Span = Span::mins(4);

/// The most resolved alerts of one check that are kept; only changing its labels over and over makes so many.
const MAX_RESOLVED: usize = 16;

/// One alert, exactly as it is pushed and stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Sorted by name: `alertname`, `check`, `group`, `severity` and the check's own; none is empty. They are the alert's identity.
    pub labels: Vec<(String, String)>,
    /// summary, description, reason, schedule, last_success, runbook_url, incident, records: those that are not empty.
    pub annotations: Vec<(String, String)>,
    /// When it began.
    pub starts_at: Time,
    /// When it was resolved, never before it began; `None` while it fires.
    pub ended_at: Option<Time>,
}

impl Alert {
    /// With the number of the incident that it is of, in its annotations: as a label it would make another alert of it.
    pub fn of_incident(mut self, incident: IncidentId) -> Alert {
        self.annotations.push(("incident".to_owned(), incident.0.to_string()));
        self
    }

    /// Since when it fires and when it ends, as Alertmanager is told `now` (13.1).
    ///
    /// Until it is looked at again, an alert may have times of the date before the clock was set back. An end that is to come
    /// would fire until then what is over, and one that begins after its end is refused.
    pub fn times_at(&self, now: Time) -> (Time, Time) {
        let ends_at = self.ended_at.map_or(now + ENDS_AFTER, |ended_at| ended_at.min(now));
        (self.starts_at.min(now).min(ends_at), ends_at)
    }

    /// Which gauge it stands for: its `alertname`.
    fn name(&self) -> Option<&str> {
        self.labels.iter().find(|(name, _)| name == "alertname").map(|(_, value)| value.as_str())
    }
}

/// The alerts that a check should have now: one for each of its gauges that is 1 (13.2). A paused or archived one has
/// none.
pub fn alerts_of(definition: &Definition, state: &State) -> Vec<Alert> {
    if state.archived.is_some() || state.pause.since().is_some() {
        return Vec::new();
    }
    let families = [Family::Late, Family::Failing, Family::Unknown];
    families.into_iter().filter_map(|family| alert(definition, state, family)).collect()
}

fn alert(definition: &Definition, state: &State, family: Family) -> Option<Alert> {
    let causes: Vec<&Cause> = state.causes.iter().filter(|cause| cause.kind.family() == family).collect();
    let starts_at = causes.iter().map(|cause| cause.since).min()?;
    let own = definition.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let ours =
        [("alertname", alertname(family)), ("check", definition.name.as_str()), ("group", &definition.group)];
    // As the shipped rules have it, so that a route on it works in both ways of working.
    let severity = definition.label("severity").is_empty().then_some(("severity", "warning"));
    let mut labels = not_empty(own.chain(severity).chain(ours));
    labels.sort();
    let summary = summary(&definition.title, family, &causes);
    let reasons: Vec<&str> = causes.iter().map(|cause| cause.kind.as_str()).collect();
    let last_success = state.last(PingKind::Success).map_or_else(|| "never".to_owned(), |at| at.to_string());
    // 13.2: records are no alerts of their own.
    let violated = Some(state.records().violated()).filter(|count| *count > 0 && family == Family::Failing);
    let records = violated.map_or_else(String::new, |count| count.to_string());
    let annotations = not_empty([
        ("records", records.as_str()),
        ("summary", summary.as_str()),
        ("description", &definition.description),
        ("reason", &reasons.join(", ")),
        ("schedule", &definition.spec.schedule.to_string()),
        ("last_success", &last_success),
        ("runbook_url", &definition.runbook_url),
    ]);
    Some(Alert { labels, annotations, starts_at, ended_at: None })
}

/// Which gauge an alert stands for, in its labels (13.2).
pub fn alertname(family: Family) -> &'static str {
    match family {
        Family::Late => "PunctualCheckLate",
        Family::Failing => "PunctualCheckFailing",
        Family::Unknown => "PunctualCheckUnknown",
        Family::Occurred => "PunctualCheckOccurred",
    }
}

/// The same sentence for as long as it fires: no times in it, so that Alertmanager does not tell a change.
fn summary(title: &str, family: Family, causes: &[&Cause]) -> String {
    match family {
        Family::Late => format!("{title} is late: what should have happened did not."),
        Family::Failing => format!("{title} is failing."),
        Family::Unknown if causes.iter().all(|cause| cause.kind == CauseKind::Unjudgeable) => {
            format!("{title} cannot be judged, for a fault of punctual.")
        }
        Family::Unknown => format!("{title} was due while punctual was not listening."),
        Family::Occurred => format!("{title} has found something that happened."),
    }
}

fn not_empty<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What is stored and pushed of one check from now on (13.2, 13.3).
///
/// `stored` is what was until now, `wanted` is [`alerts_of`], `is_held` is
/// [`super::route::Verdict::holds_push`]: a new alert is then not pushed, but what fires already is not withdrawn. What
/// fired and is not wanted any more is resolved now: it ended, the check was paused or archived, or its labels changed;
/// then the new ones fire in its place, held or not. What was resolved is forgotten after [`RESOLVED_KEPT`].
pub fn project(stored: &[Alert], wanted: &[Alert], is_held: bool, now: Time) -> Vec<Alert> {
    let firing = |want: &Alert| {
        let mut firing =
            stored.iter().filter(|alert| alert.ended_at.is_none() && alert.name() == want.name());
        firing.next()
    };
    let mut alerts = Vec::new();
    for want in wanted {
        assert!(want.ended_at.is_none(), "a wanted alert fires");
        let earlier = firing(want);
        if earlier.is_some() || !is_held {
            // It began once, also when the oldest of its causes has ended meanwhile.
            let began = earlier.map_or(now, |earlier| earlier.starts_at);
            alerts.push(Alert { starts_at: want.starts_at.min(began), ..want.clone() });
        }
    }
    let is_replaced = |alert: &&Alert| alerts.iter().any(|new| new.labels == alert.labels);
    let others = stored.iter().filter(|alert| !is_replaced(alert));
    let mut resolved: Vec<Alert> = others.filter_map(|alert| resolve(alert, now)).collect();
    resolved.sort_by_key(|alert| std::cmp::Reverse(alert.ended_at));
    resolved.truncate(MAX_RESOLVED);
    alerts.extend(resolved);
    alerts
}

/// An alert that is not wanted any more, while it is still to be pushed.
fn resolve(alert: &Alert, now: Time) -> Option<Alert> {
    let ended_at = alert.ended_at.unwrap_or(now).min(now);
    let starts_at = alert.starts_at.min(ended_at);
    (now < ended_at + RESOLVED_KEPT).then(|| Alert { starts_at, ended_at: Some(ended_at), ..alert.clone() })
}

#[cfg(test)]
mod tests;
