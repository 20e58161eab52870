//! What people keep silent (8.2).

use super::audit::keep;
use super::rows::Rows;
use crate::core::audit::{Audit, AuditKind};
use crate::core::route::{MatchTest, Matcher, Mute};
use crate::core::time::Time;
use crate::store::StoreError;

/// Keeps something silent, and answers the mute's number.
pub(in crate::store) fn mute(rows: &mut dyn Rows, mute: Mute, now: Time) -> Result<u64, StoreError> {
    rows.delete_ended_mutes(now)?;
    let made = audit(AuditKind::Mute, &mute.by, &mute, now).with_comment(&mute.comment);
    let (text, until) = (mute.text.clone(), mute.until);
    let id = rows.insert_mute(mute)?;
    keep(rows, &made.with_details(&format!("mute {id}: {text} until {until}")))?;
    Ok(id)
}

/// Somebody ends a mute; false if there is none of this number.
pub(in crate::store) fn unmute(
    rows: &mut dyn Rows,
    id: u64,
    by: &str,
    now: Time,
) -> Result<bool, StoreError> {
    let Some(mute) = rows.mutes()?.iter().find(|mute| mute.id == id).cloned() else { return Ok(false) };
    rows.delete_ended_mutes(now)?;
    rows.delete_mute(id)?;
    let details = format!("mute {id}: {}", mute.text);
    keep(rows, &audit(AuditKind::Unmute, by, &mute, now).with_details(&details))?;
    Ok(true)
}

fn audit(what: AuditKind, by: &str, mute: &Mute, now: Time) -> Audit {
    let done = Audit::new(now, by, what);
    match mute.matchers.as_slice() {
        [Matcher { label, test: MatchTest::Equal(check) }] if label == "check" => done.of(check),
        _ => done,
    }
}

/// 1.1: a mute that has ended by the clock that was wrong does not begin again, and one made by it does not last longer.
pub(super) fn bring_back_mutes(rows: &mut dyn Rows, before: Time, now: Time) -> Result<(), StoreError> {
    rows.delete_ended_mutes(before)?;
    let later: Vec<Mute> = rows.mutes()?.iter().filter(|mute| mute.since > now).cloned().collect();
    for mut mute in later {
        mute.bring_back_to(now);
        rows.update_mute(&mute)?;
    }
    Ok(())
}
