//! Whom a check's messages reach: what `check-config` shows, and what it warns of (12.2).

use crate::core::cause::{CauseKind, Family};
use crate::core::check::{Definition, Overlap};
use crate::core::route::{Matcher, Policy, ReceiverName};
use crate::core::schedule::{Expect, Schedule};
use crate::core::time::Span;

/// One receiver that a check's messages reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Who is told.
    pub receiver: ReceiverName,
    /// How long after the beginning.
    pub after: Span,
    /// Told again so often, while it lasts.
    pub repeat_interval: Option<Span>,
    /// Which responder says so, counted from 1; `None`: `default_receivers`.
    pub responder: Option<u32>,
    /// Only for these causes; empty: for every one that the check can have.
    pub only: Vec<CauseKind>,
}

/// Whom a check's messages reach.
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
    if policy.default_receivers.is_empty() {
        reach.nobody = unanswered.len() == causes.len();
        reach.unheard = unanswered;
    } else if !unanswered.is_empty() {
        let only = if unanswered.len() == causes.len() { Vec::new() } else { unanswered };
        reach.told.extend(policy.default_receivers.iter().map(|receiver| Told {
            receiver: receiver.clone(),
            after: Span::ZERO,
            repeat_interval: None,
            responder: None,
            only: only.clone(),
        }));
    }
    reach
}

/// The causes that a check can have by what it declares; without blindness, which is routed as what it hides (9.6).
pub(super) fn possible_causes(check: &Definition) -> Vec<CauseKind> {
    let spec = &check.spec;
    let (missing, expect) = match &spec.schedule {
        Schedule::Every(_) | Schedule::At(_) => (true, None),
        Schedule::CountedAt(_, expect) | Schedule::Counted(expect) => (false, Some(expect)),
    };
    let bound = |of: fn(&Expect) -> Option<u32>| expect.and_then(of).is_some();
    let possible = |cause: &CauseKind| match cause {
        CauseKind::Missing | CauseKind::NeverSeen => missing,
        CauseKind::NotStarted => spec.start_within.is_some(),
        CauseKind::Overrun => spec.max_runtime.is_some(),
        CauseKind::TooFew => bound(|expect| expect.at_least),
        CauseKind::TooMany => bound(|expect| expect.at_most),
        CauseKind::Failed => true,
        CauseKind::TooShort => spec.min_runtime.is_some(),
        CauseKind::Overlapping => spec.overlap == Overlap::Fail,
        CauseKind::Blind => false,
    };
    CauseKind::ALL.into_iter().filter(possible).collect()
}

/// What a matcher's label is for this check; `None` where it depends on the cause.
fn label<'a>(check: &'a Definition, name: &str) -> Option<&'a str> {
    match name {
        "reason" | "status" => None,
        "check" => Some(check.name.as_str()),
        "group" => Some(&check.group),
        _ => Some(check.labels.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)),
    }
}

fn may_match(matchers: &[Matcher], check: &Definition) -> bool {
    matchers.iter().all(|matcher| label(check, &matcher.label).is_none_or(|value| matcher.accepts(value)))
}

fn matches_cause(matchers: &[Matcher], check: &Definition, cause: CauseKind) -> bool {
    matchers.iter().all(|matcher| match matcher.label.as_str() {
        "reason" => matcher.accepts(cause.as_str()),
        "status" => matcher.accepts(status_of(cause)),
        name => label(check, name).is_some_and(|value| matcher.accepts(value)),
    })
}

/// The status of a check that has this cause alone.
pub(super) fn status_of(cause: CauseKind) -> &'static str {
    match cause.family() {
        Family::Late => "late",
        Family::Failing => "failing",
        Family::Unknown => "unknown",
    }
}
