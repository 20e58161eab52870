//! Which checks are looked at, and when: no clock, no task, no IO.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

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
    /// In the order of their due times.
    waiting: BTreeSet<(Time, CheckId)>,
    running: usize,
}

#[derive(Debug)]
struct Planned {
    check: Arc<Check>,
    /// When it is due, or was as its look began.
    due: Time,
    is_running: bool,
    /// What is looked at has changed while a look ran: it is looked at again then, as soon as that has ended.
    again_at: Option<Time>,
    /// It is not looked at any more, but a look still runs.
    is_gone: bool,
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

/// The newest result of what is asserted now (17.5); those of what was asserted before are forgotten (17.3b).
fn last_result(check: &Check) -> Option<Time> {
    check.known().state.results.newest_first().next().map(|result| result.at)
}

fn first_due_of(check: &Check, last: Option<Time>, now: Time) -> Option<Time> {
    first_due(check.definition.name.as_str(), &check.definition.spec.schedule, last, now)
}

/// What is declared anew, or asserted otherwise than what is `known`.
fn planned_anew(check: &Arc<Check>, known: Option<&Planned>, now: Time) -> Option<Planned> {
    let last = if known.is_none() { last_result(check) } else { None };
    let due = first_due_of(check, last, now)?;
    // What was asserted before is still being looked at: the writer drops what that finds (17.7).
    let is_running = known.is_some_and(|known| known.is_running);
    let again_at = is_running.then_some(due);
    Some(Planned { check: check.clone(), due, is_running, again_at, is_gone: false })
}

impl Planned {
    fn is_as_before(&self, check: &Check) -> bool {
        let (one, other) = (&self.check.definition.spec, &check.definition.spec);
        !self.is_gone && !one.asserts_otherwise(other) && one.schedule == other.schedule
    }

    /// Where it was another meanwhile, and is as before again, it has forgotten what was found (17.3b), and is looked at at once.
    fn due_as_before(&self, check: &Arc<Check>, now: Time) -> Time {
        let may_have_forgotten = !Arc::ptr_eq(&self.check, check) && !self.is_running;
        let first = Some(()).filter(|()| may_have_forgotten && last_result(check).is_none());
        let first = first.and_then(|()| first_due_of(check, None, now));
        first.map_or(self.due, |first| first.min(self.due))
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
            if !planned.is_running {
                self.waiting.insert((planned.due, check.id));
            }
            self.all.insert(check.id, planned);
        }
        // They count until they end, and where one is declared again meanwhile no second look begins beside it (17.6a).
        let still_running = before.into_iter().filter(|(_, known)| known.is_running);
        self.all.extend(still_running.map(|(id, known)| (id, Planned { is_gone: true, ..known })));
        self.running = self.all.values().filter(|planned| planned.is_running).count();
    }

    /// 1.1: the clock was set back to `now`. What was to come by the date before is due at its next time by the new one.
    pub(super) fn bring_back_to(&mut self, now: Time) {
        self.waiting.clear();
        for (id, planned) in &mut self.all {
            let next = planned.due_after(now).unwrap_or(now);
            planned.due = planned.due.min(next);
            planned.again_at = planned.again_at.map(|again_at| again_at.min(next));
            if !planned.is_running {
                self.waiting.insert((planned.due, *id));
            }
        }
    }

    /// When the next look is due.
    pub(super) fn next(&self) -> Option<Time> {
        self.waiting.first().map(|(due, _)| *due)
    }

    /// Whether one is due that has not begun.
    pub(super) fn is_due(&self, now: Time) -> bool {
        self.next().is_some_and(|due| due <= now)
    }

    /// How many run.
    pub(super) fn running(&self) -> usize {
        self.running
    }

    /// Begins the oldest look that is due, if there are fewer than `most`.
    pub(super) fn begin(&mut self, most: usize, now: Time) -> Option<DueLook> {
        if self.running >= most || !self.is_due(now) {
            return None;
        }
        let (due, id) = self.waiting.pop_first()?;
        let planned = self.all.get_mut(&id).expect("what waits is known");
        planned.is_running = true;
        self.running += 1;
        Some(DueLook { check: planned.check.clone(), due })
    }

    /// A look has ended, or did not begin. Answers how many due times have passed meanwhile, which are skipped.
    pub(super) fn end(&mut self, id: CheckId, became: LookEnd, now: Time) -> u64 {
        let Some(planned) = self.all.get_mut(&id).filter(|planned| planned.is_running) else { return 0 };
        planned.is_running = false;
        self.running -= 1;
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
        self.waiting.insert((next, id));
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
mod tests {
    use super::*;
    use crate::core::assertion::{AssertionResult, Outcome};
    use crate::core::blind::BlindWindows;
    use crate::core::check::{Definition, Name, Source, Spec};
    use crate::core::fixtures::probed_at;
    use crate::core::schedule::Schedule;
    use crate::core::state::State;
    use crate::core::step::{Input, step};
    use crate::core::window::WindowCount;
    use crate::store::live::Known;

    fn probed(id: u64, mins: i64) -> Arc<Check> {
        let assert = Some(probed_at("http://127.0.0.1/").into());
        let spec = Spec { assert, ..Spec::new(Schedule::Every(Span::mins(mins))) };
        let state = State::declared(&spec, start() - Span::mins(600));
        let known = Known { state, window: WindowCount::new(Span::mins(1)) };
        let name = Name::parse(&format!("c{id}")).expect("it is one");
        Arc::new(Check::new(CheckId(id), Definition::new(name, spec, Source::Api).into(), known))
    }

    /// What a look came to at this time.
    fn result_at(check: &Check, at: Time) {
        let result = AssertionResult::new(Outcome::Unknown, None);
        let mut known = check.known();
        let (spec, before) = (&check.definition.spec, known.state.clone());
        known.state = step(spec, before, &Input::Result(result), at, &BlindWindows::default()).state;
    }

    fn start() -> Time {
        Time::from_secs(1_800_000_000)
    }

    fn declared(checks: &[Arc<Check>]) -> Agenda {
        let mut agenda = Agenda::default();
        agenda.declare(checks.iter(), start());
        agenda
    }

    /// Begins all that are due.
    fn begun(agenda: &mut Agenda, now: Time) -> Vec<u64> {
        std::iter::from_fn(|| agenda.begin(64, now)).map(|look| look.check.id.0).collect()
    }

    fn times(agenda: &Agenda) -> Vec<(u64, Time)> {
        let mut times: Vec<_> = agenda.waiting.iter().map(|(due, id)| (id.0, *due)).collect();
        times.sort_unstable();
        times
    }

    /// 17.6
    #[test]
    fn of_one_check_one_look_runs_at_a_time_and_what_is_due_meanwhile_is_skipped() {
        let one = probed(1, 1);
        let mut agenda = declared(std::slice::from_ref(&one));
        let first = agenda.next().expect("it is due");
        assert!(begun(&mut agenda, first - Span::MS).is_empty());
        assert_eq!(begun(&mut agenda, first), [1]);
        assert_eq!(agenda.next(), None, "it runs");
        let ended = first + Span::mins(3);
        assert!(begun(&mut agenda, ended).is_empty());
        assert_eq!(agenda.end(one.id, LookEnd::Done, ended), 3);
        let next = agenda.next().expect("it is due again");
        assert!(next > ended && next - ended <= Span::mins(1));
        assert_eq!(agenda.end(one.id, LookEnd::Done, ended), 0, "it does not run");
    }

    /// 17.6: those that wait for room begin in the order of their due times.
    #[test]
    fn no_more_run_than_there_is_room_for() {
        let all: Vec<_> = (0..10).map(|number| probed(number, 60)).collect();
        let mut agenda = declared(&all);
        let later = start() + Span::mins(2);
        let looks: Vec<DueLook> = std::iter::from_fn(|| agenda.begin(4, later)).collect();
        assert_eq!((looks.len(), agenda.running()), (4, 4));
        assert!(looks.is_sorted_by_key(|look| look.due));
        agenda.end(looks[2].check.id, LookEnd::Done, later);
        let fifth = agenda.begin(4, later).expect("there is room again");
        assert!(fifth.due >= looks[3].due && agenda.begin(4, later).is_none());
    }

    /// 17.5b: what is looked at as before keeps its times, what is not goes, and a result that is there is not looked for again;
    /// a result of what was asserted before is none.
    #[test]
    fn a_reload_moves_only_what_it_changes() {
        let (kept, changed, gone, new) = (probed(1, 60), probed(2, 60), probed(3, 60), probed(4, 60));
        for check in [&kept, &changed, &gone] {
            result_at(check, start());
        }
        let mut agenda = declared(&[kept.clone(), changed, gone.clone()]);
        let before = times(&agenda);
        assert!(before.iter().all(|(_, due)| *due > start()), "{before:?}");
        let now = start() + Span::secs(5);
        agenda.declare([kept, probed(2, 30), new].iter(), now);
        let after = times(&agenda);
        assert_eq!(after.len(), 3);
        assert_eq!(after[0], before[0]);
        assert!(after[1..].iter().all(|(_, due)| *due - now < Span::mins(1)), "{after:?}");
        agenda.end(gone.id, LookEnd::Done, now);
        assert_eq!(times(&agenda), after);
    }

    /// 17.6a
    #[test]
    fn what_is_removed_counts_until_its_look_ends_and_no_second_begins_beside_it() {
        let (one, other) = (probed(1, 1), probed(2, 1));
        let mut agenda = declared(&[one.clone(), other.clone()]);
        let now = start() + Span::mins(2);
        assert_eq!(begun(&mut agenda, now).len(), 2);
        agenda.declare([].iter(), now);
        assert_eq!(agenda.running(), 2);
        agenda.declare([one.clone()].iter(), now);
        assert!(begun(&mut agenda, now + Span::mins(1)).is_empty());
        agenda.end(other.id, LookEnd::Done, now);
        assert_eq!((agenda.running(), agenda.next()), (1, None));
        agenda.end(one.id, LookEnd::NotWanted, now);
        assert_eq!(begun(&mut agenda, now + Span::mins(1)), [1]);
    }

    /// 17.5b: asserted otherwise and as before again between two looks round, it knows nothing any more.
    #[test]
    fn what_has_forgotten_its_results_is_looked_at_at_once() {
        let one = probed(1, 600);
        result_at(&one, start());
        let mut agenda = declared(&[one]);
        let renamed = probed(1, 600);
        result_at(&renamed, start());
        agenda.declare([renamed].iter(), start());
        assert!(agenda.next().is_some_and(|due| due - start() > Span::mins(2)));
        agenda.declare([probed(1, 600)].iter(), start());
        assert!(agenda.next().is_some_and(|due| due - start() <= Span::mins(1)));
    }

    /// 17.5b: paused, it is looked for again, and at once when that is over.
    #[test]
    fn what_is_paused_is_looked_at_soon_after() {
        let one = probed(1, 600);
        let mut agenda = declared(std::slice::from_ref(&one));
        let now = start() + Span::mins(2);
        assert_eq!(begun(&mut agenda, now), [1]);
        assert_eq!(agenda.end(one.id, LookEnd::NotWanted, now), 0);
        assert_eq!(agenda.next(), Some(now + Span::secs(1)));
    }

    /// 17.5c: nobody knows what a look has found that could not be stored.
    #[test]
    fn what_could_not_be_stored_is_looked_at_again_long_before_its_next_time() {
        let all: Vec<_> = (0..10).map(|number| probed(number, 600)).collect();
        let mut agenda = declared(&all);
        let now = start() + Span::mins(2);
        assert_eq!(begun(&mut agenda, now).len(), 10);
        for check in &all {
            assert_eq!(agenda.end(check.id, LookEnd::NotStored, now), 0);
        }
        let again: Vec<Span> = times(&agenda).iter().map(|(_, due)| *due - now).collect();
        assert!(again.iter().all(|wait| (Span::secs(1)..=Span::secs(61)).contains(wait)), "{again:?}");
        assert!(again.iter().max() > again.iter().min(), "{again:?}");
    }

    /// 1.1, 17.5d
    #[test]
    fn a_clock_that_is_set_back_delays_no_look_by_more_than_its_period() {
        let all: Vec<_> = (0..10).map(|number| probed(number, 10)).collect();
        let mut agenda = declared(&all);
        let wrong = start() + Span::mins(5_000_000);
        let running = agenda.begin(64, wrong).expect("it is due").check.id;
        while let Some(look) = agenda.begin(64, wrong) {
            agenda.end(look.check.id, LookEnd::Done, wrong);
        }
        assert!(agenda.next() > Some(wrong));
        agenda.bring_back_to(start());
        agenda.end(running, LookEnd::Done, start());
        let times = times(&agenda);
        assert_eq!(times.len(), 10);
        let is_soon = |due: Time| (Span::MS..=Span::mins(10)).contains(&(due - start()));
        assert!(times.iter().all(|(_, due)| is_soon(*due)), "{times:?}");
    }
}
