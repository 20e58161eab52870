//! The rows that may go, in one transaction (15.2).

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::round::OverIncidents;
use super::rows::Rows;
use crate::core::check::CheckId;
use crate::core::incident::IncidentId;
use crate::core::outbox::MessageId;
use crate::core::retention::Retention;
use crate::core::time::Time;
use crate::store::StoreError;

/// A ping that may go.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct OldPing {
    pub(in crate::store) number: i64,
    pub(in crate::store) check: CheckId,
    pub(in crate::store) at: Time,
    /// Its place among its check's pings, from 1 on.
    pub(in crate::store) ordinal: i64,
    /// Whether it came with a body.
    pub(in crate::store) has_body: bool,
}

/// Row operations. Whatever goes through rows does so in the order of their numbers, from after the one it is given.
pub(in crate::store) trait OldRows: Rows {
    /// Shows pings, until there are no more, so many were shown, or who looks has seen enough. What is still needed to find
    /// out how a check stands is not among them.
    fn look_at_pings(
        &self,
        after: i64,
        limit: usize,
        look: &mut dyn FnMut(OldPing) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError>;
    /// How many pings a check ever had; `None`: there is no such check.
    fn pings_of(&self, check: CheckId) -> Result<Option<i64>, StoreError>;
    /// A round begins. Answers after which ping: all up to there are looked at again where enough of them may be over.
    fn begin_old_pings(&mut self, retention: &Retention) -> Result<i64, StoreError>;
    /// So many up to this ping were looked at, which are old. Those of these checks stay, so many of them since their time is
    /// still to come.
    fn note_old_pings(
        &mut self,
        up_to: i64,
        looked_at: usize,
        stay: &[CheckId],
        ahead: usize,
    ) -> Result<(), StoreError>;
    /// Whether enough of those that are young may be over that they are to be looked at now.
    fn begin_young_pings(&mut self) -> Result<bool, StoreError>;
    /// So many of these stay of a slice, which may be the last.
    fn note_young_pings(&mut self, stay: usize, is_end: bool) -> Result<(), StoreError>;
    /// Its number is never given again.
    fn delete_ping(&mut self, number: i64) -> Result<(), StoreError>;

    /// The pings with the oldest bodies, and how many bytes each has.
    fn oldest_bodies(&self, limit: usize) -> Result<Vec<(i64, i64)>, StoreError>;
    /// The next check that got a body since its bodies were known to be few; after a start, every check.
    fn next_with_new_bodies(&self, after: CheckId) -> Result<Option<CheckId>, StoreError>;
    /// A check keeps no more bodies than it may.
    fn bodies_are_few(&mut self, check: CheckId) -> Result<(), StoreError>;
    /// Pings of a check of which the body is kept, without the newest so many.
    fn bodies_but(&self, check: CheckId, kept: u32, limit: usize) -> Result<Vec<i64>, StoreError>;

    /// Judgements: their numbers and occurrences.
    fn judgements_after(&self, after: u64, limit: usize) -> Result<Vec<(u64, Time)>, StoreError>;
    fn delete_judgement(&mut self, number: u64) -> Result<(), StoreError>;

    /// The next check that flipped since its flips were known to be few; after a start, every check.
    fn next_with_new_flips(&self, after: CheckId) -> Result<Option<CheckId>, StoreError>;
    /// A check has no more flips than it may.
    fn flips_are_few(&mut self, check: CheckId) -> Result<(), StoreError>;
    /// Removes flips of a check, the oldest first, but for the newest so many. Answers how many went.
    fn delete_flips_but(&mut self, check: CheckId, kept: u32, limit: usize) -> Result<usize, StoreError>;

    /// Incidents that have ended, in the order of their ends and numbers: those after the one and before the other.
    fn ended_incidents(
        &self,
        over: OverIncidents,
        limit: usize,
    ) -> Result<Vec<(Time, IncidentId)>, StoreError>;
    /// The newest incident that so many others follow in this order; `None`: there is none.
    fn ended_before_others(&self, others: u64) -> Result<Option<(Time, IncidentId)>, StoreError>;
    fn incidents_of(&self, check: CheckId, limit: usize) -> Result<Vec<IncidentId>, StoreError>;
    /// With its steps and deliveries.
    fn delete_incident(&mut self, id: IncidentId) -> Result<(), StoreError>;
    /// The next check of which a record ended since its ended records were known to be few; after a start, every check that has any.
    fn next_with_ended_records(&self, after: CheckId) -> Result<Option<CheckId>, StoreError>;
    /// A check keeps no more of them than it may.
    fn ended_records_are_few(&mut self, check: CheckId) -> Result<(), StoreError>;
    /// Ended incidents of a check's records, without the newest so many.
    fn ended_records_but(
        &self,
        check: CheckId,
        kept: u32,
        limit: usize,
    ) -> Result<Vec<IncidentId>, StoreError>;
    /// The first incident that was to be reminded of since its reminders were known to be few, and since the last start.
    fn next_with_new_reminders(&self) -> Result<Option<IncidentId>, StoreError>;
    /// An incident has no more reminders than it may.
    fn reminders_are_few(&mut self, id: IncidentId) -> Result<(), StoreError>;
    /// Removes reminders of an incident that were told or are not to be, but for the newest so many. Answers how many went.
    fn delete_reminders_but(&mut self, id: IncidentId, kept: u32, limit: usize) -> Result<usize, StoreError>;

    /// Removes those of the next messages that were settled before and of whose deliveries none is left; one that was given
    /// up goes too if its deliveries are in others since. Answers the last one that was looked at.
    fn delete_messages(
        &mut self,
        after: MessageId,
        limit: usize,
        before: Time,
    ) -> Result<Option<MessageId>, StoreError>;
    /// Removes how often checks flapped that last did so up to this time. Answers how many went.
    fn delete_old_flapping(&mut self, up_to: Time, limit: usize) -> Result<usize, StoreError>;

    /// Removes what people and the server did before, of the oldest so many. Answers how many went.
    fn delete_old_audits(&mut self, before: Time, limit: usize) -> Result<usize, StoreError>;

    /// When a check was archived; `None`: it is not, or there is none.
    fn archived_at(&self, check: CheckId) -> Result<Option<Time>, StoreError>;
    fn archived_before(&self, before: Time) -> Result<Vec<CheckId>, StoreError>;
    /// Checks of which something is open, or still to be told.
    fn unfinished_checks(&self) -> Result<HashSet<CheckId>, StoreError>;
    /// Removes flips, judgements, events and pauses of a check. Answers how many went.
    fn delete_history(&mut self, check: CheckId, limit: usize) -> Result<usize, StoreError>;
    /// Of its pings none is left that anybody finds.
    fn delete_check(&mut self, check: CheckId) -> Result<(), StoreError>;

    /// Gives some of the room back that is used no more, after so many pieces before. Answers how many it were so far, if
    /// there is more.
    fn give_space_back(&mut self, given_before: u64) -> Result<Option<u64>, StoreError>;
}
