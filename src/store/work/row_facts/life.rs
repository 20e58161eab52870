//! Facts of the rows of punctual itself.

use super::{RowPlace, apply, at, call, declared, success};
use crate::core::blind::Window;
use crate::core::route::{Matcher, Mute};
use crate::core::time::{Span, Time};
use crate::store::work::{Lost, Rows};
use crate::store::{Entry, What};

fn window(from: i64, to: i64) -> Window {
    Window { from: at(from), to: at(to) }
}

/// One that no row holds yet.
pub(super) fn mute(until: Time) -> Mute {
    Mute {
        id: 0,
        matchers: Matcher::parse_list("check=\"a\"").expect("it is a matcher"),
        text: "check=\"a\"".to_owned(),
        until,
        since: at(0),
        comment: "night".to_owned(),
        by: "alice".to_owned(),
    }
}

pub(in crate::store) fn windows_that_touch_are_one_and_none_outlasts_a_cut(place: &mut dyn RowPlace) {
    call(place, |rows| {
        rows.add_window(window(0, 10), Lost::Away)?;
        rows.add_window(window(10, 20), Lost::Away)?;
        rows.add_window(window(30, 40), Lost::Unread)?;
        rows.add_window(window(50, 60), Lost::Away)?;
        Ok(())
    });
    let windows = |rows: &dyn Rows| rows.blind().unwrap().iter().copied().collect::<Vec<_>>();
    place.open_again();
    call(place, |rows| {
        assert_eq!(windows(rows), [window(0, 20), window(30, 40), window(50, 60)]);
        assert_eq!(rows.blind()?.absent_after(at(5)), Span::secs(25), "we were there from 30 to 40");
        rows.cut_windows(at(35))?;
        assert_eq!(windows(rows), [window(0, 20), window(30, 35)], "at once");
        Ok(())
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(windows(rows), [window(0, 20), window(30, 35)]);
        Ok(())
    });
}

/// 14.2: also if its row is written later.
pub(in crate::store) fn a_ping_was_judged_without_the_windows_that_came_after_it(place: &mut dyn RowPlace) {
    place.write_states_late();
    let check = call(place, |rows| declared(rows, "a"));
    let ping = |second| vec![Entry { check, at: at(second), what: What::Ping(success("")) }];
    call(place, |rows| apply(rows, &ping(1)));
    // It is late after 65 minutes: so much blindness puts that off, and with more it would be unknown by the next ping.
    let (before, after, newest) = (window(3810, 3890), window(3895, 3975), window(4505, 4506));
    call(place, |rows| rows.add_window(before, Lost::Away));
    call(place, |rows| apply(rows, &ping(4500)));
    call(place, |rows| rows.add_window(after, Lost::Unread));
    let state = call(place, |rows| {
        apply(rows, &ping(4510))?;
        rows.add_window(newest, Lost::Away)?;
        rows.state(check)
    });
    let mut is_as_before = |open: fn(&mut dyn RowPlace)| {
        open(place);
        call(place, |rows| {
            assert_eq!(rows.state(check)?, state);
            assert_eq!(rows.blind()?.iter().collect::<Vec<_>>(), [&before, &after, &newest]);
            assert_eq!(rows.blind()?.absent_after(at(0)), Span::secs(81));
            Ok(())
        });
    };
    is_as_before(|place| place.open_again());
    is_as_before(|place| place.open_again());
    is_as_before(|place| place.stop_and_open());
    is_as_before(|place| place.open_again());
}

pub(in crate::store) fn a_sign_of_life_and_the_total_are_as_last_put(place: &mut dyn RowPlace) {
    let id = call(place, |rows| {
        rows.put_created(at(1))?;
        rows.put_sign_of_life(at(3))?;
        rows.put_sign_of_life(at(2))?;
        rows.put_blind_total(Span::secs(4))?;
        rows.put_doubted(Span::secs(6))?;
        rows.put_doubted(Span::secs(5))?;
        rows.database_id()
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(rows.database_id()?, id);
        let found = (rows.created()?, rows.last_sign_of_life()?, rows.blind_total()?);
        assert_eq!(found, (Some(at(1)), Some(at(2)), Span::secs(4)));
        assert_eq!(rows.doubted()?, Span::secs(5));
        Ok(())
    });
}

pub(in crate::store) fn mutes_end_where_they_say_and_where_somebody_says(place: &mut dyn RowPlace) {
    let ids = call(place, |rows| {
        Ok([
            rows.insert_mute(mute(at(10)))?,
            rows.insert_mute(mute(at(20)))?,
            rows.insert_mute(mute(at(30)))?,
        ])
    });
    let known =
        |rows: &dyn Rows| rows.mutes().unwrap().iter().map(|mute| (mute.id, mute.until)).collect::<Vec<_>>();
    place.open_again();
    call(place, |rows| {
        assert_eq!(known(rows), [(ids[0], at(10)), (ids[1], at(20)), (ids[2], at(30))]);
        rows.delete_ended_mutes(at(10))?;
        rows.delete_mute(ids[1])?;
        rows.update_mute(&Mute { id: ids[2], ..mute(at(25)) })?;
        assert_eq!(known(rows), [(ids[2], at(25))], "at once");
        Ok(())
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(known(rows), [(ids[2], at(25))]);
        let said = (rows.mutes()?[0].comment.as_str(), rows.mutes()?[0].by.as_str());
        assert_eq!(said, ("night", "alice"));
        Ok(())
    });
}
