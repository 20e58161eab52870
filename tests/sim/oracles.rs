//! What must hold of every check, whatever the mechanism: from the log alone of what was pinged and when nobody listened.
//!
//! The model has the code's decomposition: a wrong idea of §9 could be in both. Here is none: only deadlines, and how much of
//! the time before them was blind. Checks with runs and counts are left to the model.

use punctual::core::schedule::Schedule;
use punctual::core::time::{Span, Time};

use crate::evidence::{Evidence, Flip};
use crate::judged::Judged;
use crate::world::World;

/// 9.4: what restarts without end add to a margin before we say that we cannot tell.
const MAX_MOVE: Span = Span::mins(15);
const MAX_BLIND: Span = Span::mins(2);

/// What a bystander saw of one check.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    /// Successes and failures that were taken, and did not only repeat.
    pub(crate) ends: Vec<Time>,
    /// Moments in which a ping was refused.
    pub(crate) refusals: Vec<Time>,
    /// How many of them came in a row, and how many at most.
    pub(crate) row: u32,
    pub(crate) longest_row: u32,
    /// It was paused, declared otherwise, or taken out.
    pub(crate) is_touched: bool,
}

impl Log {
    /// A success or a failure was taken.
    pub(crate) fn end(&mut self, at: Time) {
        self.ends.push(at);
        self.row = 0;
    }

    /// In one turn.
    pub(crate) fn refuse(&mut self, times: Vec<Time>) {
        self.row += u32::from(!times.is_empty());
        self.longest_row = self.longest_row.max(self.row);
        self.refusals.extend(times);
    }
}

/// How often each of these was looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Looks {
    /// Deadlines that passed while somebody listened all the time.
    pub(crate) seen: u64,
    /// Deadlines with a little blindness before them.
    pub(crate) moved: u64,
}

pub(crate) fn hold(world: &World, evidence: &Evidence) -> Looks {
    let mut looks = Looks::default();
    if world.was_jump {
        return looks;
    }
    for (id, judged) in world.server.judged.iter().filter(|(_, judged)| !judged.log.is_touched) {
        let flips = evidence.flips.get(&id.0).map_or(&[][..], Vec::as_slice);
        if judged.definition.name.as_str() == "good" {
            let is_well = !flips.iter().any(is_late);
            assert!(is_well, "late, and each ping came at once or in our absence: {flips:?}");
        }
        if judged.definition.name.as_str() == "dead" {
            the_dead_is_told(world, judged, flips);
        }
        let spec = &judged.definition.spec;
        if let (Schedule::Every(period), None, None) = (&spec.schedule, spec.max_runtime, spec.start_within) {
            deadlines_are_kept(world, judged, flips, *period + spec.grace, &mut looks);
        }
    }
    looks
}

/// How much of (from, to] was blind for a check; parts that lie over each other count twice.
fn blindness(world: &World, judged: &Judged, from: Time, to: Time) -> Span {
    let windows = world.server.blind.absences.iter().chain(&world.server.blind.unread);
    let windows = windows.map(|window| (window.from, window.to));
    let refused = judged.log.refusals.iter().map(|at| (*at - Span::MS, *at));
    let parts = windows.chain(refused).map(|(begin, end)| end.min(to) - begin.max(from));
    parts.fold(Span::ZERO, |sum, part| sum + part.max(Span::ZERO))
}

/// Nobody ended a run in time. Had we listened all the time, it is late from its deadline on, to the millisecond; with up to
/// two minutes of absence it is bad at the latest a margin and a quarter of an hour after it.
fn deadlines_are_kept(world: &World, judged: &Judged, flips: &[Flip], within: Span, looks: &mut Looks) {
    let declared = judged.history[0].0;
    let begins: Vec<Time> = std::iter::once(declared).chain(judged.log.ends.iter().copied()).collect();
    let margin = within.min(Span::mins(15));
    let name = &judged.definition.name;
    for (place, from) in begins.iter().enumerate() {
        let next = begins.get(place + 1).copied().unwrap_or(Time::MAX);
        let deadline = *from + within;
        let at_last = deadline + margin + MAX_MOVE;
        let is_over = next > deadline && deadline < world.diary.ends;
        if is_over && blindness(world, judged, *from, deadline) == Span::ZERO {
            looks.seen += 1;
            let after = causes_after(flips, deadline);
            assert!(after.iter().any(is_late_kind), "`{name}` is not late at {deadline}: {flips:?}");
        }
        let blind = blindness(world, judged, *from, at_last);
        if next > at_last && at_last < world.diary.ends && blind > Span::ZERO && blind <= MAX_BLIND {
            looks.moved += 1;
            assert!(!causes_after(flips, at_last).is_empty(), "`{name}` is not bad at {at_last}: {flips:?}");
        }
    }
    // And conversely: nothing is called late at another time, or earlier than it would be had nobody been away.
    let mut was_late = false;
    for flip in flips {
        let at = Time::from_ms(flip.at);
        let begun = is_late(flip) && !was_late;
        was_late = is_late(flip);
        let from = begins.iter().rev().find(|begin| **begin <= at).copied().unwrap_or(declared);
        if begun {
            assert!(at >= from + within, "`{name}` is late before its deadline: {flips:?}");
            let is_seen = blindness(world, judged, from, at) == Span::ZERO;
            assert!(!is_seen || at == from + within, "`{name}` is late at another time: {flips:?}");
            let moved = moved_by_refusals(judged, from + within, margin);
            assert!(at >= moved, "`{name}` is late, and not before {moved} can it be (9.1): {flips:?}");
        }
    }
}

/// 9.1, 9.4: a ping that is refused moves the deadline on, and so does each that is refused until then.
fn moved_by_refusals(judged: &Judged, deadline: Time, margin: Span) -> Time {
    let mut refusals = judged.log.refusals.clone();
    refusals.sort();
    let before = |at: Time| refusals.iter().rev().find(|refused| **refused <= at);
    let mut moved = deadline;
    while let Some(later) = before(moved).map(|at| *at + margin).filter(|later| *later > moved) {
        moved = later;
    }
    moved
}

/// A job that never runs is told of, in every world: by its deadline, its margin and a quarter of an hour, or when an absence
/// that lasts longer ends.
fn the_dead_is_told(world: &World, judged: &Judged, flips: &[Flip]) {
    let declared = judged.history[0].0;
    let grace = judged.definition.spec.grace;
    let (due, margin) = match &judged.definition.spec.schedule {
        Schedule::Every(period) => (declared + *period, (*period + grace).min(Span::mins(15))),
        Schedule::At(occurrences) => {
            let due = occurrences.next_after(declared + Span::secs(5));
            (due.expect("it occurs again"), Span::mins(2))
        }
        other => panic!("{other:?}"),
    };
    let mut at_last = due + grace + margin + MAX_MOVE;
    let absences = &world.server.blind.absences;
    while let Some(away) = absences.iter().find(|away| away.from < at_last && at_last < away.to) {
        at_last = away.to;
    }
    if at_last < world.diary.ends {
        let causes = causes_after(flips, at_last);
        assert!(!causes.is_empty(), "nobody knows at {at_last} of a dead job: {flips:?}");
    }
}

fn causes_after(flips: &[Flip], at: Time) -> Vec<&str> {
    let last = flips.iter().take_while(|flip| flip.at <= at.as_ms()).last();
    last.map_or(Vec::new(), |flip| flip.causes.iter().map(|(kind, ..)| kind.as_str()).collect())
}

fn is_late_kind(kind: &&str) -> bool {
    matches!(*kind, "missing" | "never_seen")
}

fn is_late(flip: &Flip) -> bool {
    flip.causes.iter().any(|(kind, ..)| is_late_kind(&kind.as_str()))
}
