//! Facts of the rows that may go.

use std::ops::ControlFlow;

use super::{RowPlace, alert, at, call, cause, declared, ended, name, opened, success};
use crate::core::cause::{Causes, Status};
use crate::core::check::CheckId;
use crate::core::incident::IncidentId;
use crate::core::outbox::{DeliveryState, Message, MessageId};
use crate::core::state::State;
use crate::core::step::{Flip, FlipReason};
use crate::store::StoreError;
use crate::store::work::{Became, NewPing, OldRows, Settled};

/// The numbers of pings after one of them, until `enough` were seen.
fn shown(rows: &dyn OldRows, after: i64, enough: usize) -> Result<Vec<i64>, StoreError> {
    let mut numbers = Vec::new();
    rows.look_at_pings(after, 100, &mut |ping| {
        numbers.push(ping.number);
        Ok(if numbers.len() < enough { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(numbers)
}

pub(in crate::store) fn pings_are_shown_in_their_order_until_enough_were_seen(place: &mut dyn RowPlace) {
    let (check, numbers) = call(place, |rows| {
        let check = declared(rows, "a")?;
        let mut numbers = Vec::new();
        for second in 1..=5 {
            let (at, fact) = (at(second), &success(""));
            rows.insert_ping(NewPing { check, at, fact, counted: None, keeps_body: false })?;
            numbers.push(rows.last_ping(check)?);
        }
        Ok((check, numbers))
    });
    place.stop_and_open();
    call(place, |rows| {
        assert_eq!(rows.pings_of(check)?.map(|of| of.count), Some(5));
        assert!(rows.has_one_more_pings_than(4)? && !rows.has_one_more_pings_than(5)?);
        assert!(rows.pings_of(CheckId(check.0 + 1))?.is_none(), "there is no such check");
        assert_eq!(shown(rows, 0, 2)?, numbers[..2], "enough");
        assert_eq!(shown(rows, numbers[1], 100)?, numbers[2..], "after one of them");
        rows.delete_ping(numbers[4])?;
        assert_eq!(shown(rows, 0, 100)?, numbers[..4]);
        Ok(())
    });
    place.stop_and_open();
    call(place, |rows| {
        rows.to_change(check)?;
        let (at, fact) = (at(6), &success(""));
        rows.insert_ping(NewPing { check, at, fact, counted: None, keeps_body: false })?;
        assert!(rows.last_ping(check)? > numbers[4], "a number is given once");
        Ok(())
    });
}

fn flip(second: i64) -> Flip {
    let causes: Causes = [cause()].into_iter().fold(Causes::default(), |mut causes, cause| {
        causes.insert(cause);
        causes
    });
    Flip {
        at: at(second),
        from: Status::Up,
        to: Status::Late,
        begun: vec![cause()],
        ended: Vec::new(),
        causes,
        reason: FlipReason::Judged,
    }
}

pub(in crate::store) fn only_so_much_history_goes_at_a_time(place: &mut dyn RowPlace) {
    let check = call(place, |rows| {
        let check = declared(rows, "a")?;
        (1..=10).try_for_each(|second| rows.insert_flip(check, &flip(second)))?;
        Ok(check)
    });
    call(place, |rows| {
        assert_eq!(rows.checks_after(CheckId(0), 10)?, [check]);
        assert_eq!(rows.checks_after(check, 10)?, []);
        assert_eq!(rows.delete_flips_but(check, 4, 2)?, 2, "a slice");
        assert_eq!(rows.delete_flips_but(check, 4, 100)?, 4, "the newest four stay");
        assert_eq!(rows.delete_flips_but(check, 4, 100)?, 0);
        (1..=3).try_for_each(|second| rows.insert_event(check, at(second), "x"))?;
        assert_eq!((rows.delete_history(check, 3)?, rows.delete_history(check, 3)?), (3, 3));
        assert_eq!(rows.count_events(check)?, 1, "16.8b: what went counts no more");
        Ok(())
    });
}

pub(in crate::store) fn an_incident_goes_with_its_deliveries(place: &mut dyn RowPlace) {
    let (first, second) = call(place, |rows| {
        let check = declared(rows, "a")?;
        let first = opened(rows, check)?;
        rows.insert_delivery(alert(&first), DeliveryState::Sent(MessageId::ELSEWHERE))?;
        rows.update_incident(ended(&first))?;
        Ok((first, opened(rows, check)?))
    });
    call(place, |rows| {
        let found = rows.incidents_after(IncidentId(0), 10)?;
        let found: Vec<_> = found.iter().map(|incident| (incident.id, incident.ended_at)).collect();
        assert_eq!(found, [(first.id, Some(at(100))), (second.id, None)]);
        assert_eq!(rows.newest_incident()?, second.id);
        rows.delete_incident(first.id)?;
        assert_eq!(rows.incidents_of(second.check, 10)?, [second.id], "at once");
        assert_eq!(rows.deliveries_of(first.id)?, []);
        Ok(())
    });
}

pub(in crate::store) fn a_message_goes_with_the_last_of_its_deliveries(place: &mut dyn RowPlace) {
    let (incident, message) = call(place, |rows| {
        let check = declared(rows, "a")?;
        let incident = opened(rows, check)?;
        let delivery = rows.insert_delivery(alert(&incident), DeliveryState::Waiting)?;
        let message = Message {
            id: MessageId(0),
            receiver: "ops".into(),
            key: String::new(),
            members: vec![delivery.id],
            created_at: at(20),
            attempts: 1,
            attempts_here: 1,
            retry_at: None,
            origin: None,
        };
        let message = rows.insert_message(message, &[])?;
        rows.update_message(message.clone(), None)?;
        let state = DeliveryState::Sent(message.id);
        rows.update_delivery(crate::core::outbox::Delivery { state, ..delivery })?;
        rows.settle_message(message.id, Settled::Sent, None, at(30))?;
        rows.update_incident(ended(&incident))?;
        Ok((incident, message))
    });
    call(place, |rows| {
        assert_eq!(rows.delete_messages(MessageId(0), 10, at(500))?, Some(message.id));
        assert!(rows.given_up_with(message.id)?.is_some(), "its delivery is there");
        rows.delete_incident(incident.id)?;
        assert_eq!(rows.delete_messages(message.id, 10, at(500))?, None, "there is none after it");
        rows.delete_messages(MessageId(0), 10, at(30))?;
        assert!(rows.given_up_with(message.id)?.is_some(), "it was not settled before then");
        rows.delete_messages(MessageId(0), 10, at(31))?;
        assert!(rows.given_up_with(message.id)?.is_none());
        Ok(())
    });
}

pub(in crate::store) fn a_check_goes_with_its_name(place: &mut dyn RowPlace) {
    let check = call(place, |rows| {
        let check = declared(rows, "a")?;
        let state = State { archived: Some(at(40)), ..rows.take_state(check) };
        rows.put_state(check, state, Became::Otherwise)?;
        Ok(check)
    });
    call(place, |rows| {
        assert_eq!(rows.archived_at(check)?, Some(at(40)));
        assert_eq!((rows.archived_before(at(41))?, rows.archived_before(at(40))?), (vec![check], vec![]));
        assert!(!rows.unfinished_checks()?.contains(&check));
        rows.delete_check(check)?;
        Ok(())
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!((rows.named(&name("a"))?, rows.archived_at(check)?), (None, None));
        assert!(rows.to_change(check)?.is_none());
        Ok(())
    });
}
