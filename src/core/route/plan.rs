//! What is to be told of an incident that opened or grew (11.1, 12.1, 12.2).

use super::action::Action;
use super::facts::Facts;
use super::policy::{Matched, Policy};
use crate::core::incident::{Incident, Planned};
use crate::core::outbox::{DeliveryKind, NewDelivery};
use crate::core::time::{Span, Time};

/// What is to be told of an incident's new causes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// To be inserted.
    pub deliveries: Vec<NewDelivery>,
    /// They count as planned: see [`Plan::note_in`].
    pub actions: Vec<Planned>,
}

impl Plan {
    /// Notes in the incident what counts as planned; of an action that did already, for what else it is planned now.
    pub fn note_in(&self, incident: &mut Incident) {
        for planned in &self.actions {
            match incident.actions.iter_mut().find(|before| before.action == planned.action) {
                Some(before) => {
                    before.kinds.extend(&planned.kinds);
                    before.kinds.sort_unstable();
                    before.kinds.dedup();
                    before.is_uncovered = planned.is_uncovered;
                }
                None => incident.actions.push(planned.clone()),
            }
        }
    }
}

/// Plans what is told of an incident that opened or grew (11.1, 12.1, 12.2).
///
/// `facts` has the causes that began with the flip: if no responder matches any of them, `default_receivers` are told,
/// also where a responder matched an earlier one. Of actions with the same receiver, `after` and `with` the one that repeats
/// soonest is planned, and the others count as planned with it. `at` is the flip's time, `now` the transaction's.
pub fn plan(policy: &Policy, facts: &Facts<'_>, incident: &Incident, at: Time, now: Time) -> Plan {
    let mut chosen: Vec<Matched> = Vec::new();
    let mut plan = Plan::default();
    for matched in policy.actions_for(facts) {
        let action = &matched.action;
        let is_it = |planned: &&mut Planned| planned.action == action.id;
        let is_uncovered = incident.is_uncovered(matched.kinds.iter().copied());
        // What was planned for lateness that somebody has taken on tells nothing of a failure (11.2).
        let is_news = incident.is_news(&matched.kinds);
        let goes_on = |planned: &Planned| planned.is_uncovered || !is_news;
        if incident.actions.iter().any(|planned| planned.action == action.id && goes_on(planned)) {
            continue;
        }
        if let Some(planned) = plan.actions.iter_mut().find(is_it) {
            planned.kinds.extend(&matched.kinds);
            planned.is_uncovered |= is_uncovered;
            continue;
        }
        plan.actions.push(Planned { action: action.id, kinds: matched.kinds.clone(), is_uncovered });
        let same = |other: &&mut Matched| {
            let Action { receiver, after, with, .. } = &other.action;
            (receiver, after, with) == (&action.receiver, &action.after, &action.with)
        };
        match chosen.iter_mut().find(same) {
            Some(other) if repeats_sooner(action, &other.action) => *other = matched,
            Some(_) => {}
            None => chosen.push(matched),
        }
    }
    plan.deliveries = chosen.into_iter().map(|matched| delivery(matched, incident, at, now)).collect();
    plan
}

fn repeats_sooner(one: &Action, other: &Action) -> bool {
    let interval = |action: &Action| action.repeat_interval.unwrap_or(Span::MAX);
    interval(one) < interval(other)
}

fn delivery(
    Matched { action, responder, .. }: Matched,
    incident: &Incident,
    at: Time,
    now: Time,
) -> NewDelivery {
    NewDelivery {
        incident: incident.id,
        check: incident.check,
        key: incident.key.clone(),
        receiver: action.receiver,
        action: action.id,
        responder,
        kind: DeliveryKind::Alert,
        not_before: at + action.after,
        queued_at: now,
        // 19.2: what happened does not go on.
        repeat_interval: action.repeat_interval.filter(|_| !incident.is_occurrence()),
    }
}
