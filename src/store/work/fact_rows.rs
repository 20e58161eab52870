//! The rows of what has happened to checks, in one transaction: pings and their bodies, happenings, and pauses; and what
//! people and the server did.

use crate::core::audit::{Audit, AuditBound};
use crate::core::check::{CheckId, PingKind};
use crate::core::notice::LastRun;
use crate::core::step::PingEffect;
use crate::core::time::{Span, Time};
use crate::store::{PingFact, StoreError, UnknownName};

/// A ping that no row holds yet.
#[derive(Clone, Copy)]
pub(in crate::store) struct NewPing<'a> {
    pub(in crate::store) check: CheckId,
    pub(in crate::store) at: Time,
    pub(in crate::store) fact: &'a PingFact,
    /// What it counted for.
    pub(in crate::store) counted: Option<PingEffect>,
    /// What it is (17.2).
    pub(in crate::store) is: KeptAs,
    /// Whether its body is kept, if it has one.
    pub(in crate::store) keeps_body: bool,
}

/// As what a ping's row is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum KeptAs {
    Ping,
    /// A result that a client has reported.
    Report,
    /// A result of our own look.
    Probe,
}

/// What a ping said.
pub(in crate::store) struct PingSaid {
    /// `None`: a kind that this program does not know.
    pub(in crate::store) kind: Option<PingKind>,
    pub(in crate::store) is_repeat: bool,
    pub(in crate::store) run: LastRun,
    pub(in crate::store) body: Option<Vec<u8>>,
    /// The number of the one before it; 0: none.
    pub(in crate::store) previous: i64,
}

/// A pause at run time that began or ended.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct NewPause<'a> {
    pub(in crate::store) is_pause: bool,
    pub(in crate::store) at: Time,
    pub(in crate::store) comment: Option<&'a str>,
    pub(in crate::store) by: Option<&'a str>,
}

/// Which of a check's happenings go.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct OldHappenings {
    /// So many of the oldest go.
    pub(in crate::store) over: u64,
    /// So do those that are older than this …
    pub(in crate::store) before: Time,
    /// … but the newest so many stay.
    pub(in crate::store) kept: u64,
}

/// Row operations. All that a call reads is as this call has left it so far.
pub(in crate::store) trait FactRows {
    /// Appends a ping of a check that is to be changed.
    fn insert_ping(&mut self, ping: NewPing<'_>) -> Result<(), StoreError>;
    /// The number of a check's newest ping; 0: none.
    fn last_ping(&self, check: CheckId) -> Result<i64, StoreError>;
    /// A ping of a check, as far as it is kept.
    fn ping(&self, check: CheckId, number: i64) -> Result<Option<PingSaid>, StoreError>;
    /// Counts the successes within this span before `now` anew, for a check that is to be changed.
    fn recount_window(&mut self, check: CheckId, within: Span, now: Time) -> Result<(), StoreError>;

    /// The sum of all bodies that are kept, in bytes.
    fn body_bytes(&self) -> Result<i64, StoreError>;
    /// The newest body of a check that is kept.
    fn newest_body(&self, check: CheckId) -> Result<Option<Vec<u8>>, StoreError>;
    /// The number of the oldest ping of which the body is kept.
    fn oldest_body(&self) -> Result<Option<i64>, StoreError>;
    /// Answers whether there was one, and it is gone.
    fn delete_body(&mut self, ping: i64) -> Result<bool, StoreError>;

    /// Appends to the history of a check with an alias.
    fn insert_happening(&mut self, check: CheckId, at: Time, text: &str) -> Result<(), StoreError>;
    /// How many happenings a check's history has.
    fn count_happenings(&self, check: CheckId) -> Result<u64, StoreError>;
    fn oldest_happening(&self, check: CheckId) -> Result<Option<Time>, StoreError>;
    /// The newest happenings of the history of a check with an alias, the newest first.
    fn newest_happenings(&self, check: CheckId, limit: usize) -> Result<Vec<(Time, String)>, StoreError>;
    fn delete_happenings(&mut self, check: CheckId, old: OldHappenings) -> Result<(), StoreError>;

    /// Answers its number, which is greater than all before; 0: it cannot be kept.
    fn insert_audit(&mut self, done: &Audit) -> Result<u64, StoreError>;
    /// Of these kinds all but the newest go.
    fn delete_audits_but(&mut self, kept: AuditBound) -> Result<(), StoreError>;

    /// These names are pinged and no check has them, and no others.
    fn put_unknown_names(&mut self, names: &[UnknownName]) -> Result<(), StoreError>;

    fn insert_pause(&mut self, check: CheckId, pause: NewPause<'_>) -> Result<(), StoreError>;
    /// Removes all but the newest so many of a check.
    fn delete_pauses_but(&mut self, check: CheckId, kept: usize) -> Result<(), StoreError>;
}
