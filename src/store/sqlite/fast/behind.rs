//! Which rows of states are behind, and by which pings (14.2).

use std::collections::BTreeSet;

use rusqlite::Row;

use super::ids::IdSet;
use crate::core::assertion::{AssertionResult, Outcome};
use crate::core::check::{CheckId, Ping, Rid};
use crate::core::step::Input;
use crate::core::time::{Span, Time};
use crate::store::row;

/// The row of `meta`: no row is behind by a ping up to this one.
pub(in crate::store::sqlite) const UP_TO: &str = "states_up_to";

/// Which rows are behind.
#[derive(Debug, Default)]
pub(in crate::store::sqlite) struct Behind {
    checks: IdSet,
    /// Those that cannot be written (14.7), and none of `checks`: tried again by [`Behind::try_apart`], and where their own
    /// checks change.
    apart: BTreeSet<CheckId>,
    pub(super) round: CatchUpRound,
    /// The same before this call, and which rows it has written, of which some stood apart: they are so again if it fails.
    before: CatchUpRound,
    written: Vec<CheckId>,
    written_apart: Vec<CheckId>,
}

/// A round goes through all rows that are behind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CatchUpRound {
    /// Those below this number were brought up to date.
    pub(super) cursor: u64,
    /// The newest ping at its beginning.
    pub(super) from: i64,
    /// No row is behind by a ping up to this one, as `meta` says.
    pub(super) up_to: i64,
}

impl Behind {
    /// What the database says; which rows are behind is still to be found out. Without a row of `meta`, any may be.
    pub(in crate::store::sqlite) fn new(up_to: Option<i64>, last_ping: i64) -> Behind {
        let round = CatchUpRound { from: last_ping, up_to: up_to.unwrap_or(0), cursor: 0 };
        Behind { round, ..Behind::default() }
    }

    /// No row is behind by a ping up to this one.
    pub(in crate::store::sqlite) fn up_to(&self) -> i64 {
        self.round.up_to
    }

    /// These rows have no count of a window yet: no ping may go before all of them are written.
    pub(in crate::store::sqlite) fn add_without_counts(&mut self, checks: &[CheckId]) {
        checks.iter().for_each(|check| self.checks.insert(*check));
        if !checks.is_empty() {
            self.round.up_to = 0;
        }
    }

    /// Whether every row is up to date.
    pub(in crate::store::sqlite) fn is_empty(&self) -> bool {
        self.checks.is_empty()
    }

    pub(in crate::store::sqlite) fn add(&mut self, check: CheckId) {
        if !self.apart.contains(&check) {
            self.checks.insert(check);
        }
    }

    /// Its row is written, or goes.
    pub(in crate::store::sqlite) fn remove(&mut self, check: CheckId) {
        if self.apart.remove(&check) {
            self.written_apart.push(check);
        }
        if self.checks.contains(check) {
            self.checks.remove(check);
            self.written.push(check);
        }
    }

    /// The next one of the round, which is to be written now.
    pub(super) fn next(&mut self) -> Option<CheckId> {
        let next = self.checks.first_from(self.round.cursor)?;
        self.remove(next);
        self.round.cursor = next.0 + 1;
        Some(next)
    }

    pub(in crate::store::sqlite) fn is_behind(&self, check: CheckId) -> bool {
        self.checks.contains(check) || self.apart.contains(&check)
    }

    /// It cannot be written: it stays behind, and the round goes on without it.
    pub(super) fn set_apart(&mut self, check: CheckId) {
        self.apart.insert(check);
    }

    /// How many cannot be written. While there is one, the end of a round does not mean that all are.
    pub(in crate::store::sqlite) fn apart(&self) -> usize {
        self.apart.len()
    }

    /// Those that could not be written may be by now. To be called between calls: the round goes through all once more, since
    /// what stood apart may be behind by older pings than it knows.
    pub(in crate::store::sqlite) fn try_apart(&mut self) {
        if !self.apart.is_empty() {
            std::mem::take(&mut self.apart).into_iter().for_each(|check| self.checks.insert(check));
            self.round.cursor = 0;
        }
    }

    pub(in crate::store::sqlite) fn checks(&self) -> impl Iterator<Item = CheckId> {
        self.checks.iter()
    }

    /// A call begins: what was written until now stays so.
    pub(in crate::store::sqlite) fn begin_call(&mut self) {
        self.before = self.round;
        self.written.clear();
        self.written_apart.clear();
        self.written.shrink_to(1024);
    }

    /// The call has failed. A row that it found to be behind stays so: at worst it is written once more.
    pub(in crate::store::sqlite) fn undo(&mut self) {
        self.round = self.before;
        self.apart.extend(self.written_apart.drain(..));
        let written = self.written.drain(..).filter(|check| !self.apart.contains(check));
        written.for_each(|check| self.checks.insert(check));
    }
}

/// A ping that its check's row may not know of.
#[derive(Debug)]
pub(in crate::store::sqlite) struct Later {
    pub(super) seq: i64,
    pub(super) at: Time,
    pub(super) ordinal: i64,
    /// Whether it counts in windows.
    pub(super) is_success: bool,
    /// The ping, or the result that is kept as one.
    pub(super) input: Input,
}

impl Later {
    pub(super) const COLUMNS: &str = "seq, at, ordinal, kind, exit_status, rid, flags, duration";

    /// `None`: it is damaged.
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Option<Later>> {
        let rid: Option<String> = row.get(5)?;
        let is_whole = rid.is_none();
        let rid = rid.and_then(|rid| Rid::stored(&rid));
        let kind = row::ping_kind(row.get(3)?).filter(|_| is_whole || rid.is_some());
        let Some(kind) = kind else { return Ok(None) };
        let flags: u8 = row.get(6)?;
        let input = if flags & row::PING_RESULT != 0 {
            let Some(outcome) = Outcome::of_kept(kind) else { return Ok(None) };
            let took = row.get::<_, Option<i64>>(7)?.map(Span::ms);
            Input::Result(AssertionResult { rid, ..AssertionResult::new(outcome, took) })
        } else {
            Input::Ping(Ping { kind, rid, exit_status: row.get(4)? })
        };
        Ok(Some(Later {
            seq: row.get(0)?,
            at: Time::from_ms(row.get(1)?),
            ordinal: row.get(2)?,
            is_success: flags & row::PING_SUCCESS != 0,
            input,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 15.1b: what may go is asked by [`Behind::up_to`].
    #[test]
    fn no_ping_may_go_while_a_row_has_no_count_of_its_window() {
        let mut behind = Behind::new(Some(90), 100);
        behind.add_without_counts(&[]);
        assert_eq!((behind.up_to(), behind.is_empty()), (90, true));
        behind.add_without_counts(&[CheckId(7), CheckId(2)]);
        assert_eq!(behind.up_to(), 0);
        assert_eq!([behind.next(), behind.next(), behind.next()], [Some(CheckId(2)), Some(CheckId(7)), None]);
    }

    /// 14.2
    #[test]
    fn what_a_call_has_written_is_behind_again_if_it_fails() {
        let mut behind = Behind::new(Some(90), 100);
        (1..=4).for_each(|check| behind.add(CheckId(check)));
        behind.begin_call();
        assert_eq!(behind.next(), Some(CheckId(1)));
        behind.begin_call();
        assert_eq!(behind.next(), Some(CheckId(2)));
        behind.remove(CheckId(4));
        behind.undo();
        let left: Vec<CheckId> = std::iter::from_fn(|| behind.next()).collect();
        assert_eq!(left, [2, 3, 4].map(CheckId));
    }

    /// 14.7, 15.1b: no ping that it needs may go, which is asked by [`Behind::apart`] at the end of a round.
    #[test]
    fn a_row_that_stands_apart_does_so_after_a_call_that_would_have_written_it_and_failed() {
        let mut behind = Behind::new(Some(90), 100);
        (1..=4).for_each(|check| behind.add(CheckId(check)));
        assert_eq!([behind.next(), behind.next()], [Some(CheckId(1)), Some(CheckId(2))]);
        behind.set_apart(CheckId(2));
        behind.begin_call();
        behind.remove(CheckId(2));
        assert_eq!(behind.apart(), 0);
        behind.undo();
        assert_eq!((behind.apart(), behind.is_behind(CheckId(2))), (1, true));
        behind.add(CheckId(2));
        assert_eq!([behind.next(), behind.next(), behind.next()], [Some(CheckId(3)), Some(CheckId(4)), None]);
        behind.try_apart();
        behind.begin_call();
        assert_eq!((behind.next(), behind.apart()), (Some(CheckId(2)), 0));
    }
}
