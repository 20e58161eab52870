//! Being there: a start, signs of life, blind windows, and a clock that was set back (§9, 1.1).

use super::again::mend;
use super::audit::keep;
use super::carry_on::carry_out_all;
use super::life_rows::Lost;
use super::mutes::bring_back_mutes;
use super::rows::Rows;
use super::step::{Subject, step_check};
use super::terms::bring_back_terms;
use crate::core::audit::{Audit, AuditKind};
use crate::core::blind::Window;
use crate::core::outbox::{Delivery, DeliveryState, Message, Occasion};
use crate::core::step::Input;
use crate::core::time::{Span, Time};
use crate::core::version;
use crate::store::StoreError;

/// A start: from the last sign of life until now we were blind. Answers that window.
pub(in crate::store) fn begin(rows: &mut dyn Rows, now: Time) -> Result<Option<Window>, StoreError> {
    if rows.created()?.is_none() {
        rows.put_created(now)?;
    }
    let away = rows.last_sign_of_life()?.filter(|last| *last < now).map(|from| Window { from, to: now });
    if let Some(window) = away {
        add_blind(rows, window, Lost::Away)?;
    }
    sign_of_life(rows, now)?;
    let version = format!("version {}", version::LINE);
    keep(rows, &Audit::new(now, Audit::SERVER, AuditKind::Start).with_details(&version))?;
    // They wait since the death of the process that had them under way: not since that of the newest, or one that dies again
    // and again would never try them (12.4j).
    for message in rows.abandoned()? {
        rows.update_message(message, None)?;
    }
    // After a start nobody knows whether settings are others. Each is tried once an hour all the same.
    mend(rows, Occasion::Started, |_| true, now)?;
    Ok(away)
}

/// Never goes back, but by [`reanchor`]: a clock that is wrong at a start would make a blind window of years. The row is
/// written in any case: it proves that the store takes writes.
pub(in crate::store) fn sign_of_life(rows: &mut dyn Rows, now: Time) -> Result<(), StoreError> {
    let newest = rows.last_sign_of_life()?.map_or(now, |last| last.max(now));
    rows.put_sign_of_life(newest)
}

/// A clean stop.
pub(in crate::store) fn end(rows: &mut dyn Rows, now: Time) -> Result<(), StoreError> {
    sign_of_life(rows, now)?;
    keep(rows, &Audit::new(now, Audit::SERVER, AuditKind::Stop))
}

/// Pings may have been lost in a window; an empty one is none.
pub(in crate::store) fn add_blind(rows: &mut dyn Rows, window: Window, why: Lost) -> Result<(), StoreError> {
    if window.to <= window.from {
        return Ok(());
    }
    let before = rows.blind()?.after(Time::MIN);
    rows.add_window(window, why)?;
    let more = rows.blind()?.after(Time::MIN) - before;
    rows.put_blind_total(rows.blind_total()? + more)
}

/// The clock was set back, and was `before`: nothing is later than `now`.
pub(in crate::store) fn reanchor(rows: &mut dyn Rows, before: Time, now: Time) -> Result<(), StoreError> {
    carry_out_all(rows)?;
    let is_ahead = rows.last_sign_of_life()?.is_some_and(|last| last > now);
    if is_ahead {
        rows.put_sign_of_life(now)?;
    }
    // While the clock is doubted no sign of life is stored, but for how long it has been doubted (1.1g).
    let is_first = is_ahead || rows.doubted()? > Span::ZERO;
    rows.put_doubted(Span::ZERO)?;
    // Said again, since it was in doubt whether it was stored: what is left of mutes and waits is of the new time by now.
    let before = if is_first { before } else { now };
    rows.put_blind_total(rows.blind_total()? - rows.blind()?.after(now))?;
    rows.cut_windows(now)?;
    for check in rows.known_later_than(now)? {
        let Some(standing) = rows.to_change(check)? else { continue };
        let definition = standing.definition.clone();
        step_check(rows, Subject::as_before(check, &definition), &Input::SetBack, now)?;
        rows.recount_window(check, definition.count_window(), now)?;
    }
    bring_back_mutes(rows, before, now)?;
    bring_back_terms(rows, now)?;
    rows.bring_back_records(now)?;
    bring_back_outbox(rows, before, now)
}

fn bring_back_outbox(rows: &mut dyn Rows, before: Time, now: Time) -> Result<(), StoreError> {
    let is_later_row = |row: &Delivery| {
        let waits_from_later = row.state == DeliveryState::Waiting && row.queued_at > now;
        waits_from_later || row.given_up.is_some_and(|given_up| given_up.at > now)
    };
    for mut delivery in rows.all_unfinished()?.into_iter().filter(is_later_row) {
        delivery.bring_back_to(now);
        rows.update_delivery(delivery)?;
    }
    let is_later = |message: &Message| message.created_at > now || message.retry_at > Some(now);
    for mut message in rows.messages()?.into_iter().filter(is_later) {
        message.bring_back_to(before, now);
        rows.update_message(message, None)?;
    }
    rows.own_mails().bring_back_to(now);
    rows.bring_back_paces(now);
    rows.look_everywhere(now);
    Ok(())
}
