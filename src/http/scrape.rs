//! What a scrape of `/metrics` shows: one look at every check, all at one time.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use crate::app::view::Moment;
use crate::app::{ServerCounters, unknown_names};
use crate::core::check::Source;
use crate::core::incident::IncidentStatus;
use crate::core::time::Time;
use crate::metrics::{Catalog, Gone, Negotiated, Row, Seen, Shard, Snapshot, StoreTotals, render};
use crate::store::live::{Answered, Check, Directory, Live};

/// One request for metrics.
#[derive(Clone, Copy, Debug)]
pub struct Scrape<'a> {
    /// When it came.
    pub now: Time,
    /// Up to when all that came was stored then: checks are judged at this time (1.5).
    pub applied_to: Time,
    /// Which checks.
    pub shard: Shard,
    /// How they are written.
    pub negotiated: Negotiated,
    /// Where people find our pages.
    pub external_url: &'a str,
    /// What `/-/healthy` would answer.
    pub is_healthy: bool,
    /// Nothing is judged because the wall clock cannot be right (1.1).
    pub is_clock_doubted: bool,
    /// Nothing leaves.
    pub is_held: bool,
}

/// Looks at every check, then writes chunk by chunk until the end or until nobody listens. Takes as long as it takes: not for an
/// asynchronous thread.
pub fn answer(
    scrape: Scrape<'_>,
    live: &Live,
    counters: &ServerCounters,
    send: &mut dyn FnMut(Bytes) -> Result<(), Gone>,
) -> Result<(), Gone> {
    let directory = live.directory();
    let of_shard = |check: &&Arc<Check>| scrape.shard.holds(check.definition.name.as_str());
    let checks: Vec<&Arc<Check>> = directory.checks.iter().filter(of_shard).collect();
    let answered = live.answered();
    let snapshot = Snapshot {
        rows: rows(scrape, live, &answered, &checks),
        catalog: &Catalog::new(checks.iter().map(|check| &*check.definition)),
        shard: scrape.shard,
        external_url: scrape.external_url,
        is_healthy: scrape.is_healthy,
        is_clock_doubted: scrape.is_clock_doubted,
        is_held: scrape.is_held,
        applied_to: scrape.applied_to,
        totals: totals(live, &answered, &directory, scrape),
        waiting: live.waiting(),
        pings: &counters.outcomes,
        connections: &counters.connections,
        own: &counters.own,
    };
    render(&snapshot, scrape.negotiated, send)
}

fn rows(scrape: Scrape<'_>, live: &Live, answered: &Answered, checks: &[&Arc<Check>]) -> Vec<Row> {
    let moment = Moment::at(live, scrape.applied_to, scrape.now);
    (0..)
        .zip(checks)
        .map(|(number, check)| row(number, check, &moment, answered.get(&check.id).copied()))
        .collect()
}

fn row(number: u32, check: &Check, moment: &Moment<'_>, answer: Option<IncidentStatus>) -> Row {
    let (state, count_in_window, window) = {
        let known = check.known();
        (known.state.clone(), known.window.count(moment.as_of.at), known.window.within())
    };
    let (view, held) = moment.judge(check, &state);
    let seen = Seen {
        definition: &check.definition,
        state: &state,
        view: &view,
        count_in_window,
        window,
        acknowledged: answer == Some(IncidentStatus::Acknowledged),
        muted: answer == Some(IncidentStatus::WontFix) || held.is_some(),
    };
    Row::new(number, &seen)
}

fn totals(live: &Live, answered: &Answered, directory: &Directory, scrape: Scrape<'_>) -> StoreTotals {
    let totals = &live.totals;
    // The other parts do not show them.
    let counted = if scrape.shard.is_first() { directory.checks.len() } else { 0 };
    let is_of_api = |check: &&Arc<Check>| check.definition.source == Source::Api;
    let of_api = directory.checks.iter().take(counted).filter(is_of_api).count();
    let standing = |status| answered.values().filter(|other| **other == status).count() as u64;
    let unknown_names =
        if scrape.shard.is_first() { unknown_names::recent(live, scrape.now).len() } else { 0 };
    StoreTotals {
        unknown_names: unknown_names as u64,
        checks_of_files: (counted - of_api) as u64,
        checks_of_api: of_api as u64,
        acknowledged: standing(IncidentStatus::Acknowledged),
        wont_fix: standing(IncidentStatus::WontFix),
        unjudgeable: totals.unjudgeable.load(Ordering::Relaxed),
        history_lost: totals.history_lost.load(Ordering::Relaxed),
        rows_quarantined: totals.rows_quarantined.load(Ordering::Relaxed),
        rows_apart: live.rows_apart(),
        database_bytes: totals.database_bytes.load(Ordering::Relaxed),
        incidents_open: totals.incidents_open.load(Ordering::Relaxed),
        deliveries_pending: totals.deliveries_pending.load(Ordering::Relaxed),
        deliveries_parked: totals.deliveries_parked.load(Ordering::Relaxed),
        own_mails_limited: totals.own_mails_limited.load(Ordering::Relaxed),
        log_bytes: totals.log_bytes.load(Ordering::Relaxed),
        blind: totals.blind(scrape.now),
        database_id: totals.database_id.load(Ordering::Relaxed),
        database_created: totals.database_created(),
    }
}
