//! Who is told of what: the part of the configuration that incidents and the outbox need (12.2).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::action::{Action, ActionId, ReceiverName, ReceiverPolicy};
use super::facts::{Facts, Matcher};
use super::own;
use crate::core::cause::CauseKind;
use crate::core::time::Span;

/// Who is told what: the part of the configuration that incidents and the outbox need.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// All that match act.
    pub responders: Vec<Responder>,
    /// Told when no responder matches a check that has no `emails` of its own.
    pub default_receivers: Vec<ReceiverName>,
    /// Told where diagnoses need people (21.6); none: `default_receivers` are.
    pub administrators: Vec<ReceiverName>,
    /// Every receiver that exists.
    pub receivers: BTreeMap<ReceiverName, ReceiverPolicy>,
}

/// Which incidents get which actions.
#[derive(Clone, Debug)]
pub struct Responder {
    /// All of them must match.
    pub matchers: Vec<Matcher>,
    /// What is then done.
    pub actions: Vec<Action>,
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
            matched.push(Matched { action: own::own_action(&facts.definition.name), responder: None, kinds });
        } else if nobody_matches {
            let actions =
                self.default_receivers.iter().cloned().map(|name| Action::new(name, Span::ZERO, None));
            matched.extend(actions.map(|action| Matched { action, responder: None, kinds: kinds.clone() }));
        }
        matched
    }

    /// Who is told where diagnoses need people.
    pub fn told_of_diagnoses(&self) -> &[ReceiverName] {
        if self.administrators.is_empty() { &self.default_receivers } else { &self.administrators }
    }

    /// What the receiver of an action is handed with its messages, if anybody still asks for the action.
    pub fn with_of(&self, action: ActionId) -> Option<&Arc<str>> {
        let mut actions = self.responders.iter().flat_map(|responder| &responder.actions);
        actions.find(|other| other.id == action)?.with.as_ref()
    }

    /// How messages leave for this receiver; `None` if there is none of this name. A check's own is always there: whether
    /// it has an address left shows when its message is claimed.
    pub fn receiver(&self, name: &str) -> Option<&ReceiverPolicy> {
        if own::is_own_receiver(name) { Some(&own::POLICY) } else { self.receivers.get(name) }
    }

    /// Whether this receiver hears of recoveries (12.6). One that is not known yet does as long as nobody says otherwise.
    pub fn hears_recoveries(&self, name: &str) -> bool {
        self.receiver(name).is_none_or(|receiver| receiver.send_resolved)
    }
}
