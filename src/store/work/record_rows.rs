//! The rows of records and marks, in one transaction (§18).

use std::collections::BTreeMap;

use crate::core::check::CheckId;
use crate::core::incident::{IncidentId, IncidentKey, Matter};
use crate::core::outbox::{Delivery, DeliveryId, MessageId};
use crate::core::record::{Record, RecordKind, RecordStanding};
use crate::core::route::ReceiverName;
use crate::core::time::Time;
use crate::store::StoreError;

/// A record that is violated, or named and not violated yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct KnownRecord {
    pub(in crate::store) standing: RecordStanding,
    /// How often it was begun one by one, and when for the last time (18.9); 0: by results alone.
    pub(in crate::store) begun: u32,
    pub(in crate::store) begun_at: Option<Time>,
}

/// What people have said of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct NewMark<'a> {
    pub(in crate::store) at: Time,
    pub(in crate::store) by: &'a str,
    pub(in crate::store) comment: &'a str,
}

/// Row operations. All that a call reads is as this call has left it so far.
pub(in crate::store) trait RecordRows {
    /// The first so many records of a check that are known, in the order of their keys, after this one.
    fn records_of(
        &self,
        check: CheckId,
        after: Option<&IncidentKey>,
        limit: usize,
    ) -> Result<BTreeMap<IncidentKey, RecordStanding>, StoreError>;
    fn all_records_of(&self, check: CheckId) -> Result<BTreeMap<IncidentKey, RecordStanding>, StoreError> {
        self.records_of(check, None, usize::MAX)
    }
    fn record(&self, of: &Matter) -> Result<Option<KnownRecord>, StoreError>;
    /// Writes one. That its incident is open is written with that.
    fn put_record(&mut self, of: &Matter, known: KnownRecord) -> Result<(), StoreError>;
    fn delete_record(&mut self, of: &Matter) -> Result<(), StoreError>;
    /// What a record said of itself when its incident opened, or says since.
    fn put_record_details(&mut self, incident: IncidentId, record: &Record) -> Result<(), StoreError>;
    /// Its title and its details.
    fn record_details(&self, incident: IncidentId) -> Result<Option<(String, String)>, StoreError>;
    /// The incidents of a check's records that are open, in the order of their keys, after this one: at most so many.
    fn open_records(
        &self,
        check: CheckId,
        after: Option<&IncidentKey>,
        limit: usize,
    ) -> Result<Vec<IncidentId>, StoreError>;

    /// Keys of a check's records that are open and of this kind: at most so many.
    fn records_of_kind(
        &self,
        check: CheckId,
        kind: RecordKind,
        limit: usize,
    ) -> Result<Vec<IncidentKey>, StoreError>;
    /// What a check remembers, and when it occurred, the oldest first: at most so many.
    fn oldest_occurrences(
        &self,
        check: CheckId,
        limit: usize,
    ) -> Result<Vec<(IncidentKey, Time)>, StoreError>;
    /// When the first of these occurred.
    fn oldest_occurrence(&self, check: CheckId) -> Result<Option<Time>, StoreError> {
        Ok(self.oldest_occurrences(check, 1)?.first().map(|(_, at)| *at))
    }
    /// 1.1: nothing occurred after this time.
    fn bring_back_occurrences(&mut self, now: Time) -> Result<(), StoreError>;

    fn is_marked(&self, of: &Matter) -> Result<bool, StoreError>;
    fn count_marks(&self, check: CheckId) -> Result<usize, StoreError>;
    fn put_mark(&mut self, of: &Matter, mark: &NewMark<'_>) -> Result<(), StoreError>;
    /// Answers whether there was one.
    fn delete_mark(&mut self, of: &Matter) -> Result<bool, StoreError>;

    /// The key of the first message of this thread of a check's records to a receiver (12.5).
    fn record_thread(
        &self,
        check: CheckId,
        receiver: &ReceiverName,
        thread: IncidentId,
    ) -> Result<Option<String>, StoreError>;
    fn put_record_thread(
        &mut self,
        check: CheckId,
        receiver: &ReceiverName,
        thread: IncidentId,
        message: &str,
    ) -> Result<(), StoreError>;

    /// The reminders of a check's records that are unfinished: one for each receiver (12.4).
    fn record_reminders(&self, check: CheckId) -> Result<Vec<Delivery>, StoreError>;
    /// What waits for a receiver of a check's records, for no message, and does not stand aside, in the order of their ids.
    fn waiting_of_records(
        &self,
        check: CheckId,
        receiver: &ReceiverName,
        limit: usize,
    ) -> Result<Vec<DeliveryId>, StoreError>;
    /// These are in this message from now on, as they stand.
    fn put_in_message(&mut self, members: Vec<Delivery>, message: MessageId) -> Result<(), StoreError>;

    /// All that is known of records, marks and threads of a check goes: it is forgotten.
    fn delete_records(&mut self, check: CheckId, limit: usize) -> Result<usize, StoreError>;
}
