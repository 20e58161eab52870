//! Which pings may be over: what pruning knows of those that it has looked at (15.2).

#[cfg(test)]
mod tests;

use super::fast::ids::IdSet;
use crate::core::check::CheckId;
use crate::core::retention::Retention;

/// So few are looked at again whenever one of them may be over.
const FEW: i64 = 100_000;
/// Of more, one in so many.
const ONE_IN: i64 = 8;

/// How many pings stay of some of those that are stored.
///
/// Those that a round has looked at are old. Of these the newest stay of checks that have few: one is over once its check pings
/// again. The others are young, and over where their check has too many. A start does not know of either.
#[derive(Debug, Default)]
pub(super) struct PingsKept {
    /// By which they were looked at.
    retention: Option<Retention>,
    /// Checks of which old pings stay.
    with_old: IdSet,
    shares: Shares,
    /// The same before this call.
    before: Shares,
    /// Those `with_old` before this call, where it looks at all of them again.
    had_old: Option<IdSet>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Shares {
    /// A round begins after this ping: up to it they are old.
    looked_up_to: i64,
    old: Share,
    young: Share,
    /// All of them were counted. Until then, those that come are counted when they are looked at.
    are_young_known: bool,
}

/// A part of them.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    /// How many are stored.
    kept: i64,
    /// No more of these are over.
    over: i64,
}

impl Share {
    /// Whether enough are over that it is worth it to look at all of them.
    fn is_worth_a_walk(&self) -> bool {
        self.over > 0 && (self.kept <= FEW || self.over * ONE_IN > self.kept)
    }
}

impl PingsKept {
    /// A call begins.
    pub(super) fn begin_call(&mut self) {
        (self.before, self.had_old) = (self.shares, None);
    }

    /// It has failed. A check of which it found old pings is still known: at worst they are looked at in vain.
    pub(super) fn undo(&mut self) {
        self.shares = self.before;
        for check in self.had_old.take().iter().flat_map(IdSet::iter) {
            self.with_old.insert(check);
        }
    }

    /// A check got a ping, the one of this place among its own.
    pub(super) fn came(&mut self, check: CheckId, ordinal: i64) {
        let Some(retention) = &self.retention else { return };
        self.shares.young.kept += i64::from(self.shares.are_young_known);
        self.shares.young.over += i64::from(ordinal > i64::from(retention.keep_at_most));
        self.shares.old.over += i64::from(self.with_old.contains(check));
    }

    /// A check that ever had so many is forgotten: none of its pings is anybody's.
    pub(super) fn forgot(&mut self, check: CheckId, pings: i64) {
        let Some(retention) = &self.retention else { return };
        if self.with_old.contains(check) {
            self.shares.old.over += pings.min(i64::from(retention.keep_at_least));
            self.with_old.remove(check);
        }
        if retention.archived < retention.max_age {
            self.shares.young.over += pings.min(i64::from(retention.keep_at_most));
        }
    }

    /// A round begins. Answers after which ping.
    pub(super) fn begin_old(&mut self, retention: &Retention) -> i64 {
        if self.retention.as_ref() != Some(retention) {
            *self = PingsKept { retention: Some(retention.clone()), ..PingsKept::default() };
        } else if self.shares.old.is_worth_a_walk() {
            // They are as those that nobody has looked at, until the round comes to them.
            self.shares.young.kept += self.shares.old.kept;
            (self.shares.looked_up_to, self.shares.old) = Default::default();
            self.had_old = Some(std::mem::take(&mut self.with_old));
        }
        self.shares.looked_up_to
    }

    /// So many up to this ping were looked at, which are old; of these checks one stays for each, and of so many of them the
    /// time is still to come.
    pub(super) fn note_old(&mut self, up_to: i64, looked_at: usize, stay: &[CheckId], ahead: usize) {
        self.shares.looked_up_to = up_to;
        self.shares.young.kept -= count(looked_at);
        self.shares.old.kept += count(stay.len());
        self.shares.old.over += count(ahead);
        stay.iter().for_each(|check| self.with_old.insert(*check));
    }

    /// Whether the young ones are to be looked at now. No check ever had more pings than `most`.
    pub(super) fn begin_young(&mut self, most: i64) -> bool {
        let Some(retention) = &self.retention else { return false };
        let may_be_over = most > i64::from(retention.keep_at_most) || retention.archived < retention.max_age;
        let is_worth_it =
            if self.shares.are_young_known { self.shares.young.is_worth_a_walk() } else { may_be_over };
        if is_worth_it {
            (self.shares.young, self.shares.are_young_known) = (Share::default(), false);
        }
        is_worth_it
    }

    /// So many of the young ones stay, of those that a slice looked at.
    pub(super) fn note_young(&mut self, stay: usize) {
        self.shares.young.kept += count(stay);
    }

    /// All of them were looked at, but for the newest so many, which states may still need.
    pub(super) fn end_young(&mut self, newest: i64) {
        let Some(retention) = &self.retention else { return };
        self.shares.young.kept += newest;
        self.shares.are_young_known = true;
        // What of these is over was not found. Of one check alone so many stay; a forgotten one has none.
        let is_nobodys = retention.archived < retention.max_age;
        let stay = if is_nobodys { 0 } else { i64::from(retention.keep_at_most) };
        self.shares.young.over += (newest - stay).max(0);
    }
}

fn count(pings: usize) -> i64 {
    i64::try_from(pings).unwrap_or(i64::MAX)
}
