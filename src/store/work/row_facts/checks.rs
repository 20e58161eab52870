//! Facts of the rows of checks.

use std::sync::Arc;

use super::{RowPlace, at, call, declared, definition, name, success};
use crate::core::check::Definition;
use crate::core::state::State;
use crate::store::work::{Became, apply};
use crate::store::{Entry, StoreError, What};

pub(in crate::store) fn a_check_is_found_by_its_name_in_the_call_and_after_opening(place: &mut dyn RowPlace) {
    let (a, b) = call(place, |rows| {
        let (a, b) = (declared(rows, "a")?, declared(rows, "b")?);
        assert_eq!(rows.named(&name("b"))?, Some(b), "at once");
        Ok((a, b))
    });
    assert_ne!(a, b);
    let renamed = Arc::new(Definition { title: "Other".to_owned(), ..(*definition("c")).clone() });
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
    let check = call(place, |rows| declared(rows, "a"));
    let state = call(place, |rows| {
        let pings = (1..=30).map(|second| Entry { check, at: at(second), what: What::Ping(success("")) });
        apply(rows, pings.collect())?;
        rows.state(check)
    });
    assert_eq!(state.counters.pings, [30, 0, 0, 0]);
    place.open_again();
    call(place, |rows| {
        assert_eq!(rows.state(check)?, state);
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

pub(in crate::store) fn a_call_that_fails_leaves_nothing(place: &mut dyn RowPlace) {
    let kept = call(place, |rows| declared(rows, "kept"));
    let failed = place.call(&mut |rows| {
        declared(rows, "gone")?;
        rows.supersede(kept)?;
        rows.put_sign_of_life(at(1000))?;
        Err(StoreError::Failed("on its way".to_owned()))
    });
    assert!(failed.is_err());
    let look = |place: &mut dyn RowPlace| {
        call(place, |rows| {
            assert_eq!(rows.named(&name("gone"))?, None);
            assert_eq!(rows.named(&name("kept"))?, Some(kept));
            assert_ne!(rows.last_sign_of_life()?, Some(at(1000)));
            Ok(())
        });
    };
    look(place);
    place.open_again();
    look(place);
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
