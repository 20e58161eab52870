//! How many records of a check there are, whatever they are: what its state knows of them.

use crate::core::incident::IncidentId;
use crate::core::time::Time;

/// Of which kind a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// It lasts, which is bad.
    Violated,
    /// It happened (§19).
    Occurred,
}

/// Which result of its check it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResultNumber {
    /// Counted over those that name records; greater than that of each before.
    pub number: u64,
    /// It is the first since another thing is asserted, or somebody else looks: what was counted before is in no row with it,
    /// and what it does not name was something else (18.8).
    pub is_first: bool,
}

/// What a check's state knows of its records: numbers, however many they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RecordTotals {
    /// Violated records, also those that people do not want to hear of.
    pub open: u32,
    /// Those of these that they do not want to hear of.
    pub wont_fix: u32,
    /// How many results named records.
    pub results: u64,
    /// Another thing is asserted since the last of these, or somebody else looks (18.8).
    pub is_asserted_otherwise: bool,
    /// The incident that opened when no other record's was open: what is told of them is one thread from there on (12.5).
    pub thread: Option<IncidentId>,
    /// When the one was begun by itself, the last time, that ends by itself first (18.9b); `None`: none does.
    pub begun: Option<Time>,
    /// What it detected.
    pub occurrences: OccurrenceTotals,
}

impl RecordTotals {
    /// The result that comes next.
    pub fn next_result(&self) -> ResultNumber {
        ResultNumber { number: self.results.saturating_add(1), is_first: self.is_asserted_otherwise }
    }

    /// A result has come, and all that it changed is changed.
    pub fn count_result(&mut self) {
        self.results = self.results.saturating_add(1);
        self.is_asserted_otherwise = false;
    }

    /// One began. What is told of them is a thread from there on, where no other is open.
    pub fn began(&mut self, incident: IncidentId, is_marked: bool) {
        if self.open == 0 {
            self.thread = Some(incident);
        }
        self.open = self.open.saturating_add(1);
        self.wont_fix += u32::from(is_marked);
    }

    /// One ended.
    pub fn ended(&mut self, was_marked: bool) {
        self.open = self.open.saturating_sub(1);
        self.wont_fix = self.wont_fix.saturating_sub(u32::from(was_marked)).min(self.open);
    }

    /// None of this kind is open any more; `None`: of either.
    pub fn none_is_left(&mut self, kind: Option<RecordKind>) {
        if kind != Some(RecordKind::Occurred) {
            (self.open, self.wont_fix, self.begun) = (0, 0, None);
        }
        if kind != Some(RecordKind::Violated) {
            (self.occurrences.remembered, self.occurrences.oldest) = (0, None);
        }
    }

    /// How many incidents of records are open, of either kind.
    pub fn all_open(&self) -> u32 {
        self.open.saturating_add(self.occurrences.remembered)
    }

    /// Violated records that somebody wants to hear of: the check fails while there are any (18.5).
    pub fn violated(&self) -> u32 {
        self.open.saturating_sub(self.wont_fix)
    }
}

/// What a check's state knows of what it detected: numbers, however much that is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct OccurrenceTotals {
    /// How many are remembered; those too that people do not want to hear of.
    pub remembered: u32,
    /// When the one of these occurred that is forgotten first.
    pub oldest: Option<Time>,
    /// How often one occurred, without those that nobody wanted to hear of (19.5). It only grows.
    pub occurred: u64,
}

impl OccurrenceTotals {
    /// One occurred then.
    pub fn occurred_at(&mut self, at: Time, is_marked: bool) {
        self.remembered = self.remembered.saturating_add(1);
        self.oldest = Some(self.oldest.map_or(at, |oldest| oldest.min(at)));
        self.occurred = self.occurred.saturating_add(u64::from(!is_marked));
    }

    /// One is remembered no more. Whoever says so looks up what is the oldest then.
    pub fn is_forgotten(&mut self) {
        self.remembered = self.remembered.saturating_sub(1);
    }
}
