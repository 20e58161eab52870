//! The words and numbers of enumerations.

use crate::core::cause::{Cause, CauseKind};
use crate::core::check::PingKind;
use crate::core::step::FlipReason;
use crate::core::time::Time;

pub(in crate::store) fn cause_code(kind: CauseKind) -> u8 {
    match kind {
        CauseKind::Missing => 0,
        CauseKind::NeverSeen => 1,
        CauseKind::NotStarted => 2,
        CauseKind::Overrun => 3,
        CauseKind::TooFew => 4,
        CauseKind::Failed => 5,
        CauseKind::TooMany => 6,
        CauseKind::TooShort => 7,
        CauseKind::Overlapping => 8,
        CauseKind::Blind => 9,
        CauseKind::Unjudgeable => 10,
        CauseKind::Violated => 11,
        CauseKind::Unprobed => 12,
        CauseKind::TooManyRecords => 13,
        CauseKind::RecordsViolated => 14,
        CauseKind::Occurred => 15,
    }
}

/// The word of a kind in the database: unlike the word for people, each has its own.
pub(super) fn cause_word(kind: CauseKind) -> &'static str {
    if kind == CauseKind::RecordsViolated { "records_violated" } else { kind.as_str() }
}

pub(in crate::store) fn cause_kind(code: u8) -> Option<CauseKind> {
    CauseKind::ALL.into_iter().find(|kind| cause_code(*kind) == code)
}

pub(in crate::store) fn ping_code(kind: PingKind) -> u8 {
    match kind {
        PingKind::Success => 0,
        PingKind::Fail => 1,
        PingKind::Start => 2,
        PingKind::Log => 3,
    }
}

pub(in crate::store) fn ping_kind(code: u8) -> Option<PingKind> {
    PingKind::ALL.into_iter().find(|kind| ping_code(*kind) == code)
}

pub(in crate::store) fn flip_reason(word: &str) -> Option<FlipReason> {
    FlipReason::ALL.into_iter().find(|reason| reason.as_str() == word)
}

/// A cause in JSON: its kind, its since, and what it would have been.
pub(super) type CauseRow = (String, i64, Option<String>);

pub(super) fn cause_row(cause: &Cause) -> CauseRow {
    let word = |kind: CauseKind| cause_word(kind).to_owned();
    (word(cause.kind), cause.since.as_ms(), cause.would_be.map(word))
}

pub(super) fn cause_of((kind, since, would_be): &CauseRow) -> Option<Cause> {
    let would_be = match would_be {
        Some(word) => Some(kind_of(word)?),
        None => None,
    };
    Some(Cause { kind: kind_of(kind)?, since: Time::from_ms(*since), would_be })
}

pub(in crate::store) fn write_causes<'a>(causes: impl IntoIterator<Item = &'a Cause>) -> String {
    let rows: Vec<CauseRow> = causes.into_iter().map(cause_row).collect();
    serde_json::to_string(&rows).expect("a row of texts and numbers is always JSON")
}

pub(in crate::store) fn read_causes(text: &str) -> Option<Vec<Cause>> {
    let rows: Vec<CauseRow> = serde_json::from_str(text).ok()?;
    rows.iter().map(cause_of).collect()
}

pub(in crate::store) fn write_kinds(kinds: &[CauseKind]) -> String {
    let words: Vec<&str> = kinds.iter().map(|kind| cause_word(*kind)).collect();
    serde_json::to_string(&words).expect("a list of texts is always JSON")
}

pub(in crate::store) fn read_kinds(text: &str) -> Option<Vec<CauseKind>> {
    let words: Vec<String> = serde_json::from_str(text).ok()?;
    words.iter().map(|word| kind_of(word)).collect()
}

pub(super) fn kind_of(word: &str) -> Option<CauseKind> {
    CauseKind::ALL.into_iter().find(|kind| cause_word(*kind) == word)
}

/// A flag of a ping's row: it repeats its run id's previous fact.
pub(in crate::store) const PING_REPEAT: u8 = 1;
/// A flag of a ping's row: its body was cut.
pub(in crate::store) const PING_BODY_CUT: u8 = 2;
/// A flag of a ping's row: it counts as a success in windows.
pub(in crate::store) const PING_SUCCESS: u8 = 4;
/// A flag of a ping's row: it has a body.
pub(in crate::store) const PING_BODY: u8 = 8;
/// A flag of a ping's row: it is a result (17.2).
pub(in crate::store) const PING_RESULT: u8 = 16;
