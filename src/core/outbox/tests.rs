//! What leaves when, and what becomes of it.

mod again;
mod attempt;
mod flapping;
mod freeze;
mod life;
mod recovery;

use super::*;
use crate::core::fixtures::{at, delivery, told};

#[test]
fn a_delivery_is_ready_when_it_is_due_and_stored() {
    let row = |not_before, queued_at| NewDelivery {
        not_before: at(not_before),
        queued_at: at(queued_at),
        ..told()
    };
    assert_eq!(row(10, 20).ready_at(), at(20));
    assert_eq!(row(30, 20).ready_at(), at(30));
}

#[test]
fn what_was_in_a_message_was_attempted() {
    let check = |state, expected| {
        let row = Delivery { state, ..delivery(1) };
        assert_eq!(row.is_attempted(), expected, "{row:?}");
    };
    let parked = |message| DeliveryState::Parked { reason: ParkReason::ReceiverGone, message };
    check(DeliveryState::Waiting, false);
    check(DeliveryState::InMessage(MessageId(1)), true);
    check(DeliveryState::Sent(MessageId(1)), true);
    check(parked(Some(MessageId(1))), true);
    check(parked(None), false);
    check(DeliveryState::Cancelled(CancelReason::Merged), false);
}

/// 1.1
#[test]
fn a_clock_that_was_set_back_delays_no_delivery() {
    let check = |not_before, queued_at, now, expected: (i64, i64)| {
        let new = NewDelivery { not_before: at(not_before), queued_at: at(queued_at), ..told() };
        let mut row = new.numbered(DeliveryId(1));
        row.bring_back_to(at(now));
        assert_eq!((row.not_before, row.queued_at), (at(expected.0), at(expected.1)));
    };
    check(1900, 1000, 2000, (1900, 1000));
    check(1900, 1000, 1000, (1900, 1000));
    check(1900, 1000, 400, (1300, 400));
    check(990, 1000, 400, (400, 400));
}

/// 1.1
#[test]
fn a_clock_that_was_set_back_delays_no_retry() {
    let check = |created_at, retry_at: Option<i64>, (before, now), expected: (i64, Option<i64>)| {
        let mut message = attempt::message(1);
        message.created_at = at(created_at);
        message.retry_at = retry_at.map(at);
        message.bring_back_to(at(before), at(now));
        assert_eq!((message.created_at, message.retry_at), (at(expected.0), expected.1.map(at)));
    };
    check(1000, Some(1600), (1101, 1100), (1000, Some(1599)));
    check(1000, Some(1600), (1100, 400), (400, Some(400)));
    // Made before the clock showed a wrong date, and tried last while it did.
    check(1000, Some(900_000), (899_700, 1100), (1000, Some(1400)));
    check(1000, Some(900_000), (900_100, 1100), (1000, Some(1100)));
    check(1000, Some(900_000), (2000, 1100), (1000, Some(1700)));
    check(1000, None, (1100, 400), (400, None));
}
