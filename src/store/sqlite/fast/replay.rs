//! Makes again what rows of states do not know of (14.2).

use std::iter::Peekable;
use std::vec::IntoIter;

use rusqlite::Connection;

use super::behind::Later;
use super::prefetch::prefetch;
use crate::core::check::CheckId;
use crate::core::step::step;
use crate::store::StoreError;
use crate::store::sqlite::blind::{self, LaterWindow};
use crate::store::sqlite::error::damaged;
use crate::store::sqlite::memory::Memory;
use crate::store::sqlite::query::{for_each, id};
use crate::store::sqlite::rows_read::RowsRead;

/// So many pings are read before their checks are stepped, which are looked at together.
const AT_A_TIME: usize = 256;

/// Steps all checks through those of their pings that their rows did not know of: a row is behind if there were any. Blind
/// windows are added on the way.
pub(in crate::store::sqlite) fn replay(db: &Connection, memory: &mut Memory) -> Result<(), StoreError> {
    let (columns, up_to) = (Later::COLUMNS, memory.behind.up_to());
    let sql = format!("SELECT {columns}, check_id FROM pings WHERE seq > {up_to} ORDER BY seq");
    let mut rows_read = RowsRead::new("pings that came since", memory.numbers.last_ping - up_to);
    let mut windows = blind::load_later(db, i64::MAX)?.into_iter().peekable();
    let mut laters = Vec::with_capacity(AT_A_TIME);
    for_each(db, &sql, |row| {
        rows_read.count();
        let Some(later) = Later::read(row)? else {
            return Ok(Err(damaged(format_args!("ping {}", row.get::<_, i64>(0)?))));
        };
        laters.push((id(row.get(8)?), later));
        if laters.len() == AT_A_TIME {
            step_through(memory, &mut laters, &mut windows);
        }
        Ok(Ok(()))
    })?;
    step_through(memory, &mut laters, &mut windows);
    for LaterWindow { window, why, .. } in windows {
        blind::add(&mut memory.blind, window, why);
    }
    Ok(())
}

fn step_through(
    memory: &mut Memory,
    laters: &mut Vec<(CheckId, Later)>,
    windows: &mut Peekable<IntoIter<LaterWindow>>,
) {
    prefetch(memory, laters.iter().map(|(check, _)| *check));
    for (check, later) in laters.drain(..) {
        // It was judged by the windows that there were.
        while let Some(LaterWindow { window, why, .. }) = windows.next_if(|it| it.after_ping < later.seq) {
            blind::add(&mut memory.blind, window, why);
        }
        step_again(memory, check, later);
    }
}

/// A ping that flips would have brought its check's row up to date, so one that does now was judged otherwise before, by
/// another version of this program: from there on the pings of the check are kept, to be judged in a transaction.
fn step_again(memory: &mut Memory, check: CheckId, later: Later) {
    let Some(slot) = memory.checks.get_mut(check).filter(|slot| slot.last_ping < later.seq) else { return };
    if let Some(again) = memory.judge_again.get_mut(&check) {
        return again.push(later);
    }
    let mut known = slot.check.known();
    let spec = &slot.check.definition.spec;
    let made = step(spec, known.state.clone(), &later.input, later.at, &memory.blind);
    if made.flips.is_empty() && made.judgements.is_empty() {
        known.state = made.state;
        if later.is_success {
            known.window.add(later.at);
        }
        drop(known);
        (slot.last_ping, slot.pings) = (later.seq, later.ordinal);
        memory.behind.add(check);
    } else {
        tracing::error!(check = check.0, ping = later.seq, "a ping is judged otherwise than before");
        memory.judge_again.insert(check, vec![later]);
    }
}
