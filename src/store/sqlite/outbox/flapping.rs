//! Checks that go bad and recover again and again, each time too soon to be told (12.5): a row for each receiver.

use rusqlite::{OptionalExtension, params};

use crate::core::check::CheckId;
use crate::core::incident::Incident;
use crate::core::outbox::{
    Bout, CancelReason, Delivery, DeliveryKind, DeliveryState, Flapping, Flaps, after_too_short,
    flapping_notice,
};
use crate::core::route::ReceiverName;
use crate::core::time::Time;
use crate::store::sqlite::error::failed;
use crate::store::sqlite::key;
use crate::store::sqlite::tx::Tx;
use crate::store::work::Rows as _;
use crate::store::{StoreError, row};

impl Tx<'_> {
    /// An incident has ended of which a receiver is not told since it was too short: this `row` is to be cancelled.
    pub(super) fn note_too_short(
        &mut self,
        incident: &Incident,
        row: &Delivery,
        now: Time,
    ) -> Result<(), StoreError> {
        let bout = Bout { from: incident.opened_at, to: incident.ended_at.unwrap_or(now) };
        let known = self.flapping(row.check, &row.receiver)?;
        let (flapping, flaps) = after_too_short(known, bout);
        self.remember_flapping(row.check, &row.receiver, &flapping)?;
        let Some(flaps) = flaps else { return Ok(()) };
        let waiting = self.waiting_notice(row.check, &row.receiver);
        let notice = flapping_notice(row, flaps, waiting.as_ref(), now);
        if let Some(waiting) = waiting {
            let state = DeliveryState::Cancelled(CancelReason::Merged);
            self.update_delivery(Delivery { state, ..waiting })?;
        }
        self.insert_delivery(notice, DeliveryState::Waiting).map(drop)
    }

    /// A notice that is never told: what comes from now on is counted anew.
    pub(super) fn forget_flapping(&self, notice: &Delivery) -> Result<(), StoreError> {
        if !matches!(notice.kind, DeliveryKind::Flapping(_)) {
            return Ok(());
        }
        self.execute(
            "DELETE FROM flapping WHERE check_id = ?1 AND receiver = ?2",
            params![key(notice.check.0), &*notice.receiver],
        )
    }

    fn waiting_notice(&self, check: CheckId, receiver: &ReceiverName) -> Option<Delivery> {
        let outbox = &self.memory.outbox;
        let mut waiting = outbox.lanes.get(receiver)?.waiting.ids().map(|id| &outbox.deliveries[id]);
        let is_it = |row: &&Delivery| row.check == check && matches!(row.kind, DeliveryKind::Flapping(_));
        waiting.rfind(is_it).cloned()
    }

    fn flapping(&self, check: CheckId, receiver: &str) -> Result<Option<Flapping>, StoreError> {
        let sql = "SELECT last_at, bouts, told_at, times, since FROM flapping WHERE check_id = ?1 AND receiver = ?2";
        let mut find = self.db.prepare_cached(sql).map_err(failed)?;
        let read = |row: &rusqlite::Row<'_>| {
            let time = |place: usize| row.get::<_, i64>(place).map(Time::from_ms);
            if row.get::<_, Option<i64>>(2)?.is_none() {
                // What cannot be read is counted anew.
                let bouts = row::read_bouts(row.get_ref(1)?.as_str()?).unwrap_or_default();
                return Ok(Flapping::Untold(bouts));
            }
            let times: u32 = row.get(3)?;
            let more = if times > 0 { Some(Flaps { times, since: time(4)? }) } else { None };
            Ok(Flapping::Told { at: time(2)?, last: time(0)?, more })
        };
        find.query_row(params![key(check.0), receiver], read).optional().map_err(failed)
    }

    fn remember_flapping(
        &self,
        check: CheckId,
        receiver: &str,
        flapping: &Flapping,
    ) -> Result<(), StoreError> {
        let (bouts, told_at, more) = match flapping {
            Flapping::Untold(bouts) => (row::write_bouts(bouts), None, None),
            Flapping::Told { at, more, .. } => (String::new(), Some(at.as_ms()), *more),
        };
        self.execute(
            "INSERT OR REPLACE INTO flapping (check_id, receiver, last_at, bouts, told_at, times, since)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                key(check.0),
                receiver,
                flapping.last().map_or(0, Time::as_ms),
                bouts,
                told_at,
                more.map_or(0, |flaps| flaps.times),
                more.map_or(0, |flaps| flaps.since.as_ms()),
            ],
        )
    }
}
