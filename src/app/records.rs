//! Records of a check that asserts something, one by one, and marks of their keys (§18, 11.2).

use super::actor::Actor;
use super::not_done::NotDone;
use super::said::{check_lines, check_name};
use super::services::Services;
use crate::core::incident::{IncidentId, IncidentKey, IncidentStatus, IncidentStep};
use crate::core::record::Record;
use crate::store::command::StoreCommand;
use crate::store::live::Check;
use crate::store::{RecordAnswer, RecordCall, RecordOrder};

/// A record that was begun by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BegunRecord {
    pub incident: IncidentId,
    pub status: IncidentStatus,
    /// How often it was begun while it is open; 0: a result found it.
    pub count: u32,
    /// It was not open before.
    pub is_new: bool,
}

/// Begins a record, and says nothing of others (18.3).
pub async fn begin(
    services: &Services,
    actor: &Actor,
    check: &Check,
    record: Record,
) -> Result<BegunRecord, NotDone> {
    let key = record.key().clone();
    match call(services, actor, check, RecordOrder::Begin(record)).await? {
        RecordAnswer::Begun { incident, status, count, is_new } => {
            Ok(BegunRecord { incident, status, count, is_new })
        }
        other => Err(not_done(&other, check, &key)),
    }
}

/// Ends a record that was begun so (18.9).
pub async fn end(services: &Services, actor: &Actor, check: &Check, key: IncidentKey) -> Result<(), NotDone> {
    match call(services, actor, check, RecordOrder::End(key.clone())).await? {
        RecordAnswer::Done => Ok(()),
        other => Err(not_done(&other, check, &key)),
    }
}

/// Nobody wants to hear of a key (11.2).
pub async fn mark(
    services: &Services,
    actor: &Actor,
    check: &Check,
    (key, comment): (IncidentKey, &str),
) -> Result<(), NotDone> {
    let comment = check_lines(actor, comment, IncidentStep::MAX_COMMENT_BYTES)?;
    match call(services, actor, check, RecordOrder::Mark(key.clone(), comment)).await? {
        RecordAnswer::Done => {
            actor.log_of(check.definition.name.as_str(), "a key of its records was marked");
            Ok(())
        }
        other => Err(not_done(&other, check, &key)),
    }
}

/// Somebody wants to hear of it again.
pub async fn unmark(
    services: &Services,
    actor: &Actor,
    check: &Check,
    key: IncidentKey,
) -> Result<(), NotDone> {
    check_name(actor)?;
    match call(services, actor, check, RecordOrder::Unmark(key.clone())).await? {
        RecordAnswer::Done => {
            actor.log_of(check.definition.name.as_str(), "the mark of a key of its records was taken away");
            Ok(())
        }
        RecordAnswer::NoSuchRecord => {
            let (check, key) = (check.definition.name.clone(), key.to_string());
            Err(NotDone::NoSuchMark { check, key })
        }
        other => Err(not_done(&other, check, &key)),
    }
}

async fn call(
    services: &Services,
    actor: &Actor,
    check: &Check,
    what: RecordOrder,
) -> Result<RecordAnswer, NotDone> {
    let call = Box::new(RecordCall { check: check.id, what, by: actor.name() });
    Ok(services.command(actor, |answer| StoreCommand::Records(call, answer)).await??)
}

fn not_done(answer: &RecordAnswer, check: &Check, key: &IncidentKey) -> NotDone {
    match answer {
        RecordAnswer::Refused(why) => NotDone::Record(*why),
        RecordAnswer::NoSuchRecord => {
            NotDone::NoSuchRecord { check: check.definition.name.clone(), key: key.to_string() }
        }
        RecordAnswer::Slice(_) | RecordAnswer::Begun { .. } | RecordAnswer::Done => {
            unreachable!("each order is answered as what it is")
        }
    }
}
