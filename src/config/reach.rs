//! Who is told about a check: `check-config` shows it and warns about it (12.2).

use crate::core::cause::{Cause, CauseKind};
use crate::core::check::{Definition, Overlap};
use crate::core::route::{Facts, Matcher, Policy, ReceiverName, own_receiver};
use crate::core::schedule::{Expect, Schedule};
use crate::core::time::{Span, Time};

/// One receiver of a check's messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub receiver: ReceiverName,
    /// How long after the incident opens.
    pub after: Span,
    /// How often the message is repeated while the incident lasts.
    pub repeat_interval: Option<Span>,
    /// The responder, counted from 1; `None`: `default_receivers` or the check's own `emails`.
    pub responder: Option<u32>,
    /// The causes that it is told of; empty: every cause that the check can have.
    pub only: Vec<CauseKind>,
}

/// Who is told about a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// In the order of the responders.
    pub told: Vec<Told>,
    /// Causes of which nobody is told.
    pub unheard: Vec<CauseKind>,
    /// Whether nobody is told of anything.
    pub nobody: bool,
}

/// Asks the policy about every cause that the check can have.
pub fn reach(policy: &Policy, check: &Definition) -> Reach {
    let causes = possible_causes(check);
    let mut reach = Reach::default();
    let mut unanswered = causes.clone();
    for (i, responder) in policy.responders.iter().enumerate() {
        if !may_match(&responder.matchers, check) {
            continue;
        }
        let matched: Vec<CauseKind> = causes
            .iter()
            .copied()
            .filter(|cause| matches_cause(&responder.matchers, check, *cause))
            .collect();
        if matched.is_empty() {
            continue;
        }
        unanswered.retain(|cause| !matched.contains(cause));
        let only = if matched.len() == causes.len() { Vec::new() } else { matched };
        let number = u32::try_from(i + 1).expect("there are not that many responders");
        reach.told.extend(responder.actions.iter().map(|action| Told {
            receiver: action.receiver.clone(),
            after: action.after,
            repeat_interval: action.repeat_interval,
            responder: Some(number),
            only: only.clone(),
        }));
    }
    if !check.emails.is_empty() {
        reach.told.push(at_once(own_receiver(&check.name), Vec::new()));
    } else if policy.default_receivers.is_empty() {
        reach.nobody = unanswered.len() == causes.len();
        reach.unheard = unanswered;
    } else if !unanswered.is_empty() {
        let only = if unanswered.len() == causes.len() { Vec::new() } else { unanswered };
        let defaults = policy.default_receivers.iter();
        reach.told.extend(defaults.map(|receiver| at_once(receiver.clone(), only.clone())));
    }
    reach
}

fn at_once(receiver: ReceiverName, only: Vec<CauseKind>) -> Told {
    Told { receiver, after: Span::ZERO, repeat_interval: None, responder: None, only }
}

/// The causes that a check's declaration allows. Blindness is left out: it is routed like what it hides (9.6). So is a fault of
/// ours (1.6).
pub(super) fn possible_causes(check: &Definition) -> Vec<CauseKind> {
    let spec = &check.spec;
    let expect = spec.schedule.expect();
    let bound = |of: fn(Expect) -> Option<u32>| expect.and_then(of).is_some();
    let possible = |cause: &CauseKind| match cause {
        CauseKind::Missing | CauseKind::NeverSeen => {
            expect.is_none() && spec.schedule != Schedule::Unscheduled && !spec.is_probed()
        }
        CauseKind::NotStarted => spec.start_within.is_some(),
        CauseKind::Overrun => spec.max_runtime.is_some(),
        CauseKind::TooFew => bound(|expect| expect.at_least),
        CauseKind::TooMany => bound(|expect| expect.at_most),
        CauseKind::Failed => spec.assert.is_none(),
        CauseKind::Violated => spec.assert.is_some() && spec.remembers().is_none(),
        CauseKind::Occurred => spec.remembers().is_some(),
        CauseKind::Unprobed => spec.assert.is_some(),
        CauseKind::TooManyRecords => spec.max_records().is_some(),
        CauseKind::TooShort => spec.min_runtime.is_some(),
        CauseKind::Overlapping => spec.overlap == Overlap::Fail,
        // What is told of records is told of each as violated.
        CauseKind::Blind | CauseKind::Unjudgeable | CauseKind::RecordsViolated => false,
    };
    CauseKind::ALL.into_iter().filter(possible).collect()
}

/// Whether the responder can match the check at all. Matchers of causes are ignored; causes are few.
fn may_match(matchers: &[Matcher], check: &Definition) -> bool {
    matchers.iter().all(|matcher| match matcher.label.as_str() {
        "reason" | "status" => true,
        "check" => matcher.accepts(check.name.as_str()),
        "group" => matcher.accepts(&check.group),
        label => matcher.accepts(check.label(label)),
    })
}

fn matches_cause(matchers: &[Matcher], check: &Definition, kind: CauseKind) -> bool {
    let cause = Cause { kind, since: Time::MIN, would_be: None };
    Facts::of_check(check, &[cause]).matched_by(matchers)
}
