//! The rows of states, and those that are behind (14.2).
//!
//! A ping that flips nothing is a fact and no more: its check's row may stay behind, since the same step over the same
//! pings makes the same state. So at every commit, rows and pings together say all that memory says. Every batch brings
//! some rows up to date, by their numbers, so that many of them lie on one page. Whatever else a step is judged by is known
//! as it was then: a check's spec changes with its own row only, and of a blind window it is known after which ping it came.

use rusqlite::params;

use super::behind::{Later, UP_TO};
use crate::core::check::CheckId;
use crate::core::state::State;
use crate::core::window::WindowCount;
use crate::store::live::Known;
use crate::store::sqlite::blind;
use crate::store::sqlite::query::key;
use crate::store::sqlite::staging::Staged;
use crate::store::sqlite::tx::Tx;
use crate::store::work::{Subject, step_check};
use crate::store::{StoreError, row};

/// By how many pings it may be too low: a start looks at them in vain, and few batches have to write it.
const SLACK: i64 = 1000;
/// A batch brings one row up to date for so many that it leaves behind: so a start has some pings for each check to step
/// through, however many came.
const ONE_FOR: usize = 16;
/// At least so many, so that little is behind while little happens.
pub(in crate::store::sqlite) const CATCH_UP: usize = 4;
/// Brought up to date at once while there is time: a few milliseconds.
const SOME: Limit = Limit { rows: 2000, bytes: 1 << 18 };

/// How many rows are written at once.
#[derive(Clone, Copy)]
struct Limit {
    rows: usize,
    /// Not many more.
    bytes: usize,
}

impl Limit {
    fn of(rows: usize) -> Limit {
        Limit { rows, bytes: usize::MAX }
    }
}

/// What stands in a row of states.
struct RowOfState<'a> {
    state: &'a State,
    window: &'a WindowCount,
    last_ping: i64,
    pings: i64,
}

impl Tx<'_> {
    /// Writes the states that this call changed, but for those that may stay behind, and some of those that are, unless none
    /// is to be: the last thing before the commit.
    pub(in crate::store::sqlite) fn write_states(
        &mut self,
        at_least: Option<usize>,
    ) -> Result<(), StoreError> {
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
            self.write_staged(id, staged)?;
        }
        match at_least.filter(|_| stay > 0) {
            Some(at_least) => self.catch_up(Limit::of(at_least.max(stay / ONE_FOR)), SLACK),
            None => Ok(()),
        }
    }

    /// Brings so many rows up to date.
    fn catch_up(&mut self, limit: Limit, slack: i64) -> Result<(), StoreError> {
        let mut bytes = 0;
        for _ in 0..limit.rows {
            if bytes >= limit.bytes {
                break;
            }
            let Some(id) = self.memory.behind.next() else {
                self.end_round(slack)?;
                if self.memory.behind.is_empty() {
                    break;
                }
                continue;
            };
            bytes += match self.write_behind(id) {
                Err(error) if error.is_of_a_row() => self.set_apart(id, error)?,
                written => written?,
            };
        }
        Ok(())
    }

    fn write_behind(&self, id: CheckId) -> Result<usize, StoreError> {
        if let Some(staged) = self.staged.get(id) {
            return self.write_staged(id, staged);
        }
        let slot = &self.memory.checks[id];
        let Known { state, window } = &*slot.check.known();
        self.write(id, &RowOfState { state, window, last_ping: slot.last_ping, pings: slot.pings })
    }

    /// What may stay behind keeps no other back if it cannot be written (14.7). But SQLite commits no transaction that has met
    /// a damaged page: that one fails, and the next one knows.
    fn set_apart(&mut self, id: CheckId, error: StoreError) -> Result<usize, StoreError> {
        self.memory.behind.set_apart(id);
        self.live.note_quarantined(id, &error);
        let goes_on = matches!(error, StoreError::Row(_)) && !self.db.is_autocommit();
        if goes_on { Ok(0) } else { Err(error) }
    }

    fn end_round(&mut self, slack: i64) -> Result<(), StoreError> {
        let last_ping = self.numbers.last_ping;
        let behind = &mut self.memory.behind;
        let round_from = std::mem::replace(&mut behind.round.from, last_ping);
        behind.round.cursor = 0;
        if !self.memory.judge_again.is_empty() || behind.apart() > 0 {
            return Ok(());
        }
        let up_to = if behind.is_empty() { last_ping } else { round_from };
        if up_to - behind.up_to() > slack {
            behind.round.up_to = up_to;
            self.set_meta(UP_TO, up_to)?;
        }
        blind::rows_know(self, self.memory.behind.up_to())
    }

    /// Brings some rows up to date, while there is time.
    pub(in crate::store::sqlite) fn catch_up_some(&mut self) -> Result<(), StoreError> {
        self.catch_up(SOME, 0)
    }

    /// Brings all rows up to date: before blind windows are cut, which no row tells of.
    pub(in crate::store::sqlite) fn catch_up_all(&mut self) -> Result<(), StoreError> {
        self.catch_up(Limit::of(usize::MAX), SLACK)
    }

    /// Answers how many bytes it wrote.
    fn write_staged(&self, id: CheckId, staged: &Staged) -> Result<usize, StoreError> {
        let window = &staged.window(self.memory.checks.get(id));
        let Staged { state, last_ping, pings, .. } = staged;
        self.write(id, &RowOfState { state, window, last_ping: *last_ping, pings: *pings })
    }

    fn write(&self, id: CheckId, row: &RowOfState<'_>) -> Result<usize, StoreError> {
        let RowOfState { state, window, last_ping, pings } = *row;
        let (state, window) = (row::write_state(state), row::write_window(window));
        self.execute(
            "INSERT INTO states (check_id, last_ping, pings, state, window) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (check_id) DO UPDATE SET last_ping = ?2, pings = ?3, state = ?4, window = ?5",
            params![key(id.0), last_ping, pings, state, window],
        )?;
        Ok(state.len() + window.len())
    }
}

impl Tx<'_> {
    /// Judges pings that are judged otherwise than before, with all that follows from it. Before anything is configured
    /// nobody knows whom to tell.
    pub(in crate::store::sqlite) fn judge_again(&mut self) -> Result<(), StoreError> {
        if self.settings.is_none() {
            return Ok(());
        }
        let again = std::mem::take(&mut self.memory.judge_again);
        let done = again.iter().try_for_each(|(check, laters)| self.judge_check_again(*check, laters));
        self.judged_again = again;
        done
    }

    fn judge_check_again(&mut self, check: CheckId, laters: &[Later]) -> Result<(), StoreError> {
        let staged = self.stage(check).expect("it was loaded with its pings");
        staged.may_stay_behind = false;
        let definition = staged.definition.clone();
        for later in laters {
            let judged = Subject::as_before(check, &definition);
            step_check(self, judged, &later.input, later.at)?;
            let staged = self.staged_now(check);
            (staged.last_ping, staged.pings) = (later.seq, later.ordinal);
            staged.successes.extend(later.is_success.then_some(later.at));
        }
        Ok(())
    }
}
