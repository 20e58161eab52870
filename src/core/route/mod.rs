//! Who is told, and whether now: responders, and what is held back (§8, 12.2).

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;
use sha2::{Digest, Sha256};

use super::cause::{Cause, CauseKind};
use super::check::Definition;
use super::incident::{Incident, Planned};
use super::outbox::{DeliveryKind, NewDelivery};
use super::time::{Span, Time};

mod hold;
mod name;
mod own;

pub use hold::{Context, Dependency, DropReason, HoldReason, MIN_DEPENDENT_GRACE, Verdict, muted, route};
pub use own::{ALL_OWN, is_own_receiver, own_action, own_receiver};

/// A receiver's name, as in the configuration.
pub type ReceiverName = Arc<str>;

/// A hash of an action's definition (12.1): stays the same over reloads that leave the action as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(pub u64);

/// Who is told what: the part of the configuration that incidents and the outbox need.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// All that match act.
    pub responders: Vec<Responder>,
    /// Told when no responder matches a check that has no `emails` of its own.
    pub default_receivers: Vec<ReceiverName>,
    /// Every receiver that exists.
    pub receivers: BTreeMap<ReceiverName, ReceiverPolicy>,
}

/// How messages leave for one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverPolicy {
    /// Whether it hears of recoveries (12.6).
    pub send_resolved: bool,
    /// What is due within this of the first leaves together (12.3).
    pub group_wait: Span,
    /// After so long a message is parked (12.4).
    pub give_up_after: Span,
    /// The most deliveries in one of its messages (12.3); at least 1.
    pub max_members: usize,
    /// Whether it is told in the job's own words: comments, and what a job wrote.
    pub include_output: bool,
}

impl ReceiverPolicy {
    /// The `group_wait` of a receiver that says nothing else.
    pub const GROUP_WAIT: Span = Span::secs(5);
}

/// Which incidents get which actions.
#[derive(Clone, Debug)]
pub struct Responder {
    /// All of them must match.
    pub matchers: Vec<Matcher>,
    /// What is then done.
    pub actions: Vec<Action>,
}

/// One thing that a responder does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// A hash of the fields below.
    pub id: ActionId,
    /// Who is told.
    pub receiver: ReceiverName,
    /// How long after the first of the incident's causes that it matches.
    pub after: Span,
    /// Told again so long after it was told, while the incident is open.
    pub repeat_interval: Option<Span>,
}

impl Action {
    /// An action, with the id that its fields give it.
    pub fn new(receiver: ReceiverName, after: Span, repeat_interval: Option<Span>) -> Action {
        let mut hash = Sha256::new();
        hash.update(after.as_ms().to_be_bytes());
        hash.update(repeat_interval.map_or(-1, Span::as_ms).to_be_bytes());
        hash.update(receiver.as_bytes());
        let digest = hash.finalize();
        let first = digest.first_chunk().expect("SHA-256 has more than eight bytes");
        Action { id: ActionId(u64::from_be_bytes(*first)), receiver, after, repeat_interval }
    }
}

/// One of Alertmanager's matchers: `label="value"`, `!=`, `=~`, `!~`, fully anchored. A label that is not there is "".
#[derive(Clone, Debug)]
pub struct Matcher {
    /// A label of the check, or one of `check group reason status`.
    pub label: String,
    /// How the value is compared.
    pub test: MatchTest,
}

/// How a matcher compares.
#[derive(Clone, Debug)]
pub enum MatchTest {
    /// `=`
    Equal(String),
    /// `!=`
    NotEqual(String),
    /// `=~`; the expression is anchored already.
    Matches(Regex),
    /// `!~`; the expression is anchored already.
    MatchesNot(Regex),
}

/// Deliveries of what it matches are held until a time (8.2).
#[derive(Clone, Debug)]
pub struct Mute {
    /// Its number, given by the store.
    pub id: u64,
    /// What is muted: matchers over labels, check, group, reason, status.
    pub matchers: Vec<Matcher>,
    /// The matchers as they were written.
    pub text: String,
    /// Until when.
    pub until: Time,
    /// When it was made.
    pub since: Time,
    /// Why, in the words of who made it.
    pub comment: String,
    /// Who has made it; "": that was not asked then.
    pub by: String,
}

impl Mute {
    /// The clock was set back (1.1): one that was made after `now` lasts as long as was meant.
    pub fn bring_back_to(&mut self, now: Time) {
        let ahead = self.since - now;
        if ahead > Span::ZERO {
            self.since = now;
            self.until = self.until - ahead;
        }
    }
}

/// What matchers look at: a check, and why it is bad.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The check.
    pub definition: &'a Definition,
    /// All its causes, or those that are new.
    pub causes: &'a [Cause],
}

/// The reasons and statuses as which a cause is matched.
type Views = Vec<(&'static str, &'static str)>;

impl Facts<'_> {
    /// Whether all matchers match one of the causes. A check without causes has the reason "" and the status "".
    pub fn matched_by(&self, matchers: &[Matcher]) -> bool {
        self.views().iter().any(|views| self.view_matches(matchers, views))
    }

    /// The kinds of the causes that all matchers match.
    fn kinds_matched_by(&self, matchers: &[Matcher]) -> Vec<CauseKind> {
        let matching = self.causes.iter().filter(|cause| self.view_matches(matchers, &views_of(cause)));
        matching.map(|cause| cause.kind).collect()
    }

    /// For each cause its views.
    fn views(&self) -> Vec<Views> {
        if self.causes.is_empty() {
            return vec![vec![("", "")]];
        }
        self.causes.iter().map(views_of).collect()
    }

    /// Whether all matchers match one cause, as one of its views.
    fn view_matches(&self, matchers: &[Matcher], views: &Views) -> bool {
        views.iter().any(|(reason, status)| {
            matchers.iter().all(|matcher| {
                let value = match matcher.label.as_str() {
                    "check" => self.definition.name.as_str(),
                    "group" => &self.definition.group,
                    "reason" => reason,
                    "status" => status,
                    label => self.definition.label(label),
                };
                matcher.accepts(value)
            })
        })
    }
}

/// 9.6: what a blind cause would have been counts as well.
fn views_of(cause: &Cause) -> Views {
    let view = |kind: CauseKind| (kind.as_str(), kind.family().as_str());
    std::iter::once(cause.kind).chain(cause.would_be).map(view).collect()
}

/// An action that runs, and which responder asked for it, counted from 1; `None`: `default_receivers`, or the check's own
/// `emails`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    /// What is done.
    pub action: Action,
    /// Who asked for it.
    pub responder: Option<u32>,
    /// The kinds of causes that made it match.
    pub kinds: Vec<CauseKind>,
}

impl Policy {
    /// The actions of all responders that match, in their order, and the one of the check's own `emails`; of
    /// `default_receivers`, if there is none of either (12.2).
    pub fn actions_for(&self, facts: &Facts<'_>) -> Vec<Matched> {
        let mut matched = Vec::new();
        let mut nobody_matches = true;
        for (number, responder) in (1..).zip(&self.responders) {
            if facts.matched_by(&responder.matchers) {
                nobody_matches = false;
                let kinds = facts.kinds_matched_by(&responder.matchers);
                let actions = responder.actions.iter().cloned();
                let of = |action| Matched { action, responder: Some(number), kinds: kinds.clone() };
                matched.extend(actions.map(of));
            }
        }
        let kinds = facts.kinds_matched_by(&[]);
        if !facts.definition.emails.is_empty() {
            matched.push(Matched { action: own_action(&facts.definition.name), responder: None, kinds });
        } else if nobody_matches {
            let actions =
                self.default_receivers.iter().cloned().map(|name| Action::new(name, Span::ZERO, None));
            matched.extend(actions.map(|action| Matched { action, responder: None, kinds: kinds.clone() }));
        }
        matched
    }
}

/// What is to be told of an incident's new causes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// To be inserted.
    pub deliveries: Vec<NewDelivery>,
    /// To be added to [`Incident::actions`].
    pub actions: Vec<Planned>,
}

/// Plans what is told of an incident that opened or grew (11.1, 12.1, 12.2).
///
/// `facts` has the causes that began with the flip: if no responder matches any of them, `default_receivers` are told,
/// also where a responder matched an earlier one. Of actions with the same receiver and `after` the one that repeats
/// soonest is planned, and the others count as planned with it. `at` is the flip's time, `now` the transaction's.
pub fn plan(policy: &Policy, facts: &Facts<'_>, incident: &Incident, at: Time, now: Time) -> Plan {
    let mut chosen: Vec<Matched> = Vec::new();
    let mut plan = Plan::default();
    for matched in policy.actions_for(facts) {
        let action = &matched.action;
        let is_it = |planned: &&mut Planned| planned.action == action.id;
        if incident.actions.iter().any(|planned| planned.action == action.id) {
            continue;
        }
        let is_uncovered = incident.is_uncovered(&matched.kinds);
        if let Some(planned) = plan.actions.iter_mut().find(is_it) {
            planned.kinds.extend(&matched.kinds);
            planned.is_uncovered |= is_uncovered;
            continue;
        }
        plan.actions.push(Planned { action: action.id, kinds: matched.kinds.clone(), is_uncovered });
        let same = |other: &&mut Matched| {
            other.action.receiver == action.receiver && other.action.after == action.after
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
        repeat_interval: action.repeat_interval,
    }
}

#[cfg(test)]
mod tests;
