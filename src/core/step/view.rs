//! A check as seen at a time. Lateness is computed for that time, not read from a flag (1.5, 6.2).

use super::guard::guarded;
use super::sight::Judged;
use super::{Input, next, rests, step};
use crate::core::blind::BlindWindows;
use crate::core::cause::{CauseKind, Causes, Family, Status};
use crate::core::check::Spec;
use crate::core::schedule::Schedule;
use crate::core::state::State;
use crate::core::time::Time;

/// What gauges and pages show of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Includes [`Status::Grace`].
    pub status: Status,
    /// A late cause holds, and no pause hides it.
    pub late: bool,
    /// A failing cause holds, and no pause hides it.
    pub failing: bool,
    /// It is unknown, and no pause hides it.
    pub unknown: bool,
    /// Paused by its file or at run time.
    pub paused: bool,
    /// A run is open.
    pub running: bool,
    /// When the next success is expected. For a counted check, the occurrence that is judged next.
    pub due: Option<Time>,
    /// When it will be late.
    pub deadline: Option<Time>,
    /// The causes; empty while a pause hides them.
    pub causes: Causes,
}

/// The view of a check at a time. If `now` is before the state's newest time, the check is seen as it was left.
pub fn view(spec: &Spec, state: &State, now: Time, blind: &BlindWindows) -> View {
    if state.causes.has(CauseKind::Unjudgeable) {
        return look(state, now, (None, None));
    }
    guarded(spec, || judged_view(spec, state, now, blind)).unwrap_or_else(|| {
        let mut unknown = state.clone();
        unknown.set(CauseKind::Unjudgeable, unknown.archived.is_none(), now);
        look(&unknown, now, (None, None))
    })
}

fn judged_view(spec: &Spec, state: &State, now: Time, blind: &BlindWindows) -> View {
    let overdue = next::next(spec, state, blind).is_some_and(|next| next.at < now);
    if overdue && now >= state.newest {
        let settled = step(spec, state.clone(), &Input::Tick, now, blind).state;
        return look(&settled, now, due_and_deadline(spec, &settled, blind));
    }
    look(state, now, due_and_deadline(spec, state, blind))
}

/// The deadline that the users of a check with an alias were told: the coming one, or the one that was missed. It stays
/// the same if it could not be judged (9.5). `None` while the check is paused.
pub fn promised_deadline(spec: &Spec, state: &State, now: Time, blind: &BlindWindows) -> Option<Time> {
    let view = view(spec, state, now, blind);
    if !view.unknown {
        return view.deadline;
    }
    let promised = State { floor: Time::MIN, ..state.clone() };
    guarded(spec, || next::due(spec, &promised).map(|due| due.at + spec.grace)).flatten()
}

fn look(state: &State, now: Time, (due, deadline): (Option<Time>, Option<Time>)) -> View {
    let judged = state.is_judged();
    let status = match state.status() {
        Status::Up | Status::New if due.is_some_and(|due| due < now) => Status::Grace,
        status => status,
    };
    View {
        status,
        late: judged && state.causes.any(Family::Late),
        failing: judged && state.causes.any(Family::Failing),
        unknown: judged && state.causes.any(Family::Unknown),
        paused: state.pause.since().is_some(),
        running: !state.runs.is_empty(),
        due,
        deadline,
        causes: if judged { state.causes.clone() } else { Causes::default() },
    }
}

fn due_and_deadline(spec: &Spec, state: &State, blind: &BlindWindows) -> (Option<Time>, Option<Time>) {
    if rests(state) || spec.is_probed() {
        return (None, None);
    }
    match &spec.schedule {
        Schedule::Every(_) | Schedule::Periods(_) | Schedule::At(_) => {
            let due = next::due(spec, state).map(|due| due.at);
            let replaced =
                state.claim.zip(spec.max_runtime).map(|(claim, max_runtime)| claim.start + max_runtime);
            (due, replaced.or(due.map(|due| due + spec.grace)))
        }
        Schedule::CountedAt(occurrences, _) => {
            let counted = state.counted;
            let next = counted.and_then(|counted| occurrences.next_after(counted.judged_to));
            let due = counted.and_then(|counted| counted.pending).or(next);
            (due, due.map(|due| due + spec.grace))
        }
        Schedule::Counted(expect) => {
            let judged = Judged { spec, state, blind: Some(blind) };
            (None, next::sliding_shortfall(judged, expect).map(|sight| sight.at))
        }
        Schedule::Unscheduled => (None, None),
    }
}
