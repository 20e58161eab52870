//! The tables of history, and which of them are damaged.

use std::fmt::Display;
use std::sync::atomic::{AtomicU16, Ordering};

/// A table by which nothing is judged and nobody is told (14.6).
#[derive(Clone, Copy, Debug)]
pub(super) enum History {
    Flips,
    Judgements,
    Steps,
    Pauses,
    Bodies,
    Happenings,
    Audit,
    UnknownNames,
    /// What Alertmanager was last told: without it a start tells anew.
    Alerts,
    /// A part of states: the last results of checks (22.8).
    Results,
    /// No table: the pages that hold nothing, and where they are. Without them the file stays as long as it is.
    Space,
}

impl History {
    pub(super) fn table(self) -> &'static str {
        match self {
            History::Flips => "flips",
            History::Judgements => "judgements",
            History::Steps => "incident_steps",
            History::Pauses => "pauses",
            History::Bodies => "bodies",
            History::Happenings => "canary_events",
            History::Audit => "audit",
            History::UnknownNames => "unknown_names",
            History::Alerts => "alerts",
            History::Results => "last results",
            History::Space => "free space",
        }
    }

    fn bit(self) -> u16 {
        1 << self as u8
    }
}

/// Those that are damaged.
#[derive(Debug, Default)]
pub(super) struct DamagedTables {
    /// They are not touched any more.
    left_alone: AtomicU16,
    /// A row of them could not be read or kept, which is in the log.
    told: AtomicU16,
    /// How often something of them could not be read at a start.
    pub(super) lost_at_start: u64,
}

impl DamagedTables {
    pub(super) fn is_left_alone(&self, table: History) -> bool {
        self.left_alone.load(Ordering::Relaxed) & table.bit() != 0
    }

    pub(super) fn leave_alone(&self, table: History) {
        self.left_alone.fetch_or(table.bit(), Ordering::Relaxed);
    }

    /// A row of it could not be read or kept. The log has the first: there may be one at each call.
    pub(super) fn tell_of_row(&self, table: History, error: &dyn Display) {
        if self.told.fetch_or(table.bit(), Ordering::Relaxed) & table.bit() == 0 {
            let table = table.table();
            tracing::error!(table, "history is damaged, and some of it is not known or kept: {error}");
        }
    }
}
