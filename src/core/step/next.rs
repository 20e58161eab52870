//! The next transition of a check without further input.

use super::sight::{self, Judged, Sight};
use crate::core::blind::{BlindWindows, Window};
use crate::core::cause::CauseKind;
use crate::core::check::Spec;
use crate::core::schedule::{Expect, Occurrences, Schedule};
use crate::core::state::State;
use crate::core::time::{Span, Time};

/// The default of `early`: how long before an occurrence a ping serves it (2.2).
pub(super) const EARLY: Span = Span::secs(5);
/// Occurrences are at least a minute apart. If `early` is no longer than a quarter of that, the next occurrence need
/// not be computed, which halves the work with cron for a scrape and a ping.
const QUARTER_OF_THE_SHORTEST_GAP: Span = Span::secs(15);
/// How far blindness moves a deadline if no other margin applies (9.4).
const MARGIN: Span = Span::mins(2);
/// The most that it moves the deadline of a period or of a sliding count (9.4).
const MAX_MARGIN: Span = Span::mins(15);

/// A transition. It takes effect from the millisecond after its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) at: Time,
    /// What it would be without blindness.
    pub(super) what: TransitionKind,
    /// Set if we cannot tell: the last blind window of its evidence.
    pub(super) blind: Option<Window>,
}

/// What a transition does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TransitionKind {
    /// A late cause begins: `missing`, `never_seen`, `not_started`, or `too_few` of a sliding count.
    Late(CauseKind),
    /// A run has taken too long.
    Overrun {
        /// When the run started.
        start: Time,
    },
    /// A counted check reaches an occurrence.
    Count { occurrence: Time },
    /// The grace of an occurrence with a shortfall is over.
    Shortfall { occurrence: Time },
    /// A sliding count no longer exceeds `at_most`.
    CountFits,
    /// A pause at run time is over (7.2).
    PauseEnds,
}

/// When the next success is expected (2.1, 2.2, 2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NextDue {
    pub(super) at: Time,
    /// The period that is over at that time; `None`: it is an occurrence of a schedule.
    pub(super) period: Option<Span>,
    /// Where its evidence begins (9.3): the last discharge, or due − early.
    pub(super) evidence_from: Time,
}

/// The earliest transition; `None` if only an input can change anything.
pub(super) fn next(spec: &Spec, state: &State, blind: &BlindWindows) -> Option<Next> {
    next_of(Judged { spec, state, blind: Some(blind) })
}

/// The time of [`next`] if nothing were blind: never later, since blindness moves what is due, and makes nothing due.
pub(super) fn at_earliest(spec: &Spec, state: &State) -> Option<Time> {
    next_of(Judged { spec, state, blind: None }).map(|next| next.at)
}

fn next_of(judged: Judged<'_>) -> Option<Next> {
    let Judged { spec, state, .. } = judged;
    if state.archived.is_some() {
        return None;
    }
    if state.pause.since().is_some() {
        return state.pause.until.map(|at| Next { at, what: TransitionKind::PauseEnds, blind: None });
    }
    let mut first: Option<Next> = None;
    let mut consider = |sight: Sight, what| {
        if first.is_none_or(|first| sight.at < first.at) {
            first = Some(Next { at: sight.at, what, blind: sight.blind });
        }
    };
    match &spec.schedule {
        // 17.10: that we have not looked is our fault, and not the check's.
        _ if spec.is_probed() => {}
        Schedule::Every(_) | Schedule::Periods(_) | Schedule::At(_) => {
            scheduled(judged, &mut consider);
        }
        Schedule::CountedAt(occurrences, expect) => {
            counted(judged, occurrences, expect, &mut consider);
        }
        Schedule::Counted(expect) => sliding(judged, expect, &mut consider),
        Schedule::Unscheduled => {}
    }
    overrun(judged, &mut consider);
    first
}

/// The current due time; `None` for counted checks, and outside the supported years.
pub(super) fn due(spec: &Spec, state: &State) -> Option<NextDue> {
    let base = state.last_discharge.map_or(state.armed_since, |at| at.max(state.armed_since));
    match &spec.schedule {
        Schedule::Every(period) => {
            let from = base.max(state.floor);
            Some(NextDue { at: from + *period, period: Some(*period), evidence_from: from })
        }
        Schedule::Periods(periods) => {
            let from = base.max(state.floor);
            let due = periods.due(from)?;
            Some(NextDue { at: due.at, period: Some(due.period), evidence_from: from })
        }
        Schedule::At(occurrences) => {
            let mut at = occurrences.next_after(base)?;
            if at <= base + spec.early.unwrap_or(EARLY) && at <= base + early(spec, occurrences, at) {
                at = occurrences.next_after(at)?;
            }
            if at <= state.floor {
                at = occurrences.next_after(state.floor)?;
            }
            Some(NextDue { at, period: None, evidence_from: at - early(spec, occurrences, at) })
        }
        Schedule::CountedAt(..) | Schedule::Counted(_) | Schedule::Unscheduled => None,
    }
}

/// How long before this occurrence a ping serves it: at most a quarter of the gap to the next (2.2).
pub(super) fn early(spec: &Spec, occurrences: &Occurrences, occurrence: Time) -> Span {
    let early = spec.early.unwrap_or(EARLY);
    if early <= QUARTER_OF_THE_SHORTEST_GAP {
        return early;
    }
    match occurrences.next_after(occurrence) {
        Some(next) => early.min(Span::ms((next - occurrence).as_ms() / 4)),
        None => early,
    }
}

/// From when on a success, or a result, serves the occurrence at this time (2.2); `None`: there are no occurrences.
pub fn served_from(spec: &Spec, due: Time) -> Option<Time> {
    match &spec.schedule {
        Schedule::At(occurrences) => Some(due - early(spec, occurrences, due)),
        _ => None,
    }
}

/// How long after the due time a start still serves it (4.2).
pub(super) fn start_window(spec: &Spec) -> Span {
    spec.start_within.unwrap_or(spec.grace)
}

fn scheduled(judged: Judged<'_>, consider: &mut impl FnMut(Sight, TransitionKind)) {
    let Judged { spec, state, .. } = judged;
    let missed = state.causes.has(CauseKind::Missing) || state.causes.has(CauseKind::NeverSeen);
    let Some(due) = due(spec, state).filter(|_| !missed) else { return };
    let margin = margin(judged, &due);
    // With `max_runtime`, the start that serves this due time has replaced its deadline (4.2): see `overrun`.
    if state.claim.is_none() || spec.max_runtime.is_none() {
        let kind = if state.last_discharge.is_none() { CauseKind::NeverSeen } else { CauseKind::Missing };
        let sight = sight::look(judged, due.evidence_from, due.at + spec.grace, margin);
        consider(sight, TransitionKind::Late(kind));
    }
    if let Some(within) = spec.start_within
        && state.claim.is_none()
        && !state.causes.has(CauseKind::NotStarted)
    {
        let sight = sight::look(judged, due.evidence_from, due.at + within, margin);
        consider(sight, TransitionKind::Late(CauseKind::NotStarted));
    }
}

/// 9.4: how far blindness moves the deadline of this due time.
fn margin(judged: Judged<'_>, due: &NextDue) -> Span {
    let spec = judged.spec;
    let of_period = |period: Span| (period + spec.grace).min(MAX_MARGIN);
    let margin = due.period.map_or(MARGIN, of_period);
    match spec.max_runtime {
        Some(runtime) if sight::may_lack_pings(judged, due.evidence_from, due.at + start_window(spec)) => {
            margin.max(runtime)
        }
        _ => margin,
    }
}

fn overrun(judged: Judged<'_>, consider: &mut impl FnMut(Sight, TransitionKind)) {
    let Judged { spec, state, .. } = judged;
    let Some(max_runtime) = spec.max_runtime else { return };
    let serving = state.claim.filter(|claim| !claim.judged).map(|claim| claim.start);
    // All runs, not only the oldest: blindness may have moved its limit past that of a younger run.
    for start in state.runs.iter().map(|run| run.start).chain(serving) {
        consider(sight::look(judged, start, start + max_runtime, MARGIN), TransitionKind::Overrun { start });
    }
}

fn counted(
    judged: Judged<'_>,
    occurrences: &Occurrences,
    expect: &Expect,
    consider: &mut impl FnMut(Sight, TransitionKind),
) {
    let Judged { spec, state, .. } = judged;
    let Some(counted) = state.counted else { return };
    // Before the pending one, so that at equal times the new occurrence is counted first.
    if let Some(occurrence) = occurrences.next_after(counted.judged_to) {
        consider(Sight { at: occurrence, blind: None }, TransitionKind::Count { occurrence });
    }
    if let Some(occurrence) = counted.pending {
        let from = occurrence - expect.within;
        let sight = sight::look(judged, from, occurrence + spec.grace, MARGIN);
        consider(sight, TransitionKind::Shortfall { occurrence });
    }
}

fn sliding(judged: Judged<'_>, expect: &Expect, consider: &mut impl FnMut(Sight, TransitionKind)) {
    let state = judged.state;
    if let Some(sight) = sliding_shortfall(judged, expect)
        && !state.causes.has(CauseKind::TooFew)
    {
        consider(sight, TransitionKind::Late(CauseKind::TooFew));
    }
    if let Some(at_most) = expect.at_most
        && state.causes.has(CauseKind::TooMany)
    {
        // Nothing ends during a pause, so the count fits only once the pause is over.
        let leaves = state.successes.nth_newest(at_most + 1).map_or(state.newest, |at| at + expect.within);
        consider(Sight { at: leaves.max(state.armed_since), blind: None }, TransitionKind::CountFits);
    }
}

/// When a sliding count falls below `at_least` (3.4), including the grace.
pub(super) fn sliding_shortfall(judged: Judged<'_>, expect: &Expect) -> Option<Sight> {
    let Judged { spec, state, .. } = judged;
    let begins = state.armed_since.max(state.floor);
    let nth = state.successes.nth_newest(expect.at_least?).map_or(begins, |at| at.max(begins));
    let short_from = nth + expect.within;
    Some(sight::look(judged, nth, short_from + spec.grace, expect.within.min(MAX_MARGIN)))
}

/// 1.1h: from when on successes count, so that a sliding count that is not late is not before `now` and its margin, as if
/// the absence that is forgotten had ended now; `None`: it will not be.
pub(super) fn count_from(spec: &Spec, state: &State, blind: &BlindWindows, now: Time) -> Option<Time> {
    let Schedule::Counted(expect) = &spec.schedule else { return None };
    let judged = Judged { spec, state, blind: Some(blind) };
    let shortfall = sliding_shortfall(judged, expect).filter(|_| !state.causes.has(CauseKind::TooFew))?;
    let at_earliest = now + expect.within.min(MAX_MARGIN);
    (shortfall.at < at_earliest).then(|| at_earliest - spec.grace - expect.within)
}

/// Nothing that ended by this time is evidence of a judgement that is still to be made (9.3): all evidence that this
/// module looks at begins later.
pub(super) fn evidence_since(spec: &Spec, state: &State) -> Time {
    let of_schedule = match &spec.schedule {
        Schedule::Every(_) | Schedule::Periods(_) | Schedule::Unscheduled => state.last_discharge,
        // The gap to the next occurrence may be longer, and so may its `early`.
        Schedule::At(_) => state.last_discharge.map(|at| at - spec.early.unwrap_or(EARLY)),
        Schedule::CountedAt(_, expect) => {
            let counted = state.counted.map(|counted| counted.pending.unwrap_or(counted.judged_to));
            counted.map(|occurrence| occurrence - expect.within)
        }
        Schedule::Counted(expect) => {
            expect.at_least.and_then(|at_least| state.successes.nth_newest(at_least))
        }
    };
    let runs = state.runs.iter().map(|run| run.start).chain(state.claim.map(|claim| claim.start));
    runs.fold(of_schedule.unwrap_or(Time::MIN), Time::min)
}
