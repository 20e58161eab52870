//! What people keep silent (8.2).

use super::rows::Rows;
use crate::core::route::Mute;
use crate::core::time::Time;
use crate::store::StoreError;

/// Keeps something silent, and answers the mute's number.
pub(in crate::store) fn mute(rows: &mut dyn Rows, mute: Mute, now: Time) -> Result<u64, StoreError> {
    rows.delete_ended_mutes(now)?;
    rows.insert_mute(mute)
}

/// Ends a mute; false if there is none of this number.
pub(in crate::store) fn unmute(rows: &mut dyn Rows, id: u64, now: Time) -> Result<bool, StoreError> {
    if !rows.mutes()?.iter().any(|mute| mute.id == id) {
        return Ok(false);
    }
    rows.delete_ended_mutes(now)?;
    rows.delete_mute(id)?;
    Ok(true)
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
