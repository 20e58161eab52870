//! What was given up, and when it is tried again (12.4).

use super::super::*;
use crate::core::fixtures::{at, delivery};
use crate::core::time::Time;

const HOUR: i64 = 3600;

/// Given up for the last time at this second, after so many tries.
fn row(id: u64, reason: ParkReason, given_up_at: i64, tries: u32) -> Delivery {
    let mut row = delivery(id).give_up(reason, Some(MessageId(1)), at(given_up_at));
    row.given_up.as_mut().unwrap().tries = tries;
    row
}

#[test]
fn what_is_refused_waits_twice_as_long_each_time_up_to_a_day() {
    let hours = |reason, tries| {
        let given_up = row(1, reason, 0, tries).given_up.unwrap();
        (given_up.due() - Time::from_ms(0)).as_ms() / 3_600_000
    };
    let refused: Vec<i64> =
        [0, 1, 2, 3, 4, 5, 6, u32::MAX].map(|tries| hours(ParkReason::Refused, tries)).to_vec();
    assert_eq!(refused, [1, 2, 4, 8, 16, 24, 24, 24]);
    assert_eq!([0, 1, 9].map(|tries| hours(ParkReason::GaveUp, tries)), [1, 1, 1]);
}

#[test]
fn one_of_a_receiver_is_tried_an_hour_and_at_once_when_it_took_something() {
    let rows = [row(1, ParkReason::GaveUp, 0, 0), row(2, ParkReason::GaveUp, 100, 0)];
    let check = |occasion, tried_at: Option<i64>, now, expected| {
        assert_eq!(again(&rows, occasion, tried_at.map(at), at(now)), expected, "{occasion:?} {now}");
    };
    let leaves = |id| Again::Leaves(DeliveryId(id));
    check(None, None, HOUR - 1, Again::Waits(Some(at(HOUR))));
    check(None, None, HOUR, leaves(1));
    check(None, Some(200), HOUR, Again::Waits(Some(at(HOUR + 200))));
    check(None, Some(200), HOUR + 200, leaves(1));
    check(Some(Occasion::Took), Some(200), 300, leaves(1));
    let tried = [row(1, ParkReason::GaveUp, 0, 3)];
    let check = |occasion, now, expected| {
        assert_eq!(again(&tried, Some(occasion), Some(at(0)), at(now)), expected, "{occasion:?} {now}");
    };
    for occasion in [Occasion::Started, Occasion::Took] {
        check(occasion, HOUR - 1, Again::Waits(Some(at(HOUR))));
        check(occasion, HOUR, leaves(1));
    }
    check(Occasion::Changed, 1, leaves(1));
    // It takes something, and its settings are others than when this one failed.
    let mut mended = tried.clone();
    mended[0].given_up.as_mut().unwrap().may_be_mended = true;
    assert_eq!(again(&mended, Some(Occasion::Took), Some(at(0)), at(1)), leaves(1));
    assert_eq!(again(&mended, Some(Occasion::Started), None, at(1)), Again::Waits(Some(at(HOUR))));
    assert_eq!(again(&[], None, None, at(0)), Again::Waits(None));
}

#[test]
fn what_offends_is_tried_when_it_is_due_alone_and_whatever_the_receiver_takes() {
    let mut rows = [row(1, ParkReason::Refused, 0, 1)];
    for occasion in [None, Some(Occasion::Took), Some(Occasion::Changed)] {
        let now = |now| again(&rows, occasion, Some(at(0)), at(now));
        assert_eq!(now(2 * HOUR - 1), Again::Waits(Some(at(2 * HOUR))));
        assert_eq!(now(2 * HOUR), Again::Leaves(DeliveryId(1)));
    }
    assert!(!follows(&rows[0]));
    rows[0].given_up.as_mut().unwrap().may_be_mended = true;
    assert_eq!(again(&rows, Some(Occasion::Changed), None, at(1)), Again::Leaves(DeliveryId(1)));
}

#[test]
fn giving_up_again_counts_and_what_was_refused_stays_so() {
    let (first, second) = (Some(MessageId(1)), Some(MessageId(2)));
    let short = |row: &Delivery| {
        let given_up = row.given_up.unwrap();
        (given_up.reason, given_up.tries, given_up.message, given_up.since, given_up.at)
    };
    let row = delivery(1).give_up(ParkReason::GaveUp, first, at(10));
    assert_eq!(short(&row), (ParkReason::GaveUp, 0, first, at(10), at(10)));
    let row = row.leave_again(true).give_up(ParkReason::GaveUp, second, at(20));
    assert_eq!(short(&row), (ParkReason::GaveUp, 1, second, at(10), at(20)));
    let row = row.leave_again(true).give_up(ParkReason::Refused, second, at(30));
    assert_eq!(short(&row), (ParkReason::Refused, 0, second, at(10), at(30)));
    let row = row.leave_again(true).give_up(ParkReason::GaveUp, None, at(40));
    assert_eq!(short(&row), (ParkReason::Refused, 1, second, at(10), at(40)));
    assert!(row.is_attempted() && row.is_given_up());
    let waits = row.leave_again(false);
    assert!(waits.is_attempted() && waits.is_given_up(), "it waits, and somebody may have been told");
    let cancelled = Delivery { state: DeliveryState::Cancelled(CancelReason::Acknowledged), ..waits };
    assert!(cancelled.is_attempted() && !cancelled.is_given_up());
}
