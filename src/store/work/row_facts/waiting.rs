//! Facts of what waits and rests, receiver by receiver: its order, and when it is looked at.

use std::sync::Arc;

use super::outbox::{ids, leaves, one_waits, ops};
use super::{RowPlace, alert, at, call, declared, definition, opened};
use crate::core::check::Definition;
use crate::core::incident::{IncidentKey, Matter};
use crate::core::outbox::{
    Attempt, CancelReason, Delivery, DeliveryId, DeliveryKind, DeliveryState, Flaps, Message, NewDelivery,
    ParkReason,
};
use crate::core::route::{HeldBy, ReceiverName};
use crate::core::state::State;
use crate::core::time::{Span, Time};
use crate::store::StoreError;
use crate::store::work::{Pace, Rows, Settled};

fn dev() -> ReceiverName {
    "dev".into()
}

/// 12.3
pub(in crate::store) fn the_worst_comes_first_and_of_one_severity_what_came_first(place: &mut dyn RowPlace) {
    let critical = |text: &str| {
        let labels = [("severity".to_owned(), "critical".to_owned())].into();
        Arc::new(Definition { labels, ..(*definition(text)).clone() })
    };
    let (mild, a, b) = call(place, |rows| {
        let mild = declared(rows, "a")?;
        let state = State::declared(&definition("b").spec, at(0));
        let severe = rows.insert_check(critical("b"), state)?;
        let (of_mild, of_severe) = (opened(rows, mild)?, opened(rows, severe)?);
        let mut waits = |incident| rows.insert_delivery(alert(incident), DeliveryState::Waiting);
        let all = [waits(&of_mild)?, waits(&of_severe)?, waits(&of_mild)?, waits(&of_severe)?];
        let [a, b, c, d] = all.map(|delivery| delivery.id);
        Ok((mild, [a, c], [b, d]))
    });
    call(place, |rows| {
        assert_eq!(rows.worst_first(&ops(), None, 10)?, [b, a].concat());
        assert_eq!(rows.worst_first(&ops(), None, 3)?, [b[0], b[1], a[0]], "no more than is wanted");
        assert_eq!(rows.worst_first(&ops(), Some(b[1]), 1)?, [a[0]], "after one of them");
        assert_eq!(rows.worst_first(&dev(), None, 10)?, []);
        rows.to_change(mild)?;
        rows.update_check(mild, critical("a"))
    });
    call(place, |rows| {
        assert_eq!(rows.worst_first(&ops(), None, 10)?, [a[0], b[0], a[1], b[1]]);
        Ok(())
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(rows.worst_first(&ops(), Some(b[0]), 10)?, [a[1], b[1]]);
        Ok(())
    });
}

/// 8.1
pub(in crate::store) fn what_stands_aside_returns_by_its_time_by_its_check_and_by_what_holds_it(
    place: &mut dyn RowPlace,
) {
    let (incident, first) = call(place, one_waits);
    let leads_to = |text: &str| HeldBy::Dependency(super::name(text));
    let worst = |rows: &mut dyn Rows| rows.worst_first(&ops(), None, 10);
    let (by_time, by_name) = call(place, |rows| {
        let other = declared(rows, "other")?;
        let of_other = opened(rows, other)?;
        let mut waits = || rows.insert_delivery(alert(&of_other), DeliveryState::Waiting);
        let (by_time, by_name) = (waits()?, waits()?);
        rows.put_former_name(&super::name("old"), other)?;
        Ok((by_time, by_name))
    });
    call(place, |rows| {
        rows.let_asked_return(10, at(0));
        assert_eq!(worst(rows)?, [first.id, by_time.id, by_name.id]);
        rows.set_aside(first.id, None, Vec::new());
        rows.set_aside(by_time.id, Some(at(30)), Vec::new());
        rows.set_aside(by_name.id, Some(at(90)), vec![leads_to("new"), leads_to("another")]);
        rows.set_pace(&ops(), Pace::default());
        assert_eq!((worst(rows)?, rows.count_waiting(&ops())?), (vec![], 0));
        assert_eq!(rows.aside_before(&by_name)?, [by_time.id], "of its matter");
        assert_eq!(ids(&rows.waiting_for(&ops())?), [first.id, by_time.id, by_name.id]);
        assert_eq!([rows.next_due(at(29), None), rows.next_due(at(30), None)], [None, Some((at(30), ops()))]);
        assert!(!rows.let_return(&ops(), 10, at(29)));
        assert_eq!(worst(rows)?, []);
        assert!(rows.let_return(&ops(), 1, at(30)), "there may be more");
        assert_eq!((worst(rows)?, rows.pace(&ops()).look_at), (vec![by_time.id], Some(at(30))));
        Ok(())
    });
    call(place, |rows| {
        rows.let_asked_return(10, at(40));
        assert_eq!(worst(rows)?, [by_time.id], "nothing has happened");
        rows.put_former_name(&super::name("new"), incident.check)
    });
    call(place, |rows| {
        rows.let_asked_return(10, at(50));
        assert_eq!(worst(rows)?, [by_time.id, by_name.id]);
        rows.update_incident(incident.clone())
    });
    call(place, |rows| {
        rows.let_asked_return(10, at(60));
        assert_eq!(worst(rows)?, [first.id, by_time.id, by_name.id]);
        rows.set_aside(first.id, None, Vec::new());
        rows.set_aside(by_time.id, Some(at(90)), Vec::new());
        let row = rows.delivery(by_time.id)?.expect("it waits");
        rows.update_delivery(row)
    });
    call(place, |rows| {
        rows.let_asked_return(10, at(60));
        assert_eq!(worst(rows)?, [by_time.id, by_name.id], "its row is another");
        Ok(())
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(worst(rows)?, [first.id, by_time.id, by_name.id], "a start has set nothing aside");
        Ok(())
    });
}

/// 12.4
pub(in crate::store) fn what_rests_comes_by_when_it_is_tried_again_and_then_as_it_came(
    place: &mut dyn RowPlace,
) {
    let (incident, first) = call(place, one_waits);
    let order = call(place, |rows| {
        let second = rows.insert_delivery(alert(&incident), DeliveryState::Waiting)?;
        let third = rows.insert_delivery(alert(&incident), DeliveryState::Waiting)?;
        rows.insert_delivery(NewDelivery { receiver: dev(), ..alert(&incident) }, DeliveryState::Waiting)?;
        for (delivery, second) in [(&third, 40), (&first, 50), (&second, 40)] {
            rows.update_delivery(delivery.clone().give_up(ParkReason::GaveUp, None, at(second)))?;
        }
        Ok([second.id, third.id, first.id])
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(rows.resting_first(&ops())?.collect::<Vec<_>>(), order);
        assert_eq!(rows.resting_receivers()?, [ops()]);
        let row = rows.delivery(order[0])?.expect("it rests");
        rows.update_delivery(row.leave_again(false))?;
        assert_eq!(rows.resting_first(&ops())?.collect::<Vec<_>>(), order[1..], "it waits");
        assert_eq!(ids(&rows.waiting_for(&ops())?), order[..1]);
        Ok(())
    });
}

/// 12.5d
pub(in crate::store) fn of_notices_of_flapping_the_one_that_waits_is_found(place: &mut dyn RowPlace) {
    let (incident, delivery) = call(place, one_waits);
    let notice = || {
        let kind = DeliveryKind::Flapping(Flaps { times: 3, since: at(1) });
        let key = IncidentKey::parse("disk").expect("facts write valid keys");
        NewDelivery { kind, key, ..alert(&incident) }
    };
    let id = call(place, |rows| {
        assert_eq!(rows.waiting_notice(incident.check, &ops())?, None, "an alert is none");
        let merged = DeliveryState::Cancelled(CancelReason::Merged);
        rows.insert_delivery(notice(), merged)?;
        let other = NewDelivery { receiver: dev(), ..notice() };
        rows.insert_delivery(other, DeliveryState::Waiting)?;
        assert_eq!(rows.waiting_notice(incident.check, &ops())?, None, "it goes to somebody else");
        Ok(rows.insert_delivery(notice(), DeliveryState::Waiting)?.id)
    });
    place.open_again();
    call(place, |rows| {
        let found = rows.waiting_notice(incident.check, &ops())?.expect("whichever key it is of");
        assert_eq!((found.id, found.kind), (id, notice().kind));
        leaves(rows, &[&delivery, &found])?;
        assert_eq!(rows.waiting_notice(incident.check, &ops())?, None, "it has left");
        Ok(())
    });
}

/// 12.3
pub(in crate::store) fn the_next_retry_is_the_earliest_and_of_one_time_that_of_the_oldest_member(
    place: &mut dyn RowPlace,
) {
    let (incident, first) = call(place, one_waits);
    let [a, b, c] = call(place, |rows| {
        let second = rows.insert_delivery(alert(&incident), DeliveryState::Waiting)?;
        let third = rows.insert_delivery(alert(&incident), DeliveryState::Waiting)?;
        assert_eq!(rows.next_retry(&ops())?, None);
        let mut again = |member: &Delivery, second| {
            let message = Message { retry_at: Some(at(second)), ..leaves(rows, &[member])? };
            rows.update_message(message.clone(), None)?;
            Ok(message)
        };
        // The parts of one that was split come in any order.
        Ok([again(&third, 30)?, again(&first, 30)?, again(&second, 40)?])
    });
    let next = |rows: &dyn Rows| rows.next_retry(&ops()).map(|next| next.map(|message| message.id));
    place.open_again();
    call(place, |rows| {
        assert_eq!(next(rows)?, Some(b.id));
        assert_eq!(rows.next_retry(&dev())?, None);
        rows.update_message(Message { retry_at: Some(at(20)), ..c.clone() }, None)?;
        assert_eq!(next(rows)?, Some(c.id));
        rows.update_message(Message { retry_at: None, ..c.clone() }, None)?;
        assert_eq!(next(rows)?, Some(b.id), "it is under way");
        rows.settle_message(b.id, Settled::Dropped, None, at(50))?;
        assert_eq!(next(rows)?, Some(a.id));
        Ok(())
    });
}

/// 12.7
pub(in crate::store) fn receivers_are_due_when_something_may_leave_the_longest_waiting_first(
    place: &mut dyn RowPlace,
) {
    let look_at = |second: i64| Pace { look_at: Some(at(second)), ..Pace::default() };
    let (incident, of_ops) = call(place, one_waits);
    let due = |rows: &mut dyn Rows, second| due(|last| rows.next_due(at(second), last));
    call(place, |rows| {
        rows.insert_delivery(NewDelivery { receiver: dev(), ..alert(&incident) }, DeliveryState::Waiting)?;
        rows.set_pace(&ops(), look_at(20));
        rows.set_pace(&dev(), look_at(30));
        rows.set_pace(&"nobody".into(), look_at(10));
        assert_eq!(rows.pace(&"nobody".into()).look_at, None, "nothing waits for it");
        let all = [19, 20, 30].map(|second| due(rows, second));
        assert_eq!(all, [vec![], vec![ops()], vec![ops(), dev()]]);
        rows.set_pace(&ops(), Pace { limited_until: Some(at(60)), ..look_at(20) });
        assert_eq!([due(rows, 59), due(rows, 60)], [vec![dev()], vec![ops(), dev()]]);
        let message = leaves(rows, &[&of_ops])?;
        assert_eq!(due(rows, 100), [dev()], "one message at a time");
        rows.update_message(Message { retry_at: Some(at(25)), ..message }, None)?;
        assert_eq!([due(rows, 59), due(rows, 60)], [vec![dev()], vec![ops(), dev()]]);
        Ok(())
    });
}

/// All that are due, one after the other.
fn due(
    mut next: impl FnMut(Option<&(Time, ReceiverName)>) -> Option<(Time, ReceiverName)>,
) -> Vec<ReceiverName> {
    let mut due: Vec<(Time, ReceiverName)> = Vec::new();
    while let Some(next) = next(due.last()) {
        due.push(next);
    }
    due.into_iter().map(|(_, name)| name).collect()
}

/// 16.4
pub(in crate::store) fn checks_own_mails_are_due_by_themselves_and_none_while_their_server_rests(
    place: &mut dyn RowPlace,
) {
    let (incident, _) = call(place, one_waits);
    let [a, b] = ["a", "b"].map(|text| crate::core::route::own_action(&super::name(text)).receiver);
    let due = |rows: &mut dyn Rows, second| due(|last| rows.next_own_due(at(second), last));
    call(place, |rows| {
        for (receiver, second) in [(&a, 30), (&b, 20)] {
            let own = NewDelivery { receiver: receiver.clone(), ..alert(&incident) };
            rows.insert_delivery(own, DeliveryState::Waiting)?;
            rows.set_pace(receiver, Pace { look_at: Some(at(second)), ..Pace::default() });
        }
        assert_eq!([due(rows, 20), due(rows, 30)], [vec![b.clone()], vec![b.clone(), a.clone()]]);
        let others = super::waiting::due(|last| rows.next_due(at(100), last));
        assert_eq!(others, [] as [ReceiverName; 0], "they are nobody else's");
        let limited = Pace { limited_until: Some(at(60)), ..rows.pace(&b) };
        rows.set_pace(&b, limited);
        assert_eq!([due(rows, 59), due(rows, 60)], [vec![a.clone()], vec![b.clone(), a.clone()]]);
        let away = Attempt::Unreachable { why: "away".to_owned(), is_misdirected: false };
        rows.own_mails().ended(&away, &["a@example.org".to_owned()], at(60), 0);
        let rests_until = rows.own_mails().rests_until().expect("it takes nothing");
        let rests = [rests_until - Span::MS, rests_until].map(|now| rows.next_own_due(now, None));
        assert_eq!(rests, [None, Some((at(20), b.clone()))], "it was left alone");
        Ok(())
    });
}

/// 12.5a
pub(in crate::store) fn a_message_that_is_not_settled_names_its_matters(place: &mut dyn RowPlace) {
    let (incident, delivery) = call(place, one_waits);
    let disk =
        Matter { check: incident.check, key: IncidentKey::parse("disk").expect("facts write valid keys") };
    let told = |rows: &dyn Rows, receiver: &ReceiverName| -> Result<_, StoreError> {
        Ok([rows.is_in_message(receiver, &incident.matter())?, rows.is_in_message(receiver, &disk)?])
    };
    let worst = |rows: &mut dyn Rows| rows.worst_first(&ops(), None, 10);
    let (of_disk, second) = call(place, |rows| {
        let of_disk = NewDelivery { key: disk.key.clone(), ..alert(&incident) };
        let of_disk = rows.insert_delivery(of_disk, DeliveryState::Waiting)?;
        let second = rows.insert_delivery(alert(&incident), DeliveryState::Waiting)?;
        assert_eq!(told(rows, &ops())?, [false, false], "all wait");
        leaves(rows, &[&delivery])?;
        Ok((of_disk.id, second.id))
    });
    place.open_again();
    call(place, |rows| {
        let message = rows.messages_to(&ops())?.remove(0);
        assert_eq!((told(rows, &ops())?, told(rows, &dev())?), ([true, false], [false, false]));
        assert_eq!(
            (worst(rows)?, rows.count_waiting(&ops())?),
            (vec![of_disk], 1),
            "what follows waits for it"
        );
        assert_eq!(ids(&rows.waiting_for(&ops())?), [of_disk, second]);
        assert_eq!((rows.own_under_way()?, rows.frozen(&message)?), (0, None), "it has no words");
        // A part of it comes before the whole goes.
        let part = rows.insert_message(Message { retry_at: Some(at(30)), ..message.clone() }, &[])?;
        rows.update_message(part.clone(), None)?;
        rows.settle_message(message.id, Settled::Split, None, at(30))?;
        rows.update_message(Message { retry_at: Some(at(40)), ..part.clone() }, None)?;
        assert_eq!((told(rows, &ops())?, worst(rows)?), ([true, false], vec![of_disk]));
        let member = rows.member(delivery.id)?;
        rows.update_delivery(Delivery { state: DeliveryState::Sent(part.id), ..member })?;
        assert_eq!(told(rows, &ops())?, [true, false], "it is not settled");
        rows.settle_message(part.id, Settled::Sent, None, at(50))?;
        assert_eq!((told(rows, &ops())?, worst(rows)?), ([false, false], vec![of_disk, second]));
        Ok(())
    });
    call(place, |rows| {
        let of_disk = rows.delivery(of_disk)?.expect("it waits");
        leaves(rows, &[&of_disk]).map(drop)
    });
    own_mails_under_way_are_counted(place, of_disk);
}

/// 16.4
fn own_mails_under_way_are_counted(place: &mut dyn RowPlace, member: DeliveryId) {
    call(place, |rows| {
        let Delivery { told, .. } = rows.member(member)?;
        let receiver = crate::core::route::own_action(&super::name("a")).receiver;
        let own =
            rows.insert_delivery(NewDelivery { receiver: receiver.clone(), ..told }, DeliveryState::Waiting)?;
        let message = Message { receiver, ..rows.messages_to(&ops())?.remove(0) };
        let message = Message { retry_at: None, members: vec![own.id], ..message };
        let message = rows.insert_message(message, &[])?;
        rows.update_message(message.clone(), None)?;
        assert_eq!(rows.own_under_way()?, 1);
        rows.update_message(Message { retry_at: Some(at(90)), ..message }, None)?;
        assert_eq!(rows.own_under_way()?, 0, "it waits");
        Ok(())
    });
}
