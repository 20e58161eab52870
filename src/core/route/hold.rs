//! Whether a delivery may leave now: what is held back (§8).

use super::facts::{Facts, Mute, Views};
use super::mutes::Mutes;
use crate::core::cause::{CauseKind, Family};
use crate::core::check::Name;
use crate::core::incident::IncidentStatus;
use crate::core::outbox::{CancelReason, DeliveryKind};
use crate::core::schedule::Quiet;
use crate::core::state::State;
use crate::core::time::{Span, Time};

/// The least time that a dependent has to recover after its dependencies did (8.3).
pub const MIN_DEPENDENT_GRACE: Span = Span::mins(1);

/// What becomes of a delivery that wants to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may leave.
    Send,
    /// Not now.
    Hold(HoldReason),
    /// Never.
    Drop(DropReason),
}

/// Why a delivery may not leave now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldReason {
    /// The check is paused (7.3).
    Paused,
    /// Mutes match each of its causes (8.2).
    Muted {
        /// When the first of its causes is no longer muted.
        until: Time,
        /// The mute that ends then.
        id: u64,
    },
    /// It is one of the check's quiet times (8.2).
    Quiet {
        /// When it ends.
        until: Time,
    },
    /// Something that it depends on is bad (8.3).
    Dependency {
        /// The first such check.
        name: Name,
    },
    /// What it depends on is good again, and it may soon be, too (8.3).
    DependencyRecovering {
        /// The last that became good.
        name: Name,
        /// How long it has for that.
        until: Time,
    },
    /// What it depends on may be judged bad in a moment (8.3).
    AwaitingDependencies {
        /// How long that is waited for.
        until: Time,
    },
}

/// What may end a hold before its time, beside what happens to the check itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HeldBy {
    /// Somebody ends this mute.
    Mute(u64),
    /// What this name leads to stands otherwise, or the name leads elsewhere.
    Dependency(Name),
}

/// Why a delivery is not to be told any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// Somebody is on it (11.2).
    Acknowledged,
    /// Nobody wants to hear of it (11.2).
    WontFix,
    /// The incident has ended, and what it has to tell is another delivery's to say.
    Ended,
    /// It is held, and tells of what has recovered (8.2).
    RecoveredWhileHeld,
}

/// A check that another one depends on, as far as that one's deliveries are concerned (8.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// Which.
    pub name: Name,
    /// Late or failing, and neither paused nor `wont_fix`.
    pub is_bad: bool,
    /// When it last stopped being late or failing.
    pub recovered_at: Option<Time>,
}

impl Dependency {
    /// How a check stands to those that depend on it; `incident` is its open incident's status.
    pub fn of(name: &Name, state: &State, incident: Option<IncidentStatus>) -> Dependency {
        let is_judged = state.archived.is_none() && state.pause.since().is_none();
        let is_late_or_failing = state.causes.any(Family::Late) || state.causes.any(Family::Failing);
        // Of its records others are told: these count only while somebody wants to hear of one (18.5).
        let are_records_violated = state.causes.has(CauseKind::RecordsViolated);
        let is_unwanted = incident == Some(IncidentStatus::WontFix) && !are_records_violated;
        Dependency {
            name: name.clone(),
            is_bad: is_late_or_failing && is_judged && !is_unwanted,
            recovered_at: state.recovered_at,
        }
    }
}

/// All that [`route`] looks at.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The current time.
    pub now: Time,
    /// The check, with all its causes.
    pub facts: Facts<'a>,
    /// Where the incident stands; for a notice that a check flaps, the one that is open by now, or open if there is none.
    pub incident: IncidentStatus,
    /// The check is paused, by its file or at run time.
    pub is_paused: bool,
    /// All mutes.
    pub mutes: &'a Mutes,
    /// The check's quiet times.
    pub quiet: &'a [Quiet],
    /// What the check depends on.
    pub dependencies: &'a [Dependency],
    /// The check's grace.
    pub grace: Span,
    /// [`crate::core::outbox::NewDelivery::ready_at`]; for an alert of §13 when the incident opened.
    pub ready_at: Time,
    /// The receiver's `group_wait`.
    pub group_wait: Span,
}

/// Whether a delivery may leave now (8.1).
pub fn route(kind: DeliveryKind, context: &Context<'_>) -> Verdict {
    match kind {
        // 8.4: a recovery goes to whoever was told. An episode was due and not held when its check recovered.
        DeliveryKind::Recovery | DeliveryKind::Episode => return Verdict::Send,
        DeliveryKind::Alert
        | DeliveryKind::Reminder
        | DeliveryKind::Flapping(_)
        | DeliveryKind::Diagnosis(_) => {}
    }
    match context.incident {
        // 19.3: that it is not remembered any more does not unsay what happened.
        IncidentStatus::Open
        | IncidentStatus::SolutionApplied
        | IncidentStatus::Impasse
        | IncidentStatus::Over => {}
        IncidentStatus::Acknowledged => return Verdict::Drop(DropReason::Acknowledged),
        IncidentStatus::WontFix => return Verdict::Drop(DropReason::WontFix),
        IncidentStatus::Resolved | IncidentStatus::Removed | IncidentStatus::Changed => {
            return Verdict::Drop(DropReason::Ended);
        }
    }
    match held(context) {
        None => Verdict::Send,
        // 12.5, 8.2: what it tells of has recovered.
        Some(reason) if is_flapping(kind) && !matches!(reason, HoldReason::AwaitingDependencies { .. }) => {
            Verdict::Drop(DropReason::RecoveredWhileHeld)
        }
        Some(reason) => Verdict::Hold(reason),
    }
}

fn is_flapping(kind: DeliveryKind) -> bool {
    matches!(kind, DeliveryKind::Flapping(_))
}

fn held(context: &Context<'_>) -> Option<HoldReason> {
    if context.is_paused {
        return Some(HoldReason::Paused);
    }
    let muted = muted(context.now, &context.facts, context.mutes, context.quiet);
    muted.or_else(|| by_dependencies(context))
}

/// Whether people asked not to hear of this check now (8.2): what `punctual_check_muted` shows.
///
/// Each cause must be matched by a mute: a mute of one reason does not hide another. A check without causes counts as
/// having one whose reason and status are "".
pub fn muted(now: Time, facts: &Facts<'_>, mutes: &Mutes, quiet: &[Quiet]) -> Option<HoldReason> {
    let mutes = mutes_of_causes(now, facts, mutes);
    if let Some(mute) = mutes.and_then(|mutes| mutes.into_iter().min_by_key(|mute| mute.until)) {
        return Some(HoldReason::Muted { until: mute.until, id: mute.id });
    }
    let until = quiet.iter().filter_map(|quiet| quiet.until(now)).max()?;
    Some(HoldReason::Quiet { until })
}

/// Of each cause the mute that matches it longest; `None`: one of the causes has none.
fn mutes_of_causes<'a>(now: Time, facts: &Facts<'_>, mutes: &'a Mutes) -> Option<Vec<&'a Mute>> {
    let near = mutes.near(facts);
    let mute_of = |views: &Views| {
        let lasting = near.iter().copied().filter(|mute| now < mute.until);
        let matching = lasting.filter(|mute| facts.view_matches(&mute.matchers, views));
        matching.max_by_key(|mute| mute.until)
    };
    facts.views().iter().map(mute_of).collect()
}

/// All that may end this hold before [`Verdict::next_look`], beside what happens to the check itself: while it is as it is, the
/// answer stays.
pub fn held_by(reason: &HoldReason, context: &Context<'_>) -> Vec<HeldBy> {
    match reason {
        HoldReason::Paused | HoldReason::Quiet { .. } => Vec::new(),
        // Each cause has its own: the end of any of them ends it.
        HoldReason::Muted { .. } => {
            let mutes = mutes_of_causes(context.now, &context.facts, context.mutes).unwrap_or_default();
            mutes.into_iter().map(|mute| HeldBy::Mute(mute.id)).collect()
        }
        HoldReason::Dependency { name } => vec![HeldBy::Dependency(name.clone())],
        HoldReason::DependencyRecovering { .. } | HoldReason::AwaitingDependencies { .. } => {
            context.dependencies.iter().map(|on| HeldBy::Dependency(on.name.clone())).collect()
        }
    }
}

/// 8.3
fn by_dependencies(context: &Context<'_>) -> Option<HoldReason> {
    if let Some(bad) = context.dependencies.iter().find(|dependency| dependency.is_bad) {
        return Some(HoldReason::Dependency { name: bad.name.clone() });
    }
    let recovered = context.dependencies.iter().filter_map(|d| Some((d.recovered_at?, &d.name)));
    if let Some((at, name)) = recovered.max() {
        let until = at + context.grace.max(MIN_DEPENDENT_GRACE);
        // A recovery after now is one before the clock was set back: it says nothing.
        if at <= context.now && context.now < until {
            return Some(HoldReason::DependencyRecovering { name: name.clone(), until });
        }
    }
    let until = context.ready_at + context.group_wait;
    let is_waiting = !context.dependencies.is_empty() && context.now < until;
    is_waiting.then_some(HoldReason::AwaitingDependencies { until })
}

impl Verdict {
    /// When to ask again, if nothing else happens before. A paused check and a bad dependency answer by a flip.
    pub fn next_look(&self) -> Option<Time> {
        match self {
            Verdict::Hold(
                HoldReason::Muted { until, .. }
                | HoldReason::Quiet { until }
                | HoldReason::DependencyRecovering { until, .. }
                | HoldReason::AwaitingDependencies { until },
            ) => Some(*until),
            Verdict::Hold(HoldReason::Paused | HoldReason::Dependency { .. })
            | Verdict::Send
            | Verdict::Drop(_) => None,
        }
    }

    /// What becomes of a waiting delivery with this verdict when its check recovers; `None`: it is still to be told.
    pub fn at_recovery(&self) -> Option<CancelReason> {
        match self {
            // Not held: only not yet gathered.
            Verdict::Send | Verdict::Hold(HoldReason::AwaitingDependencies { .. }) => None,
            Verdict::Hold(_) => Some(CancelReason::RecoveredWhileHeld),
            Verdict::Drop(reason) => Some(reason.cancels()),
        }
    }

    /// Whether a new alert is not pushed to Alertmanager (13.3): held or `wont_fix`. Acknowledged ones stay.
    pub fn holds_push(&self) -> bool {
        match self {
            Verdict::Hold(_) => true,
            Verdict::Drop(reason) => *reason == DropReason::WontFix,
            Verdict::Send => false,
        }
    }
}

impl DropReason {
    /// How a dropped delivery is cancelled.
    pub fn cancels(self) -> CancelReason {
        match self {
            DropReason::Acknowledged => CancelReason::Acknowledged,
            DropReason::WontFix => CancelReason::WontFix,
            DropReason::Ended => CancelReason::Merged,
            DropReason::RecoveredWhileHeld => CancelReason::RecoveredWhileHeld,
        }
    }
}
