//! Removes what the retention no longer keeps (15.2), a slice at each call, so that pings never wait long.
//!
//! A round goes through all tables; within one, through the rows by their numbers. Nothing is lost if a round is broken off:
//! the next one begins anew.

use super::old_rows::OldRows;
use super::prune_checks::prune_checks;
use super::prune_pings::{prune_old_pings, prune_young_pings};
use super::round::{OverIncidents, REMOVED, Round};
use crate::core::audit::Audit;
use crate::core::check::CheckId;
use crate::core::incident::IncidentId;
use crate::core::outbox::{CancelReason, Delivery, DeliveryState, Flapping, MessageId};
use crate::core::retention::Retention;
use crate::core::time::Time;
use crate::store::StoreError;

/// Bodies removed in a slice: one of the longest lies on three pages.
const BODIES_REMOVED: usize = 500;
/// Checks or incidents that are looked at in a slice, and flips or reminders of them that are removed: each may have many.
const LOOKED_INTO: usize = 500;

/// Removes a slice of what is over, and answers where the round goes on.
pub(in crate::store) fn prune(rows: &mut dyn OldRows, round: Round, now: Time) -> Result<Round, StoreError> {
    let Some(retention) = rows.retention().cloned() else { return Ok(Round::default()) };
    match round {
        Round::Pings(after) => prune_old_pings(rows, after, &retention, now),
        Round::YoungPings(after) => prune_young_pings(rows, after, &retention, now),
        Round::Bodies(after) => prune_bodies(rows, after, &retention),
        Round::Judgements(after) => prune_judgements(rows, after, now),
        Round::Flips(after) => prune_flips(rows, after),
        Round::Records(after) => prune_records(rows, after),
        Round::Incidents(over) => prune_incidents(rows, over, now),
        Round::Messages(after) => {
            let last = rows.delete_messages(after, LOOKED_INTO / 10, now - Retention::JUDGEMENTS)?;
            Ok(last.map_or(Round::Flapping, Round::Messages))
        }
        // Those after which there was none for so long that the next one is the first (12.5).
        Round::Flapping => {
            let removed = rows.delete_old_flapping(now - Flapping::WITHIN, LOOKED_INTO)?;
            Ok(if removed == LOOKED_INTO { Round::Flapping } else { Round::Audits })
        }
        Round::Audits => {
            let removed = rows.delete_old_audits(now - Audit::MAX_AGE, LOOKED_INTO)?;
            Ok(if removed == LOOKED_INTO { Round::Audits } else { Round::Checks(None) })
        }
        Round::Checks(over) => prune_checks(rows, over, now - retention.archived),
        Round::Space(given) => Ok(rows.give_space_back(given)?.map_or(Round::default(), Round::Space)),
    }
}

/// Over the budget the oldest go first; then, check by check, all but the newest.
fn prune_bodies(rows: &mut dyn OldRows, after: CheckId, retention: &Retention) -> Result<Round, StoreError> {
    let budget = i64::try_from(retention.max_body_bytes).unwrap_or(i64::MAX);
    let oldest = beyond_the_budget(rows, budget)?;
    let (over, next) =
        if oldest.is_empty() { older_bodies(rows, after)? } else { (oldest, Round::Bodies(after)) };
    let are_some = !over.is_empty();
    let mut gone = 0;
    for ping in over {
        gone += usize::from(rows.delete_body(ping)?);
    }
    // Those of a damaged page stay: they would be found again for ever.
    Ok(if are_some && gone == 0 { Round::Judgements(0) } else { next })
}

/// So many of the oldest that the rest fits into the budget, but no more than go in a slice.
fn beyond_the_budget(rows: &dyn OldRows, budget: i64) -> Result<Vec<i64>, StoreError> {
    let mut left = rows.body_bytes()?;
    if left <= budget {
        return Ok(Vec::new());
    }
    let mut over = Vec::new();
    for (ping, bytes) in rows.oldest_bodies(BODIES_REMOVED)? {
        if left <= budget {
            break;
        }
        over.push(ping);
        left -= bytes;
    }
    Ok(over)
}

/// Those that are not among the newest of their checks, of some checks after this one.
fn older_bodies(rows: &mut dyn OldRows, after: CheckId) -> Result<(Vec<i64>, Round), StoreError> {
    let mut over = Vec::new();
    let mut last = after;
    for _ in 0..BODIES_REMOVED {
        let Some(check) = rows.next_with_new_bodies(last)? else { return Ok((over, Round::Judgements(0))) };
        let left = BODIES_REMOVED - over.len();
        over.extend(rows.bodies_but(check, Retention::BODIES_OF_A_CHECK, left)?);
        if over.len() == BODIES_REMOVED {
            break;
        }
        rows.bodies_are_few(check)?;
        last = check;
    }
    Ok((over, Round::Bodies(last)))
}

/// They stand in the order of their time, but for those of a clock that was ahead: these are passed over.
fn prune_judgements(rows: &mut dyn OldRows, after: u64, now: Time) -> Result<Round, StoreError> {
    let judgements = rows.judgements_after(after, REMOVED)?;
    for (number, occurrence) in &judgements {
        if *occurrence < now - Retention::JUDGEMENTS {
            rows.delete_judgement(*number)?;
        } else if *occurrence <= now {
            return Ok(Round::Flips(CheckId(0)));
        }
    }
    let last = judgements.last().filter(|_| judgements.len() == REMOVED);
    Ok(last.map_or(Round::Flips(CheckId(0)), |(number, _)| Round::Judgements(*number)))
}

/// Check by check.
fn prune_flips(rows: &mut dyn OldRows, after: CheckId) -> Result<Round, StoreError> {
    let mut last = after;
    let mut left = LOOKED_INTO;
    for _ in 0..LOOKED_INTO {
        let Some(check) = rows.next_with_new_flips(last)? else { return Ok(Round::Records(CheckId(0))) };
        left -= rows.delete_flips_but(check, Retention::FLIPS_OF_A_CHECK, left)?;
        if left == 0 {
            break;
        }
        rows.flips_are_few(check)?;
        last = check;
    }
    Ok(Round::Flips(last))
}

/// Forgets an incident that has ended, unless something of it is still to be told; not so what nobody has taken for all this time.
/// Answers whether it is gone.
fn forget_incident(rows: &mut dyn OldRows, id: IncidentId) -> Result<bool, StoreError> {
    let left = rows.unfinished(id)?;
    let rests = |row: &Delivery| matches!(row.state, DeliveryState::Parked { .. });
    if !left.iter().all(rests) {
        return Ok(false);
    }
    for row in left {
        rows.update_delivery(Delivery { state: DeliveryState::Cancelled(CancelReason::Removed), ..row })?;
    }
    rows.delete_incident(id)?;
    Ok(true)
}

/// Check by check. What is still to be told stays, and is looked at in a later round.
fn prune_records(rows: &mut dyn OldRows, after: CheckId) -> Result<Round, StoreError> {
    let most = LOOKED_INTO / 10;
    let Some(check) = rows.next_with_ended_records(after)? else { return Ok(Round::Incidents(None)) };
    let over = rows.ended_records_but(check, Retention::RECORDS_OF_A_CHECK, most)?;
    let (mut gone, count) = (0, over.len());
    for id in over {
        gone += usize::from(forget_incident(rows, id)?);
    }
    if count == most && gone > 0 {
        return Ok(Round::Records(after));
    }
    if count == gone {
        rows.ended_records_are_few(check)?;
    }
    Ok(Round::Records(check))
}

/// By their ends: those that ended long ago and, of more than are kept, the oldest. What is still to be told stays.
fn prune_incidents(
    rows: &mut dyn OldRows,
    over: Option<OverIncidents>,
    now: Time,
) -> Result<Round, StoreError> {
    if !prune_reminders(rows)? {
        return Ok(Round::Incidents(over));
    }
    let over = match over {
        Some(over) => over,
        None => {
            let too_old = (now - Retention::INCIDENTS, IncidentId(0));
            let too_many = rows.ended_before_others(Retention::MAX_INCIDENTS)?;
            let before = too_many.map_or(too_old, |(end, id)| too_old.max((end, IncidentId(id.0 + 1))));
            OverIncidents { after: (Time::MIN, IncidentId(0)), before }
        }
    };
    let ended = rows.ended_incidents(over, LOOKED_INTO / 2)?;
    for (_, id) in &ended {
        forget_incident(rows, *id)?;
    }
    let last = ended.last().filter(|_| ended.len() == LOOKED_INTO / 2);
    Ok(match last {
        Some(last) => Round::Incidents(Some(OverIncidents { after: *last, ..over })),
        None => Round::Messages(MessageId(0)),
    })
}

/// An incident may go on for years, and be told of every minute. Answers whether none has too many any more.
fn prune_reminders(rows: &mut dyn OldRows) -> Result<bool, StoreError> {
    let mut left = LOOKED_INTO;
    for _ in 0..LOOKED_INTO {
        let Some(id) = rows.next_with_new_reminders()? else { return Ok(true) };
        left -= rows.delete_reminders_but(id, Retention::REMINDERS_OF_AN_INCIDENT, left)?;
        if left == 0 {
            break;
        }
        rows.reminders_are_few(id)?;
    }
    Ok(false)
}
