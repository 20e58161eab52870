//! The data of a scrape, all at one time.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::catalog::Catalog;
use super::counters::{ConnectionCounters, PingOutcomes};
use super::own::Own;
use super::row::Row;
use super::shard::Shard;
use crate::core::route::ReceiverName;
use crate::core::time::{Span, Time};

/// All data of one scrape.
#[derive(Debug)]
pub struct Snapshot<'a> {
    pub catalog: &'a Catalog,
    /// The checks of this shard, in the catalog's order.
    pub rows: Vec<Row>,
    /// The part of the checks that is asked for. Only the first part has the metrics that do not belong to a check.
    pub shard: Shard,
    /// The URL of our pages, without a slash at its end.
    pub external_url: &'a str,
    /// Whether pings are stored and due checks judged.
    pub is_healthy: bool,
    /// Whether judging is suspended because the wall clock cannot be right (1.1).
    pub is_clock_doubted: bool,
    /// Whether sending is switched off.
    pub is_held: bool,
    /// The time at which checks are judged (1.5).
    pub applied_to: Time,
    pub totals: StoreTotals,
    /// Unfinished deliveries, for each receiver that has some. Those to checks' own addresses count as one receiver.
    pub waiting: Arc<BTreeMap<ReceiverName, u64>>,
    pub pings: &'a PingOutcomes,
    pub connections: &'a ConnectionCounters,
    pub own: &'a Own,
}

/// Totals of the store. Their metrics have the database's id as a label: a rollout changes the address, and nothing
/// else that stays distinguishes two servers in one job.
#[derive(Clone, Copy, Debug)]
pub struct StoreTotals {
    /// Checks that files declare.
    pub checks_of_files: u64,
    /// Checks that were made through an API.
    pub checks_of_api: u64,
    /// Names that no check has and that were pinged within a day.
    pub unknown_names: u64,
    pub incidents_open: u64,
    /// Deliveries that wait or are being sent.
    pub deliveries_pending: u64,
    /// Parked deliveries.
    pub deliveries_parked: u64,
    /// Mails to checks' own addresses that were delayed by the address's limit, since the start.
    pub own_mails_limited: u64,
    /// Open incidents that are acknowledged.
    pub acknowledged: u64,
    /// Open incidents with the stance wont_fix.
    pub wont_fix: u64,
    /// Checks of which judging panics.
    pub unjudgeable: u64,
    /// How often history could not be kept or read since the start.
    pub history_lost: u64,
    /// How often something of one check could not be stored since the start.
    pub rows_quarantined: u64,
    /// How much of checks cannot be stored now.
    pub rows_apart: u64,
    /// Size of the database file in bytes.
    pub database_bytes: u64,
    /// Size of the write-ahead log in bytes.
    pub log_bytes: u64,
    /// Total blind time since the database was created.
    pub blind: Span,
    /// A random id of the database.
    pub database_id: u64,
    pub database_created: Time,
}
