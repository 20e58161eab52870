//! What this process knows and no row holds: its settings, and when receivers are looked at again.

use std::sync::Arc;

use super::pace::Pace;
use super::story::Story;
use crate::core::check::{CheckId, Definition, Name};
use crate::core::origin::Habits;
use crate::core::outbox::{DeliveryId, OwnMails};
use crate::core::retention::Retention;
use crate::core::route::{HeldBy, Policy, ReceiverName};
use crate::core::time::Time;
use crate::store::pending::{PendingChange, Redeclared};

/// How much is done in one call, where there is much: what happens meanwhile goes between.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Pieces {
    /// What was held or not due and returns.
    pub(in crate::store) returned: usize,
    /// Members of a message of which an attempt ended.
    pub(in crate::store) settled: usize,
    /// So many changes of records are one transaction (18.7).
    pub(in crate::store) records: usize,
}

impl Default for Pieces {
    fn default() -> Pieces {
        Pieces { returned: 2_048, settled: 32, records: 200 }
    }
}

/// No row operations, and never an error: it stands beside the rows since every part of the unit of work needs some of it. A
/// start makes it anew. After a call that failed it is as it was before that call, but for the times at which receivers are
/// looked at, which are found out anew.
pub(in crate::store) trait OfProcess {
    /// Whom the running configuration tells of what.
    fn policy(&self) -> Arc<Policy>;
    /// How much history is kept; `None`: nothing is configured yet.
    fn retention(&self) -> Option<&Retention>;
    /// What sets a check apart by its origin.
    fn habits(&self, definition: &Definition) -> Habits;

    /// Whether a configuration is not carried out to its end.
    fn has_pending(&self) -> bool;
    /// What it is still to change of the check of a name, and when it was taken (10.5). Where this call has carried it out,
    /// that may be answered or not.
    fn pending(&self, name: &Name) -> Option<(PendingChange, Time)>;
    /// All names of which it is to change something.
    fn all_pending(&self) -> Vec<Name>;
    /// How many checks it is still to archive after this call.
    fn to_archive(&self) -> usize;
    /// What was pending of a name is carried out once this call is committed.
    fn carried_out(&mut self, name: &Name, became: Redeclared);

    /// For the log, once this call is committed.
    fn story(&mut self) -> &mut Story;

    /// The receiver that has waited longest, and since when, of those to which something may leave now and that come after one of
    /// them; of one time in the order of their names. Those of checks' own mails are not among them.
    fn next_due(&mut self, now: Time, after: Option<&(Time, ReceiverName)>) -> Option<(Time, ReceiverName)>;
    /// The same, of checks' own mails; none while their mail server is left alone.
    fn next_own_due(
        &mut self,
        now: Time,
        after: Option<&(Time, ReceiverName)>,
    ) -> Option<(Time, ReceiverName)>;
    /// When a receiver is looked at again, and why.
    fn pace(&self, receiver: &ReceiverName) -> Pace;
    /// Does nothing for a receiver of which nothing was ever unfinished.
    fn set_pace(&mut self, receiver: &ReceiverName, pace: Pace);
    /// What waits for a receiver may leave: it is looked at again.
    fn look_at(&mut self, receiver: &ReceiverName, now: Time);
    /// Something that all of it depends on is another: whatever waits is looked at again.
    fn look_everywhere(&mut self, now: Time);
    /// One that waits is held or not due. It stands aside until this time, or until something of its check or one of these
    /// changes. Of one that rests it is only noted what holds it.
    fn set_aside(&mut self, id: DeliveryId, until: Option<Time>, by: Vec<HeldBy>);
    /// How much is done in one call.
    fn pieces(&self) -> Pieces;
    /// How many records results may still change in this call, whosever they are.
    fn records_left(&mut self) -> &mut usize;
    /// What is held by what has changed since the last call does not stand aside any more, at most so much at a time. Answers
    /// whether there is more.
    fn let_asked_return(&mut self, limit: usize, now: Time) -> bool;
    /// What of a receiver stands aside until now does not any more, at most so much. Answers whether there is more.
    fn let_return(&mut self, receiver: &ReceiverName, limit: usize, now: Time) -> bool;
    /// What rests of a receiver may be taken now, also what was refused for what it says.
    fn may_be_mended(&mut self, receiver: &ReceiverName);

    /// Takes at most so many checks of which Alertmanager may have to hear something else than was last put of them.
    fn take_to_alert(&mut self, limit: usize, now: Time) -> Vec<CheckId>;
    /// It was looked at, and is again at this time. Where something of it is held, its dependencies are given.
    fn looked_to_alert(&mut self, check: CheckId, next: Option<Time>, held: Option<&[Name]>);

    /// Mails of checks' own.
    fn own_mails(&mut self) -> &mut OwnMails;
    /// A mail of a check's own waits since its address has had enough.
    fn note_limited(&mut self);
    /// How many receivers wait for that.
    fn limited(&self, now: Time) -> usize;
    /// The clock was set back (1.1): nothing was tried later than now, and no mail of a check's own waits for a time that was.
    fn bring_back_paces(&mut self, now: Time);
}
