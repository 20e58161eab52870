//! Which checks are looked at, and when: no clock, no task, no IO.

use std::collections::HashMap;
use std::sync::Arc;

use super::waiting::{LookCount, LookLimits, LookQueues, LookRoom};
use crate::core::assertion::FoundBy;
use crate::core::check::CheckId;
use crate::core::probe::{due_after, first_due};
use crate::core::time::{Span, Time};
use crate::store::live::Check;

/// A check that is paused is looked for again after so long, and what could not be stored is looked at again then.
const LOOK_AGAIN: Span = Span::secs(1);
/// The most due times that one look skips and that are counted: after a suspended machine they may be many.
const MAX_SKIPPED: u64 = 1_000;

/// All checks that are looked at. Of one check one look runs at a time (17.6).
#[derive(Debug, Default)]
pub(super) struct Agenda {
    all: HashMap<CheckId, Planned>,
    waiting: LookQueues,
    running: LookCount,
}

#[derive(Debug)]
struct Planned {
    check: Arc<Check>,
    room: LookRoom,
    /// When it is due, or was as its look began.
    due: Time,
    /// In which room a look runs, which may be another than the check says by now.
    running: Option<LookRoom>,
    /// What is looked at has changed while a look ran: it is looked at again then, as soon as that has ended.
    again_at: Option<Time>,
    /// It is not looked at any more, but a look still runs.
    is_gone: bool,
    /// Since when it is armed, as far as we know: later, and it was paused meanwhile.
    armed_since: Time,
}

/// A look that is to begin.
#[derive(Clone, Debug)]
pub(super) struct DueLook {
    pub(super) check: Arc<Check>,
    pub(super) due: Time,
}

/// What became of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LookEnd {
    /// What it has found is stored, or is not wanted any more.
    Done,
    /// The check is paused, or was, or is asserted otherwise: it is looked at as soon as that is over (17.5).
    NotWanted,
    /// It could not be stored, so that nobody knows it.
    NotStored,
}

/// The newest result of what is asserted now (17.5); those of what was asserted before are forgotten (17.3b), and those from before
/// a pause or the archive say nothing of now.
fn last_result(check: &Check) -> Option<Time> {
    let state = &check.known().state;
    let newest = state.results.newest_first().next().map(|result| result.at);
    // A result is known to the second: of that of its arming nobody knows which was first, and a look too many does no harm.
    newest.filter(|at| *at >= state.armed_since)
}

fn armed_since(check: &Check) -> Time {
    check.known().state.armed_since
}

fn first_due_of(check: &Check, last: Option<Time>, now: Time) -> Option<Time> {
    first_due(check.definition.name.as_str(), &check.definition.spec.schedule, last, now)
}

/// What is declared anew, or asserted otherwise than what is `known`.
fn planned_anew(check: &Arc<Check>, known: Option<&Planned>, now: Time) -> Option<Planned> {
    let room = check.definition.spec.asserts().and_then(LookRoom::of)?;
    let last = if known.is_none() { last_result(check) } else { None };
    let due = first_due_of(check, last, now)?;
    // What was asserted before is still being looked at: the writer drops what that finds (17.7).
    let running = known.and_then(|known| known.running.clone());
    let again_at = running.as_ref().map(|_| due);
    let armed_since = armed_since(check);
    Some(Planned { check: check.clone(), room, due, running, again_at, is_gone: false, armed_since })
}

impl Planned {
    fn is_as_before(&self, check: &Check) -> bool {
        let (one, other) = (&self.check.definition.spec, &check.definition.spec);
        !self.is_gone && one.asserts_as(other) && one.schedule == other.schedule
    }

    /// Where it was another meanwhile, and is as before again, it has forgotten what was found (17.3b), and is looked at at once.
    fn due_as_before(&self, check: &Arc<Check>, now: Time) -> Time {
        let may_have_forgotten = !Arc::ptr_eq(&self.check, check) && self.running.is_none();
        let first = Some(()).filter(|()| may_have_forgotten && last_result(check).is_none());
        let first = first.and_then(|()| first_due_of(check, None, now));
        first.map_or(self.due, |first| first.min(self.due))
    }

    /// What waits is looked at as after a declaration that knows of this result, if that is earlier. One that runs says by its end
    /// that it is not wanted.
    fn bring_forward(&mut self, last: Option<Time>, now: Time, (waiting, id): (&mut LookQueues, CheckId)) {
        if let Some(due) = first_due_of(&self.check, last, now)
            && due < self.due
            && self.running.is_none()
        {
            waiting.remove(&self.room, self.due, id);
            self.due = due;
            self.wait_in(waiting);
        }
    }

    /// It waits for its due time, unless it runs.
    fn wait_in(&self, waiting: &mut LookQueues) {
        if self.running.is_none() {
            waiting.add(&self.room, self.due, self.check.id);
        }
    }

    fn due_after(&self, after: Time) -> Option<Time> {
        let definition = &self.check.definition;
        due_after(definition.name.as_str(), &definition.spec.schedule, after)
    }
}

impl Agenda {
    /// These are looked at from now on, and no others. What is looked at as before keeps its times.
    pub(super) fn declare<'c>(&mut self, checks: impl Iterator<Item = &'c Arc<Check>>, now: Time) {
        let mut before = std::mem::take(&mut self.all);
        self.waiting.clear();
        for check in checks {
            let planned = match before.remove(&check.id) {
                Some(known) if known.is_as_before(check) => {
                    Some(Planned { due: known.due_as_before(check, now), check: check.clone(), ..known })
                }
                known => planned_anew(check, known.as_ref(), now),
            };
            let Some(planned) = planned else { continue };
            planned.wait_in(&mut self.waiting);
            self.all.insert(check.id, planned);
        }
        // They count until they end, and where one is declared again meanwhile no second look begins beside it (17.6a).
        let still_running = before.into_iter().filter(|(_, known)| known.running.is_some());
        self.all.extend(still_running.map(|(id, known)| (id, Planned { is_gone: true, ..known })));
        self.running = LookCount::of(self.all.values().filter_map(|planned| planned.running.as_ref()));
    }

    /// 17.5b: what was paused, and is not any more, is looked at at once. One that runs says by its end that it is not wanted.
    pub(super) fn look_for_ends_of_pauses(&mut self, now: Time) {
        for (id, planned) in &mut self.all {
            let armed_since = armed_since(&planned.check);
            if armed_since == planned.armed_since {
                continue;
            }
            planned.armed_since = armed_since;
            let last = last_result(&planned.check);
            planned.bring_forward(last, now, (&mut self.waiting, *id));
        }
    }

    /// What is found out in another way from now on is looked at at once, whatever was found before.
    pub(super) fn look_again(&mut self, is_meant: impl Fn(&FoundBy) -> bool, now: Time) {
        for (id, planned) in &mut self.all {
            if planned.check.definition.spec.asserts().is_some_and(&is_meant) {
                planned.bring_forward(None, now, (&mut self.waiting, *id));
            }
        }
    }

    /// 1.1: the clock was set back to `now`. What was to come by the date before is due at its next time by the new one.
    pub(super) fn bring_back_to(&mut self, now: Time) {
        self.waiting.clear();
        for planned in self.all.values_mut() {
            let next = planned.due_after(now).unwrap_or(now);
            planned.due = planned.due.min(next);
            planned.again_at = planned.again_at.map(|again_at| again_at.min(next));
            planned.wait_in(&mut self.waiting);
        }
    }

    /// When the next look is due.
    pub(super) fn next(&self) -> Option<Time> {
        self.waiting.first()
    }

    /// When the next one is due of those that are not due yet.
    pub(super) fn next_after(&self, now: Time) -> Option<Time> {
        self.waiting.first_after(now)
    }

    /// Whether one is due that has not begun.
    pub(super) fn is_due(&self, now: Time) -> bool {
        self.next().is_some_and(|due| due <= now)
    }

    /// How many run.
    pub(super) fn running(&self) -> &LookCount {
        &self.running
    }

    /// Begins the oldest look that is due and has room, where so many may run.
    pub(super) fn begin(&mut self, most: &LookLimits, now: Time) -> Option<DueLook> {
        let (due, id) = self.waiting.take(&self.running, most, now)?;
        let planned = self.all.get_mut(&id).expect("what waits is known");
        planned.running = Some(planned.room.clone());
        self.running.add(&planned.room);
        Some(DueLook { check: planned.check.clone(), due })
    }

    /// A look has ended, or did not begin. Answers how many due times have passed meanwhile, which are skipped.
    pub(super) fn end(&mut self, id: CheckId, became: LookEnd, now: Time) -> u64 {
        let Some(planned) = self.all.get_mut(&id) else { return 0 };
        let Some(room) = planned.running.take() else { return 0 };
        self.running.remove(&room);
        if planned.is_gone {
            self.all.remove(&id);
            return 0;
        }
        let again_at = planned.again_at.take();
        let (mut skipped, mut next) = (0, again_at);
        if again_at.is_none() {
            next = match became {
                LookEnd::Done => {
                    skipped = count_skipped(planned, now);
                    planned.due_after(now)
                }
                LookEnd::NotWanted => Some(now + LOOK_AGAIN),
                // As after a start that knows of no result: not all of them in one moment.
                LookEnd::NotStored => first_due_of(&planned.check, None, now + LOOK_AGAIN),
            };
        }
        // There is always a next one, but at the end of the years that are supported.
        let Some(next) = next else { return skipped };
        planned.due = next;
        planned.wait_in(&mut self.waiting);
        skipped
    }
}

fn count_skipped(planned: &Planned, now: Time) -> u64 {
    let (mut skipped, mut due) = (0, planned.due);
    while skipped < MAX_SKIPPED
        && let Some(missed) = planned.due_after(due).filter(|missed| *missed <= now)
    {
        skipped += 1;
        due = missed;
    }
    skipped
}

#[cfg(test)]
mod tests;
