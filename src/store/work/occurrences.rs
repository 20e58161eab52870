//! What `detect` found is remembered for a time, and then forgotten (§19).

use super::record_life::{Made, OfCheck, change, end};
use super::rows::Rows;
use crate::core::cause::CauseKind;
use crate::core::check::CheckId;
use crate::core::incident::{IncidentKey, Matter, PUNCTUAL, RecordEnding};
use crate::core::record::{NamedRecords, RecordStanding, would_remember};
use crate::core::time::Time;
use crate::store::StoreError;

/// Whether a result may name these (18.6), and so many may be remembered (19.6).
pub(super) fn fits(
    rows: &dyn Rows,
    of: OfCheck<'_>,
    named: &NamedRecords,
    most: u32,
) -> Result<bool, StoreError> {
    let Some(recall) = of.recall().filter(|_| named.fit(most)) else { return Ok(named.fit(most)) };
    let remembered = rows.state(of.check)?.records().occurrences.remembered as usize;
    if remembered + named.len() <= NamedRecords::MOST {
        return Ok(true);
    }
    let known = rows.all_records_of(of.check)?;
    Ok(would_remember(named, &known, recall) <= NamedRecords::MOST)
}

/// Whether a check that had no room for what was detected (19.6) has none yet for one more than a result names: what was named then
/// was told to nobody, and it is said as long as that may come again.
pub(super) fn is_still_full(
    rows: &dyn Rows,
    of: OfCheck<'_>,
    named: &NamedRecords,
) -> Result<bool, StoreError> {
    let state = rows.state(of.check)?;
    let had_no_room = state.causes.has(CauseKind::TooManyRecords);
    let Some(recall) = of.recall().filter(|_| had_no_room) else { return Ok(false) };
    let remembered = state.records().occurrences.remembered as usize;
    if remembered + named.len() < NamedRecords::MOST {
        return Ok(false);
    }
    Ok(would_remember(named, &rows.all_records_of(of.check)?, recall) >= NamedRecords::MOST)
}

/// Forgets some of what a check remembers for long enough (19.3), or nothing where others of this call have ended enough.
pub(super) fn forget_some(rows: &mut dyn Rows, check: CheckId, now: Time) -> Result<(), StoreError> {
    let Some(standing) = rows.to_change(check)? else { return Ok(()) };
    let (definition, oldest) = (standing.definition.clone(), standing.state.records().occurrences.oldest);
    let of = OfCheck { check, definition: &definition, by: PUNCTUAL, at: now };
    let Some((recall, oldest)) = of.recall().zip(oldest) else { return Ok(()) };
    if standing.state.archived.is_some() || !recall.remember.is_over(oldest, now) {
        return Ok(());
    }
    let slice = *rows.records_left();
    if slice == 0 {
        return Ok(());
    }
    let mut keys = rows.oldest_occurrences(check, slice)?;
    keys.retain(|(_, at)| recall.remember.is_over(*at, now));
    *rows.records_left() -= keys.len();
    change(rows, of, |rows, made| {
        keys.iter().try_for_each(|(key, _)| forget_one(rows, of, key, made))?;
        made.look_up_oldest();
        Ok(())
    })
    .map(drop)
}

/// It is over since its time was, whenever that is looked at.
pub(super) fn forget_one(
    rows: &mut dyn Rows,
    of: OfCheck<'_>,
    key: &IncidentKey,
    made: &mut Made,
) -> Result<(), StoreError> {
    let until = over_since(rows, of, &of.matter(key))?.unwrap_or(of.at);
    end(rows, OfCheck { by: PUNCTUAL, at: until, ..of }, key, RecordEnding::Over, made)
}

/// Whether it occurred, and is remembered no more; nobody has looked at that yet.
pub(super) fn is_over(rows: &dyn Rows, of: OfCheck<'_>, matter: &Matter) -> Result<bool, StoreError> {
    Ok(over_since(rows, of, matter)?.is_some())
}

fn over_since(rows: &dyn Rows, of: OfCheck<'_>, matter: &Matter) -> Result<Option<Time>, StoreError> {
    let known = rows.record(matter)?.map(|known| known.standing);
    let (Some(recall), Some(RecordStanding::Occurred { at })) = (of.recall(), known) else {
        return Ok(None);
    };
    Ok(recall.remember.until(at).filter(|until| *until <= of.at))
}
