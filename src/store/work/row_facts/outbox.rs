//! Facts of the rows of incidents, deliveries and messages.

use super::{RowPlace, alert, at, call, declared, ended, opened};
use crate::core::alert::Alert;
use crate::core::incident::{Incident, IncidentId, IncidentKey, IncidentStep, Matter, PUNCTUAL, StepKind};
use crate::core::outbox::{
    Bout, CancelReason, Delivery, DeliveryId, DeliveryKind, DeliveryState, DeliveryStep, Flapping, Message,
    MessageId, NewDelivery, ParkReason, Telling,
};
use crate::core::route::ReceiverName;
use crate::store::StoreError;
use crate::store::work::{OldRows, Rows, Settled};

pub(super) fn ops() -> ReceiverName {
    "ops".into()
}

/// An incident with one delivery that waits.
pub(super) fn one_waits(rows: &mut dyn OldRows) -> Result<(Incident, Delivery), StoreError> {
    let check = declared(rows, "a")?;
    let incident = opened(rows, check)?;
    let delivery = rows.insert_delivery(alert(&incident), DeliveryState::Waiting)?;
    Ok((incident, delivery))
}

/// A message of these, under way.
pub(super) fn leaves(rows: &mut dyn Rows, members: &[&Delivery]) -> Result<Message, StoreError> {
    let message = Message {
        id: MessageId(0),
        receiver: ops(),
        key: String::new(),
        members: members.iter().map(|delivery| delivery.id).collect(),
        created_at: at(20),
        attempts: 1,
        attempts_here: 1,
        retry_at: None,
        origin: None,
    };
    let message = rows.insert_message(message, &[])?;
    rows.update_message(message.clone(), None)?;
    for delivery in members {
        let state = DeliveryState::InMessage(message.id);
        rows.update_delivery(Delivery { state, ..(*delivery).clone() })?;
    }
    Ok(message)
}

pub(super) fn ids(deliveries: &[Delivery]) -> Vec<DeliveryId> {
    deliveries.iter().map(|delivery| delivery.id).collect()
}

pub(super) fn fires() -> Alert {
    Alert {
        labels: vec![("check".to_owned(), "a".to_owned())],
        annotations: Vec::new(),
        starts_at: at(5),
        ended_at: None,
    }
}

pub(in crate::store) fn an_incident_is_open_until_it_ends(place: &mut dyn RowPlace) {
    let incident = call(place, |rows| {
        let check = declared(rows, "a")?;
        opened(rows, check)
    });
    let itself = Matter::own(incident.check);
    place.open_again();
    call(place, |rows| {
        assert_eq!(rows.open_incident(&itself)?, Some(incident.clone()));
        assert_eq!(rows.incident(incident.id)?, Some(incident.clone()));
        rows.update_incident(ended(&incident))?;
        assert_eq!(rows.open_incident(&itself)?, None, "at once");
        Ok(())
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(rows.open_incident(&itself)?, None);
        assert_eq!(rows.incident(incident.id)?, None, "nothing of it is unfinished");
        let next = opened(rows, incident.check)?;
        assert!(next.id > incident.id, "numbers are given once");
        Ok(())
    });
}

pub(in crate::store) fn what_waits_is_unfinished_until_it_is_told(place: &mut dyn RowPlace) {
    let (incident, first) = call(place, one_waits);
    let second = call(place, |rows| {
        let cancelled = DeliveryState::Cancelled(CancelReason::Merged);
        rows.insert_delivery(alert(&incident), cancelled)?;
        rows.insert_delivery(alert(&incident), DeliveryState::Waiting)
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(rows.delivery(first.id)?, Some(first.clone()));
        assert_eq!(ids(&rows.unfinished(incident.id)?), [first.id, second.id]);
        assert_eq!(ids(&rows.waiting_for(&ops())?), [first.id, second.id]);
        assert_eq!((rows.count_waiting(&ops())?, rows.count_waiting(&"dev".into())?), (2, 0));
        rows.update_incident(ended(&incident))?;
        assert!(rows.incident(incident.id)?.is_some(), "two of it are unfinished");
        let state = DeliveryState::Sent(MessageId::ELSEWHERE);
        rows.update_delivery(Delivery { state, ..first.clone() })?;
        assert_eq!((rows.delivery(first.id)?, ids(&rows.all_unfinished()?)), (None, vec![second.id]));
        Ok(())
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(ids(&rows.all_unfinished()?), [second.id]);
        assert_eq!(rows.deliveries_of(incident.id)?.len(), 3, "the finished ones too");
        Ok(())
    });
}

pub(in crate::store) fn what_was_given_up_rests_while_its_incident_goes_on(place: &mut dyn RowPlace) {
    let (incident, delivery) = call(place, one_waits);
    let given_up = delivery.give_up(ParkReason::GaveUp, None, at(50));
    call(place, |rows| rows.update_delivery(given_up.clone()));
    place.open_again();
    call(place, |rows| {
        assert_eq!(rows.resting_first(&ops())?.collect::<Vec<_>>(), [given_up.id]);
        assert_eq!(ids(&rows.unfinished(incident.id)?), [given_up.id]);
        assert_eq!(ids(&rows.waiting_for(&ops())?), []);
        rows.update_incident(ended(&incident))?;
        assert_eq!(rows.resting_first(&ops())?.count(), 0, "nobody is to hear of it any more");
        Ok(())
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!((rows.resting_first(&ops())?.count(), rows.all_unfinished()?.len()), (0, 0));
        Ok(())
    });
}

/// 8.4
pub(in crate::store) fn whoever_was_told_first_is_known_also_once_the_incident_has_ended(
    place: &mut dyn RowPlace,
) {
    let (incident, first) = call(place, one_waits);
    let told = |rows: &dyn Rows| rows.first_attempted(incident.id).map(|told| ids(&told));
    call(place, |rows| {
        assert_eq!(told(rows)?, [], "nobody was told");
        leaves(rows, &[&first])?;
        assert_eq!(told(rows)?, [first.id]);
        Ok(())
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(told(rows)?, [first.id]);
        rows.update_incident(ended(&incident))?;
        assert!(told(rows)?.contains(&first.id), "at once");
        Ok(())
    });
    place.open_again();
    call(place, |rows| {
        assert!(told(rows)?.contains(&first.id));
        Ok(())
    });
}

pub(in crate::store) fn a_message_keeps_what_it_says_until_it_is_settled(place: &mut dyn RowPlace) {
    let (_, delivery) = call(place, one_waits);
    let message = call(place, |rows| leaves(rows, &[&delivery]));
    assert!(!message.key.is_empty());
    call(place, |rows| {
        assert_eq!(rows.messages()?, std::slice::from_ref(&message));
        assert!(rows.is_under_way(&ops())?);
        assert_eq!(rows.thread_of(delivery.incident, &ops())?, Some(message.key.clone()));
        rows.update_message(Message { retry_at: Some(at(80)), ..message.clone() }, Some("busy"))?;
        assert!(!rows.is_under_way(&ops())?, "it waits");
        Ok(())
    });
    place.open_again();
    call(place, |rows| {
        let known = rows.message(message.id)?.expect("it is not settled");
        assert_eq!((known.retry_at, known.members), (Some(at(80)), vec![delivery.id]));
        assert_eq!(rows.member(delivery.id)?.state, DeliveryState::InMessage(message.id));
        let told = rows.member(delivery.id)?;
        rows.update_delivery(Delivery { state: DeliveryState::Sent(message.id), ..told })?;
        rows.settle_message(message.id, Settled::Sent, None, at(81))?;
        assert_eq!((rows.message(message.id)?, rows.messages_to(&ops())?.len()), (None, 0));
        Ok(())
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!((rows.messages()?.len(), rows.all_unfinished()?.len()), (0, 0));
        assert_eq!(rows.thread_of(delivery.incident, &ops())?, Some(message.key.clone()), "it is a thread's");
        Ok(())
    });
}

/// 12.4a
pub(in crate::store) fn of_a_message_that_is_settled_piece_by_piece_the_rest_is_known(
    place: &mut dyn RowPlace,
) {
    let (incident, first) = call(place, one_waits);
    let message = call(place, |rows| {
        let of_disk = NewDelivery { key: IncidentKey::parse("disk").expect("valid"), ..alert(&incident) };
        let second = rows.insert_delivery(of_disk, DeliveryState::Waiting)?;
        leaves(rows, &[&first, &second])
    });
    let told = |rows: &dyn Rows| rows.is_in_message(&ops(), &incident.matter());
    call(place, |rows| {
        assert!(told(rows)?);
        let member = rows.member(first.id)?;
        rows.update_delivery(Delivery { state: DeliveryState::Sent(message.id), ..member })?;
        rows.update_message(message.clone(), Some("taken"))?;
        assert!(!told(rows)? && rows.is_under_way(&ops())?, "what follows waits for the receiver only");
        Ok(())
    });
    place.open_again();
    call(place, |rows| {
        let known = rows.message(message.id)?.expect("it is not settled");
        assert_eq!((&known.key, &known.members), (&message.key, &message.members));
        assert_eq!(ids(&rows.members(&known)?), [message.members[1]]);
        assert!(!told(rows)?);
        Ok(())
    });
}

pub(in crate::store) fn what_is_given_up_with_a_message_is_found_by_it(place: &mut dyn RowPlace) {
    let (incident, first) = call(place, one_waits);
    let message = call(place, |rows| {
        let second = rows.insert_delivery(alert(&incident), DeliveryState::Waiting)?;
        leaves(rows, &[&first, &second])
    });
    call(place, |rows| {
        let member = rows.member(first.id)?;
        rows.update_delivery(member.give_up(ParkReason::Refused, Some(message.id), at(30)))?;
        let member = rows.member(message.members[1])?;
        rows.update_delivery(Delivery { state: DeliveryState::Sent(message.id), ..member })?;
        rows.settle_message(message.id, Settled::Refused, Some("no"), at(30))
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(rows.given_up_with(message.id)?.map(|found| ids(&found)), Some(vec![first.id]));
        assert!(rows.given_up_with(MessageId(message.id.0 + 1))?.is_none(), "there is no such message");
        Ok(())
    });
}

pub(in crate::store) fn the_newest_telling_of_a_kind_can_go(place: &mut dyn RowPlace) {
    let (incident, delivery) = call(place, one_waits);
    let telling = |times: u32| {
        let told = DeliveryStep {
            what: Telling::Failed,
            receiver: ops(),
            kind: DeliveryKind::Alert,
            message: Some(MessageId(7)),
            answer: "busy".to_owned(),
            times,
        };
        IncidentStep::new(StepKind::Delivery(told), PUNCTUAL, at(20))
    };
    let newest = |rows: &dyn Rows, incident: IncidentId| {
        let found = rows.repeated_telling(incident, Telling::Failed, &ops())?;
        Ok::<_, StoreError>(found.map(|(number, step)| (number, step.times)))
    };
    let number = call(place, |rows| {
        rows.insert_step(incident.id, &telling(1))?;
        assert_eq!(newest(rows, incident.id)?, None, "the first one stays");
        rows.insert_step(incident.id, &telling(2))?;
        rows.insert_step(incident.id, &telling(3))?;
        let (number, times) = newest(rows, incident.id)?.expect("two repeat it");
        assert_eq!(times, 3);
        Ok(number)
    });
    place.open_again();
    call(place, |rows| {
        rows.delete_step(incident.id, number)?;
        assert_eq!(newest(rows, incident.id)?.map(|(_, times)| times), Some(2));
        let other = rows.repeated_telling(incident.id, Telling::Told, &ops())?;
        assert!(other.is_none() && delivery.incident == incident.id);
        Ok(())
    });
}

pub(in crate::store) fn what_flaps_and_what_fires_is_as_last_put(place: &mut dyn RowPlace) {
    let flapping = Flapping::Untold(vec![Bout { from: at(1), to: at(2) }]);
    let check = call(place, |rows| {
        let check = declared(rows, "a")?;
        rows.put_flapping(check, &ops(), &flapping)?;
        rows.put_alerts(check, vec![fires()])?;
        rows.put_held(true)?;
        Ok(check)
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(rows.flapping(check, &ops())?, Some(flapping.clone()));
        assert_eq!(rows.flapping(check, &"dev".into())?, None, "each receiver has its own");
        assert_eq!((rows.alerts(check)?, rows.is_held()?), (vec![fires()].into(), true));
        assert!(rows.take_to_alert(1, at(0)).contains(&check));
        rows.delete_flapping(check, &ops())?;
        rows.put_alerts(check, Vec::new())?;
        rows.put_held(false)?;
        Ok(())
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(
            (rows.flapping(check, &ops())?, rows.alerts(check)?, rows.is_held()?),
            (None, vec![].into(), false)
        );
        assert!(rows.take_to_alert(1, at(0)).is_empty());
        Ok(())
    });
}

/// A part of this message, which waits to be sent.
fn part(rows: &mut dyn Rows, origin: &Message) -> Result<MessageId, StoreError> {
    let part = Message { retry_at: Some(at(21)), origin: Some(origin.id), ..origin.clone() };
    let part = rows.insert_message(part, &[])?;
    rows.update_message(part.clone(), None)?;
    Ok(part.id)
}

/// 12.4d
pub(in crate::store) fn parts_of_a_message_that_were_refused_are_counted(place: &mut dyn RowPlace) {
    let (_, delivery) = call(place, one_waits);
    let (origin, open) = call(place, |rows| {
        let origin = leaves(rows, &[&delivery])?;
        rows.settle_message(origin.id, Settled::Refused, None, at(21))?;
        for settled in [Settled::Refused, Settled::Sent, Settled::Parked, Settled::Refused] {
            let part = part(rows, &origin)?;
            rows.settle_message(part, settled, None, at(22))?;
        }
        Ok((origin.id, part(rows, &origin)?))
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(rows.refused_parts(origin)?, 2, "it is no part of itself");
        assert_eq!(rows.refused_parts(open)?, 0, "they are parts of the first one");
        assert!(!rows.is_some_of_it_sent(origin)?, "what it was to tell is told to nobody");
        // In a message that is no part of it.
        let member = rows.member(delivery.id)?;
        rows.update_delivery(Delivery { state: DeliveryState::Sent(MessageId::ELSEWHERE), ..member })?;
        assert!(rows.is_some_of_it_sent(origin)?);
        Ok(())
    });
}
