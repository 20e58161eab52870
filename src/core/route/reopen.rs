//! What is to be told of an incident that stands open again (11.2, 22.4).

use super::action::ActionId;
use super::facts::Facts;
use super::own::own_action;
use super::plan::plan;
use super::policy::{Matched, Policy};
use crate::core::cause::{Cause, CauseKind, Family};
use crate::core::incident::{Incident, IncidentStatus, Planned};
use crate::core::outbox::{Delivery, DeliveryId, DeliveryKind, DeliveryState, NewDelivery};
use crate::core::time::Time;

/// An incident that somebody reopened, or whose acknowledgement is over.
#[derive(Clone, Copy, Debug)]
pub struct Reopened<'a> {
    /// As it stood until then.
    pub stood: &'a Incident,
    /// All that was ever to be told of it, in the order of their ids.
    pub deliveries: &'a [Delivery],
    /// Since when it is open.
    pub at: Time,
}

/// What becomes of what is to be told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanAnew {
    /// To be inserted.
    pub deliveries: Vec<NewDelivery>,
    /// From now on these are [`Incident::actions`].
    pub actions: Vec<Planned>,
    /// Not to be told: it is planned anew, or was taken care of.
    pub cancelled: Vec<DeliveryId>,
}

/// Plans who is told of an incident that stands open again: all that matches its causes, but for what goes on.
///
/// What the acknowledgement did not hold goes on as it is: what waits leaves at its time, and what was told of causes that
/// nobody had taken on is not told again for that. So does what is in a message that is under way: it is taken after this.
/// `facts` has all causes.
pub fn plan_anew(policy: &Policy, facts: &Facts<'_>, reopened: &Reopened<'_>, now: Time) -> PlanAnew {
    let Reopened { stood, deliveries, at } = *reopened;
    let matched = policy.actions_for(facts);
    let look = Look { reopened, facts, matched: &matched };
    let mut actions: Vec<Planned> = Vec::new();
    for Matched { action, .. } in &matched {
        if actions.iter().all(|planned| planned.action != action.id) && look.goes_on(action.id) {
            let kinds = look.kinds(action.id).collect();
            actions.push(Planned { action: action.id, kinds, is_uncovered: false });
        }
    }
    let incident = Incident { status: IncidentStatus::Open, actions, ..stood.clone() };
    let plan = plan(policy, facts, &incident, at, now);
    let mut actions = incident.actions;
    let mut cancelled = Vec::new();
    for row in deliveries.iter().filter(|row| tells_bad(row) && is_put_off(row)) {
        let is_planned = |planned: &Planned| planned.action == row.action;
        let is_told_instead = plan.actions.iter().any(is_planned)
            || !look.is_matched(row.action)
                && plan.deliveries.iter().any(|other| other.receiver == row.receiver);
        if is_told_instead || !look.stood_open(row.action) {
            cancelled.push(row.id);
        } else if !actions.iter().any(is_planned) {
            // Nothing that begins later plans it once more.
            let planned = stood.actions.iter().find(|planned| is_planned(planned));
            actions.extend(planned.map(|planned| Planned { is_uncovered: false, ..planned.clone() }));
        }
    }
    actions.extend(plan.actions);
    PlanAnew { deliveries: plan.deliveries, actions, cancelled }
}

/// Whether it tells that something is bad.
fn tells_bad(row: &Delivery) -> bool {
    matches!(row.kind, DeliveryKind::Alert | DeliveryKind::Reminder)
}

/// Whether it is to be told later.
fn is_put_off(row: &Delivery) -> bool {
    matches!(row.state, DeliveryState::Waiting | DeliveryState::Parked { .. })
}

/// What is looked at for that.
#[derive(Clone, Copy)]
struct Look<'a> {
    reopened: &'a Reopened<'a>,
    facts: &'a Facts<'a>,
    matched: &'a [Matched],
}

impl<'a> Look<'a> {
    fn is_matched(self, action: ActionId) -> bool {
        self.matched.iter().any(|matched| matched.action.id == action)
    }

    /// The kinds of the causes for which an action matches.
    fn kinds(self, action: ActionId) -> impl Iterator<Item = CauseKind> + 'a {
        let of = self.matched.iter().filter(move |matched| matched.action.id == action);
        of.flat_map(|matched| matched.kinds.iter().copied())
    }

    /// Whether the acknowledgement did not hold it.
    fn stood_open(self, action: ActionId) -> bool {
        self.reopened.stood.stands_for(action, self.facts.causes).is_unanswered()
    }

    /// Whether it need not be planned.
    fn goes_on(self, action: ActionId) -> bool {
        let stood = self.reopened.stood;
        let rows = || self.reopened.deliveries.iter().filter(|row| tells_bad(row) && self.is_of(row, action));
        // What is under way may say no more than that we could not tell (9.6).
        let is_under_way = |row: &Delivery| matches!(row.state, DeliveryState::InMessage(_));
        if (!stood.told_after_blind || self.says_late_anyhow(action)) && rows().any(is_under_way) {
            return true;
        }
        // 19.2: what happened is told once to whoever was told, whatever was said of it since.
        if stood.is_occurrence() && rows().any(|row| matches!(row.state, DeliveryState::Sent(_))) {
            return true;
        }
        let Some(newest) = rows().rfind(|row| row.kind == DeliveryKind::Alert) else { return false };
        if !self.stood_open(newest.action) {
            return false;
        }
        match newest.state {
            DeliveryState::Waiting | DeliveryState::InMessage(_) => true,
            DeliveryState::Sent(_) => !self.kinds(action).any(|kind| stood.covers(kind)),
            DeliveryState::Parked { .. } | DeliveryState::Cancelled(_) => false,
        }
    }

    /// Whether it is an alias's own mail, which says that it is late also where we could not tell (16.5), and it is nothing but
    /// late.
    fn says_late_anyhow(self, action: ActionId) -> bool {
        let Facts { definition, causes, .. } = *self.facts;
        let is_late = |cause: &Cause| cause.kind.family() == Family::Late;
        definition.alias.is_some() && action == own_action(&definition.name).id && causes.iter().all(is_late)
    }

    /// Whether it tells what this action is to tell: of those with one receiver and one `after` one is planned (12.2).
    fn is_of(self, row: &Delivery, action: ActionId) -> bool {
        if row.action == action {
            return true;
        }
        let of = |id: ActionId| self.matched.iter().map(|matched| &matched.action).find(|it| it.id == id);
        let (Some(one), Some(other)) = (of(row.action), of(action)) else { return false };
        one.receiver == other.receiver && one.after == other.after
    }
}
