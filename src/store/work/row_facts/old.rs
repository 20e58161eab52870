//! Facts of the rows that may go.

use std::ops::ControlFlow;

use super::outbox::ids;
use super::{RowPlace, alert, at, call, cause, causes, declared, ended, opened, pinged, success};
use crate::core::cause::Status;
use crate::core::check::CheckId;
use crate::core::incident::IncidentId;
use crate::core::outbox::{
    Bout, CancelReason, DeliveryKind, DeliveryState, Flapping, Message, MessageId, NewDelivery, ParkReason,
};
use crate::core::retention::Retention;
use crate::core::step::{Flip, FlipReason, Judgement};
use crate::store::StoreError;
use crate::store::work::{KeptAs, NewPause, NewPing, OldRows, OverIncidents, Settled};

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
            rows.insert_ping(NewPing {
                check,
                at,
                fact,
                counted: None,
                is: KeptAs::Ping,
                keeps_body: false,
            })?;
            numbers.push(rows.last_ping(check)?);
        }
        Ok((check, numbers))
    });
    place.stop_and_open();
    call(place, |rows| {
        assert_eq!(rows.pings_of(check)?, Some(5));
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
        rows.insert_ping(NewPing { check, at, fact, counted: None, is: KeptAs::Ping, keeps_body: false })?;
        assert!(rows.last_ping(check)? > numbers[4], "a number is given once");
        Ok(())
    });
}

/// 15.2a
pub(in crate::store) fn pings_are_looked_at_again_where_more_of_them_may_be_over(place: &mut dyn RowPlace) {
    let retention = Retention { keep_at_most: 3, ..Retention::default() };
    let ping = |rows: &mut dyn OldRows, check| {
        rows.to_change(check)?;
        let (at, fact) = (at(1), &success(""));
        rows.insert_ping(NewPing { check, at, fact, counted: None, is: KeptAs::Ping, keeps_body: false })?;
        rows.last_ping(check)
    };
    let (rare, often, old) = call(place, |rows| {
        let (rare, often) = (declared(rows, "rare")?, declared(rows, "often")?);
        let old = ping(rows, rare)?;
        (0..3).try_for_each(|_| ping(rows, often).map(drop))?;
        Ok((rare, often, old))
    });
    // No state needs any of them.
    place.stop_and_open();
    call(place, |rows| {
        assert_eq!(rows.begin_old_pings(&retention)?, 0);
        rows.note_old_pings(old, 1, &[rare], 0)?;
        assert!(!rows.begin_young_pings()?, "no check has more");
        Ok(())
    });
    call(place, |rows| ping(rows, often));
    call(place, |rows| {
        assert_eq!(rows.begin_old_pings(&retention)?, old);
        assert!(rows.begin_young_pings()?);
        rows.note_young_pings(3, true)?;
        assert!(!rows.begin_young_pings()?);
        ping(rows, often)?;
        assert!(rows.begin_young_pings()?);
        rows.note_young_pings(3, true)?;
        ping(rows, rare)?;
        assert_eq!(rows.begin_old_pings(&retention)?, 0, "one of its pings may be over");
        Ok(())
    });
}

/// 14.2: also if its row is written later.
pub(in crate::store) fn no_state_needs_a_ping_that_is_shown(place: &mut dyn RowPlace) {
    let (check, state) = pinged(place);
    let gone = call(place, |rows| {
        let numbers = shown(rows, 0, 100)?;
        numbers.iter().try_for_each(|ping| rows.delete_ping(*ping))?;
        Ok(numbers.len())
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(rows.state(check)?, state);
        Ok(())
    });
    place.stop_and_open();
    call(place, |rows| {
        let numbers = shown(rows, 0, 100)?;
        assert_eq!(numbers.len() + gone, 30, "the rows are written: all that are left may go");
        numbers.iter().try_for_each(|ping| rows.delete_ping(*ping))?;
        assert!(shown(rows, 0, 100)?.is_empty(), "none is needed any more");
        Ok(())
    });
}

/// 15.2
pub(in crate::store) fn of_bodies_the_oldest_come_first_and_a_checks_newest_stay(place: &mut dyn RowPlace) {
    let (a, b, numbers) = call(place, |rows| {
        let (a, b) = (declared(rows, "a")?, declared(rows, "b")?);
        declared(rows, "without-a-body")?;
        let mut numbers = Vec::new();
        for (check, body) in [(a, "1"), (b, "22"), (a, ""), (a, "333"), (a, "4444")] {
            let (at, fact, keeps_body) = (at(1), &success(body), !body.is_empty());
            rows.insert_ping(NewPing { check, at, fact, counted: None, is: KeptAs::Ping, keeps_body })?;
            numbers.push(rows.last_ping(check)?);
        }
        Ok((a, b, numbers))
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(rows.oldest_bodies(3)?, [(numbers[0], 1), (numbers[1], 2), (numbers[3], 3)]);
        let next = |after| rows.next_with_new_bodies(after);
        assert_eq!((next(CheckId(0))?, next(a)?, next(b)?), (Some(a), Some(b), None));
        assert_eq!(rows.bodies_but(a, 1, 10)?, [numbers[3], numbers[0]], "without the newest");
        assert_eq!(rows.bodies_but(a, 1, 1)?.len(), 1);
        assert_eq!((rows.bodies_but(a, 3, 10)?, rows.bodies_but(b, 0, 10)?), (vec![], vec![numbers[1]]));
        rows.bodies_are_few(a)?;
        assert_eq!(rows.next_with_new_bodies(CheckId(0))?, Some(b));
        rows.to_change(a)?;
        let (at, fact) = (at(9), &success("x"));
        rows.insert_ping(NewPing { check: a, at, fact, counted: None, is: KeptAs::Ping, keeps_body: true })?;
        assert_eq!(rows.next_with_new_bodies(CheckId(0))?, Some(a));
        Ok(())
    });
}

/// 3.6
pub(in crate::store) fn judgements_come_by_their_numbers_and_go_one_by_one(place: &mut dyn RowPlace) {
    call(place, |rows| {
        let check = declared(rows, "a")?;
        // A clock was set back between the first and the second.
        for second in [30, 10, 20] {
            let (occurrence, count) = (at(second), 1);
            rows.insert_judgement(
                check,
                &Judgement { occurrence, count, at_least: None, at_most: None, met: true },
            )?;
        }
        Ok(())
    });
    call(place, |rows| {
        let found = rows.judgements_after(0, 10)?;
        assert!(found.is_sorted_by_key(|(number, _)| *number));
        assert_eq!(found.iter().map(|(_, at)| *at).collect::<Vec<_>>(), [at(30), at(10), at(20)]);
        assert_eq!(rows.judgements_after(found[0].0, 1)?, found[1..2]);
        rows.delete_judgement(found[1].0)?;
        assert_eq!(rows.judgements_after(0, 10)?, [found[0], found[2]]);
        Ok(())
    });
}

/// 15.2
pub(in crate::store) fn of_reminders_that_were_told_the_newest_stay(place: &mut dyn RowPlace) {
    let (incident, kept) = call(place, |rows| {
        let check = declared(rows, "a")?;
        let incident = opened(rows, check)?;
        let sent = DeliveryState::Sent(MessageId::ELSEWHERE);
        let alerted = rows.insert_delivery(alert(&incident), sent.clone())?;
        let reminder = || NewDelivery { kind: DeliveryKind::Reminder, ..alert(&incident) };
        let waits = rows.insert_delivery(reminder(), DeliveryState::Waiting)?;
        let cancelled = DeliveryState::Cancelled(CancelReason::RemindedSooner);
        let states = [sent.clone(), cancelled.clone(), sent.clone(), cancelled, sent];
        let told = states.map(|state| rows.insert_delivery(reminder(), state));
        let told: Vec<_> = told.into_iter().collect::<Result<_, _>>()?;
        Ok((incident, [&alerted, &waits, &told[3], &told[4]].map(|row| row.id)))
    });
    call(place, |rows| {
        assert_eq!(rows.next_with_new_reminders()?, Some(incident.id));
        assert_eq!(rows.delete_reminders_but(incident.id, 2, 1)?, 1, "so many at a time");
        assert_eq!(rows.deliveries_of(incident.id)?.len(), 6, "so many at a time");
        assert_eq!(rows.delete_reminders_but(incident.id, 2, 100)?, 2);
        assert_eq!(ids(&rows.deliveries_of(incident.id)?), kept);
        rows.reminders_are_few(incident.id)?;
        assert_eq!(rows.next_with_new_reminders()?, None);
        Ok(())
    });
}

/// 12.5d
pub(in crate::store) fn flapping_goes_once_it_is_old(place: &mut dyn RowPlace) {
    let check = call(place, |rows| {
        let check = declared(rows, "a")?;
        for (receiver, second) in [("a", 10), ("b", 20), ("c", 30)] {
            let bout = Bout { from: at(1), to: at(second) };
            rows.put_flapping(check, &receiver.into(), &Flapping::Untold(vec![bout]))?;
        }
        Ok(check)
    });
    call(place, |rows| {
        assert_eq!(rows.delete_old_flapping(at(9), 10)?, 0);
        assert_eq!(rows.delete_old_flapping(at(20), 1)?, 1, "so many at a time");
        assert_eq!(rows.delete_old_flapping(at(20), 10)?, 1, "what was at that time goes, too");
        assert!(rows.flapping(check, &"c".into())?.is_some());
        Ok(())
    });
}

/// 10.3
pub(in crate::store) fn what_is_open_or_unfinished_keeps_its_check(place: &mut dyn RowPlace) {
    let incidents = call(place, |rows| {
        let checks = ["open", "waits", "rests", "over"].map(|text| declared(rows, text));
        let incidents = checks.map(|check| opened(rows, check?));
        let incidents: Vec<_> = incidents.into_iter().collect::<Result<_, _>>()?;
        rows.insert_delivery(alert(&incidents[1]), DeliveryState::Waiting)?;
        let row = rows.insert_delivery(alert(&incidents[2]), DeliveryState::Waiting)?;
        rows.update_delivery(row.give_up(ParkReason::GaveUp, None, at(50)))?;
        for of_it in [&incidents[1], &incidents[3]] {
            rows.update_incident(ended(of_it))?;
        }
        Ok(incidents)
    });
    let unfinished = |rows: &dyn OldRows| {
        let found = rows.unfinished_checks()?;
        Ok::<_, StoreError>(incidents.iter().map(|it| found.contains(&it.check)).collect::<Vec<_>>())
    };
    place.open_again();
    call(place, |rows| {
        assert_eq!(unfinished(rows)?, [true, true, true, false]);
        rows.update_incident(ended(&incidents[2]))?;
        assert_eq!(unfinished(rows)?, [true, true, false, false], "what rests is told no more");
        Ok(())
    });
}

/// 7.1
pub(in crate::store) fn of_pauses_the_newest_stay(place: &mut dyn RowPlace) {
    call(place, |rows| {
        let (a, b) = (declared(rows, "a")?, declared(rows, "b")?);
        for second in 1..=5 {
            let pause = NewPause { is_pause: second % 2 == 1, at: at(second), comment: None, by: None };
            rows.insert_pause(a, pause)?;
            rows.insert_pause(b, pause)?;
        }
        rows.delete_pauses_but(a, 5)?;
        rows.delete_pauses_but(b, 2)?;
        assert_eq!((rows.delete_history(a, 100)?, rows.delete_history(b, 100)?), (5, 2));
        Ok(())
    });
}

fn flip(second: i64) -> Flip {
    Flip {
        at: at(second),
        from: Status::Up,
        to: Status::Late,
        begun: vec![cause()],
        ended: Vec::new(),
        causes: causes(),
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
        assert_eq!(rows.next_with_new_flips(CheckId(0))?, Some(check));
        assert_eq!(rows.next_with_new_flips(check)?, None);
        assert_eq!(rows.delete_flips_but(check, 4, 2)?, 2, "a slice");
        assert_eq!(rows.delete_flips_but(check, 4, 100)?, 4, "the newest four stay");
        assert_eq!(rows.delete_flips_but(check, 4, 100)?, 0);
        rows.flips_are_few(check)?;
        assert_eq!(rows.next_with_new_flips(CheckId(0))?, None);
        rows.insert_flip(check, &flip(11))?;
        assert_eq!(rows.next_with_new_flips(CheckId(0))?, Some(check));
        assert_eq!(rows.delete_flips_but(check, 4, 100)?, 1);
        (1..=3).try_for_each(|second| rows.insert_happening(check, at(second), "x"))?;
        assert_eq!((rows.delete_history(check, 3)?, rows.delete_history(check, 3)?), (3, 3));
        assert_eq!(rows.count_happenings(check)?, 1, "16.8b: what went counts no more");
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
        let all = |after, before| rows.ended_incidents(OverIncidents { after, before }, 10);
        let beside = |by: i64| (at(100), IncidentId(first.id.0.saturating_add_signed(by)));
        let (begin, it, end) = ((at(0), IncidentId(0)), beside(0), (at(101), IncidentId(0)));
        assert_eq!((all(begin, end)?, all(beside(-1), beside(1))?), (vec![it], vec![it]), "one is open");
        assert_eq!((all(it, end)?, all(begin, it)?), (vec![], vec![]), "after it, and before it");
        assert_eq!(all(begin, (at(100), IncidentId(0)))?, [], "it did not end before");
        assert_eq!((rows.ended_before_others(0)?, rows.ended_before_others(1)?), (Some(it), None));
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
