//! What becomes of a check's records outside of its results' facts (§18): the slices of a result, records one by one, and marks.

use std::sync::Arc;

use crate::core::check::CheckId;
use crate::core::incident::{IncidentId, IncidentKey, IncidentStatus};
use crate::core::record::{NamedRecords, Record};
use crate::store::FoundAt;

/// Something that is to become of records of a check.
#[derive(Clone, Debug)]
pub struct RecordCall {
    pub check: CheckId,
    pub what: RecordOrder,
    /// Who says so.
    pub by: String,
}

/// What is to become of them.
#[derive(Clone, Debug)]
pub enum RecordOrder {
    /// Some of what a result makes of them; its fact comes with the last (18.7).
    Slice(ResultSlice),
    /// One begins, and nothing is said of others (18.3).
    Begin(Record),
    /// One that was begun so is over.
    End(IncidentKey),
    /// Nobody wants to hear of it (11.2), and why.
    Mark(IncidentKey, String),
    /// Somebody does again.
    Unmark(IncidentKey),
}

/// A slice of a result.
#[derive(Clone, Debug)]
pub struct ResultSlice {
    /// All that the result names.
    pub named: Arc<NamedRecords>,
    /// Where it comes from.
    pub source: FoundAt,
    /// It goes on after this key: [`RecordNews::next`] of the slice before.
    pub after: Option<IncidentKey>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordAnswer {
    /// So much of a result was carried out.
    Slice(RecordNews),
    Begun {
        incident: IncidentId,
        status: IncidentStatus,
        /// How often it was begun while it is open.
        count: u32,
        is_new: bool,
    },
    /// It is done, or was so before.
    Done,
    /// No such record is open, or no such key is marked.
    NoSuchRecord,
    Refused(RecordRefusal),
}

/// Why nothing became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordRefusal {
    #[error("there is no such check")]
    NoSuchCheck,
    #[error("this check asserts nothing (no `assert`): it has no records")]
    AssertsNothing,
    #[error("this check takes no records (`records: false`)")]
    TakesNone,
    #[error(
        "what this check detects is named: `violated` has `records`, and whoever found nothing says `holds`"
    )]
    NamesNothing,
    #[error("as many records are open as this check allows for (`max_records`)")]
    TooMany,
    #[error("as many occurrences of this check are remembered as may be: shorten `remember`, or end some")]
    TooManyRemembered,
    #[error("as many keys of this check are marked as may be: take some marks away")]
    TooManyMarks,
    #[error("a result found it: it ends once results do not name it any more")]
    OnlyResultsEndIt,
}

/// What a result, or a slice of one, made of records.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordNews {
    /// Incidents that it opened, and how they stand.
    pub began: Vec<RecordStands>,
    /// Those that it ended.
    pub ended: Vec<RecordStands>,
    /// How many are open now.
    pub open: u32,
    /// After this key more may be to change; `None`: all was looked at.
    pub next: Option<IncidentKey>,
}

/// How an incident of a record stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordStands {
    pub key: IncidentKey,
    pub incident: IncidentId,
    pub status: IncidentStatus,
}

impl RecordNews {
    /// Together with what came after it.
    #[must_use]
    pub fn followed_by(mut self, next: RecordNews) -> RecordNews {
        self.began.extend(next.began);
        self.ended.extend(next.ended);
        RecordNews { began: self.began, ended: self.ended, ..next }
    }
}
