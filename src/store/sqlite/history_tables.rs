//! The tables of history, and which of them are damaged.

use std::sync::atomic::{AtomicU8, Ordering};

/// A table by which nothing is judged and nobody is told (14.6).
#[derive(Clone, Copy, Debug)]
pub(super) enum History {
    Flips,
    Judgements,
    Steps,
    Pauses,
    Bodies,
    Happenings,
    /// What Alertmanager was last told: without it a start tells anew.
    Alerts,
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
            History::Alerts => "alerts",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Those that are damaged.
#[derive(Debug, Default)]
pub(super) struct DamagedTables(AtomicU8);

impl DamagedTables {
    pub(super) fn has(&self, table: History) -> bool {
        self.0.load(Ordering::Relaxed) & table.bit() != 0
    }

    pub(super) fn add(&self, table: History) {
        self.0.fetch_or(table.bit(), Ordering::Relaxed);
    }
}
