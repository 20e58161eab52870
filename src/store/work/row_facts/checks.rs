//! Facts of the rows of checks.

use std::sync::Arc;

use super::life::mute;
use super::outbox::{fires, leaves};
use super::{RowPlace, alert, at, call, causes, declared, definition, ended, name, opened, pinged, success};
use crate::core::blind::Window;
use crate::core::check::Definition;
use crate::core::incident::{Incident, IncidentStatus};
use crate::core::outbox::{Bout, DeliveryState, Flapping, Occasion, ParkReason};
use crate::core::state::State;
use crate::core::time::Span;
use crate::store::StoreError;
use crate::store::work::{Became, KeptAs, Lost, NewPing, OldRows, Pace};

pub(in crate::store) fn a_check_is_found_by_its_name_in_the_call_and_after_opening(place: &mut dyn RowPlace) {
    let (a, b) = call(place, |rows| {
        let (a, b) = (declared(rows, "a")?, declared(rows, "b")?);
        assert_eq!(rows.named(&name("b"))?, Some(b), "at once");
        Ok((a, b))
    });
    assert_ne!(a, b);
    let renamed = Arc::new(Definition { title: "Other".into(), ..(*definition("c")).clone() });
    call(place, |rows| {
        rows.to_change(b)?;
        rows.update_check(b, renamed.clone())?;
        assert_eq!(rows.named(&name("b"))?, None);
        assert_eq!(rows.named(&name("c"))?, Some(b));
        Ok(())
    });
    place.open_again();
    call(place, |rows| {
        let found = [name("a"), name("b"), name("c")].map(|name| rows.named(&name));
        let found: Vec<_> = found.into_iter().collect::<Result<_, _>>()?;
        assert_eq!(found, [Some(a), None, Some(b)]);
        assert_eq!(rows.definition(b)?, renamed);
        assert_eq!(rows.definition(a)?, definition("a"));
        Ok(())
    });
}

pub(in crate::store) fn a_state_is_what_was_put_last(place: &mut dyn RowPlace) {
    let check = call(place, |rows| declared(rows, "a"));
    let state = State { last_seen: Some(at(7)), ..State::declared(&definition("a").spec, at(3)) };
    call(place, |rows| {
        rows.to_change(check)?;
        rows.take_state(check);
        rows.put_state(check, state.clone(), Became::Otherwise)?;
        assert_eq!(rows.state(check)?, state, "at once");
        Ok(())
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(rows.state(check)?, state);
        assert!(!rows.check_now(check)?.is_archived);
        Ok(())
    });
}

/// 14.2: its row may be written later, but what it says is there.
pub(in crate::store) fn a_state_made_by_a_ping_is_there_after_opening(place: &mut dyn RowPlace) {
    let (check, state) = pinged(place);
    assert_eq!(state.counters.pings, [30, 0, 0, 0]);
    let last = call(place, |rows| rows.last_ping(check));
    place.open_again();
    call(place, |rows| {
        assert_eq!((rows.state(check)?, rows.last_ping(check)?), (state, last));
        assert_eq!(rows.pings_of(check)?, Some(30));
        Ok(())
    });
}

pub(in crate::store) fn a_name_that_was_given_away_is_nobodys(place: &mut dyn RowPlace) {
    let (old, new) = call(place, |rows| {
        let old = declared(rows, "a")?;
        rows.supersede(old)?;
        assert_eq!(rows.named(&name("a"))?, None, "at once");
        Ok((old, declared(rows, "a")?))
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(rows.named(&name("a"))?, Some(new));
        assert_eq!(rows.definition(old)?.name, name("a"), "its history stays");
        Ok(())
    });
}

/// All that [`change_everything`] changes.
fn seen(rows: &dyn OldRows, incident: &Incident) -> Result<String, StoreError> {
    let check = incident.check;
    let names = (rows.named(&name("kept"))?, rows.named(&name("new"))?);
    let of_check =
        (rows.state(check)?, rows.last_ping(check)?, rows.count_happenings(check)?, rows.alerts(check)?);
    let of_life = (rows.last_sign_of_life()?, rows.blind()?, rows.blind_total()?, rows.mutes()?);
    let told = (rows.incident(incident.id)?, rows.all_unfinished()?, rows.messages()?, rows.is_held()?);
    let more = (rows.body_bytes()?, rows.flapping(check, &"ops".into())?, rows.incidents_of(check, 10)?);
    Ok(format!("{names:#?} {of_check:#?} {of_life:#?} {told:#?} {more:#?}"))
}

fn change_everything(rows: &mut dyn OldRows, incident: &Incident) -> Result<(), StoreError> {
    let check = incident.check;
    let ops = "ops".into();
    rows.to_change(check)?;
    let state = State { last_seen: Some(at(7)), ..rows.take_state(check) };
    rows.put_state(check, state, Became::Otherwise)?;
    let (fact, counted) = (&success("body"), None);
    rows.insert_ping(NewPing { check, at: at(7), fact, counted, is: KeptAs::Ping, keeps_body: true })?;
    rows.insert_happening(check, at(7), "x")?;
    rows.put_alerts(check, vec![fires()])?;
    rows.put_flapping(check, &ops, &Flapping::Untold(vec![Bout { from: at(1), to: at(2) }]))?;
    rows.put_sign_of_life(at(1000))?;
    rows.add_window(Window { from: at(0), to: at(10) }, Lost::Away)?;
    rows.put_blind_total(Span::secs(10))?;
    rows.insert_mute(mute(at(10)))?;
    rows.put_held(true)?;
    let delivery = rows.waiting_for(&ops)?.remove(0);
    leaves(rows, &[&delivery])?;
    let member = rows.member(delivery.id)?;
    rows.update_delivery(member.give_up(ParkReason::GaveUp, None, at(50)))?;
    rows.update_incident(ended(incident))?;
    rows.set_pace(&ops, Pace { occasion: Some(Occasion::Changed), ..Pace::default() });
    rows.supersede(check)?;
    let new = declared(rows, "new")?;
    opened(rows, new).map(drop)
}

pub(in crate::store) fn a_call_that_fails_leaves_nothing(place: &mut dyn RowPlace) {
    let incident = call(place, |rows| {
        let check = declared(rows, "kept")?;
        let incident = opened(rows, check)?;
        rows.insert_delivery(alert(&incident), DeliveryState::Waiting)?;
        Ok(incident)
    });
    let before = call(place, |rows| seen(rows, &incident));
    let failed = place.call(&mut |rows| {
        change_everything(rows, &incident)?;
        assert_ne!(seen(rows, &incident)?, before);
        Err(StoreError::Failed("on its way".to_owned()))
    });
    assert!(failed.is_err());
    let look = |rows: &mut dyn OldRows| {
        assert_eq!(seen(rows, &incident)?, before);
        assert_eq!(rows.pace(&"ops".into()).occasion, None, "what no row holds, too");
        Ok(())
    };
    call(place, look);
    place.open_again();
    call(place, look);
}

/// 8.3
pub(in crate::store) fn a_check_stands_to_its_dependents_as_the_call_has_left_it(place: &mut dyn RowPlace) {
    let is_bad = |rows: &dyn OldRows| {
        Ok::<_, StoreError>(rows.dependency(&name("a"))?.map(|dependency| dependency.is_bad))
    };
    let incident = call(place, |rows| {
        assert_eq!(is_bad(rows)?, None, "there is no such check");
        let check = declared(rows, "a")?;
        assert_eq!(is_bad(rows)?, Some(false));
        let state = State { causes: causes(), ..rows.take_state(check) };
        rows.put_state(check, state, Became::Otherwise)?;
        assert_eq!((is_bad(rows)?, rows.check_now(check)?.causes), (Some(true), causes()), "at once");
        opened(rows, check)
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(is_bad(rows)?, Some(true));
        rows.update_incident(Incident { status: IncidentStatus::WontFix, ..incident })?;
        assert_eq!(is_bad(rows)?, Some(false), "nobody waits for it");
        Ok(())
    });
}

/// 8.3d
pub(in crate::store) fn what_is_archived_is_depended_on_no_more(place: &mut dyn RowPlace) {
    let depended_on = |rows: &dyn OldRows| {
        Ok::<_, StoreError>(rows.dependency(&name("a"))?.map(|dependency| dependency.recovered_at))
    };
    call(place, |rows| {
        let check = declared(rows, "a")?;
        let state = State { recovered_at: Some(at(20)), archived: Some(at(20)), ..rows.take_state(check) };
        rows.put_state(check, state, Became::Otherwise)?;
        assert_eq!(depended_on(rows)?, None, "at once");
        Ok(())
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(depended_on(rows)?, None);
        let other = declared(rows, "b")?;
        rows.put_former_name(&name("a"), other)?;
        assert_eq!(depended_on(rows)?, Some(None), "another had its name");
        Ok(())
    });
}

pub(in crate::store) fn those_that_know_a_later_time_come_in_the_order_of_their_numbers(
    place: &mut dyn RowPlace,
) {
    let checks = call(place, |rows| ["c", "a", "b"].map(|text| declared(rows, text)).into_iter().collect());
    let checks: Vec<_> = checks;
    call(place, |rows| {
        for check in [checks[2], checks[0]] {
            rows.to_change(check)?;
            let state = State { newest: at(500), ..rows.take_state(check) };
            rows.put_state(check, state, Became::Otherwise)?;
        }
        Ok(())
    });
    call(place, |rows| {
        assert_eq!(rows.known_later_than(at(499))?, [checks[0], checks[2]]);
        assert_eq!(rows.known_later_than(at(500))?, []);
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
    for archived in [40, 30] {
        call(place, |rows| {
            assert_eq!(rows.archived_at(check)?, Some(at(archived)));
            let (before, at_once) =
                (rows.archived_before(at(archived + 1))?, rows.archived_before(at(archived))?);
            assert_eq!((before, at_once), (vec![check], vec![]));
            // The clock may be set back.
            rows.to_change(check)?;
            let state = State { archived: Some(at(30)), ..rows.take_state(check) };
            rows.put_state(check, state, Became::Otherwise)
        });
    }
    call(place, |rows| {
        rows.to_change(check)?;
        let state = State { archived: None, ..rows.take_state(check) };
        rows.put_state(check, state, Became::Otherwise)
    });
    call(place, |rows| {
        assert_eq!(rows.archived_before(at(100))?, []);
        rows.to_change(check)?;
        let state = State { archived: Some(at(40)), ..rows.take_state(check) };
        rows.put_state(check, state, Became::Otherwise)
    });
    place.open_again();
    call(place, |rows| {
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
