//! How often what happened, over all worlds: a property of what never happens holds nothing.

use std::collections::BTreeMap;

/// Deliveries that were never told, by the reason that exempts them; and how many were.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) told: u64,
    /// Of these, given up before.
    pub(crate) told_after_all: u64,
    pub(crate) exempt: BTreeMap<String, u64>,
    pub(crate) flips: u64,
    pub(crate) incidents: u64,
    pub(crate) attempts: u64,
    /// Of these, to checks' own addresses.
    pub(crate) own_attempts: u64,
    /// Notices that a check flaps, told or not.
    pub(crate) flapping: u64,
    pub(crate) deaths: u64,
    pub(crate) errors: u64,
    /// How often somebody looked at all checks, how often of that as of a time before, and late checks that were seen.
    pub(crate) looks: u64,
    pub(crate) looks_behind: u64,
    pub(crate) seen_late: u64,
    /// By what each flip led to.
    pub(crate) causes: BTreeMap<String, u64>,
    /// Pings that went while their check was kept, and checks that were forgotten.
    pub(crate) pruned: u64,
    pub(crate) forgotten: u64,
    /// Deadlines that passed, and what the oracles that know no mechanism made of them.
    pub(crate) deadlines_seen: u64,
    pub(crate) deadlines_moved: u64,
    /// Checks that remembered fewer refusals than came in a row.
    pub(crate) long_rows: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Tally) {
        for (reason, count) in &other.exempt {
            *self.exempt.entry(reason.clone()).or_default() += count;
        }
        self.told += other.told;
        self.told_after_all += other.told_after_all;
        self.flips += other.flips;
        self.incidents += other.incidents;
        self.attempts += other.attempts;
        self.own_attempts += other.own_attempts;
        self.flapping += other.flapping;
        self.deaths += other.deaths;
        self.errors += other.errors;
        self.looks += other.looks;
        self.looks_behind += other.looks_behind;
        self.seen_late += other.seen_late;
        for (cause, count) in &other.causes {
            *self.causes.entry(cause.clone()).or_default() += count;
        }
        self.pruned += other.pruned;
        self.forgotten += other.forgotten;
        self.deadlines_seen += other.deadlines_seen;
        self.deadlines_moved += other.deadlines_moved;
        self.long_rows += other.long_rows;
    }
}
