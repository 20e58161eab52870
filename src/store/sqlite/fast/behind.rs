//! Which rows of states are behind, and by which pings (14.2).

use std::collections::HashMap;

use rusqlite::Connection;

use super::ids::IdSet;
use crate::core::blind::BlindWindows;
use crate::core::check::{CheckId, Ping, Rid, Spec};
use crate::core::state::State;
use crate::core::step::{Input, step};
use crate::core::time::Time;
use crate::store::sqlite::error::damaged;
use crate::store::sqlite::query::{for_each, id};
use crate::store::{StoreError, row};

/// The row of `meta`: no row is behind by a ping up to this one.
pub(in crate::store::sqlite) const UP_TO: &str = "states_up_to";
/// Which rows are behind.
#[derive(Debug, Default)]
pub(in crate::store::sqlite) struct Behind {
    pub(super) checks: IdSet,
    /// A round goes through all of them: those below this number were brought up to date.
    pub(super) cursor: u64,
    /// The newest ping at the beginning of the round.
    pub(super) round_from: i64,
    /// No row is behind by a ping up to this one, as `meta` says.
    pub(super) up_to: i64,
}

impl Behind {
    /// What the database says; which rows are behind is still to be found out. Without a row of `meta`, any may be.
    pub(in crate::store::sqlite) fn new(up_to: Option<i64>, last_ping: i64) -> Behind {
        Behind { round_from: last_ping, up_to: up_to.unwrap_or(0), ..Behind::default() }
    }

    /// No row is behind by a ping up to this one.
    pub(in crate::store::sqlite) fn up_to(&self) -> i64 {
        self.up_to
    }

    /// Whether every row is up to date.
    pub(in crate::store::sqlite) fn is_empty(&self) -> bool {
        self.checks.is_empty()
    }

    pub(in crate::store::sqlite) fn add(&mut self, check: CheckId) {
        self.checks.insert(check);
    }

    pub(in crate::store::sqlite) fn remove(&mut self, check: CheckId) {
        self.checks.remove(check);
    }

    /// The next one of the round, which is to be written now.
    pub(super) fn next(&mut self) -> Option<CheckId> {
        let next = self.checks.first_from(self.cursor)?;
        self.checks.remove(next);
        self.cursor = next.0 + 1;
        Some(next)
    }
}

/// A ping that its check's row may not know of.
#[derive(Debug)]
pub(in crate::store::sqlite) struct Later {
    pub(super) seq: i64,
    pub(super) at: Time,
    pub(super) ordinal: i64,
    pub(super) ping: Ping,
}

/// A state as its row has it, and the pings of which it knows.
#[derive(Debug)]
pub(in crate::store::sqlite) struct StateRead {
    pub(in crate::store::sqlite) state: State,
    /// The number of the newest; 0: none.
    pub(in crate::store::sqlite) last_ping: i64,
    /// How many there were.
    pub(in crate::store::sqlite) pings: i64,
}

/// Pings that rows may not know of, by check, in their order.
#[derive(Debug, Default)]
pub(in crate::store::sqlite) struct LaterPings(HashMap<CheckId, Vec<Later>>);

impl LaterPings {
    /// Reads what came after the ping `up_to`.
    pub(in crate::store::sqlite) fn load(db: &Connection, up_to: i64) -> Result<LaterPings, StoreError> {
        let mut pings: HashMap<CheckId, Vec<Later>> = HashMap::new();
        let sql = format!(
            "SELECT seq, check_id, at, ordinal, kind, exit_status, rid FROM pings WHERE seq > {up_to} ORDER BY seq"
        );
        for_each(db, &sql, |row| {
            let seq: i64 = row.get(0)?;
            let rid: Option<String> = row.get(6)?;
            let is_whole = rid.is_none();
            let rid = rid.and_then(|rid| Rid::parse(&rid));
            let Some(kind) = row::ping_kind(row.get(4)?).filter(|_| is_whole || rid.is_some()) else {
                return Ok(Err(damaged(format_args!("ping {seq}"))));
            };
            let ping = Ping { kind, rid, exit_status: row.get(5)? };
            let later = Later { seq, at: Time::from_ms(row.get(2)?), ordinal: row.get(3)?, ping };
            pings.entry(id(row.get(1)?)).or_default().push(later);
            Ok(Ok(()))
        })?;
        Ok(LaterPings(pings))
    }

    /// Steps a check through those of its pings that its row did not know of: the row is behind if there were any. A ping
    /// that flips would have brought its row up to date, so one that does now was judged otherwise before, by another
    /// version of this program: from there on they are answered, to be judged in a transaction.
    pub(in crate::store::sqlite) fn replay(
        &mut self,
        check: CheckId,
        spec: &Spec,
        blind: &BlindWindows,
        read: &mut StateRead,
    ) -> Vec<Later> {
        let row_last = read.last_ping;
        let mut laters = self.0.remove(&check).into_iter().flatten().filter(|later| later.seq > row_last);
        while let Some(later) = laters.next() {
            let made = step(spec, read.state.clone(), Input::Ping(later.ping.clone()), later.at, blind);
            if !made.flips.is_empty() || !made.judgements.is_empty() {
                tracing::error!(check = check.0, ping = later.seq, "a ping is judged otherwise than before");
                return std::iter::once(later).chain(laters).collect();
            }
            *read = StateRead { state: made.state, last_ping: later.seq, pings: later.ordinal };
        }
        Vec::new()
    }
}
