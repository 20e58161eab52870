//! The rows of states, and those that are behind (14.2).
//!
//! A ping that flips nothing is a fact and no more: its check's row may stay behind, since the same step over the same
//! pings makes the same state. So at every commit, rows and pings together say all that memory says. Every batch brings
//! some rows up to date, by their numbers, so that many of them lie on one page; whatever else a step is judged by (specs,
//! blind windows) changes only when no row is behind.

use std::collections::HashMap;

use rusqlite::{CachedStatement, Connection, params};

use super::error::{damaged, failed};
use super::ids::IdSet;
use super::key;
use super::load::{for_each, id};
use super::tx::Tx;
use crate::core::blind::BlindWindows;
use crate::core::check::{CheckId, Ping, Rid, Spec};
use crate::core::state::State;
use crate::core::step::{Input, step};
use crate::core::time::Time;
use crate::store::{StoreError, row};

/// The row of `meta`: no row is behind by a ping up to this one.
pub(super) const UP_TO: &str = "states_up_to";
/// By how many pings it may be too low: a start looks at them in vain, and few batches have to write it.
const SLACK: i64 = 1000;
/// A batch brings one row up to date for so many that it leaves behind: so a start has some pings for each check to step
/// through, however many came.
const ONE_FOR: usize = 16;
/// At least so many, so that little is behind while little happens.
pub(super) const CATCH_UP: usize = 4;
/// Brought up to date at once while there is time: a few milliseconds.
const SOME: usize = 2000;

/// Which rows are behind.
#[derive(Debug, Default)]
pub(super) struct Behind {
    checks: IdSet,
    /// A round goes through all of them: those below this number were brought up to date.
    cursor: u64,
    /// The newest ping at the beginning of the round.
    round_from: i64,
    /// No row is behind by a ping up to this one, as `meta` says.
    up_to: i64,
}

impl Behind {
    /// What the database says; which rows are behind is still to be found out. Without a row of `meta`, any may be.
    pub(super) fn new(up_to: Option<i64>, last_ping: i64) -> Behind {
        Behind { round_from: last_ping, up_to: up_to.unwrap_or(0), ..Behind::default() }
    }

    /// No row is behind by a ping up to this one.
    pub(super) fn up_to(&self) -> i64 {
        self.up_to
    }

    pub(super) fn add(&mut self, check: CheckId) {
        self.checks.insert(check);
    }

    pub(super) fn remove(&mut self, check: CheckId) {
        self.checks.remove(check);
    }

    /// The next one of the round, which is to be written now.
    fn next(&mut self) -> Option<CheckId> {
        let next = self.checks.first_from(self.cursor)?;
        self.checks.remove(next);
        self.cursor = next.0 + 1;
        Some(next)
    }
}

impl Tx<'_> {
    /// Writes the states that this call changed, but for those that may stay behind, and some of those that are: the last
    /// thing before the commit.
    pub(super) fn write_states(&mut self, at_least: usize) -> Result<(), StoreError> {
        let mut stay = 0;
        let mut written = Vec::new();
        for (id, staged) in self.staged.iter() {
            if staged.may_stay_behind {
                stay += 1;
                self.memory.behind.add(id);
            } else {
                written.push((id, staged));
            }
        }
        // By their numbers, so that those that lie on one page are written together.
        written.sort_unstable_by_key(|(id, _)| *id);
        for (id, staged) in written {
            self.memory.behind.remove(id);
            write(&mut self.insert_state, id, &staged.state, (staged.last_ping, staged.pings))?;
        }
        if stay > 0 { self.catch_up(at_least.max(stay / ONE_FOR), SLACK) } else { Ok(()) }
    }

    /// Brings so many rows up to date.
    fn catch_up(&mut self, limit: usize, slack: i64) -> Result<(), StoreError> {
        for _ in 0..limit {
            let Some(id) = self.memory.behind.next() else {
                self.end_round(slack)?;
                if self.memory.behind.checks.is_empty() {
                    break;
                }
                continue;
            };
            if let Some(staged) = self.staged.get(id) {
                write(&mut self.insert_state, id, &staged.state, (staged.last_ping, staged.pings))?;
            } else {
                let slot = &self.memory.checks[&id];
                write(&mut self.insert_state, id, &slot.check.known().state, (slot.last_ping, slot.pings))?;
            }
        }
        Ok(())
    }

    fn end_round(&mut self, slack: i64) -> Result<(), StoreError> {
        let last_ping = self.memory.last_ping;
        let behind = &mut self.memory.behind;
        let round_from = std::mem::replace(&mut behind.round_from, last_ping);
        behind.cursor = 0;
        if !self.memory.judge_again.is_empty() {
            return Ok(());
        }
        let up_to = if behind.checks.is_empty() { last_ping } else { round_from };
        if up_to - behind.up_to > slack {
            behind.up_to = up_to;
            self.set_meta(UP_TO, up_to)?;
        }
        Ok(())
    }

    /// Brings some rows up to date, while there is time.
    pub(super) fn catch_up_some(&mut self) -> Result<(), StoreError> {
        self.catch_up(SOME, 0)
    }

    /// Brings all rows up to date, so that a start has no ping to look at.
    pub(super) fn catch_up_entirely(&mut self) -> Result<(), StoreError> {
        self.catch_up(usize::MAX, 0)
    }

    /// Brings all rows up to date: before anything changes by which a step judges, but for the state and its pings.
    pub(super) fn catch_up_all(&mut self) -> Result<(), StoreError> {
        self.catch_up(usize::MAX, SLACK)
    }
}

fn write(
    insert: &mut CachedStatement<'_>,
    id: CheckId,
    state: &State,
    (last_ping, pings): (i64, i64),
) -> Result<(), StoreError> {
    insert.execute(params![key(id.0), last_ping, pings, row::write_state(state)]).map_err(failed)?;
    Ok(())
}

/// A ping that its check's row may not know of.
#[derive(Debug)]
pub(super) struct Later {
    seq: i64,
    at: Time,
    ordinal: i64,
    ping: Ping,
}

/// Pings that rows may not know of, by check, in their order.
#[derive(Debug, Default)]
pub(super) struct LaterPings(HashMap<CheckId, Vec<Later>>);

impl LaterPings {
    /// Reads what came after the ping `up_to`.
    pub(super) fn load(db: &Connection, up_to: i64) -> Result<LaterPings, StoreError> {
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
    pub(super) fn replay(
        &mut self,
        check: CheckId,
        spec: &Spec,
        blind: &BlindWindows,
        (state, last_ping, pings): (&mut State, &mut i64, &mut i64),
    ) -> Vec<Later> {
        let row_last = *last_ping;
        let mut laters = self.0.remove(&check).into_iter().flatten().filter(|later| later.seq > row_last);
        while let Some(later) = laters.next() {
            let made = step(spec, state.clone(), Input::Ping(later.ping.clone()), later.at, blind);
            if !made.flips.is_empty() || !made.judgements.is_empty() {
                tracing::error!(check = check.0, ping = later.seq, "a ping is judged otherwise than before");
                return std::iter::once(later).chain(laters).collect();
            }
            *state = made.state;
            (*last_ping, *pings) = (later.seq, later.ordinal);
        }
        Vec::new()
    }
}

impl Tx<'_> {
    /// Judges pings that are judged otherwise than before, with all that follows from it. Before anything is configured
    /// nobody knows whom to tell.
    pub(super) fn judge_again(&mut self) -> Result<(), StoreError> {
        if self.settings.is_none() {
            return Ok(());
        }
        for (check, laters) in std::mem::take(&mut self.memory.judge_again) {
            self.stage(check).expect("it was loaded with its pings").may_stay_behind = false;
            for later in laters {
                self.step(check, Input::Ping(later.ping), later.at)?;
                let staged = self.stage(check).expect("it was staged above");
                (staged.last_ping, staged.pings) = (later.seq, later.ordinal);
            }
        }
        Ok(())
    }
}
