//! What a scrape shows: all that is known, at one time.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::catalog::Catalog;
use super::counters::{ConnectionCounters, PingOutcomes};
use super::own::Own;
use super::row::Row;
use super::shard::Shard;
use crate::core::route::ReceiverName;
use crate::core::time::{Span, Time};

/// All that one scrape shows.
#[derive(Debug)]
pub struct Snapshot<'a> {
    /// What does not change between two configurations.
    pub catalog: &'a Catalog,
    /// The checks of this shard, in the catalog's order.
    pub rows: Vec<Row>,
    /// Which part of the checks is asked for. What is not of a check is in the first part only.
    pub shard: Shard,
    /// Where people find our pages, without a slash at its end.
    pub external_url: &'a str,
    /// What comes is stored, and what is due is judged.
    pub is_healthy: bool,
    /// Nothing is judged because the wall clock cannot be right (1.1).
    pub is_clock_doubted: bool,
    /// Nothing leaves.
    pub is_held: bool,
    /// The time at which checks are judged (1.5).
    pub applied_to: Time,
    /// From the store.
    pub totals: StoreTotals,
    /// Deliveries that are not finished, by receiver: those that have some; those of checks' own together.
    pub waiting: Arc<BTreeMap<ReceiverName, u64>>,
    /// How pings ended since the start.
    pub pings: &'a PingOutcomes,
    /// Connections that were not taken.
    pub connections: &'a ConnectionCounters,
    /// What this process counts.
    pub own: &'a Own,
}

/// What the store knows. Its metrics bear the database's number: an address changes with a rollout, and two servers
/// in one job are told apart by nothing else that stays.
#[derive(Clone, Copy, Debug)]
pub struct StoreTotals {
    /// Incidents that have not ended.
    pub incidents_open: u64,
    /// Deliveries that wait or are under way.
    pub deliveries_pending: u64,
    /// Deliveries that were given up.
    pub deliveries_parked: u64,
    /// Mails of checks' own that had to wait since the start, since their address had had enough.
    pub own_mails_limited: u64,
    /// Incidents that somebody is on.
    pub acknowledged: u64,
    /// Incidents that nobody wants to hear of until they recover.
    pub wont_fix: u64,
    /// Bytes of the database's file.
    pub database_bytes: u64,
    /// Bytes of the write-ahead log.
    pub log_bytes: u64,
    /// How long we were blind since the database was made.
    pub blind: Span,
    /// A number that no other database has.
    pub database_id: u64,
    /// When the database was made.
    pub database_created: Time,
}
