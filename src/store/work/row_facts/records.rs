//! Records, marks, and what is told of them.

use std::collections::BTreeMap;

use super::{RowPlace, alert, at, call, declared, ended, opened};
use crate::core::check::CheckId;
use crate::core::diagnose::{Diagnosis, DiagnosisFound, Solution};
use crate::core::incident::{Diagnosed, Incident, IncidentId, IncidentKey, Matter};
use crate::core::outbox::{Delivery, DeliveryKind, DeliveryState, Message, MessageId, NewDelivery};
use crate::core::record::{Record, RecordKind, RecordStanding};
use crate::core::time::{Span, Time};
use crate::store::StoreError;
use crate::store::work::{KnownRecord, NewMark, Rows};

fn key(text: &str) -> IncidentKey {
    IncidentKey::parse(text).expect("facts write valid keys")
}

fn of(check: CheckId, text: &str) -> Matter {
    Matter { check, key: key(text) }
}

fn known(standing: RecordStanding) -> KnownRecord {
    KnownRecord { standing, begun: 0, begun_at: None }
}

/// The incident of a record that is open.
fn open_record(rows: &mut dyn Rows, check: CheckId, text: &str) -> Result<Incident, StoreError> {
    let incident = Incident { id: IncidentId(0), key: key(text), ..opened_as(rows, check)? };
    let incident = Incident { id: rows.insert_incident(&incident)?, ..incident };
    rows.update_incident(incident.clone())?;
    Ok(incident)
}

/// One that is not open any more.
fn opened_as(rows: &mut dyn Rows, check: CheckId) -> Result<Incident, StoreError> {
    let incident = opened(rows, check)?;
    rows.update_incident(ended(&incident))?;
    Ok(Incident { labels: [("region".to_owned(), "EU".to_owned())].into(), ..incident })
}

/// 18.4
pub(in crate::store) fn a_record_is_as_last_put_and_open_while_its_incident_is(place: &mut dyn RowPlace) {
    let named = RecordStanding::Named { since: 3 };
    let missed = RecordStanding::Open { missed_since: Some(4) };
    let check = call(place, |rows| {
        let (check, other) = (declared(rows, "a")?, declared(rows, "b")?);
        rows.put_record(&of(check, "1"), known(named))?;
        rows.put_record(&of(check, "2"), known(RecordStanding::Open { missed_since: None }))?;
        rows.put_record(&of(check, "2"), KnownRecord { begun: 2, begun_at: Some(at(5)), ..known(missed) })?;
        rows.put_record(&of(check, "3"), known(named))?;
        rows.put_record(&of(other, "1"), known(named))?;
        rows.delete_record(&of(check, "3"))?;
        for text in ["2", "10", "1"] {
            open_record(rows, check, text)?;
        }
        open_record(rows, other, "0")?;
        Ok(check)
    });
    for _ in 0..2 {
        call(place, |rows| {
            let all = BTreeMap::from([(key("1"), named), (key("2"), missed)]);
            assert_eq!(rows.all_records_of(check)?, all);
            assert_eq!(rows.records_of(check, None, 1)?, [(key("1"), named)].into());
            assert_eq!(rows.records_of(check, Some(&key("1")), 9)?, [(key("2"), missed)].into());
            assert!(rows.records_of(check, Some(&key("2")), 9)?.is_empty());
            let second = rows.record(&of(check, "2"))?.expect("it was put");
            assert_eq!((second.standing, second.begun, second.begun_at), (missed, 2, Some(at(5))));
            assert_eq!(rows.record(&of(check, "3"))?, None);
            let open = rows.open_records(check, None, 9)?;
            let keys: Result<Vec<String>, StoreError> =
                open.iter().map(|id| Ok(rows.incident(*id)?.expect("it is open").key.to_string())).collect();
            assert_eq!(keys?, ["1", "10", "2"]);
            assert_eq!(rows.open_records(check, Some(&key("1")), 1)?, open[1..2]);
            assert_eq!(&*rows.incident(open[0])?.expect("it is open").labels[0].1, "EU");
            Ok(())
        });
        place.open_again();
    }
}

/// 19.3
pub(in crate::store) fn occurrences_are_found_by_their_age(place: &mut dyn RowPlace) {
    let occurred = |secs| RecordStanding::Occurred { at: at(secs) };
    let (check, other) = call(place, |rows| {
        let (check, other) = (declared(rows, "a")?, declared(rows, "b")?);
        for (text, secs) in [("1", 30), ("2", 10), ("3", 20), ("4", 20)] {
            rows.put_record(&of(check, text), known(occurred(secs)))?;
        }
        let open = RecordStanding::Open { missed_since: None };
        rows.put_record(&of(check, "5"), known(open))?;
        rows.put_record(&of(check, "6"), known(RecordStanding::Named { since: 1 }))?;
        for (text, secs) in [("8", 12), ("7", 12), ("9", 11)] {
            rows.put_record(
                &of(check, text),
                KnownRecord { begun: 1, begun_at: Some(at(secs)), ..known(open) },
            )?;
        }
        rows.put_record(&of(other, "0"), known(occurred(1)))?;
        rows.delete_record(&of(other, "0"))?;
        Ok((check, other))
    });
    for _ in 0..2 {
        call(place, |rows| {
            let oldest = rows.oldest_occurrences(check, 3)?;
            assert_eq!(oldest, [(key("2"), at(10)), (key("3"), at(20)), (key("4"), at(20))]);
            assert_eq!(
                (rows.oldest_occurrence(check)?, rows.oldest_occurrence(other)?),
                (Some(at(10)), None)
            );
            assert_eq!(rows.all_records_of(check)?[&key("1")], occurred(30));
            assert_eq!(rows.record(&of(check, "1"))?.map(|known| known.standing), Some(occurred(30)));
            assert_eq!(rows.begun_first(check, 2)?, [(key("9"), at(11)), (key("7"), at(12))]);
            assert!(rows.begun_first(other, 9)?.is_empty());
            assert_eq!(rows.records_of_kind(check, RecordKind::Violated, 1)?, [key("5")]);
            assert_eq!(rows.records_of_kind(check, RecordKind::Occurred, 9)?.len(), 4);
            assert_eq!(rows.records_of_kind(check, RecordKind::Occurred, 2)?.len(), 2);
            Ok(())
        });
        place.open_again();
    }
    call(place, |rows| {
        rows.bring_back_records(at(15))?;
        let times: Vec<_> = rows.oldest_occurrences(check, 9)?.into_iter().map(|(_, at)| at).collect();
        assert_eq!(times, [at(10), at(15), at(15), at(15)]);
        Ok(())
    });
}

/// 21.4a
pub(in crate::store) fn what_was_found_is_as_last_put_and_goes_with_its_incident(place: &mut dyn RowPlace) {
    let found = |number, found| Diagnosis { number, at: at(10), found };
    let (waits, none) = (found(2, DiagnosisFound::Full), found(1, DiagnosisFound::NoCase));
    let (check, id) = call(place, |rows| {
        let check = declared(rows, "a")?;
        let incident = opened(rows, check)?;
        for diagnosis in [&waits, &found(1, DiagnosisFound::Full), &none] {
            rows.put_diagnosis(incident.id, diagnosis)?;
        }
        let diagnosed = Some(Diagnosed { at: at(10), is_under_way: true });
        rows.update_incident(Incident { diagnosed, ..incident.clone() })?;
        Ok((check, incident.id))
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(rows.diagnoses(id)?, [none.clone(), waits.clone()]);
        let lost_at = at(10) + Solution::LOST_AFTER;
        assert_eq!(rows.terms_over(check, lost_at)?, []);
        assert_eq!(rows.terms_over(check, lost_at + Span::ms(1))?, [id]);
        let incident = rows.incident(id)?.expect("it is open");
        rows.update_incident(ended(&incident))?;
        assert_eq!(rows.terms_over(check, Time::MAX)?, []);
        rows.delete_incident(id)?;
        assert_eq!(rows.diagnoses(id)?, []);
        Ok(())
    });
}

/// 18.1
pub(in crate::store) fn what_a_record_said_goes_with_its_incident(place: &mut dyn RowPlace) {
    let record = Record::new("7").and_then(|record| record.titled("ada")).and_then(|it| it.detailed("{}"));
    let record = record.expect("it is short");
    let id = call(place, |rows| {
        let check = declared(rows, "a")?;
        let incident = open_record(rows, check, "7")?;
        rows.put_record_details(incident.id, &record)?;
        rows.update_incident(ended(&incident))?;
        Ok(incident.id)
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(rows.record_details(id)?, Some(("ada".to_owned(), "{}".to_owned())));
        rows.delete_incident(id)?;
        assert_eq!(rows.record_details(id)?, None);
        Ok(())
    });
}

/// 11.2
pub(in crate::store) fn a_mark_outlives_its_record_and_goes_with_its_check(place: &mut dyn RowPlace) {
    let mark = NewMark { at: at(1), by: "ann", comment: "known" };
    let check = call(place, |rows| {
        let check = declared(rows, "a")?;
        rows.put_mark(&of(check, "7"), &mark)?;
        rows.put_mark(&of(check, "8"), &mark)?;
        assert!(rows.delete_mark(&of(check, "8"))? && !rows.delete_mark(&of(check, "8"))?);
        rows.put_record(&of(check, "7"), known(RecordStanding::Named { since: 1 }))?;
        rows.delete_record(&of(check, "7"))?;
        Ok(check)
    });
    place.open_again();
    call(place, |rows| {
        let marked = (rows.is_marked(&of(check, "7"))?, rows.is_marked(&of(check, "8"))?);
        assert_eq!((marked, rows.count_marks(check)?), ((true, false), 1));
        rows.put_record(&of(check, "7"), known(RecordStanding::Named { since: 1 }))?;
        assert_eq!((rows.delete_records(check, 1)?, rows.delete_records(check, 9)?), (1, 1));
        assert!(rows.all_records_of(check)?.is_empty() && rows.count_marks(check)? == 0);
        Ok(())
    });
}

/// 12.5
pub(in crate::store) fn a_thread_of_records_begins_anew(place: &mut dyn RowPlace) {
    let check = call(place, |rows| {
        let check = declared(rows, "a")?;
        rows.put_record_thread(check, &"ops".into(), IncidentId(1), "m-1")?;
        rows.put_record_thread(check, &"mail".into(), IncidentId(1), "m-2")?;
        Ok(check)
    });
    place.open_again();
    call(place, |rows| {
        let thread = |rows: &dyn Rows, receiver: &str, thread| {
            rows.record_thread(check, &receiver.into(), IncidentId(thread))
        };
        assert_eq!(thread(rows, "ops", 1)?.as_deref(), Some("m-1"));
        assert_eq!(thread(rows, "ops", 2)?, None);
        rows.put_record_thread(check, &"ops".into(), IncidentId(2), "m-3")?;
        assert_eq!(thread(rows, "ops", 2)?.as_deref(), Some("m-3"));
        assert_eq!(thread(rows, "mail", 1)?.as_deref(), Some("m-2"));
        Ok(())
    });
}

/// 12.4
pub(in crate::store) fn of_reminders_of_records_those_that_wait_are_found(place: &mut dyn RowPlace) {
    let check = call(place, |rows| {
        let check = declared(rows, "a")?;
        let incident = open_record(rows, check, "7")?;
        let reminder = |receiver: &str| NewDelivery {
            kind: DeliveryKind::Reminder,
            receiver: receiver.into(),
            ..alert(&incident)
        };
        rows.insert_delivery(alert(&incident), DeliveryState::Waiting)?;
        rows.insert_delivery(reminder("ops"), DeliveryState::Waiting)?;
        let sent = rows.insert_delivery(reminder("mail"), DeliveryState::Waiting)?;
        rows.update_delivery(Delivery { state: DeliveryState::Sent(MessageId(1)), ..sent })?;
        Ok(check)
    });
    for _ in 0..2 {
        call(place, |rows| {
            let receivers: Vec<String> =
                rows.record_reminders(check)?.iter().map(|row| row.receiver.to_string()).collect();
            assert_eq!(receivers, ["ops"]);
            assert_eq!(rows.record_reminders(check)?.len(), 1);
            Ok(())
        });
        place.open_again();
    }
}

/// 12.3
pub(in crate::store) fn what_is_put_in_a_message_waits_no_more(place: &mut dyn RowPlace) {
    let (check, id) = call(place, |rows| {
        let check = declared(rows, "a")?;
        let mut members = Vec::new();
        for text in ["1", "2", "3"] {
            let incident = open_record(rows, check, text)?;
            members.push(rows.insert_delivery(alert(&incident), DeliveryState::Waiting)?);
        }
        let waiting = rows.waiting_of_records(check, &"ops".into(), 2)?;
        assert_eq!(waiting, members[..2].iter().map(|row| row.id).collect::<Vec<_>>());
        members.pop();
        let message = Message {
            id: MessageId(0),
            receiver: "ops".into(),
            key: String::new(),
            members: members.iter().map(|row| row.id).collect(),
            created_at: at(20),
            attempts: 1,
            attempts_here: 1,
            retry_at: Some(at(30)),
            origin: None,
        };
        let message = rows.insert_message(message, &[])?;
        rows.update_message(message.clone(), None)?;
        rows.put_in_message(members, message.id)?;
        Ok((check, message.id))
    });
    for _ in 0..2 {
        call(place, |rows| {
            assert_eq!(rows.waiting_of_records(check, &"ops".into(), 9)?.len(), 1);
            let message = rows.message(id)?.expect("it is not settled");
            assert_eq!(rows.members(&message)?.len(), 2);
            Ok(())
        });
        place.open_again();
    }
}
