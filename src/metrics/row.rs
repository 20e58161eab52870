//! The data of one check in a scrape.

use crate::core::check::Definition;
use crate::core::record::RecordTotals;
use crate::core::state::{Counters, State};
use crate::core::step::View;
use crate::core::time::{Span, Time};

/// One check at the time of the scrape: plain numbers, so that all rows can be taken at once and quickly.
#[derive(Clone, Debug)]
pub struct Row {
    /// The check's position in the catalog.
    pub(super) check: u32,
    pub(super) last_seen: Option<Time>,
    pub(super) last_success: Option<Time>,
    pub(super) due: Option<Time>,
    pub(super) deadline: Option<Time>,
    pub(super) last_duration: Option<Span>,
    pub(super) last_exit_status: Option<u8>,
    pub(super) late: bool,
    pub(super) failing: bool,
    pub(super) unknown: bool,
    pub(super) paused: bool,
    pub(super) muted: bool,
    pub(super) acknowledged: bool,
    pub(super) running: bool,
    /// A bit for each kind that people are shown, the places of [`crate::core::cause::CauseKind::ALL`].
    pub(super) problems: u16,
    /// `None`: it has none.
    pub(super) records: Option<RecordTotals>,
    /// How often what it detects occurred; `None`: it detects nothing.
    pub(super) occurrences: Option<u64>,
    pub(super) count_in_window: u64,
    pub(super) window: Span,
    pub(super) grace: Span,
    pub(super) max_runtime: Option<Span>,
    pub(super) at_least: Option<u32>,
    pub(super) at_most: Option<u32>,
    pub(super) counters: Counters,
}

/// The input for the row of one check.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    pub definition: &'a Definition,
    pub state: &'a State,
    /// The view of that state at the time of the scrape.
    pub view: &'a View,
    /// Successes in the trailing window (3.7).
    pub count_in_window: u64,
    /// The length of that window.
    pub window: Span,
    /// A mute or a quiet time holds its deliveries (8.2).
    pub muted: bool,
    /// Its open incident is acknowledged (11.2).
    pub acknowledged: bool,
}

impl Row {
    /// The row of a check; `check` is its position in the catalog.
    pub fn new(check: u32, seen: &Seen<'_>) -> Row {
        let Seen { definition, state, view, .. } = seen;
        let (expect, detects) = (definition.spec.schedule.expect(), definition.spec.remembers().is_some());
        Row {
            check,
            last_seen: state.last_seen,
            last_success: state.last(crate::core::check::PingKind::Success),
            due: view.due,
            deadline: view.deadline,
            last_duration: state.last_duration,
            last_exit_status: state.last_exit_status,
            late: view.late,
            failing: view.failing,
            unknown: view.unknown,
            paused: view.paused,
            muted: seen.muted,
            acknowledged: seen.acknowledged,
            running: view.running,
            problems: view.causes.iter().fold(0, |bits, cause| bits | 1 << cause.kind.as_shown() as u16),
            records: definition.spec.max_records().filter(|_| !detects).map(|_| state.records()),
            occurrences: detects.then(|| state.records().occurrences.occurred),
            count_in_window: seen.count_in_window,
            window: seen.window,
            grace: definition.spec.grace,
            max_runtime: definition.spec.max_runtime,
            at_least: expect.and_then(|expect| expect.at_least),
            at_most: expect.and_then(|expect| expect.at_most),
            counters: state.counters,
        }
    }
}
