//! An independent judge of one check, written from docs/semantics.md and not from the code.
//!
//! It is slow and plain: it keeps facts, and walks over every point of a grid of time, asking of each rule whether it
//! speaks at that point. Nothing is computed ahead. All facts must lie on the grid, and so must all lengths of time.

mod fact;
mod judge;

use std::collections::BTreeMap;
use std::sync::Arc;

use punctual::core::cause::{CauseKind, Family};
use punctual::core::check::{PingKind, Rid, Spec};
use punctual::core::refusals::Refused;
use punctual::core::schedule::Schedule;
use punctual::core::time::{Span, Time};

/// What a check is judged by: its spec, and every occurrence of its schedule that the test can reach.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) spec: Spec,
    occurrences: Arc<[Time]>,
    /// Later ones are not known.
    to: Time,
}

impl Plan {
    pub(crate) fn new(spec: &Spec, from: Time, to: Time) -> Plan {
        let mut occurrences = Vec::new();
        if let Schedule::At(at) | Schedule::CountedAt(at, _) = &spec.schedule {
            let mut last = from;
            while let Some(next) = at.next_after(last).filter(|next| *next <= to) {
                occurrences.push(next);
                last = next;
            }
        }
        Plan { spec: spec.clone(), occurrences: occurrences.into(), to }
    }

    fn occurrence_after(&self, time: Time) -> Option<Time> {
        self.occurrences.get(self.occurrences.partition_point(|at| *at <= time)).copied()
    }

    fn occurrence_before(&self, time: Time) -> Option<Time> {
        let place = self.occurrences.partition_point(|at| *at < time);
        place.checked_sub(1).map(|place| self.occurrences[place])
    }

    fn is_occurrence(&self, time: Time) -> bool {
        self.occurrences.binary_search(&time).is_ok()
    }

    /// 2.2: 5 s, at most a quarter of the gap to the next occurrence.
    fn early(&self, occurrence: Time) -> Span {
        let early = self.spec.early.unwrap_or(Span::secs(5));
        let gap = self.occurrence_after(occurrence).map(|next| next - occurrence);
        gap.map_or(early, |gap| early.min(Span::ms(gap.as_ms() / 4)))
    }

    /// 4.2
    fn start_window(&self) -> Span {
        self.spec.start_within.unwrap_or(self.spec.grace)
    }
}

/// A run that began and did not end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Run {
    rid: Option<Rid>,
    start: Time,
    overlapped: bool,
}

/// The last counted fact of a run id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Remembered {
    kind: PingKind,
    exit_status: Option<u8>,
    at: Time,
    run_closed_by_pause: bool,
}

/// What is known of one check.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Model {
    /// The next point of time that is to be judged.
    walked: Time,
    armed: Time,
    floor: Time,
    discharge: Option<Time>,
    /// The first start that serves the current due time, and whether its overrun was judged (4.2).
    serving: Option<(Time, bool)>,
    runs: Vec<Run>,
    rids: BTreeMap<Rid, Remembered>,
    nameless_run_closed_by_pause: bool,
    fails_in_a_row: u32,
    successes_in_a_row: u32,
    /// 17.4
    unknowns_in_a_row: u32,
    successes: Vec<Time>,
    /// An occurrence with a shortfall that its grace may fill, and the one that it is late for (3.1, 3.3).
    short_for: Option<Time>,
    late_for: Option<Time>,
    counted_to: Time,
    pub(crate) paused_by_file: bool,
    pub(crate) paused_at_run_time: bool,
    /// 7.2
    paused_since: Time,
    paused_until: Option<Time>,
    pub(crate) archived: bool,
    /// Since when, and what it would have been.
    pub(crate) causes: BTreeMap<CauseKind, (Time, Option<CauseKind>)>,
    /// Blind windows, (from, to], those in which requests were refused unread, and every refusal of its pings as it was told.
    blind: Vec<(Time, Time)>,
    unread: Vec<(Time, Time)>,
    refusals: Vec<Refused>,
}

/// What a status says of causes.
pub(crate) type Causes = Vec<(CauseKind, Time, Option<CauseKind>)>;

impl Model {
    pub(crate) fn declared(plan: &Plan, now: Time) -> Model {
        Model {
            walked: now,
            armed: now,
            floor: now,
            discharge: None,
            serving: None,
            runs: Vec::new(),
            rids: BTreeMap::new(),
            nameless_run_closed_by_pause: false,
            fails_in_a_row: 0,
            successes_in_a_row: 0,
            unknowns_in_a_row: 0,
            successes: Vec::new(),
            short_for: None,
            late_for: None,
            counted_to: now,
            paused_by_file: plan.spec.paused,
            paused_at_run_time: false,
            paused_since: now,
            paused_until: None,
            archived: false,
            causes: BTreeMap::new(),
            blind: Vec::new(),
            unread: Vec::new(),
            refusals: Vec::new(),
        }
    }

    /// Judges every point of the grid before `now`; what is due at `now` itself may still be pinged (1.3).
    pub(crate) fn walk(&mut self, plan: &Plan, now: Time, grid: Span) {
        while self.judge_next(plan, now, grid).is_some() {}
    }

    /// Judges the next point of the grid before `now`, and answers it.
    pub(crate) fn judge_next(&mut self, plan: &Plan, now: Time, grid: Span) -> Option<Time> {
        let point = Some(self.walked).filter(|point| *point < now)?;
        self.judge(plan, point, point);
        self.walked = point + grid;
        Some(point)
    }

    /// All that is due before this time is judged.
    pub(crate) fn knows(&self, time: Time) -> bool {
        time <= self.walked
    }

    /// 2.1
    pub(crate) fn counts_from(&self) -> Time {
        self.discharge.map_or(self.armed, |at| at.max(self.armed))
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.paused_by_file || self.paused_at_run_time
    }

    pub(crate) fn is(&self, family: Family) -> bool {
        self.causes.keys().any(|kind| kind.family() == family)
    }

    /// The causes in the order of their beginning.
    pub(crate) fn causes(&self) -> Causes {
        let mut causes: Causes =
            self.causes.iter().map(|(kind, (since, would_be))| (*kind, *since, *would_be)).collect();
        causes.sort_by_key(|(kind, since, _)| (*since, *kind));
        causes
    }

    fn begin(&mut self, kind: CauseKind, since: Time) {
        self.causes.entry(kind).or_insert((since, None));
    }

    fn end(&mut self, kinds: &[CauseKind]) {
        self.causes.retain(|kind, _| !kinds.contains(kind));
    }

    /// Successes in (from, to].
    fn count(&self, from: Time, to: Time) -> u32 {
        self.successes.iter().filter(|at| **at > from && **at <= to).count() as u32
    }
}
