//! How many incidents there were, and how long people and jobs took to answer and to end them (25.1).

use super::calendar::TimePart;
use crate::core::incident::IncidentId;
use crate::core::time::{Span, Time};

/// When an incident was what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UptimeIncident {
    pub id: IncidentId,
    pub opened_at: Time,
    /// When somebody acknowledged it first.
    pub acknowledged_at: Option<Time>,
    pub ended_at: Option<Time>,
    /// It ended because no bad cause was left, not because its check is no longer declared.
    pub is_resolved: bool,
}

/// What incidents there were in a part of the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IncidentNumbers {
    /// How many were opened in it.
    pub opened: usize,
    /// How many ended in it.
    pub ended: usize,
    /// Of those that ended in it and were acknowledged: from their beginning to that.
    pub to_acknowledge: Lengths,
    /// Of those that were resolved in it: from their beginning to that.
    pub to_resolve: Lengths,
}

/// How long something took, of all times that it happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lengths {
    pub count: usize,
    /// Half of them took no longer, half no less.
    pub median: Option<Span>,
    pub longest: Option<Span>,
}

impl IncidentNumbers {
    pub(super) fn of(part: TimePart, incidents: &[UptimeIncident]) -> IncidentNumbers {
        let is_in = |time: Time| part.from <= time && time < part.to;
        let ended = |incident: &&UptimeIncident| incident.ended_at.is_some_and(is_in);
        let acknowledged = incidents.iter().filter(ended);
        let acknowledged =
            acknowledged.filter_map(|incident| Some(incident.acknowledged_at? - incident.opened_at));
        let resolved = incidents.iter().filter(ended).filter(|incident| incident.is_resolved);
        let resolved = resolved.filter_map(|incident| Some(incident.ended_at? - incident.opened_at));
        IncidentNumbers {
            opened: incidents.iter().filter(|incident| is_in(incident.opened_at)).count(),
            ended: incidents.iter().filter(ended).count(),
            to_acknowledge: Lengths::of(acknowledged),
            to_resolve: Lengths::of(resolved),
        }
    }
}

impl Lengths {
    /// A clock that was set back meanwhile makes it no less than nothing.
    fn of(spans: impl Iterator<Item = Span>) -> Lengths {
        let mut spans: Vec<Span> = spans.map(|span| span.max(Span::ZERO)).collect();
        spans.sort_unstable();
        let count = spans.len();
        let middle = |index: usize| spans.get(index).copied();
        let median = middle(count / 2).zip(middle(count.saturating_sub(1) / 2));
        Lengths {
            count,
            median: median.map(|(a, b)| Span::ms(i64::midpoint(a.as_ms(), b.as_ms()))),
            longest: spans.last().copied(),
        }
    }
}
