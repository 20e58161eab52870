//! What must hold of every check, whatever the mechanism: from the log alone of what was pinged and when nobody listened.
//!
//! The model has the code's decomposition: a wrong idea of §9 could be in both. Here is none: only deadlines, and how much of
//! the time before them was blind. Checks with runs and counts are left to the model.

use punctual::core::blind::Window;
use punctual::core::check::Spec;
use punctual::core::schedule::Schedule;
use punctual::core::time::{Span, Time};

use crate::evidence::{Evidence, Flip};
use crate::jobs::Character;
use crate::judged::Judged;
use crate::world::World;

/// 9.4: what restarts without end add to a margin before we say that we cannot tell.
const MAX_MOVE: Span = Span::mins(15);
const MAX_BLIND: Span = Span::mins(2);

/// 9.1b: so long without a sign of life is no absence, unless the process stops.
const MAX_GAP: Span = Span::secs(10);

/// What was known of blindness when a check was judged up to a time: how many windows of each kind had been stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) up_to: Time,
    pub(crate) absences: usize,
    pub(crate) unread: usize,
}

impl Known {
    const ALL: Known = Known { up_to: Time::MAX, absences: usize::MAX, unread: usize::MAX };
}

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
    /// Whenever it was judged.
    pub(crate) judged: Vec<Known>,
}

impl Log {
    /// A success or a failure was taken.
    pub(crate) fn end(&mut self, at: Time) {
        self.ends.push(at);
        self.row = 0;
    }

    /// It is judged.
    pub(crate) fn judge(&mut self, known: Known) {
        self.judged.push(known);
    }

    /// What was known when it was judged that something happened then.
    fn known_before(&self, at: Time) -> Known {
        self.judged.iter().find(|known| known.up_to > at).copied().unwrap_or(Known::ALL)
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
    /// Deadlines that passed while somebody listened all the time: of periods, and of times.
    pub(crate) seen: [u64; 2],
    /// Deadlines with a little blindness before them.
    pub(crate) moved: [u64; 2],
    /// Deadlines with too much of it.
    pub(crate) lost: u64,
    /// Jobs that try again in time, and how often they had to.
    pub(crate) patient: u64,
}

pub(crate) fn hold(world: &World, evidence: &Evidence) -> Looks {
    let mut looks = Looks::default();
    if world.server.two_clocks.was_set_back {
        return looks;
    }
    for (id, judged) in world.server.judged.iter().filter(|(_, judged)| !judged.log.is_touched) {
        let flips = evidence.flips.get(&id.0).map_or(&[][..], Vec::as_slice);
        let name = judged.definition.name.as_str();
        if Character::of(name).tries_until_heard() {
            looks.patient += 1;
            // 9.2: a deadline at the last sign of life is before the absence, also of a job without grace that pings in that very
            // millisecond, after the sign.
            let is_before =
                |flip: &Flip| world.server.blind.absences.iter().any(|away| away.from.as_ms() == flip.at);
            let is_well = !flips.iter().any(|flip| is_late(flip) && !is_before(flip));
            assert!(is_well, "`{name}` is late, and each ping came at once or in our absence: {flips:?}");
        }
        if name == "dead" {
            the_dead_is_told(world, judged, flips);
        }
        if has_deadlines_alone(&judged.definition.spec) {
            deadlines_are_kept(world, judged, flips, &mut looks);
            nothing_is_late_too_soon(world, judged, flips);
        }
    }
    looks
}

fn has_deadlines_alone(spec: &Spec) -> bool {
    let has_deadlines = matches!(spec.schedule, Schedule::Every(_) | Schedule::At(_));
    has_deadlines && spec.max_runtime.is_none() && spec.start_within.is_none()
}

/// When a success is missing, and from when on it would have counted.
#[derive(Clone, Copy, Debug)]
struct Due {
    evidence_from: Time,
    deadline: Time,
}

/// 2.1, 2.2: what is due after a time in which nothing was. A time that comes within five seconds, or a quarter of the gap
/// to the one after it, is not.
fn due_after(spec: &Spec, from: Time) -> Option<Due> {
    let occurrences = match &spec.schedule {
        Schedule::Every(period) => {
            return Some(Due { evidence_from: from, deadline: from + *period + spec.grace });
        }
        Schedule::At(occurrences) => occurrences,
        other => panic!("{other:?}"),
    };
    let mut at = occurrences.next_after(from)?;
    loop {
        let next = occurrences.next_after(at)?;
        let early = spec.early.unwrap_or(Span::secs(5)).min(Span::ms((next - at).as_ms() / 4));
        if at - early > from {
            return Some(Due { evidence_from: at - early, deadline: at + spec.grace });
        }
        at = next;
    }
}

/// 9.4: so long a job may take to try again.
pub(crate) fn margin(spec: &Spec) -> Span {
    match &spec.schedule {
        Schedule::Every(period) => (*period + spec.grace).min(Span::mins(15)),
        _ => Span::mins(2),
    }
}

/// When nobody listened to a check, (from, to], in the order of their beginnings; parts may lie over each other. Of windows
/// those that were known; and absences that should have been.
fn blind_parts(world: &World, judged: &Judged, known: Known) -> Vec<(Time, Time)> {
    let blind = &world.server.blind;
    let counts =
        |(place, away): &(usize, &Window)| *place < known.absences || known.up_to - away.from > MAX_GAP;
    let absences = blind.absences.iter().enumerate().filter(counts).map(|(_, away)| away);
    let windows = absences.chain(blind.unread.iter().take(known.unread));
    let windows = windows.map(|window| (window.from, window.to));
    let refused = judged.log.refusals.iter().map(|at| (*at - Span::MS, *at));
    let mut parts: Vec<(Time, Time)> = windows.chain(refused).collect();
    parts.sort();
    parts
}

/// How much of (from, to] was blind; parts that lie over each other count twice.
fn blindness(parts: &[(Time, Time)], from: Time, to: Time) -> Span {
    let parts = parts.iter().map(|(begin, end)| (*end).min(to) - (*begin).max(from));
    parts.fold(Span::ZERO, |sum, part| sum + part.max(Span::ZERO))
}

/// The first time, from the deadline on, before which somebody listened for a whole margin.
fn moved(parts: &[(Time, Time)], due: Due, margin: Span) -> Time {
    let mut at = due.deadline;
    let is_evidence = |part: &&(Time, Time)| part.1 > due.evidence_from;
    while let Some((_, end)) =
        parts.iter().filter(is_evidence).find(|(begin, end)| *begin < at && *end > at - margin)
    {
        at = *end + margin;
    }
    at
}

/// Nobody ended a run in time. Had we listened all the time, it is late from its deadline on, to the millisecond; with up to
/// two minutes of absence, from when it had a margin's time to be heard; else it is bad at the latest a margin and a quarter of
/// an hour after its deadline, or when we are back.
fn deadlines_are_kept(world: &World, judged: &Judged, flips: &[Flip], looks: &mut Looks) {
    let (spec, name) = (&judged.definition.spec, &judged.definition.name);
    let (parts, margin) = (blind_parts(world, judged, Known::ALL), margin(spec));
    let kind = usize::from(matches!(spec.schedule, Schedule::At(_)));
    let begins: Vec<Time> =
        std::iter::once(judged.history[0].0).chain(judged.log.ends.iter().copied()).collect();
    for (place, from) in begins.iter().enumerate() {
        let ends = begins.get(place + 1).copied().unwrap_or(Time::MAX).min(world.diary.ends);
        let Some(due) = due_after(spec, *from).filter(|due| due.deadline < ends) else { continue };
        let at = moved(&parts, due, margin);
        let at_last = due.deadline + margin + MAX_MOVE;
        let blind = blindness(&parts, due.evidence_from, at);
        if at <= at_last && blind <= MAX_BLIND {
            if at >= ends {
                continue;
            }
            let count = if blind == Span::ZERO { &mut looks.seen } else { &mut looks.moved };
            count[kind] += 1;
            let after = causes_after(flips, at);
            assert!(after.iter().any(is_late_kind), "`{name}` is not late at {at}, for {due:?}: {flips:?}");
            continue;
        }
        let is_away = |at: &Time| parts.iter().find(|(begin, end)| begin <= at && at < end);
        let mut at_last = at_last.min(at);
        while let Some((_, back)) = is_away(&at_last) {
            at_last = *back;
        }
        if at_last < ends {
            looks.lost += 1;
            let after = causes_after(flips, at_last);
            let is_bad = after.iter().any(|kind| is_late_kind(kind) || *kind == "blind");
            assert!(is_bad, "nobody knows of `{name}` at {at_last}, for {due:?}: {flips:?}");
        }
    }
}

/// And conversely: nothing is called late before its deadline, nor before its job, which may have tried in our absence, had a
/// margin's time to try again. A refusal joins what is less than ten seconds before it to its window (9.1f), and a stop the
/// time since the last sign of life to its absence (9.1b): these are none of what was judged before, when all had been heard.
fn nothing_is_late_too_soon(world: &World, judged: &Judged, flips: &[Flip]) {
    let (spec, name) = (&judged.definition.spec, &judged.definition.name);
    let margin = margin(spec);
    let kind = usize::from(matches!(spec.schedule, Schedule::At(_)));
    let declared = judged.history[0].0;
    let mut was_late = false;
    for flip in flips {
        let at = Time::from_ms(flip.at);
        let begun = is_late(flip) && !was_late;
        was_late = is_late(flip);
        if !begun {
            continue;
        }
        let parts = blind_parts(world, judged, judged.log.known_before(at));
        let from = judged.log.ends.iter().rev().find(|end| **end <= at).copied().unwrap_or(declared);
        let due = due_after(spec, from).expect("it is due again");
        // 9.5: what we could not tell is judged at the next time, which may come soon after we are back.
        let is_next_time = kind == 1 && causes_after(flips, at - Span::MS).contains(&"blind");
        assert!(
            is_next_time || at >= moved(&parts, due, margin),
            "`{name}` is late too soon for {due:?}: {flips:?}"
        );
        let is_seen = blindness(&parts, due.evidence_from, at) == Span::ZERO;
        assert!(!is_seen || at == due.deadline, "`{name}` is late at another time than {due:?}: {flips:?}");
    }
}

/// A job that never runs is told of, in every world: by its deadline, its margin and a quarter of an hour, or when an absence
/// that lasts longer ends.
fn the_dead_is_told(world: &World, judged: &Judged, flips: &[Flip]) {
    let spec = &judged.definition.spec;
    let due = due_after(spec, judged.history[0].0).expect("it is due again");
    let mut at_last = due.deadline + margin(spec) + MAX_MOVE;
    let absences = &world.server.blind.absences;
    while let Some(away) = absences.iter().find(|away| away.from <= at_last && at_last < away.to) {
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
