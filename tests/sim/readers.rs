//! Whoever looks at the checks, as pages and `/metrics` do, at every instant and in the midst of the writer's turns (1.5).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use punctual::core::cause::{CauseKind, Family};
use punctual::core::check::CheckId;
use punctual::core::time::Time;
use punctual::store::live::Live;
use punctual::store::writer::Writer;

use crate::judged::Judged;
use crate::model::Causes;
use crate::world::World;

/// What was seen of one check.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Sight {
    era: u32,
    check: CheckId,
    /// As of when, and when: what is stored may be newer than what all is stored up to.
    at: Time,
    now: Time,
    /// Files are still to change it: it is seen as it was when they were taken, and not by what they say (10.5).
    is_pending: bool,
    late: bool,
    unknown: bool,
    paused: bool,
}

/// Kind, since, would-be.
type Cause = (CauseKind, Time, Option<CauseKind>);

/// All that was seen, until it is known how it was.
#[derive(Clone, Debug, Default)]
pub(crate) struct Readers(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    sights: Vec<Sight>,
    /// How often the clock was set.
    era: u32,
    /// How often somebody looked, how often of that before now, and how many late checks were seen.
    looks: u64,
    behind: u64,
    late: u64,
}

impl Readers {
    /// Looks at all checks.
    pub(crate) fn look(&self, writer: &Writer, live: &Live, now: Time) -> Time {
        // Before the states.
        let as_of = live.as_of(writer.applied_to());
        let mut seen = self.0.lock().unwrap();
        let era = seen.era;
        seen.looks += 1;
        seen.behind += u64::from(as_of.at < now);
        for check in live.directory().checks.iter() {
            let view = as_of.view(check, &check.state());
            let at = as_of.at_of(check);
            let is_pending = at < as_of.at;
            seen.late += u64::from(view.late);
            seen.sights.push(Sight {
                era,
                check: check.id,
                at,
                now: if is_pending { at } else { now },
                is_pending,
                late: view.late,
                unknown: view.unknown,
                paused: view.paused,
            });
        }
        as_of.at
    }

    /// The clock was set, and that is stored.
    pub(crate) fn clock_was_set(&self) {
        self.0.lock().unwrap().era += 1;
    }

    /// A process died. What it showed after its last sign of life was as right as it is forgotten, and the next process may
    /// see the same time again.
    pub(crate) fn forget(&self, after: Time, until: Time) {
        self.0.lock().unwrap().sights.retain(|sight| sight.at <= after || until < sight.at);
    }

    /// Now it is known how it was: nobody was told of lateness that there was not, and none was kept from anybody. What was
    /// seen `before_a_death`, after the last sign of life, was as right as it was forgotten; while requests are refused unread,
    /// from when on we cannot tell is another time with each of them.
    pub(crate) fn hold(
        &self,
        judged: &BTreeMap<CheckId, Judged>,
        era: u32,
        (before_a_death, is_refused): (impl Fn(Time) -> bool, impl Fn(Time) -> bool),
    ) {
        let mut seen = self.0.lock().unwrap();
        let (sights, later) =
            std::mem::take(&mut seen.sights).into_iter().partition(|sight| sight.era <= era);
        seen.sights = later;
        drop(seen);
        let sights: Vec<Sight> = sights;
        for sight in sights {
            let judged = judged.get(&sight.check).expect("what was seen was declared");
            if judged.model.knows(sight.now) && !before_a_death(sight.at) {
                hold(&sight, judged, is_refused(sight.at));
            }
        }
    }

    /// How often somebody looked, how often of that before now, and how many late checks were seen.
    pub(crate) fn tally(&self) -> (u64, u64, u64) {
        let seen = self.0.lock().unwrap();
        (seen.looks, seen.behind, seen.late)
    }
}

/// A check was seen as it was at some moment from then on.
fn hold(sight: &Sight, judged: &Judged, may_move: bool) {
    let (name, causes) = (&judged.definition.name, between(judged, sight.at, sight.now));
    for (family, seen) in [(Family::Late, sight.late), (Family::Unknown, sight.unknown)] {
        let is_of_it = |cause: &&Cause| cause.0.family() == family;
        let was = causes.iter().any(|causes| causes.iter().any(|cause| is_of_it(&cause)));
        assert!(
            !seen || sight.paused || was || family == Family::Unknown && may_move,
            "`{name}` was seen as {family:?}, which it was not (1.5): {sight:?} of {causes:?}"
        );
        let lasts = |cause: &Cause| causes.iter().all(|causes| causes.contains(cause));
        let was_all_along = causes[0].iter().filter(is_of_it).any(lasts);
        assert!(
            seen || sight.paused || sight.is_pending || !was_all_along,
            "`{name}` was not seen as {family:?}, which it was: {sight:?} of {causes:?}"
        );
    }
}

/// The causes just before a time, and all those from then until another.
fn between(judged: &Judged, from: Time, to: Time) -> Vec<&Causes> {
    let era = &judged.history[judged.era..];
    // The first was there when the era began, or when the check did.
    let before = era[1..].partition_point(|(time, _)| *time < from);
    let last = era[1..].partition_point(|(time, _)| *time <= to);
    era[before..=last].iter().map(|(_, causes)| causes).collect()
}

impl World {
    /// Somebody looks now. Where nothing waits and nothing is wrong, it is as of now.
    pub(crate) fn look_on(&mut self) {
        let Some(process) = &self.server.process else { return };
        if self.server.unsure_since.is_some() {
            return;
        }
        let now = self.diary.now;
        let at = self.server.readers().look(&process.writer, &process.live, now);
        assert!(at <= now, "somebody looks at the future");
        let is_idle = self.is_ready() && self.waiting.is_empty() && self.server.is_heard(now);
        let is_well = is_idle && process.clock.is_trusted();
        assert!(!is_well || at == now, "all is well, and yet what is shown is as of {at}");
    }
}
